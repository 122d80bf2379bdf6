//! The short form of a predicate: `filter[company][name][contains]=x`. Each value is read as what its field
//! holds; whether the caller may ask is decided where the predicate is.

use chrono_tz::Tz;
use kernel::{
    Code, Error, Registry, Result, Violation,
    field::Kind,
    object::{Attribute, Object, Path},
    predicate::{Operator, start_of_day},
    time::parse_date,
};
use serde_json::{Map, Value as Json, json};

use super::query::{Faults, invalid};

/// The most names that one filter may have.
const MAX_NAMES: usize = 16;

/// Compiles filters over an object's records to a predicate; none where there are no filters.
pub fn compile(
    registry: &Registry,
    zone: Tz,
    object: &Object,
    filters: Vec<(Vec<String>, String)>,
) -> Result<Option<Json>> {
    let (mut predicate, mut faults) = (Map::new(), Faults::default());
    for (names, text) in filters {
        let compiler = Compiler { registry, zone, names: &names, text: &text };
        let compiled = match names.len() {
            0..=MAX_NAMES => compiler.object(object, 0, Vec::new()),
            _ => Err(invalid(format!("a filter may have {MAX_NAMES} names"))),
        };
        let asked = compiled.and_then(|(path, operand)| {
            let twice = || invalid(format!("{} is asked twice", path.join(".")));
            put(&mut predicate, &path, operand).ok_or_else(twice)
        });
        faults.note("filter", asked)?;
    }
    faults.finish(Code::InvalidParameter)?;
    Ok((!predicate.is_empty()).then_some(Json::Object(predicate)))
}

/// One filter on its way: names that lead to a test, and the text of its operand.
struct Compiler<'a> {
    registry: &'a Registry,
    zone: Tz,
    names: &'a [String],
    text: &'a str,
}

/// Where a test stands in the predicate, and its operand.
type Compiled = (Vec<String>, Json);

