//! Failures of the driver, as errors.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kernel::{Code, Error};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// A failure of the driver, or of the code that took the rows.
pub(super) enum Failure {
    Driver(sqlx::Error),
    Refusal(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refusal(error)
    }
}

/// The end of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The server has closed it, and says so instead of running the statement.
    Closed,
    /// It broke: the statement may have been run.
    Broken,
}

impl Failure {
    /// The end of the connection, if the failure means one.
    pub fn end(&self) -> Option<End> {
        match self {
            Self::Driver(error) => end(error),
            Self::Refusal(_) => None,
        }
    }

    /// The failure as an error.
    pub fn into_error(self) -> Error {
        match self {
            Self::Driver(error) => to_error(error),
            Self::Refusal(error) => error,
        }
    }
}

/// The end of the connection, if the failure means one.
pub(super) fn end(error: &sqlx::Error) -> Option<End> {
    let Some(database) = error.as_database_error() else { return Some(End::Broken) };
    let fatal = |error: &PgDatabaseError| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    match database.try_downcast_ref::<PgDatabaseError>() {
        // An administrator, or the longest time that a session may do nothing.
        Some(error) if fatal(error) && matches!(error.code(), "57P01" | "57P05") => Some(End::Closed),
        Some(error) if fatal(error) => Some(End::Broken),
        _ => None,
    }
}

/// The failure as an error.
pub(crate) fn to_error(error: sqlx::Error) -> Error {
    let code = code_of(&error);
    if code == Code::StorageFull {
        warn_of_full_storage(&error);
    }
    Error { cause: Some(Arc::new(error)), ..code.into() }
}

/// The code of a failure.
pub(super) fn code_of(error: &sqlx::Error) -> Code {
    let Some(database) = error.as_database_error() else { return Code::Unavailable };
    if database.is_unique_violation() {
        return Code::NotUnique;
    }
    if database.is_foreign_key_violation() {
        return Code::ReferenceNotFound;
    }
    match database.code().as_deref() {
        Some("57014") => Code::Timeout,
        // SQLite was interrupted.
        Some("9") => Code::Timeout,
        // Two transactions waited for each other, or another process kept SQLite's file: the same request may
        // succeed a moment later.
        Some("40P01" | "40001" | "5" | "261" | "517") => Code::Unavailable,
        // PostgreSQL stops, starts, has ended the session or lets no more in.
        Some("57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300") => Code::Unavailable,
        Some(code) if code.len() == 5 && code.starts_with("08") => Code::Unavailable,
        // SQLite's SQLITE_FULL, and its log's index that could not grow.
        Some("53100" | "13" | "4874") => Code::StorageFull,
        _ => Code::Internal,
    }
}

/// Warns the operator, at most once a minute.
fn warn_of_full_storage(error: &sqlx::Error) {
    const EVERY: Duration = Duration::from_secs(60);
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = START.get_or_init(Instant::now).elapsed().as_secs();
    let next = NEXT.load(Ordering::Relaxed);
    let later = now.saturating_add(EVERY.as_secs());
    if now >= next && NEXT.compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        tracing::warn!(%error, "the database's storage is full: writes are refused, reads go on");
    }
}
