//! Mutations, as the executor runs them: the operation, then what its payload shows.

use std::sync::Arc;

use app::command::{Call, Output, OutputKind, Product};
use async_graphql::dynamic::{FieldFuture, FieldValue, ResolverContext};
use kernel::{
    Code, Error, Result,
    object::{Action, Object},
    plan::Deleted,
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{Answer, Node, argument, asked, future, id_argument, node_of, parent, plain, ready};
use crate::graphql::{error, extension::Ask, schema::mutation::Standard};

/// What a mutation wrote.
struct Payload {
    outputs: Vec<(&'static str, Option<Shown>)>,
    errors: Vec<Json>,
}

enum Shown {
    Record(Arc<Node>),
    Text(String),
}

/// A standard operation that writes.
pub fn write<'a>(ctx: ResolverContext<'a>, standard: Standard, object: Arc<Object>) -> FieldFuture<'a> {
    future(async move {
        let ask = asked(&ctx)?;
        let (kith, actor) = (&ask.kith, &ask.caller.actor);
        let written = match (standard, target(&ctx, &object)) {
            (Standard::Create, _) => kith.create(actor, object.name, &input(&ctx)).await,
            (_, Err(error)) => Err(error),
            (Standard::Update, Ok((id, seen))) => {
                kith.update(actor, object.name, id, seen, &input(&ctx)).await
            }
            (Standard::Delete, Ok((id, seen))) => kith.delete(actor, object.name, id, seen).await,
            (Standard::Restore, Ok((id, seen))) => kith.restore(actor, object.name, id, seen).await,
        };
        let written =
            written.map(|record| vec![(object.name, Some(object.name), Product::Record(record.id()))]);
        payload(ask, written).await
    })
}

/// A command.
pub fn command<'a>(ctx: ResolverContext<'a>, name: &'static str) -> FieldFuture<'a> {
    future(async move {
        let ask = asked(&ctx)?;
        let command = ask.kith.commands().iter().find(|command| command.spec.name == name);
        let command = command.ok_or(Code::UnknownOperation)?;
        let mut call = Call { input: input(&ctx), ..Call::default() };
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
        payload(ask, produced.map(|all| command.spec.outputs.iter().zip(all).map(named).collect())).await
    })
}

/// What a mutation's payload shows: records are read again, as the caller may see them.
async fn payload<'a>(
    ask: &Ask,
    written: Result<Vec<(&'static str, Option<&'static str>, Product)>>,
) -> Answer<'a> {
    let written = match written {
        Ok(written) => written,
        Err(error) if error.is_expected() => {
            let errors = error::user_errors(&error);
            return Ok(Some(FieldValue::owned_any(Payload { outputs: Vec::new(), errors })));
        }
        Err(error) => return Err(error),
    };
    let mut outputs = Vec::new();
    for (name, object, product) in written {
        let shown = match (object, product) {
            (Some(object), Product::Record(id)) => {
                let permit = ask.caller.actor.permit(ask.kith.object(object)?, Action::Read)?;
                node_of(ask, permit, id, Deleted::Include).await?.map(Shown::Record)
            }
            (_, Product::Text(text)) => Some(Shown::Text(text)),
            _ => None,
        };
        outputs.push((name, shown));
    }
    Ok(Some(FieldValue::owned_any(Payload { outputs, errors: Vec::new() })))
}

/// An output of a mutation.
pub fn output<'a>(ctx: ResolverContext<'a>, name: &'static str) -> FieldFuture<'a> {
    ready(parent::<Payload>(&ctx).map(|payload| {
        let (_, shown) = payload.outputs.iter().find(|(other, _)| *other == name)?;
        match shown.as_ref()? {
            Shown::Record(node) => Some(FieldValue::owned_any(Arc::clone(node))),
            Shown::Text(text) => plain(&text.as_str().into()),
        }
    }))
}

/// The errors of a mutation that clients are expected to meet.
pub fn errors(ctx: ResolverContext<'_>) -> FieldFuture<'_> {
    ready(parent::<Payload>(&ctx).map(|payload| {
        Some(FieldValue::list(payload.errors.iter().map(|error| FieldValue::owned_any(error.clone()))))
    }))
}

fn target(ctx: &ResolverContext<'_>, object: &Object) -> Result<(Uuid, Option<i64>)> {
    let seen = ctx.args.get("expectedVersion").filter(|version| !version.is_null());
    let seen =
        seen.map(|version| version.i64()).transpose().map_err(|_| Error::from(Code::InvalidParameter))?;
    Ok((id_argument(ctx, object)?, seen))
}

fn input(ctx: &ResolverContext<'_>) -> Map<String, Json> {
    match argument(ctx, "input") {
        Some(Json::Object(members)) => members,
        _ => Map::new(),
    }
}
