//! Input types: predicates, orders, and what records are made and changed with.

use std::collections::HashSet;

use async_graphql::dynamic::{Enum, EnumItem, InputObject, InputValue, TypeRef};
use kernel::{
    Registry,
    field::{Kind, Writing},
    input::Purpose,
    object::{Action, Attribute, Object},
    plan::Deleted,
    predicate::Operator,
};

use super::{
    Types,
    output::{enum_name, scalar},
};

/// Registers them.
pub fn register(types: &mut Types, registry: &Registry) {
    types.add(
        Enum::new("Direction")
            .description("In which direction a list is ordered.")
            .item(EnumItem::new("ASC").description("The least first."))
            .item(EnumItem::new("DESC").description("The greatest first.")),
    );
    let deleted = Deleted::NAMES.iter().map(|name| EnumItem::new(*name));
    types.add(Enum::new("Deleted").description("Whether deleted records are meant.").items(deleted));
    types.add(
        InputObject::new("MoneyInput")
            .description("An amount with its currency.")
            .field(InputValue::new("amount", TypeRef::named_nn("Decimal")).description("The amount."))
            .field(
                InputValue::new("currency", TypeRef::named_nn(TypeRef::STRING))
                    .description("The currency, by ISO 4217."),
            ),
    );
    let mut seen = Seen::default();
    count_test(types);
    for object in registry.objects() {
        predicates(types, &mut seen, object, registry);
        types.add(order(object));
        if object.allows(Action::Create) {
            types.add(members(types_name("Create", object), object, Purpose::Create));
        }
        if object.allows(Action::Update) {
            types.add(members(types_name("Update", object), object, Purpose::Update));
        }
        for attribute in &object.attributes {
            if let Some(list) = attribute.list().filter(|list| !list.plain && seen.items.insert(list.name)) {
                types.add(item(list.name, attribute));
                if attribute.item_changes().is_some() {
                    types.add(key(list.name, attribute));
                }
            }
        }
    }
}

/// The shared types that are registered already.
#[derive(Default)]
struct Seen {
    tests: HashSet<String>,
    items: HashSet<&'static str>,
    lists: HashSet<String>,
}

/// `CreateContact`, `UpdateContact`.
pub fn types_name(verb: &str, object: &Object) -> String {
    format!("{verb}{}", object.type_name)
}

fn order(object: &Object) -> InputObject {
    let name = format!("{}Order", object.type_name);
    let keys = object.attributes.iter().filter(|attribute| attribute.sort);
    let order =
        InputObject::new(name).description("One key of an order. Records without a value come last.").oneof();
    keys.fold(order, |order, attribute| {
        order.field(InputValue::new(attribute.name, TypeRef::named("Direction")).description(attribute.doc))
    })
}

/// What a record is made or changed with.
fn members(name: String, object: &Object, purpose: Purpose) -> InputObject {
    let doc = match purpose {
        Purpose::Create | Purpose::Import => format!("What a new {} is made with.", object.name),
        Purpose::Update => format!("What of the {} changes: what is absent stays, null clears.", object.name),
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
                Some(list) => TypeRef::named_nn_list(format!("{}Key", list.name)),
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
    let named = |name: String| if required { TypeRef::named_nn(name) } else { TypeRef::named(name) };
    let list =
        |name: String| if required { TypeRef::named_nn_list_nn(name) } else { TypeRef::named_nn_list(name) };
    match (attribute.kind, attribute.members.first()) {
        (Kind::Money, _) => named("MoneyInput".to_owned()),
        (Kind::List(kind), Some(member)) if kind.plain => list(scalar(kind.name, member)),
        (Kind::List(kind), _) => list(format!("{}Input", kind.name)),
        _ => named(scalar(owner, attribute)),
    }
}

fn item(name: &str, attribute: &Attribute) -> InputObject {
    let item =
        InputObject::new(format!("{name}Input")).description(format!("An item of `{}`.", attribute.name));
    attribute.members.iter().fold(item, |item, member| {
        let required = member.required && member.preset.is_none();
        item.field(InputValue::new(member.name, input_type(name, member, required)).description(member.doc))
    })
}

/// What tells an item from the others of its list.
fn key(name: &str, attribute: &Attribute) -> InputObject {
    let doc = format!("What tells an item of `{}` from the others.", attribute.name);
    attribute.key_members().fold(InputObject::new(format!("{name}Key")).description(doc), |key, member| {
        let required = member.required && member.preset.is_none();
        key.field(InputValue::new(member.name, input_type(name, member, required)).description(member.doc))
    })
}

fn predicates(types: &mut Types, seen: &mut Seen, object: &Object, registry: &Registry) {
    let name = format!("{}Where", object.type_name);
    let mut fields = Vec::new();
    for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
        let test = test(types, seen, &object.type_name, attribute);
        fields.push((attribute.name.to_owned(), test, attribute.doc.to_owned()));
    }
    for link in &object.links {
        if let Some(target) = registry.target(link) {
            let of = if link.is_one() {
                format!("{}Link", target.type_name)
            } else {
                format!("{}Links", target.type_name)
            };
            fields.push((link.name.clone(), of, link.doc.clone()));
        }
    }
    let own = |input: InputObject| {
        let field = |(name, of, doc): &(String, String, String)| {
            InputValue::new(name, TypeRef::named(of)).description(doc)
        };
        fields.iter().fold(input, |input, given| input.field(field(given)))
    };
    let doc = format!("A question about a {}; all its members have to hold.", object.name);
    types.add(combinators(own(InputObject::new(&name).description(&doc)), &name));
    // Behind a link to one record, the reference itself can be asked as well.
    let link = own(InputObject::new(format!("{}Link", object.type_name)).description(format!(
        "A question about the {} referred to: about itself or about the reference.",
        object.name
    )));
    types.add(reference_tests(combinators(link, &name)));
    types.add(quantifiers(format!("{}Links", object.type_name), &name, object.plural));
}

