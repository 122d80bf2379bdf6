//! Queries that check constraints among several records of an object. As with every unique value, all live records
//! count, also those that the actor may not see.

use std::collections::HashMap;

use chrono::NaiveDate;
use kernel::{
    Permit, Result, Value,
    object::{Attribute, Object, Together},
};
use sea_orm::sea_query::{
    Alias, CommonTableExpression, Condition, Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType,
    Values,
};
use sea_query_sqlx::SqlxValues;
use uuid::Uuid;

use crate::{Transaction, dialect::Dialect, sql::column};

/// The number of keys in one statement.
const KEYS: usize = 200;

/// A live record that shares certain values with others.
#[derive(Clone, Debug)]
pub struct Alike {
    /// Its id.
    pub id: Uuid,
    /// The values, in the form by which they are compared.
    pub key: Vec<Value>,
    /// Its first and its last day, where they matter.
    pub during: (Option<NaiveDate>, Option<NaiveDate>),
}

impl Transaction {
    /// Locks the object's table against other changes of what depends on several of its records, until the
    /// transaction ends. It is taken before the lock of any record, or two transactions could wait for each other.
    pub async fn lock_table(&mut self, permit: &Permit) -> Result<()> {
        let table = &permit.object().table;
        let connection = self.connection().await?;
        if connection.dialect() == Dialect::Sqlite || self.locked_tables.contains(table) {
            return Ok(());
        }
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let name = format!("{}/{table}", permit.workspace());
        self.connection().await?.write_returning(sql.into(), SqlxValues(Values(vec![name.into()]))).await?;
        self.locked_tables.push(table.clone());
        Ok(())
    }

    /// The ids that the object has already, each with whether its record is deleted.
    pub async fn existing(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<HashMap<Uuid, bool>> {
        let mut select = of(permit, permit.object());
        select.expr(column("r", "id")).expr(column("r", "deleted_at").is_not_null());
        select.and_where(column("r", "id").is_in(ids.iter().copied()));
        let rows = self.read_connection().await?.rows(&select).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// The live records that have one of these keys.
    pub async fn alike(
        &mut self,
        permit: &Permit,
        rule: &Together,
        keys: &[Vec<Value>],
    ) -> Result<Vec<Alike>> {
        let object = permit.object();
        let fields: Vec<&Attribute> = rule.fields.iter().filter_map(|field| object.at(*field)).collect();
        let days = rule.during.and_then(|(first, last)| Some([object.at(first)?, object.at(last)?]));
        let mut alike = Vec::new();
        for keys in keys.chunks(KEYS) {
            let mut select = of(permit, object);
            select.expr(column("r", "id"));
            fields.iter().for_each(|field| {
                select.expr(column("r", field.compared()));
            });
            days.iter().flatten().for_each(|day| {
                select.expr(column("r", &day.column));
            });
            select.and_where(column("r", "deleted_at").is_null());
            let connection = self.read_connection().await?;
            let dialect = connection.dialect();
            let is = |(field, value): (&&Attribute, &Value)| {
                column("r", field.compared()).eq(Expr::value(dialect.bind(field.kind, value)))
            };
            let has = |key: &Vec<Value>| {
                fields.iter().zip(key).fold(Condition::all(), |all, part| all.add(is(part)))
            };
            select.cond_where(keys.iter().fold(Condition::any(), |any, key| any.add(has(key))));
            for row in connection.rows(&select).await? {
                let mut place = 1..;
                let mut next = |field: &Attribute| {
                    Ok::<_, kernel::Error>(row.cell(place.next().unwrap_or_default(), field.kind)?.to_value())
                };
                let key = fields.iter().map(|field| next(field)).collect::<Result<_>>()?;
                let mut day = |field: &Attribute| {
                    Ok::<_, kernel::Error>(match next(field)? {
                        Value::Date(day) => Some(day),
                        _ => None,
                    })
                };
                let during = match days {
                    Some([first, last]) => (day(first)?, day(last)?),
                    None => (None, None),
                };
                alike.push(Alike { id: row.get(0)?, key, during });
            }
        }
        Ok(alike)
    }

    /// The records that these refer to by the field, those that they refer to, and so on for `steps` steps: each with
    /// the one it refers to.
    pub async fn above(
        &mut self,
        permit: &Permit,
        field: &Attribute,
        from: &[Uuid],
        steps: usize,
    ) -> Result<HashMap<Uuid, Option<Uuid>>> {
        let (id, above, level) = ("id", "above", "level");
        let step = i64::try_from(steps).unwrap_or(i64::MAX);
        let mut first = of(permit, permit.object());
        first.expr(column("r", id)).expr(column("r", &field.column)).expr(Expr::cust("1"));
        first.and_where(column("r", id).is_in(from.iter().copied()));
        let mut next = of(permit, permit.object());
        next.expr(column("r", id)).expr(column("r", &field.column)).expr(column("up", level).add(1));
        let met = column("up", above).eq(column("r", id)).and(column("up", level).lt(step));
        next.join(JoinType::InnerJoin, Alias::new("up"), met);
        first.union(UnionType::Distinct, next);
        let mut up = CommonTableExpression::from_select(first);
        up.table_name(Alias::new("up")).columns([id, above, level].map(Alias::new));
        let mut select = Query::select();
        select.distinct().expr(column("up", id)).expr(column("up", above)).from(Alias::new("up"));
        let mut with = Query::with();
        select.with_cte(with.recursive(true).cte(up).to_owned());
        let rows = self.read_connection().await?.rows(&select).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}

/// `SELECT FROM the object's table AS r` in the permit's workspace.
pub(crate) fn of(permit: &Permit, object: &Object) -> SelectStatement {
    let mut select = Query::select();
    select.from_as(Alias::new(&object.table), Alias::new("r"));
    select.and_where(column("r", "workspace_id").eq(permit.workspace()));
    select
}
