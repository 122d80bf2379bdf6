//! Stages: the steps of a pipeline, with what a deal needs to enter them and where it may go from there.

use kernel::{
    Code,
    change::Change,
    choices,
    field::{List, Member, Preset, Writing},
    id::TypeId,
    object::Object,
    reference::OnDelete,
    value::Ref,
};
use serde_json::Value as Json;

use super::{deal, pipeline::Pipeline};

kernel::object_type!(Stage, "stage");

choices! {
    /// The kind of a stage: the outcome of the deals in it.
    pub StageKind {
        /// Open: deals can still be won or lost.
        Open = "OPEN",
        /// Won: deals are won.
        Won = "WON",
        /// Lost: deals are lost.
        Lost = "LOST",
    }
}

const REQUIRED_FIELD: Member<String> = Member::text("field", 64, "The name of a field of deals.").required();
static REQUIRED_FIELD_LIST: List =
    List::plain("RequiredField", "stage_required_fields", &[REQUIRED_FIELD.def]);

const ALLOWED_MOVE: Member<Ref<Stage>> = Member::reference("stageId", "The stage.").required();
static ALLOWED_MOVE_LIST: List = List::plain("AllowedMove", "stage_allowed_moves", &[ALLOWED_MOVE.def]);

pub const PIPELINE: Field<Ref<Pipeline>> = Field::reference("pipelineId", "The stage's pipeline.")
    .required()
    .immutable()
    .on_delete(OnDelete::Cascade)
    .inverse("stages", "The pipeline's stages.");
pub const NAME: Field<String> =
    Field::text("name", 200, "The stage's name; no two stages of a pipeline share one.").required();
pub const POSITION: Field<i64> =
    Field::integer("position", 0, 10_000, "The stage's position in the pipeline, lowest first. Default: 0.")
        .required()
        .preset(Preset::Integer(0));
pub const KIND: Field<StageKind> =
    Field::choice("kind", "The stage's kind, which is the outcome of its deals; fixed while deals are in the stage. Default: `OPEN`.")
        .required()
        .fixed_in_use()
        .preset(Preset::Choice("OPEN"));
pub const PROBABILITY: Field<i64> = Field::integer(
    "probability",
    0,
    100,
    "The win probability in percent, from 0 to 100; the default of deals that enter the stage. Default: 0.",
)
.required()
.preset(Preset::Integer(0));
pub const REQUIRED_FIELDS: Field<Json> = Field::list(
    "requiredFields",
    &REQUIRED_FIELD_LIST,
    "The names of the fields a deal must have to enter the stage: `amount`, `closeDate`.",
);
pub const ALLOWED_MOVES: Field<Json> = Field::list(
    "allowedMoveIds",
    &ALLOWED_MOVE_LIST,
    "The ids of the stages a deal may move to from here. Default: every stage of the pipeline.",
);
pub const ROT_DAYS: Field<i64> = Field::integer(
    "rotDays",
    1,
    3_660,
    "The number of days in this stage after which a deal counts as neglected.",
);

pub fn stage() -> Object {
    Object::plain("stage", "stages", "A stage of a pipeline.")
        .fields(&[PIPELINE.def, NAME.def, POSITION.def, KIND.def, PROBABILITY.def])
        .fields(&[REQUIRED_FIELDS.def, ALLOWED_MOVES.def, ROT_DAYS.def])
        .unique_together(&[PIPELINE.def, NAME.def])
        .needs(ALLOWED_MOVES)
        .rule(required_fields)
        .rule(allowed_moves)
}

/// Deals have the required fields, and somebody can fill them in.
fn required_fields(change: &mut Change<'_, Stage>) {
    if !change.changes(REQUIRED_FIELDS) {
        return;
    }
    let deal = deal::deal();
    let can_be_set =
        |name: &str| deal.attribute(name).is_some_and(|field| field.writing != Writing::Computed);
    let names = change.get(REQUIRED_FIELDS);
    for (place, name) in names.iter().flat_map(Json::as_array).flatten().enumerate() {
        let name = name.as_str().unwrap_or_default();
        if !can_be_set(name) {
            let path = format!("{}/{place}", REQUIRED_FIELDS.def.name);
            change.refuse_at(
                &path,
                Code::UnknownValue,
                format!("{name} is not a field that a deal can be given"),
            );
        }
    }
}

/// Deals stay in their pipeline.
fn allowed_moves(change: &mut Change<'_, Stage>) {
    if !change.changes(ALLOWED_MOVES) {
        return;
    }
    let pipeline = change.get(PIPELINE);
    let stages = change.referenced_all::<Stage>(ALLOWED_MOVES);
    let foreign: Vec<_> =
        stages.filter(|stage| stage.get(PIPELINE) != pipeline).map(|stage| stage.id()).collect();
    let moves = change.get(ALLOWED_MOVES);
    for (place, id) in moves.iter().flat_map(Json::as_array).flatten().enumerate() {
        let id = id.as_str().and_then(TypeId::parse);
        if id.is_some_and(|id| foreign.contains(&id.uuid)) {
            let path = format!("{}/{place}", ALLOWED_MOVES.def.name);
            change.refuse_at(&path, Code::Invalid, "the stage belongs to another pipeline");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Trial, With, record};

    #[test]
    fn a_stage_requires_what_deals_can_have() {
        let requiring = |names: Json| Trial::create(record(stage(), 1).with(REQUIRED_FIELDS, names)).run();
        requiring(json!(["amount", "closeDate", "tagIds"])).refuses(&[]);
        requiring(json!(["amount", "price", "status"]))
            .refuses(&[(Code::UnknownValue, "/requiredFields/1"), (Code::UnknownValue, "/requiredFields/2")]);
    }
}
