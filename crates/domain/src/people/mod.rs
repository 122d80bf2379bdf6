//! People and the organisations they belong to.

pub mod address;
pub mod affiliation;
pub mod company;
pub mod contact;

use kernel::object::Object;

/// The objects of this area.
pub fn objects() -> Vec<Object> {
    vec![contact::contact(), company::company(), affiliation::affiliation()]
}
