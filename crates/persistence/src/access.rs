//! The epoch of a workspace's access: a number that every change of users, keys, memberships or the workspace raises in
//! its own transaction. Each commit under a credential proves that the epoch is still the same, and under a cached
//! credential each read does; so a revoked key ends at once, in every process.

use kernel::{Code, Result};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, OnConflict, Query};
use uuid::Uuid;

use crate::{Database, Transaction, pool::PooledConnection, sql::column};

const TABLE: &str = "access_epochs";
const EPOCH: &str = "epoch";
const ALIAS: &str = "a";

/// The workspace's epoch. A workspace made by an older release has none yet.
fn number(workspace: Uuid) -> Expr {
    let mut select = Query::select();
    select.expr(column(ALIAS, EPOCH)).from_as(Alias::new(TABLE), Alias::new(ALIAS));
    select.and_where(column(ALIAS, "workspace_id").eq(workspace));
    Func::coalesce([Expr::SubQuery(None, Box::new(select.into())), Expr::value(0_i64)]).into()
}

/// The condition that the epoch is still this one.
pub(crate) fn lasts(workspace: Uuid, epoch: i64) -> Expr {
    number(workspace).eq(epoch)
}

/// Refuses work under an epoch that has passed, where an empty result has left that open.
pub(crate) async fn check(
    connection: &mut PooledConnection,
    workspace: Uuid,
    epoch: Option<i64>,
) -> Result<()> {
    let Some(epoch) = epoch else { return Ok(()) };
    let rows = connection.rows(Query::select().expr(number(workspace))).await?;
    match rows.first().map(|row| row.get::<i64>(0)).transpose()? {
        Some(now) if now == epoch => Ok(()),
        _ => Err(Code::Unauthenticated.into()),
    }
}

impl Database {
    /// Every workspace.
    pub(crate) async fn workspaces(&self) -> Result<Vec<Uuid>> {
        let mut connection = self.reader(Uuid::nil()).await?;
        let mut select = Query::select();
        select.expr(column(ALIAS, "workspace_id")).from_as(Alias::new(TABLE), Alias::new(ALIAS));
        connection.rows(&select).await?.iter().map(|row| row.get(0)).collect()
    }
}

impl Transaction {
    /// Raises the epoch, so that every process looks credentials up again, unless the actor's own has passed. Returns
    /// the actor's new epoch.
    pub(crate) async fn raise_epoch(&mut self) -> Result<Option<i64>> {
        let known = self.actor().epoch;
        let mut insert = Query::insert();
        insert.into_table(Alias::new(TABLE)).columns(["workspace_id", EPOCH].map(Alias::new));
        insert.values_panic([self.actor().workspace.into(), 1_i64.into()]);
        let mut conflict = OnConflict::column("workspace_id");
        conflict.value(EPOCH, column(TABLE, EPOCH).add(1_i64));
        if let Some(known) = known {
            conflict.action_and_where(column(TABLE, EPOCH).eq(known));
        }
        insert.on_conflict(conflict);
        match self.connection().await?.execute(&insert).await? {
            0 => Err(Code::Unauthenticated.into()),
            _ => Ok(known.map(|known| known.saturating_add(1))),
        }
    }
}
