//! Rows as both databases take them.

use std::fmt::Write;

use super::calendar::{date, rfc3339};

/// What stands in a column.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A UUID.
    Id(u128),
    /// A text, a choice, or a list as JSON.
    Text(String),
    /// A number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A day, counted from 1970-01-01.
    Date(i64),
    /// Microseconds since 1970.
    Instant(i64),
}

/// A row under construction, column by column.
#[derive(Default)]
pub struct Row {
    /// What it has so far.
    pub cells: Vec<Cell>,
}

impl Row {
    /// A row that begins with these ids.
    pub fn of(ids: &[u128]) -> Self {
        Self { cells: ids.iter().copied().map(Cell::Id).collect() }
    }

    /// An id.
    pub fn id(mut self, id: u128) -> Self {
        self.cells.push(Cell::Id(id));
        self
    }

    /// An id, or none.
    pub fn maybe_id(mut self, id: Option<u128>) -> Self {
        self.cells.push(id.map_or(Cell::Null, Cell::Id));
        self
    }

    /// A text with the form by which it is found.
    pub fn text(self, text: impl Into<Option<String>>) -> Self {
        match text.into() {
            Some(text) => {
                let folded = fold(&text);
                self.word(text).word(folded)
            }
            None => self.nulls(2),
        }
    }

    /// A text that is compared as it is.
    pub fn word(mut self, word: impl Into<String>) -> Self {
        self.cells.push(Cell::Text(word.into()));
        self
    }

    /// A word, or none.
    pub fn maybe_word(self, word: Option<impl Into<String>>) -> Self {
        match word {
            Some(word) => self.word(word),
            None => self.nulls(1),
        }
    }

    /// A number.
    pub fn integer(mut self, number: i64) -> Self {
        self.cells.push(Cell::Integer(number));
        self
    }

    /// True or false.
    pub fn boolean(mut self, value: bool) -> Self {
        self.cells.push(Cell::Boolean(value));
        self
    }

    /// A day, or none.
    pub fn date(mut self, day: Option<i64>) -> Self {
        self.cells.push(day.map_or(Cell::Null, Cell::Date));
        self
    }

    /// An instant, or none.
    pub fn instant(mut self, micros: Option<i64>) -> Self {
        self.cells.push(micros.map_or(Cell::Null, Cell::Instant));
        self
    }

    /// So many columns with nothing.
    pub fn nulls(mut self, count: usize) -> Self {
        self.cells.extend(std::iter::repeat_n(Cell::Null, count));
        self
    }

    /// The row as a line of PostgreSQL's COPY.
    pub fn copy_line(&self, line: &mut String) {
        for (place, cell) in self.cells.iter().enumerate() {
            if place > 0 {
                line.push('\t');
            }
            match cell {
                Cell::Null => line.push_str("\\N"),
                Cell::Id(id) => line.push_str(&super::uuid(*id)),
                Cell::Text(text) => escape(text, line),
                Cell::Integer(number) => drop(write!(line, "{number}")),
                Cell::Boolean(value) => line.push(if *value { 't' } else { 'f' }),
                Cell::Date(day) => line.push_str(&date(*day)),
                Cell::Instant(micros) => line.push_str(&rfc3339(*micros)),
            }
        }
        line.push('\n');
    }
}

fn escape(text: &str, line: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            c => line.push(c),
        }
    }
}

/// What Kith's folding makes of the texts that occur here: lower case, without accents.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' | 'á' | 'à' | 'å' => folded.push('a'),
            'é' | 'è' | 'ê' => folded.push('e'),
            'í' | 'ï' => folded.push('i'),
            'ö' | 'ó' | 'ô' => folded.push('o'),
            'ü' | 'ú' => folded.push('u'),
            'ñ' => folded.push('n'),
            'ç' => folded.push('c'),
            'š' => folded.push('s'),
            'ß' => folded.push_str("ss"),
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::{
        super::texts::{CITY, FAMILY, GIVEN, STREET},
        *,
    };

    #[test]
    fn no_accent_is_forgotten() {
        for text in GIVEN.iter().chain(&FAMILY).chain(&CITY).chain(&STREET) {
            assert!(fold(text).is_ascii(), "{text}");
        }
        assert_eq!(fold("Bahnhofstraße"), "bahnhofstrasse");
    }

    #[test]
    fn lines_are_as_copy_wants_them() {
        let mut line = String::new();
        let row =
            Row::of(&[1]).text("a\\b\tÄ".to_owned()).nulls(1).boolean(true).date(Some(0)).instant(Some(0));
        row.copy_line(&mut line);
        let expected = "00000000-0000-0000-0000-000000000001\ta\\\\b\\tÄ\ta\\\\b\\ta\t\\N\tt\t1970-01-01\t\
                        1970-01-01T00:00:00.000Z\n";
        assert_eq!(line, expected);
    }
}
