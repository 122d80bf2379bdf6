//! The end of a transaction: the events get their numbers, and all is written.

use kernel::{Code, Error, Result};

use super::Transaction;
use crate::{
    access, commit_statement,
    dialect::Dialect,
    log::{self, Entry},
};

impl Transaction {
    /// Commits the staged rows and the events. Returns the last event's number; none if nothing was changed.
    pub async fn commit(mut self) -> Result<Option<i64>> {
        let entries = std::mem::take(&mut self.entries);
        match self.finish(entries).await {
            Ok(last) => Ok(last),
            Err(error) => {
                let rolled_back = self.rollback().await;
                if matches!(error.code, Code::Unavailable | Code::Timeout) {
                    // The commit may have succeeded, and only its answer been lost.
                    return Err(error.in_doubt());
                }
                // If the access has changed, that is the error.
                rolled_back?;
                Err(error)
            }
        }
    }

    async fn finish(&mut self, entries: Vec<Entry>) -> Result<Option<i64>> {
        if entries.is_empty() {
            if !self.unwritten.is_empty() {
                self.flush().await?;
            }
            self.check_access().await?;
            return self.end_transaction().await.map(|()| None);
        }
        let epoch = match entries.iter().any(Entry::governs_access) {
            true => {
                let epoch = self.raise_epoch().await?;
                self.check_an_owner_remains().await?;
                epoch
            }
            false => self.actor.epoch,
        };
        let last = match self.connection.dialect() {
            Dialect::Postgres
                if commit_statement::fits(&self.unwritten, entries.len(), log::COLUMNS.len()) =>
            {
                self.append_events_with_rows(entries, epoch).await?
            }
            _ => self.append_events(entries, epoch).await?,
        };
        self.end_transaction().await.map(|()| Some(last))
    }

    async fn end_transaction(&mut self) -> Result<()> {
        if self.begun {
            self.connection.commit().await?;
            self.begun = false;
        }
        Ok(())
    }

    /// Appends the events to the log. The counter's row is locked until the commit is on disk, so it is taken last; and
    /// a transaction that revoked the credential before has committed once it is locked.
    async fn append_events(&mut self, entries: Vec<Entry>, epoch: Option<i64>) -> Result<i64> {
        let count = entries.len();
        let (first, at) = self.advance_counter("seq", count).await?;
        access::check(&mut self.connection, self.actor.workspace, epoch).await?;
        let rows = log::events(self.connection.dialect(), &self.actor, at, first, entries)?;
        self.connection.insert(rows).await?;
        Ok(first + i64::try_from(count).map_err(|error| Error::internal(error))? - 1)
    }

    /// Appends the events and writes the staged rows in one statement.
    async fn append_events_with_rows(&mut self, entries: Vec<Entry>, epoch: Option<i64>) -> Result<i64> {
        let dialect = self.connection.dialect();
        let events = log::events(dialect, &self.actor, self.now, 1, entries)?;
        let rows = std::mem::take(&mut self.unwritten);
        let (sql, values) = commit_statement::commit_statement(
            self.actor.workspace,
            dialect.instant(self.now),
            epoch,
            rows,
            events,
        )?;
        let appended = self.connection.write_returning(sql, values).await?;
        appended.last().ok_or_else(|| Error::internal("no event was written"))?.get(0)
    }
}
