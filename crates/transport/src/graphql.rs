//! The GraphQL door: what stands before the parser, and what comes out behind the plans.

mod document;
mod error;
mod extension;
pub mod guard;
mod http;
mod planner;
mod resolve;
pub mod schema;

use std::{panic::AssertUnwindSafe, sync::Arc};

use app::{Caller, Kith};
use async_graphql::{
    Request, Variables,
    dynamic::Schema,
    parser::{
        parse_query,
        types::{BaseType, OperationDefinition, OperationType, Type},
    },
};
use futures::FutureExt;
use kernel::{Code, Error, Result, json};
use serde_json::{Map, Value as Json};

use extension::Ask;
pub(crate) use http::handle;

/// The GraphQL endpoint of one schema.
#[derive(Clone)]
pub struct Gateway {
    schema: Schema,
    field_by_field: bool,
}

/// What a client sends.
struct Sent {
    query: String,
    operation: Option<String>,
    variables: Variables,
}

/// What a client gets: a body, and the code that decides the status where the request was refused.
pub struct Reply {
    /// The body.
    pub body: Vec<u8>,
    /// Why the request was refused; none where it was executed.
    pub refused: Option<Code>,
}

impl Gateway {
    /// The endpoint over the registry and the commands. For comparing, all can be resolved field by field.
    pub fn new(kith: &Kith, field_by_field: bool) -> Result<Self> {
        let schema =
            schema::build(kith.registry(), kith.commands()).map_err(|error| Error::internal(error.0))?;
        Ok(Self { schema, field_by_field })
    }

    /// Answers the body of a request.
    pub async fn answer(&self, kith: &Kith, caller: Caller, body: &[u8]) -> Reply {
        let request_id = Arc::clone(&caller.actor.request_id);
        let answer = AssertUnwindSafe(self.execute(kith, caller, body)).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| Err(Error::internal("GraphQL has panicked")));
        answer.unwrap_or_else(|error| {
            if let Some(cause) = &error.cause {
                tracing::error!(%request_id, %cause, "a GraphQL request failed");
            }
            let body = error::refusal(&error, &request_id).to_string().into_bytes();
            Reply { body, refused: Some(error.public_code()) }
        })
    }

    async fn execute(&self, kith: &Kith, caller: Caller, body: &[u8]) -> Result<Reply> {
        let Sent { query, operation, mut variables } = read(body)?;
        guard::check(&query).map_err(|refusal| {
            let code = if refusal.is_about_text() { Code::Malformed } else { Code::QueryTooComplex };
            Error::new(code, refusal.detail).with("reason", refusal.reason)
        })?;
        let document = parse_query(&query).map_err(|error| Error::new(Code::Malformed, error.to_string()))?;
        let meant = document::operation(&document, operation.as_deref())?;
        self.check_variables(meant)?;
        if meant.ty == OperationType::Subscription {
            return Err(Error::new(Code::InvalidQuery, "there are no subscriptions"));
        }
        document::fill_defaults(meant, &mut variables);
        document::expect_required(meant, &variables)?;
        let request_id = Arc::clone(&caller.actor.request_id);
        let ask = Ask::new(
            kith.clone(),
            caller,
            document.clone(),
            variables.clone(),
            operation.clone(),
            self.field_by_field,
        );
        let ask = Arc::new(ask);
        let mut request = Request::new("").variables(variables).data(Arc::clone(&ask));
        request.operation_name = operation;
        request.set_parsed_query(document);
        let response = self.schema.execute(request).await;
        let outcome = ask.outcome();
        if let Some(refusal) = outcome.refusal {
            return Err(refusal);
        }
        let errors = |code| Json::Array(error::server_errors(&response.errors, code, &request_id));
        if !outcome.validated {
            let body = format!(r#"{{"errors":{}}}"#, errors(Code::InvalidQuery));
            return Ok(Reply { body: body.into_bytes(), refused: Some(Code::InvalidQuery) });
        }
        let data = match outcome.data {
            Some(data) => data,
            None => {
                let document = document::Document { document: &ask.document, variables: &ask.variables };
                let data = in_order(
                    response.data,
                    &document,
                    document::operation(&ask.document, ask.operation.as_deref())?,
                );
                serde_json::to_vec(&data).map_err(Error::internal)?
            }
        };
        let mut body = Vec::with_capacity(data.len() + 64);
        body.extend_from_slice(b"{\"data\":");
        body.extend_from_slice(&data);
        if !response.errors.is_empty() {
            for error in &response.errors {
                let cause =
                    error.source::<Error>().and_then(|error| error.cause.as_ref()).map(ToString::to_string);
                tracing::error!(%request_id, error = %error.message, cause, "a GraphQL field failed");
            }
            body.extend_from_slice(format!(",\"errors\":{}", errors(Code::Internal)).as_bytes());
        }
        body.extend_from_slice(format!(",\"extensions\":{{\"cost\":{}}}}}", outcome.cost).as_bytes());
        Ok(Reply { body, refused: None })
    }

    /// Refuses variables of unknown types: async-graphql 7.2.1 panics on some of them that have a default.
    fn check_variables(&self, operation: &OperationDefinition) -> Result<()> {
        for definition in &operation.variable_definitions {
            let name = base(&definition.node.var_type.node);
            if !self.schema.registry().types.contains_key(name) {
                return Err(Error::new(Code::InvalidQuery, format!("there is no type {name}")));
            }
        }
        Ok(())
    }
}

/// The executor leaves root fields in the order in which they were done, and failed ones out; the
/// specification wants them in the order of the document, null where they failed.
fn in_order(
    data: async_graphql::Value,
    document: &document::Document<'_>,
    operation: &OperationDefinition,
) -> async_graphql::Value {
    let async_graphql::Value::Object(mut members) = data else { return data };
    let root = if operation.ty == OperationType::Mutation { "Mutation" } else { "Query" };
    let fields = document.fields(&[&operation.selection_set.node], &[root]);
    let member = |field: &document::Collected<'_>| {
        let value = members.swap_remove(field.key).unwrap_or_default();
        (async_graphql::Name::new(field.key), value)
    };
    async_graphql::Value::Object(fields.iter().map(member).collect())
}

fn base(of: &Type) -> &str {
    let mut of = &of.base;
    loop {
        match of {
            BaseType::Named(name) => return name,
            BaseType::List(inner) => of = &inner.base,
        }
    }
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
    let operation = text("operationName")?;
    let mut object = |name: &str| match members.remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(Error::new(Code::Malformed, format!("{name}: an object is expected"))),
    };
    let variables = Variables::from_json(Json::Object(object("variables")?));
    object("extensions")?;
    if let Some(name) = members.keys().next() {
        return Err(Error::new(Code::Malformed, format!("there is no member {name}")));
    }
    Ok(Sent { query, operation, variables })
}
