//! The GraphQL door: what stands before the parser, and what comes out behind the plans.

mod coerce;
mod document;
mod error;
mod execution;
mod extension;
pub mod guard;
mod http;
mod introspection;
mod literals;
mod me;
mod mutation;
mod operation;
mod planner;
mod prepared;
mod resolve;
pub mod schema;

use std::{panic::AssertUnwindSafe, sync::Arc};

use app::{Caller, Demand, Kith};
use async_graphql::{
    Request, Response, Variables,
    dynamic::Schema,
    parser::types::{OperationDefinition, OperationType},
};
use futures::FutureExt;
use kernel::{Code, Error, Result, json, secret::masked};
use serde_json::{Map, Value as Json};

use crate::{Settings, problem};
use execution::{Executed, Execution};
use extension::Validity;
pub(crate) use http::{PATH, handle, overloaded};
use operation::ParsedOperation;
use prepared::Prepared;

/// The GraphQL endpoint of one schema.
#[derive(Clone)]
pub struct Gateway {
    schema: Schema,
    prepared: Arc<Prepared>,
    max_records: u64,
    field_by_field: bool,
}

/// What a client sends.
struct Sent {
    query: String,
    operation: Option<String>,
    variables: Map<String, Json>,
}

/// What a client gets: a body, and the code that decides the status where the request was refused.
pub struct Reply {
    /// The body.
    pub body: Vec<u8>,
    /// Why the request was refused; none where it was executed.
    pub refused: Option<Code>,
    /// Whether the body was a request at all.
    pub is_request: bool,
    /// Whether something may have been written although the request was refused.
    pub in_doubt: bool,
}

impl Gateway {
    /// The endpoint over the registries of objects and operations.
    pub fn new(kith: &Kith, settings: &Settings) -> Result<Self> {
        let schema =
            schema::build(kith.registry(), kith.operations()).map_err(|error| Error::internal(error.0))?;
        let Settings { max_records, field_by_field, .. } = *settings;
        Ok(Self { schema, prepared: Arc::default(), max_records, field_by_field })
    }

    /// How many requests were answered by operations that had been prepared before.
    pub fn answered_prepared(&self) -> u64 {
        self.prepared.answered()
    }

    /// Answers the body of a request.
    pub async fn answer(&self, kith: &Kith, caller: Caller, body: &[u8]) -> Reply {
        let request_id = Arc::clone(&caller.actor.request_id);
        let answer = self.try_answer(kith, caller, body).await;
        answer.unwrap_or_else(|error| refused(&error, &request_id))
    }

    /// Answers the body of a request, or says why it is refused.
    pub(crate) async fn try_answer(&self, kith: &Kith, caller: Caller, body: &[u8]) -> Result<Reply> {
        let answer = AssertUnwindSafe(self.execute(kith, caller, body)).catch_unwind().await;
        answer.unwrap_or_else(|_| Err(Error::internal("GraphQL has panicked")))
    }

    async fn execute(&self, kith: &Kith, caller: Caller, body: &[u8]) -> Result<Reply> {
        let Sent { query, operation: name, variables } = match read(body) {
            Ok(sent) => sent,
            Err(error) => {
                let caller = kith.reauthenticated(caller).await?;
                return Ok(Reply { is_request: false, ..refused(&error, &caller.actor.request_id) });
            }
        };
        let registry = self.schema.registry();
        let known = self.prepared.find(&query, name.as_deref());
        let operation = match &known {
            Some(known) => Arc::clone(known),
            None => Arc::new(ParsedOperation::read(registry, &query, name)?),
        };
        let variables = operation.fill(registry, variables)?;
        let demand = match operation.definition()?.ty {
            OperationType::Mutation => Demand::Write,
            _ => Demand::Read,
        };
        kith.admit(&caller.actor, demand)?;
        let mut execution = Execution::new(kith.clone(), caller, operation, variables, self.clone());
        if known.is_none() || !execution.is_repeatable()? {
            execution.caller = kith.reauthenticated(execution.caller).await?;
        }
        if known.is_none()
            && let Some(invalid) = self.invalid(&execution).await
        {
            return Ok(invalid);
        }
        if self.field_by_field && execution.operation.definition()?.ty == OperationType::Query {
            return self.field_by_field(execution).await;
        }
        let Executed { data, errors, cost, proved } = execution.run().await?;
        match known {
            Some(_) => self.prepared.count(),
            None => self.prepared.keep(query, &execution.operation),
        }
        if !proved {
            // What has not asked the database has not proved that the credential is still good.
            kith.reauthenticated(execution.caller).await?;
        }
        Ok(reply(&data, &errors, cost))
    }

