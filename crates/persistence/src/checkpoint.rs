//! SQLite's log, kept small. SQLite moves what is in the log to the database's file by itself, but begins the log
//! anew only in a moment in which nobody reads from it. Where several read all the time there is no such moment, and
//! the log grows for ever. So now and then the one writer waits for the readers that are in its way; those that come
//! meanwhile read the database's file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use kernel::Result;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::{admission::Asking, lane::Lanes};

/// The log is emptied when it has become larger than this many bytes.
pub(crate) const LARGE: u64 = 16 << 20;
/// When it has become larger than this, it is waited for readers until they are done.
const HUGE: u64 = 3 * LARGE;
/// How often its size is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// How long the writer waits where another process keeps the file.
pub(crate) const BUSY: Duration = Duration::from_secs(30);

/// Empties the log, if the readers let it within a moment.
const BRIEFLY: &str = "PRAGMA busy_timeout = 300; PRAGMA wal_checkpoint(TRUNCATE)";
/// Empties the log, if the readers let it before those who want to write lose their patience.
const PATIENTLY: &str = "PRAGMA busy_timeout = 900; PRAGMA wal_checkpoint(TRUNCATE)";
/// Makes the writer as patient as it was.
const AS_EVER: &str = "PRAGMA busy_timeout = 30000";

/// The log of a database.
#[derive(Clone, Debug)]
pub(crate) struct Log(PathBuf);

impl Log {
    /// The log of the database in this file.
    pub fn of(file: &Path) -> Self {
        let mut name = file.as_os_str().to_owned();
        name.push("-wal");
        Self(name.into())
    }

    /// Empties it whenever it has become large, for as long as the database is open.
    pub fn keep_small(&self, writer: &Arc<Lanes>) {
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
                if let Err(error) = truncate(&writer, how).await {
                    tracing::debug!(%error, "the log was not emptied");
                }
            }
        });
    }

    /// Empties it.
    pub async fn empty(&self, writer: &Arc<Lanes>) {
        if let Err(error) = truncate(writer, BRIEFLY).await {
            tracing::debug!(%error, "the log was not emptied");
        }
    }

    async fn size(&self) -> u64 {
        tokio::fs::metadata(&self.0).await.map_or(0, |log| log.len())
    }
}

async fn truncate(writer: &Arc<Lanes>, how: &'static str) -> Result<()> {
    let mut writer = writer.lane(Asking::server(Uuid::nil(), true), false).await?;
    let done = writer.pragma(how).await;
    writer.pragma(AS_EVER).await?;
    done
}
