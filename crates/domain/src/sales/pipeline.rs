//! Pipelines: the ways that deals take.

use kernel::{
    field::{Field, Preset},
    object::Object,
};

/// Its name.
pub const NAME: Field<String> =
    Field::text("name", 200, "The pipeline's name; no two pipelines share one.").required().unique();
/// Whether it is the usual one.
pub const IS_DEFAULT: Field<bool> = Field::boolean(
    "isDefault",
    "Whether this is the pipeline that deals usually take; marking one unmarks the one that was.",
)
.required()
.preset(Preset::Boolean(false));

/// The object.
pub fn pipeline() -> Object {
    Object::plain("pipeline", "pipelines", "A way that deals take, from stage to stage.")
        .fields(&[NAME.def, IS_DEFAULT.def])
        .at_most_one(IS_DEFAULT)
}
