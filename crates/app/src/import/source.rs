//! The rows of an import file, streamed: a broken row is reported and the next one follows.

use super::csv_rows::{CsvRows, delimiter_of};
use super::fault::{Fault, RowError};
use super::json_lines::{JsonLine, JsonLines};
use super::row::{Cells, Header, MAX_COLUMNS, Row, csv_cells, json_cells};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

const BUFFER_BYTES: usize = 64 * 1024;
/// So much of a file is looked at to find out how it is written.
const START_BYTES: usize = 64 * 1024;

/// The format of an import file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    /// Comma-separated values with a header row (RFC 4180).
    Csv,
    /// One JSON object per line.
    JsonLines,
}

impl Format {
    /// As clients spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON_LINES",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Csv, Self::JsonLines].into_iter().find(|format| format.name() == name)
    }

    /// The format a file's extension promises: `csv`, `jsonl` or `ndjson`.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// A mapping's description of the file's syntax; absent members are detected.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spelling {
    pub encoding: Option<&'static Encoding>,
    /// The delimiter of a CSV file.
    pub delimiter: Option<u8>,
}

/// Why reading stops, or cannot begin.
#[derive(Debug)]
pub enum SourceError {
    /// The file could not be read.
    Io(io::Error),
    /// The header row of a CSV file cannot be used; the text says why.
    Header(String),
    /// One row cannot be used; the rows after it can.
    Row(BrokenRow),
}

impl fmt::Display for SourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(formatter, "the file could not be read: {error}"),
            Self::Header(message) => write!(formatter, "the header row cannot be used: {message}"),
            Self::Row(BrokenRow { number, line, error }) => {
                write!(formatter, "row {number} (line {line}): {}", error.message)
            }
        }
    }
}

impl std::error::Error for SourceError {}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRow {
    /// The row's number, the first after the header being 1.
    pub number: u64,
    /// The line of the file it begins on, from 1.
    pub line: u64,
    /// The error.
    pub error: RowError,
}

type Input<'r> = BufReader<Box<dyn Read + 'r>>;

enum Rows<'r> {
    Csv { rows: Box<CsvRows<Input<'r>>>, header: Arc<Header>, delimiter: u8 },
    JsonLines(JsonLines<Input<'r>>),
}

/// Reads a file row by row, holding one row at a time.
///
/// An [`SourceError::Row`] concerns its row alone; after [`SourceError::Io`] nothing follows.
pub struct SourceReader<'r> {
    rows: Rows<'r>,
    number: u64,
    ended: bool,
}

impl<'r> SourceReader<'r> {
    /// Begins to read: finds out how the file is written, and reads a CSV file's header row.
    pub(super) fn new(
        input: impl Read + 'r,
        format: Format,
        spelling: Spelling,
    ) -> Result<Self, SourceError> {
        let input = decoded(input, spelling.encoding);
        let rows = match format {
            Format::JsonLines => Rows::JsonLines(JsonLines::new(buffered(input))),
            Format::Csv => {
                let (mut start, input) = started(input);
                let (found, says) = delimiter_of(&start);
                start.drain(..says);
                let delimiter = spelling.delimiter.unwrap_or(found);
                let input = buffered(Cursor::new(start).chain(input));
                let mut rows = Box::new(CsvRows::new(input, delimiter, if says > 0 { 2 } else { 1 }));
                let header = rows.next_record(MAX_COLUMNS).map_err(SourceError::Io)?;
                let header = Arc::new(Header::read(header).map_err(SourceError::Header)?);
                Rows::Csv { rows, header, delimiter }
            }
        };
        Ok(Self { rows, number: 0, ended: false })
    }

    /// The columns of a CSV file in their order; `None` for JSON Lines, whose lines may differ.
    pub fn columns(&self) -> Option<&[String]> {
        match &self.rows {
            Rows::Csv { header, .. } => Some(&header.names),
            Rows::JsonLines(_) => None,
        }
    }

    /// The columns of a CSV file that come more than once.
    pub fn doubled(&self) -> Option<&BTreeSet<String>> {
        match &self.rows {
            Rows::Csv { header, .. } => Some(&header.twice),
            Rows::JsonLines(_) => None,
        }
    }

    /// The delimiter of a CSV file.
    pub fn delimiter(&self) -> Option<char> {
        match &self.rows {
            Rows::Csv { delimiter, .. } => Some(char::from(*delimiter)),
            Rows::JsonLines(_) => None,
        }
    }

    /// The next row's line and cells.
    fn read(&mut self) -> io::Result<Option<(u64, Result<Cells, RowError>)>> {
        Ok(match &mut self.rows {
            Rows::Csv { rows, header, .. } => loop {
                match rows.next_record(header.names.len())? {
                    Some(record) if record.is_blank() => {}
                    record => break record.map(|record| (record.line, csv_cells(record, header))),
                }
            },
            Rows::JsonLines(lines) => lines
                .next_line()?
                .map(|JsonLine { line, text }| (line, json_cells(text).map_err(Fault::in_row))),
        })
    }
}

impl Iterator for SourceReader<'_> {
    type Item = Result<Row, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let (line, cells) = match self.read() {
            Ok(Some(row)) => row,
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Err(error) => {
                self.ended = true;
                return Some(Err(SourceError::Io(error)));
            }
        };
        self.number = self.number.saturating_add(1);
        let number = self.number;
        Some(match cells {
            Ok(cells) => Ok(Row { number, line, cells }),
            Err(error) => Err(SourceError::Row(BrokenRow { number, line, error })),
        })
    }
}

