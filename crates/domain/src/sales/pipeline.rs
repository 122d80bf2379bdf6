//! Pipelines: the sales processes that deals go through.

use kernel::{
    Code,
    change::{Change, ChangeKind},
    field::Preset,
    object::Object,
};

kernel::object_type!(Pipeline, "pipeline");

pub const NAME: Field<String> =
    Field::text("name", 200, "The pipeline's name; no two pipelines share one.").required().unique();
pub const IS_DEFAULT: Field<bool> = Field::boolean(
    "isDefault",
    "Whether this is the default pipeline, used where a lead is converted without naming a stage; marking one unmarks the previous one. Default: `false`.",
)
.required()
.preset(Preset::Boolean(false));

pub fn pipeline() -> Object {
    Object::plain("pipeline", "pipelines", "A sales process that deals go through, stage by stage.")
        .fields(&[NAME.def, IS_DEFAULT.def])
        .at_most_one(IS_DEFAULT)
        .rule_on(&[ChangeKind::Delete], default_stays)
}

fn default_stays(change: &mut Change<'_, Pipeline>) {
    if change.get(IS_DEFAULT) == Some(true) {
        change.refuse(
            IS_DEFAULT,
            Code::IllegalState,
            "the default pipeline is not deleted; mark another one first",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Trial, With, record};

    #[test]
    fn the_default_pipeline_stays() {
        let pipeline = |is_default: bool| record(pipeline(), 1).with(IS_DEFAULT, is_default);
        Trial::delete(pipeline(true)).run().refuses(&[(Code::IllegalState, "/isDefault")]);
        Trial::delete(pipeline(false)).run().refuses(&[]);
        Trial::restore(pipeline(true)).run().refuses(&[]);
        Trial::update(pipeline(true), pipeline(false)).run().refuses(&[]);
    }
}
