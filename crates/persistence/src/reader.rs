//! Runs a plan: as many statements as it has links, whatever the number of rows.

pub(crate) mod sums;

use std::collections::{HashMap, hash_map::Entry};

use kernel::{
    Error, Result,
    answer::{Budget, Cells, Group, Table},
    field::Kind,
    object::{Attribute, Object, Path},
    plan::{Column, Measure, Plan},
    value::Cell,
};
use uuid::Uuid;

use crate::{access, change, dialect::Row, pool::PooledConnection, sql::Sql};

/// Reads what the plan asks for.
pub(crate) async fn read(
    connection: &mut PooledConnection,
    sql: &Sql<'_>,
    plan: &Plan,
    budget: &Budget,
) -> Result<Table> {
    let mut found = Found::new(plan);
    let mut rows = Vec::new();
    let take = |row: Row| {
        budget.spend(found.bytes(&row)?)?;
        rows.push(row);
        Ok(())
    };
    connection.for_each(&sql.root(plan), take).await?;
    if rows.is_empty() {
        // There is no such record, or the caller's access has ended.
        access::check(connection, plan.permit.workspace(), plan.permit.epoch()).await?;
    }
    let mut group = found.take(plan, rows);
    if plan.page.count {
        let counted = connection.rows(&sql.count(plan)).await?;
        group.total = first_number(&counted)?;
    }
    let mut table = found.table(sql, plan, budget, vec![group])?;
    read_children(connection, sql, plan, budget, &mut table).await?;
    Ok(table)
}

/// Reads what the plan's links lead to from the rows of a table.
pub(crate) async fn read_children(
    connection: &mut PooledConnection,
    sql: &Sql<'_>,
    plan: &Plan,
    budget: &Budget,
    table: &mut Table,
) -> Result<()> {
    for child in &plan.children {
        let object = plan.object();
        let link = object.links.get(child.link).ok_or_else(|| Error::internal("the plan follows no link"))?;
        let field = match link.path {
            Path::One { field } => field,
            _ => Object::ID,
        };
        let parents = ids(plan, table, field)?;
        let found = read_child(connection, sql, plan, &link.path, &child.plan, budget, &parents);
        table.children.push(Box::pin(found).await?);
    }
    Ok(())
}

async fn read_child(
    connection: &mut PooledConnection,
    sql: &Sql<'_>,
    parent: &Plan,
    path: &Path,
    plan: &Plan,
    budget: &Budget,
    parents: &[Option<Uuid>],
) -> Result<Table> {
    if plan.is_grouped() {
        return Err(Error::internal("the records behind a link are not grouped"));
    }
    let mut found = Found::new(plan);
    let wanted = distinct(parents);
    if wanted.is_empty() {
        let mut table = found.table(sql, plan, budget, vec![Group::default(); parents.len()])?;
        return read_children(connection, sql, plan, budget, &mut table).await.map(|()| table);
    }
    // Each parent's rows come in their order or with their places in it, and not necessarily together.
    let mut grouped: HashMap<Uuid, Vec<(i64, Row)>> = HashMap::with_capacity(wanted.len());
    let is_ranked = sql.is_ranked(path);
    let take = |row: Row| {
        budget.spend(found.bytes(&row)?)?;
        let place = if is_ranked { row.get(found.width + 1)? } else { 0 };
        grouped.entry(row.get(found.width)?).or_default().push((place, row));
        Ok(())
    };
    connection.for_each(&sql.children(parent, path, plan, &wanted), take).await?;
    let mut groups = HashMap::with_capacity(grouped.len());
    for id in &wanted {
        if let Some(mut own) = grouped.remove(id) {
            // Those that come in their order all have the same place, and keep it.
            own.sort_by_key(|(place, _)| *place);
            groups.insert(*id, found.take(plan, own.into_iter().map(|(_, row)| row).collect()));
        }
    }
    if plan.page.count {
        for row in connection.rows(&sql.count_children(parent, path, plan, &wanted)).await? {
            let group: &mut Group = groups.entry(row.get(1)?).or_default();
            group.total = number(&row)?;
        }
    }
    let group = |id: &Option<Uuid>| id.and_then(|id| groups.get(&id).copied()).unwrap_or_default();
    let mut table = found.table(sql, plan, budget, parents.iter().map(group).collect())?;
    read_children(connection, sql, plan, budget, &mut table).await?;
    Ok(table)
}

/// The rows that a plan found, as the database sent them.
struct Found {
    rows: Vec<Row>,
    /// The columns of the plan: how each is stored, and its index among the stored columns.
    columns: Vec<(Stored, usize)>,
    /// The number of stored columns.
    width: usize,
    /// The stored columns whose values may be long.
    long: Vec<usize>,
}

/// How the values of a column are stored.
#[derive(Clone, Copy)]
enum Stored {
    /// As they are.
    Plain(Kind),
    /// As a sum in two parts; an amount with its currency.
    Sum(Kind),
    /// As a sum in two parts and the number of values; an amount with its currency.
    Average(Kind),
}

