//! One record, by its id.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use kernel::{Code, Result, object::Action, plan::Deleted};

use super::{
    Ask,
    precondition::is_known,
    reply::{json, set_tag},
};

pub async fn get(mut ask: Ask<'_>) -> Result<HttpResponse> {
    ask.no_body()?;
    let selection = ask.take_selection()?;
    ask.parameters.finish()?;
    let permit = ask.caller.actor.permit(ask.object, Action::Read)?;
    let shown = ask.shown(permit, ask.id()?, &selection, Deleted::Exclude).await?.ok_or(Code::NotFound)?;
    let mut response = json(StatusCode::OK);
    // The version says nothing about the records behind links.
    let version = shown.version.filter(|_| !selection.follows_links());
    if let Some(version) = version {
        response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
        response.insert_header((header::VARY, "Authorization"));
        set_tag(&mut response, Some(version));
        if is_known(ask.request, version)? {
            return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
        }
    }
    Ok(response.body(shown.json))
}
