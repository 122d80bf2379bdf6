//! Cuts a CSV file (RFC 4180) into records without ever holding more than one, however long it claims to be.
//!
//! The parser is csv-core, the engine of the csv crate; that crate itself would hold a record whole whatever its
//! size.

use std::io::{self, BufRead, ErrorKind};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The longest record: the text of all its cells, in bytes.
pub(super) const MAX_ROW_BYTES: usize = 1024 * 1024;
const FIRST_BYTES: usize = 4 * 1024;

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    TooLong,
    OpenQuote,
    /// A quote is escaped with a backslash instead of doubled.
    Backslash,
}

/// One record: the cells' bytes one after the other, and where each ends.
#[derive(Debug)]
pub(super) struct Record {
    pub line: u64,
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
    /// The number of cells; `ends` keeps no more than asked for.
    pub cells: usize,
    /// Whether the cells behind those that were kept are blank.
    pub rest_is_blank: bool,
    pub broken: Option<Broken>,
}

impl Record {
    /// Whether all its cells are blank.
    pub fn is_blank(&self) -> bool {
        self.broken.is_none() && self.rest_is_blank && self.bytes.trim_ascii().is_empty()
    }
}

/// The records of a file, one at a time.
pub(super) struct CsvRows<B> {
    input: B,
    delimiter: u8,
    parser: Reader,
    /// The next input of the parser, as far as it has not taken it.
    ready: Vec<u8>,
    taken: usize,
    quotes: Quotes,
    /// The cells of the present record, as far as they are read.
    output: Vec<u8>,
}

impl<B: BufRead> CsvRows<B> {
    /// Reads from the line of that number on.
    pub fn new(input: B, delimiter: u8, line: u64) -> Self {
        let mut parser = ReaderBuilder::new().delimiter(delimiter).build();
        parser.set_line(line);
        let (ready, output) = (Vec::new(), vec![0; FIRST_BYTES]);
        Self { input, delimiter, parser, ready, taken: 0, quotes: Quotes::default(), output }
    }

    /// The next record with at most `keep` of its cells; blank lines are no records.
    pub fn next_record(&mut self, keep: usize) -> io::Result<Option<Record>> {
        if !self.begin()? {
            return Ok(None);
        }
        let line = self.parser.line();
        let mut ends = vec![0; keep.saturating_add(1)];
        let (mut written, mut ended, mut cells, mut broken) = (0_usize, 0_usize, 0_usize, None);
        self.quotes = Quotes::default();
        loop {
            let at_end = !self.make_ready()?;
            let buffer = self.ready.get(self.taken..).unwrap_or_default();
            let output = self.output.get_mut(written..).unwrap_or_default();
            let (result, used, more, cells_more) =
                self.parser.read_record(buffer, output, ends.get_mut(ended..).unwrap_or_default());
            self.taken = self.taken.saturating_add(used);
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
        if self.quotes.escaped {
            broken.get_or_insert(Broken::Backslash);
        }
        ends.truncate(if broken.is_some() { 0 } else { ended.min(keep) });
        let kept = ends.last().copied().unwrap_or_default();
        let bytes = self.output.get(..kept).unwrap_or_default().to_vec();
        let rest_is_blank = self.output.get(kept..written).unwrap_or_default().trim_ascii().is_empty();
        Ok(Some(Record { line, bytes, ends, cells, rest_is_blank, broken }))
    }

    /// Has something ready for the parser; false at the end of the file, where a line feed ends the last record
    /// unless a quote is still open.
    fn make_ready(&mut self) -> io::Result<bool> {
        while self.taken >= self.ready.len() {
            (self.taken, self.ready) = (0, std::mem::take(&mut self.ready));
            self.ready.clear();
            let buffer = filled(&mut self.input)?;
            if buffer.is_empty() {
                self.quotes.put_spaces(&mut self.ready);
                self.ready.push(b'\n');
                return Ok(false);
            }
            let used = self.quotes.take(buffer, self.delimiter, &mut self.ready);
            self.input.consume(used);
        }
        Ok(true)
    }

    /// Passes over blank lines; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        if self.taken < self.ready.len() {
            return Ok(true);
        }
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

/// The quoting state of a byte of a record.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Place {
    #[default]
    Start,
    Cell,
    Quoted,
    /// Behind a quote that ends the cell, unless it is followed by another.
    Ending,
}

/// Lets a record through to the parser, but for the spaces before a quote that opens a cell, and sees quotes that are
/// escaped with a backslash.
#[derive(Default, Debug)]
struct Quotes {
    place: Place,
    /// The number of spaces that wait for what follows them.
    spaces: usize,
    last: u8,
    escaped: bool,
}

