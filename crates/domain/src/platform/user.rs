//! Users: the people who work in the workspace.

use kernel::{
    field::{Field, Preset},
    object::Object,
    text::Comparison,
};
use uuid::Uuid;

use crate::formats;

/// Their name.
pub const NAME: Field<String> = Field::text("name", 200, "The user's full name.").required().personal();
/// Their address.
pub const EMAIL: Field<String> =
    Field::text("email", 320, "The user's e-mail address; no two users share one.")
        .unique()
        .personal()
        .compared(Comparison::Address)
        .form(formats::EMAIL);
/// Their position.
pub const JOB_TITLE: Field<String> = Field::text("jobTitle", 200, "The user's position.");
/// Their manager.
pub const MANAGER: Field<Uuid> = Field::reference("managerId", "user", "The user this one reports to.")
    .hierarchy()
    .inverse("reports", "The users who report to this one.");
/// Their team.
pub const TEAM: Field<Uuid> = Field::reference("teamId", "team", "The team the user is in.")
    .inverse("members", "The users in the team.");
/// Whether they still work here.
pub const ACTIVE: Field<bool> =
    Field::boolean("active", "Whether the user works here now.").required().preset(Preset::Boolean(true));

/// The object.
pub fn user() -> Object {
    Object::plain("user", "users", "A person who works in the workspace.")
        .fields(&[NAME.def, EMAIL.def, JOB_TITLE.def, MANAGER.def, TEAM.def, ACTIVE.def])
        .governs_access()
}
