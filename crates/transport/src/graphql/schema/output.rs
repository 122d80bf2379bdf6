//! Output types: an object type for every object, with a connection for its lists.

use std::collections::HashSet;

use app::view::{VIEWS, View};
use async_graphql::dynamic::{
    Enum, EnumItem, Field, InputValue, Interface, InterfaceField, Object as Type, TypeRef,
};
use kernel::{
    Registry,
    field::{Kind, List},
    object::{Attribute, Link, Object},
    text::pascal,
};

use super::{NODE, Types};
use crate::graphql::resolve;

/// Registers them.
pub fn register(types: &mut Types, registry: &Registry) {
    let id = InterfaceField::new("id", TypeRef::named_nn(TypeRef::ID)).description("The record's id.");
    types.add(Interface::new(NODE).description("A record of any object.").field(id));
    types.add(connection(NODE));
    types.add(edge(NODE));
    types.add(page_info());
    types.add(money());
    let mut lists = HashSet::new();
    for object in registry.objects() {
        for attribute in &object.attributes {
            if let Some(list) = attribute.list().filter(|list| !list.plain && lists.insert(list.name)) {
                types.add(item(list, attribute));
                enums(types, list.name, &attribute.members);
            }
        }
        enums(types, &object.type_name, &object.attributes);
        types.add(record(object, registry));
        types.add(connection(&object.type_name));
        types.add(edge(&object.type_name));
    }
    for view in VIEWS {
        if let Some(object) = registry.object(view.object) {
            types.add(view_type(view, object, registry));
        }
    }
}

/// The name of the enum of a choice.
pub fn enum_name(owner: &str, attribute: &Attribute) -> String {
    format!("{owner}{}", pascal(attribute.name))
}

fn enums(types: &mut Types, owner: &str, attributes: &[Attribute]) {
    for attribute in attributes {
        if let Kind::Choice(choices) = attribute.kind {
            let items = choices.iter().map(|choice| EnumItem::new(choice.name).description(choice.doc));
            types.add(Enum::new(enum_name(owner, attribute)).description(attribute.doc).items(items));
        }
    }
}

/// The type of a value, without its nullability; the owner is the type that has the field.
pub fn scalar(owner: &str, attribute: &Attribute) -> String {
    match attribute.kind {
        Kind::Id | Kind::Reference(_) | Kind::AnyReference => TypeRef::ID.to_owned(),
        Kind::Text(_) => TypeRef::STRING.to_owned(),
        Kind::Integer(min, max) if i32::try_from(min).is_ok() && i32::try_from(max).is_ok() => {
            TypeRef::INT.to_owned()
        }
        Kind::Integer(..) => "BigInt".to_owned(),
        Kind::Decimal => "Decimal".to_owned(),
        Kind::Boolean => TypeRef::BOOLEAN.to_owned(),
        Kind::Date => "Date".to_owned(),
        Kind::Instant => "Instant".to_owned(),
        Kind::Money => "Money".to_owned(),
        Kind::Choice(_) => enum_name(owner, attribute),
        Kind::List(list) => list.name.to_owned(),
        Kind::Document => "JSON".to_owned(),
    }
}

/// The type of a field of a record or an item.
fn output(owner: &str, attribute: &Attribute) -> TypeRef {
    match (attribute.kind, attribute.members.first()) {
        (Kind::List(list), Some(member)) if list.plain => {
            TypeRef::named_nn_list_nn(scalar(list.name, member))
        }
        (Kind::List(list), _) => TypeRef::named_nn_list_nn(list.name),
        // A sensitive field is null for nobody: who may not read it may not ask for it.
        _ if attribute.required => TypeRef::named_nn(scalar(owner, attribute)),
        _ => TypeRef::named(scalar(owner, attribute)),
    }
}

fn record(object: &Object, registry: &Registry) -> Type {
    let mut record = Type::new(&object.type_name).description(object.doc).implement(NODE);
    for attribute in &object.attributes {
        let name = attribute.name;
        let grouped =
            matches!(attribute.kind, Kind::Money) || attribute.list().is_some_and(|list| !list.plain);
        let field = Field::new(name, output(&object.type_name, attribute), move |ctx| {
            resolve::value(ctx, name, grouped)
        });
        record = record.field(field.description(attribute.doc));
    }
    for link in &object.links {
        if let Some(target) = registry.target(link) {
            record = record.field(link_field(link, target));
        }
    }
    record
}

fn link_field(link: &Link, target: &Object) -> Field {
    let name = link.name.clone();
    if link.is_one() {
        let field = Field::new(&link.name, TypeRef::named(&target.type_name), move |ctx| {
            resolve::one(ctx, name.clone())
        });
        return field.description(&link.doc);
    }
    let connection = TypeRef::named_nn(format!("{}Connection", target.type_name));
    let field = Field::new(&link.name, connection, move |ctx| resolve::many(ctx, name.clone()));
    paged(field.description(&link.doc), target)
}

