//! Strings that the parser cannot read. async-graphql-parser 7.2.1 knows the escapes of 2018 only, and leaves `\"""`
//! of a block string as it is written. Each such string is read here and put aside. A short one stands for it until
//! the document is parsed, and fills its place with blanks, so that all that follows keeps its line and column.

use std::borrow::Cow;

use super::{
    Refusal,
    tokens::{Token, Tokens},
};

/// A string of one of these letters, which are for private use, stands for one that was put aside.
const FIRST: u32 = 0xF_0000;
const LAST: u32 = 0xF_FFFD;

/// The strings of a document that were put aside.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Aside(Vec<String>);

impl Aside {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The string that a parsed one stands for; none where it stands for itself.
    pub fn meant(&self, parsed: &str) -> Option<&str> {
        let mut letters = parsed.chars();
        let index = u32::from(letters.next()?).checked_sub(FIRST)?;
        let meant = self.0.get(usize::try_from(index).ok()?)?;
        letters.next().is_none().then_some(meant)
    }
}

/// The document as the parser can read it, and the strings that were put aside.
pub(super) fn set_aside(document: &str) -> Result<(Cow<'_, str>, Aside), Refusal> {
    let mut aside = Aside::default();
    if !document.contains(|letter| letter == '\\' || is_reserved(letter)) {
        return Ok((document.into(), aside));
    }
    let (mut text, mut copied) = (String::with_capacity(document.len()), 0);
    let mut tokens = Tokens::of(document);
    while let Some(token) = tokens.next() {
        let (Token::Value, length) = token? else { continue };
        let (begin, end) = (tokens.at() - length, tokens.at());
        let string = document.get(begin..end).unwrap_or_default();
        let meant = match string.strip_prefix("\"\"\"").and_then(|rest| rest.strip_suffix("\"\"\"")) {
            _ if !string.contains(is_reserved) && !string.contains("\\u") && !string.contains("\\\"\"\"") => {
                continue;
            }
            Some(inner) => block(inner),
            None => string.strip_prefix('"').and_then(|rest| ordinary(rest.strip_suffix('"')?)).ok_or_else(
                || tokens.refusal_at(begin, "unknown_escape", "A string spells what is no letter"),
            )?,
        };
        if meant.contains('\0') {
            return Err(tokens.refusal_at(begin, "null_character", "U+0000 stands in the string"));
        }
        let letter = u32::try_from(aside.0.len()).ok().and_then(|index| char::from_u32(FIRST + index));
        aside.0.push(meant);
        text.push_str(document.get(copied..begin).unwrap_or_default());
        text.extend(['"', letter.unwrap_or_default(), '"']);
        fill(&mut text, string);
        copied = end;
    }
    text.push_str(document.get(copied..).unwrap_or_default());
    Ok((text.into(), aside))
}

fn is_reserved(letter: char) -> bool {
    (FIRST..=LAST).contains(&u32::from(letter))
}

/// Blanks behind a string of three letters, up to where the other ends.
fn fill(text: &mut String, string: &str) {
    let lines = string.matches('\n').count();
    let last = string.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count();
    let is_one_line = last == string.chars().count();
    text.extend(std::iter::repeat_n('\n', lines));
    if !is_one_line && lines == 0 {
        text.push('\r');
    }
    text.extend(std::iter::repeat_n(' ', if is_one_line { last.saturating_sub(3) } else { last }));
}

