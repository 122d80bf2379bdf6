//! Every question that predicates can ask of an object: each field with each of its operators, each list by its
//! items and each link by the records behind it. Operands are taken from the rows, so that answers are neither
//! always empty nor always everything.

use kernel::{
    field::Kind,
    object::{Attribute, Object},
    predicate::Operator,
    text::snake,
};
use serde_json::{Value as Json, json};

use super::{values, world::World};

/// A question, and how REST's short form spells it, where it can.
#[derive(Clone, Debug)]
pub struct Question {
    /// As JSON.
    pub predicate: Json,
    /// As the end of a parameter: `name][contains]=x`.
    pub short: Option<String>,
}

/// How many operands are tried with each operator.
const OPERANDS: usize = 2;

/// Every question about an object's fields and links.
pub fn all(world: &World<'_>, object: &Object) -> Vec<Question> {
    let mut questions = Vec::new();
    for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
        let values: Vec<&Json> = world.rows(object.name).iter().map(|row| &row[attribute.name]).collect();
        of_field(&object.prefix, attribute, &values, &mut questions);
    }
    for link in &object.links {
        let target = world.registry.target(link).unwrap();
        let ids: Vec<&Json> = world.rows(target.name).iter().map(|row| &row["id"]).collect();
        let one = json!({ "id": { "in": ids.iter().step_by(2).take(5).collect::<Vec<_>>() } });
        let asked: Vec<Json> = match link.is_one() {
            true => vec![one.clone(), json!({ "not": one }), json!({})],
            false => vec![
                json!({ "some": one }),
                json!({ "none": one }),
                json!({ "every": one }),
                json!({ "some": {} }),
                json!({ "count": { "eq": 0 } }),
                json!({ "count": { "gte": 2 }, "some": one }),
            ],
        };
        let question =
            |asked: Json| Question { predicate: json!({ link.name.as_str(): asked }), short: None };
        questions.extend(asked.into_iter().map(question));
    }
    questions
}

fn of_field(prefix: &str, attribute: &Attribute, values: &[&Json], questions: &mut Vec<Question>) {
    let name = attribute.name;
    let items: Vec<&Json> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
    let Some(list) = attribute.list() else {
        for (operator, operand) in tests(prefix, attribute, values) {
            let short =
                short(attribute, &operand).map(|text| format!("{name}][{}]={text}", operator.as_str()));
            questions.push(Question { predicate: json!({ name: { operator.as_str(): operand } }), short });
        }
        return;
    };
    let mut ask = |asked: Json, short: Option<String>| {
        questions.push(Question { predicate: json!({ name: asked }), short });
    };
    for number in 0..=2 {
        ask(json!({ "count": { "gte": number } }), Some(format!("{name}][count][gte]={number}")));
        ask(json!({ "count": { "eq": number } }), Some(format!("{name}][count]={number}")));
    }
    ask(json!({ "isNull": true }), Some(format!("{name}][isNull]=true")));
    if list.plain {
        let member = &attribute.members[0];
        for (operator, operand) in tests(prefix, attribute, &items) {
            let short = short(member, &operand).map(|text| format!("{name}][{}]={text}", operator.as_str()));
            ask(json!({ operator.as_str(): operand }), short);
        }
        return;
    }
    for member in &attribute.members {
        let values: Vec<&Json> = items.iter().map(|item| &item[member.name]).collect();
        for (place, (operator, operand)) in tests(prefix, member, &values).into_iter().enumerate() {
            let how = ["some", "none", "every"][place % 3];
            let short = short(member, &operand);
            let short =
                short.map(|text| format!("{name}][{how}][{}][{}]={text}", member.name, operator.as_str()));
            let test = json!({ member.name: { operator.as_str(): operand } });
            ask(json!({ how: test }), short);
            if place % 4 == 1 {
                ask(json!({ how: { "not": test } }), None);
            }
        }
    }
}

