//! The schemas of records: as they are shown, created and changed, and what commands, views and collections
//! answer.

use app::{
    contract,
    operation::{InputKind, Operation, OutputKind, Write},
    view::{Collection, View},
};
use kernel::{
    Registry,
    field::{Kind, List, Writing},
    object::{Action, Attribute, Object},
    text::{pascal, snake},
};
use utoipa::openapi::{
    KnownFormat, Ref, RefOr, Schema, SchemaFormat,
    schema::{AdditionalProperties, AllOfBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type},
};

use super::{
    Schemas,
    part::{
        DECIMAL, Node, SOME_ID, accepted_id, choice, chosen_id, closed, custom, expected_version, int32,
        list, of, or_null, reference, reference_or_null, text,
    },
};
use crate::rest;

/// Where a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Output,
    Input,
}

/// Whose field a value is of: an object's, or that of a list's items.
#[derive(Clone, Copy)]
struct Owner<'a> {
    name: &'a str,
    /// What the object's ids begin with.
    prefix: &'a str,
}

impl<'a> Owner<'a> {
    fn object(object: &'a Object) -> Self {
        Self { name: &object.type_name, prefix: &object.prefix }
    }

    fn list(list: &'a List) -> Self {
        Self { name: list.name, prefix: "" }
    }
}

/// Adds the schemas of an object's records.
pub fn add(schemas: &mut Schemas, registry: &Registry, object: &Object) {
    let mut record = of(Type::Object).description(Some(object.doc));
    add_choices(schemas, &object.type_name, &object.attributes);
    for attribute in &object.attributes {
        add_item(schemas, attribute);
        // With `fields` the client itself leaves members out, and sensitive ones some roles do not get: none is required.
        record = record.property(
            attribute.name,
            value(Owner::object(object), attribute, Side::Output, !attribute.required),
        );
    }
    for link in &object.links {
        let Some(target) = registry.target(link) else { continue };
        let shown = if link.is_one() {
            reference_or_null(&target.type_name, &format!("{} Only with `include`.", link.doc))
        } else {
            let doc = format!("{} Only with `include`: the {} newest.", link.doc, rest::MAX_INCLUDED);
            list(reference(&target.type_name, ""), &doc).into()
        };
        record = record.property(&link.name, shown);
    }
    schemas.insert(object.type_name.clone(), record.into());
    if object.allows(Action::Create) {
        schemas.insert(contract::input(&format!("create{}", object.type_name)), create(object));
    }
    if object.allows(Action::Update) {
        schemas.insert(contract::input(&format!("update{}", object.type_name)), update(object));
    }
    let items = list(reference(&object.type_name, ""), "The records.");
    schemas.insert(
        format!("{}Page", object.type_name),
        page(items.into(), &format!("A page of {}.", object.plural)),
    );
}

fn page(items: Node, doc: &str) -> Node {
    let page = of(Type::Object).description(Some(doc)).property("items", items);
    page.property("page", reference("Pagination", "The page's place among the others."))
        .required("items")
        .required("page")
        .into()
}

fn create(object: &Object) -> Node {
    let mut input = closed().description(Some(format!("The fields of a new {}.", object.name)));
    for attribute in object.attributes.iter().filter(|attribute| attribute.writing != Writing::Computed) {
        let is_id = matches!(attribute.kind, Kind::Id);
        let is_needed = attribute.required && attribute.preset.is_none() && !is_id;
        if is_needed {
            input = input.required(attribute.name);
        }
        input =
            input.property(attribute.name, value(Owner::object(object), attribute, Side::Input, !is_needed));
    }
    input.into()
}

fn update(object: &Object) -> Node {
    let doc = format!(
        "The fields of the {} to change, by JSON Merge Patch (RFC 7396): what is absent stays, null clears.",
        object.name
    );
    let mut input = closed().description(Some(doc));
    for attribute in object.attributes.iter().filter(|attribute| attribute.writing == Writing::Free) {
        input = input.property(
            attribute.name,
            value(Owner::object(object), attribute, Side::Input, !attribute.required),
        );
        if let (Some(changes), Some(of)) = (attribute.item_changes(), attribute.list()) {
            let [add_doc, remove_doc] = changes.docs(attribute);
            let key = match attribute.members.first() {
                Some(member) if of.plain => value(Owner::list(of), member, Side::Input, false),
                _ => reference(&contract::key_input(of.name), ""),
            };
            let nullable = or_null(Type::Array, true);
            let add = list(item(attribute, of, Side::Input), &add_doc).schema_type(nullable.clone());
            let remove = list(key, &remove_doc).schema_type(nullable);
            input = input
                .property(&changes.add, add.max_items(Some(of.max)))
                .property(&changes.remove, remove.max_items(Some(of.max)));
        }
    }
    input.into()
}

