//! Rules that several objects share.

use kernel::{
    Code,
    change::Change,
    field::{Field, Kind},
    value::FieldType,
};
use serde_json::Value as Json;

use crate::formats::Form;

/// The text has that form, and is kept in the form's spelling.
pub fn form(change: &mut Change<'_>, field: Field<String>, form: Form) {
    if !change.changes(field) {
        return;
    }
    let Some(text) = change.get(field) else { return };
    match (form.read)(&text) {
        Some(kept) => change.set(field, kept),
        None => change.refuse(field, Code::WrongType, format!("{} must be {}", field.def.name, form.what)),
    }
}

/// That member of every item of the list has the form, and is kept in the form's spelling.
pub fn form_of_items(change: &mut Change<'_>, list: Field<Json>, member: Field<String>, form: Form) {
    if !change.changes(list) {
        return;
    }
    let Some(mut items) = change.get(list) else { return };
    let (list_name, member) = (list.def.name, member.def.name);
    let plain = matches!(list.def.kind, Kind::List(list) if list.plain);
    for (place, item) in items.as_array_mut().into_iter().flatten().enumerate() {
        let (value, path) = match plain {
            true => (Some(item), format!("{list_name}/{place}")),
            false => (item.get_mut(member), format!("{list_name}/{place}/{member}")),
        };
        let Some(Json::String(text)) = value else { continue };
        match (form.read)(text) {
            Some(kept) => *text = kept,
            None => change.refuse_at(&path, Code::WrongType, format!("{member} must be {}", form.what)),
        }
    }
    change.set(list, items);
}

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
