//! The bytes of files, in pieces, so that neither reading nor writing holds a whole file in memory. Each piece is
//! written for itself, so that nobody waits for a large file; the file's record comes last and makes it one.

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
    lane::orm,
    sql::column,
};

/// The size of a piece.
pub const PIECE: usize = 256 * 1024;
/// So many pieces are freed by one statement, so that nobody waits for a large file.
const AT_ONCE: i64 = 64;

impl Transaction {
    /// Makes the pieces those of a file: its record is written in this transaction.
    pub async fn end_upload(&mut self, file: Uuid) -> Result<()> {
        let delete = file_upload::Entity::delete_by_id((self.actor().workspace, file));
        delete.exec(&self.lane().await?.orm()).await.map(drop).map_err(orm::error)
    }
}

impl Database {
    /// Notes that pieces of a file are about to come, so that they are found where its record never does.
    pub async fn begin_upload(&self, workspace: Uuid, file: Uuid, now: Instant) -> Result<()> {
        let upload = file_upload::Model { workspace_id: workspace, file_id: file, begun_at: now.0 };
        let mut lane = self.writer(workspace).await?;
        let insert = file_upload::Entity::insert(upload.into_active_model());
        insert.exec_without_returning(&lane.orm()).await.map(drop).map_err(orm::error)
    }

    /// Keeps a piece of a file.
    pub async fn keep_piece(&self, workspace: Uuid, file: Uuid, position: i64, bytes: Vec<u8>) -> Result<()> {
        let piece = Model { workspace_id: workspace, file_id: file, position, bytes };
        let mut lane = self.writer(workspace).await?;
        let insert = Entity::insert(piece.into_active_model());
        insert.exec_without_returning(&lane.orm()).await.map(drop).map_err(orm::error)
    }

    /// A piece of a file; none behind its end. Whoever asks has found the file's record first.
    pub async fn piece(&self, actor: &Actor, file: Uuid, position: i64) -> Result<Option<Vec<u8>>> {
        let mut lane = self.reader(actor.workspace).await?;
        let piece = Entity::find_by_id((actor.workspace, file, position));
        let piece = piece.one(&lane.orm()).await.map_err(orm::error)?;
        Ok(piece.map(|piece| piece.bytes))
    }

    /// Frees the pieces of a file, and says how many there were.
    pub async fn free_pieces(&self, workspace: Uuid, file: Uuid) -> Result<u64> {
        let mut freed = 0_u64;
        // The first piece goes last: by it the others are found, should this be cut short.
        while let Some(last) = self.last_piece(workspace, file).await? {
            let mut lane = self.writer(workspace).await?;
            let delete = Entity::delete_many()
                .filter(Column::WorkspaceId.eq(workspace))
                .filter(Column::FileId.eq(file))
                .filter(Column::Position.between(last.saturating_sub(AT_ONCE - 1), last));
            match delete.exec(&lane.orm()).await.map_err(orm::error)?.rows_affected {
                0 => break,
                some => freed = freed.saturating_add(some),
            }
        }
        let mut lane = self.writer(workspace).await?;
        let delete = file_upload::Entity::delete_by_id((workspace, file));
        delete.exec(&lane.orm()).await.map_err(orm::error)?;
        Ok(freed)
    }

    async fn last_piece(&self, workspace: Uuid, file: Uuid) -> Result<Option<i64>> {
        let mut lane = self.reader(workspace).await?;
        let mut select = Query::select();
        select.expr(column("p", "position")).from_as(Alias::new("file_chunks"), Alias::new("p"));
        select
            .and_where(column("p", "workspace_id").eq(workspace))
            .and_where(column("p", "file_id").eq(file));
        select.order_by((Alias::new("p"), Alias::new("position")), Order::Desc).limit(1);
        lane.rows(&select).await?.first().map(|row| row.get(0)).transpose()
    }

    /// The uploads that began before this instant and never ended: workspace and file.
    pub async fn left_uploads(&self, before: Instant) -> Result<Vec<(Uuid, Uuid)>> {
        let mut lane = self.reader(Uuid::nil()).await?;
        let left = file_upload::Entity::find().filter(file_upload::Column::BegunAt.lt(before.0));
        let left = left.all(&lane.orm()).await.map_err(orm::error)?;
        Ok(left.into_iter().map(|upload| (upload.workspace_id, upload.file_id)).collect())
    }

    /// The records of files that were deleted by this instant and still have pieces: workspace and file.
    pub async fn deleted_files(&self, object: &Object, by: Instant) -> Result<Vec<(Uuid, Uuid)>> {
        let mut found = Vec::new();
        for workspace in self.workspaces().await? {
            let mut lane = self.reader(workspace).await?;
            let mut piece = Query::select();
            piece.expr(Expr::cust("1")).from_as(Alias::new("file_chunks"), Alias::new("p"));
            piece.and_where(column("p", "workspace_id").eq(workspace));
            piece
                .and_where(column("p", "file_id").eq(column("f", "id")))
                .and_where(column("p", "position").eq(0));
            let mut select = Query::select();
            select.expr(column("f", "id")).from_as(Alias::new(&object.table), Alias::new("f"));
            select.and_where(column("f", "workspace_id").eq(workspace));
            select.and_where(column("f", "deleted_at").lte(lane.dialect().instant(by)));
            select.and_where(Expr::exists(piece));
            for row in lane.rows(&select).await? {
                found.push((workspace, row.get(0)?));
            }
        }
        Ok(found)
    }
}
