//! The state of a workspace's access: a number that every change of what governs access raises in its own
//! transaction. Whoever acts under a credential proves with each commit, and under one that was looked up earlier
//! with each read, that the number is still the same; so a revoked key ends at once, in every process.

use kernel::{Code, Result};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, OnConflict, Query};
use uuid::Uuid;

use crate::{Database, Transaction, lane::Lane, sql::column};

const TABLE: &str = "access_epochs";
const EPOCH: &str = "epoch";
const ALIAS: &str = "a";

/// The workspace's number. One that an older release has made has none yet.
fn number(workspace: Uuid) -> Expr {
    let mut select = Query::select();
    select.expr(column(ALIAS, EPOCH)).from_as(Alias::new(TABLE), Alias::new(ALIAS));
    select.and_where(column(ALIAS, "workspace_id").eq(workspace));
    Func::coalesce([Expr::SubQuery(None, Box::new(select.into())), Expr::value(0_i64)]).into()
}

/// The condition that the state is still this one.
pub(crate) fn lasts(workspace: Uuid, epoch: i64) -> Expr {
    number(workspace).eq(epoch)
}

/// Refuses what was done under a state that no longer lasts, where a statement's silence left that open.
pub(crate) async fn check(lane: &mut Lane, workspace: Uuid, epoch: Option<i64>) -> Result<()> {
    let Some(epoch) = epoch else { return Ok(()) };
    let rows = lane.rows(Query::select().expr(number(workspace))).await?;
    match rows.first().map(|row| row.get::<i64>(0)).transpose()? {
        Some(now) if now == epoch => Ok(()),
        _ => Err(Code::Unauthenticated.into()),
    }
}

impl Database {
    /// Every workspace.
    pub(crate) async fn workspaces(&self) -> Result<Vec<Uuid>> {
        let mut lane = self.reader(Uuid::nil()).await?;
        let mut select = Query::select();
        select.expr(column(ALIAS, "workspace_id")).from_as(Alias::new(TABLE), Alias::new(ALIAS));
        lane.rows(&select).await?.iter().map(|row| row.get(0)).collect()
    }
}

impl Transaction {
    /// Tells every process to look credentials up anew, unless the actor's own is no longer good. Gives the number
    /// that the actor has from here on.
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
        match self.lane().await?.execute(&insert).await? {
            0 => Err(Code::Unauthenticated.into()),
            _ => Ok(known.map(|known| known.saturating_add(1))),
        }
    }
}
