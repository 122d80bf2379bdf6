//! Input types: filters, orders, and what records are made and changed with.

use std::collections::HashSet;

use app::contract;
use async_graphql::dynamic::{Enum, EnumItem, InputObject, InputValue, TypeRef};
use kernel::{
    Registry,
    field::{Kind, List, Writing},
    input::Purpose,
    object::{Action, Attribute, Object},
    plan::Deleted,
    predicate::Operator,
};

use super::Types;

/// Registers them.
pub fn register(types: &mut Types, registry: &Registry) {
    types.add(
        Enum::new(contract::DIRECTION)
            .description("The direction of an order.")
            .item(EnumItem::new("ASC").description("Ascending: the least first."))
            .item(EnumItem::new("DESC").description("Descending: the greatest first.")),
    );
    let deleted =
        Deleted::ALL.iter().map(|deleted| EnumItem::new(deleted.as_str()).description(deleted.doc()));
    types.add(Enum::new(contract::DELETED).description("Whether to include deleted records.").items(deleted));
    types.add(
        InputObject::new(contract::input(contract::MONEY))
            .description("An amount with its currency.")
            .field(InputValue::new("amount", TypeRef::named_nn(contract::DECIMAL)).description("The amount."))
            .field(
                InputValue::new("currency", TypeRef::named_nn(TypeRef::STRING))
                    .description("The currency, by ISO 4217."),
            ),
    );
    types.add(count_filter());
    let mut known = HashSet::new();
    for object in registry.objects() {
        object_filter(types, &mut known, object, registry);
        types.add(order(object));
        for (action, verb, purpose) in
            [(Action::Create, "create", Purpose::Create), (Action::Update, "update", Purpose::Update)]
        {
            if object.allows(action) {
                let name = contract::input(&format!("{verb}{}", object.type_name));
                types.add(members(name, object, purpose));
            }
        }
        for attribute in &object.attributes {
            let groups = attribute.list().filter(|list| !list.plain);
            if let Some(list) = groups.filter(|list| known.insert(contract::input(list.name))) {
                types.add(item(list, attribute));
                if attribute.item_changes().is_some() {
                    types.add(key(list, attribute));
                }
            }
        }
    }
}

fn order(object: &Object) -> InputObject {
    let keys = object.attributes.iter().filter(|attribute| attribute.sort);
    let order = InputObject::new(contract::order(&object.type_name))
        .description("One key of an order. Records without a value come last.")
        .oneof();
    keys.fold(order, |order, attribute| {
        let direction = InputValue::new(attribute.name, TypeRef::named(contract::DIRECTION));
        order.field(direction.description(attribute.doc))
    })
}

/// What a record is made or changed with.
fn members(name: String, object: &Object, purpose: Purpose) -> InputObject {
    let doc = match purpose {
        Purpose::Create | Purpose::Import => format!("The fields of a new {}.", object.name),
        Purpose::Update => {
            format!("The fields of the {} to change: what is absent stays, null clears.", object.name)
        }
    };
    let writable = |attribute: &&Attribute| match (attribute.writing, purpose) {
        (Writing::Free, _) => true,
        (Writing::Once | Writing::ByCommand, purpose) => purpose == Purpose::Create,
        (Writing::Computed, _) => false,
    };
    let mut input = InputObject::new(name).description(doc);
    for attribute in object.attributes.iter().filter(writable) {
        let optional =
            purpose == Purpose::Update || attribute.preset.is_some() || matches!(attribute.kind, Kind::Id);
        let of = input_type(&object.type_name, attribute, attribute.required && !optional);
        input = input.field(InputValue::new(attribute.name, of).description(attribute.doc));
        if let (Some(changes), Purpose::Update) = (attribute.item_changes(), purpose) {
            let add = input_type(&object.type_name, attribute, false);
            let remove = match attribute.list().filter(|list| !list.plain) {
                Some(list) => TypeRef::named_nn_list(contract::key_input(list.name)),
                None => input_type(&object.type_name, attribute, false),
            };
            let [add_doc, remove_doc] = changes.docs(attribute);
            input = input.field(InputValue::new(&changes.add, add).description(add_doc));
            input = input.field(InputValue::new(&changes.remove, remove).description(remove_doc));
        }
    }
    input
}

fn input_type(owner: &str, attribute: &Attribute, required: bool) -> TypeRef {
    let name = contract::sent_value(owner, attribute);
    match (attribute.list().is_some(), required) {
        (true, true) => TypeRef::named_nn_list_nn(name),
        (true, false) => TypeRef::named_nn_list(name),
        (false, true) => TypeRef::named_nn(name),
        (false, false) => TypeRef::named(name),
    }
}

fn item(list: &List, attribute: &Attribute) -> InputObject {
    let item =
        InputObject::new(contract::input(list.name)).description(format!("An item of `{}`.", attribute.name));
    item_members(item, list, attribute.members.iter())
}