impl Compiler<'_> {
    fn object(&self, object: &Object, at: usize, mut path: Vec<String>) -> Result<Compiled> {
        let name = self.name(at, &path)?;
        path.push(name.to_owned());
        let Some((_, link)) = object.link(name) else {
            let attribute = object.attribute(name).ok_or_else(|| self.unknown(object.name, name, &path))?;
            return self.field(attribute, at + 1, path);
        };
        let target = self.registry.target(link).ok_or_else(|| self.unknown(object.name, name, &path))?;
        match (&link.path, self.names.get(at + 1).map(String::as_str)) {
            (Path::One { .. }, _) => self.object(target, at + 1, path),
            (_, Some("count")) => self.count(at + 1, path),
            (_, Some(how @ ("some" | "none" | "every"))) => {
                path.push(how.to_owned());
                self.object(target, at + 2, path)
            }
            _ => Err(invalid(format!("{name} leads to many records: say some, none, every or count"))),
        }
    }

    fn field(&self, attribute: &Attribute, at: usize, mut path: Vec<String>) -> Result<Compiled> {
        let plain = attribute.list().is_none_or(|list| list.plain);
        match self.names.get(at).map(String::as_str) {
            Some("count") if attribute.list().is_some() => self.count(at, path),
            Some(how @ ("some" | "none" | "every")) if !plain => {
                path.push(how.to_owned());
                let name = self.name(at + 1, &path)?;
                path.push(name.to_owned());
                let member = attribute.members.iter().find(|member| member.name == name);
                let member = member.ok_or_else(|| self.unknown(attribute.name, name, &path))?;
                self.test(member, at + 2, path)
            }
            _ => self.test(attribute, at, path),
        }
    }

    fn count(&self, at: usize, mut path: Vec<String>) -> Result<Compiled> {
        let operator = self.names.get(at + 1).map_or("eq", String::as_str);
        self.end(at + 2)?;
        path.extend(["count".to_owned(), operator.to_owned()]);
        Ok((path, number(self.text)))
    }

    fn test(&self, attribute: &Attribute, at: usize, mut path: Vec<String>) -> Result<Compiled> {
        let usual = if attribute.list().is_some() { "containsAny" } else { "eq" };
        let name = self.names.get(at).map_or(usual, String::as_str);
        path.push(name.to_owned());
        let unknown =
            || refused(Code::UnknownOperator, &path, format!("{} does not know {name}", attribute.name));
        let operator = Operator::parse(name).ok_or_else(unknown)?;
        self.end(at + 1)?;
        let operand = match operator {
            Operator::IsNull => boolean(self.text),
            Operator::In
            | Operator::NotIn
            | Operator::Between
            | Operator::ContainsAny
            | Operator::ContainsAll => {
                self.text.split(',').map(|text| self.operand(attribute, operator, text)).collect()
            }
            _ => self.operand(attribute, operator, self.text),
        };
        Ok((path, operand))
    }

    /// The operand as the field's kind of JSON; text that is none stays text, which the predicate refuses.
    fn operand(&self, attribute: &Attribute, operator: Operator, text: &str) -> Json {
        let attribute = attribute.members.first().unwrap_or(attribute);
        match attribute.kind {
            Kind::Integer(..) => number(text),
            Kind::Boolean => boolean(text),
            Kind::Money => match text.split_once(' ') {
                Some((amount, currency)) => json!({ "amount": amount, "currency": currency }),
                None => text.into(),
            },
            Kind::Date | Kind::Instant if text.trim_start_matches(['-', '+']).starts_with('P') => {
                json!({ "relative": text })
            }
            // A day begins once, so it can stand for an instant where only its beginning matters.
            Kind::Instant if matches!(operator, Operator::Gte | Operator::Lt) => {
                let begin = parse_date(text).and_then(|day| start_of_day(day, self.zone));
                begin.map_or_else(|| text.into(), |begin| begin.to_string().into())
            }
            _ => text.into(),
        }
    }

    fn name(&self, at: usize, path: &[String]) -> Result<&str> {
        let name = self.names.get(at).map(String::as_str);
        name.ok_or_else(|| invalid(format!("filter: {} has to be asked something", path.join("."))))
    }

    fn end(&self, at: usize) -> Result<()> {
        match self.names.get(at) {
            None => Ok(()),
            Some(name) => Err(invalid(format!("filter: {name} stands behind an operator"))),
        }
    }

    fn unknown(&self, holder: &str, name: &str, path: &[String]) -> Error {
        refused(Code::UnknownField, path, format!("{holder} has no field or link {name}"))
    }
}

/// The pointer leads into the predicate that the filters compile to.
fn refused(code: Code, path: &[String], detail: String) -> Error {
    let names = path.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
    Violation::new(code, format!("/where/{}", names.collect::<Vec<_>>().join("/")), detail).into()
}

fn number(text: &str) -> Json {
    text.parse::<i64>().map_or_else(|_| text.into(), Json::from)
}

fn boolean(text: &str) -> Json {
    text.parse::<bool>().map_or_else(|_| text.into(), Json::from)
}

