//! GraphQL over HTTP: what of the request is looked at before its document, and the status of the answer.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web::{Data, Payload},
};
use kernel::{Code, Result};

use super::{Reply, refused};
use crate::{Transport, problem, request};

/// Answers a request to `/graphql`: a POST of JSON, and nothing else.
pub(crate) async fn handle(
    transport: Data<Transport>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    match reply(&transport, &request, payload).await {
        Ok(Reply { body, refused }) => {
            let status = refused.map_or(actix_web::http::StatusCode::OK, problem::status);
            let mut response = HttpResponse::build(status);
            response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("application/json");
            response.body(body)
        }
        Err(error) => problem::answer(&error, &request::id(&request)),
    }
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
    match request::acting(transport, request, true, answer).await {
        // Who is not known is told so as everywhere; what else is refused, GraphQL says in its own way.
        Err(error) if error.code != Code::Unauthenticated => Ok(refused(&error, &request::id(request))),
        answered => answered,
    }
}
