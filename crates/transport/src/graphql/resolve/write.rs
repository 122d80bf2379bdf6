//! Mutations, as the executor runs them: the operation, then what its payload shows.

use std::sync::Arc;

use app::command::{Call, Output, OutputKind, Product};
use async_graphql::dynamic::{FieldFuture, FieldValue, ResolverContext};
use kernel::{
    Code, Result,
    object::{Action, Object},
    plan::Deleted,
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{Answer, Answered, argument, asked, future, id_argument, node_of, parent, plain, ready};
use crate::graphql::{error, schema::mutation::Standard};

/// What a mutation wrote.
struct Payload {
    outputs: Vec<(&'static str, Option<Shown>)>,
    errors: Vec<Json>,
}

enum Shown {
    Record(&'static str, Uuid),
    Text(String),
}

/// A standard operation that writes.
pub fn write<'a>(ctx: ResolverContext<'a>, standard: Standard, object: Arc<Object>) -> FieldFuture<'a> {
    future(async move {
        let ask = asked(&ctx)?;
        let (kith, actor) = (&ask.kith, &ask.caller.actor);
        let written = match (standard, target(&ctx, &object)) {
            (Standard::Create, _) => kith.create(actor, object.name, &input(&ctx)?).await,
            (_, Err(error)) => Err(error),
            (Standard::Update, Ok((id, seen))) => {
                kith.update(actor, object.name, id, seen, &input(&ctx)?).await
            }
            (Standard::Delete, Ok((id, seen))) => kith.delete(actor, object.name, id, seen).await,
            (Standard::Restore, Ok((id, seen))) => kith.restore(actor, object.name, id, seen).await,
        };
        let written =
            written.map(|record| vec![(object.name, Some(object.name), Product::Record(record.id()))]);
        payload(written)
    })
}

/// A command.
pub fn command<'a>(ctx: ResolverContext<'a>, name: &'static str) -> FieldFuture<'a> {
    future(async move {
        let ask = asked(&ctx)?;
        let command = ask.kith.commands().iter().find(|command| command.spec.name == name);
        let command = command.ok_or(Code::UnknownOperation)?;
        let mut call = Call { input: input(&ctx)?, ..Call::default() };
        let target = match command.on_record {
            true => target(&ctx, ask.kith.object(command.spec.object)?).map(Some),
            false => Ok(None),
        };
        let produced = match target {
            Ok(target) => {
                if let Some((id, seen)) = target {
                    (call.id, call.expected_version) = (Some(id), seen);
                }
                command.run(&ask.kith, &ask.caller.actor, call).await
            }
            Err(error) => Err(error),
        };
        let named = |(output, product): (&Output, Product)| {
            let object = match output.kind {
                OutputKind::Record(object) => Some(object),
                OutputKind::Text => None,
            };
            (output.name, object, product)
        };
        payload(produced.map(|all| command.spec.outputs.iter().zip(all).map(named).collect()))
    })
}

/// What a mutation's payload shows.
fn payload<'a>(written: Result<Vec<(&'static str, Option<&'static str>, Product)>>) -> Answer<'a> {
    let written = match written {
        Ok(written) => written,
        Err(error) if error.is_expected() => {
            let errors = error::user_errors(&error);
            return Ok(Some(FieldValue::owned_any(Payload { outputs: Vec::new(), errors })));
        }
        Err(error) => return Err(error),
    };
    let outputs = written.into_iter().map(|(name, object, product)| match (object, product) {
        (Some(object), Product::Record(id)) => (name, Some(Shown::Record(object, id))),
        (_, Product::Text(text)) => (name, Some(Shown::Text(text))),
        _ => (name, None),
    });
    Ok(Some(FieldValue::owned_any(Payload { outputs: outputs.collect(), errors: Vec::new() })))
}

/// An output of a mutation. A record is read again, as the caller may see it and with all that is selected
/// below it, by one plan.
pub fn output<'a>(ctx: ResolverContext<'a>, name: &'static str) -> FieldFuture<'a> {
    future(async move {
        let (ask, payload) = (asked(&ctx)?, parent::<Payload>(&ctx)?);
        let shown = payload.outputs.iter().find(|(other, _)| *other == name);
        match shown.and_then(|(_, shown)| shown.as_ref()) {
            Some(Shown::Record(object, id)) if ask.gateway.field_by_field => {
                let permit = ask.caller.actor.permit(ask.kith.object(object)?, Action::Read)?;
                Ok(node_of(ask, permit, *id, Deleted::Include).await?.map(FieldValue::owned_any))
            }
            Some(Shown::Record(object, id)) => {
                let record = ask.record(object, *id, &ctx.ctx.item.node.selection_set.node).await?;
                Ok(record.map(|json| FieldValue::owned_any(Answered(json))))
            }
            Some(Shown::Text(text)) => Ok(plain(&text.as_str().into())),
            None => Ok(None),
        }
    })
}

/// The errors of a mutation that clients are expected to meet.
pub fn errors(ctx: ResolverContext<'_>) -> FieldFuture<'_> {
    ready(parent::<Payload>(&ctx).map(|payload| {
        Some(FieldValue::list(payload.errors.iter().map(|error| FieldValue::owned_any(error.clone()))))
    }))
}

fn target(ctx: &ResolverContext<'_>, object: &Object) -> Result<(Uuid, Option<i64>)> {
    let seen = argument(ctx, "expectedVersion")?.and_then(|version| version.as_i64());
    Ok((id_argument(ctx, object)?, seen))
}

fn input(ctx: &ResolverContext<'_>) -> Result<Map<String, Json>> {
    match argument(ctx, "input")? {
        Some(Json::Object(members)) => Ok(members),
        _ => Ok(Map::new()),
    }
}
