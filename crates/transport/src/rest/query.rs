//! The query string, strictly: every parameter is known, given once and spelled in UTF-8.

use kernel::{Code, Error, Result};

/// The parameters of a request that nobody has asked for yet.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query string.
    pub fn parse(query: &str) -> Result<Self> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(invalid(format!("the parameter {name} is given twice")));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// A whole number.
    pub fn take_number(&mut self, name: &str) -> Result<Option<u32>> {
        let number =
            |text: String| text.parse().map_err(|_| invalid(format!("{name}: a whole number is expected")));
        self.take(name).map(number).transpose()
    }

    /// True or false.
    pub fn take_flag(&mut self, name: &str) -> Result<Option<bool>> {
        let flag =
            |text: String| text.parse().map_err(|_| invalid(format!("{name}: true or false is expected")));
        self.take(name).map(flag).transpose()
    }

    /// Names, separated by commas.
    pub fn take_names(&mut self, name: &str) -> Option<Vec<String>> {
        self.take(name).map(|text| text.split(',').map(str::to_owned).collect())
    }

    /// The parameters that begin with a name and brackets: what stands in the brackets, and the value.
    pub fn take_bracketed(&mut self, name: &str) -> Result<Vec<(Vec<String>, String)>> {
        let is_bracketed = |given: &str| given.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
        let mut found = Vec::new();
        for (given, value) in self.0.extract_if(.., |(given, _)| is_bracketed(given)) {
            let segments = given.strip_prefix(name).and_then(segments);
            let segments =
                segments.ok_or_else(|| invalid(format!("{given} is not like {name}[name][operator]")))?;
            found.push((segments, value));
        }
        Ok(found)
    }

    /// Refuses what nobody has asked for.
    pub fn finish(&self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err(Error::new(Code::UnknownParameter, format!("the operation knows no parameter {name}")))
            }
        }
    }
}

/// A parameter that is not as it should be.
pub fn invalid(detail: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, detail)
}

/// The query of another page of the same list.
pub fn with_cursor(query: &str, cursor: &str) -> String {
    let is_cursor =
        |pair: &&str| decode(pair.split('=').next().unwrap_or(pair)).is_ok_and(|name| name == "cursor");
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
fn decode(text: &str) -> Result<String> {
    let wrong = || invalid("the query is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = digit().zip(digit()).ok_or_else(wrong)?;
                u8::try_from(high * 16 + low).map_err(|_| wrong())?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    if text.contains('\0') { Err(wrong()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let mut parameters = Parameters::parse("a=%C3%A4+%2B&&count=true&limit=7&fields=b,c.d").unwrap();
        assert_eq!(parameters.take("a").as_deref(), Some("ä +"));
        assert_eq!(parameters.take_flag("count").unwrap(), Some(true));
        assert_eq!(parameters.take_number("limit").unwrap(), Some(7));
        assert_eq!(parameters.take_names("fields").unwrap(), ["b", "c.d"]);
        assert!(parameters.finish().is_ok());
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "a=1&a=2", "a=1&%61=2"] {
            assert_eq!(Parameters::parse(wrong).unwrap_err().code, Code::InvalidParameter, "{wrong}");
        }
        let mut parameters = Parameters::parse("limit=-1&count=yes&other=1").unwrap();
        assert!(parameters.take_number("limit").is_err());
        assert!(parameters.take_flag("count").is_err());
        assert_eq!(parameters.finish().unwrap_err().code, Code::UnknownParameter);
    }

    #[test]
    fn brackets_hold_names() {
        let take = |query: &str| Parameters::parse(query).unwrap().take_bracketed("filter");
        let expected = vec![(vec!["company".to_owned(), "name".to_owned()], "x".to_owned())];
        assert_eq!(take("filter%5Bcompany%5D[name]=x").unwrap(), expected);
        assert_eq!(take("filter[company.name]=x").unwrap(), expected);
        assert_eq!(take("filters=x").unwrap(), []);
        for wrong in ["filter[]=x", "filter[a=x", "filter[a]b=x", "filter[a][]=x", "filter[[a]]=x"] {
            assert!(take(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_page_keeps_the_question() {
        assert_eq!(with_cursor("limit=2&cursor=old&sort=-name", "new"), "limit=2&sort=-name&cursor=new");
        assert_eq!(with_cursor("", "new"), "cursor=new");
    }
}
