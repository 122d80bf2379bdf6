//! Errors of rows, in words for the person who brought the file.

use serde::Serialize;

/// The most characters of a value that a message repeats.
const EXCERPT_CHARS: usize = 60;

/// One thing wrong with one row; a row may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// The column it was found in, where one can be named.
    pub column: Option<String>,
    /// A stable snake_case code.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// A problem with a value whose column the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub code: &'static str,
    pub message: String,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn in_column(self, column: &str) -> RowError {
        let Self { code, message } = self;
        RowError { column: Some(column.to_owned()), code, message }
    }

    pub fn in_row(self) -> RowError {
        let Self { code, message } = self;
        RowError { column: None, code, message }
    }
}

/// A value in quotes, short enough to stand in a message.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS).and_then(|(end, _)| text.get(..end)) {
        Some(start) => format!("“{start}…”"),
        None => format!("“{text}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn long_values_are_shortened_between_characters() {
        assert_eq!(excerpt("Kopenhagen"), "“Kopenhagen”");
        assert_eq!(excerpt(&"ø".repeat(61)), format!("“{}…”", "ø".repeat(60)));
    }
}
