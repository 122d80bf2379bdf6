//! From predicate JSON to a predicate: names resolved, operands read, limits kept, permissions asked.

use chrono_tz::Tz;
use serde_json::{Map, Value as Json};

use super::{Compare, Operator, Predicate, Quantifier, Scoped, Test, relative};
use crate::{
    error::{Code, Error, Result, Violation},
    field::Kind,
    input,
    object::{Attribute, Link},
    permit::Permit,
    time::Instant,
    value::Value,
};

/// The deepest nesting of combinators and links.
pub const MAX_DEPTH: usize = 5;
/// The most tests.
pub const MAX_LEAVES: usize = 50;
/// The most combinators, links and lists, the empty ones too.
pub const MAX_NODES: usize = 200;
/// The most operands of `in` and its kin.
pub const MAX_VALUES: usize = 500;
/// The most operands in all lists of a predicate: the parameters of a statement are limited.
pub const MAX_OPERANDS: usize = 5_000;

/// Reads predicates for one caller at one instant.
pub struct Parser {
    /// The zone and the instant that relative operands start from; none if there are no such operands.
    clock: Option<(Tz, Instant)>,
    leaves: usize,
    nodes: usize,
    operands: usize,
}

/// The scope of field names: an object's fields, or the members of a list's items.
#[derive(Clone, Copy)]
enum Scope<'p> {
    Object(&'p Permit),
    Items(&'p [Attribute]),
}

impl Parser {
    /// A parser for one caller, in whose time zone days begin and end.
    pub fn new(zone: Tz, now: Instant) -> Self {
        Self { clock: Some((zone, now)), ..Self::timeless() }
    }

    /// A parser of predicates that mean the same at any time: operands are not relative.
    pub fn timeless() -> Self {
        Self { clock: None, leaves: 0, nodes: 0, operands: 0 }
    }

    /// Reads a predicate over the records of the permit's object. Errors point into the predicate, below
    /// the given pointer.
    pub fn parse(mut self, permit: &Permit, json: &Json, pointer: &str) -> Result<Predicate> {
        self.node(Scope::Object(permit), json, &Pointer(pointer.to_owned()), 0)
    }

    fn node(&mut self, scope: Scope<'_>, json: &Json, at: &Pointer, depth: usize) -> Result<Predicate> {
        if depth > MAX_DEPTH {
            let detail = format!("a predicate may be nested {MAX_DEPTH} deep");
            return Err(at.error(Code::PredicateTooLarge, detail));
        }
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let detail = format!("a predicate may have {MAX_NODES} combinators and links");
            return Err(at.error(Code::PredicateTooLarge, detail));
        }
        let members = at.object(json)?;
        let mut parts = Vec::with_capacity(members.len());
        for (name, json) in members {
            parts.push(self.member(scope, name, json, &at.down(name), depth)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(Predicate::All(parts))
            }
        }
    }

    fn member(
        &mut self,
        scope: Scope<'_>,
        name: &str,
        json: &Json,
        at: &Pointer,
        depth: usize,
    ) -> Result<Predicate> {
        match name {
            "and" => Ok(Predicate::All(self.nodes(scope, json, at, depth)?)),
            "or" => Ok(Predicate::Any(self.nodes(scope, json, at, depth)?)),
            "not" => Ok(Predicate::Not(Box::new(self.node(scope, json, at, depth + 1)?))),
            name => match scope {
                Scope::Items(members) => match members.iter().find(|member| member.name == name) {
                    Some(member) => self.tests(member, json, at),
                    None => Err(at.error(Code::UnknownField, format!("an item has no member {name}"))),
                },
                Scope::Object(permit) => match permit.object().link(name) {
                    Some((index, link)) => self.link(permit, index, link, json, at, depth),
                    None => self.field(permit, name, json, at, depth),
                },
            },
        }
    }

    fn nodes(&mut self, scope: Scope<'_>, json: &Json, at: &Pointer, depth: usize) -> Result<Vec<Predicate>> {
        let Json::Array(parts) = json else {
            return Err(at.error(Code::WrongType, "a list of predicates is expected"));
        };
        let parts = parts.iter().enumerate();
        parts.map(|(index, part)| self.node(scope, part, &at.down(&index.to_string()), depth + 1)).collect()
    }

    fn field(
        &mut self,
        permit: &Permit,
        name: &str,
        json: &Json,
        at: &Pointer,
        depth: usize,
    ) -> Result<Predicate> {
        let attribute = permit.readable(name).map_err(|error| at.error(error.code, error.detail))?;
        if !attribute.filter {
            return Err(at.error(Code::UnknownOperator, format!("lists cannot be filtered by {name}")));
        }
        match attribute.kind {
            Kind::List(_) => self.list(attribute, json, at, depth),
            Kind::Id => {
                // An id of another kind of record is a mistake, even where the UUID is the same.
                self.tests(&attribute.referring_to(permit.object().name), json, at)
            }
            _ => self.tests(attribute, json, at),
        }
    }

    fn list(&mut self, attribute: &Attribute, json: &Json, at: &Pointer, depth: usize) -> Result<Predicate> {
        let field = attribute.index;
        let scope = Scope::Items(&attribute.members);
        let plain = attribute.list().is_some_and(|list| list.plain);
        let mut parts = Vec::new();
        for (name, json) in at.object(json)? {
            let at = at.down(name);
            let how = match (name.as_str(), plain) {
                ("count", _) => Quantifier::Count(self.count(json, &at)?),
                ("some", false) => Quantifier::Some,
                ("none", false) => Quantifier::None,
                ("every", false) => Quantifier::Every,
                _ => {
                    parts.push(self.test(attribute, name, json, &at)?);
                    continue;
                }
            };
            let of = match how {
                Quantifier::Count(_) => Predicate::everything(),
                _ => self.node(scope, json, &at, depth + 1)?,
            };
            parts.push(Predicate::Items { field, how, of: Box::new(of) });
        }
        at.all(parts)
    }

    fn link(
        &mut self,
        permit: &Permit,
        index: usize,
        link: &Link,
        json: &Json,
        at: &Pointer,
        depth: usize,
    ) -> Result<Predicate> {
        let target = permit.follow(index).map_err(|error| at.error(error.code, error.detail))?;
        if link.is_one() {
            let predicate = self.node(Scope::Object(&target), json, at, depth + 1)?;
            let of = Box::new(Scoped { permit: target, predicate });
            return Ok(Predicate::Link { link: index, how: Quantifier::Some, of });
        }
        let mut parts = Vec::new();
        for (name, json) in at.object(json)? {
            let at = at.down(name);
            let how = match name.as_str() {
                "some" => Quantifier::Some,
                "none" => Quantifier::None,
                "every" => Quantifier::Every,
                "count" => Quantifier::Count(self.count(json, &at)?),
                other => {
                    let detail = format!("{other} is not one of some, none, every, count");
                    return Err(at.error(Code::UnknownOperator, detail));
                }
            };
            let predicate = match how {
                Quantifier::Count(_) => Predicate::everything(),
                _ => self.node(Scope::Object(&target), json, &at, depth + 1)?,
            };
            let of = Box::new(Scoped { permit: target.clone(), predicate });
            parts.push(Predicate::Link { link: index, how, of });
        }
        at.all(parts)
    }

    /// The one comparison of a count: `{"gte": 2}`.
    fn count(&mut self, json: &Json, at: &Pointer) -> Result<Compare> {
        self.leaf(at)?;
        let members = at.object(json)?;
        let (Some((name, json)), 1) = (members.iter().next(), members.len()) else {
            return Err(at.error(Code::WrongType, "one comparison is expected: {\"gte\": 2}"));
        };
        let at = at.down(name);
        at.not_null(json)?;
        let number = json.as_i64().filter(|number| (0..=1_000_000).contains(number));
        let number = number.ok_or_else(|| at.error(Code::WrongType, "a whole number is expected"))?;
        let value = Value::Integer(number);
        match Operator::parse(name) {
            Some(Operator::Eq) => Ok(Compare::Equal(value)),
            Some(Operator::Lt) => Ok(Compare::Less(value)),
            Some(Operator::Lte) => Ok(Compare::AtMost(value)),
            Some(Operator::Gt) => Ok(Compare::More(value)),
            Some(Operator::Gte) => Ok(Compare::AtLeast(value)),
            _ => Err(at.error(Code::UnknownOperator, format!("a count does not know {name}"))),
        }
    }

    /// All tests of one field: `{"gte": 1, "lt": 5}`.
    fn tests(&mut self, attribute: &Attribute, json: &Json, at: &Pointer) -> Result<Predicate> {
        let members = at.object(json)?;
        let tests = members.iter().map(|(name, json)| self.test(attribute, name, json, &at.down(name)));
        at.all(tests.collect::<Result<_>>()?)
    }

    fn test(&mut self, attribute: &Attribute, name: &str, json: &Json, at: &Pointer) -> Result<Predicate> {
        self.leaf(at)?;
        let operator = Operator::parse(name).filter(|operator| Operator::of(attribute).contains(operator));
        let Some(operator) = operator else {
            return Err(at.error(Code::UnknownOperator, format!("{} does not know {name}", attribute.name)));
        };
        at.not_null(json)?;
        let field = attribute.index;
        let test = |compare| Predicate::Field(Test { field, compare });
        let not = |compare| Predicate::Not(Box::new(test(compare)));
        Ok(match operator {
            Operator::Eq => test(Compare::Equal(self.operand(attribute, json, at)?)),
            Operator::Ne => not(Compare::Equal(self.operand(attribute, json, at)?)),
            Operator::In => test(Compare::OneOf(self.operands(attribute, json, at)?)),
            Operator::NotIn => not(Compare::OneOf(self.operands(attribute, json, at)?)),
            Operator::Lt => test(Compare::Less(self.operand(attribute, json, at)?)),
            Operator::Lte => test(Compare::AtMost(self.operand(attribute, json, at)?)),
            Operator::Gt => test(Compare::More(self.operand(attribute, json, at)?)),
            Operator::Gte => test(Compare::AtLeast(self.operand(attribute, json, at)?)),
            Operator::Between => match <[Value; 2]>::try_from(self.operands(attribute, json, at)?) {
                Ok([from, to]) => {
                    Predicate::All(vec![test(Compare::AtLeast(from)), test(Compare::AtMost(to))])
                }
                Err(_) => return Err(at.error(Code::WrongType, "two operands are expected")),
            },
            Operator::Contains => test(Compare::Contains(at.text(attribute, json)?)),
            Operator::StartsWith => test(Compare::StartsWith(at.text(attribute, json)?)),
            Operator::EndsWith => test(Compare::EndsWith(at.text(attribute, json)?)),
            Operator::Matches => {
                let text = at.text(attribute, json)?;
                let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
                self.leaves_more(words.len(), at)?;
                test(Compare::Words(words))
            }
            Operator::ContainsAny => test(Compare::HasAny(self.operands(attribute, json, at)?)),
            Operator::ContainsAll => {
                let values = self.operands(attribute, json, at)?;
                self.leaves_more(values.len(), at)?;
                test(Compare::HasAll(values))
            }
            Operator::IsNull => match json {
                Json::Bool(true) => test(Compare::Null),
                Json::Bool(false) => not(Compare::Null),
                _ => return Err(at.error(Code::WrongType, "true or false is expected")),
            },
        })
    }

    fn leaf(&mut self, at: &Pointer) -> Result<()> {
        self.leaves_more(1, at)
    }

    /// Words and values that are each asked for count as conditions of their own.
    fn leaves_more(&mut self, count: usize, at: &Pointer) -> Result<()> {
        self.leaves = self.leaves.saturating_add(count);
        if self.leaves <= MAX_LEAVES {
            return Ok(());
        }
        Err(at.error(Code::PredicateTooLarge, format!("a predicate may have {MAX_LEAVES} conditions")))
    }

    fn operands(&mut self, attribute: &Attribute, json: &Json, at: &Pointer) -> Result<Vec<Value>> {
        let Json::Array(values) = json else {
            return Err(at.error(Code::WrongType, "a list of operands is expected"));
        };
        if values.len() > MAX_VALUES {
            return Err(
                at.error(Code::PredicateTooLarge, format!("at most {MAX_VALUES} operands are allowed"))
            );
        }
        self.operands = self.operands.saturating_add(values.len());
        if self.operands > MAX_OPERANDS {
            let detail = format!("a predicate may have {MAX_OPERANDS} operands in all its lists");
            return Err(at.error(Code::PredicateTooLarge, detail));
        }
        let values = values.iter().enumerate();
        values.map(|(index, json)| self.operand(attribute, json, &at.down(&index.to_string()))).collect()
    }

    fn operand(&self, attribute: &Attribute, json: &Json, at: &Pointer) -> Result<Value> {
        at.not_null(json)?;
        // A list is asked about its items.
        let attribute = attribute.members.first().unwrap_or(attribute);
        if let Some(text) = relative_operand(json) {
            let Some((zone, now)) = self.clock else {
                return Err(at.error(Code::WrongType, "an operand must not be relative here"));
            };
            let value = match attribute.kind {
                Kind::Instant => relative::instant(text, now, zone).map(Value::Instant),
                Kind::Date => relative::date(text, now, zone).map(Value::Date),
                _ => None,
            };
            let detail = "an ISO 8601 duration is expected, for a date or an instant: \"-P30D\"";
            return value.ok_or_else(|| at.error(Code::WrongType, detail));
        }
        match attribute.kind {
            // Operands are not bound by the field's length: a longer one finds nothing.
            Kind::Text(_) => at.text(attribute, json).map(Value::Text),
            Kind::Integer(..) => {
                let number = json.as_i64().map(Value::Integer);
                number.ok_or_else(|| at.error(Code::WrongType, "a whole number is expected"))
            }
            _ => input::value(attribute, json).map_err(|(code, detail)| at.error(code, detail)),
        }
    }
}

