//! The schemas of filters: for every object which fields and links can be asked, for every kind of value by which
//! operators.

use app::contract;
use kernel::{
    Registry,
    field::Kind,
    object::{Attribute, Object},
    plan::MAX_KEYS,
    predicate::{MAX_VALUES, Operator},
};
use utoipa::openapi::{
    KnownFormat, Ref, SchemaFormat,
    schema::{AnyOfBuilder, ObjectBuilder, Type},
};

use super::{
    Schemas,
    parameter::{DELETED_DOC, NAME},
    part::{ACCEPTED_ID, DECIMAL, Node, boolean, closed, list, of, reference, text},
};
use crate::rest;

/// An operand may have 4 000 bytes, and a letter up to four of them.
const MAX_TEXT: usize = 1_000;
/// A duration by ISO 8601.
const DURATION: &str =
    "^[-+]?P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$";

/// Adds the schemas that all filters share.
pub fn add_shared(schemas: &mut Schemas) {
    let number = |operator: Operator| {
        of(Type::Integer).minimum(Some(0)).maximum(Some(1_000_000)).description(Some(operator.doc()))
    };
    let operators = [Operator::Eq, Operator::Lt, Operator::Lte, Operator::Gt, Operator::Gte];
    let count = operators
        .into_iter()
        .fold(closed(), |count, operator| count.property(operator.as_str(), number(operator)));
    let count = count.description(Some("One comparison of a number."));
    schemas.insert(contract::COUNT.to_owned(), count.min_properties(Some(1)).max_properties(Some(1)).into());
    for (name, format, doc) in [
        (contract::DATE_OPERAND, KnownFormat::Date, "A date, or a duration from today."),
        (contract::DATE_TIME_OPERAND, KnownFormat::DateTime, "A point in time, or a duration from now."),
    ] {
        let plain = of(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
        let duration = text("An ISO 8601 duration in the workspace's time zone, back in time with a minus.")
            .pattern(Some(DURATION))
            .examples(["-P30D"]);
        let relative = closed().property("relative", duration).required("relative");
        let operand = AnyOfBuilder::new().item(plain).item(relative).description(Some(doc));
        schemas.insert(name.to_owned(), operand.into());
    }
    let direction = text("The direction of an order.").enum_values(Some(["ASC", "DESC"]));
    schemas.insert(contract::DIRECTION.to_owned(), direction.into());
}

/// Adds the schemas of an object's filter, its order and its search.
pub fn add(schemas: &mut Schemas, registry: &Registry, object: &Object) {
    let name = contract::filter(&object.type_name);
    let mut filter = combinators(&name).description(Some(format!(
        "Conditions on a {}; all of them must hold. `{{}}` holds for every record.",
        object.name
    )));
    for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
        let of = add_field(schemas, &object.type_name, attribute);
        filter = filter.property(attribute.name, reference(&of, attribute.doc));
    }
    for link in &object.links {
        let Some(target) = registry.target(link) else { continue };
        let mut of = contract::filter(&target.type_name);
        if !link.is_one() {
            let many = contract::list_filter(&target.type_name);
            let filter = quantifiers(closed(), &of).min_properties(Some(1));
            let doc = format!("Conditions on a list of {}; all of them must hold.", target.plural);
            schemas.insert(many.clone(), filter.description(Some(doc)).into());
            of = many;
        }
        filter = filter.property(&link.name, reference(&of, &link.doc));
    }
    schemas.insert(name, filter.into());
    schemas.insert(contract::order(&object.type_name), order(object));
}

fn combinators(name: &str) -> ObjectBuilder {
    contract::COMBINATORS.into_iter().fold(closed(), |filter, (combinator, doc)| {
        let of: Node = match combinator {
            "not" => reference(name, doc),
            _ => list(Ref::from_schema_name(name), doc).into(),
        };
        filter.property(combinator, of)
    })
}

fn quantifiers(filter: ObjectBuilder, of: &str) -> ObjectBuilder {
    let filter = contract::QUANTIFIERS
        .into_iter()
        .fold(filter, |filter, (quantifier, doc)| filter.property(quantifier, reference(of, doc)));
    filter.property("count", reference(contract::COUNT, contract::COUNT_DOC))
}

