//! Every operation of the registry as a call that is made alike at both doors, with answers that compare.

mod graphql;
mod rest;

use std::sync::Arc;

use app::{
    Kith,
    operation::{InputKind, Operation as Declared, OperationKind},
    view::{Collection, View},
};
use kernel::{
    Registry,
    object::{Action, Object},
    text::pascal,
};
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

pub use rest::{all_fields, encode};

use crate::support::{Caller, Reply};

/// One of the two doors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    Rest,
    Graphql,
}

impl Door {
    /// Both.
    pub const BOTH: [Door; 2] = [Door::Rest, Door::Graphql];

    /// The other one.
    pub fn other(self) -> Self {
        if self == Door::Rest { Door::Graphql } else { Door::Rest }
    }
}

/// What can be asked for.
#[derive(Clone, Copy)]
pub enum Operation<'k> {
    List,
    Search,
    Get,
    Create,
    Update,
    Delete,
    Restore,
    /// Any other operation that writes.
    Command(&'k Declared),
    View(&'static View),
    Collection(&'static Collection),
}

impl<'k> Operation<'k> {
    /// An operation of the registry; none for the contents of files, which are not asked for in JSON.
    fn of(known: &'k Declared) -> Option<Self> {
        let verb = known.name.trim_end_matches(known.object.type_name.as_str());
        Some(match &known.kind {
            OperationKind::List => Self::List,
            OperationKind::Search => Self::Search,
            OperationKind::Get => Self::Get,
            OperationKind::View(view) => Self::View(view),
            OperationKind::Collection(collection) => Self::Collection(collection),
            OperationKind::Upload | OperationKind::Download => return None,
            OperationKind::Write(write) => match verb {
                "create" if write.is_standard => Self::Create,
                "update" if write.is_standard => Self::Update,
                "delete" if write.is_standard => Self::Delete,
                "restore" if write.is_standard => Self::Restore,
                _ => Self::Command(known),
            },
        })
    }
}

/// An operation of an object.
#[derive(Clone)]
pub struct Call<'k> {
    /// Which one.
    pub operation: Operation<'k>,
    /// Whose.
    pub object: Arc<Object>,
    /// What its caller must be allowed to do.
    pub action: Action,
    registry: &'k Registry,
}

/// What a caller says with a call.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The id of the record.
    pub id: String,
    /// The version that the caller has seen.
    pub version: Option<i64>,
    /// What is to be written, or what a command is given.
    pub input: Map<String, Json>,
    /// Which records of a list.
    pub predicate: Option<Json>,
    /// Whether deleted ones are meant.
    pub deleted: Option<&'static str>,
}

impl Asked {
    /// Something about a record.
    pub fn about(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Something to be written.
    pub fn with(input: Map<String, Json>) -> Self {
        Self { input, ..Self::default() }
    }
}

/// A request as a door takes it.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path with its query.
    pub path: String,
    /// The body.
    pub body: Option<Json>,
}

/// One thing that was wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What.
    pub code: String,
    /// Where.
    pub pointer: String,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A record, a list of records, or what a command or view answers.
    Done(Json),
    /// The HTTP status and what was wrong.
    Refused(u16, Vec<Fault>),
}

impl Outcome {
    /// The answer of a call that has to be done.
    pub fn done(self) -> Json {
        match self {
            Outcome::Done(json) => json,
            refused => panic!("{refused:?}"),
        }
    }

    /// The code, where it was refused for one reason.
    pub fn code(&self) -> &str {
        match self {
            Outcome::Done(_) => "",
            Outcome::Refused(_, faults) => faults.first().map_or("?", |fault| &fault.code),
        }
    }
}

