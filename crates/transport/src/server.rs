//! What the server tells about itself, and what it tells where there is nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web::Data,
};
use kernel::{Code, Result};
use serde_json::json;

use crate::{Transport, problem, request};

/// The process runs.
pub(crate) async fn alive(request: HttpRequest) -> HttpResponse {
    told(&request, Ok(()), "alive")
}

/// The store answers.
pub(crate) async fn ready(transport: Data<Transport>, request: HttpRequest) -> HttpResponse {
    let ready = transport.kith().ready().await;
    told(&request, ready.map_err(|error| kernel::Error { code: Code::Unavailable, ..error }), "ready")
}

/// The OpenAPI document.
pub(crate) async fn document(transport: Data<Transport>, request: HttpRequest) -> HttpResponse {
    match only_get(&request) {
        Ok(()) => HttpResponse::Ok().content_type("application/json").body(transport.document()),
        Err(error) => problem::answer(&error, &request::id(&request)),
    }
}

/// What a code means.
pub(crate) async fn code(request: HttpRequest) -> HttpResponse {
    let name = request.match_info().query("code");
    let found = Code::ALL.iter().find(|code| code.as_str() == name).ok_or(Code::NotFound);
    match only_get(&request).and(found.map_err(Into::into)) {
        Ok(code) => {
            let (status, meaning) = (problem::status(*code).as_u16(), code.meaning());
            let body = json!({ "code": name, "status": status, "meaning": meaning });
            HttpResponse::Ok().content_type("application/json").body(body.to_string())
        }
        Err(error) => problem::answer(&error, &request::id(&request)),
    }
}

/// There is no such path.
pub(crate) async fn nothing(request: HttpRequest) -> HttpResponse {
    let error = request::unless_misspelled(&request, Code::UnknownOperation.into());
    problem::answer(&error, &request::id(&request))
}

fn told(request: &HttpRequest, outcome: Result<()>, status: &str) -> HttpResponse {
    match only_get(request).and(outcome) {
        Ok(()) => {
            let mut response = HttpResponse::Ok();
            response.insert_header((header::CACHE_CONTROL, "no-store"));
            response.content_type("application/json").body(json!({ "status": status }).to_string())
        }
        Err(error) => problem::answer(&error, &request::id(request)),
    }
}

fn only_get(request: &HttpRequest) -> Result<()> {
    match *request.method() {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(problem::method_not_allowed(["GET", "HEAD"])),
    }
}