/// Every operator of a field, with operands.
fn tests(prefix: &str, attribute: &Attribute, values: &[&Json]) -> Vec<(Operator, Json)> {
    let mut pool: Vec<Json> =
        values.iter().filter(|value| !value.is_null()).map(|value| (*value).clone()).collect();
    pool.dedup();
    let member = attribute.members.first().unwrap_or(attribute);
    while pool.len() < 3 {
        pool.push(made_up(prefix, member, pool.len()));
    }
    let mut tests = Vec::new();
    for (place, operator) in Operator::of(attribute).iter().enumerate() {
        for number in 0..OPERANDS {
            let at = |step: usize| {
                altered(member, &pool[(place + number * 5 + step) % pool.len()], place + number)
            };
            tests.push((*operator, operand(*operator, at, number)));
        }
    }
    if matches!(attribute.kind, Kind::Date | Kind::Instant) {
        tests.push((Operator::Gte, json!({ "relative": "-P36500D" })));
        tests.push((Operator::Lt, json!({ "relative": "P1200M" })));
    }
    tests
}

fn operand(operator: Operator, at: impl Fn(usize) -> Json, number: usize) -> Json {
    let piece = |from: usize, step: usize| -> Json {
        let text = at(step);
        let chars: Vec<char> = text.as_str().unwrap().chars().collect();
        let from = from.min(chars.len() / 2);
        let to = (from + 3 + number * 4).min(chars.len());
        chars[from..to].iter().collect::<String>().into()
    };
    match operator {
        Operator::In | Operator::NotIn | Operator::ContainsAny | Operator::ContainsAll => match number {
            0 => json!([at(0), at(1)]),
            _ => json!([at(2)]),
        },
        Operator::Between => json!([at(0), at(number)]),
        Operator::IsNull => (number == 0).into(),
        Operator::StartsWith => piece(0, 0),
        Operator::Contains => piece(1, 0),
        Operator::EndsWith => {
            let text = at(0);
            let chars: Vec<char> = text.as_str().unwrap().chars().collect();
            chars[chars.len().saturating_sub(2 + number)..].iter().collect::<String>().into()
        }
        Operator::Matches => {
            let text = at(0);
            let words: Vec<String> = text
                .as_str()
                .unwrap()
                .split_whitespace()
                .rev()
                .map(|word| word.chars().take(2).collect())
                .collect();
            words.join(" ").into()
        }
        _ => at(0),
    }
}

/// A text in other spellings that mean the same; other values as they are.
fn altered(attribute: &Attribute, value: &Json, number: usize) -> Json {
    match (attribute.kind, value.as_str(), number % 3) {
        (Kind::Text(_), Some(text), 0) => text.to_uppercase().into(),
        (Kind::Text(_), Some(text), 1) => text.to_lowercase().into(),
        _ => value.clone(),
    }
}

fn made_up(prefix: &str, attribute: &Attribute, chosen: usize) -> Json {
    match attribute.kind {
        Kind::Id => absent(prefix),
        Kind::Reference(object) => absent(&snake(object)),
        Kind::AnyReference => absent("contact"),
        Kind::Text(max) => values::text_of(0, max, chosen, None).into(),
        _ => values::scalar(attribute, chosen),
    }
}

/// An id that no record has.
fn absent(prefix: &str) -> Json {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q").into()
}

/// The operand as the short form has it.
fn short(attribute: &Attribute, operand: &Json) -> Option<String> {
    let one = |operand: &Json| match (attribute.kind, operand) {
        (Kind::Money, _) => {
            Some(format!("{} {}", operand["amount"].as_str()?, operand["currency"].as_str()?))
        }
        (_, Json::Object(members)) => members.get("relative")?.as_str().map(str::to_owned),
        (_, Json::String(text)) => Some(text.clone()),
        (_, other) => Some(other.to_string()),
    };
    let text = match operand {
        Json::Array(operands) => {
            let operands: Vec<_> = operands.iter().map(one).collect::<Option<_>>()?;
            let is_plain = !operands.is_empty() && operands.iter().all(|operand| !operand.contains(','));
            is_plain.then(|| operands.join(","))?
        }
        operand => one(operand)?,
    };
    Some(super::doors::encode(&text))
}
