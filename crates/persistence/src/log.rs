//! The log: every change of a record as an event, written in the transaction of the change.

use std::sync::Arc;

use kernel::{
    Error, Record, Result, Value,
    actor::Actor,
    answer::write_value,
    id::TypeId,
    object::{Attribute, Object},
    system,
    time::Instant,
};
use sea_orm::sea_query::{Alias, Expr, InsertStatement, Query};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{dialect::Dialect, unit::Owned};

/// What happened to a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Restore,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Restore => "RESTORE",
        }
    }

    fn past(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
            Self::Restore => "restored",
        }
    }
}

/// An event about to be written.
pub(crate) struct Entry {
    object: Arc<Object>,
    operation: Operation,
    record: Uuid,
    version: i64,
    owner: Option<Uuid>,
    changed: Vec<&'static str>,
    changes: String,
    sensitive: Option<String>,
}

impl Entry {
    /// The difference between two states of a record.
    pub fn new(object: &Arc<Object>, operation: Operation, before: Option<&Record>, after: &Owned<'_>) -> Self {
        let record = after.record;
        let mut changed = Vec::new();
        let (mut changes, mut sensitive) = (Vec::new(), Vec::new());
        let told = |attribute: &&Attribute| !STAMPS.contains(&attribute.name);
        let mut attributes: Vec<_> = object.attributes.iter().filter(told).collect();
        // Documents are kept in canonical form, their members in order.
        attributes.sort_unstable_by_key(|attribute| attribute.name);
        for attribute in attributes {
            let old = before.map_or(&Value::Null, |before| before.value(attribute.name));
            let new = record.value(attribute.name);
            if old == new {
                continue;
            }
            // What only some roles may read stands apart, in a field that only they may read.
            let out = if attribute.sensitive { &mut sensitive } else { &mut changes };
            if !attribute.sensitive {
                changed.push(attribute.name);
            }
            out.push(if out.is_empty() { b'{' } else { b',' });
            out.extend_from_slice(Json::from(attribute.name).to_string().as_bytes());
            out.extend_from_slice(b":{\"new\":");
            write_value(out, attribute, &object.prefix, new);
            out.extend_from_slice(b",\"old\":");
            write_value(out, attribute, &object.prefix, old);
            out.push(b'}');
        }
        Self {
            object: Arc::clone(object),
            operation,
            record: record.id(),
            version: record.version(),
            owner: after.owner,
            changed,
            changes: document(changes).unwrap_or_else(|| "{}".to_owned()),
            sensitive: document(sensitive),
        }
    }
}

/// What changes with every change, and so tells nothing.
const STAMPS: [&str; 6] = [
    system::ID.def.name,
    system::VERSION.def.name,
    system::CREATED_AT.def.name,
    system::UPDATED_AT.def.name,
    system::CREATED_BY.def.name,
    system::UPDATED_BY.def.name,
];

/// The members written so far as a document; none where there are none.
fn document(mut members: Vec<u8>) -> Option<String> {
    if members.is_empty() {
        return None;
    }
    members.push(b'}');
    String::from_utf8(members).ok()
}

/// The columns of the table of events.
const COLUMNS: [&str; 20] = [
    "workspace_id",
    "seq",
    "id",
    "type",
    "type_folded",
    "object",
    "object_folded",
    "record_id",
    "record_id_folded",
    "op",
    "version",
    "occurred_at",
    "actor_id",
    "origin",
    "request_id",
    "request_id_folded",
    "owner_id",
    "changed_fields",
    "changes",
    "sensitive_changes",
];

/// Writes the events with their numbers, which begin at the first.
pub(crate) fn insert_events(
    dialect: Dialect,
    actor: &Actor,
    now: Instant,
    first: i64,
    entries: Vec<Entry>,
) -> Result<Vec<InsertStatement>> {
    let mut statements = Vec::new();
    let mut seq = first;
    for chunk in entries.chunks(1_000) {
        let mut insert = Query::insert();
        insert.into_table(Alias::new("events"));
        insert.columns(COLUMNS.map(Alias::new));
        for entry in chunk {
            let record_id = TypeId { prefix: &entry.object.prefix, uuid: entry.record }.to_string();
            let kind = format!("{}.{}", entry.object.name, entry.operation.past());
            let text = |text: &str| Expr::value(text.to_owned());
            let folded = |text: &str| Expr::value(kernel::text::fold(text).into_owned());
            insert.values_panic([
                actor.workspace.into(),
                seq.into(),
                event_id(now, actor, seq).into(),
                text(&kind),
                folded(&kind),
                text(entry.object.name),
                folded(entry.object.name),
                text(&record_id),
                folded(&record_id),
                text(entry.operation.name()),
                entry.version.into(),
                Expr::value(dialect.instant(now)),
                actor.user.into(),
                text(actor.origin.as_str()),
                text(&actor.request_id),
                folded(&actor.request_id),
                Expr::value(entry.owner),
                Expr::value(json!(entry.changed).to_string()),
                text(&entry.changes),
                Expr::value(entry.sensitive.clone()),
            ]);
            seq = seq.checked_add(1).ok_or_else(|| Error::internal("the log is full"))?;
        }
        statements.push(insert.to_owned());
    }
    Ok(statements)
}

/// An event's id is a UUIDv8 (RFC 9562) of its instant, its workspace and its number: known without asking
/// for randomness, and the same however often it is told.
fn event_id(now: Instant, actor: &Actor, seq: i64) -> Uuid {
    let millis = u128::from(u64::try_from(now.0 / 1_000).unwrap_or_default()) & 0xFFFF_FFFF_FFFF;
    let workspace = actor.workspace.as_u128() & 0xFFFF_FFFF;
    let seq = u128::from(seq.unsigned_abs());
    let high = (millis << 80) | (0x8 << 76) | ((seq >> 30 & 0xFFF) << 64);
    Uuid::from_u128(high | (0b10 << 62) | ((seq & 0x3FFF_FFFF) << 32) | workspace)
}
