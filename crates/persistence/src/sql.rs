//! From plans to SQL: permissions, predicates, orders and pages.

mod condition;
mod groups;
mod keyset;
mod period;
mod select;

use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Permit, Registry, Value, field::Kind, object::Ownership, plan::Deleted, system};
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Query, SelectStatement};
use uuid::Uuid;

use crate::dialect::Dialect;

/// The writer of one read's SQL.
pub(crate) struct Sql<'a> {
    pub registry: &'a Registry,
    pub dialect: Dialect,
    aliases: AtomicU32,
}

/// A column of a table under its alias.
pub(crate) fn column(alias: &str, name: &str) -> Expr {
    Expr::col((Alias::new(alias), Alias::new(name)))
}

impl<'a> Sql<'a> {
    pub fn new(registry: &'a Registry, dialect: Dialect) -> Self {
        Self { registry, dialect, aliases: AtomicU32::new(0) }
    }

    /// A new alias for a table.
    fn alias(&self) -> String {
        format!("t{}", self.aliases.fetch_add(1, Ordering::Relaxed))
    }

    /// The records of the permit's object that its actor may see: of the workspace, in the row scope, not
    /// deleted unless asked for.
    pub fn visible(&self, permit: &Permit, deleted: Deleted, alias: &str) -> Condition {
        let mut condition = Condition::all().add(self.workspace(permit.workspace(), alias));
        if permit.object().is_mutable() {
            let deleted_at = column(alias, "deleted_at");
            match deleted {
                Deleted::Exclude => condition = condition.add(deleted_at.is_null()),
                Deleted::Only => condition = condition.add(deleted_at.is_not_null()),
                Deleted::Include => {}
            }
        }
        if !permit.object().is_mutable() && deleted == Deleted::Only {
            condition = condition.add(Expr::cust("1 = 0"));
        }
        if let Some(told) = permit.object().tells_of.and_then(|log| permit.object().attribute(log.object)) {
            for closed in permit.closed_objects() {
                condition = condition.add(column(alias, &told.column).ne(*closed));
            }
        }
        if let Some(rows) = permit.only_matching() {
            condition = condition.add(self.predicate(permit, &rows, alias));
        }
        match permit.only_of() {
            Some(user) => condition.add_option(self.owned(permit.object(), user, permit.workspace(), alias)),
            None => condition,
        }
    }

    /// The condition on the workspace. On PostgreSQL row-level security repeats it.
    fn workspace(&self, workspace: Uuid, alias: &str) -> Expr {
        #[cfg(feature = "without-tenant-filter")]
        if crate::without_tenant_filter::is_on() {
            return Expr::cust("1 = 1");
        }
        column(alias, "workspace_id").eq(workspace)
    }

    /// The condition on the owner; none if the records are shared.
    fn owned(
        &self,
        object: &kernel::object::Object,
        user: Uuid,
        workspace: Uuid,
        alias: &str,
    ) -> Option<Expr> {
        match object.ownership {
            Ownership::Shared => None,
            Ownership::Field(name) => {
                let is_user =
                    |name: &str| object.attribute(name).map(|owner| column(alias, &owner.column).eq(user));
                let owns = is_user(name)?;
                Some(match object.owned_before.and_then(is_user) {
                    Some(owned) => owns.or(owned),
                    None => owns,
                })
            }
            Ownership::Through(name) => {
                let reference = object.attribute(name)?;
                let parent = self.registry.object(reference.target()?)?;
                let inner = self.alias();
                let owned = self.owned(parent, user, workspace, &inner)?;
                let mut select = self.exists_in(&parent.table, workspace, &inner);
                select.and_where(column(&inner, "id").eq(column(alias, &reference.column))).and_where(owned);
                Some(Expr::exists(select))
            }
        }
    }

    /// `SELECT 1 FROM table AS alias` within the workspace.
    fn exists_in(&self, table: &str, workspace: Uuid, alias: &str) -> SelectStatement {
        let mut select = Query::select();
        select.expr(Expr::cust("1")).from_as(Alias::new(table), Alias::new(alias));
        select.and_where(self.workspace(workspace, alias));
        select
    }

    /// A value as a parameter.
    fn bound(&self, kind: Kind, value: &Value) -> Expr {
        Expr::value(self.dialect.bind(kind, value))
    }
}

/// The column of the id.
pub(crate) fn id_column() -> &'static str {
    system::ID.def.name
}