/// One key of an order.
fn order(object: &Object) -> Node {
    let sortable = object.attributes.iter().filter(|attribute| attribute.sort);
    let key = sortable.fold(closed(), |key, attribute| {
        key.property(attribute.name, reference(contract::DIRECTION, attribute.doc))
    });
    let key = key.description(Some("One key of an order. Records without a value come last."));
    key.min_properties(Some(1)).max_properties(Some(1)).into()
}

/// What a search takes.
pub fn search(object: &Object) -> Node {
    let names =
        |doc| list(of(Type::String).pattern(Some(format!("^{NAME}$"))), doc).max_items(Some(rest::MAX_NAMES));
    let order = list(
        Ref::from_schema_name(contract::order(&object.type_name)),
        "The keys of the order. Default: the newest first.",
    );
    closed()
        .description(Some(format!("A search for {}; all members are optional.", object.plural)))
        .property(
            "where",
            reference(&contract::filter(&object.type_name), "The filter. Default: all records."),
        )
        .property("orderBy", order.max_items(Some(MAX_KEYS)))
        .property("limit", super::parameter::limit())
        .property("cursor", text("The cursor of a page, from another page of the same list."))
        .property(
            "fields",
            names("The fields to show, those of linked records behind a dot. Default: all but long texts."),
        )
        .property("include", names("The links to follow."))
        .property("deleted", reference(contract::DELETED, DELETED_DOC))
        .property("count", boolean("Whether to count the records, up to 10 001. Default: `false`."))
        .into()
}

/// Adds the filter of a field, and tells its name.
fn add_field(schemas: &mut Schemas, owner: &str, attribute: &Attribute) -> String {
    let name = contract::field_filter(owner, attribute);
    if schemas.contains_key(&name) {
        return name;
    }
    let mut filter = closed().min_properties(Some(1));
    for operator in Operator::of(attribute) {
        filter = filter.property(operator.as_str(), operand(owner, attribute, *operator));
    }
    let filter = match attribute.list() {
        None => filter.description(Some("Conditions on a value; all of them must hold.")),
        Some(list) => {
            let filter = filter.description(Some("Conditions on a list; all of them must hold."));
            if list.plain {
                filter.property("count", reference(contract::COUNT, contract::COUNT_DOC))
            } else {
                quantifiers(filter, &add_item(schemas, list.name, attribute))
            }
        }
    };
    schemas.insert(name.clone(), filter.into());
    name
}

/// Adds the filter of the items of a list, and tells its name.
fn add_item(schemas: &mut Schemas, list: &str, attribute: &Attribute) -> String {
    let name = contract::filter(list);
    let doc = format!("Conditions on an item of `{}`; all of them must hold.", attribute.name);
    let mut filter = combinators(&name).description(Some(doc));
    for member in &attribute.members {
        let of = add_field(schemas, list, member);
        filter = filter.property(member.name, reference(&of, member.doc));
    }
    schemas.insert(name.clone(), filter.into());
    name
}

fn operand(owner: &str, attribute: &Attribute, operator: Operator) -> Node {
    let many = || list(one(owner, attribute, ""), operator.doc()).max_items(Some(MAX_VALUES));
    match operator {
        Operator::IsNull => boolean(operator.doc()).into(),
        Operator::Between => many().min_items(Some(2)).max_items(Some(2)).into(),
        Operator::In | Operator::NotIn | Operator::ContainsAny | Operator::ContainsAll => many().into(),
        _ => one(owner, attribute, operator.doc()),
    }
}

fn one(owner: &str, attribute: &Attribute, doc: &str) -> Node {
    let named = || reference(&contract::operand(owner, attribute), doc);
    let described = |kind| of(kind).description((!doc.is_empty()).then_some(doc));
    match attribute.members.first().unwrap_or(attribute).kind {
        Kind::Choice(_) | Kind::Money | Kind::Date | Kind::Instant => named(),
        Kind::Integer(..) => {
            described(Type::Integer).minimum(Some(isize::MIN)).maximum(Some(isize::MAX)).into()
        }
        Kind::Id | Kind::Reference(_) | Kind::AnyReference => {
            described(Type::String).pattern(Some(ACCEPTED_ID)).into()
        }
        Kind::Decimal => described(Type::String).pattern(Some(DECIMAL)).into(),
        Kind::Text(_) => described(Type::String).max_length(Some(MAX_TEXT)).into(),
        Kind::Boolean => described(Type::Boolean).into(),
        Kind::List(_) | Kind::Document => described(Type::String).into(),
    }
}
