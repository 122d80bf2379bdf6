//! Users: the people who work in the workspace.

use kernel::{
    Code,
    change::{Change, ChangeKind},
    field::Preset,
    object::Object,
    system,
    text::Comparison,
    value::Ref,
};

use super::team::Team;
use crate::formats;

kernel::object_type!(User, "user");

pub const NAME: Field<String> = Field::text("name", 200, "The user's full name.").required().personal();
pub const EMAIL: Field<String> =
    Field::text("email", 320, "The user's e-mail address; no two users share one.")
        .unique()
        .personal()
        .compared(Comparison::Address)
        .form(formats::EMAIL);
pub const JOB_TITLE: Field<String> = Field::text("jobTitle", 200, "The user's job title.");
pub const MANAGER: Field<Ref<User>> = Field::reference("managerId", "The user's manager.")
    .hierarchy()
    .inverse("reports", "The user's direct reports.");
pub const TEAM: Field<Ref<Team>> =
    Field::reference("teamId", "The user's team.").inverse("members", "The team's members.");
pub const ACTIVE: Field<bool> = Field::boolean(
    "active",
    "Whether the user is active; the API keys of an inactive user are refused. Default: `true`.",
)
.required()
.preset(Preset::Boolean(true));

pub fn user() -> Object {
    Object::plain("user", "users", "A person who works in the workspace.")
        .fields(&[NAME.def, EMAIL.def, JOB_TITLE.def, MANAGER.def, TEAM.def, ACTIVE.def])
        .governs_access()
        .rule_on(&[ChangeKind::Delete], others_only)
}

/// Nobody locks themselves out.
fn others_only(change: &mut Change<'_, User>) {
    if change.id() == change.actor.user {
        change.refuse_at(
            system::ID.def.name,
            Code::IllegalState,
            "you are this user; somebody else has to delete you",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Trial, USER, record};

    #[test]
    fn nobody_deletes_themselves() {
        let user = |id| record::<User>(user(), id);
        Trial::delete(user(USER.as_u128())).run().refuses(&[(Code::IllegalState, "/id")]);
        Trial::delete(user(1)).run().refuses(&[]);
        Trial::restore(user(USER.as_u128())).run().refuses(&[]);
    }
}
