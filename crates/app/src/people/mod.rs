//! Views of people.

pub mod contact;
