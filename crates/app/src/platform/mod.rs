//! Commands of the platform.

pub mod api_key;
pub mod workspace;
