//! Credentials: the hashes of keys and the secrets of a workspace, apart from the records that clients see.

use kernel::{Code, Error, Result, time::Instant};
use sea_orm::{
    EntityTrait, IntoActiveModel,
    sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query},
};
use uuid::Uuid;

use crate::{
    Database, Transaction,
    entity::{
        api_key_secret,
        workspace_secret::{self, CURSOR},
    },
    pool::orm,
    sql::column,
};

/// The role that may do everything, and so give access to others.
const ALL_POWERFUL: &str = "OWNER";

/// A stored key, with what is needed to act under it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The hash of its secret.
    pub hash: String,
    /// Its user.
    pub user: Uuid,
    /// Its role.
    pub role: String,
    /// When it expires.
    pub expires_at: Option<Instant>,
    /// The workspace's time zone.
    pub time_zone: String,
    /// The workspace's key for sealing cursors.
    pub cursor_key: String,
    /// The epoch of the workspace's access at which it was read.
    pub epoch: i64,
}

impl Database {
    /// The key of that id, unless it is revoked or its user is no longer active.
    pub async fn credential(&self, workspace: Uuid, key: Uuid) -> Result<Option<Credential>> {
        let mut connection = self.reader_for_authentication(workspace).await?;
        let mut select = Query::select();
        select.expr(column("s", "hash")).expr(column("k", "user_id")).expr(column("k", "role"));
        select.expr(column("w", "time_zone")).expr(column("c", "value")).expr(column("k", "expires_at"));
        // A workspace made by an older release has no epoch yet.
        select.expr(Func::coalesce([column("a", "epoch"), Expr::value(0_i64)]));
        select.from_as(Alias::new("api_keys"), Alias::new("k"));
        for (table, alias, name) in [
            ("api_key_secrets", "s", "api_key_id"),
            ("users", "u", "id"),
            ("workspaces", "w", "id"),
            ("access_epochs", "a", "workspace_id"),
            ("workspace_secrets", "c", "name"),
        ] {
            let other = match alias {
                "s" => column("k", "id"),
                "u" => column("k", "user_id"),
                "w" | "a" => column("k", "workspace_id"),
                _ => Expr::value(CURSOR),
            };
            let same = column(alias, "workspace_id").eq(column("k", "workspace_id"));
            let met = same.and(column(alias, name).eq(other));
            let kind = if alias == "a" { JoinType::LeftJoin } else { JoinType::InnerJoin };
            select.join_as(kind, Alias::new(table), Alias::new(alias), met);
        }
        select.and_where(column("k", "workspace_id").eq(workspace)).and_where(column("k", "id").eq(key));
        select.and_where(column("k", "revoked_at").is_null()).and_where(column("k", "deleted_at").is_null());
        select.and_where(column("u", "deleted_at").is_null()).and_where(column("u", "active").eq(true));
        let rows = connection.rows(&select).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Credential {
            hash: row.get(0)?,
            user: row.get(1)?,
            role: row.get(2)?,
            time_zone: row.get(3)?,
            cursor_key: row.get(4)?,
            expires_at: row.instant(5)?,
            epoch: row.get(6)?,
        }))
    }
}

impl Transaction {
    /// Refuses to leave the workspace without an owner's valid key. The transaction has locked the epoch, so that of
    /// two owners who leave at once the second one sees the first.
    pub(crate) async fn check_an_owner_remains(&mut self) -> Result<()> {
        let mut select = Query::select();
        select.expr(Expr::cust("1")).from_as(Alias::new("api_keys"), Alias::new("k"));
        let same = |name| column("u", name).eq(column("k", if name == "id" { "user_id" } else { name }));
        select.join_as(
            JoinType::InnerJoin,
            Alias::new("users"),
            Alias::new("u"),
            same("workspace_id").and(same("id")),
        );
        let now = Expr::value(self.dialect().instant(self.now()));
        let lasts = column("k", "expires_at").is_null().or(column("k", "expires_at").gt(now));
        select.and_where(column("k", "workspace_id").eq(self.actor().workspace)).and_where(lasts);
        select.and_where(column("k", "role").eq(ALL_POWERFUL));
        select.and_where(column("k", "revoked_at").is_null()).and_where(column("k", "deleted_at").is_null());
        select
            .and_where(column("u", "deleted_at").is_null())
            .and_where(column("u", "active").eq(true))
            .limit(1);
        if self.connection().await?.rows(&select).await?.is_empty() {
            let detail = "nobody could get into the workspace any more: its last owner needs a good key";
            return Err(Error::new(Code::IllegalState, detail));
        }
        Ok(())
    }

    /// Keeps the hash of a new key's secret.
    pub async fn keep_key_hash(&mut self, key: Uuid, hash: &str) -> Result<()> {
        let workspace_id = self.actor().workspace;
        let kept = api_key_secret::Model { workspace_id, api_key_id: key, hash: hash.to_owned() };
        let insert = api_key_secret::Entity::insert(kept.into_active_model());
        insert.exec_without_returning(&self.connection().await?.orm()).await.map(drop).map_err(orm::error)
    }

    /// Keeps the key with which the new workspace seals its cursors.
    pub async fn keep_cursor_key(&mut self, value: &str) -> Result<()> {
        let workspace_id = self.actor().workspace;
        let kept = workspace_secret::Model { workspace_id, name: CURSOR.to_owned(), value: value.to_owned() };
        let insert = workspace_secret::Entity::insert(kept.into_active_model());
        insert.exec_without_returning(&self.connection().await?.orm()).await.map(drop).map_err(orm::error)
    }
}
