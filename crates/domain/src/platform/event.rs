//! Events: the log of a workspace, one entry for each change, written in the change's own transaction.

use kernel::{
    choices,
    field::{Field, List},
    object::{Action, Object},
    system::MAX_VERSION,
    text::Comparison,
    time::Instant,
};
use serde_json::Value as Json;
use uuid::Uuid;

choices! {
    /// What happened to a record.
    pub EventOp {
        /// It was created.
        Create = "CREATE",
        /// It was changed.
        Update = "UPDATE",
        /// It was deleted.
        Delete = "DELETE",
        /// It was restored after it had been deleted.
        Restore = "RESTORE",
    }
}

choices! {
    /// Through what a change came.
    pub EventOrigin {
        /// Through one of the APIs.
        Api = "API",
        /// Through an import.
        Import = "IMPORT",
        /// Through the server's command line.
        CommandLine = "COMMAND_LINE",
    }
}

/// Its place in the log.
pub const SEQ: Field<i64> = Field::integer(
    "seq",
    1,
    i64::MAX,
    "The event's place in the workspace's log: 1, 2, 3 and so on, in the order of the commits, without gaps.",
)
.required()
.computed();
/// What it is called.
pub const TYPE: Field<String> =
    Field::text("type", 100, "What happened, in one word: `contact.updated`.").required().computed();
/// The object of the record.
pub const OBJECT: Field<String> =
    Field::text("object", 64, "The object of the record that changed: `contact`.").required().computed();
/// The record.
pub const RECORD_ID: Field<String> =
    Field::text("recordId", 90, "The id of the record that changed, a TypeID.").required().computed();
/// What happened to it.
pub const OP: Field<EventOp> = Field::choice("op", "What happened to the record.").required().computed();
/// The version it got.
pub const VERSION: Field<i64> = Field::integer(
    "version",
    0,
    MAX_VERSION,
    "The record's version after the change; 0 where its records have none.",
)
.required()
.computed();
/// When it happened.
pub const OCCURRED_AT: Field<Instant> =
    Field::instant("occurredAt", "When the change was made.").required().computed();
/// Who did it.
pub const ACTOR: Field<Uuid> =
    Field::reference("actorId", "user", "The user who made the change.").computed();
/// Through what it came.
pub const ORIGIN: Field<EventOrigin> =
    Field::choice("origin", "Through what the change came.").required().computed();
/// In which request.
pub const REQUEST_ID: Field<String> =
    Field::text("requestId", 128, "The request in which the change was made, as its `Request-Id` names it.")
        .required()
        .computed()
        .compared(Comparison::Exact);
/// Whose record it was.
pub const OWNER: Field<Uuid> =
    Field::reference("ownerId", "user", "The user whose record it was at the time.").computed();
/// Which fields.
pub const CHANGED_FIELDS: Field<Json> =
    Field::list("changedFields", &CHANGED, "The names of the fields that changed.")
        .required()
        .computed()
        .opaque();
/// From what to what.
pub const CHANGES: Field<Json> =
    Field::document("changes", "Each changed field with its `old` and its `new` value.")
        .required()
        .computed();
/// From what to what, where not everybody may look.
pub const SENSITIVE_CHANGES: Field<Json> =
    Field::document("sensitiveChanges", "The changes of fields that not every role may read.")
        .computed()
        .sensitive();

const CHANGED_FIELD: Field<String> = Field::text("field", 64, "The name of a field.").required().opaque();
// Events are not found by their fields, so there is no table of the items.
static CHANGED: List = List::plain("ChangedField", "", &[CHANGED_FIELD.def]);

/// The object.
pub fn event() -> Object {
    Object::log("event", "events", "A change of a record: what changed, when, and by whom.")
        .fields(&[
            SEQ.def,
            TYPE.def,
            OBJECT.def,
            RECORD_ID.def,
            OP.def,
            VERSION.def,
            OCCURRED_AT.def,
            ACTOR.def,
        ])
        .fields(&[
            ORIGIN.def,
            REQUEST_ID.def,
            OWNER.def,
            CHANGED_FIELDS.def,
            CHANGES.def,
            SENSITIVE_CHANGES.def,
        ])
        .owned_by(OWNER)
        .tells_of(OBJECT)
        .only(&[Action::Read])
}
