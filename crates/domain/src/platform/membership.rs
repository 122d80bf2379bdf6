//! Memberships: what a user may do in the workspace.

use kernel::{choices, object::Object, reference::OnDelete, value::Ref};

use super::user::User;

kernel::object_type!(Membership, "membership");

choices! {
    /// The role of a user or an API key.
    pub MembershipRole {
        /// Owner: reads and changes everything.
        Owner = "OWNER",
        /// Agent: reads and changes the records they own, and reads the set-up.
        Agent = "AGENT",
        /// Read-only: reads everything and changes nothing.
        ReadOnly = "READ_ONLY",
    }
}

pub const USER: Field<Ref<User>> = Field::reference("userId", "The user.")
    .required()
    .immutable()
    .on_delete(OnDelete::Cascade)
    .inverse("memberships", "The user's memberships.");
pub const ROLE: Field<MembershipRole> =
    Field::choice("role", "The role that the user signs in with.").required();

pub fn membership() -> Object {
    Object::plain(
        "membership",
        "memberships",
        "The role that a user signs in with. Keys carry a role of their own: see `apiKey`.",
    )
    .fields(&[USER.def, ROLE.def])
    .governs_access()
}
