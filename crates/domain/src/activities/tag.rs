//! Tags: words by which records of every kind are put together.

use kernel::{field::Field, object::Object};

use crate::formats;

/// The word.
pub const NAME: Field<String> =
    Field::text("name", 100, "The tag's name; no two tags share one.").required().unique();
/// How it is shown.
pub const COLOR: Field<String> =
    Field::text("color", 7, "The colour to show the tag in, as `#rrggbb`.").form(formats::COLOR);

/// The object.
pub fn tag() -> Object {
    Object::plain("tag", "tags", "A word by which records are put together.").fields(&[NAME.def, COLOR.def])
}
