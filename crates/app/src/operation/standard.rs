//! The standard operations, which every object has unless it is declared otherwise. A new one is an entry here.

use std::sync::Arc;

use kernel::{
    Code, Permit, Record, Result,
    input::{self, Purpose},
    object::{Action, Object},
    reference::OnDelete,
    text::{pascal, snake},
};
use uuid::Uuid;

use super::{
    Call, Endpoint, InputKind, Operation, OperationKind, Output, OutputKind, Prepare, Produced, Product,
    Step, Write,
};
use crate::contract;

/// A standard operation.
struct Standard {
    /// The first word of its name.
    verb: &'static str,
    action: Action,
    on_record: bool,
    endpoint: Endpoint,
    aliases: &'static [Endpoint],
    doc: fn(&Object) -> String,
    does: Does,
}

enum Does {
    Read(fn() -> OperationKind),
    Write(fn() -> InputKind, &'static str, Prepare),
}

const STANDARD: [Standard; 7] = [
    Standard {
        verb: "list",
        action: Action::Read,
        on_record: false,
        endpoint: Endpoint::get(""),
        aliases: &[],
        doc: |object| format!("Lists {}.", words(object.plural)),
        does: Does::Read(|| OperationKind::List),
    },
    Standard {
        verb: "search",
        action: Action::Read,
        on_record: false,
        endpoint: Endpoint::post("search"),
        aliases: &[Endpoint::new("QUERY", "")],
        doc: |object| {
            let (many, path) = (words(object.plural), &object.path);
            format!("Searches {many}. The method `QUERY /v1/{path}` (RFC 10008) takes the same body.")
        },
        does: Does::Read(|| OperationKind::Search),
    },
    Standard {
        verb: "get",
        action: Action::Read,
        on_record: true,
        endpoint: Endpoint::get(""),
        aliases: &[],
        doc: |object| format!("Gets {}.", one(object)),
        does: Does::Read(|| OperationKind::Get),
    },
    Standard {
        verb: "create",
        action: Action::Create,
        on_record: false,
        endpoint: Endpoint::post(""),
        aliases: &[],
        doc: |object| format!("Creates {}.", one(object)),
        does: Does::Write(|| InputKind::Fields(Purpose::Create), "The new record.", create),
    },
    Standard {
        verb: "update",
        action: Action::Update,
        on_record: true,
        endpoint: Endpoint::new("PATCH", ""),
        aliases: &[],
        doc: |object| {
            let one = one(object);
            format!(
                "Changes {one}. What is absent from the input stays, null clears (JSON Merge Patch, RFC 7396)."
            )
        },
        does: Does::Write(|| InputKind::Fields(Purpose::Update), "The changed record.", update),
    },
    Standard {
        verb: "delete",
        action: Action::Delete,
        on_record: true,
        endpoint: Endpoint::new("DELETE", ""),
        aliases: &[],
        doc: |object| {
            let (one, along) = (one(object), along(object));
            format!("Deletes {one}{along}. It can be restored for 30 days, and is answered as it then is.")
        },
        does: Does::Write(|| InputKind::Nothing, "The deleted record.", delete),
    },
    Standard {
        verb: "restore",
        action: Action::Delete,
        on_record: true,
        endpoint: Endpoint::post("restore"),
        aliases: &[],
        doc: |object| format!("Restores {} that was deleted.", one(object)),
        does: Does::Write(|| InputKind::Nothing, "The restored record.", restore),
    },
];

/// The standard operations that an object has.
pub(crate) fn of(object: &Arc<Object>) -> impl Iterator<Item = Operation> {
    let allowed = |standard: &&Standard| object.allows(standard.action);
    STANDARD.iter().filter(allowed).map(|standard| standard.of(object))
}

impl Standard {
    fn of(&self, object: &Arc<Object>) -> Operation {
        let Self { verb, action, on_record, endpoint, aliases, doc, does } = self;
        let name = match does {
            Does::Read(_) if !on_record => format!("{verb}{}", pascal(object.plural)),
            _ => format!("{verb}{}", object.type_name),
        };
        let kind = match does {
            Does::Read(kind) => kind(),
            Does::Write(input, doc, prepare) => {
                let input = input();
                let input_type = match input {
                    // It is the same for all objects.
                    InputKind::Nothing => contract::input(verb),
                    _ => contract::input(&name),
                };
                let output = Output { name: object.name, kind: OutputKind::Record(object.name), doc };
                OperationKind::Write(Box::new(Write {
                    input,
                    input_type,
                    outputs: vec![output],
                    is_standard: true,
                    needs_version: false,
                    starts_job: false,
                    prepare: *prepare,
                }))
            }
        };
        Operation {
            name,
            doc: doc(object),
            object: Arc::clone(object),
            action: *action,
            on_record: *on_record,
            endpoint: *endpoint,
            aliases,
            kind,
        }
    }
}

/// One record of an object, as a sentence names it.
fn one(object: &Object) -> String {
    let article = if object.name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {}", words(object.name))
}

/// `camelCase` as words.
fn words(name: &str) -> String {
    snake(name).replace('_', " ")
}

/// What is deleted along with a record of an object.
fn along(object: &Object) -> String {
    let referrers = object.referrers(OnDelete::Cascade);
    let names: Vec<_> = referrers.map(|referrer| words(referrer.object)).collect();
    if names.is_empty() { String::new() } else { format!(", and each {} of it", names.join(" and ")) }
}

fn create(permit: &Permit, call: &Call) -> Result<Step> {
    let input = input::read(permit, Purpose::Create, &call.input);
    Ok(Box::new(move |work, permit| Box::pin(async move { work.create(permit, input).await.map(produced) })))
}

fn update(permit: &Permit, call: &Call) -> Result<Step> {
    let input = input::read(permit, Purpose::Update, &call.input);
    let (id, seen) = target(call)?;
    Ok(Box::new(move |work, permit| {
        Box::pin(async move {
            work.lock_contended(permit, &input.values).await?;
            let before = work.lock(permit, id, seen).await?;
            work.update(permit, before, input).await.map(produced)
        })
    }))
}

fn delete(_: &Permit, call: &Call) -> Result<Step> {
    let (id, seen) = target(call)?;
    Ok(Box::new(move |work, permit| {
        Box::pin(async move { work.delete(permit, id, seen).await.map(produced) })
    }))
}

fn restore(_: &Permit, call: &Call) -> Result<Step> {
    let (id, seen) = target(call)?;
    Ok(Box::new(move |work, permit| {
        Box::pin(async move { work.restore(permit, id, seen).await.map(produced) })
    }))
}

fn produced(record: Record) -> Produced {
    vec![Product::Record(record)]
}

/// The record that a call is about, and the version of it that the caller has seen.
fn target(call: &Call) -> Result<(Uuid, Option<i64>)> {
    Ok((call.id.ok_or(Code::NotFound)?, call.expected_version))
}
