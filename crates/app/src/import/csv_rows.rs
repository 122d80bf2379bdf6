//! Cuts a CSV file (RFC 4180) into records without ever holding more than one, however long it claims to be.
//!
//! The csv crate holds a record whole whatever its size and mends broken quotes in silence; an import must do
//! neither, so the few states of the format are here. A test compares the two on what both accept.

use std::io::{self, BufRead, ErrorKind};

/// The longest record, in bytes of the file.
pub(super) const MAX_ROW_BYTES: usize = 1024 * 1024;

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    TooLong,
    TextAfterQuote,
    OpenQuote,
}

/// One record: the cells' bytes one after the other, and where each ends.
#[derive(Debug)]
pub(super) struct Record {
    pub line: u64,
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
    /// How many cells there were; `ends` keeps no more than asked for.
    pub cells: usize,
    pub broken: Option<Broken>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Bare,
    Quoted,
    AfterQuote,
}

/// The records of a file, one at a time.
pub(super) struct CsvRows<B> {
    input: B,
    line: u64,
    after_return: bool,
}

impl<B: BufRead> CsvRows<B> {
    pub fn new(input: B) -> Self {
        Self {
            input,
            line: 1,
            after_return: false,
        }
    }

    /// The next record with at most `keep` of its cells; blank lines are no records.
    pub fn next_record(&mut self, keep: usize) -> io::Result<Option<Record>> {
        let mut open = Open::new(self.line, keep);
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                return Ok(open.at_end_of_file());
            }
            let mut used = 0_usize;
            let mut complete = false;
            for &byte in buffer {
                used = used.saturating_add(1);
                if byte == b'\r' || (byte == b'\n' && !self.after_return) {
                    self.line = self.line.saturating_add(1);
                }
                self.after_return = byte == b'\r';
                complete = open.take(byte);
                if complete && open.is_blank() {
                    complete = false;
                    open.record.line = self.line;
                }
                if complete {
                    break;
                }
            }
            self.input.consume(used);
            if complete {
                return Ok(Some(open.record));
            }
        }
    }
}

/// A record while it is read.
struct Open {
    record: Record,
    state: State,
    size: usize,
    keep: usize,
}

impl Open {
    fn new(line: u64, keep: usize) -> Self {
        let record = Record {
            line,
            bytes: Vec::new(),
            ends: Vec::new(),
            cells: 0,
            broken: None,
        };
        Self {
            record,
            state: State::CellStart,
            size: 0,
            keep,
        }
    }

    fn is_blank(&self) -> bool {
        self.size == 0
    }

    /// Takes one byte and says whether the record ends with it.
    fn take(&mut self, byte: u8) -> bool {
        let ends_line = matches!(byte, b'\n' | b'\r') && self.state != State::Quoted;
        if ends_line {
            if !self.is_blank() {
                self.end_cell();
            }
            return true;
        }
        self.size = self.size.saturating_add(1);
        if self.size > MAX_ROW_BYTES && self.record.broken != Some(Broken::TooLong) {
            self.record.broken = Some(Broken::TooLong);
            self.record.bytes = Vec::new();
            self.record.ends = Vec::new();
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::AfterQuote,
            (State::Quoted, _) => {
                self.push(byte);
                State::Quoted
            }
            (_, b',') => {
                self.end_cell();
                State::CellStart
            }
            (State::CellStart, b'"') => State::Quoted,
            (State::AfterQuote, b'"') => {
                self.push(byte);
                State::Quoted
            }
            (State::AfterQuote, _) => {
                self.record.broken.get_or_insert(Broken::TextAfterQuote);
                State::Bare
            }
            (State::CellStart | State::Bare, _) => {
                self.push(byte);
                State::Bare
            }
        };
        false
    }

    fn push(&mut self, byte: u8) {
        if self.record.broken.is_none() && self.record.ends.len() < self.keep {
            self.record.bytes.push(byte);
        }
    }

    fn end_cell(&mut self) {
        self.record.cells = self.record.cells.saturating_add(1);
        if self.record.broken.is_none() && self.record.ends.len() < self.keep {
            self.record.ends.push(self.record.bytes.len());
        }
    }

