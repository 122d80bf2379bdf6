//! Segments: questions about contacts or companies, under a name.

use kernel::{choices, field::Field, object::Object};
use serde_json::Value as Json;

choices! {
    /// What a segment consists of.
    pub SegmentObject {
        /// Of contacts.
        Contact = "CONTACT",
        /// Of companies.
        Company = "COMPANY",
    }
}

/// Its name.
pub const NAME: Field<String> =
    Field::text("name", 200, "The segment's name; no two segments share one.").required().unique();
/// What it is for.
pub const DESCRIPTION: Field<String> = Field::text("description", 2_000, "What the segment is for.").opaque();
/// What it consists of.
pub const OBJECT: Field<SegmentObject> =
    Field::choice("object", "What the segment consists of.").required().immutable();
/// Who is in it.
pub const WHERE: Field<Json> =
    Field::document("where", "The predicate that the segment's records meet, as lists take it.")
        .required()
        .predicate_over(OBJECT);

/// The object.
pub fn segment() -> Object {
    Object::plain("segment", "segments", "The contacts or companies that meet a predicate, under a name.")
        .fields(&[NAME.def, DESCRIPTION.def, OBJECT.def, WHERE.def])
}
