//! API keys: the credentials of programs. The secret itself is shown once, and only its hash is kept.

use kernel::{
    object::{Action, Object},
    time::Instant,
    value::Ref,
};

use super::{membership::MembershipRole, user::User};

kernel::object_type!(ApiKey, "apiKey");

pub const NAME: Field<String> =
    Field::text("name", 200, "The key's name, which says what it is for.").required();
pub const USER: Field<Ref<User>> = Field::reference("userId", "The user on whose behalf the key acts.")
    .required()
    .immutable()
    .inverse("apiKeys", "The user's API keys.");
pub const ROLE: Field<MembershipRole> =
    Field::choice("role", "The role that the key acts with.").required().immutable();
pub const HINT: Field<String> =
    Field::text("hint", 32, "The key's last characters, by which people recognise it.").computed();
pub const EXPIRES_AT: Field<Instant> =
    Field::instant("expiresAt", "The time the key expires; null where it never does.");
pub const REVOKED_AT: Field<Instant> =
    Field::instant("revokedAt", "The time the key was revoked; null while it is not.").computed();

pub fn api_key() -> Object {
    Object::plain(
        "apiKey",
        "apiKeys",
        "An API key: the credential of a program that acts on a user's behalf.",
    )
    .fields(&[NAME.def, USER.def, ROLE.def, HINT.def, EXPIRES_AT.def, REVOKED_AT.def])
    .governs_access()
    .only(&[Action::Read])
}
