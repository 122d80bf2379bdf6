//! Pipelines: the sales processes that deals go through.

use kernel::{field::Preset, object::Object};

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
}