/// The schemas of the choices of an object or of the items of a list.
fn add_choices(schemas: &mut Schemas, owner: &str, attributes: &[Attribute]) {
    for attribute in attributes {
        if let Kind::Choice(choices) = attribute.kind {
            let values = choices.iter().map(|choice| (choice.name, choice.doc));
            schemas.insert(contract::choice(owner, attribute), choice(attribute.doc, values));
        }
    }
}

/// The schema of the items of a list of groups of values.
fn add_item(schemas: &mut Schemas, attribute: &Attribute) {
    let Some(list) = attribute.list().filter(|list| !list.plain) else { return };
    add_choices(schemas, list.name, &attribute.members);
    let mut shown = of(Type::Object).description(Some(format!("An item of `{}`.", attribute.name)));
    for member in &attribute.members {
        shown = shown
            .property(member.name, value(Owner::list(list), member, Side::Output, !member.required))
            .required(member.name);
    }
    schemas.insert(list.name.to_owned(), shown.into());
    let doc = format!("An item of `{}`.", attribute.name);
    schemas.insert(contract::input(list.name), sent(list, &doc, attribute.members.iter()));
    if attribute.item_changes().is_some() {
        let doc = format!("The key of an item of `{}`.", attribute.name);
        schemas.insert(contract::key_input(list.name), sent(list, &doc, attribute.key_members()));
    }
}

/// An item of these members, as it is sent.
fn sent<'a>(list: &List, doc: &str, members: impl Iterator<Item = &'a Attribute>) -> Node {
    let mut input = closed().description(Some(doc));
    for member in members {
        let is_needed = member.required && member.preset.is_none();
        input = input.property(member.name, value(Owner::list(list), member, Side::Input, !is_needed));
        if is_needed {
            input = input.required(member.name);
        }
    }
    input.into()
}

/// The schema of a field's value.
fn value(owner: Owner<'_>, attribute: &Attribute, side: Side, nullable: bool) -> Node {
    let scalar =
        |kind| ObjectBuilder::new().schema_type(or_null(kind, nullable)).description(Some(attribute.doc));
    let schema = match attribute.kind {
        Kind::Id if side == Side::Input => scalar(Type::String).pattern(Some(chosen_id(owner.prefix))),
        Kind::Id => id(scalar(Type::String), owner.prefix, side),
        Kind::Reference(object) => id(scalar(Type::String), &snake(object), side),
        Kind::AnyReference => scalar(Type::String).pattern(Some(SOME_ID)),
        Kind::Text(max) => {
            let text = scalar(Type::String).max_length(usize::try_from(max).ok());
            let named =
                format!("{} Lists and included records show it only if `fields` names it.", attribute.doc);
            match side {
                // What is required is not blank.
                Side::Input if attribute.required => text.min_length(Some(1)).pattern(Some(r"\S")),
                Side::Output if attribute.is_long() => text.description(Some(named)),
                _ => text,
            }
        }
        Kind::Integer(min, max) => {
            let bound = |bound: i64| isize::try_from(bound).ok().filter(|_| bound.unsigned_abs() < 1 << 53);
            let format = match contract::is_small(min) && contract::is_small(max) {
                true => int32(),
                false => SchemaFormat::KnownFormat(KnownFormat::Int64),
            };
            scalar(Type::Integer).format(Some(format)).minimum(bound(min)).maximum(bound(max))
        }
        Kind::Decimal => scalar(Type::String).pattern(Some(DECIMAL)),
        Kind::Boolean => scalar(Type::Boolean),
        Kind::Date => scalar(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))),
        Kind::Instant => scalar(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        Kind::Choice(_) if nullable => {
            return reference_or_null(&contract::choice(owner.name, attribute), attribute.doc);
        }
        Kind::Choice(_) => return reference(&contract::choice(owner.name, attribute), attribute.doc),
        Kind::Money => {
            let name = match side {
                Side::Input => contract::sent_value(owner.name, attribute),
                Side::Output => contract::value(owner.name, attribute),
            };
            return match nullable {
                true => reference_or_null(&name, attribute.doc),
                false => reference(&name, attribute.doc),
            };
        }
        // All that is written is a filter.
        Kind::Document if side == Side::Input => scalar(Type::Object),
        Kind::Document => scalar(Type::Object).schema_type(SchemaType::AnyValue),
        Kind::List(list) => return items(attribute, list, side, nullable),
    };
    schema.into()
}

/// What is answered is a TypeID; a plain UUID is accepted too.
fn id(schema: ObjectBuilder, prefix: &str, side: Side) -> ObjectBuilder {
    match side {
        Side::Output => schema.pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"))),
        Side::Input => schema.format(Some(custom("typeid"))).pattern(Some(accepted_id(prefix))),
    }
}

