//! Commands of service.

pub mod ticket;
