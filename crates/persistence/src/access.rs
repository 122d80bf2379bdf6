//! The state of a workspace's access: a number that every change of what governs access raises in its own
//! transaction. Whoever acts under a credential that was looked up earlier proves with each statement that the
//! number is still the same; so a revoked key ends with the next request, in every process, without asking.

use kernel::{Code, Result};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query, SelectStatement};
use uuid::Uuid;

use crate::{Unit, lane::Lane, sql::column};

const TABLE: &str = "access_epochs";
const EPOCH: &str = "epoch";
const ALIAS: &str = "a";

/// `SELECT epoch` of the workspace.
fn select(workspace: Uuid) -> SelectStatement {
    let mut select = Query::select();
    select.expr(column(ALIAS, EPOCH)).from_as(Alias::new(TABLE), Alias::new(ALIAS));
    select.and_where(column(ALIAS, "workspace_id").eq(workspace));
    select
}

/// The condition that the state is still this one.
pub(crate) fn lasts(workspace: Uuid, epoch: i64) -> Expr {
    Expr::SubQuery(None, Box::new(select(workspace).into())).eq(epoch)
}

/// Refuses what was done under a state that no longer lasts, where a statement's silence left that open.
pub(crate) async fn check(lane: &mut Lane, workspace: Uuid, epoch: Option<i64>) -> Result<()> {
    let Some(epoch) = epoch else { return Ok(()) };
    let rows = lane.rows(&select(workspace)).await?;
    match rows.first().map(|row| row.get::<i64>(0)).transpose()? {
        Some(now) if now == epoch => Ok(()),
        _ => Err(Code::Unauthenticated.into()),
    }
}

impl Unit {
    /// Tells every process to look credentials up anew.
    pub(crate) async fn raise_epoch(&mut self) -> Result<()> {
        let mut insert = Query::insert();
        insert.into_table(Alias::new(TABLE)).columns(["workspace_id", EPOCH].map(Alias::new));
        insert.values_panic([self.actor().workspace.into(), 1_i64.into()]);
        let raised = column(TABLE, EPOCH).add(1_i64);
        insert.on_conflict(OnConflict::column("workspace_id").value(EPOCH, raised).to_owned());
        self.lane().await?.execute(&insert).await.map(drop)
    }
}