impl Quotes {
    /// Lets the input through to the end of the record, and tells how much of it that was.
    fn take(&mut self, input: &[u8], delimiter: u8, output: &mut Vec<u8>) -> usize {
        for (place, &byte) in input.iter().enumerate() {
            let parts = byte == delimiter || matches!(byte, b'\n' | b'\r');
            match (self.place, byte) {
                (Place::Start, b' ') => {
                    self.spaces = self.spaces.saturating_add(1).min(MAX_ROW_BYTES);
                    continue;
                }
                (Place::Start, b'"') => (self.spaces, self.place) = (0, Place::Quoted),
                (Place::Quoted, b'"') => {
                    self.place = Place::Ending;
                    self.last = if self.last == b'\\' { b'\\' } else { b'"' };
                    output.push(byte);
                    continue;
                }
                (Place::Quoted, _) => {}
                (Place::Ending, b'"') => self.place = Place::Quoted,
                (_, _) if parts => {
                    self.put_spaces(output);
                    self.place = Place::Start;
                }
                (Place::Ending, _) => {
                    self.escaped |= self.last == b'\\' && byte != b' ';
                    self.place = Place::Cell;
                }
                (Place::Start | Place::Cell, _) => {
                    self.put_spaces(output);
                    self.place = Place::Cell;
                }
            }
            output.push(byte);
            self.last = byte;
            if self.place == Place::Start && byte != delimiter {
                return place.saturating_add(1);
            }
        }
        input.len()
    }

    fn put_spaces(&mut self, output: &mut Vec<u8>) {
        output.resize(output.len().saturating_add(std::mem::take(&mut self.spaces)), b' ');
    }
}

/// The delimiter of a file that begins so, and the length of the line that declares it: `sep=;`. Where nothing
/// says it, it is the sign that the header has most of outside of quotes.
pub(super) fn delimiter_of(start: &[u8]) -> (u8, usize) {
    let line = start.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let said = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    if let (Some(sign), true) =
        (said.get(4), said.len() == 5 && said.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"sep=")))
    {
        let ending = start.get(line.len()..).unwrap_or_default();
        let ending = if ending.starts_with(b"\r\n") { 2 } else { 1 };
        return (*sign, line.len().saturating_add(ending).min(start.len()));
    }
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in start.trim_ascii_start() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            byte if !is_quoted => {
                let counts = counts.iter_mut().filter(|(sign, _)| sign == byte);
                counts.for_each(|(_, count)| *count = count.saturating_add(1));
            }
            _ => {}
        }
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    (most.map_or(b',', |(sign, _)| sign), 0)
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
    use super::{Broken, CsvRows, MAX_ROW_BYTES, Record, delimiter_of};
    use std::io::{BufReader, Read};

    /// Each record's first line, cells and fault, read through a buffer of `capacity` bytes.
    fn records(text: &[u8], capacity: usize) -> Vec<(u64, Vec<String>, Option<Broken>)> {
        let mut rows = CsvRows::new(BufReader::with_capacity(capacity, text), b',', 1);
        let mut all = Vec::new();
        while let Some(Record { line, bytes, ends, cells: _, rest_is_blank: _, broken }) =
            rows.next_record(100).unwrap()
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
    fn quotes_may_stand_behind_spaces() {
        for capacity in [1, 2, 3, 8192] {
            let text = b" \"a, \"\"b\" ,  \"c\nd\",  e f , \n  ,\"  \"";
            let rows: Vec<_> = records(text, capacity).into_iter().map(|(_, cells, _)| cells).collect();
            assert_eq!(rows, [vec!["a, \"b ", "c\nd", "  e f ", " "], vec!["  ", "  "]], "{capacity}");
        }
        let broken =
            |text: &[u8]| records(text, 3).into_iter().map(|(.., broken)| broken).collect::<Vec<_>>();
        assert_eq!(broken(b"\"a \\\"b\\\" c\",d\ne\n"), [Some(Broken::Backslash), None]);
        assert_eq!(broken(b"\"C:\\\",d\n\"\\\"\"\"\n\"a\"b\n"), [None, None, None]);
    }

    #[test]
    fn what_parts_the_cells_is_found() {
        for (start, found) in [
            ("a,b;c,d\n;;;;;", (b',', 0)),
            ("\r\na;b;\"c,d,e\n,\";f\nx", (b';', 0)),
            ("a\tb", (b'\t', 0)),
            ("a|b", (b'|', 0)),
            ("a", (b',', 0)),
            ("", (b',', 0)),
            ("a;b,c", (b',', 0)),
            ("sep=;\r\na,b", (b';', 7)),
            ("\"SEP=\t\"\na", (b'\t', 8)),
            ("sep=|", (b'|', 5)),
            ("sep=", (b',', 0)),
        ] {
            assert_eq!(delimiter_of(start.as_bytes()), found, "{start:?}");
        }
    }

    #[test]
    fn a_record_too_long_is_passed_over_in_little_memory() {
        let endless = std::io::repeat(b'x').take(10 * MAX_ROW_BYTES as u64);
        let input = b"a\n\"".chain(endless).chain(&b"\",2\nb\n"[..]);
        let mut rows = CsvRows::new(BufReader::new(input), b',', 1);
        assert_eq!(rows.next_record(9).unwrap().unwrap().bytes, b"a");
        let long = rows.next_record(9).unwrap().unwrap();
        assert_eq!((long.line, long.broken, long.bytes.capacity()), (2, Some(Broken::TooLong), 0));
        assert_eq!(rows.next_record(9).unwrap().unwrap().bytes, b"b");
        assert!(rows.next_record(9).unwrap().is_none());
    }

    #[test]
    fn only_as_many_cells_are_kept_as_asked_for() {
        let mut rows = CsvRows::new(BufReader::new(&b"a,b,c,d"[..]), b',', 1);
        let record = rows.next_record(2).unwrap().unwrap();
        assert_eq!((record.cells, record.ends, record.bytes), (4, vec![1, 2], b"ab".to_vec()));
    }
}
