//! REST: the operations of every object, its commands, views and collections, all behind three patterns of
//! paths that are looked up in the registry.

mod command;
mod files;
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
pub(crate) use files::is_upload;
use query::Parameters;
pub(crate) use route::{FILE, Operation, Route};
pub(crate) use select::{MAX_DEPTH, MAX_INCLUDED, MAX_LINKS, MAX_RECORDS};

/// The paths of all operations.
pub(crate) const PATHS: [&str; 3] =
    ["/v1/{objects}", "/v1/{objects}/{second}", "/v1/{objects}/{second}/{third}"];

/// Answers every operation.
pub(crate) async fn handle(
    transport: Data<Transport>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    match answer(&transport, &request, payload).await {
        Ok(response) => response,
        Err(error) => problem::answer(&error, &request::id(&request)),
    }
}

async fn answer(transport: &Transport, request: &HttpRequest, payload: Payload) -> Result<HttpResponse> {
    let kith = transport.kith();
    let part = |name| request.match_info().get(name);
    let objects = part("objects").unwrap_or_default();
    let route = Route::find(kith.registry(), kith.commands(), objects, part("second"), part("third"))?;
    let operation = route.choose(request.method().as_str())?;
    request::refuse_unsupported(request)?;
    let ask = Ask {
        transport,
        kith,
        caller: request::caller(transport, request).await?,
        request,
        object: route.object,
        id: route.id,
        parameters: Parameters::parse(request.query_string())?,
        payload,
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
        Operation::Upload => files::upload(ask).await,
        Operation::Download => files::download(ask).await,
    }
}

/// A request whose sender and operation are known.
struct Ask<'a> {
    transport: &'a Transport,
    kith: &'a Kith,
    caller: Caller,
    request: &'a HttpRequest,
    object: &'a Arc<Object>,
    id: Option<&'a str>,
    parameters: Parameters,
    payload: Payload,
}

impl Ask<'_> {
    /// The record that the path names. What is no id of the object names no record.
    fn id(&self) -> Result<Uuid> {
        let id = self.id.and_then(|text| TypeId::parse_as(&self.object.prefix, text));
        id.ok_or_else(|| Code::NotFound.into())
    }

    async fn body(&mut self) -> Result<Bytes> {
        request::body(self.transport, self.request, &mut self.payload).await
    }

    /// The members of the body, which has to be there.
    async fn members(&mut self, content_types: &[&str]) -> Result<Map<String, Json>> {
        let body = self.body().await?;
        if !body.is_empty() {
            request::expect_content_type(self.request, content_types)?;
        }
        json::parse_object(&body)
    }

    /// The members of a body that may be left out.
    async fn members_if_any(&mut self) -> Result<Map<String, Json>> {
        let body = self.body().await?;
        if body.is_empty() {
            return Ok(Map::new());
        }
        request::expect_content_type(self.request, JSON)?;
        json::parse_object(&body)
    }

    /// Refuses a body where none is read, for it would be ignored.
    async fn no_body(&mut self) -> Result<()> {
        if self.body().await?.is_empty() {
            return Ok(());
        }
        Err(Error::new(Code::Malformed, "the operation takes no body"))
    }
}

/// The content type of bodies.
const JSON: &[&str] = &["application/json"];
