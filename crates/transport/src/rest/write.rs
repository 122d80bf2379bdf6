//! Operations that write: the standard ones and the commands.

use actix_web::{HttpResponse, http::StatusCode};
use app::operation::{Call, InputKind, Operation, Reading, Write};
use kernel::{Code, Error, Result, Violation, input::Purpose, object::Action};
use serde_json::Map;

use super::{Ask, JSON, answer::PlannedAnswer, select::Selection};

/// What a change may be sent as: JSON Merge Patch (RFC 7396).
const PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

pub async fn perform(mut ask: Ask<'_>, operation: &Operation, write: &Write) -> Result<HttpResponse> {
    let selection = if write.is_standard { ask.take_selection()? } else { Selection::default() };
    ask.parameters.finish()?;
    let (kith, caller) = (ask.kith, &ask.caller);
    let mut planned = PlannedAnswer::plan(kith, caller, &write.outputs, write.is_standard, selection)?;
    let call = ask.call(operation, write).await?;
    let answer = async |work: Reading<'_>, produced: Vec<_>| planned.write(work, &produced).await;
    let written = kith.perform(&caller.actor, operation, &call, answer).await?;
    let status = match (write.starts_job, operation.action) {
        (true, _) => StatusCode::ACCEPTED,
        (false, Action::Create) => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    Ok(written.response(status))
}

impl Ask<'_> {
    /// The call that the request makes.
    async fn call(&self, operation: &Operation, write: &Write) -> Result<Call> {
        let mut input = match write.input {
            InputKind::Fields(Purpose::Update) => self.members(PATCH)?,
            InputKind::Fields(_) => self.members(JSON)?,
            InputKind::Nothing | InputKind::Members(_) if operation.takes_body() => self.members_if_any()?,
            InputKind::Nothing | InputKind::Members(_) => self.no_body().map(|()| Map::new())?,
        };
        let mut call = Call::default();
        if operation.on_record {
            call.expected_version = match write.input {
                InputKind::Fields(_) => self.expected().await?,
                InputKind::Nothing | InputKind::Members(_) => self.expected_by_body(&mut input).await?,
            };
            call.id = Some(self.id()?);
        }
        if let InputKind::Nothing = write.input {
            let unknown = |name: &String| {
                Violation::new(Code::UnknownField, format!("/{name}"), format!("there is no member {name}"))
            };
            let unknown: Vec<_> = input.keys().map(unknown).collect();
            if !unknown.is_empty() {
                return Err(Error::invalid(unknown));
            }
        }
        Ok(Call { input, ..call })
    }
}
