//! The bytes of files, in pieces, so that neither reading nor writing holds a whole file in memory.

use kernel::{Result, actor::Actor};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use uuid::Uuid;

use crate::{Database, Unit};

/// The size of a piece.
pub const PIECE: usize = 256 * 1024;

const TABLE: &str = "file_chunks";

impl Unit {
    /// Keeps a piece of a file.
    pub async fn keep_piece(&mut self, file: Uuid, position: i64, bytes: Vec<u8>) -> Result<()> {
        let mut insert = Query::insert();
        insert.into_table(Alias::new(TABLE));
        insert.columns(["workspace_id", "file_id", "position", "bytes"].map(Alias::new));
        insert.values_panic([self.actor().workspace.into(), file.into(), position.into(), bytes.into()]);
        self.lane().execute(&insert).await.map(drop)
    }
}

impl Database {
    /// A piece of a file; none behind its end. Whoever asks has found the file's record first.
    pub async fn piece(&self, actor: &Actor, file: Uuid, position: i64) -> Result<Option<Vec<u8>>> {
        let mut select = Query::select();
        select.column(Alias::new("bytes")).from(Alias::new(TABLE));
        select.and_where(Expr::col(Alias::new("workspace_id")).eq(actor.workspace));
        select.and_where(Expr::col(Alias::new("file_id")).eq(file));
        select.and_where(Expr::col(Alias::new("position")).eq(position));
        let mut lane = self.reader(actor.workspace).await?;
        lane.rows(&select).await?.first().map(|row| row.get(0)).transpose()
    }
}
