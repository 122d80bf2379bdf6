//! The schemas of predicates: for every object which fields and links can be asked, for every kind of field
//! by which operators.

use kernel::{
    Registry,
    field::Kind,
    object::{Attribute, Object},
    predicate::{MAX_VALUES, Operator},
    text::{pascal, snake},
};
use utoipa::openapi::{
    KnownFormat, Ref, SchemaFormat,
    schema::{AnyOfBuilder, ObjectBuilder, Type},
};

use super::{
    Schemas,
    parameter::NAME,
    part::{DECIMAL, Node, SOME_ID, accepted_id, boolean, closed, list, of, reference, text},
};
use crate::rest;

/// An operand may have 4 000 bytes, and a letter up to four of them.
const MAX_TEXT: usize = 1_000;

/// Adds the schema of an object's predicates, and of all tests in them.
pub fn add(schemas: &mut Schemas, registry: &Registry, object: &Object) {
    let name = format!("{}Where", object.type_name);
    let mut predicate = combinators(&name).description(Some(format!(
        "A predicate over {}: all members hold. `{{}}` holds for every record.",
        object.plural
    )));
    for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
        let owner = Owner { name: &object.type_name, prefix: &object.prefix };
        let test = add_test(schemas, owner, attribute);
        predicate = predicate.property(attribute.name, reference(&test, attribute.doc));
    }
    for link in &object.links {
        let Some(target) = registry.target(link) else { continue };
        let behind = format!("{}Where", target.type_name);
        let asked = if link.is_one() {
            // `{"stage": {"eq": id}}` asks for the reference itself.
            let either = AnyOfBuilder::new()
                .item(Ref::from_schema_name(behind))
                .item(Ref::from_schema_name(format!("{}ReferenceTest", target.type_name)));
            either.description(Some(&link.doc)).into()
        } else {
            let name = format!("{}LinkTest", target.type_name);
            add_quantifiers(schemas, &name, &behind);
            reference(&name, &link.doc)
        };
        predicate = predicate.property(&link.name, asked);
    }
    schemas.insert(name, predicate.into());
    schemas.insert(format!("{}Search", object.type_name), search(object));
}

fn combinators(name: &str) -> ObjectBuilder {
    closed()
        .property("and", list(Ref::from_schema_name(name), "All of these hold."))
        .property("or", list(Ref::from_schema_name(name), "At least one of these holds."))
        .property("not", reference(name, "This does not hold."))
}

/// What a search takes.
fn search(object: &Object) -> Node {
    let direction = || of(Type::String).enum_values(Some(["ASC", "DESC"]));
    let sortable = object.attributes.iter().filter(|attribute| attribute.sort);
    let key = sortable.fold(closed(), |key, attribute| key.property(attribute.name, direction()));
    let key = key.min_properties(Some(1)).max_properties(Some(1));
    let order = "The order, by at most five fields; records without a value come last. The newest come first where nothing is said.";
    let names =
        |doc| list(of(Type::String).pattern(Some(format!("^{NAME}$"))), doc).max_items(Some(rest::MAX_NAMES));
    let deleted = text("Whether deleted records are meant.")
        .enum_values(Some(kernel::plan::Deleted::NAMES.iter().copied()));
    closed()
        .description(Some("What is asked of a list; all of it may be left out."))
        .property("where", reference(&format!("{}Where", object.type_name), "Which records."))
        .property("orderBy", list(key, order).max_items(Some(5)))
        .property("limit", of(Type::Integer).minimum(Some(1)).maximum(Some(200)).default(Some(50.into())))
        .property("cursor", text("The cursor of the page, from another page of the same list."))
        .property(
            "fields",
            names("Which fields are shown, those of linked records behind a dot; all where nothing is said."),
        )
        .property("include", names("Which links are followed."))
        .property("deleted", deleted)
        .property("count", boolean("Whether the records are counted, up to 10 001."))
        .into()
}

fn add_quantifiers(schemas: &mut Schemas, name: &str, of: &str) {
    add_count(schemas);
    let test = closed()
        .description(Some("For how many records behind the link something holds."))
        .property("some", reference(of, "For at least one of them this holds."))
        .property("none", reference(of, "For none of them this holds."))
        .property("every", reference(of, "For all of them this holds; also where there are none."))
        .property("count", reference("CountTest", "How many there are."));
    schemas.insert(name.to_owned(), test.min_properties(Some(1)).into());
}

/// Whose fields are asked: an object's, or the members of a list's items.
#[derive(Clone, Copy)]
struct Owner<'a> {
    name: &'a str,
    /// What the object's ids begin with.
    prefix: &'a str,
}

