//! Rules that several objects share.

use kernel::{Code, change::Change, field::Field, value::FieldType};

/// The first field is not after the second, where both have a value and one of them is new.
pub fn in_order<T: FieldType + PartialOrd>(change: &mut Change<'_>, first: Field<T>, second: Field<T>) {
    let changed = if change.changes(first) { first } else { second };
    if let (Some(start), Some(end)) = (change.get(first), change.get(second))
        && start > end
        && change.changes(changed)
    {
        let detail = format!("{} must not be after {}", first.def.name, second.def.name);
        change.refuse(changed, Code::OutOfRange, detail);
    }
}