/// What is between the quotes of an ordinary string (GraphQL specification, section 2.9.4).
fn ordinary(inner: &str) -> Option<String> {
    let (mut text, mut rest) = (String::with_capacity(inner.len()), inner);
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut letters = after.chars();
        let (letter, after) = match letters.next()? {
            letter @ ('"' | '\\' | '/') => (letter, letters.as_str()),
            'b' => ('\u{8}', letters.as_str()),
            'f' => ('\u{c}', letters.as_str()),
            'n' => ('\n', letters.as_str()),
            'r' => ('\r', letters.as_str()),
            't' => ('\t', letters.as_str()),
            'u' => scalar(letters.as_str())?,
            _ => return None,
        };
        text.push(letter);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// The letter that is spelled behind `\u`, and what follows it.
fn scalar(rest: &str) -> Option<(char, &str)> {
    if let Some(braced) = rest.strip_prefix('{') {
        let (digits, rest) = braced.split_once('}')?;
        return Some((char::from_u32(hexadecimal(digits)?)?, rest));
    }
    let (first, rest) = four_digits(rest)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first)?, rest));
    }
    let (second, rest) = four_digits(rest.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + low)?, rest))
}

fn four_digits(rest: &str) -> Option<(u32, &str)> {
    Some((hexadecimal(rest.get(..4)?)?, rest.get(4..)?))
}

fn hexadecimal(digits: &str) -> Option<u32> {
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// What is between the quotes of a block string, without its common indentation and its blank lines at the ends.
fn block(inner: &str) -> String {
    const BLANK: [char; 2] = [' ', '\t'];
    let text = inner.replace("\\\"\"\"", "\"\"\"").replace("\r\n", "\n").replace('\r', "\n");
    let is_blank = |line: &&str| line.trim_matches(BLANK).is_empty();
    let indentation = |line: &str| line.len() - line.trim_start_matches(BLANK).len();
    let indented = text.split('\n').skip(1).filter(|line| !is_blank(line));
    let common = indented.map(indentation).min().unwrap_or_default();
    let lines = text.split('\n').enumerate();
    let lines: Vec<_> =
        lines.map(|(at, line)| if at == 0 { line } else { line.get(common..).unwrap_or_default() }).collect();
    let begin = lines.iter().position(|line| !is_blank(line)).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !is_blank(line)).map_or(begin, |at| at + 1);
    lines.get(begin..end).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn strings_of_today_are_put_aside() {
        let document = r#"{a(b:"\u{1F600}",c:"\n",d:"""x \""" y""") e}"#;
        let (text, aside) = set_aside(document).unwrap();
        assert_eq!(text, "{a(b:\"\u{f0000}\"        ,c:\"\\n\",d:\"\u{f0001}\"           ) e}");
        assert_eq!(text.chars().count(), document.len());
        assert_eq!(aside, Aside(vec!["😀".to_owned(), "x \"\"\" y".to_owned()]));
        assert_eq!(aside.meant("\u{f0001}"), Some("x \"\"\" y"));
        for itself in ["", "a", "\u{f0002}", "\u{f0001}a", "\u{10fffd}"] {
            assert_eq!(aside.meant(itself), None, "{itself:?}");
        }
        assert_eq!(set_aside("{a(b:\"\\n\\\"\")}").unwrap().1, Aside::default());
    }

    #[test]
    fn block_strings_lose_what_they_are_laid_out_with() {
        for (inner, meant) in [
            ("", ""),
            ("a", "a"),
            (" a\n  b\n   c", " a\nb\n c"),
            ("\n\n  a\r\n\r  b\r\n\t\n", "a\n\nb"),
            ("\\\"\"\" \\n", "\"\"\" \\n"),
            ("\n é\n", "é"),
        ] {
            assert_eq!(block(inner), meant, "{inner:?}");
        }
    }

    #[test]
    fn surrogates_come_in_pairs() {
        for (inner, meant) in [
            ("\\uD83D\\uDE00", Some("😀")),
            ("\\u{1f600}!", Some("😀!")),
            ("\\u{000000041}", Some("A")),
            ("\\uD83D", None),
            ("\\uDE00", None),
            ("\\uD83D\\u{DE00}", None),
            ("\\u{110000}", None),
            ("\\u{+41}", None),
            ("\\u+041", None),
            ("\\u00é", None),
            ("\\x", None),
            ("\\", None),
        ] {
            assert_eq!(ordinary(inner).as_deref(), meant, "{inner}");
        }
    }
}