    fn at_end_of_file(mut self) -> Option<Record> {
        if self.is_blank() {
            return None;
        }
        if self.state == State::Quoted {
            self.record.broken.get_or_insert(Broken::OpenQuote);
        }
        self.end_cell();
        Some(self.record)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::{Broken, CsvRows, MAX_ROW_BYTES, Record};
    use std::io::{BufReader, Read};

    /// Each record's first line, cells and fault, read through a buffer of `capacity` bytes.
    fn records(text: &[u8], capacity: usize) -> Vec<(u64, Vec<String>, Option<Broken>)> {
        let mut rows = CsvRows::new(BufReader::with_capacity(capacity, text));
        let mut all = Vec::new();
        while let Some(Record {
            line,
            bytes,
            ends,
            cells: _,
            broken,
        }) = rows.next_record(100).unwrap()
        {
            let mut start = 0;
            let cells = ends.iter().map(|&end| {
                let cell = String::from_utf8(bytes[start..end].to_vec()).unwrap();
                start = end;
                cell
            });
            all.push((line, cells.collect(), broken));
        }
        all
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        records(text.as_bytes(), 8192)
            .into_iter()
            .map(|(_, cells, _)| cells)
            .collect()
    }

    #[test]
    fn reads_what_the_csv_crate_reads() {
        // Every text of up to five of these pieces; those with broken quotes are this reader's own affair.
        let pieces = ["a", ",", "\n", "\r\n", "\"\"", "\"c,\"\"\n\""];
        let numbers =
            (0..=5).flat_map(|length| (0..pieces.len().pow(length)).map(move |number| (length, number)));
        for (length, number) in numbers {
            let pick = |place: u32| pieces[number / pieces.len().pow(place) % pieces.len()];
            let text: String = (0..length).map(pick).collect();
            let mine = records(text.as_bytes(), 3);
            if mine.iter().any(|(_, _, broken)| broken.is_some()) {
                continue;
            }
            let theirs: Vec<Vec<String>> = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes())
                .into_records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let mine: Vec<Vec<String>> = mine.into_iter().map(|(_, cells, _)| cells).collect();
            assert_eq!(mine, theirs, "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_through_quotes_and_every_ending() {
        let lines: Vec<u64> = records(b"a\r\n\"b\r\nb\"\n\n\nc\rd\n\re", 2)
            .into_iter()
            .map(|(line, ..)| line)
            .collect();
        assert_eq!(lines, [1, 2, 6, 7, 9]);
    }

    #[test]
    fn broken_quotes_spoil_their_own_record_only() {
        let all = records(b"a,\"say \"hi\" there\",c\nd,e,f\ng,\"open\nh,i,j\n", 8192);
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].2, Some(Broken::TextAfterQuote));
        assert_eq!(
            all[1],
            (2, vec!["d".to_owned(), "e".to_owned(), "f".to_owned()], None)
        );
        assert_eq!((all[2].0, all[2].2), (3, Some(Broken::OpenQuote)));
        assert_eq!(cells("a,b\"c\n"), [["a", "b\"c"]]);
    }

    #[test]
    fn a_record_too_long_is_passed_over_in_little_memory() {
        let endless = std::io::repeat(b'x').take(10 * MAX_ROW_BYTES as u64);
        let input = b"a\n\"".chain(endless).chain(&b"\",2\nb\n"[..]);
        let mut rows = CsvRows::new(BufReader::new(input));
        assert_eq!(rows.next_record(9).unwrap().unwrap().bytes, b"a");
        let long = rows.next_record(9).unwrap().unwrap();
        assert_eq!(
            (long.line, long.broken, long.bytes.capacity()),
            (2, Some(Broken::TooLong), 0)
        );
        assert_eq!(rows.next_record(9).unwrap().unwrap().bytes, b"b");
        assert!(rows.next_record(9).unwrap().is_none());
    }

    #[test]
    fn only_as_many_cells_are_kept_as_asked_for() {
        let mut rows = CsvRows::new(BufReader::new(&b"a,b,c,d"[..]));
        let record = rows.next_record(2).unwrap().unwrap();
        assert_eq!(
            (record.cells, record.ends, record.bytes),
            (4, vec![1, 2], b"ab".to_vec())
        );
    }
}