/// Puts an operand in its place; none where something stands there already.
fn put(members: &mut Map<String, Json>, path: &[String], operand: Json) -> Option<()> {
    let (name, rest) = path.split_first()?;
    if rest.is_empty() {
        return members.insert(name.clone(), operand).is_none().then_some(());
    }
    let inner = members.entry(name.clone()).or_insert_with(|| json!({}));
    put(inner.as_object_mut()?, rest, operand)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kernel::{money::Money, time::Instant, value::Ref};
    use serde_json::Value as Json;

    use super::*;

    kernel::object_type!(Person, "person");

    const NAME: Field<String> = Field::text("name", 100, "A name.");
    const SCORE: Field<i64> = Field::integer("score", 0, 100, "A score.");
    const ACTIVE: Field<bool> = Field::boolean("active", "Whether it is active.");
    const AMOUNT: Field<Money> = Field::money("amount", "An amount.");
    const SEEN_AT: Field<Instant> = Field::instant("seenAt", "When it was seen.");
    const ADDRESS: Field<String> = Field::text("address", 100, "An address.");
    static EMAIL_LIST: kernel::field::List = kernel::field::List::of("Email", "emails", &[ADDRESS.def]);
    const EMAILS: Field<Json> = Field::list("emails", &EMAIL_LIST, "Addresses.");
    const OWNER: Field<Ref<Person>> =
        Field::reference("ownerId", "An owner.").inverse("owned", "Those owned.");

    fn compiled(filters: &[(&str, &str)]) -> Result<Option<Json>> {
        let fields = [NAME.def, SCORE.def, ACTIVE.def, AMOUNT.def, SEEN_AT.def, EMAILS.def, OWNER.def];
        let registry = Registry::new(vec![Object::new("person", "people", "A person.").fields(&fields)]);
        let names = |path: &str| path.split('.').map(str::to_owned).collect();
        let filters = filters.iter().map(|(path, text)| (names(path), (*text).to_owned())).collect();
        compile(&registry, chrono_tz::Europe::Berlin, registry.object("person").unwrap(), filters)
    }

    fn one(path: &str, text: &str) -> Json {
        compiled(&[(path, text)]).unwrap().unwrap()
    }

    #[test]
    fn values_are_read_as_what_their_field_holds() {
        assert_eq!(one("name", "1"), json!({"name": {"eq": "1"}}));
        assert_eq!(one("score.in", "1,2"), json!({"score": {"in": [1, 2]}}));
        assert_eq!(one("score", "many"), json!({"score": {"eq": "many"}}));
        assert_eq!(one("active", "true"), json!({"active": {"eq": true}}));
        assert_eq!(one("name.isNull", "false"), json!({"name": {"isNull": false}}));
        let money = json!({"amount": "1234.50", "currency": "EUR"});
        assert_eq!(one("amount.gte", "1234.50 EUR"), json!({"amount": {"gte": money}}));
        assert_eq!(one("seenAt.gte", "-P30D"), json!({"seenAt": {"gte": {"relative": "-P30D"}}}));
        assert_eq!(one("seenAt.lt", "2026-01-01"), json!({"seenAt": {"lt": "2025-12-31T23:00:00.000Z"}}));
        assert_eq!(one("seenAt.lte", "2026-01-01"), json!({"seenAt": {"lte": "2026-01-01"}}));
        assert_eq!(one("tagIds", "a,b"), json!({"tagIds": {"containsAny": ["a", "b"]}}));
    }

    #[test]
    fn names_lead_along_links_and_into_lists() {
        assert_eq!(one("ownerId", "person_1"), json!({"ownerId": {"eq": "person_1"}}));
        assert_eq!(one("owner.owner.score.lt", "3"), json!({"owner": {"owner": {"score": {"lt": 3}}}}));
        assert_eq!(one("owned.some.active", "true"), json!({"owned": {"some": {"active": {"eq": true}}}}));
        assert_eq!(one("owned.count.gte", "2"), json!({"owned": {"count": {"gte": 2}}}));
        assert_eq!(one("emails.some.address", "x"), json!({"emails": {"some": {"address": {"eq": "x"}}}}));
        assert_eq!(one("emails.count", "0"), json!({"emails": {"count": {"eq": 0}}}));
    }

    #[test]
    fn filters_meet_in_one_predicate() {
        let both = compiled(&[("score.gte", "1"), ("score.lt", "9"), ("name", "x")]).unwrap().unwrap();
        assert_eq!(both, json!({"score": {"gte": 1, "lt": 9}, "name": {"eq": "x"}}));
        assert_eq!(compiled(&[]).unwrap(), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let code = |filters: &[(&str, &str)]| compiled(filters).unwrap_err().public_code();
        assert_eq!(code(&[("age", "1")]), Code::UnknownField);
        assert_eq!(code(&[("owner.age", "1")]), Code::UnknownField);
        assert_eq!(code(&[("emails.some.type", "1")]), Code::UnknownField);
        assert_eq!(code(&[("name.like", "1")]), Code::UnknownOperator);
        for wrong in
            ["owner", "owned", "owned.name", "owned.some", "emails.some", "name.eq.eq", "owned.count.eq.eq"]
        {
            assert_eq!(code(&[(wrong, "1")]), Code::InvalidParameter, "{wrong}");
        }
        assert_eq!(code(&[("name", "1"), ("name.eq", "1")]), Code::InvalidParameter);
        assert_eq!(code(&[(&"owner.".repeat(20), "1")]), Code::InvalidParameter);
    }
}
