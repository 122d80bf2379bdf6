//! Strict JSON: no duplicate keys, no U+0000, at most 32 levels.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use crate::error::{Code, Error, Result};

/// Every whole number up to here is a `f64` of its own.
const EXACT: f64 = (1_u64 << 53) as f64;

/// The deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 32;

/// Reads a body.
pub fn parse(bytes: &[u8]) -> Result<Json> {
    parse_named("the body", bytes)
}

/// Reads JSON from another place than the body; the error names that place.
pub fn parse_named(name: &str, bytes: &[u8]) -> Result<Json> {
    let too_deep = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { depth: 0, too_deep: &too_deep };
    let parsed = strict.deserialize(&mut reader).and_then(|json| reader.end().map(|()| json));
    parsed.map_err(|error| {
        if too_deep.get() {
            return Code::TooDeep.into();
        }
        Error::new(Code::Malformed, format!("{name} is not valid JSON: {error}"))
    })
}

/// Reads a body that has to be an object.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Json>> {
    match parse(bytes)? {
        Json::Object(members) => Ok(members),
        _ => Err(Error::new(Code::Malformed, "the body is not a JSON object")),
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    too_deep: &'a Cell<bool>,
}

impl Strict<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            self.too_deep.set(true);
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

fn text<E: serde::de::Error>(text: &str) -> Result<String, E> {
    if text.contains('\0') {
        return Err(E::custom("U+0000 is not allowed"));
    }
    Ok(text.to_owned())
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        // `1.0` is a whole number too, as JSON Schema has it; beyond these a number is not exact.
        if value.fract() == 0.0 && value.abs() < EXACT {
            return Ok(Json::Number((value as i64).into()));
        }
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("the number is out of range"))
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Json, E> {
        text(value).map(Json::String)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let name = text(&name)?;
            let value = map.next_value_seed(inner)?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("the key {name:?} stands twice")));
            }
            members.insert(name, value);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<Code> {
        parse(text.as_bytes()).err().map(|error| error.code)
    }

    #[test]
    fn whole_numbers_may_have_a_fraction_of_nothing() {
        for (text, number) in
            [("1.0", "1"), ("-2e3", "-2000"), ("1.5", "1.5"), ("1e300", "1e+300"), ("-0.0", "0")]
        {
            assert_eq!(parse(text.as_bytes()).map(|json| json.to_string()).ok().as_deref(), Some(number));
        }
    }

    #[test]
    fn only_strict_json_is_read() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":"\u0000"}"#, "NaN", "1e999", "{} {}", "", "{'a':1}", "[1,]"]
        {
            assert_eq!(code(text), Some(Code::Malformed), "{text}");
        }
        assert_eq!(code(&format!("{}{}", "[".repeat(32), "]".repeat(32))), None);
        assert_eq!(code(&format!("{}{}", "[".repeat(33), "]".repeat(33))), Some(Code::TooDeep));
        assert_eq!(code(&"[".repeat(10_000)), Some(Code::TooDeep));
    }
}
