//! Stage changes: a deal's history in its pipeline.

use kernel::{
    object::{Action, Object},
    time::Instant,
    value::Ref,
};

use super::{deal::Deal, stage::Stage};
use crate::platform::user::User;

kernel::object_type!(StageChange, "stageChange");

pub const DEAL: Field<Ref<Deal>> = Field::reference("dealId", "The deal.")
    .required()
    .computed()
    .inverse("stageChanges", "The deal's stage history.");
pub const FROM_STAGE: Field<Ref<Stage>> =
    Field::reference("fromStageId", "The stage the deal left; null where it was created.").computed();
pub const TO_STAGE: Field<Ref<Stage>> =
    Field::reference("toStageId", "The stage the deal entered.").required().computed();
pub const CHANGED_AT: Field<Instant> =
    Field::instant("changedAt", "The time the deal entered the stage.").required().computed();
pub const CHANGED_BY: Field<Ref<User>> =
    Field::reference("changedById", "The user who moved the deal.").computed();
pub const SECONDS_IN_PREVIOUS: Field<i64> = Field::integer(
    "secondsInPrevious",
    0,
    i64::MAX,
    "The time the deal spent in the stage it left, in seconds; null where it was created.",
)
.computed();

pub fn stage_change() -> Object {
    Object::log("stageChange", "stageChanges", "A deal's move from one stage to another.")
        .fields(&[
            DEAL.def,
            FROM_STAGE.def,
            TO_STAGE.def,
            CHANGED_AT.def,
            CHANGED_BY.def,
            SECONDS_IN_PREVIOUS.def,
        ])
        .owned_through(DEAL)
        .only(&[Action::Read])
}
