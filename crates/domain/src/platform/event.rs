//! Events: the log of a workspace, one entry for each change, written in the change's own transaction.

use kernel::{
    choices,
    field::{ChangePart, List, Member},
    object::{Action, LogFields, Object},
    system::MAX_VERSION,
    text::Comparison,
    time::Instant,
    value::Ref,
};
use serde_json::Value as Json;

use super::{api_key::ApiKey, user::User};

kernel::object_type!(Event, "event");

choices! {
    /// The operation that changed a record.
    pub EventOp {
        /// The record was created.
        Create = "CREATE",
        /// The record was updated.
        Update = "UPDATE",
        /// The record was deleted.
        Delete = "DELETE",
        /// The record was restored after it had been deleted.
        Restore = "RESTORE",
    }
}

choices! {
    /// The origin of a change.
    pub EventOrigin {
        /// One of the APIs.
        Api = "API",
        /// An import.
        Import = "IMPORT",
        /// A job that is no import, or what a job does to its own record.
        Job = "JOB",
        /// The server's command line.
        CommandLine = "COMMAND_LINE",
    }
}

pub const SEQ: Field<i64> = Field::integer(
    "seq",
    1,
    i64::MAX,
    "The event's place in the workspace's log: 1, 2, 3 and so on, in the order of the commits, without gaps.",
)
.required()
.computed();
pub const TYPE: Field<String> =
    Field::text("type", 100, "The event's type, from object and operation: `contact.updated`.")
        .required()
        .computed();
pub const OBJECT: Field<String> =
    Field::text("object", 64, "The object of the record that changed: `contact`.").required().computed();
pub const RECORD_ID: Field<String> =
    Field::text("recordId", 90, "The id of the record that changed, a TypeID.").required().computed();
pub const OP: Field<EventOp> =
    Field::choice("op", "The operation that changed the record.").required().computed();
pub const VERSION: Field<i64> = Field::integer(
    "version",
    0,
    MAX_VERSION,
    "The record's version after the change; 0 where its records have none.",
)
.required()
.computed();
pub const OCCURRED_AT: Field<Instant> =
    Field::instant("occurredAt", "The time of the change.").required().computed();
pub const ACTOR: Field<Ref<User>> = Field::reference("actorId", "The user who made the change.").computed();
pub const ORIGIN: Field<EventOrigin> =
    Field::choice("origin", "The origin of the change.").required().computed();
pub const REQUEST_ID: Field<String> =
    Field::text("requestId", 128, "The id of the request that made the change: its `Request-Id`.")
        .required()
        .computed()
        .compared(Comparison::Exact);
pub const OWNER: Field<Ref<User>> =
    Field::reference("ownerId", "The record's owner at the time of the change.").computed();
pub const OWNER_BEFORE: Field<Ref<User>> = Field::reference(
    "ownerBeforeId",
    "The record's owner before the change, who may read the event too; null for a new record.",
)
.computed();
pub const CREDENTIAL: Field<Ref<ApiKey>> = Field::reference(
    "credentialId",
    "The API key under which the change was made; null on the server's command line.",
)
.computed();
pub const CAUSE_SEQ: Field<i64> = Field::integer(
    "causeSeq",
    1,
    i64::MAX,
    "The `seq` of the event that caused this one: a rule created the record along with that change, or the record was \
     deleted or restored along with that one. Null for all other changes.",
)
.computed();
pub const DEPTH: Field<i64> = Field::integer(
    "depth",
    0,
    MAX_DEPTH,
    "The number of causes before the event, one behind the other; 0 without a cause.",
)
.required()
.computed();
pub const DATA: Field<Json> = Field::document(
    "data",
    "The record after the change, with the fields that the reader may read. Texts that may have more than 4,000 \
     characters are left out where they did not change. Null in events that are older than this field.",
)
.computed()
.rendered(ChangePart::Data);
pub const CHANGED_FIELDS: Field<Json> =
    Field::list("changedFields", &CHANGED, "The names of the fields that changed.")
        .required()
        .computed()
        .opaque()
        .rendered(ChangePart::ChangedFields);
pub const CHANGES: Field<Json> =
    Field::document("changes", "The changed fields, each with its `old` and its `new` value.")
        .required()
        .computed()
        .rendered(ChangePart::Changes);
pub const SENSITIVE_CHANGES: Field<Json> =
    Field::document("sensitiveChanges", "The changes of sensitive fields, which only some roles may read.")
        .computed()
        .sensitive()
        .rendered(ChangePart::SensitiveChanges);

/// The greatest depth.
const MAX_DEPTH: i64 = i32::MAX as i64;

const CHANGED_FIELD: Member<String> = Member::text("field", 64, "The name of a field.").required().opaque();
// Events are not found by their fields, so there is no table of the items.
static CHANGED: List = List::plain("ChangedField", "", &[CHANGED_FIELD.def]);

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
            OWNER_BEFORE.def,
            CREDENTIAL.def,
            CAUSE_SEQ.def,
            DEPTH.def,
        ])
        .fields(&[DATA.def, CHANGED_FIELDS.def, CHANGES.def, SENSITIVE_CHANGES.def])
        .owned_by(OWNER)
        .owned_before_by(OWNER_BEFORE)
        .tells_of(LogFields {
            object: OBJECT.def.name,
            record_id: RECORD_ID.def.name,
            version: VERSION.def.name,
            actor: ACTOR.def.name,
            data: DATA.def.name,
            changes: CHANGES.def.name,
        })
        .only(&[Action::Read])
}
