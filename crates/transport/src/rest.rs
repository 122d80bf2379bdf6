//! REST: the operations of every object, its commands, views and collections, all behind three patterns of
//! paths that are looked up in the registry.

mod answer;
mod files;
mod filter;
mod get;
mod list;
mod me;
mod precondition;
mod query;
mod reply;
mod route;
mod search;
mod select;
mod view;
mod write;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, Payload},
};
use app::{
    Caller, Kith,
    operation::{Operation, OperationKind},
};
use kernel::{Code, Error, Result, id::TypeId, json, object::Object};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{Transport, problem, request};
pub(crate) use files::is_upload;
pub(crate) use query::MAX_NAMES;
use query::Parameters;
pub(crate) use route::Route;
pub(crate) use select::{MAX_DEPTH, MAX_INCLUDED, MAX_LINKS, MAX_RECORDS};

/// What the paths of all operations begin with. What follows is looked up in the registry: a pattern would be
/// matched by the router, slowly, for nothing.
pub(crate) const ROOT: &str = "/v1";
/// What the paths of searches end with.
pub(crate) const SEARCH: &str = "/search";
/// Where callers learn who they are, below the root.
pub(crate) const ME: &str = "/me";

/// Answers every operation.
pub(crate) async fn handle(
    transport: Data<Transport>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    match answer(&transport, &request, payload).await {
        Ok(response) => response,
        Err(error) => problem::answer(&request::unless_misspelled(&request, error), &request::id(&request)),
    }
}

async fn answer(transport: &Transport, request: &HttpRequest, mut payload: Payload) -> Result<HttpResponse> {
    let kith = transport.kith();
    let path = request.match_info().unprocessed();
    if path == ME {
        return me::show(transport, request, payload).await;
    }
    let [objects, second, third] = parts(path)?;
    let objects = objects.unwrap_or_default();
    let route = Route::find(kith.registry(), kith.operations(), objects, second, third)?;
    let operation = route.choose(request.method().as_str())?;
    request::refuse_unsupported(request)?;
    precondition::refuse_unhonoured(request, operation)?;
    // Who sends a request is looked at once it is there: a body may take its time, and a key end meanwhile. A file
    // is too long to be waited for; its sender is looked at before it and after it.
    let body = match operation.kind {
        OperationKind::Upload => Bytes::new(),
        _ => request::body(transport, request, &mut payload).await?,
    };
    let run = async |caller: Caller| {
        let ask = Ask {
            transport,
            kith,
            caller,
            request,
            object: route.object,
            id: route.id,
            parameters: Parameters::parse(request.query_string()),
            body: &body,
            payload: &mut payload,
        };
        ask.answer(operation).await
    };
    request::with_cached_caller(transport, request, operation.is_repeatable(), run).await
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
    body: &'a [u8],
    /// The body of an upload, which comes as it is read.
    payload: &'a mut Payload,
}

impl Ask<'_> {
    async fn answer(self, operation: &Operation) -> Result<HttpResponse> {
        match &operation.kind {
            OperationKind::List => list::list(self).await,
            OperationKind::Search => list::search(self).await,
            OperationKind::Get => get::get(self).await,
            OperationKind::View(view) => view::show(self, view).await,
            OperationKind::Collection(collection) => list::collection(self, collection).await,
            OperationKind::Download => files::download(self).await,
            // What writes is larger than all that reads, which would have to be moved with it.
            OperationKind::Write(write) => Box::pin(write::perform(self, operation, write)).await,
            OperationKind::Upload => Box::pin(files::upload(self)).await,
        }
    }

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
        json::parse_object(self.body)
    }

    /// The members of a body that may be left out.
    fn members_if_any(&self) -> Result<Map<String, Json>> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        self.members(JSON)
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