fn relative_operand(json: &Json) -> Option<&str> {
    let members = json.as_object().filter(|members| members.len() == 1)?;
    members.get("relative")?.as_str()
}

/// A place in the predicate, as a JSON pointer.
struct Pointer(String);

impl Pointer {
    fn down(&self, name: &str) -> Pointer {
        Pointer(format!("{}/{}", self.0, name.replace('~', "~0").replace('/', "~1")))
    }

    fn error(&self, code: Code, detail: impl Into<String>) -> Error {
        Violation::new(code, self.0.clone(), detail).into()
    }

    fn object<'j>(&self, json: &'j Json) -> Result<&'j Map<String, Json>> {
        self.not_null(json)?;
        json.as_object().ok_or_else(|| self.error(Code::WrongType, "an object is expected"))
    }

    fn not_null(&self, json: &Json) -> Result<()> {
        if json.is_null() {
            return Err(self.error(Code::NullOperand, "null is no operand; use isNull"));
        }
        Ok(())
    }

    /// A text in the form in which the field's are compared.
    fn text(&self, attribute: &Attribute, json: &Json) -> Result<String> {
        let text = json.as_str().ok_or_else(|| self.error(Code::WrongType, "text is expected"))?;
        if text.contains('\0') {
            return Err(self.error(Code::Malformed, "U+0000 is not allowed"));
        }
        if text.len() > 4_000 {
            return Err(self.error(Code::OutOfRange, "an operand may have 4000 bytes"));
        }
        Ok(attribute.comparison.form(text).into_owned())
    }

    /// A field or link that is named has to be asked something.
    fn all(&self, mut parts: Vec<Predicate>) -> Result<Predicate> {
        match parts.len() {
            0 => Err(self.error(Code::UnknownOperator, "an operator is expected")),
            1 => Ok(parts.remove(0)),
            _ => Ok(Predicate::All(parts)),
        }
    }
}
