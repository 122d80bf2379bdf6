//! The tokens of a GraphQL document, cut where the parser would cut them.

use super::Refusal;

/// One token. What a value says is of no matter here, only that it hides the brackets written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Value,
    Spread,
    Mark(u8),
}

/// Reads a document from front to back; each token comes with its length in bytes.
pub(super) struct Tokens<'a> {
    document: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(document: &'a str) -> Self {
        Self { document, at: 0 }
    }

    /// Where reading stands, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// A refusal that says where reading stands.
    pub(super) fn refusal(&self, reason: &'static str, what: &str) -> Refusal {
        self.refusal_at(self.at, reason, what)
    }

    /// A refusal of what begins there.
    pub(super) fn refusal_at(&self, at: usize, reason: &'static str, what: &str) -> Refusal {
        let before = self.document.get(..at).unwrap_or(self.document);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| !['\n', '\r'].contains(letter)).count() + 1;
        let detail = format!("{what} at line {line}, column {column}.");
        Refusal { at: Some((line, column)), ..Refusal::new(reason, detail) }
    }

    fn rest(&self) -> &'a [u8] {
        self.document.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn unexpected(&self) -> Refusal {
        let letter = self.document.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        self.refusal("unexpected_character", &format!("The character {letter:?} cannot stand"))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<(Token<'a>, usize), Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.at += ignored_length(self.rest());
        let rest = self.rest();
        let (token, length) = match *rest.first()? {
            b'"' => match string_length(rest) {
                Some(length) if spells_null(rest.get(..length).unwrap_or_default()) => {
                    return Some(Err(self.refusal("null_character", "U+0000 stands in the string")));
                }
                Some(length) => (Token::Value, length),
                None => {
                    return Some(Err(
                        self.refusal("unterminated_string", "A string is not closed that opens")
                    ));
                }
            },
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let length = run_length(rest, is_name_byte);
                (Token::Name(self.document.get(self.at..self.at + length).unwrap_or_default()), length)
            }
            b'0'..=b'9' | b'-' => (Token::Value, run_length(rest, is_number_byte)),
            b'.' if rest.starts_with(b"...") => (Token::Spread, 3),
            mark if b"!$&():=@[]{|}".contains(&mark) => (Token::Mark(mark), 1),
            _ => return Some(Err(self.unexpected())),
        };
        self.at += length;
        Some(Ok((token, length)))
    }
}

fn run_length(rest: &[u8], belongs: fn(u8) -> bool) -> usize {
    rest.iter().take_while(|&&byte| belongs(byte)).count()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_number_byte(byte: u8) -> bool {
    is_name_byte(byte) || b"+-.".contains(&byte)
}

/// Blanks, commas, comments and byte order marks, which GraphQL allows between any two tokens.
fn ignored_length(rest: &[u8]) -> usize {
    let mut length = 0;
    while let Some(tail) = rest.get(length..) {
        length += match tail.first() {
            Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => 1,
            Some(b'#') => run_length(tail, |byte| byte != b'\n' && byte != b'\r'),
            _ if tail.starts_with("\u{feff}".as_bytes()) => 3,
            _ => break,
        };
    }
    length
}

/// The length of the string that `rest` begins with, quotes included.
fn string_length(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(br#"""""#) {
        return block_string_length(rest);
    }
    let mut length = 1;
    loop {
        length += match rest.get(length)? {
            b'"' => return Some(length + 1),
            b'\n' | b'\r' => return None,
            b'\\' => 2,
            _ => 1,
        };
    }
}

/// Whether a string spells U+0000, which the strict reading of the request's JSON cannot see. In a block string
/// nothing is spelled.
fn spells_null(string: &[u8]) -> bool {
    let mut rest = if string.starts_with(br#"""""#) { &[][..] } else { string };
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(br"\u0000") {
            return true;
        }
        rest = rest.get(2..).unwrap_or_default();
    }
    false
}

fn block_string_length(rest: &[u8]) -> Option<usize> {
    let mut length = 3;
    loop {
        let tail = rest.get(length..)?;
        length += match tail.first()? {
            b'"' if tail.starts_with(br#"""""#) => return Some(length + 3),
            b'\\' if tail.starts_with(br#"\""""#) => 4,
            _ => 1,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of a document as text, `"` for a value, and why reading stopped.
    fn tokens(document: &str) -> (String, Option<&'static str>) {
        let mut read = Vec::new();
        for token in Tokens::of(document) {
            match token {
                Ok((Token::Name(name), _)) => read.push(name.to_owned()),
                Ok((Token::Value, _)) => read.push("\"".to_owned()),
                Ok((Token::Spread, _)) => read.push("...".to_owned()),
                Ok((Token::Mark(mark), _)) => read.push(char::from(mark).to_string()),
                Err(refusal) => return (read.join(" "), Some(refusal.reason)),
            }
        }
        (read.join(" "), None)
    }

    #[test]
    fn reads_every_kind() {
        let (read, stopped) = tokens("query Q($a:[Int!]=[1,-2.5e+3]){a:b(c:$a,d:\"x\")@e...f ... on G{h}}");
        assert_eq!(
            read,
            "query Q ( $ a : [ Int ! ] = [ \" \" ] ) { a : b ( c : $ a d : \" ) @ e ... f ... on G { h } }"
        );
        assert_eq!(stopped, None);
    }

    #[test]
    fn strings_hide_brackets() {
        for string in [
            r#""""#,
            r#""[[[ {{{ (((""#,
            r#""\"[\\""#,
            r#""\u005b é 漢 🙂""#,
            r#""""""""#,
            r#""""[ " "" [""""#,
            r#""""[ \""" [""""#,
            "\"\"\"[\n\r[\\\"\"\" ]\"\"\"",
            r#""""\\""" [ """"#,
        ] {
            assert_eq!(tokens(&format!("{string}]")).0, "\" ]", "{string}");
        }
    }

    #[test]
    fn strings_must_end() {
        for string in [
            "\"",
            "\"a",
            "\"a\\",
            "\"a\\\"",
            "\"a\nb\"",
            "\"a\rb\"",
            "\"\"\"",
            "\"\"\"a\"\"",
            "\"\"\"a\\\"\"\"",
        ] {
            assert_eq!(tokens(string), (String::new(), Some("unterminated_string")), "{string:?}");
        }
    }

    #[test]
    fn comments_end_at_every_line_end() {
        assert_eq!(tokens("a # [ \" \n b").0, "a b");
        assert_eq!(tokens("a # [ \" \r b").0, "a b");
        assert_eq!(tokens("a # [ \" \r\n b # c").0, "a b");
        assert_eq!(tokens("#"), (String::new(), None));
    }

    #[test]
    fn unicode_stands_only_in_strings_and_comments() {
        assert_eq!(tokens("\u{feff}a,\u{feff}b # é 漢\n \"é\"").0, "a b \"");
        for document in ["é", "a\u{a0}b", "名", "a\u{0}", "a;b", ". . .", ".."] {
            assert_eq!(tokens(document).1, Some("unexpected_character"), "{document:?}");
        }
    }

    #[test]
    fn a_refusal_says_where() {
        let refusal = Tokens::of("# é\n \u{a0}").next();
        let detail = "The character '\\u{a0}' cannot stand at line 2, column 2.".to_owned();
        let expected = Refusal { reason: "unexpected_character", detail, at: Some((2, 2)) };
        assert_eq!(refusal, Some(Err(expected)));
    }
}
