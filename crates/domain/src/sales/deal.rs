//! Deals: possible sales on their way through a pipeline.

use chrono::NaiveDate;
use kernel::{
    choices,
    field::{Field, Preset},
    money::Money,
    object::Object,
    time::Instant,
};
use uuid::Uuid;

use super::deal_rules;

choices! {
    /// What became of a deal.
    pub DealStatus {
        /// It can still be won or lost.
        Open = "OPEN",
        /// It is won.
        Won = "WON",
        /// It is lost.
        Lost = "LOST",
    }
}

choices! {
    /// How firmly a forecast counts on a deal.
    pub DealForecastCategory {
        /// It may come.
        Pipeline = "PIPELINE",
        /// It comes if all goes well.
        BestCase = "BEST_CASE",
        /// It is promised.
        Commit = "COMMIT",
        /// It is left out.
        Omitted = "OMITTED",
    }
}

/// Its name.
pub const NAME: Field<String> = Field::text("name", 300, "The deal's name.").required();
/// What it is worth.
pub const AMOUNT: Field<Money> = Field::money("amount", "What the deal is worth.");
/// The pipeline.
pub const PIPELINE: Field<Uuid> =
    Field::reference("pipelineId", "pipeline", "The pipeline the deal is in: that of its stage.")
        .computed()
        .inverse("deals", "The deals in the pipeline.");
/// The stage.
pub const STAGE: Field<Uuid> = Field::reference("stageId", "stage", "The stage the deal is in.")
    .required()
    .by_command()
    .restrict()
    .inverse("deals", "The deals in the stage.");
/// What became of it.
pub const STATUS: Field<DealStatus> =
    Field::choice("status", "What became of the deal: the kind of its stage.").computed();
/// How likely it is to be won.
pub const PROBABILITY: Field<i64> = Field::integer(
    "probability",
    0,
    100,
    "How likely the deal is to be won, in percent; that of the stage unless another is given on entering it. A won deal has 100, a lost one 0.",
);
/// When it began.
pub const START_DATE: Field<NaiveDate> = Field::date("startDate", "The day the work on the deal began.");
/// When it is to end.
pub const CLOSE_DATE: Field<NaiveDate> =
    Field::date("closeDate", "The day the deal is expected to be won or lost, or was.");
/// When it ended.
pub const CLOSED_AT: Field<Instant> = Field::instant(
    "closedAt",
    "When the deal entered the won or lost stage it is in; null while it is open.",
)
.computed();
/// When it came where it is.
pub const STAGE_ENTERED_AT: Field<Instant> =
    Field::instant("stageEnteredAt", "When the deal entered its stage.").computed();
/// Why it was lost.
pub const LOST_REASON: Field<String> = Field::text(
    "lostReason",
    500,
    "Why the deal was lost; needed to move it to a lost stage, and null while the deal is not lost.",
);
/// How firmly a forecast counts on it.
pub const FORECAST_CATEGORY: Field<DealForecastCategory> =
    Field::choice("forecastCategory", "How firmly a forecast counts on the deal.")
        .required()
        .preset(Preset::Choice("PIPELINE"));
/// Who may buy.
pub const COMPANY: Field<Uuid> = Field::reference("companyId", "company", "The company that may buy.")
    .inverse("deals", "The deals with the company.");
/// Whom to talk to.
pub const CONTACT: Field<Uuid> =
    Field::reference("contactId", "contact", "The contact to talk to first about the deal.")
        .inverse("deals", "The deals that are talked about with the contact.");
/// Whose deal it is.
pub const OWNER: Field<Uuid> = Field::reference("ownerId", "user", "The user who works on the deal.")
    .preset(Preset::Actor)
    .inverse("deals", "The deals the user works on.");

/// The object.
pub fn deal() -> Object {
    Object::new("deal", "deals", "A possible sale on its way through a pipeline.")
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
