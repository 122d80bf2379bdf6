//! Runs a plan: as many statements as it has links, whatever the number of rows.

use std::collections::{HashMap, hash_map::Entry};

use kernel::{
    Error, Result, Value,
    answer::{Group, Table},
    object::Path,
    plan::Plan,
    system,
};
use uuid::Uuid;

use crate::{access, dialect::Row, lane::Lane, sql::Sql};

/// Reads what the plan asks for.
pub(crate) async fn read(lane: &mut Lane, sql: &Sql<'_>, plan: &Plan) -> Result<Table> {
    let rows = lane.rows(&sql.root(plan)).await?;
    if rows.is_empty() {
        // Nothing is there to see, or the caller may no longer see it.
        access::check(lane, plan.permit.workspace(), plan.permit.epoch()).await?;
    }
    let mut table = Table { width: plan.columns.len(), ..Table::default() };
    let mut group = collect(&mut table, plan, rows.iter())?;
    if plan.page.count {
        let counted = lane.rows(&sql.count(plan)).await?;
        group.total = first_number(&counted)?;
    }
    table.groups.push(group);
    read_children(lane, sql, plan, &mut table).await?;
    Ok(table)
}

async fn read_children(lane: &mut Lane, sql: &Sql<'_>, plan: &Plan, table: &mut Table) -> Result<()> {
    for child in &plan.children {
        let object = plan.object();
        let link = object.links.get(child.link).ok_or_else(|| Error::internal("the plan follows no link"))?;
        let field = match link.path {
            Path::One { field } => field,
            _ => object.index(system::ID.def.name).unwrap_or_default(),
        };
        let parents = ids(plan, table, field);
        let found = read_child(lane, sql, plan, &link.path, &child.plan, &parents);
        table.children.push(Box::pin(found).await?);
    }
    Ok(())
}

async fn read_child(
    lane: &mut Lane,
    sql: &Sql<'_>,
    parent: &Plan,
    path: &Path,
    plan: &Plan,
    parents: &[Option<Uuid>],
) -> Result<Table> {
    let mut table = Table { width: plan.columns.len(), ..Table::default() };
    let wanted = distinct(parents);
    if wanted.is_empty() {
        table.groups = vec![Group::default(); parents.len()];
        return read_children(lane, sql, plan, &mut table).await.map(|()| table);
    }
    let rows = lane.rows(&sql.children(parent, path, plan, &wanted)).await?;
    let stored = stored_columns(plan);
    let mut groups: HashMap<Uuid, Group> = HashMap::with_capacity(wanted.len());
    let mut rest = rows.as_slice();
    while let Some(first) = rest.first() {
        let id: Uuid = first.get(stored)?;
        // The rows of a parent stand together.
        let mut len = 1;
        while let Some(row) = rest.get(len)
            && row.get::<Uuid>(stored)? == id
        {
            len += 1;
        }
        let (own, others) = rest.split_at_checked(len).ok_or_else(|| Error::internal("rows are missing"))?;
        groups.insert(id, collect(&mut table, plan, own.iter())?);
        rest = others;
    }
    if plan.page.count {
        for row in lane.rows(&sql.count_children(parent, path, plan, &wanted)).await? {
            let group = groups.entry(row.get(1)?).or_default();
            group.total = number(&row)?;
        }
    }
    let group = |id: &Option<Uuid>| id.and_then(|id| groups.get(&id).copied()).unwrap_or_default();
    table.groups = parents.iter().map(group).collect();
    read_children(lane, sql, plan, &mut table).await?;
    Ok(table)
}

/// Adds the rows of a group, without the one that only tells that there are more.
fn collect<'r>(
    table: &mut Table,
    plan: &Plan,
    rows: impl ExactSizeIterator<Item = &'r Row> + DoubleEndedIterator,
) -> Result<Group> {
    let page = &plan.page;
    let found = rows.len();
    let len = found.min(page.limit as usize);
    let more = found > len;
    let start = table.len();
    if page.backward {
        for row in rows.take(len).rev() {
            collect_row(table, plan, row)?;
        }
    } else {
        for row in rows.take(len) {
            collect_row(table, plan, row)?;
        }
    }
    let (has_next, has_previous) = match page.backward {
        false => (more, page.after.is_some()),
        true => (page.before.is_some(), more),
    };
    Ok(Group { start, len, has_next, has_previous, total: 0 })
}

fn collect_row(table: &mut Table, plan: &Plan, row: &Row) -> Result<()> {
    let mut place = 0;
    for attribute in plan.columns.iter().filter_map(|field| plan.object().at(*field)) {
        let (value, next) = row.value(place, attribute)?;
        table.cells.push(value);
        place = next;
    }
    Ok(())
}

/// How many columns the plan's fields are stored in.
fn stored_columns(plan: &Plan) -> usize {
    let fields = plan.columns.iter().filter_map(|field| plan.object().at(*field));
    fields.map(|attribute| 1 + usize::from(attribute.currency().is_some())).sum()
}

/// The ids that a field of the rows holds, row by row.
fn ids(plan: &Plan, table: &Table, field: usize) -> Vec<Option<Uuid>> {
    let place = plan.columns.iter().position(|column| *column == field);
    let id = |row| match table.row(row).get(place?) {
        Some(Value::Id(id)) => Some(*id),
        _ => None,
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
    u32::try_from(capped).map_err(Error::internal)
}
