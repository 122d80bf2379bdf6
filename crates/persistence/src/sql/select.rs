//! The statements of a read: one for the root, one for each link and level, one for each count.

use std::iter;

use kernel::{
    object::{Path, Via},
    plan::{MAX_COUNT, Plan},
};
use sea_orm::sea_query::{
    Alias, ArrayType, Condition, Expr, ExprTrait, Func, JoinType, OverStatement, Query, SelectStatement,
    Value as Bound, WindowStatement, extension::postgres::PgFunc,
};
use uuid::Uuid;

use super::{Sql, column, id_column};
use crate::{access, dialect::Dialect};

/// The alias of the records that are read.
pub(super) const ROWS: &str = "r";
/// The alias and the column of the parents' ids.
const PARENT: &str = "parent";
/// The alias of the rows that are numbered, and the column of their numbers.
const RANKED: &str = "ranked";
const RANK: &str = "rank";

impl Sql<'_> {
    /// The rows of the root.
    pub fn root(&self, plan: &Plan) -> SelectStatement {
        if let Some(order) = &plan.groups {
            return self.page_of_groups(plan, order);
        }
        let mut select = self.rows(plan);
        if let Some(epoch) = plan.permit.epoch() {
            select.and_where(access::lasts(plan.permit.workspace(), epoch));
        }
        self.ordered(&mut select, plan);
        select.limit(limit(plan));
        select
    }

    /// The count of the root's rows, as far as they are counted.
    pub fn count(&self, plan: &Plan) -> SelectStatement {
        if plan.is_grouped() {
            let mut groups = self.groups(plan);
            groups.limit(u64::from(MAX_COUNT));
            return counted(groups);
        }
        let mut rows = Query::select();
        rows.expr(Expr::cust("1")).from_as(Alias::new(&plan.object().table), Alias::new(ROWS));
        rows.cond_where(self.matching(plan)).limit(u64::from(MAX_COUNT));
        counted(rows)
    }

    /// The rows behind a link, for all parents at once, each with its parent's id behind the plan's columns, and with its
    /// place among the parent's rows behind that where they come in no certain order.
    pub fn children(&self, parent: &Plan, path: &Path, plan: &Plan, parents: &[Uuid]) -> SelectStatement {
        if let Path::One { .. } = path {
            // Rows are shared by the parents that refer to them: they are found by their own id.
            let mut select = self.rows(plan);
            select.expr(column(ROWS, "id")).and_where(match self.dialect {
                // One text for any number of them, so that the statement stays prepared.
                Dialect::Postgres => column(ROWS, "id").eq(PgFunc::any(array(parents))),
                Dialect::Sqlite => column(ROWS, "id").is_in(parents.iter().copied()),
            });
            return select;
        }
        match self.dialect {
            Dialect::Postgres => {
                let mut inner = self.rows(plan);
                inner.and_where(self.behind_parent(parent, path, plan, column(PARENT, PARENT)));
                self.ordered(&mut inner, plan);
                inner.limit(limit(plan));
                let mut select = unnested(parents);
                select.expr(list(plan));
                select.expr(column(PARENT, PARENT));
                select.join_lateral(
                    JoinType::InnerJoin,
                    inner,
                    Alias::new(ROWS),
                    Condition::all().add(Expr::cust("true")),
                );
                select
            }
            Dialect::Sqlite => self.windowed(parent, path, plan, parents),
        }
    }

    /// The count of each parent's rows behind a link.
    pub fn count_children(
        &self,
        parent: &Plan,
        path: &Path,
        plan: &Plan,
        parents: &[Uuid],
    ) -> SelectStatement {
        let (mut select, id) = match self.dialect {
            Dialect::Postgres => (unnested(parents), column(PARENT, PARENT)),
            Dialect::Sqlite => {
                let mut select = Query::select();
                select.from_values(parents.iter().copied(), Alias::new(PARENT));
                // SQLite's name for the first column of values.
                (select, column(PARENT, "column1"))
            }
        };
        let mut rows = Query::select();
        rows.expr(Expr::cust("1")).from_as(Alias::new(&plan.object().table), Alias::new(ROWS));
        rows.cond_where(self.matching(plan)).limit(u64::from(MAX_COUNT));
        rows.and_where(self.behind_parent(parent, path, plan, id.clone()));
        select.expr(Expr::SubQuery(None, Box::new(counted(rows).into()))).expr(id);
        select
    }

    /// Whether the rows behind a link come with their places.
    pub fn is_ranked(&self, path: &Path) -> bool {
        self.dialect == Dialect::Sqlite && !matches!(path, Path::One { .. })
    }

    /// On SQLite: number the rows of every parent and keep the first of each. Only their ids are numbered, and the columns
    /// looked up for those that are kept as they are asked for: what is sorted would be read to its end first, long
    /// texts and all.
    fn windowed(&self, parent: &Plan, path: &Path, plan: &Plan, parents: &[Uuid]) -> SelectStatement {
        let mut inner = Query::select();
        let key = self.join_parents(&mut inner, parent, path, plan, parents);
        inner.cond_where(self.matching(plan)).cond_where(self.part(plan));
        let mut window = WindowStatement::new();
        window.add_partition_by(key.clone());
        for by in self.order(plan, ROWS) {
            window.order_by_expr(by.expr, by.direction);
        }
        inner.expr_as(column(ROWS, id_column()), Alias::new(id_column())).expr_as(key, Alias::new(PARENT));
        inner.expr_window_as(Func::cust("row_number"), window, Alias::new(RANK));
        let mut select = self.columns(plan);
        select.expr(column(RANKED, PARENT)).expr(column(RANKED, RANK));
        select.from_subquery(inner, Alias::new(RANKED));
        // SQLite takes the tables of a cross join in their order: the rows are found by the numbered ids.
        let table = Alias::new(&plan.object().table);
        select.join_as(JoinType::CrossJoin, table, Alias::new(ROWS), Condition::all());
        select.and_where(self.workspace(plan.permit.workspace(), ROWS));
        select.and_where(column(ROWS, id_column()).eq(column(RANKED, id_column())));
        select.and_where(column(RANKED, RANK).lte(limit(plan)));
        select
    }

    /// Selects from the rows behind a link and gives the expression of the parent's id.
    fn join_parents(
        &self,
        select: &mut SelectStatement,
        parent: &Plan,
        path: &Path,
        plan: &Plan,
        parents: &[Uuid],
    ) -> Expr {
        select.from_as(Alias::new(&plan.object().table), Alias::new(ROWS));
        let parents = parents.iter().copied();
        match path {
            Path::Via(via) => {
                let inner = self.alias();
                let mut pairs = self.via_rows(parent.permit.workspace(), via, &inner);
                pairs.distinct().expr_as(column(&inner, &via.near), Alias::new("near"));
                pairs.expr_as(column(&inner, &via.far), Alias::new("far"));
                pairs.and_where(column(&inner, &via.near).is_in(parents));
                let met = column("via", "far").eq(column(ROWS, "id"));
                select.join_subquery(JoinType::InnerJoin, pairs, Alias::new("via"), met);
                column("via", "near")
            }
            Path::Many { field } | Path::One { field } => {
                let name = plan.object().at(*field).map_or("id", |attribute| attribute.column.as_str());
                select.and_where(column(ROWS, name).is_in(parents));
                column(ROWS, name)
            }
        }
    }

    fn behind_parent(&self, parent: &Plan, path: &Path, plan: &Plan, id: Expr) -> Expr {
        match path {
            Path::Via(via) => column(ROWS, "id").in_subquery(self.via(parent.permit.workspace(), via, id)),
            Path::Many { field } | Path::One { field } => {
                let name = plan.object().at(*field).map_or("id", |attribute| attribute.column.as_str());
                column(ROWS, name).eq(id)
            }
        }
    }

    /// The ids on the far side of a connecting table.
    fn via(&self, workspace: Uuid, via: &Via, near: Expr) -> SelectStatement {
        let inner = self.alias();
        let mut select = self.via_rows(workspace, via, &inner);
        select.expr(column(&inner, &via.far)).and_where(column(&inner, &via.near).eq(near));
        select
    }

    pub(super) fn via_rows(&self, workspace: Uuid, via: &Via, alias: &str) -> SelectStatement {
        let mut select = self.exists_in(&via.table, workspace, alias);
        select.clear_selects();
        for (name, value) in &via.only {
            select.and_where(column(alias, name).eq(value.as_str()));
        }
        if via.deletable {
            select.and_where(column(alias, "deleted_at").is_null());
        }
        select
    }

    /// `SELECT columns FROM table WHERE` the plan's records, in the part of the list that it wants.
    fn rows(&self, plan: &Plan) -> SelectStatement {
        let mut select = self.columns(plan);
        select.from_as(Alias::new(&plan.object().table), Alias::new(ROWS));
        select.cond_where(self.matching(plan)).cond_where(self.part(plan));
        select
    }

    fn columns(&self, plan: &Plan) -> SelectStatement {
        let mut select = Query::select();
        select.expr(list(plan));
        select
    }

    /// The records that the plan is about.
    pub(super) fn matching(&self, plan: &Plan) -> Condition {
        let visible = self.visible(&plan.permit, plan.deleted, ROWS);
        visible.add(self.predicate(&plan.permit, &plan.predicate, ROWS))
    }

    /// The part of the list that the page begins or ends at.
    fn part(&self, plan: &Plan) -> Condition {
        let beyond = |position: &Option<Vec<_>>, forward| {
            position.as_ref().map(|position| self.beyond(plan, position, forward, ROWS))
        };
        let (after, before) = (beyond(&plan.page.after, true), beyond(&plan.page.before, false));
        Condition::all().add_option(after).add_option(before)
    }

    fn ordered(&self, select: &mut SelectStatement, plan: &Plan) {
        for key in self.order(plan, ROWS) {
            select.order_by_expr(key.expr, key.direction);
        }
    }
}

