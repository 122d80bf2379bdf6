//! What PostgreSQL knows of the tables when it makes its plans. Unasked it looks at a table that has grown a minute
//! later, or never, and until then walks through what it takes for empty; SQLite needs no such knowledge.

use kernel::{
    Result,
    object::{Attribute, Object},
};
use sea_orm::sea_query::{ArrayType, Expr, Func, Query, Value as Bound};
use uuid::Uuid;

use crate::{Database, dialect::Dialect, log};

impl Database {
    /// Has the tables of these objects looked at, and that of the events.
    pub async fn analyze(&self, objects: impl IntoIterator<Item = &Object>) -> Result<()> {
        let mut lane = self.writer(Uuid::nil()).await?;
        if lane.dialect() == Dialect::Sqlite {
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
        lane.execute(&select).await.map(drop)
    }
}
