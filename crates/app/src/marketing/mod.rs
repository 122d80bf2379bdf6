//! Commands of marketing.

pub mod segment;
