//! The bytes of files, in pieces, so that neither reading nor writing holds a whole file in memory. Each piece is
//! written in a transaction of its own, so that other writers do not wait for a large file; the file's record comes
//! last and completes it.

#![expect(
    clippy::disallowed_methods,
    reason = "the workspace comes first in every key; which uploads are under way is one matter for all workspaces"
)]

use kernel::{Result, actor::Actor, object::Object, time::Instant};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Alias, Expr, ExprTrait, Order, Query},
};
use uuid::Uuid;

use crate::{
    Database, Transaction,
    entity::{
        file_chunk::{Column, Entity, Model},
        file_upload,
    },
    pool::orm,
    sql::column,
};

/// The size of a piece.
pub const PIECE: usize = 256 * 1024;
/// The number of pieces deleted by one statement, so that other writers do not wait for a large file.
const AT_ONCE: i64 = 64;

impl Transaction {
    /// Completes an upload: the file's record is written in this transaction.
    pub async fn end_upload(&mut self, file: Uuid) -> Result<()> {
        let delete = file_upload::Entity::delete_by_id((self.actor().workspace, file));
        delete.exec(&self.connection().await?.orm()).await.map(drop).map_err(orm::error)
    }
}

impl Database {
    /// Begins an upload, so that its pieces are found if the file's record never comes.
    pub async fn begin_upload(&self, workspace: Uuid, file: Uuid, now: Instant) -> Result<()> {
        let upload = file_upload::Model { workspace_id: workspace, file_id: file, begun_at: now.0 };
        let mut connection = self.writer(workspace).await?;
        let insert = file_upload::Entity::insert(upload.into_active_model());
        insert.exec_without_returning(&connection.orm()).await.map(drop).map_err(orm::error)
    }

    /// Writes a piece of a file.
    pub async fn keep_piece(&self, workspace: Uuid, file: Uuid, position: i64, bytes: Vec<u8>) -> Result<()> {
        let piece = Model { workspace_id: workspace, file_id: file, position, bytes };
        let mut connection = self.writer(workspace).await?;
        let insert = Entity::insert(piece.into_active_model());
        insert.exec_without_returning(&connection.orm()).await.map(drop).map_err(orm::error)
    }

    /// A piece of a file; none behind its end. The caller has found the file's record first.
    pub async fn piece(&self, actor: &Actor, file: Uuid, position: i64) -> Result<Option<Vec<u8>>> {
        let mut connection = self.reader(actor.workspace).await?;
        let piece = Entity::find_by_id((actor.workspace, file, position));
        let piece = piece.one(&connection.orm()).await.map_err(orm::error)?;
        Ok(piece.map(|piece| piece.bytes))
    }

    /// Deletes the pieces of a file, and returns their number.
    pub async fn free_pieces(&self, workspace: Uuid, file: Uuid) -> Result<u64> {
        let mut freed = 0_u64;
        // The first piece is deleted last: by it the others are found if this is interrupted.
        while let Some(last) = self.last_piece(workspace, file).await? {
            let mut connection = self.writer(workspace).await?;
            let delete = Entity::delete_many()
                .filter(Column::WorkspaceId.eq(workspace))
                .filter(Column::FileId.eq(file))
                .filter(Column::Position.between(last.saturating_sub(AT_ONCE - 1), last));
            match delete.exec(&connection.orm()).await.map_err(orm::error)?.rows_affected {
                0 => break,
                some => freed = freed.saturating_add(some),
            }
        }
        let mut connection = self.writer(workspace).await?;
        let delete = file_upload::Entity::delete_by_id((workspace, file));
        delete.exec(&connection.orm()).await.map_err(orm::error)?;
        Ok(freed)
    }

    async fn last_piece(&self, workspace: Uuid, file: Uuid) -> Result<Option<i64>> {
        let mut connection = self.reader(workspace).await?;
        let mut select = Query::select();
        select.expr(column("p", "position")).from_as(Alias::new("file_chunks"), Alias::new("p"));
        select
            .and_where(column("p", "workspace_id").eq(workspace))
            .and_where(column("p", "file_id").eq(file));
        select.order_by((Alias::new("p"), Alias::new("position")), Order::Desc).limit(1);
        connection.rows(&select).await?.first().map(|row| row.get(0)).transpose()
    }

    /// The uploads that began before this instant and were never completed: workspace and file.
    pub async fn abandoned_uploads(&self, before: Instant) -> Result<Vec<(Uuid, Uuid)>> {
        let mut connection = self.reader(Uuid::nil()).await?;
        let left = file_upload::Entity::find().filter(file_upload::Column::BegunAt.lt(before.0));
        let left = left.all(&connection.orm()).await.map_err(orm::error)?;
        Ok(left.into_iter().map(|upload| (upload.workspace_id, upload.file_id)).collect())
    }

    /// The records of files that were deleted by this instant and still have pieces: workspace and file.
    pub async fn deleted_files(&self, object: &Object, by: Instant) -> Result<Vec<(Uuid, Uuid)>> {
        let mut found = Vec::new();
        for workspace in self.workspaces().await? {
            let mut connection = self.reader(workspace).await?;
            let mut piece = Query::select();
            piece.expr(Expr::cust("1")).from_as(Alias::new("file_chunks"), Alias::new("p"));
            piece.and_where(column("p", "workspace_id").eq(workspace));
            piece
                .and_where(column("p", "file_id").eq(column("f", "id")))
                .and_where(column("p", "position").eq(0));
            let mut select = Query::select();
            select.expr(column("f", "id")).from_as(Alias::new(&object.table), Alias::new("f"));
            select.and_where(column("f", "workspace_id").eq(workspace));
            select.and_where(column("f", "deleted_at").lte(connection.dialect().instant(by)));
            select.and_where(Expr::exists(piece));
            for row in connection.rows(&select).await? {
                found.push((workspace, row.get(0)?));
            }
        }
        Ok(found)
    }
}
