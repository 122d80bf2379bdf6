//! Who the caller is and what they may do.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Payload};
use app::{Caller, Kith};
use kernel::{
    Code, Error, Result,
    answer::{Writer, write_record},
    object::Action,
    plan::Plan,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{query::Parameters, reply, select::Selection};
use crate::{Transport, problem, request};

pub async fn show(
    transport: &Transport,
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse> {
    if !matches!(request.method().as_str(), "GET" | "HEAD") {
        return Err(problem::method_not_allowed(["GET", "HEAD"]));
    }
    let body = request::body(transport, request, &mut payload).await?;
    let answer = async |caller: Caller| {
        if !body.is_empty() {
            return Err(Error::new(Code::Malformed, "the operation takes no body"));
        }
        Parameters::parse(request.query_string()).finish()?;
        me(transport.kith(), &caller).await
    };
    let me = request::with_cached_caller(transport, request, true, answer).await?;
    Ok(reply::json(StatusCode::OK).body(me.to_string()))
}

async fn me(kith: &Kith, caller: &Caller) -> Result<Json> {
    let actor = &caller.actor;
    Ok(json!({
        "user": record(kith, caller, "user", actor.user).await?,
        "role": actor.access.role().name,
        "workspace": record(kith, caller, "workspace", actor.workspace).await?,
        "permissions": kith.permissions(actor),
    }))
}

async fn record(kith: &Kith, caller: &Caller, object: &str, id: Uuid) -> Result<Json> {
    let mut plan = Plan::by_id(caller.actor.permit(kith.object(object)?, Action::Read)?, id);
    let shape = Selection::default().shape(&mut plan)?;
    let budget = kith.budget();
    let table = kith.read(&plan, &budget).await?;
    if table.is_empty() {
        return Err(Code::NotFound.into());
    }
    let mut text = Vec::new();
    let seal = |plan: &Plan, keys: &[kernel::Value], backward| caller.seal.seal(plan, keys, backward);
    write_record(&mut text, &plan, &table, 0, &shape, Writer { seal: &seal, budget: &budget })?;
    serde_json::from_slice(&text).map_err(|error| Error::internal(error))
}
