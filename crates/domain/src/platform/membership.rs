//! Memberships: what a user may do in the workspace.

use kernel::{choices, field::Field, object::Object};
use uuid::Uuid;

choices! {
    /// What somebody may do in the workspace.
    pub MembershipRole {
        /// Reads and changes everything.
        Owner = "OWNER",
        /// Reads and changes the records they own, and reads the set-up.
        Agent = "AGENT",
        /// Reads everything and changes nothing.
        ReadOnly = "READ_ONLY",
    }
}

/// The user.
pub const USER: Field<Uuid> = Field::reference("userId", "user", "The user.")
    .required()
    .immutable()
    .inverse("memberships", "The roles that the user signs in with.");
/// The user's role.
pub const ROLE: Field<MembershipRole> =
    Field::choice("role", "What the user may do once signed in.").required();

/// The object.
pub fn membership() -> Object {
    Object::plain(
        "membership",
        "memberships",
        "The role that a user signs in with. Keys carry a role of their own: see `apiKey`.",
    )
    .fields(&[USER.def, ROLE.def])
    .governs_access()
}
