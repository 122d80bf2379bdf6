//! The binary as a library: configuration, command line, wiring. Tests start the server with [`serve::run`].

pub mod cli;
pub mod config;
mod connection;
pub mod database;
mod demo;
mod engine;
pub mod failure;
mod listener;
mod log;
mod output;
pub mod serve;
mod signals;

pub use config::Config;
pub use failure::Failure;
pub use serve::{Running, run};
pub use transport::Origins;
