//! Customer service: tickets.

pub mod ticket;

use kernel::object::Object;

/// The objects of this area.
pub fn objects() -> Vec<Object> {
    vec![ticket::ticket()]
}
