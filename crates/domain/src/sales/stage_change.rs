//! Stage changes: the way a deal took, step by step.

use kernel::{
    field::Field,
    object::{Action, Object},
    time::Instant,
};
use uuid::Uuid;

/// The deal.
pub const DEAL: Field<Uuid> = Field::reference("dealId", "deal", "The deal.")
    .required()
    .computed()
    .inverse("stageChanges", "The way the deal took, step by step.");
/// From where.
pub const FROM_STAGE: Field<Uuid> =
    Field::reference("fromStageId", "stage", "The stage the deal left; null where it was created.")
        .computed();
/// To where.
pub const TO_STAGE: Field<Uuid> =
    Field::reference("toStageId", "stage", "The stage the deal entered.").required().computed();
/// When.
pub const CHANGED_AT: Field<Instant> =
    Field::instant("changedAt", "When the deal entered the stage.").required().computed();
/// By whom.
pub const CHANGED_BY: Field<Uuid> =
    Field::reference("changedById", "user", "The user who moved the deal.").computed();
/// After how long.
pub const SECONDS_IN_PREVIOUS: Field<i64> = Field::integer(
    "secondsInPrevious",
    0,
    i64::MAX,
    "How long the deal had been in the stage it left, in seconds; null where it was created.",
)
.computed();

/// The object.
pub fn stage_change() -> Object {
    Object::log("stageChange", "stageChanges", "A step of a deal from one stage to another.")
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