    /// What is told of a document that is not valid.
    async fn invalid(&self, execution: &Execution) -> Option<Reply> {
        let validity = Validity::default();
        let response = self.schema.execute(request(execution).data(validity.clone())).await;
        if validity.get() {
            return None;
        }
        let errors = Json::from(told(execution, &response, Code::InvalidQuery));
        let body = masked(&format!(r#"{{"errors":{errors}}}"#)).into_owned().into_bytes();
        Some(Reply { body, refused: Some(Code::InvalidQuery), is_request: true, in_doubt: false })
    }

    /// Executes a query as async-graphql does.
    async fn field_by_field(&self, execution: Execution) -> Result<Reply> {
        let mut planner = execution.planner(&execution.caller);
        planner.query(&execution.operation.definition()?.selection_set.node).await?;
        let cost = planner.cost();
        let execution = Arc::new(execution);
        let request = request(&execution).data(Arc::clone(&execution));
        let response = self.schema.execute(request).await;
        executed(&execution, response, cost)
    }
}

/// The answer to what is refused.
fn refused(error: &Error, request_id: &str) -> Reply {
    problem::log(error, request_id);
    // What was sent may be repeated in what is told of it.
    let body = masked(&error::refusal(error, request_id).to_string()).into_owned().into_bytes();
    Reply { body, refused: Some(error.public_code()), is_request: true, in_doubt: error.is_in_doubt() }
}

/// What async-graphql validates.
fn request(execution: &Execution) -> Request {
    let variables = Variables::from_json(Json::Object(execution.variables.clone()));
    let mut request = Request::new("").variables(variables);
    request.operation_name.clone_from(&execution.operation.name);
    request.set_parsed_query(execution.operation.document.clone());
    request
}

/// What the executor answered.
fn executed(execution: &Execution, response: Response, cost: u64) -> Result<Reply> {
    let request_id = &execution.caller.actor.request_id;
    for error in &response.errors {
        match error.source::<Error>() {
            Some(error) => problem::log(error, request_id),
            None => tracing::error!(%request_id, error = %error.message, "a GraphQL field failed"),
        }
    }
    let errors = told(execution, &response, Code::Internal);
    let data = in_order(response.data, execution.document(), execution.operation.definition()?);
    Ok(reply(&serde_json::to_vec(&data).map_err(|error| Error::internal(error))?, &errors, cost))
}

/// The errors of a response, those without a code under this one.
fn told(execution: &Execution, response: &Response, code: Code) -> Vec<Json> {
    error::server_errors(&response.errors, code, &execution.caller.actor.request_id)
}

fn reply(data: &[u8], errors: &[Json], cost: u64) -> Reply {
    let mut body = Vec::with_capacity(data.len() + 64);
    body.extend_from_slice(b"{\"data\":");
    body.extend_from_slice(data);
    if !errors.is_empty() {
        body.extend_from_slice(format!(",\"errors\":{}", masked(&Json::from(errors).to_string())).as_bytes());
    }
    body.extend_from_slice(format!(",\"extensions\":{{\"cost\":{cost}}}}}").as_bytes());
    Reply { body, refused: None, is_request: true, in_doubt: false }
}

/// The executor leaves root fields in the order in which they were done, and failed ones out; the
/// specification wants them in the order of the document, null where they failed.
fn in_order(
    data: async_graphql::Value,
    document: document::Document<'_>,
    operation: &OperationDefinition,
) -> async_graphql::Value {
    let async_graphql::Value::Object(mut members) = data else { return data };
    let fields = document.fields(&[&operation.selection_set.node], &["Query"]);
    let member = |field: &document::Collected<'_>| {
        let value = members.swap_remove(field.key).unwrap_or_default();
        (async_graphql::Name::new(field.key), value)
    };
    async_graphql::Value::Object(fields.iter().map(member).collect())
}

/// Reads `{"query": …, "operationName": …, "variables": …, "extensions": …}` and nothing else.
fn read(body: &[u8]) -> Result<Sent> {
    let mut members = json::parse_object(body)?;
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::new(Code::Malformed, format!("{name}: text is expected"))),
    };
    let query = text("query")?.ok_or_else(|| Error::new(Code::Malformed, "query is missing"))?;
    // Consoles send the empty name where none is chosen.
    let operation = text("operationName")?.filter(|name| !name.is_empty());
    let mut object = |name: &str| match members.remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(Error::new(Code::Malformed, format!("{name}: an object is expected"))),
    };
    let variables = object("variables")?;
    object("extensions")?;
    if let Some(name) = members.keys().next() {
        return Err(Error::new(Code::Malformed, format!("there is no member {name}")));
    }
    Ok(Sent { query, operation, variables })
}
