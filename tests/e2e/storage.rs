//! The databases as they are in operation: connections that end, a log that has to stay small, a disk that is full.

mod connections;
mod full;
mod pooler;
mod wal;
