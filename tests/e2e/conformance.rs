//! Conformance: what holds for every object, field, operator, order and operation of the registry, on both doors
//! and both databases. Nothing here names an object, so a new one is tested from the day it is declared.

mod deletion;
pub mod doors;
mod groups;
pub mod maker;
mod operations;
pub mod oracle;
mod orders;
mod parity;
pub mod predicates;
mod questions;
mod statements;
mod tables;
mod texts;
mod values;
pub mod world;
