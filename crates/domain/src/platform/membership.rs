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
    .inverse("memberships", "What the user may do in the workspace.");
/// The user's role.
pub const ROLE: Field<MembershipRole> = Field::choice("role", "What the user may do.").required();

/// The object.
pub fn membership() -> Object {
    Object::plain("membership", "memberships", "What a user may do in the workspace.")
        .fields(&[USER.def, ROLE.def])
}