/// Adds the arguments of a list.
pub fn paged(field: Field, target: &Object) -> Field {
    let list = TypeRef::named_nn_list(format!("{}Order", target.type_name));
    let where_ = InputValue::new("where", TypeRef::named(format!("{}Where", target.type_name)));
    part(field)
        .argument(where_.description("Which records; all where nothing is said."))
        .argument(
            InputValue::new("orderBy", list)
                .description("In which order; the newest first where nothing is said."),
        )
        .argument(deleted())
}

/// The argument that asks for deleted records.
pub fn deleted() -> InputValue {
    let deleted = InputValue::new("deleted", TypeRef::named("Deleted"));
    deleted.description("Whether deleted records are meant; they are not where nothing is said.")
}

/// Adds the arguments that say which part of a list is wanted.
pub fn part(field: Field) -> Field {
    let argument = |name, of: &str, doc: &str| InputValue::new(name, TypeRef::named(of)).description(doc);
    field
        .argument(argument(
            "first",
            TypeRef::INT,
            "The first so many, 1 to 200. Either `first` or `last` has to be given.",
        ))
        .argument(argument("last", TypeRef::INT, "The last so many, 1 to 200."))
        .argument(argument("after", TypeRef::STRING, "Only what comes behind this cursor."))
        .argument(argument("before", TypeRef::STRING, "Only what comes before this cursor."))
}

fn item(list: &'static List, attribute: &Attribute) -> Type {
    let mut item = Type::new(list.name).description(format!("An item of `{}`.", attribute.name));
    for member in &attribute.members {
        let name = member.name;
        let field = Field::new(name, output(list.name, member), move |ctx| resolve::part(ctx, name));
        item = item.field(field.description(member.doc));
    }
    item
}

fn money() -> Type {
    let field = |name, of: &str, doc: &str| {
        Field::new(name, TypeRef::named_nn(of), move |ctx| resolve::part(ctx, name)).description(doc)
    };
    Type::new("Money")
        .description("An amount with its currency.")
        .field(field("amount", "Decimal", "The amount, with as many decimals as the currency has."))
        .field(field("currency", TypeRef::STRING, "The currency, by ISO 4217."))
}

fn connection(node: &str) -> Type {
    let field = |name, of: TypeRef, doc: &str| {
        Field::new(name, of, move |ctx| resolve::section(ctx, name)).description(doc)
    };
    Type::new(format!("{node}Connection"))
        .description("A page of a list.")
        .field(field("nodes", TypeRef::named_nn_list_nn(node), "The records."))
        .field(field(
            "edges",
            TypeRef::named_nn_list_nn(format!("{node}Edge")),
            "The records, each with its cursor.",
        ))
        .field(field("pageInfo", TypeRef::named_nn("PageInfo"), "Where the page stands among the others."))
        .field(field(
            "totalCount",
            TypeRef::named_nn(TypeRef::INT),
            "How many there are in all, counted up to 10 001.",
        ))
        .field(field(
            "totalIsCapped",
            TypeRef::named_nn(TypeRef::BOOLEAN),
            "Whether there are more than were counted.",
        ))
}

fn edge(node: &str) -> Type {
    Type::new(format!("{node}Edge"))
        .description("A record in a list.")
        .field(
            Field::new("node", TypeRef::named_nn(node), |ctx| resolve::section(ctx, "node"))
                .description("The record."),
        )
        .field(
            Field::new("cursor", TypeRef::named_nn(TypeRef::STRING), |ctx| resolve::section(ctx, "cursor"))
                .description("Its position in the list."),
        )
}

fn page_info() -> Type {
    let field = |name, of: TypeRef, doc: &str| {
        Field::new(name, of, move |ctx| resolve::part(ctx, name)).description(doc)
    };
    let (boolean, cursor) = (TypeRef::named_nn(TypeRef::BOOLEAN), TypeRef::named(TypeRef::STRING));
    Type::new("PageInfo")
        .description("Where a page stands among the others.")
        .field(field("hasNextPage", boolean.clone(), "Whether more follow."))
        .field(field("hasPreviousPage", boolean, "Whether some come before."))
        .field(field("startCursor", cursor.clone(), "The position of the first record."))
        .field(field("endCursor", cursor, "The position of the last record."))
}

fn view_type(view: &'static View, object: &Object, registry: &Registry) -> Type {
    let itself = Field::new(view.object, TypeRef::named_nn(&object.type_name), resolve::itself);
    let mut shown = Type::new(pascal(view.name)).description(view.doc).field(itself.description(object.doc));
    for panel in view.panels {
        let target = object.link(panel.link).and_then(|(_, link)| registry.target(link));
        if let Some(target) = target {
            let field = Field::new(panel.name, TypeRef::named_nn_list_nn(&target.type_name), move |ctx| {
                resolve::panel(ctx, panel)
            });
            shown = shown.field(field.description(panel.doc));
        }
    }
    shown
}
