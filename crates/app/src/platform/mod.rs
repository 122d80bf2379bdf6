//! Commands of the platform.

pub mod api_key;
pub mod file;
pub mod job;
pub mod workspace;
