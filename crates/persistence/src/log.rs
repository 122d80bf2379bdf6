//! The log: every change of a record as an event, written in the transaction of the change.

use std::sync::{Arc, OnceLock};

use kernel::{
    Error, Record, Result, actor::Actor, change::ChangeKind, id::TypeId, object::Object, text::fold,
    time::Instant,
};
use sea_orm::sea_query::Value as Bound;
use sha2::{Digest, Sha256};
use uuid::{Uuid, Variant, Version};

use crate::{bulk::Rows, change::StoredChange, dialect::Dialect, transaction::Owned};

/// The operation of an event, and the last word of its type.
fn told(kind: ChangeKind) -> (&'static str, &'static str) {
    match kind {
        ChangeKind::Create => ("CREATE", "created"),
        ChangeKind::Update => ("UPDATE", "updated"),
        ChangeKind::Delete => ("DELETE", "deleted"),
        ChangeKind::Restore => ("RESTORE", "restored"),
    }
}

/// An event about to be written.
pub(crate) struct Entry {
    object: Arc<Object>,
    kind: ChangeKind,
    record: Uuid,
    version: i64,
    owner: Option<Uuid>,
    owner_before: Option<Uuid>,
    /// The place among the transaction's events of the one that caused this one.
    cause: Option<usize>,
    depth: i64,
    change: StoredChange,
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

    /// The event of a change by a user; none if the change makes none. `earlier` are the transaction's events so far.
    pub fn new(
        object: &Arc<Object>,
        before: Option<&Record>,
        after: &Owned<'_>,
        user: Uuid,
        earlier: &[Entry],
    ) -> Option<Self> {
        if object.unlogged {
            return None;
        }
        let Owned { record, owner, owner_before, cause } = *after;
        let change = StoredChange::new(object, before, record, user)?;
        let cause = cause.and_then(|cause| earlier.iter().rposition(|entry| entry.record == cause));
        let depth =
            cause.and_then(|cause| earlier.get(cause)).map_or(0, |cause| cause.depth.saturating_add(1));
        Some(Self {
            object: Arc::clone(object),
            kind: ChangeKind::of(before, record),
            record: record.id(),
            version: record.version(),
            owner,
            owner_before,
            cause,
            depth,
            change,
        })
    }
}

/// The table of events.
pub(crate) const TABLE: &str = "events";

/// The columns of the table of events.
pub(crate) const COLUMNS: [&str; 24] = [
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
    "owner_before_id",
    "credential_id",
    "cause_seq",
    "depth",
    "data",
    "changed_fields",
    "changes",
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
    let number = |place: usize| i64::try_from(place).ok().and_then(|place| first.checked_add(place));
    let folded = |text: &str| Bound::from(fold(text).into_owned());
    for entry in entries {
        let record_id = TypeId { prefix: &entry.object.prefix, uuid: entry.record }.to_string();
        let (operation, past) = told(entry.kind);
        let kind = format!("{}.{past}", entry.object.name);
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
            operation.into(),
            entry.version.into(),
            dialect.instant(now),
            actor.user.into(),
            actor.origin.as_str().into(),
            (*actor.request_id).into(),
            // Compared as it is.
            (*actor.request_id).into(),
            entry.owner.into(),
            entry.owner_before.into(),
            actor.credential.into(),
            entry.cause.and_then(number).into(),
            entry.depth.into(),
            entry.change.data.into(),
            // Rendered when it is read.
            "[]".into(),
            entry.change.before.into(),
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
