//! Runs a plan: as many statements as it has links, whatever the number of rows.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use kernel::{
    Error, Result,
    answer::{Cells, Group, Table},
    object::{Attribute, Object, Path},
    plan::Plan,
    system,
    value::Cell,
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
    let mut found = Found::new(plan);
    let mut group = found.take(plan, rows);
    if plan.page.count {
        let counted = lane.rows(&sql.count(plan)).await?;
        group.total = first_number(&counted)?;
    }
    let mut table = found.table(vec![group]);
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
        let parents = ids(plan, table, field)?;
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
    let mut found = Found::new(plan);
    let wanted = distinct(parents);
    if wanted.is_empty() {
        let mut table = found.table(vec![Group::default(); parents.len()]);
        return read_children(lane, sql, plan, &mut table).await.map(|()| table);
    }
    let mut rows = lane.rows(&sql.children(parent, path, plan, &wanted)).await?.into_iter().peekable();
    let id_of = |row: &Row| row.get::<Uuid>(found.width);
    let mut parted = Vec::with_capacity(wanted.len());
    while let Some(first) = rows.next() {
        // The rows of a parent stand together.
        let id = id_of(&first)?;
        let mut own = vec![first];
        while let Some(row) = rows.next_if(|row| id_of(row).is_ok_and(|other| other == id)) {
            own.push(row);
        }
        parted.push((id, own));
    }
    let parted = parted.into_iter().map(|(id, own)| (id, found.take(plan, own)));
    let mut groups: HashMap<Uuid, Group> = parted.collect();
    if plan.page.count {
        for row in lane.rows(&sql.count_children(parent, path, plan, &wanted)).await? {
            let group = groups.entry(row.get(1)?).or_default();
            group.total = number(&row)?;
        }
    }
    let group = |id: &Option<Uuid>| id.and_then(|id| groups.get(&id).copied()).unwrap_or_default();
    let mut table = found.table(parents.iter().map(group).collect());
    read_children(lane, sql, plan, &mut table).await?;
    Ok(table)
}

/// The rows that a plan found, as the database sent them.
struct Found {
    object: Arc<Object>,
    rows: Vec<Row>,
    /// For each column of the plan its field and where it begins among the stored ones.
    columns: Vec<(usize, usize)>,
    /// How many stored columns there are.
    width: usize,
}

impl Found {
    fn new(plan: &Plan) -> Self {
        let object = Arc::clone(plan.permit.object());
        let (mut columns, mut index) = (Vec::with_capacity(plan.columns.len()), 0);
        for field in &plan.columns {
            columns.push((*field, index));
            index += object.at(*field).map_or(0, width);
        }
        Self { object, rows: Vec::new(), columns, width: index }
    }

    /// Adds the rows of a group, without the one that only tells that there are more.
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

    fn table(self, groups: Vec<Group>) -> Table {
        Table { cells: Box::new(self), groups, children: Vec::new() }
    }
}

impl Cells for Found {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn cell(&self, row: usize, place: usize) -> Result<Cell<'_>> {
        let (Some(row), Some((field, index))) = (self.rows.get(row), self.columns.get(place)) else {
            return Ok(Cell::Null);
        };
        self.object.at(*field).map_or(Ok(Cell::Null), |attribute| row.cell(*index, attribute))
    }
}

/// In how many columns a field is read.
pub(crate) fn width(attribute: &Attribute) -> usize {
    1 + usize::from(attribute.currency().is_some())
}

/// The ids that a field of the rows holds, row by row.
fn ids(plan: &Plan, table: &Table, field: usize) -> Result<Vec<Option<Uuid>>> {
    let Some(place) = plan.columns.iter().position(|column| *column == field) else {
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
    u32::try_from(capped).map_err(Error::internal)
}
