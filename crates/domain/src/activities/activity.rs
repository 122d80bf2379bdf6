//! Activities: calls, messages, meetings and notes; together, a record's timeline.

use kernel::{
    choices,
    field::{List, Member, Preset},
    object::Object,
    system,
    time::Instant,
    value::Ref,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::platform::user::User;

kernel::object_type!(Activity, "activity");

choices! {
    /// The type of an activity.
    pub ActivityType {
        /// Phone call.
        Call = "CALL",
        /// E-mail.
        Email = "EMAIL",
        /// Meeting.
        Meeting = "MEETING",
        /// Note.
        Note = "NOTE",
        /// Chat.
        Chat = "CHAT",
        /// Text message (SMS).
        Sms = "SMS",
        /// Social network: a post, comment or message there.
        Social = "SOCIAL",
        /// Visit.
        Visit = "VISIT",
        /// Purchase.
        Purchase = "PURCHASE",
        /// Any other type.
        Other = "OTHER",
    }
}

choices! {
    /// The direction of an activity.
    pub ActivityDirection {
        /// Inbound: from the customer to the workspace.
        Inbound = "INBOUND",
        /// Outbound: from the workspace to the customer.
        Outbound = "OUTBOUND",
        /// Internal: only the workspace's own people took part.
        Internal = "INTERNAL",
    }
}

const ABOUT: Member<Uuid> =
    Member::any_reference("subjectId", "The record the activity is about.").required();
static SUBJECT_LIST: List = List::plain("Subject", "activity_subjects", &[ABOUT.def]);

pub const TYPE: Field<ActivityType> = Field::choice("type", "The activity's type.").required();
pub const DIRECTION: Field<ActivityDirection> = Field::choice("direction", "The activity's direction.");
pub const CHANNEL: Field<String> =
    Field::text("channel", 100, "The channel: the network, app or line that was used.");
pub const OCCURRED_AT: Field<Instant> =
    Field::instant("occurredAt", "The time of the activity. Default: now.").required().preset(Preset::Now);
pub const SUBJECT: Field<String> = Field::text("subject", 500, "The activity's subject line.");
pub const BODY: Field<String> =
    Field::text("body", 100_000, "The content: what was said or written.").opaque();
pub const SUBJECTS: Field<Json> =
    Field::list("subjects", &SUBJECT_LIST, "The ids of the records the activity is about; at least one.")
        .required()
        .listed_as("activities", "The record's timeline: the activities about it.");
pub const DURATION_SECONDS: Field<i64> =
    Field::integer("durationSeconds", 0, 31_622_400, "The duration in seconds.");
pub const OWNER: Field<Ref<User>> = Field::reference(
    "ownerId",
    "The activity's owner: the user who took part in it. Default: the acting user.",
)
.preset(Preset::Actor)
.inverse("activities", "The activities the user owns.");

pub fn activity() -> Object {
    Object::plain(
        "activity",
        "activities",
        "An activity: a call, message, meeting or note; what a timeline consists of.",
    )
    .fields(&[system::EXTERNAL_REFS.def])
    .fields(&[TYPE.def, DIRECTION.def, CHANNEL.def, OCCURRED_AT.def, SUBJECT.def, BODY.def])
    .fields(&[SUBJECTS.def, DURATION_SECONDS.def, OWNER.def])
    .owned_by(OWNER)
}
