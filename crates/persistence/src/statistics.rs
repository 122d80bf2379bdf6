//! The statistics by which PostgreSQL plans. By itself it analyzes a table that has grown a minute later, or never, and
//! until then scans what it takes for empty; SQLite needs no such statistics.

use kernel::{
    Result,
    object::{Attribute, Object},
};
use sea_orm::sea_query::{ArrayType, Expr, Func, Query, Value as Bound};
use uuid::Uuid;

use crate::{Database, dialect::Dialect, log};

impl Database {
    /// Analyzes the tables of these objects, and that of the events.
    pub async fn analyze(&self, objects: impl IntoIterator<Item = &Object>) -> Result<()> {
        let mut connection = self.writer(Uuid::nil()).await?;
        if connection.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let tables = objects.into_iter().flat_map(|object| {
            let lists = object.attributes.iter().filter_map(Attribute::list).map(|list| list.table);
            std::iter::once(object.table.as_str()).chain(lists)
        });
        let mut tables: Vec<_> = tables.chain([log::TABLE]).collect();
        tables.sort_unstable();
        tables.dedup();
        let tables = tables.into_iter().map(Bound::from).collect();
        let tables = Expr::value(Bound::Array(ArrayType::String, Some(Box::new(tables))));
        let mut select = Query::select();
        select.expr(Func::cust("kith_analyze").arg(tables));
        connection.execute(&select).await.map(drop)
    }
}
