//! Checkpoints of SQLite's write-ahead log (WAL). SQLite moves what is in the log to the database's file by itself, but
//! restarts the log only in a moment without readers. Under constant reads there is no such moment, and the log would
//! grow without end. So now and then the one writer waits for the readers that are in its way; readers that come
//! meanwhile read the database's file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use kernel::Result;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::{admission::AcquireRequest, pool::Pool};

/// The size in bytes above which the log is truncated.
pub(crate) const LARGE: u64 = 16 << 20;
/// The size above which the writer waits longer for readers.
const HUGE: u64 = 3 * LARGE;
/// The interval between two looks at the size.
const EVERY: Duration = Duration::from_millis(100);
/// How long the writer waits while another process locks the file.
pub(crate) const BUSY: Duration = Duration::from_secs(30);

/// Truncates the log, if the readers let it within a moment.
const BRIEFLY: &str = "PRAGMA busy_timeout = 300; PRAGMA wal_checkpoint(TRUNCATE)";
/// Truncates the log, if the readers let it before those who want to write lose their max_wait.
const PATIENTLY: &str = "PRAGMA busy_timeout = 900; PRAGMA wal_checkpoint(TRUNCATE)";
/// Restores the writer's busy timeout.
const RESTORE: &str = "PRAGMA busy_timeout = 30000";

/// The write-ahead log of a database.
#[derive(Clone, Debug)]
pub(crate) struct Wal(PathBuf);

impl Wal {
    /// The log of the database in this file.
    pub fn of(file: &Path) -> Self {
        let mut name = file.as_os_str().to_owned();
        name.push("-wal");
        Self(name.into())
    }

    /// Truncates it whenever it has become large, for as long as the database is open.
    pub fn truncate_when_large(&self, writer: &Arc<Pool>) {
        let (log, writer) = (self.clone(), Arc::downgrade(writer));
        tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(writer) = writer.upgrade() else { return };
                let how = match log.size().await {
                    HUGE.. => PATIENTLY,
                    LARGE.. => BRIEFLY,
                    _ => continue,
                };
                if let Err(error) = checkpoint(&writer, how).await {
                    tracing::debug!(%error, "the write-ahead log was not truncated");
                }
            }
        });
    }

    /// Truncates it.
    pub async fn truncate(&self, writer: &Arc<Pool>) {
        if let Err(error) = checkpoint(writer, BRIEFLY).await {
            tracing::debug!(%error, "the write-ahead log was not truncated");
        }
    }

    async fn size(&self) -> u64 {
        tokio::fs::metadata(&self.0).await.map_or(0, |log| log.len())
    }
}

async fn checkpoint(writer: &Arc<Pool>, how: &'static str) -> Result<()> {
    let mut writer = writer.acquire(AcquireRequest::server(Uuid::nil(), true), false).await?;
    let done = writer.pragma(how).await;
    writer.pragma(RESTORE).await?;
    done
}
