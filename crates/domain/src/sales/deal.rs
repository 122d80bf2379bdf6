//! Deals: possible sales on their way through a pipeline.

use chrono::NaiveDate;
use kernel::{
    choices, field::Preset, money::Money, object::Object, reference::OnDelete, time::Instant, value::Ref,
};

use super::{deal_rules, pipeline::Pipeline, stage::Stage};
use crate::{
    people::{company::Company, contact::Contact},
    platform::user::User,
};

kernel::object_type!(Deal, "deal");

choices! {
    /// The outcome of a deal.
    pub DealStatus {
        /// Open: can still be won or lost.
        Open = "OPEN",
        /// Won.
        Won = "WON",
        /// Lost.
        Lost = "LOST",
    }
}

choices! {
    /// The forecast category of a deal.
    pub DealForecastCategory {
        /// Pipeline: may be won.
        Pipeline = "PIPELINE",
        /// Best case: won if all goes well.
        BestCase = "BEST_CASE",
        /// Commit: promised.
        Commit = "COMMIT",
        /// Omitted from the forecast.
        Omitted = "OMITTED",
    }
}

pub const NAME: Field<String> = Field::text("name", 300, "The deal's name.").required();
pub const AMOUNT: Field<Money> = Field::money("amount", "The deal's value.");
pub const PIPELINE: Field<Ref<Pipeline>> =
    Field::reference("pipelineId", "The deal's pipeline: that of its stage.")
        .computed()
        .inverse("deals", "The pipeline's deals.");
pub const STAGE: Field<Ref<Stage>> = Field::reference("stageId", "The deal's stage.")
    .required()
    .by_command()
    .on_delete(OnDelete::Restrict)
    .inverse("deals", "The deals in the stage.");
pub const STATUS: Field<DealStatus> =
    Field::choice("status", "The deal's outcome; follows the kind of its stage.").computed();
pub const PROBABILITY: Field<i64> = Field::integer(
    "probability",
    0,
    100,
    "The win probability in percent, from 0 to 100; a won deal has 100, a lost one 0. Default, whenever the deal enters a stage: that of the stage.",
);
pub const START_DATE: Field<NaiveDate> = Field::date("startDate", "The day the work on the deal began.");
pub const CLOSE_DATE: Field<NaiveDate> = Field::date(
    "closeDate",
    "The close date: the day the deal was or is expected to be won or lost; not before `startDate`.",
);
pub const CLOSED_AT: Field<Instant> = Field::instant(
    "closedAt",
    "The time the deal entered the won or lost stage it is in; null while it is open.",
)
.computed();
pub const STAGE_ENTERED_AT: Field<Instant> =
    Field::instant("stageEnteredAt", "The time the deal entered its stage.").computed();
pub const LOST_REASON: Field<String> = Field::text(
    "lostReason",
    500,
    "The reason the deal was lost; required to move it to a lost stage, and null while the deal is not lost.",
);
pub const FORECAST_CATEGORY: Field<DealForecastCategory> =
    Field::choice("forecastCategory", "The deal's forecast category. Default: `PIPELINE`.")
        .required()
        .preset(Preset::Choice("PIPELINE"));
pub const COMPANY: Field<Ref<Company>> =
    Field::reference("companyId", "The company that may buy.").inverse("deals", "The company's deals.");
pub const CONTACT: Field<Ref<Contact>> = Field::reference("contactId", "The deal's primary contact.")
    .inverse("deals", "The deals whose primary contact this is.");
pub const OWNER: Field<Ref<User>> =
    Field::reference("ownerId", "The deal's owner: the user responsible for it. Default: the acting user.")
        .preset(Preset::Actor)
        .inverse("deals", "The deals the user owns.");

pub fn deal() -> Object {
    Object::new("deal", "deals", "A deal: a possible sale (opportunity) on its way through a pipeline.")
        .fields(&[NAME.def, AMOUNT.def, PIPELINE.def, STAGE.def, STATUS.def, PROBABILITY.def])
        .fields(&[START_DATE.def, CLOSE_DATE.def, CLOSED_AT.def, STAGE_ENTERED_AT.def, LOST_REASON.def])
        .fields(&[FORECAST_CATEGORY.def, COMPANY.def, CONTACT.def, OWNER.def])
        .indexed_by(&[])
        .owned_by(OWNER)
        .needs(STAGE)
        .rule(deal_rules::legal_move)
        .rule(deal_rules::requirements)
        .rule(deal_rules::follow_stage)
        .rule(deal_rules::outcome)
        .rule(deal_rules::dates)
}