impl Stored {
    fn of(column: &Column, object: &Object) -> Option<Self> {
        Some(match column {
            Column::Field(field) => Self::Plain(object.at(*field)?.kind),
            Column::Measure(field, Measure::Sum) => Self::Sum(object.at(*field)?.kind),
            Column::Measure(field, Measure::Average) => Self::Average(object.at(*field)?.kind),
            column => Self::Plain(column.kind(object)?),
        })
    }

    fn width(self) -> usize {
        match self {
            Self::Plain(kind) => 1 + usize::from(matches!(kind, Kind::Money)),
            Self::Sum(kind) => 1 + Self::Plain(kind).width(),
            Self::Average(kind) => 2 + Self::Plain(kind).width(),
        }
    }

    fn cell(self, row: &Row, index: usize) -> Result<Cell<'_>> {
        match self {
            Self::Plain(kind) => row.cell(index, kind),
            Self::Sum(kind) => sums::sum(row, index, kind),
            Self::Average(kind) => sums::average(row, index, kind),
        }
    }
}

/// The approximate bytes of a value that cannot be long.
const SHORT: usize = 32;
/// The most characters of a short text.
const SHORT_TEXT: u32 = 255;

impl Found {
    fn new(plan: &Plan) -> Self {
        let object = plan.object();
        let (mut columns, mut long, mut index) = (Vec::with_capacity(plan.columns.len()), Vec::new(), 0);
        for stored in plan.columns.iter().filter_map(|column| Stored::of(column, object)) {
            columns.push((stored, index));
            if matches!(stored, Stored::Plain(kind) if may_be_long(kind)) {
                long.push(index);
            }
            index += stored.width();
        }
        Self { rows: Vec::new(), columns, width: index, long }
    }

    /// The approximate bytes of a row: those of its long values, and a few for each of the others.
    fn bytes(&self, row: &Row) -> Result<usize> {
        let mut bytes = self.columns.len().saturating_mul(SHORT);
        for index in &self.long {
            bytes = bytes.saturating_add(row.len_of(*index)?);
        }
        Ok(bytes)
    }

    /// Adds the rows of a group, without the one that only shows that there are more.
    fn take(&mut self, plan: &Plan, mut rows: Vec<Row>) -> Group {
        let page = &plan.page;
        let len = rows.len().min(page.limit as usize);
        let more = rows.len() > len;
        rows.truncate(len);
        if page.backward {
            rows.reverse();
        }
        let start = self.rows.len();
        self.rows.append(&mut rows);
        let (has_next, has_previous) = match page.backward {
            false => (more, page.after.is_some()),
            true => (page.before.is_some(), more),
        };
        Group { start, len, has_next, has_previous, total: 0 }
    }

    fn table(self, sql: &Sql<'_>, plan: &Plan, budget: &Budget, groups: Vec<Group>) -> Result<Table> {
        let cells = change::rendered(self, plan, sql.registry, budget)?;
        Ok(Table { cells, groups, children: Vec::new() })
    }
}

impl Cells for Found {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn cell(&self, row: usize, place: usize) -> Result<Cell<'_>> {
        match (self.rows.get(row), self.columns.get(place)) {
            (Some(row), Some((stored, index))) => stored.cell(row, *index),
            _ => Ok(Cell::Null),
        }
    }
}

/// The number of columns that a field is read from.
pub(crate) fn width(attribute: &Attribute) -> usize {
    1 + usize::from(attribute.currency().is_some())
}

fn may_be_long(kind: Kind) -> bool {
    match kind {
        Kind::Text(max) => max > SHORT_TEXT,
        Kind::List(_) | Kind::Document => true,
        _ => false,
    }
}

/// The ids that a field of the rows holds, row by row.
fn ids(plan: &Plan, table: &Table, field: usize) -> Result<Vec<Option<Uuid>>> {
    let Some(place) = plan.place(&Column::Field(field)) else {
        return Ok(vec![None; table.len()]);
    };
    let id = |row| match table.cell(row, place)? {
        Cell::Id(id) => Ok(Some(id)),
        _ => Ok(None),
    };
    (0..table.len()).map(id).collect()
}

fn distinct(ids: &[Option<Uuid>]) -> Vec<Uuid> {
    let mut seen = HashMap::new();
    let first = |id: &Uuid| match seen.entry(*id) {
        Entry::Vacant(vacant) => {
            vacant.insert(());
            true
        }
        Entry::Occupied(_) => false,
    };
    ids.iter().flatten().copied().filter(first).collect()
}

fn first_number(rows: &[Row]) -> Result<u32> {
    rows.first().map_or(Ok(0), number)
}

fn number(row: &Row) -> Result<u32> {
    let count: i64 = row.get(0)?;
    let capped = count.min(i64::from(kernel::plan::MAX_COUNT));
    u32::try_from(capped).map_err(|error| Error::internal(error))
}
