//! The words everyone uses: ids, money, values, fields, objects, predicates, plans, changes, pages,
//! errors and their codes, roles, access, actors, permits and the clock.

pub mod access;
pub mod actor;
pub mod answer;
pub mod change;
pub mod error;
pub mod field;
pub mod id;
pub mod input;
pub mod items;
pub mod json;
pub mod money;
pub mod object;
pub mod permit;
pub mod plan;
pub mod predicate;
pub mod record;
pub mod reference;
pub mod registry;
pub mod role;
pub mod secret;
pub mod system;
pub mod text;
pub mod time;
pub mod value;
pub mod zone;

pub use error::{Code, Error, Result, Violation};
pub use permit::Permit;
pub use record::{Of, Record};
pub use registry::Registry;
pub use value::Value;
