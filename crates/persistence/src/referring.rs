//! Queries about the records that refer to others: how many there are, and those that go along with them. All count,
//! also those that the actor may not see.

use kernel::{
    Permit, Record, Result, Value,
    object::{Attribute, Object},
    plan::{Deleted, MAX_COUNT, Order, Page, Plan},
    predicate::{Compare, Predicate, Test},
    system,
    time::Instant,
};
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Query};
use uuid::Uuid;

use crate::{Transaction, constraint::of, sql::column, transaction::FOR_CHANGE};

/// The number of ids in one statement.
const IDS: usize = 1_000;

impl Transaction {
    /// The number of records of another object that refer to these by the field: live ones, and those deleted since
    /// an instant.
    pub async fn referring(
        &mut self,
        permit: &Permit,
        object: &Object,
        field: &Attribute,
        ids: &[Uuid],
        since: Option<Instant>,
    ) -> Result<i64> {
        let mut total: i64 = 0;
        for ids in ids.chunks(IDS) {
            let mut rows = of(permit, object);
            rows.expr(Expr::cust("1")).limit(u64::from(MAX_COUNT));
            rows.and_where(column("r", &field.column).is_in(ids.iter().copied()));
            if object.is_mutable() {
                let deleted = || column("r", "deleted_at");
                let lately = since.map(|since| deleted().gt(Expr::value(self.dialect().instant(since))));
                rows.cond_where(Condition::any().add(deleted().is_null()).add_option(lately));
            }
            let mut select = Query::select();
            select.expr(Expr::cust("count(*)")).from_subquery(rows, Alias::new("referring"));
            let rows = self.read_connection().await?.rows(&select).await?;
            let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
            total = total.saturating_add(count);
        }
        Ok(total)
    }

    /// Locks the live records of the permit's object that refer to these by the field, at most so many; now is then
    /// later than when any of the others was deleted, so that those which go now are known by their instant.
    pub async fn lock_referring(
        &mut self,
        permit: &Permit,
        field: usize,
        ids: &[Uuid],
        most: usize,
    ) -> Result<Vec<Record>> {
        let place = permit.object().place(system::DELETED_AT)?;
        let deleted = |compare| Predicate::Field(Test { field: place, compare });
        let now = Value::Instant(self.now());
        let predicate = Predicate::Any(vec![deleted(Compare::Null), deleted(Compare::AtLeast(now))]);
        let found = self.referring_where(permit, field, ids, predicate, most).await?;
        let is_live = |record: &Record| record.get(system::DELETED_AT).is_none();
        let (live, gone): (Vec<_>, Vec<_>) = found.into_iter().partition(is_live);
        if let Some(last) = gone.iter().filter_map(|record| record.get(system::DELETED_AT)).max() {
            self.after(last);
        }
        self.not_before(&live);
        Ok(live)
    }

    /// Locks the records of the permit's object that refer to these by the field and were deleted at that instant, at
    /// most so many.
    pub async fn lock_deleted(
        &mut self,
        permit: &Permit,
        field: usize,
        ids: &[Uuid],
        at: Instant,
        most: usize,
    ) -> Result<Vec<Record>> {
        let predicate = Predicate::equals(permit.object().place(system::DELETED_AT)?, Value::Instant(at));
        self.referring_where(permit, field, ids, predicate, most).await
    }

    async fn referring_where(
        &mut self,
        permit: &Permit,
        field: usize,
        ids: &[Uuid],
        predicate: Predicate,
        most: usize,
    ) -> Result<Vec<Record>> {
        let mut found = Vec::new();
        for ids in ids.chunks(IDS) {
            let compare = Compare::OneOf(ids.iter().map(|id| Value::Id(*id)).collect());
            let mut plan = Plan::new(permit.clone());
            plan.predicate = Predicate::Field(Test { field, compare }).and(predicate.clone());
            plan.deleted = Deleted::Include;
            plan.order_by(vec![Order { field: Object::ID, descending: false }]);
            let rest = most.saturating_sub(found.len());
            plan.page = Page::first(u32::try_from(rest).unwrap_or(u32::MAX));
            found.extend(self.records(plan, Some(FOR_CHANGE)).await?);
        }
        Ok(found)
    }
}
