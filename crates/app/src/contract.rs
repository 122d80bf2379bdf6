//! The names of the contract's types, made here and nowhere else: what both GraphQL and OpenAPI have is called the same
//! in both.

use kernel::{
    field::Kind,
    object::{Attribute, Object},
    text::pascal,
};

/// A calendar day.
pub const DATE: &str = "Date";
/// A point in time.
pub const DATE_TIME: &str = "DateTime";
/// A day to compare with, or a duration from today.
pub const DATE_OPERAND: &str = "DateOperand";
/// A point in time to compare with, or a duration from now.
pub const DATE_TIME_OPERAND: &str = "DateTimeOperand";
/// A decimal number as text.
pub const DECIMAL: &str = "Decimal";
/// A whole number of more than 32 bits.
pub const BIG_INT: &str = "BigInt";
/// A JSON document.
pub const JSON: &str = "JSON";
/// An amount with its currency.
pub const MONEY: &str = "Money";
/// Whether deleted records are included.
pub const DELETED: &str = "DeletedFilter";
/// One comparison of how many there are.
pub const COUNT: &str = "CountFilter";
/// The direction of an order.
pub const DIRECTION: &str = "OrderDirection";
/// The codes of errors.
pub const ERROR_CODE: &str = "ErrorCode";
/// The caller.
pub const ME: &str = "Me";
/// The caller's permission for the records of an object.
pub const PERMISSION: &str = "Permission";
/// An action on records.
pub const PERMITTED_ACTION: &str = "PermittedAction";
/// With which records it may be done.
pub const PERMITTED_ROWS: &str = "PermittedRows";

/// What combines conditions of the same kind, and what clients read about it.
pub const COMBINATORS: [(&str, &str); 3] = [
    ("and", "All of these conditions hold."),
    ("or", "At least one of these conditions holds."),
    ("not", "This condition does not hold."),
];
/// What asks about many records or items, and what clients read about it.
pub const QUANTIFIERS: [(&str, &str); 3] = [
    ("some", "The condition holds for at least one."),
    ("none", "The condition holds for none."),
    ("every", "The condition holds for all, also for none at all."),
];
/// What clients read about a count of records or items.
pub const COUNT_DOC: &str = "How many there are.";

/// What an operation takes, or an item of a list is made of: `MoveDealInput`, `EmailInput`.
pub fn input(of: &str) -> String {
    format!("{}Input", pascal(of))
}

/// What an item of a list is found by: `EmailKeyInput`.
pub fn key_input(list: &str) -> String {
    format!("{list}KeyInput")
}

/// What a command answers: `MoveDealPayload`.
pub fn payload(operation: &str) -> String {
    format!("{}Payload", pascal(operation))
}

/// Conditions on one value, item or record: `StringFilter`, `EmailFilter`, `ContactFilter`.
pub fn filter(of: &str) -> String {
    format!("{of}Filter")
}

/// Conditions on many of them: `StringListFilter`, `EmailListFilter`, `ContactListFilter`.
pub fn list_filter(of: &str) -> String {
    format!("{of}ListFilter")
}

/// One key of an order of records: `ContactOrder`.
pub fn order(object: &str) -> String {
    format!("{object}Order")
}

/// The values that a choice allows: `DealStatus`. The owner is the type that has the field.
pub fn choice(owner: &str, attribute: &Attribute) -> String {
    format!("{owner}{}", pascal(attribute.name))
}

/// The values that a member of a command's input allows: those of the object's field of that name, or its own.
pub fn input_choice(object: &Object, command: &str, member: &str) -> String {
    let field = object.attribute(member).filter(|field| matches!(field.kind, Kind::Choice(_)));
    field.map_or_else(
        || format!("{}{}", pascal(command), pascal(member)),
        |field| choice(&object.type_name, field),
    )
}

/// The type of a field's value; of a list of plain values that of an item.
pub fn value(owner: &str, attribute: &Attribute) -> String {
    let name = match (attribute.kind, attribute.members.first()) {
        (Kind::List(list), Some(member)) if list.plain => return value(list.name, member),
        (Kind::List(list), _) => list.name,
        (Kind::Choice(_), _) => return choice(owner, attribute),
        (Kind::Id | Kind::Reference(_) | Kind::AnyReference, _) => "ID",
        (Kind::Text(_), _) => "String",
        (Kind::Integer(min, max), _) if is_small(min) && is_small(max) => "Int",
        (Kind::Integer(..), _) => BIG_INT,
        (Kind::Decimal, _) => DECIMAL,
        (Kind::Boolean, _) => "Boolean",
        (Kind::Date, _) => DATE,
        (Kind::Instant, _) => DATE_TIME,
        (Kind::Money, _) => MONEY,
        (Kind::Document, _) => JSON,
    };
    name.to_owned()
}

/// Whether a whole number fits 32 bits, as an `Int` of GraphQL has to.
pub fn is_small(number: i64) -> bool {
    i32::try_from(number).is_ok()
}

/// The type of a field's value, or of an item of its list, as it is sent.
pub fn sent_value(owner: &str, attribute: &Attribute) -> String {
    match attribute.kind {
        Kind::Money => input(MONEY),
        Kind::List(list) if !list.plain => input(list.name),
        _ => value(owner, attribute),
    }
}

/// The type of what a field's value, or an item of its list, is compared with.
pub fn operand(owner: &str, attribute: &Attribute) -> String {
    match (attribute.kind, attribute.members.first()) {
        (Kind::List(list), Some(member)) if list.plain => operand(list.name, member),
        (Kind::Date, _) => DATE_OPERAND.to_owned(),
        (Kind::Instant, _) => DATE_TIME_OPERAND.to_owned(),
        _ => sent_value(owner, attribute),
    }
}

/// The conditions on a field.
pub fn field_filter(owner: &str, attribute: &Attribute) -> String {
    let of = value(owner, attribute);
    if attribute.list().is_some() { list_filter(&of) } else { filter(&of) }
}
