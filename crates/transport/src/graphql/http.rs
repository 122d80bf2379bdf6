//! GraphQL over HTTP: what of the request is looked at before its document, and the status of the answer.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, Header as _},
    },
    web::{Data, Payload},
};
use kernel::{Code, Result};

use super::{Reply, error, refused};
use crate::{Transport, admission::Template, problem, request};

/// Where requests are sent to.
pub(crate) const PATH: &str = "/graphql";

/// The media type of GraphQL over HTTP; its clients look for errors whatever the status is.
const GRAPHQL: &str = "application/graphql-response+json";
/// The other one that its clients read.
const JSON: &str = "application/json";

/// Which media types the client reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// GraphQL's own.
    Graphql,
    /// JSON only: to such clients any other status than 200 comes from something in between.
    Json,
    /// It does not say.
    Anything,
}

/// Answers a request to `/graphql`: a POST of JSON, and nothing else.
pub(crate) async fn handle(
    transport: Data<Transport>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    match reply(&transport, &request, payload).await {
        Ok(reply) => answer(reply, reads(&request)),
        Err(error) => problem::answer(&error, &request::id(&request)),
    }
}

/// Answers who is turned away.
pub(crate) fn overloaded(request: &HttpRequest, request_id: &str) -> HttpResponse {
    static TEXT: LazyLock<Template> =
        LazyLock::new(|| Template::new(|id| error::refusal(&Code::Overloaded.into(), id).to_string()));
    let body = TEXT.fill(request_id).into_bytes();
    let reply = Reply { body, refused: Some(Code::Overloaded), is_request: true, in_doubt: false };
    answer(reply, reads(request))
}

/// The status and the media type of an answer, by the draft of GraphQL over HTTP.
fn answer(reply: Reply, reads: Reads) -> HttpResponse {
    let mut response = match reply.refused {
        Some(code) => problem::head(code, reply.in_doubt),
        None => HttpResponse::Ok(),
    };
    let is_clients_fault =
        reply.is_request && reply.refused.is_some_and(|code| problem::status(code).is_client_error());
    if reads == Reads::Json && is_clients_fault {
        response.status(StatusCode::OK);
    }
    let media = match reads {
        Reads::Graphql => GRAPHQL,
        Reads::Anything if reply.refused.is_some() => GRAPHQL,
        Reads::Anything | Reads::Json => JSON,
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(format!("{media}; charset=utf-8"));
    response.body(reply.body)
}

/// The first of the media types that the client prefers. One that reads none of them gets what the server has.
fn reads(request: &HttpRequest) -> Reads {
    let Ok(accept) = header::Accept::parse(request) else { return Reads::Anything };
    let known = accept.ranked().into_iter().find_map(|media| match media.essence_str() {
        GRAPHQL => Some(Reads::Graphql),
        JSON => Some(Reads::Json),
        "*/*" | "application/*" => Some(Reads::Anything),
        _ => None,
    });
    known.unwrap_or(Reads::Anything)
}

async fn reply(transport: &Transport, request: &HttpRequest, payload: Payload) -> Result<Reply> {
    if request.method() != Method::POST {
        return Err(problem::method_not_allowed(["POST"]));
    }
    request::expect_content_type(request, &["application/json"])?;
    request::refuse_unsupported(request)?;
    let body = request::body(transport, request, payload).await?;
    let (kith, gateway) = (transport.kith(), transport.gateway()?);
    let answer = async |caller| gateway.try_answer(kith, caller, &body).await;
    match request::with_cached_caller(transport, request, true, answer).await {
        // Who is not known is told so as everywhere; what else is refused, GraphQL says in its own way.
        Err(error) if error.code != Code::Unauthenticated => Ok(refused(&error, &request::id(request))),
        answered => answered,
    }
}
