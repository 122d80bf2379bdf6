//! `segmentMembers`: who is in a segment now.

use domain::marketing::segment::{self, Segment, SegmentObject};
use kernel::{Of, Record, Result};

use crate::view::declaration::{Collection, Members};

/// The members of a segment, by its predicate.
pub const MEMBERS: Collection = Collection {
    name: "segmentMembers",
    object: "segment",
    path: "members",
    doc: "The contacts or companies for which the segment's predicate holds now, as far as the caller may see them.",
    of: &["contact", "company"],
    resolve: members,
};

fn members(segment: &Record) -> Result<Members> {
    let segment: Of<Segment, _> = Of::new(segment)?;
    let object = match segment.get(segment::OBJECT) {
        Some(SegmentObject::Company) => "company",
        _ => "contact",
    };
    Ok(Members { object, predicate: segment.get(segment::WHERE).unwrap_or_default() })
}
