//! Teams: users who work together; teams nest.

use kernel::{field::Field, object::Object};
use uuid::Uuid;

/// Its name.
pub const NAME: Field<String> =
    Field::text("name", 200, "The team's name; no two teams share one.").required().unique();
/// The team it is part of.
pub const PARENT: Field<Uuid> = Field::reference("parentId", "team", "The team this one is part of.")
    .hierarchy()
    .inverse("children", "The teams that are part of this one.");

/// The object.
pub fn team() -> Object {
    Object::plain("team", "teams", "Users who work together.").fields(&[NAME.def, PARENT.def])
}