/// What tells an item from the others of its list.
fn key(list: &List, attribute: &Attribute) -> InputObject {
    let key = InputObject::new(contract::key_input(list.name))
        .description(format!("The key of an item of `{}`.", attribute.name));
    item_members(key, list, attribute.key_members())
}

fn item_members<'a>(
    input: InputObject,
    list: &List,
    members: impl Iterator<Item = &'a Attribute>,
) -> InputObject {
    members.fold(input, |input, member| {
        let required = member.required && member.preset.is_none();
        let of = input_type(list.name, member, required);
        input.field(InputValue::new(member.name, of).description(member.doc))
    })
}

/// The filter of an object's records, and those of its fields and links.
fn object_filter(types: &mut Types, known: &mut HashSet<String>, object: &Object, registry: &Registry) {
    let name = contract::filter(&object.type_name);
    let mut filter = InputObject::new(&name)
        .description(format!("Conditions on a {}; all of them must hold.", object.name));
    for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
        let of = field_filter(types, known, &object.type_name, attribute);
        filter = filter.field(InputValue::new(attribute.name, TypeRef::named(of)).description(attribute.doc));
    }
    for link in &object.links {
        let Some(target) = registry.target(link) else { continue };
        let mut of = contract::filter(&target.type_name);
        if !link.is_one() {
            let many = contract::list_filter(&target.type_name);
            if known.insert(many.clone()) {
                types.add(quantifiers(&many, &of, target.plural));
            }
            of = many;
        }
        filter = filter.field(InputValue::new(&link.name, TypeRef::named(of)).description(&link.doc));
    }
    types.add(combinators(filter, &name));
}

/// `and`, `or` and `not` over conditions of the same kind.
fn combinators(input: InputObject, name: &str) -> InputObject {
    contract::COMBINATORS.into_iter().fold(input, |input, (combinator, doc)| {
        let of = if combinator == "not" { TypeRef::named(name) } else { TypeRef::named_nn_list(name) };
        input.field(InputValue::new(combinator, of).description(doc))
    })
}

fn quantifiers(name: &str, of: &str, what: &str) -> InputObject {
    let filter =
        InputObject::new(name).description(format!("Conditions on a list of {what}; all of them must hold."));
    let filter = contract::QUANTIFIERS.into_iter().fold(filter, |filter, (quantifier, doc)| {
        filter.field(InputValue::new(quantifier, TypeRef::named(of)).description(doc))
    });
    filter.field(count())
}

fn count() -> InputValue {
    InputValue::new("count", TypeRef::named(contract::COUNT)).description(contract::COUNT_DOC)
}

fn count_filter() -> InputObject {
    let operators = [Operator::Eq, Operator::Lt, Operator::Lte, Operator::Gt, Operator::Gte];
    let filter = InputObject::new(contract::COUNT).description("One comparison of a number.").oneof();
    operators.into_iter().fold(filter, |filter, operator| filter.field(operand(operator, TypeRef::INT)))
}

/// The name of a field's filter; registers it the first time.
fn field_filter(
    types: &mut Types,
    known: &mut HashSet<String>,
    owner: &str,
    attribute: &Attribute,
) -> String {
    let name = contract::field_filter(owner, attribute);
    if !known.insert(name.clone()) {
        return name;
    }
    if let Some(list) = attribute.list().filter(|list| !list.plain) {
        let of = contract::filter(list.name);
        let mut item = InputObject::new(&of)
            .description(format!("Conditions on an item of `{}`; all of them must hold.", attribute.name));
        for member in &attribute.members {
            let of = field_filter(types, known, list.name, member);
            item = item.field(InputValue::new(member.name, TypeRef::named(of)).description(member.doc));
        }
        types.add(combinators(item, &of));
        let is_null = operand(Operator::IsNull, TypeRef::BOOLEAN);
        types.add(quantifiers(&name, &of, "items").field(is_null));
        return name;
    }
    let (what, list) = if attribute.list().is_some() { ("list", true) } else { ("value", false) };
    let filter =
        InputObject::new(&name).description(format!("Conditions on a {what}; all of them must hold."));
    let of = contract::operand(owner, attribute);
    let filter =
        Operator::of(attribute).iter().fold(filter, |filter, operator| filter.field(operand(*operator, &of)));
    types.add(if list { filter.field(count()) } else { filter });
    name
}

fn operand(operator: Operator, of: &str) -> InputValue {
    let of = match operator {
        Operator::In
        | Operator::NotIn
        | Operator::Between
        | Operator::ContainsAny
        | Operator::ContainsAll => TypeRef::named_nn_list(of),
        Operator::IsNull => TypeRef::named(TypeRef::BOOLEAN),
        _ => TypeRef::named(of),
    };
    InputValue::new(operator.as_str(), of).description(operator.doc())
}
