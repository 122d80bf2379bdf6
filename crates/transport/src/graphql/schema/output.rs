//! Output types: an object type for every object, with a connection for its lists.

use std::collections::HashSet;

use app::{
    contract,
    view::{VIEWS, View},
};
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

fn enums(types: &mut Types, owner: &str, attributes: &[Attribute]) {
    for attribute in attributes {
        if let Kind::Choice(choices) = attribute.kind {
            let items = choices.iter().map(|choice| EnumItem::new(choice.name).description(choice.doc));
            types.add(Enum::new(contract::choice(owner, attribute)).description(attribute.doc).items(items));
        }
    }
}

/// The type of a field of a record or an item.
fn output(owner: &str, attribute: &Attribute) -> TypeRef {
    let name = contract::value(owner, attribute);
    match attribute.kind {
        Kind::List(_) => TypeRef::named_nn_list_nn(name),
        // A sensitive field is null for nobody: who may not read it may not ask for it.
        _ if attribute.required => TypeRef::named_nn(name),
        _ => TypeRef::named(name),
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
    let where_ = InputValue::new("where", TypeRef::named(contract::filter(&target.type_name)));
    let order = InputValue::new("orderBy", TypeRef::named_nn_list(contract::order(&target.type_name)));
    part(field)
        .argument(where_.description("The filter. Default: all records."))
        .argument(order.description("The order. Default: the newest first."))
        .argument(deleted())
}

/// The argument that asks for deleted records.
pub fn deleted() -> InputValue {
    let deleted = InputValue::new("deleted", TypeRef::named(contract::DELETED));
    deleted.description("Whether to include deleted records. Default: `EXCLUDE`.")
}

/// Adds the arguments that say which part of a list is wanted.
pub fn part(field: Field) -> Field {
    let argument = |name, of: &str, doc: &str| InputValue::new(name, TypeRef::named(of)).description(doc);
    field
        .argument(argument(
            "first",
            TypeRef::INT,
            "The number of records from the beginning, 1 to 200. Either `first` or `last` is required.",
        ))
        .argument(argument("last", TypeRef::INT, "The number of records from the end, 1 to 200."))
        .argument(argument("after", TypeRef::STRING, "The cursor that the page begins after."))
        .argument(argument("before", TypeRef::STRING, "The cursor that the page ends before."))
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
    Type::new(contract::MONEY)
        .description("An amount with its currency.")
        .field(field("amount", contract::DECIMAL, "The amount, with as many decimals as the currency has."))
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
        .field(field("pageInfo", TypeRef::named_nn("PageInfo"), "The page's place among the others."))
        .field(field(
            "totalCount",
            TypeRef::named_nn(TypeRef::INT),
            "The number of records in all pages, counted up to 10 001.",
        ))
        .field(field(
            "totalIsCapped",
            TypeRef::named_nn(TypeRef::BOOLEAN),
            "Whether there are more records than were counted.",
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
                .description("The record's cursor."),
        )
}

fn page_info() -> Type {
    let field = |name, of: TypeRef, doc: &str| {
        Field::new(name, of, move |ctx| resolve::part(ctx, name)).description(doc)
    };
    let (boolean, cursor) = (TypeRef::named_nn(TypeRef::BOOLEAN), TypeRef::named(TypeRef::STRING));
    Type::new("PageInfo")
        .description("A page's place among the others.")
        .field(field("hasNextPage", boolean.clone(), "Whether a page follows."))
        .field(field("hasPreviousPage", boolean, "Whether a page comes before."))
        .field(field("startCursor", cursor.clone(), "The cursor of the first record."))
        .field(field("endCursor", cursor, "The cursor of the last record."))
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
