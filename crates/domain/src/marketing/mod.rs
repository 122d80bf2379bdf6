//! Marketing: segments.

pub mod segment;

use kernel::object::Object;

/// The objects of this area.
pub fn objects() -> Vec<Object> {
    vec![segment::segment()]
}
