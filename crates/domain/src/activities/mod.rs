//! Activities, tasks and tags.

pub mod activity;
pub mod tag;
pub mod task;

use kernel::object::Object;

/// The objects of this area.
pub fn objects() -> Vec<Object> {
    vec![activity::activity(), task::task(), tag::tag()]
}
