//! The log: every change of a record as an event, written in the transaction of the change.

use std::sync::{Arc, OnceLock};

use kernel::{
    Error, Record, Result, Value,
    actor::Actor,
    answer::write_value,
    id::TypeId,
    object::{Attribute, Object},
    system,
    text::fold,
    time::Instant,
};
use sea_orm::sea_query::Value as Bound;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::{Uuid, Variant, Version};

use crate::{bulk::Rows, dialect::Dialect, transaction::Owned};

/// The operation of an event.
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
    /// The object of the record.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Whether the change may alter what credentials may do.
    pub fn governs_access(&self) -> bool {
        self.object.governs_access
    }

    /// The difference between two states of a record.
    pub fn new(
        object: &Arc<Object>,
        operation: Operation,
        before: Option<&Record>,
        after: &Owned<'_>,
    ) -> Self {
        let record = after.record;
        let mut changed = Vec::new();
        let (mut changes, mut sensitive) = (Vec::new(), Vec::new());
        let told = |attribute: &&Attribute| !STAMPS.contains(&attribute.name);
        let mut attributes: Vec<_> = object.attributes.iter().filter(told).collect();
        // Documents are kept in canonical form, their members in order.
        attributes.sort_unstable_by_key(|attribute| attribute.name);
        for attribute in attributes {
            let old = before.and_then(|before| before.values.get(attribute.index)).unwrap_or(&Value::Null);
            let new = record.values.get(attribute.index).unwrap_or(&Value::Null);
            if old == new {
                continue;
            }
            // Sensitive fields stand apart, in a field that only some roles may read.
            let out = if attribute.sensitive { &mut sensitive } else { &mut changes };
            if !attribute.sensitive {
                changed.push(attribute.name);
            }
            out.push(if out.is_empty() { b'{' } else { b',' });
            out.extend_from_slice(Json::from(attribute.name).to_string().as_bytes());
            out.extend_from_slice(b":{\"new\":");
            write_value(out, attribute, &object.prefix, new.into());
            out.extend_from_slice(b",\"old\":");
            write_value(out, attribute, &object.prefix, old.into());
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

/// The fields that change with every change, and so are left out of events.
const STAMPS: [&str; 6] = [
    system::ID.def.name,
    system::VERSION.def.name,
    system::CREATED_AT.def.name,
    system::UPDATED_AT.def.name,
    system::CREATED_BY.def.name,
    system::UPDATED_BY.def.name,
];

/// The members written so far as a document; none if there are none.
fn document(mut members: Vec<u8>) -> Option<String> {
    if members.is_empty() {
        return None;
    }
    members.push(b'}');
    String::from_utf8(members).ok()
}

/// The table of events.
pub(crate) const TABLE: &str = "events";

/// The columns of the table of events.
pub(crate) const COLUMNS: [&str; 20] = [
    "workspace_id",
    "seq",
    "id",
    "type_folded",
    "type",
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

fn columns() -> &'static Arc<[String]> {
    static OWNED: OnceLock<Arc<[String]>> = OnceLock::new();
    OWNED.get_or_init(|| COLUMNS.map(str::to_owned).into())
}

/// The events as rows, with their numbers, which begin at the first.
pub(crate) fn events(
    dialect: Dialect,
    actor: &Actor,
    now: Instant,
    first: i64,
    entries: Vec<Entry>,
) -> Result<Rows> {
    let mut rows = Rows::new(TABLE, Arc::clone(columns()));
    let mut seq = first;
    let folded = |text: &str| Bound::from(fold(text).into_owned());
    for entry in entries {
        let record_id = TypeId { prefix: &entry.object.prefix, uuid: entry.record }.to_string();
        let kind = format!("{}.{}", entry.object.name, entry.operation.past());
        rows.push([
            actor.workspace.into(),
            seq.into(),
            event_id(now, actor, &entry).into(),
            folded(&kind),
            kind.into(),
            entry.object.name.into(),
            folded(entry.object.name),
            // A TypeID is folded as it is.
            record_id.as_str().into(),
            record_id.into(),
            entry.operation.name().into(),
            entry.version.into(),
            dialect.instant(now),
            actor.user.into(),
            actor.origin.as_str().into(),
            (*actor.request_id).into(),
            // Compared as it is.
            (*actor.request_id).into(),
            entry.owner.into(),
            json!(entry.changed).to_string().into(),
            entry.changes.into(),
            entry.sensitive.into(),
        ]);
        seq = seq.checked_add(1).ok_or_else(|| Error::internal("the log is full"))?;
    }
    Ok(rows)
}

/// An event's id is a UUIDv8 (RFC 9562) of its instant and a hash of what only it tells: this version of this
/// record. So it is known before its number, without randomness, and stable.
fn event_id(now: Instant, actor: &Actor, entry: &Entry) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(actor.workspace);
    hash.update(entry.object.name);
    hash.update(entry.record);
    hash.update(entry.version.to_be_bytes());
    let mut low = [0; 16];
    low.iter_mut().zip(hash.finalize()).for_each(|(place, byte)| *place = byte);
    let millis = u128::from(u64::try_from(now.0 / 1_000).unwrap_or_default()) & 0xFFFF_FFFF_FFFF;
    let low = u128::from_be_bytes(low) & 0xFFFF_FFFF_FFFF_FFFF_FFFF;
    let builder = uuid::Builder::from_u128((millis << 80) | low);
    builder.with_version(Version::Custom).with_variant(Variant::RFC4122).into_uuid()
}
