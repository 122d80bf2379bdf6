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

/// What the paths of all operations begin with. What follows is looked up in the registry: a pattern would be
/// matched by the router, slowly, for nothing.
pub(crate) const ROOT: &str = "/v1";

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
    let [objects, second, third] = parts(request.match_info().unprocessed())?;
    let route = Route::find(kith.registry(), kith.commands(), objects.unwrap_or_default(), second, third)?;
    let operation = route.choose(request.method().as_str())?;
    request::refuse_unsupported(request)?;
    let mut incoming = Incoming::new(payload);
    let run = async |caller: Caller| {
        let ask = Ask {
            transport,
            kith,
            caller,
            request,
            object: route.object,
            id: route.id,
            parameters: Parameters::parse(request.query_string())?,
            incoming: &mut incoming,
        };
        ask.answer(operation).await
    };
    request::acting(transport, request, operation.can_begin_anew(route.object), run).await
}

/// The parts of a path behind `/v1`, up to three.
fn parts(path: &str) -> Result<[Option<&str>; 3]> {
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
    let found = [parts.next(), parts.next(), parts.next()];
    let is_known = parts.next().is_none() && found.iter().flatten().all(|part| !part.is_empty());
    if is_known { Ok(found) } else { Err(Code::UnknownOperation.into()) }
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
    incoming: &'a mut Incoming,
}

/// What is on its way into the server: a body that is read once and can be looked at again.
struct Incoming {
    payload: Payload,
    body: Option<Bytes>,
}

impl Incoming {
    fn new(payload: Payload) -> Self {
        Self { payload, body: None }
    }
}

impl Ask<'_> {
    async fn answer(self, operation: Operation<'_>) -> Result<HttpResponse> {
        match operation {
            Operation::List => list::list(self).await,
            Operation::Search => list::search(self).await,
            Operation::Create => record::create(self).await,
            Operation::Get => record::get(self).await,
            Operation::Update => record::update(self).await,
            Operation::Delete => record::delete(self).await,
            Operation::Restore => record::restore(self).await,
            Operation::Command(command) => command::run(self, command).await,
            Operation::View(view) => view::show(self, view).await,
            Operation::Collection(collection) => list::collection(self, collection).await,
            Operation::Upload => files::upload(self).await,
            Operation::Download => files::download(self).await,
        }
    }

    /// The record that the path names. What is no id of the object names no record.
    fn id(&self) -> Result<Uuid> {
        let id = self.id.and_then(|text| TypeId::parse_as(&self.object.prefix, text));
        id.ok_or_else(|| Code::NotFound.into())
    }

    async fn body(&mut self) -> Result<Bytes> {
        if let Some(body) = &self.incoming.body {
            return Ok(body.clone());
        }
        let body = request::body(self.transport, self.request, &mut self.incoming.payload).await?;
        Ok(self.incoming.body.insert(body).clone())
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
