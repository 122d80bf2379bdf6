//! The cells of one row, from a record of a CSV file or a line of JSON.

use super::csv_rows::{Broken, MAX_ROW_BYTES, Record};
use super::fault::{Fault, RowError};
use super::json_lines::{JsonCell, members};
use kernel::text::trim;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The most columns a file may have.
pub const MAX_COLUMNS: usize = 1000;

/// One row of the file.
#[derive(Debug)]
pub struct Row {
    /// The row's number, the first after the header being 1.
    pub number: u64,
    /// The line of the file it begins on, from 1.
    pub line: u64,
    pub(super) cells: Cells,
}

#[derive(Debug)]
pub(super) enum Cells {
    Csv { header: Arc<Header>, text: String, ends: Vec<usize> },
    Json(HashMap<String, JsonCell>),
}

/// A row's cell under a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'r> {
    /// Text; empty where there is nothing.
    Text(&'r str),
    /// A list or an object, in JSON Lines only.
    Nested(&'r Value),
}

impl Row {
    /// The cell of a column: `None` when a CSV file has no such column; a member a JSON line lacks is blank.
    pub fn cell(&self, column: &str) -> Option<Cell<'_>> {
        match &self.cells {
            Cells::Csv { header, text, ends } => {
                let at = *header.places.get(column)?;
                // Cells that are missing at the end are blank.
                let end_of = |place: usize| ends.get(place).copied().unwrap_or(text.len());
                let start = at.checked_sub(1).map_or(0, end_of);
                text.get(start..end_of(at)).map(Cell::Text)
            }
            Cells::Json(members) => Some(match members.get(column) {
                Some(JsonCell::Text(text)) => Cell::Text(text),
                Some(JsonCell::Nested(value)) => Cell::Nested(value),
                None => Cell::Text(""),
            }),
        }
    }
}

#[derive(Debug)]
pub(super) struct Header {
    pub names: Vec<String>,
    places: HashMap<String, usize>,
    /// The names that stand there more than once.
    pub twice: BTreeSet<String>,
}

impl Header {
    pub fn read(record: Option<Record>) -> Result<Self, String> {
        let Some(record) = record else {
            return Err("the file is empty".to_owned());
        };
        if let Some(broken) = record.broken {
            return Err(broken.fault().message);
        }
        if record.cells > MAX_COLUMNS {
            return Err(format!("{} columns, at most {MAX_COLUMNS} are read", record.cells));
        }
        let (text, ends) = utf8(record).map_err(|_| not_utf8().message)?;
        let mut names = Vec::new();
        let mut places = HashMap::new();
        let mut twice = BTreeSet::new();
        let mut start = 0;
        for (place, end) in ends.into_iter().enumerate() {
            let name = text.get(start..end).map(trim).unwrap_or_default().to_owned();
            start = end;
            if !name.is_empty() && places.insert(name.clone(), place).is_some() {
                twice.insert(name.clone());
            }
            names.push(name);
        }
        Ok(Self { names, places, twice })
    }
}

impl Broken {
    fn fault(self) -> Fault {
        match self {
            Self::TooLong => too_long(),
            Self::OpenQuote => Fault::new("malformed_row", "a quote is opened and never closed"),
            Self::Backslash => {
                let message = "a quote is escaped with a backslash; a CSV file doubles it";
                Fault::new("malformed_row", message)
            }
        }
    }
}

fn too_long() -> Fault {
    Fault::new("row_too_long", format!("the row is longer than {} KiB", MAX_ROW_BYTES / 1024))
}

/// The cells of a CSV record, if it is whole and no wider than the header.
pub(super) fn csv_cells(record: Record, header: &Arc<Header>) -> Result<Cells, RowError> {
    if let Some(broken) = record.broken {
        return Err(broken.fault().in_row());
    }
    let (cells, columns) = (record.cells, header.names.len());
    if cells > columns && !record.rest_is_blank {
        let message = format!("the row has {cells} cells and the header {columns}");
        return Err(Fault::new("cell_count", message).in_row());
    }
    let in_column = |fault: Fault, place: usize| match header.names.get(place) {
        Some(column) => fault.in_column(column),
        None => fault.in_row(),
    };
    let (text, ends) = utf8(record).map_err(|place| in_column(not_utf8(), place))?;
    match text.find('\0') {
        None => Ok(Cells::Csv { header: Arc::clone(header), text, ends }),
        Some(at) => {
            let place = ends.partition_point(|&end| end <= at);
            Err(in_column(Fault::new("null_character", "the value holds the character U+0000"), place))
        }
    }
}

fn not_utf8() -> Fault {
    let message = "the text is not UTF-8; the mapping may say what it is: \"encoding\": \"windows-1252\"";
    Fault::new("invalid_utf8", message)
}

/// A record's text, or which cell is not UTF-8. The cells together may be valid where one alone is not.
fn utf8(record: Record) -> Result<(String, Vec<usize>), usize> {
    let Record { bytes, ends, .. } = record;
    match String::from_utf8(bytes) {
        Ok(text) => match ends.iter().position(|&end| !text.is_char_boundary(end)) {
            None => Ok((text, ends)),
            Some(place) => Err(place),
        },
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            Err(ends.partition_point(|&end| end <= valid))
        }
    }
}

/// The members of a JSON line; `None` stands for a line too long.
pub(super) fn json_cells(text: Option<Vec<u8>>) -> Result<Cells, Fault> {
    let text = String::from_utf8(text.ok_or_else(too_long)?).map_err(|_| not_utf8())?;
    members(&text).map(Cells::Json)
}
