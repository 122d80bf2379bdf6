//! Tags: words by which records of every kind are put together.

use kernel::{change::Change, field::Field, object::Object};

use crate::{formats, rules};

/// The word.
pub const NAME: Field<String> =
    Field::text("name", 100, "The tag's name; no two tags share one.").required().unique();
/// How it is shown.
pub const COLOR: Field<String> = Field::text("color", 7, "The colour to show the tag in, as `#rrggbb`.");

/// The object.
pub fn tag() -> Object {
    Object::plain("tag", "tags", "A word by which records are put together.")
        .fields(&[NAME.def, COLOR.def])
        .rule(color)
}

fn color(change: &mut Change<'_>) {
    rules::form(change, COLOR, formats::COLOR);
}

#[cfg(test)]
mod tests {
    use kernel::Code;

    use super::*;
    use crate::testing::{Trial, With, record};

    #[test]
    fn colours_are_spelled_in_hexadecimal() {
        let colored = |color: &str| Trial::create(record(tag(), 1).with(COLOR, color.to_owned())).run();
        colored("#00ff7F").refuses(&[]);
        colored("green").refuses(&[(Code::WrongType, "/color")]);
    }
}
