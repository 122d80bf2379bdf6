//! Activities: what happened between the workspace and its customers; together, a record's timeline.

use kernel::{
    choices,
    field::{Field, List, Preset},
    object::Object,
    system,
    time::Instant,
};
use serde_json::Value as Json;
use uuid::Uuid;

choices! {
    /// What kind of thing happened.
    pub ActivityType {
        /// A phone call.
        Call = "CALL",
        /// An e-mail.
        Email = "EMAIL",
        /// A meeting.
        Meeting = "MEETING",
        /// Something somebody wrote down.
        Note = "NOTE",
        /// A chat.
        Chat = "CHAT",
        /// A text message.
        Sms = "SMS",
        /// Something on a social network.
        Social = "SOCIAL",
        /// A visit.
        Visit = "VISIT",
        /// A purchase.
        Purchase = "PURCHASE",
        /// Anything else.
        Other = "OTHER",
    }
}

choices! {
    /// Who turned to whom.
    pub ActivityDirection {
        /// The customer to the workspace.
        Inbound = "INBOUND",
        /// The workspace to the customer.
        Outbound = "OUTBOUND",
        /// Nobody but the workspace's own people took part.
        Internal = "INTERNAL",
    }
}

const ABOUT: Field<Uuid> = Field::any_reference("subjectId", "The record the activity is about.").required();
static SUBJECT_LIST: List = List::plain("Subject", "activity_subjects", &[ABOUT.def]);

/// What kind of thing happened.
pub const TYPE: Field<ActivityType> = Field::choice("type", "What kind of thing happened.").required();
/// Who turned to whom.
pub const DIRECTION: Field<ActivityDirection> = Field::choice("direction", "Who turned to whom.");
/// By what means.
pub const CHANNEL: Field<String> =
    Field::text("channel", 100, "By what means: the network, the app, the line.");
/// When it happened.
pub const OCCURRED_AT: Field<Instant> =
    Field::instant("occurredAt", "When it happened; now where nothing was said.")
        .required()
        .preset(Preset::Now);
/// Its title.
pub const SUBJECT: Field<String> = Field::text("subject", 500, "What it was about, in a line.");
/// Its content.
pub const BODY: Field<String> = Field::text("body", 100_000, "What was said or written.").opaque();
/// The records it is about.
pub const SUBJECTS: Field<Json> =
    Field::list("subjects", &SUBJECT_LIST, "The ids of the records the activity is about; at least one.")
        .required()
        .listed_as("activities", "What happened around this record.");
/// How long it took.
pub const DURATION_SECONDS: Field<i64> =
    Field::integer("durationSeconds", 0, 31_622_400, "How long it took, in seconds.");
/// Whose activity it is.
pub const OWNER: Field<Uuid> = Field::reference("ownerId", "user", "The user who took part in it.")
    .preset(Preset::Actor)
    .inverse("activities", "The activities the user took part in.");

/// The object.
pub fn activity() -> Object {
    Object::plain("activity", "activities", "Something that happened: a call, a message, a meeting, a note.")
        .fields(&[system::EXTERNAL_REFS.def])
        .fields(&[TYPE.def, DIRECTION.def, CHANNEL.def, OCCURRED_AT.def, SUBJECT.def, BODY.def])
        .fields(&[SUBJECTS.def, DURATION_SECONDS.def, OWNER.def])
        .owned_by(OWNER)
}
