//! From rows to JSON: the one writer that serves both doors, events and exports.

mod budget;
mod write;

pub use budget::Budget;
pub use write::{Sealer, Writer, write_connection, write_record, write_value};

use std::sync::Arc;

use crate::{
    error::Result,
    plan::{Column, Order, Plan},
    record::Record,
    text::json_key,
    value::{Cell, Value},
};

/// Rows of values, wherever they lie: what the database sent is not copied before it is written.
pub trait Cells: Send + Sync {
    /// The number of rows.
    fn len(&self) -> usize;
    /// The value in a row, by the place of its column in the plan.
    fn cell(&self, row: usize, place: usize) -> Result<Cell<'_>>;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The result of a plan: rows in groups, one group for the root or one for each row of the parent.
pub struct Table {
    /// The rows.
    pub cells: Box<dyn Cells>,
    /// The groups of rows.
    pub groups: Vec<Group>,
    /// The results of the child plans, in their order; their groups belong to this table's rows.
    pub children: Vec<Table>,
}

impl Table {
    /// A record that is at hand, as if the plan had found it; what the plan's links lead to is yet to be read. None where
    /// the record is of another object.
    pub fn of(record: &Record, plan: &Plan) -> Option<Self> {
        if !std::ptr::eq(record.object.as_ref(), plan.object()) {
            return None;
        }
        let value = |column: &Column| record.values.get(column.as_field()?).cloned();
        let cells = Box::new(AtHand(plan.columns.iter().map(value).collect::<Option<_>>()?));
        Some(Self { cells, groups: vec![Group { len: 1, ..Group::default() }], children: Vec::new() })
    }

    /// The value in a row, by the place of its column in the plan.
    pub fn cell(&self, row: usize, place: usize) -> Result<Cell<'_>> {
        self.cells.cell(row, place)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The position of a row in the plan's order, as cursors keep it.
    pub fn position(&self, plan: &Plan, row: usize) -> Result<Vec<Value>> {
        let key = |order: &Order| {
            let place = plan.place(&Column::Field(order.field));
            let (Some(place), Some(field)) = (place, plan.object().at(order.field)) else {
                return Ok(Value::Null);
            };
            Ok(field.sort_key(&self.cell(row, place)?.to_value()))
        };
        plan.order.iter().map(key).collect()
    }
}

/// The values of one record.
struct AtHand(Vec<Value>);

impl Cells for AtHand {
    fn len(&self) -> usize {
        1
    }

    fn cell(&self, _: usize, place: usize) -> Result<Cell<'_>> {
        Ok(self.0.get(place).map_or(Cell::Null, Cell::from))
    }
}

/// The rows of the root, or those behind one row of the parent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Group {
    /// The first of them.
    pub start: usize,
    /// The number of rows.
    pub len: usize,
    /// Whether more follow.
    pub has_next: bool,
    /// Whether some come before.
    pub has_previous: bool,
    /// The total number, as far as it was counted.
    pub total: u32,
}

/// The shape of a record's JSON: members in order.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The members.
    pub members: Vec<Member<Source>>,
}

/// A member of a JSON object: its name and where it comes from.
#[derive(Clone, Debug)]
pub struct Member<S> {
    /// Its name, as JSON text with the colon: `"name":`.
    pub key: Arc<str>,
    /// Its source.
    pub source: S,
}

impl<S> Member<S> {
    /// A member of that name.
    pub fn new(name: &str, source: S) -> Self {
        Self { key: json_key(name), source }
    }
}

/// The source of a record's member.
#[derive(Clone, Debug)]
pub enum Source {
    /// A column of the plan, by its place there.
    Column(usize),
    /// The members of a field that is a group of values, or of the items of a list: `amount { currency }`.
    Parts(usize, Vec<Member<&'static str>>),
    /// The record a child plan leads to.
    One(usize, Shape),
    /// The records a child plan leads to.
    Many(usize, Connection),
    /// A plain list of the records a child plan leads to.
    Each(usize, Shape),
    /// The record itself, once more.
    Itself(Shape),
    /// A fixed text.
    Text(String),
}

/// The shape of the JSON of a page of records.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The members.
    pub members: Vec<Member<Part>>,
}

/// A part of a page.
#[derive(Clone, Debug)]
pub enum Part {
    /// The records.
    Nodes(Shape),
    /// The records, each with its cursor.
    Edges(Vec<Member<EdgePart>>),
    /// The page's position among the others.
    PageInfo(Vec<Member<PageInfo>>),
    /// The total number of records, counted up to 10 001.
    TotalCount,
    /// Whether there are more than were counted.
    TotalIsCapped,
    /// A fixed text.
    Text(String),
}

/// A part of an edge.
#[derive(Clone, Debug)]
pub enum EdgePart {
    /// The record.
    Node(Shape),
    /// Its position.
    Cursor,
    /// A fixed text.
    Text(String),
}

/// A page's position among the others.
#[derive(Clone, Debug)]
pub enum PageInfo {
    /// Whether more follow.
    HasNext,
    /// Whether some come before.
    HasPrevious,
    /// The position of the first record.
    StartCursor,
    /// The position of the last record.
    EndCursor,
    /// The cursor of the next page, null on the last.
    NextCursor,
    /// The cursor of the page before, null on the first.
    PreviousCursor,
    /// The total number of records, counted up to 10 001.
    TotalCount,
    /// Whether there are more than were counted.
    TotalIsCapped,
    /// A fixed text.
    Text(String),
}
