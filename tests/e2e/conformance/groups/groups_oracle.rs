//! What groups and measures mean, told once more and without SQL: over the rows as the door shows them.

use std::{cmp::Ordering, collections::BTreeMap};

use chrono::{DateTime, Datelike, Days, NaiveDate};
use chrono_tz::Tz;
use kernel::{
    field::Kind,
    object::{Attribute, Object},
    plan::{Column, Measure, Period, Plan},
};
use serde_json::{Value as Json, json};

use crate::conformance::oracle::{Key, sort_key};

/// A value of a group: what tells it from others, and what is shown.
type Told = (Option<Key>, Json);

/// What a group shows of its keys, and its records.
type Group<'r> = (Vec<Json>, Vec<&'r Json>);

/// The groups of the rows, as the plan orders them; none where a sum is larger than any number.
pub fn groups(object: &Object, rows: &[&Json], plan: &Plan) -> Option<Vec<Vec<Json>>> {
    let keys = plan.columns.iter().filter(|column| !column.is_measure());
    let keys: Vec<_> = keys.copied().collect();
    let mut groups: BTreeMap<Vec<Option<Key>>, Group<'_>> = BTreeMap::new();
    for row in rows {
        let mut combinations: Vec<Vec<Told>> = vec![Vec::new()];
        for key in &keys {
            let told = told(object, row, *key);
            let with = |told: Told| {
                combinations.iter().map(move |start| [start.as_slice(), std::slice::from_ref(&told)].concat())
            };
            combinations = told.into_iter().flat_map(with).collect();
        }
        for combination in combinations {
            let (key, shown): (Vec<_>, Vec<_>) = combination.into_iter().unzip();
            let (first, members) = groups.entry(key).or_insert_with(|| (shown.clone(), Vec::new()));
            for (first, shown) in first.iter_mut().zip(shown) {
                // Of texts that are the same the first is shown.
                if let (Some(old), Some(new)) = (first.as_str(), shown.as_str())
                    && new < old
                {
                    *first = shown;
                }
            }
            members.push(*row);
        }
    }
    if keys.is_empty() && groups.is_empty() {
        groups.insert(Vec::new(), (Vec::new(), Vec::new()));
    }
    let mut told: Vec<Vec<Told>> = Vec::new();
    for (keys, (shown, members)) in groups {
        let mut keys = keys.into_iter().zip(shown);
        let column = |column: &Column| match column {
            Column::Count => Some((Some(Key::Number(members.len() as i128)), members.len().into())),
            Column::Measure(field, measure) => measured(&object.attributes[*field], &members, *measure),
            _ => keys.next(),
        };
        told.push(plan.columns.iter().map(column).collect::<Option<_>>()?);
    }
    told.sort_by(|one, other| {
        let order = plan.groups.iter().flatten().map(|key| match (&one[key.place].0, &other[key.place].0) {
            (Some(one), Some(other)) if key.descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        order.fold(Ordering::Equal, Ordering::then)
    });
    Some(told.into_iter().map(|row| row.into_iter().map(|(_, shown)| shown).collect()).collect())
}

/// The groups that a record belongs to.
fn told(object: &Object, row: &Json, column: Column) -> Vec<Told> {
    let attribute = &object.attributes[column.source().unwrap()];
    let value = &row[attribute.name];
    let is = |attribute: &Attribute, value: &Json| match value {
        Json::Null => (None, Json::Null),
        value => (Some(sort_key(attribute, value)), value.clone()),
    };
    match column {
        Column::Item(_, member) => {
            let member = &attribute.members[member];
            let list = attribute.list().unwrap();
            let items = value.as_array().map_or(&[][..], Vec::as_slice).iter();
            let values = items.map(|item| if list.plain { item } else { &item[member.name] });
            let mut different: Vec<Told> = Vec::new();
            for (key, shown) in values.map(|value| is(member, value)) {
                match different.iter_mut().find(|known| known.0 == key) {
                    Some(known) if shown.as_str() < known.1.as_str() => known.1 = shown,
                    Some(_) => {}
                    None => different.push((key, shown)),
                }
            }
            if different.is_empty() { vec![(None, Json::Null)] } else { different }
        }
        _ if value.is_null() => vec![(None, Json::Null)],
        Column::Amount(_) => {
            let (number, _) = units(attribute, value);
            vec![(Some(Key::Number(number)), json!(i64::try_from(number).unwrap()))]
        }
        Column::Currency(_) => {
            let currency = value["currency"].as_str().unwrap().to_owned();
            vec![(Some(Key::Text(currency.clone())), currency.into())]
        }
        Column::Period(_, period, zone) => {
            let day = first_day(day(attribute, value.as_str().unwrap(), zone), period).to_string();
            vec![(Some(Key::Text(day.clone())), day.into())]
        }
        _ => vec![is(attribute, value)],
    }
}

fn day(attribute: &Attribute, text: &str, zone: Tz) -> NaiveDate {
    if matches!(attribute.kind, Kind::Date) {
        return text.parse().unwrap();
    }
    let at = DateTime::parse_from_rfc3339(text).unwrap();
    let is_at_the_end = ["0001-01-01", "9999-12-31"].iter().any(|day| text.starts_with(day));
    if is_at_the_end { at.date_naive() } else { at.with_timezone(&zone).date_naive() }
}

fn first_day(day: NaiveDate, period: Period) -> NaiveDate {
    let first = |month| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap();
    match period {
        Period::Day => day,
        Period::Week => day - Days::new(day.weekday().num_days_from_monday().into()),
        Period::Month => first(day.month()),
        Period::Quarter => first((day.month() - 1) / 3 * 3 + 1),
        Period::Year => first(1),
    }
}

fn measured(attribute: &Attribute, members: &[&Json], measure: Measure) -> Option<Told> {
    let values = members.iter().map(|row| &row[attribute.name]).filter(|value| !value.is_null());
    let values: Vec<_> = values.collect();
    let mut keys: Vec<_> = values.iter().map(|value| (sort_key(attribute, value), *value)).collect();
    keys.sort_by(|one, other| one.0.cmp(&other.0));
    let end = match measure {
        Measure::CountDistinct => {
            keys.dedup_by(|one, other| one.0 == other.0);
            return Some((Some(Key::Number(keys.len() as i128)), keys.len().into()));
        }
        Measure::Min => Some(keys.first()),
        Measure::Max => Some(keys.last()),
        _ => None,
    };
    if let Some(end) = end {
        return Some(end.map_or((None, Json::Null), |(key, value)| (Some(key.clone()), (*value).clone())));
    }
    if values.is_empty() {
        return Some((None, Json::Null));
    }
    let total: i128 = values.iter().map(|value| units(attribute, value).0).sum();
    let (count, (_, mut decimals)) = (values.len() as i128, units(attribute, values[0]));
    let (number, rank) = match measure {
        Measure::Sum => (total, total),
        _ => {
            if matches!(attribute.kind, Kind::Integer(..)) {
                decimals = 4;
            }
            let scaled = if matches!(attribute.kind, Kind::Integer(..)) { total * 10_000 } else { total };
            // Half away from zero.
            let rounded = (2 * scaled.abs() + count) / (2 * count) * scaled.signum();
            (rounded, (total * 1_000_000_000).div_euclid(count))
        }
    };
    i64::try_from(number).ok()?;
    let shown = match attribute.kind {
        Kind::Integer(..) if measure == Measure::Sum => json!(i64::try_from(number).unwrap()),
        Kind::Money => json!({ "amount": decimal(number, decimals), "currency": values[0]["currency"] }),
        _ => {
            let text = decimal(number, decimals);
            text.trim_end_matches('0').trim_end_matches('.').into()
        }
    };
    let rank = match values[0]["currency"].as_str() {
        Some(currency) => Key::Amount(currency.to_owned(), rank),
        None => Key::Number(rank),
    };
    Some((Some(rank), shown))
}

/// A number as a whole number of its unit, and how many decimals that has.
fn units(attribute: &Attribute, value: &Json) -> (i128, usize) {
    let (text, decimals) = match attribute.kind {
        Kind::Integer(..) => (value.to_string(), Some(0)),
        Kind::Decimal => (value.as_str().unwrap().to_owned(), Some(4)),
        _ => (value["amount"].as_str().unwrap().to_owned(), None),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let decimals = decimals.unwrap_or(fraction.len());
    (format!("{whole}{fraction:0<decimals$}").parse().unwrap(), decimals)
}

fn decimal(number: i128, decimals: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", number.abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