fn buffered<'r>(input: impl Read + 'r) -> Input<'r> {
    BufReader::with_capacity(BUFFER_BYTES, Box::new(input))
}

/// The input in UTF-8 without a byte order mark, which says the encoding if there is one. Without one, and where
/// nobody says it, UTF-16 is known by its zeros; all else is left as it is.
fn decoded<'r>(input: impl Read + 'r, said: Option<&'static Encoding>) -> impl Read + 'r {
    let (start, input) = started(input);
    let encoding = said.or_else(|| wide(&start));
    let mut decoder = DecodeReaderBytesBuilder::new();
    decoder.encoding(encoding).bom_override(true).strip_bom(true).utf8_passthru(true);
    decoder.build(Cursor::new(start).chain(input))
}

/// UTF-16 as it is written without a mark: of the signs of most files every second byte is zero.
fn wide(start: &[u8]) -> Option<&'static Encoding> {
    let pairs: Vec<[u8; 2]> =
        start.chunks_exact(2).take(1000).filter_map(|pair| pair.try_into().ok()).collect();
    let zeros = |place: fn(&[u8; 2]) -> u8| pairs.iter().filter(|pair| place(pair) == 0).count();
    let (first, second) = (zeros(|[first, _]| *first), zeros(|[_, second]| *second));
    let many = |zeros: usize, others: usize| zeros.saturating_mul(2) > pairs.len() && others == 0;
    match (many(first, second), many(second, first)) {
        (true, _) => Some(UTF_16BE),
        (_, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// The beginning of the input and what follows it, which may be the error that came meanwhile.
fn started<'r>(mut input: impl Read + 'r) -> (Vec<u8>, Box<dyn Read + 'r>) {
    let mut start = vec![0; START_BYTES];
    let mut length = 0_usize;
    while let Some(rest) = start.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(read) => length = length.saturating_add(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                start.truncate(length);
                return (start, Box::new(Failed(Some(error))));
            }
        }
    }
    start.truncate(length);
    (start, Box::new(input))
}

/// An input that failed already.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::row::{Cell, Row};
    use super::{BrokenRow, Format, SourceError, SourceReader, Spelling};
    use std::io::{self, Read};

    fn all(text: &[u8], format: Format, columns: &[&str]) -> Vec<String> {
        let reader = SourceReader::new(text, format, Spelling::default()).unwrap();
        reader.map(|row| show(row, columns)).collect()
    }

    fn show(row: Result<Row, SourceError>, columns: &[&str]) -> String {
        match row {
            Ok(row) => {
                let cells = columns.iter().map(|column| match row.cell(column) {
                    Some(Cell::Text(text)) => text.to_owned(),
                    Some(Cell::Nested(value)) => value.to_string(),
                    None => "?".to_owned(),
                });
                format!("{}@{} {}", row.number, row.line, cells.collect::<Vec<_>>().join("|"))
            }
            Err(SourceError::Row(BrokenRow { number, line, error })) => {
                format!("{number}@{line} {} {}", error.code, error.column.unwrap_or_default())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn csv_rows_and_their_faults() {
        let text = b"\xef\xbb\xbfname , note\r\nAnn,\"a\nb\"\r\nBob\r\nC\xe9line,x\r\nDora,y\xc3\r\nEva,z\0\r\nFay,\r\n";
        assert_eq!(
            all(text, Format::Csv, &["name", "note", "other"]),
            [
                "1@2 Ann|a\nb|?",
                "2@4 Bob||?",
                "3@5 invalid_utf8 name",
                "4@6 invalid_utf8 note",
                "5@7 null_character note",
                "6@8 Fay||?",
            ]
        );
    }

    #[test]
    fn a_character_cut_by_a_cell_border_is_no_character() {
        assert_eq!(all(b"a,b\n\xc3,\xa9\n", Format::Csv, &["a"]), ["1@2 invalid_utf8 a"]);
    }

    #[test]
    fn headers_that_cannot_be_used() {
        let wide = ["a"; 1001].join(",");
        for text in ["", "\n\n", "\"a", "\u{feff}", wide.as_str()] {
            match SourceReader::new(text.as_bytes(), Format::Csv, Spelling::default()) {
                Err(SourceError::Header(_)) => {}
                _ => panic!("{text}"),
            }
        }
        assert!(matches!(
            SourceReader::new(&b"n\xe9\n"[..], Format::Csv, Spelling::default()),
            Err(SourceError::Header(_))
        ));
        let reader = SourceReader::new(&b"a,,b,\n"[..], Format::Csv, Spelling::default()).unwrap();
        assert_eq!(reader.columns().unwrap(), ["a", "", "b", ""]);
        assert_eq!(reader.count(), 0);
    }

    #[test]
    fn json_lines_and_their_faults() {
        let text = b"\xef\xbb\xbf{\"a\":1.50,\"b\":{\"c\":1}}\n\nnope\n{\"a\":\"\xff\"}\r\n{\"a\":\"\\u0000\"}\n{\"b\":null}";
        assert_eq!(
            all(text, Format::JsonLines, &["a", "b"]),
            ["1@1 1.50|{\"c\":1}", "2@3 malformed_row ", "3@4 invalid_utf8 ", "4@5 malformed_row ", "5@6 |"]
        );
    }

    #[test]
    fn a_file_that_breaks_off_ends_the_rows() {
        struct FailingRead;
        impl Read for FailingRead {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let reader =
            SourceReader::new(b"a\n1\n".chain(FailingRead), Format::Csv, Spelling::default()).unwrap();
        let rows: Vec<String> = reader.map(|row| show(row, &["a"])).collect();
        assert_eq!(rows, ["1@2 1", "the file could not be read: gone"]);
    }
}
