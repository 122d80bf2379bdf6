//! API keys: the credentials of programs. The secret itself is shown once, and only its hash is kept.

use kernel::{
    field::Field,
    object::{Action, Object},
    time::Instant,
};
use uuid::Uuid;

use super::membership::MembershipRole;

/// What it is for.
pub const NAME: Field<String> = Field::text("name", 200, "What the key is for.").required();
/// Whose key it is.
pub const USER: Field<Uuid> = Field::reference("userId", "user", "The user on whose behalf the key acts.")
    .required()
    .immutable()
    .inverse("apiKeys", "The user's API keys.");
/// What it may do.
pub const ROLE: Field<MembershipRole> =
    Field::choice("role", "What the bearer of the key may do.").required().immutable();
/// How to recognise it.
pub const HINT: Field<String> =
    Field::text("hint", 32, "The key's last characters, by which people recognise it.").computed();
/// Until when it is good.
pub const EXPIRES_AT: Field<Instant> =
    Field::instant("expiresAt", "When the key ceases to be good; never where it is null.");
/// Since when it is no longer good.
pub const REVOKED_AT: Field<Instant> =
    Field::instant("revokedAt", "When the key was revoked; null while it is good.").computed();

/// The object.
pub fn api_key() -> Object {
    Object::plain("apiKey", "apiKeys", "The credential of a program that acts on a user's behalf.")
        .fields(&[NAME.def, USER.def, ROLE.def, HINT.def, EXPIRES_AT.def, REVOKED_AT.def])
        .governs_access()
        .only(&[Action::Read])
}
