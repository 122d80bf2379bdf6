//! The data that everything is measured on: made-up, the same every time, with a few very busy records
//! among many quiet ones.

mod calendar;
mod dice;
mod people;
mod row;
mod sales;
mod texts;
mod work;
mod world;

pub use calendar::{date, micros, rfc3339};
pub use dice::Dice;
pub use people::{Contact, REFERENCE_EVERY, TOP_COUNTRY, TOP_LIFECYCLE};
pub use row::{Cell, Row};
pub use world::{Kind, World, id, type_id, uuid, uuid_of};

use crate::Outcome;

/// Takes a row.
pub type Sink<'a> = &'a mut dyn FnMut(&Row) -> Outcome;

/// A table to be filled.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of its rows, separated by spaces.
    pub columns: &'static str,
    /// Gives all rows, in the order of the primary key.
    pub fill: fn(&World, Sink<'_>) -> Outcome,
}

/// The tables, each after those it refers to.
pub const TABLES: [Table; 17] = [
    people::USERS,
    sales::PIPELINES,
    sales::STAGES,
    people::COMPANIES,
    people::COMPANY_DOMAINS,
    people::COMPANY_ADDRESSES,
    people::CONTACTS,
    people::CONTACT_EMAILS,
    people::CONTACT_PHONES,
    people::CONTACT_ADDRESSES,
    people::EXTERNAL_REFS,
    people::AFFILIATIONS,
    sales::DEALS,
    sales::STAGE_CHANGES,
    work::ACTIVITIES,
    work::ACTIVITY_SUBJECTS,
    work::TASKS,
];
