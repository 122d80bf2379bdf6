//! Segments: named predicates over contacts or companies.

use kernel::{choices, object::Object};
use serde_json::Value as Json;

kernel::object_type!(Segment, "segment");

choices! {
    /// The object whose records a segment selects.
    pub SegmentObject {
        /// Contacts.
        Contact = "CONTACT",
        /// Companies.
        Company = "COMPANY",
    }
}

pub const NAME: Field<String> =
    Field::text("name", 200, "The segment's name; no two segments share one.").required().unique();
pub const DESCRIPTION: Field<String> = Field::text("description", 2_000, "The segment's purpose.").opaque();
pub const OBJECT: Field<SegmentObject> =
    Field::choice("object", "The object whose records the segment selects.").required().immutable();
pub const WHERE: Field<Json> = Field::document(
    "where",
    "The predicate that selects the segment's records, in the language of list filters.",
)
.required()
.predicate_over(OBJECT);

pub fn segment() -> Object {
    Object::plain("segment", "segments", "A segment: a named predicate that selects contacts or companies.")
        .fields(&[NAME.def, DESCRIPTION.def, OBJECT.def, WHERE.def])
}
