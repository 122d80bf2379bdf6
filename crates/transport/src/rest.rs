//! REST: the operations of every object, its commands, views and collections, all behind three patterns of
//! paths that are looked up in the registry.

mod command;
mod filter;
mod list;
mod precondition;
mod query;
mod record;
mod reply;
mod route;
mod search;
mod select;
mod view;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, Payload},
};
use app::{Caller, Kith};
use kernel::{Code, Error, Result, id::TypeId, json, object::Object};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{Transport, problem, request};
use query::Parameters;
pub(crate) use select::{MAX_DEPTH, MAX_INCLUDED, MAX_LINKS, MAX_RECORDS};
pub(crate) use route::{Operation, Route};

/// The paths of all operations.
pub(crate) const PATHS: [&str; 3] = ["/v1/{objects}", "/v1/{objects}/{second}", "/v1/{objects}/{second}/{third}"];

/// Answers every operation.
pub(crate) async fn handle(transport: Data<Transport>, request: HttpRequest, payload: Payload) -> HttpResponse {
    match answer(&transport, &request, payload).await {
        Ok(response) => response,
        Err(error) => problem::answer(&error, &request::id(&request)),
    }
}

async fn answer(transport: &Transport, request: &HttpRequest, payload: Payload) -> Result<HttpResponse> {
    let kith = transport.kith();
    let part = |name| request.match_info().get(name);
    let route = Route::find(kith.registry(), kith.commands(), part("objects").unwrap_or_default(), part("second"), part("third"))?;
    let operation = route.choose(request.method().as_str())?;
    let ask = Ask {
        kith,
        caller: request::caller(transport, request).await?,
        request,
        object: route.object,
        id: route.id,
        parameters: Parameters::parse(request.query_string())?,
        body: request::body(transport, request, payload).await?,
    };
    match operation {
        Operation::List => list::list(ask).await,
        Operation::Search => list::search(ask).await,
        Operation::Create => record::create(ask).await,
        Operation::Get => record::get(ask).await,
        Operation::Update => record::update(ask).await,
        Operation::Delete => record::delete(ask).await,
        Operation::Restore => record::restore(ask).await,
        Operation::Command(command) => command::run(ask, command).await,
        Operation::View(view) => view::show(ask, view).await,
        Operation::Collection(collection) => list::collection(ask, collection).await,
    }
}

/// A request whose sender and operation are known.
struct Ask<'a> {
    kith: &'a Kith,
    caller: Caller,
    request: &'a HttpRequest,
    object: &'a Arc<Object>,
    id: Option<&'a str>,
    parameters: Parameters,
    body: Bytes,
}

impl Ask<'_> {
    /// The record that the path names. What is no id of the object names no record.
    fn id(&self) -> Result<Uuid> {
        let id = self.id.and_then(|text| TypeId::parse_as(&self.object.prefix, text));
        id.ok_or_else(|| Code::NotFound.into())
    }

    /// The members of the body, which has to be there.
    fn members(&self, content_types: &[&str]) -> Result<Map<String, Json>> {
        if !self.body.is_empty() {
            request::expect_content_type(self.request, content_types)?;
        }
        json::parse_object(&self.body)
    }

    /// The members of a body that may be left out.
    fn members_if_any(&self) -> Result<Map<String, Json>> {
        if self.body.is_empty() { Ok(Map::new()) } else { self.members(JSON) }
    }

    /// Refuses a body where none is read, for it would be ignored.
    fn no_body(&self) -> Result<()> {
        if self.body.is_empty() {
            return Ok(());
        }
        Err(Error::new(Code::Malformed, "the operation takes no body"))
    }
}

/// The content type of bodies.
const JSON: &[&str] = &["application/json"];
