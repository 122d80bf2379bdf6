//! One record: get, create, update, delete, restore.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use kernel::{Code, Error, Permit, Record, Result, Violation, object::Action, plan::Deleted};

use super::{
    Ask, JSON,
    precondition::is_known,
    reply::{json, location, set_tag},
    select::Selection,
};

/// What a change may be sent as: JSON Merge Patch (RFC 7396).
const PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

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

pub async fn create(mut ask: Ask<'_>) -> Result<HttpResponse> {
    let (selection, permit) = ask.before_writing()?;
    let input = ask.members(JSON)?;
    let record = ask.kith.create(&ask.caller.actor, ask.object.name, &input).await?;
    let mut response = json(StatusCode::CREATED);
    response.insert_header((header::LOCATION, location(ask.object, record.id())));
    ask.written(response, permit, &record, &selection).await
}

pub async fn update(mut ask: Ask<'_>) -> Result<HttpResponse> {
    let (selection, permit) = ask.before_writing()?;
    let expected = ask.expected().await?;
    let input = ask.members(PATCH)?;
    let record = ask.kith.update(&ask.caller.actor, ask.object.name, ask.id()?, expected, &input).await?;
    ask.written(json(StatusCode::OK), permit, &record, &selection).await
}

pub async fn delete(mut ask: Ask<'_>) -> Result<HttpResponse> {
    ask.no_body()?;
    let (selection, permit) = ask.before_writing()?;
    let expected = ask.expected().await?;
    let record = ask.kith.delete(&ask.caller.actor, ask.object.name, ask.id()?, expected).await?;
    ask.written(json(StatusCode::OK), permit, &record, &selection).await
}

pub async fn restore(mut ask: Ask<'_>) -> Result<HttpResponse> {
    let (selection, permit) = ask.before_writing()?;
    let mut input = ask.members_if_any()?;
    let expected = ask.expected_by_body(&mut input).await?;
    let unknown = |name: &String| {
        Violation::new(Code::UnknownField, format!("/{name}"), format!("there is no member {name}"))
    };
    let unknown: Vec<_> = input.keys().map(unknown).collect();
    if !unknown.is_empty() {
        return Err(Error::invalid(unknown));
    }
    let record = ask.kith.restore(&ask.caller.actor, ask.object.name, ask.id()?, expected).await?;
    ask.written(json(StatusCode::OK), permit, &record, &selection).await
}

impl Ask<'_> {
    /// What the answer will show; all that can be wrong with it is told before anything is written.
    pub fn before_writing(&mut self) -> Result<(Selection, Permit)> {
        let selection = self.take_selection()?;
        self.parameters.finish()?;
        let permit = self.caller.actor.permit(self.object, Action::Read)?;
        selection.shape(&mut kernel::plan::Plan::new(permit.clone()))?;
        Ok((selection, permit.unconditional()))
    }

    /// Shows a record that was just written.
    pub async fn written(
        &self,
        mut response: HttpResponseBuilder,
        permit: Permit,
        record: &Record,
        selection: &Selection,
    ) -> Result<HttpResponse> {
        let shown = self.shown_record(permit, record, selection).await?;
        let shown = shown.ok_or_else(|| Error::internal("a record that was written cannot be read"))?;
        set_tag(&mut response, shown.version);
        Ok(response.body(shown.json))
    }
}
