//! End-to-end tests: a real server on a fresh database, asked from outside, on SQLite and PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod access;
mod arrows;
mod conformance;
mod contract;
mod docs;
mod graphql;
mod guards;
mod import;
mod isolation;
mod jobs;
mod load;
mod marketing;
mod people;
mod permissions;
mod platform;
mod sales;
mod service;
mod storage;
mod support;
mod work;
mod writes;
