//! Teams: users who work together; teams nest.

use kernel::{object::Object, value::Ref};

kernel::object_type!(Team, "team");

pub const NAME: Field<String> =
    Field::text("name", 200, "The team's name; no two teams share one.").required().unique();
pub const PARENT: Field<Ref<Team>> = Field::reference("parentId", "The parent team.")
    .hierarchy()
    .inverse("children", "The team's child teams.");

pub fn team() -> Object {
    Object::plain("team", "teams", "A team: users who work together.").fields(&[NAME.def, PARENT.def])
}
