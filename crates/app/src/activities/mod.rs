//! Commands of activities and tasks.

pub mod task;
