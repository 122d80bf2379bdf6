//! Commands: named operations with inputs and outputs of their own.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use app::command::{Call, OutputKind, Product, Registered};
use kernel::{Result, object::Action, plan::Deleted};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{
    Ask,
    reply::{Shown, json, location, set_tag},
    select::Selection,
};

pub async fn run(mut ask: Ask<'_>, command: &Registered) -> Result<HttpResponse> {
    ask.parameters.finish()?;
    let mut call = Call { input: ask.members_if_any()?, ..Call::default() };
    if command.on_record {
        call.id = Some(ask.id()?);
        call.expected_version = ask.expected_by_body(&mut call.input).await?;
    }
    let produced = command.run(ask.kith, &ask.caller.actor, call).await?;

    let status = match (command.spec.starts_job, command.spec.action) {
        (true, _) => StatusCode::ACCEPTED,
        (false, Action::Create) => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let mut response = json(status);
    let mut body = vec![b'{'];
    let mut records = Vec::new();
    for (index, (output, product)) in command.spec.outputs.iter().zip(&produced).enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(format!("{}:", Json::from(output.name)).as_bytes());
        match (output.kind, product) {
            (OutputKind::Record(object), Product::Record(id)) => match ask.produced(object, *id).await? {
                Some(shown) => {
                    body.extend_from_slice(&shown.json);
                    records.push((object, *id, shown.version));
                }
                None => body.extend_from_slice(b"null"),
            },
            (_, Product::Text(text)) => {
                body.extend_from_slice(Json::from(text.as_str()).to_string().as_bytes())
            }
            _ => body.extend_from_slice(b"null"),
        }
    }
    body.push(b'}');

    if let [(object, id, version)] = records.as_slice() {
        set_tag(&mut response, *version);
        if status != StatusCode::OK {
            response.insert_header((header::LOCATION, location(ask.kith.object(object)?, *id)));
        }
    }
    Ok(response.body(body))
}

impl Ask<'_> {
    /// A record that a command produced; none where the caller may not see it, for what is done is done.
    async fn produced(&self, object: &str, id: Uuid) -> Result<Option<Shown>> {
        match self.caller.actor.permit(self.kith.object(object)?, Action::Read) {
            Ok(permit) => {
                self.shown(permit.unconditional(), id, &Selection::default(), Deleted::Include).await
            }
            Err(_) => Ok(None),
        }
    }
}
