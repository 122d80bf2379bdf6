//! Cuts a CSV file (RFC 4180) into records without ever holding more than one, however long it claims to be.
//!
//! The parser is csv-core, the engine of the csv crate; that crate itself would hold a record whole whatever its
//! size.

use std::io::{self, BufRead, ErrorKind};

use csv_core::{ReadRecordResult, Reader};

/// The longest record: the text of all its cells, in bytes.
pub(super) const MAX_ROW_BYTES: usize = 1024 * 1024;
const FIRST_BYTES: usize = 4 * 1024;

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    TooLong,
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

/// The records of a file, one at a time.
pub(super) struct CsvRows<B> {
    input: B,
    parser: Reader,
    /// The cells of the present record, as far as they are read.
    output: Vec<u8>,
}

impl<B: BufRead> CsvRows<B> {
    pub fn new(input: B) -> Self {
        Self { input, parser: Reader::new(), output: vec![0; FIRST_BYTES] }
    }

    /// The next record with at most `keep` of its cells; blank lines are no records.
    pub fn next_record(&mut self, keep: usize) -> io::Result<Option<Record>> {
        if !self.begin()? {
            return Ok(None);
        }
        let line = self.parser.line();
        let mut ends = vec![0; keep.saturating_add(1)];
        let (mut written, mut ended, mut cells, mut broken) = (0_usize, 0_usize, 0_usize, None);
        loop {
            let buffer = filled(&mut self.input)?;
            let at_end = buffer.is_empty();
            // A line feed behind the last byte ends the last record, unless a quote is still open.
            let buffer = if at_end { b"\n" } else { buffer };
            let output = self.output.get_mut(written..).unwrap_or_default();
            let (result, used, more, cells_more) =
                self.parser.read_record(buffer, output, ends.get_mut(ended..).unwrap_or_default());
            if !at_end {
                self.input.consume(used);
            }
            written = written.saturating_add(more);
            ended = ended.saturating_add(cells_more);
            cells = cells.saturating_add(cells_more);
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::InputEmpty if at_end => {
                    broken.get_or_insert(Broken::OpenQuote);
                    break;
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() < MAX_ROW_BYTES => {
                    self.output.resize(self.output.len().saturating_mul(2), 0);
                }
                ReadRecordResult::OutputFull => {
                    broken = Some(Broken::TooLong);
                    written = 0;
                }
                // More cells than anybody wants are only counted.
                ReadRecordResult::OutputEndsFull => ended = keep,
            }
        }
        ends.truncate(if broken.is_some() { 0 } else { ended.min(keep) });
        let kept = ends.last().copied().unwrap_or_default();
        let bytes = self.output.get(..kept).unwrap_or_default().to_vec();
        Ok(Some(Record { line, bytes, ends, cells, broken }))
    }

    /// Passes over blank lines; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let buffer = filled(&mut self.input)?;
            let Some(first) = buffer.first() else { return Ok(false) };
            match first {
                b'\n' => self.parser.set_line(self.parser.line().saturating_add(1)),
                b'\r' => {}
                _ => return Ok(true),
            }
            self.input.consume(1);
        }
    }
}

fn filled<B: BufRead>(input: &mut B) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    input.fill_buf()
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
        while let Some(Record { line, bytes, ends, cells: _, broken }) = rows.next_record(100).unwrap() {
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
        records(text.as_bytes(), 8192).into_iter().map(|(_, cells, _)| cells).collect()
    }

    #[test]
    fn lines_are_counted_through_quotes_and_every_ending() {
        let lines: Vec<u64> =
            records(b"a\r\n\"b\r\nb\"\n\n\nc\nd\r\n\r\ne", 2).into_iter().map(|(line, ..)| line).collect();
        assert_eq!(lines, [1, 2, 6, 7, 9]);
    }

    #[test]
    fn quotes_are_read_leniently_but_never_left_open() {
        assert_eq!(
            cells("a,\"say \"hi\" there\",c\nd,e,f\n"),
            [["a", "say hi\" there\"", "c"], ["d", "e", "f"]]
        );
        assert_eq!(cells("a,b\"c\n\"\",\"x\ny\""), [["a", "b\"c"], ["", "x\ny"]]);
        let all = records(b"d,e\ng,\"open\nh,i\n", 3);
        assert_eq!(all.len(), 2);
        assert_eq!((all[1].0, all[1].2), (2, Some(Broken::OpenQuote)));
    }

    #[test]
    fn a_record_too_long_is_passed_over_in_little_memory() {
        let endless = std::io::repeat(b'x').take(10 * MAX_ROW_BYTES as u64);
        let input = b"a\n\"".chain(endless).chain(&b"\",2\nb\n"[..]);
        let mut rows = CsvRows::new(BufReader::new(input));
        assert_eq!(rows.next_record(9).unwrap().unwrap().bytes, b"a");
        let long = rows.next_record(9).unwrap().unwrap();
        assert_eq!((long.line, long.broken, long.bytes.capacity()), (2, Some(Broken::TooLong), 0));
        assert_eq!(rows.next_record(9).unwrap().unwrap().bytes, b"b");
        assert!(rows.next_record(9).unwrap().is_none());
    }

    #[test]
    fn only_as_many_cells_are_kept_as_asked_for() {
        let mut rows = CsvRows::new(BufReader::new(&b"a,b,c,d"[..]));
        let record = rows.next_record(2).unwrap().unwrap();
        assert_eq!((record.cells, record.ends, record.bytes), (4, vec![1, 2], b"ab".to_vec()));
    }
}
