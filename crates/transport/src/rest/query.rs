//! The query string, strictly: every parameter is known, given once and spelled in UTF-8.

use std::str::FromStr;

use kernel::{Code, Error, Result, Violation};

/// The most parameters that a query may have.
const MAX_PARAMETERS: usize = 100;
/// The most names that a list of them may have.
pub const MAX_NAMES: usize = 500;

/// What is wrong with a request, gathered so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Violation>);

impl Faults {
    /// Notes that something is wrong at a place.
    pub fn add(&mut self, code: Code, name: &str, detail: impl Into<String>) {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        self.0.push(Violation::new(code, pointer, detail));
    }

    /// Notes what was wrong where something was read, and goes on; what has nothing to do with how the request is
    /// written ends it.
    pub fn note<T>(&mut self, name: &str, read: Result<T>) -> Result<Option<T>> {
        use Code::*;
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if !error.violations.is_empty() => {
                self.0.extend(error.violations);
                Ok(None)
            }
            Err(error) => match error.code {
                Malformed | TooDeep | InvalidParameter | UnknownField | FieldForbidden | InvalidCursor
                | CursorMismatch => {
                    self.add(error.code, name, error.detail);
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a request with which something is wrong: under this code, where it is not all of one kind.
    pub fn finish(&mut self, mixed: Code) -> Result<()> {
        match std::mem::take(&mut self.0) {
            found if found.is_empty() => Ok(()),
            found => Err(Error { violations: Error::invalid(found).violations, ..mixed.into() }),
        }
    }
}

/// The parameters of a request that nobody has asked for yet, and what is wrong with those that somebody has.
#[derive(Debug, Default)]
pub struct Parameters {
    given: Vec<(String, String)>,
    pub faults: Faults,
}

impl Parameters {
    /// Reads a query string.
    pub fn parse(query: &str) -> Self {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if parameters.given.len() >= MAX_PARAMETERS {
                let detail = format!("a query may have {MAX_PARAMETERS} parameters");
                parameters.faults.add(Code::InvalidParameter, "", detail);
                break;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let wrong = "is not percent-encoded UTF-8 without U+0000";
            match (decode(name), decode(value)) {
                (Some(name), Some(_)) if parameters.given.iter().any(|(other, _)| *other == name) => {
                    let detail = format!("the parameter {name} is given twice");
                    parameters.faults.add(Code::InvalidParameter, &name, detail);
                }
                (Some(name), Some(value)) => parameters.given.push((name, value)),
                (Some(name), None) => {
                    parameters.faults.add(Code::InvalidParameter, &name, format!("{name} {wrong}"));
                }
                (None, _) => {
                    let detail = format!("the name of a parameter {wrong}");
                    parameters.faults.add(Code::InvalidParameter, "", detail);
                }
            }
        }
        parameters
    }

    /// The value of a parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.given.iter().position(|(other, _)| other == name)?;
        Some(self.given.swap_remove(place).1)
    }

    /// A whole number.
    pub fn take_number(&mut self, name: &str) -> Option<u32> {
        self.take_as(name, "a whole number")
    }

    /// True or false.
    pub fn take_flag(&mut self, name: &str) -> Option<bool> {
        self.take_as(name, "true or false")
    }

    fn take_as<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.take(name)?.parse().ok();
        if value.is_none() {
            self.faults.add(Code::InvalidParameter, name, format!("{name}: {expected} is expected"));
        }
        value
    }

    /// Names, separated by commas.
    pub fn take_names(&mut self, name: &str) -> Vec<String> {
        let text = self.take(name);
        let names = text.iter().flat_map(|text| text.split(',')).take(MAX_NAMES + 1);
        let names: Vec<_> = names.map(str::to_owned).collect();
        if names.len() <= MAX_NAMES {
            return names;
        }
        self.faults.add(Code::InvalidParameter, name, too_many(name));
        Vec::new()
    }

    /// The parameters that begin with a name and brackets: what stands in the brackets, and the value.
    pub fn take_bracketed(&mut self, name: &str) -> Vec<(Vec<String>, String)> {
        let is_bracketed = |given: &str| given.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
        let mut found = Vec::new();
        for (given, value) in self.given.extract_if(.., |(given, _)| is_bracketed(given)) {
            match given.strip_prefix(name).and_then(segments) {
                Some(segments) => found.push((segments, value)),
                None => {
                    let detail = format!("{given} is not like {name}[name][operator]");
                    self.faults.add(Code::InvalidParameter, &given, detail);
                }
            }
        }
        found
    }

    /// Refuses what was wrong, and what nobody has asked for.
    pub fn finish(&mut self) -> Result<()> {
        for (name, _) in self.given.drain(..) {
            let detail = format!("the operation knows no parameter {name}");
            self.faults.add(Code::UnknownParameter, &name, detail);
        }
        self.faults.finish(Code::InvalidParameter)
    }
}

/// What is told of a list of too many names.
pub fn too_many(name: &str) -> String {
    format!("{name} may have {MAX_NAMES} names")
}

/// A parameter that is not as it should be.
pub fn invalid(detail: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, detail)
}

