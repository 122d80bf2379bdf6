//! Rules that several objects share.

use kernel::{Code, change::Change, field::Field, object::ObjectType, value::FieldType};

/// The first field is not after the second, where both have a value and one of them is new.
pub fn in_order<O: ObjectType, T: FieldType<Rust: PartialOrd>>(
    change: &mut Change<'_, O>,
    first: Field<O, T>,
    second: Field<O, T>,
) {
    let changed = if change.changes(first) { first } else { second };
    if let (Some(start), Some(end)) = (change.get(first), change.get(second))
        && start > end
        && change.changes(changed)
    {
        let detail = format!("{} must not be after {}", first.def.name, second.def.name);
        change.refuse(changed, Code::OutOfRange, detail);
    }
}
