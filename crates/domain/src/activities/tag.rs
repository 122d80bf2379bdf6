//! Tags: labels that group records of every object.

use kernel::object::Object;

use crate::formats;

kernel::object_type!(Tag, "tag");

pub const NAME: Field<String> =
    Field::text("name", 100, "The tag's name; no two tags share one.").required().unique();
pub const COLOR: Field<String> =
    Field::text("color", 7, "The tag's colour, as `#rrggbb`.").form(formats::COLOR);

pub fn tag() -> Object {
    Object::plain("tag", "tags", "A tag: a label that groups records.").fields(&[NAME.def, COLOR.def])
}