/// The query of another page of the same list.
pub fn with_cursor(query: &str, cursor: &str) -> String {
    let is_cursor =
        |pair: &&str| decode(pair.split('=').next().unwrap_or(pair)).is_some_and(|name| name == "cursor");
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_cursor(pair)).collect();
    let cursor = format!("cursor={cursor}");
    pairs.push(&cursor);
    pairs.join("&")
}

/// `[company][name]` or `[company.name]` as its names.
fn segments(text: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let names: Vec<String> = inner.split("][").flat_map(|part| part.split('.')).map(str::to_owned).collect();
    let is_name = |name: &String| !name.is_empty() && !name.contains(['[', ']']);
    names.iter().all(is_name).then_some(names)
}

/// Decodes a name or a value: `%20` and `+` are blanks.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = digit().zip(digit())?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let mut parameters = Parameters::parse("a=%C3%A4+%2B&&count=true&limit=7&fields=b,c.d");
        assert_eq!(parameters.take("a").as_deref(), Some("ä +"));
        assert_eq!(parameters.take_flag("count"), Some(true));
        assert_eq!(parameters.take_number("limit"), Some(7));
        assert_eq!(parameters.take_names("fields"), ["b", "c.d"]);
        assert!(parameters.finish().is_ok());
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "%ff=a", "a=1&a=2", "a=1&%61=2"] {
            let mut parameters = Parameters::parse(wrong);
            parameters.take("a");
            assert_eq!(parameters.finish().unwrap_err().public_code(), Code::InvalidParameter, "{wrong}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut parameters = Parameters::parse("limit=-1&count=yes&other=1");
        assert_eq!((parameters.take_number("limit"), parameters.take_flag("count")), (None, None));
        let error = parameters.finish().unwrap_err();
        assert_eq!(error.public_code(), Code::InvalidParameter);
        let found = error.violations.iter().map(|found| (found.code, found.pointer.as_str()));
        let expected = [
            (Code::InvalidParameter, "/limit"),
            (Code::InvalidParameter, "/count"),
            (Code::UnknownParameter, "/other"),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        let mut parameters = Parameters::parse("other=1");
        assert_eq!(parameters.finish().unwrap_err().public_code(), Code::UnknownParameter);
    }

    #[test]
    fn there_is_an_end_to_everything() {
        let many: String = (0..=MAX_PARAMETERS).map(|number| format!("a{number}=1&")).collect();
        assert!(Parameters::parse(&many).finish().is_err());
        let mut parameters = Parameters::parse(&format!("fields={}", "a,".repeat(MAX_NAMES)));
        assert!(parameters.take_names("fields").is_empty());
        assert_eq!(parameters.finish().unwrap_err().public_code(), Code::InvalidParameter);
    }

    #[test]
    fn brackets_hold_names() {
        let take = |query: &str| {
            let mut parameters = Parameters::parse(query);
            let found = parameters.take_bracketed("filter");
            (found, parameters.faults.is_empty())
        };
        let expected = vec![(vec!["company".to_owned(), "name".to_owned()], "x".to_owned())];
        assert_eq!(take("filter%5Bcompany%5D[name]=x"), (expected.clone(), true));
        assert_eq!(take("filter[company.name]=x"), (expected, true));
        assert_eq!(take("filters=x"), (Vec::new(), true));
        for wrong in ["filter[]=x", "filter[a=x", "filter[a]b=x", "filter[a][]=x", "filter[[a]]=x"] {
            assert_eq!(take(wrong), (Vec::new(), false), "{wrong}");
        }
    }

    #[test]
    fn the_next_page_keeps_the_question() {
        assert_eq!(with_cursor("limit=2&cursor=old&sort=-name", "new"), "limit=2&sort=-name&cursor=new");
        assert_eq!(with_cursor("", "new"), "cursor=new");
    }
}