/// Adds the schema of the tests of a field, and says how it is called.
fn add_test(schemas: &mut Schemas, owner: Owner<'_>, attribute: &Attribute) -> String {
    let name = match (attribute.list(), attribute.members.first()) {
        (Some(list), Some(member)) if list.plain => {
            format!("{}ListTest", stem(Owner { name: list.name, ..owner }, member))
        }
        (Some(list), _) => format!("{}ListTest", list.name),
        (None, _) => format!("{}Test", stem(owner, attribute)),
    };
    if schemas.contains_key(&name) {
        return name;
    }
    let mut test = closed().min_properties(Some(1));
    for operator in Operator::of(attribute) {
        test = test.property(operator.as_str(), operand(owner, attribute, *operator));
    }
    if let Some(list) = attribute.list() {
        add_count(schemas);
        test = test.property("count", reference("CountTest", "How many items there are."));
        if !list.plain {
            let behind = format!("{}Where", list.name);
            add_items(schemas, list.name, attribute, &behind);
            test = test.property("some", reference(&behind, "For at least one item this holds."));
            test = test.property("none", reference(&behind, "For no item this holds."));
            test = test.property(
                "every",
                reference(&behind, "For all items this holds; also where there are none."),
            );
        }
    }
    schemas.insert(name.clone(), test.into());
    name
}

/// Adds the schema of predicates over the items of a list.
fn add_items(schemas: &mut Schemas, of: &str, attribute: &Attribute, name: &str) {
    let mut predicate = combinators(name);
    for member in &attribute.members {
        let test = add_test(schemas, Owner { name: of, prefix: "" }, member);
        predicate = predicate.property(member.name, reference(&test, member.doc));
    }
    schemas.insert(name.to_owned(), predicate.into());
}

fn add_count(schemas: &mut Schemas) {
    let number = |operator: Operator| {
        of(Type::Integer).minimum(Some(0)).maximum(Some(1_000_000)).description(Some(operator.doc()))
    };
    let known = [Operator::Eq, Operator::Lt, Operator::Lte, Operator::Gt, Operator::Gte];
    let test =
        known.into_iter().fold(closed(), |test, operator| test.property(operator.as_str(), number(operator)));
    let test =
        test.min_properties(Some(1)).max_properties(Some(1)).description(Some("One comparison of a number."));
    schemas.insert("CountTest".to_owned(), test.into());
}

/// What tests of the same kind of value are called after.
fn stem(owner: Owner<'_>, attribute: &Attribute) -> String {
    let kind = match attribute.kind {
        Kind::Id => return format!("{}Id", owner.name),
        Kind::Reference(object) => return format!("{}Reference", pascal(object)),
        Kind::Choice(_) => return format!("{}{}", owner.name, pascal(attribute.name)),
        Kind::AnyReference => "RecordReference",
        Kind::Text(_) => "Text",
        Kind::Integer(..) => "Integer",
        Kind::Decimal => "Decimal",
        Kind::Boolean => "Boolean",
        Kind::Date => "Date",
        Kind::Instant => "Instant",
        Kind::Money => "Money",
        Kind::List(_) => "List",
        Kind::Document => "Document",
    };
    kind.to_owned()
}

fn operand(owner: Owner<'_>, attribute: &Attribute, operator: Operator) -> Node {
    let many = || list(one(owner, attribute, ""), operator.doc()).max_items(Some(MAX_VALUES));
    match operator {
        Operator::IsNull => boolean(operator.doc()).into(),
        Operator::Between => many().min_items(Some(2)).max_items(Some(2)).into(),
        Operator::In | Operator::NotIn | Operator::ContainsAny | Operator::ContainsAll => many().into(),
        _ => one(owner, attribute, operator.doc()),
    }
}

fn one(owner: Owner<'_>, attribute: &Attribute, doc: &str) -> Node {
    let attribute = attribute.members.first().unwrap_or(attribute);
    let relative = |format| {
        let plain = of(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
        AnyOfBuilder::new().item(plain).item(Ref::from_schema_name("Relative"))
    };
    let described = |kind| {
        let schema = of(kind);
        if doc.is_empty() { schema } else { schema.description(Some(doc)) }
    };
    match attribute.kind {
        Kind::Integer(..) => {
            described(Type::Integer).minimum(Some(isize::MIN)).maximum(Some(isize::MAX)).into()
        }
        Kind::Choice(choices) => {
            described(Type::String).enum_values(Some(choices.iter().map(|choice| choice.name))).into()
        }
        Kind::Id => described(Type::String).pattern(Some(accepted_id(owner.prefix))).into(),
        Kind::Reference(object) => described(Type::String).pattern(Some(accepted_id(&snake(object)))).into(),
        Kind::AnyReference => described(Type::String).pattern(Some(SOME_ID)).into(),
        Kind::Decimal => described(Type::String).pattern(Some(DECIMAL)).into(),
        Kind::Text(_) => described(Type::String).max_length(Some(MAX_TEXT)).into(),
        Kind::Boolean => described(Type::Boolean).into(),
        Kind::Money => reference("Money", doc),
        Kind::Date => relative(KnownFormat::Date).description((!doc.is_empty()).then_some(doc)).into(),
        Kind::Instant => relative(KnownFormat::DateTime).description((!doc.is_empty()).then_some(doc)).into(),
        _ => described(Type::String).into(),
    }
}