impl<'k> Call<'k> {
    /// Every operation there is.
    pub fn all(kith: &'k Kith) -> Vec<Self> {
        let registry = kith.registry().as_ref();
        let call = |known: &'k Arc<Declared>| {
            let operation = Operation::of(known)?;
            Some(Self { operation, object: Arc::clone(&known.object), action: known.action, registry })
        };
        kith.operations().iter().filter_map(call).collect()
    }

    /// The standard operations of an object, also those that it does not have.
    pub fn standard(registry: &'k Registry, object: &Arc<Object>) -> Vec<Self> {
        use Operation::{Create, Delete, Get, List, Restore, Search, Update};
        let all = [
            (List, Action::Read),
            (Search, Action::Read),
            (Get, Action::Read),
            (Create, Action::Create),
            (Update, Action::Update),
            (Delete, Action::Delete),
            (Restore, Action::Delete),
        ];
        let call = |(operation, action)| Self { operation, object: Arc::clone(object), action, registry };
        all.into_iter().map(call).collect()
    }

    /// One standard operation.
    pub fn of(registry: &'k Registry, object: &Arc<Object>, operation: Operation<'k>) -> Self {
        let same =
            |call: &Self| std::mem::discriminant(&call.operation) == std::mem::discriminant(&operation);
        Self::standard(registry, object).into_iter().find(same).unwrap()
    }

    /// Whether it is about one record.
    pub fn is_on_record(&self) -> bool {
        match self.operation {
            Operation::List | Operation::Search | Operation::Create => false,
            Operation::Command(command) => command.on_record,
            _ => true,
        }
    }

    /// Its name as OpenAPI has it.
    pub fn name(&self) -> String {
        let (one, many) = (&self.object.type_name, pascal(self.object.plural));
        match self.operation {
            Operation::List => format!("list{many}"),
            Operation::Search => format!("search{many}"),
            Operation::Get => format!("get{one}"),
            Operation::Create => format!("create{one}"),
            Operation::Update => format!("update{one}"),
            Operation::Delete => format!("delete{one}"),
            Operation::Restore => format!("restore{one}"),
            Operation::Command(command) => command.name.clone(),
            Operation::View(view) => view.name.to_owned(),
            Operation::Collection(collection) => collection.name.to_owned(),
        }
    }

    /// Its field in the GraphQL schema.
    pub fn field(&self) -> String {
        match self.operation {
            Operation::List | Operation::Search => self.object.plural.to_owned(),
            Operation::Get => self.object.name.to_owned(),
            _ => self.name(),
        }
    }

    /// Makes the call, as somebody who reads everything of the records.
    pub async fn ask(&self, caller: &Caller, door: Door, asked: &Asked) -> Outcome {
        self.ask_for(caller, door, asked, |_| true).await
    }

    /// Makes the call, as somebody who reads only some fields.
    pub async fn ask_for(
        &self,
        caller: &Caller,
        door: Door,
        asked: &Asked,
        may_read: impl Fn(&str) -> bool,
    ) -> Outcome {
        let Request { method, path, body } = self.request(door, asked, may_read);
        let mut request = caller.request(method, &path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.read(door, &caller.send(request).await)
    }

    /// The request to a door.
    pub fn request(&self, door: Door, asked: &Asked, may_read: impl Fn(&str) -> bool) -> Request {
        match door {
            Door::Rest => self.rest(asked),
            Door::Graphql => {
                let (query, variables) = self.graphql(asked, &may_read);
                let body = json!({ "query": query, "variables": variables });
                Request { method: Method::POST, path: "/graphql".to_owned(), body: Some(body) }
            }
        }
    }

    /// Reads an answer of a door.
    pub fn read(&self, door: Door, reply: &Reply) -> Outcome {
        let status = reply.status.as_u16();
        let mut body = reply.json();
        if door == Door::Rest || body.get("code").is_some() {
            if !reply.status.is_success() {
                return Outcome::Refused(status, faults_of_problem(&body));
            }
            return Outcome::Done(match self.operation {
                Operation::List | Operation::Search | Operation::Collection(_) => body["items"].take(),
                _ => body,
            });
        }
        if let Some(errors) = body.get("errors").and_then(Json::as_array) {
            let fault = |error: &Json| fault(&error["extensions"]["code"], &error["extensions"]["pointer"]);
            return Outcome::Refused(status, errors.iter().map(fault).collect());
        }
        let mut answer = body["data"][self.field()].take();
        let errors = answer.as_object_mut().and_then(|members| members.remove("userErrors"));
        if let Some(Json::Array(errors)) = errors.filter(|errors| errors != &json!([])) {
            return Outcome::Refused(
                status,
                errors.iter().map(|error| fault(&error["code"], &error["field"])).collect(),
            );
        }
        Outcome::Done(match self.operation {
            Operation::List | Operation::Search => answer["nodes"].take(),
            Operation::Collection(_) => answer["nodes"].as_array().unwrap().iter().map(typed).collect(),
            Operation::Get | Operation::View(_) if answer.is_null() => {
                return Outcome::Refused(status, vec![fault(&"not_found".into(), &Json::Null)]);
            }
            Operation::Command(command) if is_standard(command) => answer[self.object.name].take(),
            Operation::Get | Operation::View(_) | Operation::Command(_) => answer,
            _ => answer[self.object.name].take(),
        })
    }
}

/// Whether the answer of an operation that writes is the record itself in REST.
fn is_standard(operation: &Declared) -> bool {
    operation.write().is_some_and(|write| write.is_standard)
}

/// The members of a command's input with their schemas.
pub fn input_members(command: &Declared) -> impl Iterator<Item = (String, Json, bool)> {
    let schema = match command.write().map(|write| &write.input) {
        Some(InputKind::Members(schema)) => serde_json::to_value(schema).unwrap(),
        _ => Json::Null,
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let members = schema["properties"].as_object().cloned().unwrap_or_default();
    members.into_iter().map(move |(name, schema)| {
        let required = required.contains(&name.as_str().into());
        (name, schema, required)
    })
}

fn typed(node: &Json) -> Json {
    let name = node["__typename"].as_str().unwrap();
    let name = format!("{}{}", name[..1].to_ascii_lowercase(), &name[1..]);
    json!({ "type": name, "id": node["id"] })
}

fn fault(code: &Json, pointer: &Json) -> Fault {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    Fault { code: text(code), pointer: text(pointer) }
}

fn faults_of_problem(body: &Json) -> Vec<Fault> {
    match body["errors"].as_array() {
        Some(errors) if !errors.is_empty() => {
            errors.iter().map(|error| fault(&error["code"], &error["pointer"])).collect()
        }
        _ => vec![fault(&body["code"], &Json::Null)],
    }
}
