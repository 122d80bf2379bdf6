//! Cuts a JSON Lines file into rows without ever holding more than one line, however long.

use super::csv_rows::MAX_ROW_BYTES;
use super::fault::Fault;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, ErrorKind};

/// A member of a row: its text, or the JSON it holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonCell {
    Text(String),
    Nested(Value),
}

/// One line that is not blank; `text` is `None` when it is too long.
pub(super) struct JsonLine {
    pub line: u64,
    pub text: Option<Vec<u8>>,
}

/// The lines of a file, one at a time.
pub(super) struct JsonLines<B> {
    input: B,
    line: u64,
}

impl<B: BufRead> JsonLines<B> {
    pub fn new(input: B) -> Self {
        Self { input, line: 0 }
    }

    /// The next line that is not blank.
    pub fn next_line(&mut self) -> io::Result<Option<JsonLine>> {
        loop {
            let mut text = Vec::new();
            let Some(whole) = self.read_line(&mut text)? else {
                return Ok(None);
            };
            self.line = self.line.saturating_add(1);
            if !whole {
                return Ok(Some(JsonLine { line: self.line, text: None }));
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(JsonLine { line: self.line, text: Some(text) }));
            }
        }
    }

    /// Reads up to and with the next line feed: `None` at the end of the file, `false` when the line is too long.
    fn read_line(&mut self, text: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let mut whole = true;
        let mut any = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                return Ok(any.then_some(whole));
            }
            any = true;
            let mut parts = buffer.splitn(2, |&byte| byte == b'\n');
            let part = parts.next().unwrap_or_default();
            let complete = parts.next().is_some();
            if text.len().saturating_add(part.len()) > MAX_ROW_BYTES {
                whole = false;
                *text = Vec::new();
            }
            if whole {
                text.extend_from_slice(part);
            }
            let used = part.len().saturating_add(usize::from(complete));
            self.input.consume(used);
            if complete {
                return Ok(Some(whole));
            }
        }
    }
}

/// The members of the object in a line.
pub(super) fn members(text: &str) -> Result<HashMap<String, JsonCell>, Fault> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(MembersVisitor).and_then(|members| reader.end().map(|()| members));
    members.map_err(|error| Fault::new("malformed_row", without_line(&error)))
}

/// serde_json's own position counts lines inside the row, which would mislead.
fn without_line(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => format!("the line is not one JSON object: {what} (character {})", error.column()),
        None => format!("the line is not one JSON object: {message}"),
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = HashMap<String, JsonCell>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = HashMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let cell = cell(map.next_value::<&RawValue>()?.get()).map_err(A::Error::custom)?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member {name:?} comes twice")));
            }
            members.insert(name, cell);
        }
        Ok(members)
    }
}

/// Numbers keep the digits of the file, so that none passes through a float.
fn cell(raw: &str) -> Result<JsonCell, String> {
    let number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if number {
        return Ok(JsonCell::Text(raw.to_owned()));
    }
    let value = kernel::json::parse(raw.as_bytes()).map_err(|error| {
        let what = error.detail.split_once(": ").map_or(error.detail.as_str(), |(_, what)| what);
        what.split(" at line ").next().unwrap_or_default().to_owned()
    })?;
    Ok(match value {
        Value::Null => JsonCell::Text(String::new()),
        Value::String(text) => JsonCell::Text(text),
        Value::Bool(flag) => JsonCell::Text(flag.to_string()),
        nested => JsonCell::Nested(nested),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::csv_rows::MAX_ROW_BYTES;
    use super::{JsonCell, JsonLines, members};
    use serde_json::json;
    use std::io::{BufReader, Read};

    #[test]
    fn every_kind_of_value() {
        let row = members(
            r#"{"s":"x\"y","n":1054.10,"big":123456789012345678901234567890.5,"t":true,"z":null,"l":[1]}"#,
        )
        .unwrap();
        let text = |name: &str| match row.get(name) {
            Some(JsonCell::Text(text)) => text.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!(text("s"), "x\"y");
        assert_eq!(text("n"), "1054.10");
        assert_eq!(text("big"), "123456789012345678901234567890.5");
        assert_eq!(text("t"), "true");
        assert_eq!(text("z"), "");
        assert_eq!(row.get("l"), Some(&JsonCell::Nested(json!([1]))));
    }

    #[test]
    fn broken_lines_say_where() {
        for line in [
            "[]",
            "{",
            "{\"a\":1}{}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":{\"b\":1,\"b\":2}}",
        ] {
            let fault = members(line).unwrap_err();
            assert_eq!(fault.code, "malformed_row", "{line}");
            assert!(!fault.message.contains("line 1"), "{}", fault.message);
        }
        let fault = members("{\"a\":nope}").unwrap_err();
        assert_eq!(fault.message, "the line is not one JSON object: expected ident (character 7)");
    }

    #[test]
    fn lines_are_framed_in_bounded_memory() {
        let long = std::io::repeat(b'x').take(3 * MAX_ROW_BYTES as u64);
        let input = b"\n{}\r\n  \n".chain(long).chain(&b"\n{\"last\":1}"[..]);
        let mut lines = JsonLines::new(BufReader::new(input));
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            seen.push((line.line, line.text.map(|text| String::from_utf8(text).unwrap())));
        }
        assert_eq!(seen, [(2, Some("{}\r".to_owned())), (4, None), (5, Some("{\"last\":1}".to_owned()))]);
    }
}