fn items(attribute: &Attribute, of: &List, side: Side, nullable: bool) -> Node {
    // Where there is nothing, an empty list is shown; null clears it.
    let kind = or_null(Type::Array, nullable && side == Side::Input);
    let least = (attribute.required && side == Side::Input).then_some(1);
    let list = list(item(attribute, of, side), attribute.doc).schema_type(kind);
    list.min_items(least).max_items(Some(of.max)).into()
}

fn item(attribute: &Attribute, of: &List, side: Side) -> Node {
    match attribute.members.first() {
        Some(member) if of.plain => value(Owner::list(of), member, side, false),
        _ if side == Side::Input => reference(&contract::input(of.name), ""),
        _ => reference(of.name, ""),
    }
}

/// Adds the schemas of a command's input and answer. Those of standard operations are the object's, but for the input of
/// those that take nothing but a version.
pub fn add_write(schemas: &mut Schemas, registry: &Registry, operation: &Operation, write: &Write) {
    let mut input = match &write.input {
        InputKind::Members(input) => input.as_ref().clone(),
        InputKind::Nothing if operation.takes_body() => {
            schemas.entry(write.input_type.clone()).or_insert_with(version_input);
            return;
        }
        InputKind::Nothing | InputKind::Fields(_) => return,
    };
    if let (RefOr::T(Schema::Object(input)), true) = (&mut input, operation.on_record) {
        let doc = if write.needs_version {
            "The version that the caller has seen; either this or `If-Match` is required."
        } else {
            "The version that the caller has seen; `If-Match` says the same."
        };
        input.properties.insert("expectedVersion".to_owned(), expected_version(doc));
    }
    if let RefOr::T(Schema::Object(input)) = &mut input {
        input.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        for (member, node) in &mut input.properties {
            let RefOr::T(Schema::Object(schema)) = node else { continue };
            // Ids are told by their names, as in GraphQL.
            if let Some(target) = member.strip_suffix("Id").and_then(|object| registry.object(object)) {
                schema.pattern = Some(accepted_id(&target.prefix));
            }
            if schema.enum_values.is_some() {
                let name = contract::input_choice(&operation.object, &operation.name, member);
                let named = reference(&name, schema.description.as_deref().unwrap_or_default());
                let values = std::mem::replace(node, named);
                schemas.entry(name).or_insert(values);
            }
        }
    }
    schemas.insert(write.input_type.clone(), input);
    let mut answer = of(Type::Object).description(Some(format!("The payload of `{}`.", operation.name)));
    for output in &write.outputs {
        let shown = match output.kind {
            OutputKind::Record(object) => {
                registry.object(object).map(|object| reference_or_null(&object.type_name, output.doc))
            }
            OutputKind::Text => Some(text(output.doc).schema_type(or_null(Type::String, true)).into()),
        };
        answer = answer.property(output.name, shown.unwrap_or_default()).required(output.name);
    }
    schemas.insert(contract::payload(&operation.name), answer.into());
}

/// What an operation takes that takes nothing but the version of its record.
fn version_input() -> Node {
    let version = expected_version("The version that the caller has seen; `If-Match` says the same.");
    let doc = "The version of the record; all members are optional.";
    closed().description(Some(doc)).property("expectedVersion", version).into()
}

/// Adds the schema of a view.
pub fn add_view(schemas: &mut Schemas, registry: &Registry, object: &Object, view: &View) {
    let mut shown = of(Type::Object).description(Some(view.doc));
    shown = shown.property(view.object, reference(&object.type_name, object.doc)).required(view.object);
    for panel in view.panels {
        let target = object.link(panel.link).and_then(|(_, link)| registry.target(link));
        let Some(target) = target else { continue };
        shown = shown
            .property(panel.name, list(reference(&target.type_name, ""), panel.doc))
            .required(panel.name);
    }
    schemas.insert(pascal(view.name), shown.into());
}

/// Adds the schema of a collection's page: records of several objects, which say what they are.
pub fn add_collection(schemas: &mut Schemas, registry: &Registry, collection: &Collection) {
    let objects = collection.of.iter().filter_map(|name| registry.object(name));
    let member = |object: &std::sync::Arc<Object>| {
        let kind = text("The record's object.").enum_values(Some([object.name]));
        let kind = of(Type::Object).property("type", kind).required("type");
        AllOfBuilder::new().item(Ref::from_schema_name(&object.type_name)).item(kind)
    };
    let members = objects.map(member).fold(OneOfBuilder::new(), OneOfBuilder::item);
    let items = list(members, "The records.");
    schemas.insert(format!("{}Page", pascal(collection.name)), page(items.into(), collection.doc));
}
