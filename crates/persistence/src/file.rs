//! The bytes of files, in pieces, so that neither reading nor writing holds a whole file in memory.

use kernel::{Result, actor::Actor};
use sea_orm::{EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::{
    Database, Unit,
    entity::file_chunk::{Entity, Model},
    lane::orm,
};

/// The size of a piece.
pub const PIECE: usize = 256 * 1024;

impl Unit {
    /// Keeps a piece of a file.
    pub async fn keep_piece(&mut self, file: Uuid, position: i64, bytes: Vec<u8>) -> Result<()> {
        let piece = Model { workspace_id: self.actor().workspace, file_id: file, position, bytes };
        let insert = Entity::insert(piece.into_active_model());
        insert.exec_without_returning(&self.lane().await?.orm()).await.map(drop).map_err(orm::error)
    }
}

impl Database {
    /// A piece of a file; none behind its end. Whoever asks has found the file's record first.
    #[expect(clippy::disallowed_methods, reason = "the whole key is given, the workspace first")]
    pub async fn piece(&self, actor: &Actor, file: Uuid, position: i64) -> Result<Option<Vec<u8>>> {
        let mut lane = self.reader(actor.workspace).await?;
        let piece = Entity::find_by_id((actor.workspace, file, position));
        let piece = piece.one(&lane.orm()).await.map_err(orm::error)?;
        Ok(piece.map(|piece| piece.bytes))
    }
}