/// The stored columns of the plan's fields, as one piece of text: their names are the registry's, and an expression for
/// each would be most of the statement's cost.
fn list(plan: &Plan) -> Expr {
    let fields = plan.columns.iter().filter_map(|column| plan.object().at(column.as_field()?));
    let names =
        fields.flat_map(|attribute| iter::once(attribute.column.as_str()).chain(attribute.currency()));
    let mut list = String::with_capacity(plan.columns.len().saturating_mul(20));
    for name in names {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.extend(["\"", ROWS, "\".\"", name, "\""]);
    }
    Expr::cust(list)
}

/// One row more than the page has tells whether there are more.
pub(super) fn limit(plan: &Plan) -> u64 {
    u64::from(plan.page.limit) + u64::from(plan.page.look_ahead)
}

fn counted(rows: SelectStatement) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::cust("count(*)")).from_subquery(rows, Alias::new("counted"));
    select
}

/// `SELECT FROM unnest(ids) AS parent`.
fn unnested(parents: &[Uuid]) -> SelectStatement {
    let mut select = Query::select();
    select.from_function(Func::cust("unnest").arg(array(parents)), Alias::new(PARENT));
    select
}

fn array(ids: &[Uuid]) -> Expr {
    let ids = ids.iter().map(|id| Bound::from(*id)).collect();
    Expr::value(Bound::Array(ArrayType::Uuid, Some(Box::new(ids))))
}