/// `and`, `or` and `not` over predicates of the same kind.
fn combinators(input: InputObject, name: &str) -> InputObject {
    input
        .field(InputValue::new("and", TypeRef::named_nn_list(name)).description("All of these hold."))
        .field(
            InputValue::new("or", TypeRef::named_nn_list(name)).description("At least one of these holds."),
        )
        .field(InputValue::new("not", TypeRef::named(name)).description("This does not hold."))
}

fn reference_tests(input: InputObject) -> InputObject {
    [Operator::Eq, Operator::Ne, Operator::In, Operator::NotIn, Operator::IsNull]
        .into_iter()
        .fold(input, |input, operator| input.field(operand(operator, TypeRef::ID)))
}

fn quantifiers(name: String, of: &str, what: &str) -> InputObject {
    let field = |name, of: &str, doc| InputValue::new(name, TypeRef::named(of)).description(doc);
    InputObject::new(name)
        .description(format!("A question about many {what}."))
        .field(field("some", of, "It holds for at least one."))
        .field(field("none", of, "It holds for none."))
        .field(field("every", of, "It holds for all, also where there are none."))
        .field(field("count", "CountTest", "How many there are."))
}

fn count_test(types: &mut Types) {
    let operators = [Operator::Eq, Operator::Lt, Operator::Lte, Operator::Gt, Operator::Gte];
    let test = InputObject::new("CountTest").description("One comparison of a number.").oneof();
    types.add(operators.into_iter().fold(test, |test, operator| test.field(operand(operator, TypeRef::INT))));
}

/// The type of the tests of a field; registers it the first time.
fn test(types: &mut Types, seen: &mut Seen, owner: &str, attribute: &Attribute) -> String {
    if let Some(list) = attribute.list().filter(|list| !list.plain) {
        let name = format!("{}List", list.name);
        if seen.lists.insert(name.clone()) {
            let of = format!("{}Where", list.name);
            let mut item = InputObject::new(&of)
                .description(format!("A question about an item of `{}`.", attribute.name));
            for member in &attribute.members {
                let test = test(types, seen, list.name, member);
                item = item.field(InputValue::new(member.name, TypeRef::named(test)).description(member.doc));
            }
            types.add(combinators(item, &of));
            let is_null = operand(Operator::IsNull, TypeRef::BOOLEAN);
            types.add(quantifiers(name.clone(), &of, "items").field(is_null));
        }
        return name;
    }
    let (stem, of) = match (attribute.kind, attribute.members.first()) {
        (Kind::List(list), Some(member)) => {
            (format!("{}s", scalar(list.name, member)), scalar(list.name, member))
        }
        (Kind::Choice(_), _) => (enum_name(owner, attribute), enum_name(owner, attribute)),
        (Kind::Money, _) => ("Money".to_owned(), "MoneyInput".to_owned()),
        (Kind::Date, _) => ("Date".to_owned(), "DateOperand".to_owned()),
        (Kind::Instant, _) => ("Instant".to_owned(), "InstantOperand".to_owned()),
        _ => (scalar(owner, attribute), scalar(owner, attribute)),
    };
    let name = match attribute.kind {
        Kind::Id => "OwnIdTest".to_owned(),
        _ => format!("{stem}Test"),
    };
    if seen.tests.insert(name.clone()) {
        let mut input = InputObject::new(&name).description("Tests of a value; all of them have to hold.");
        for operator in Operator::of(attribute) {
            input = input.field(operand(*operator, &of));
        }
        if attribute.list().is_some() {
            input = input.field(
                InputValue::new("count", TypeRef::named("CountTest")).description("How many there are."),
            );
        }
        types.add(input);
    }
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
