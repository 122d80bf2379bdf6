//! From changes to SQL: the rows of records and of the tables that index their lists.

use std::{collections::BTreeMap, sync::Arc};

use kernel::{
    Permit, Record, Value,
    field::{Kind, List},
    id::TypeId,
    items,
    money::{Money, parse_decimal},
    object::{Attribute, Object},
    system,
    time::{Instant, parse_date},
    value::Decimal,
};
use sea_orm::sea_query::{
    Alias, Condition, DeleteStatement, Expr, ExprTrait, IntoIden, Query, SelectStatement, TableRef,
    UpdateStatement, Value as Bound, ValueTuple,
};
use serde_json::Value as Json;

use crate::{bulk::Rows, dialect::Dialect};

/// SQLite takes 32 766 parameters in a statement, PostgreSQL 65 535.
const MAX_PARAMETERS: usize = 30_000;

/// The values to be stored in the columns of a field.
fn stored(dialect: Dialect, attribute: &Attribute, value: &Value) -> impl Iterator<Item = Bound> + use<> {
    let any = attribute.of_object().map(|_| match value {
        Value::Text(text) => TypeId::parse(text),
        _ => None,
    });
    let main = match &any {
        Some(id) => Bound::Uuid(id.as_ref().map(|id| id.uuid)),
        None => dialect.bind(attribute.kind, value),
    };
    let of_object = any.map(|id| Bound::String(id.map(|id| id.prefix.to_owned())));
    let folded = attribute.is_folded().then(|| {
        Bound::from(match value {
            Value::Text(text) => Some(attribute.comparison.form(text).into_owned()),
            _ => None,
        })
    });
    let currency = matches!(attribute.kind, Kind::Money).then(|| {
        Bound::from(match value {
            Value::Money(Money { currency, .. }) => Some(currency.code().to_owned()),
            _ => None,
        })
    });
    std::iter::once(main).chain(folded).chain(currency).chain(of_object)
}

/// The rows of new records: their own, and those that index their lists.
pub(crate) fn insert<'r>(
    dialect: Dialect,
    permit: &Permit,
    records: impl Iterator<Item = &'r Record> + Clone,
) -> Vec<Rows> {
    let object = permit.object();
    let mut rows = Rows::new(&object.table, Arc::clone(object.columns()));
    for record in records.clone() {
        let fields = object.attributes.iter().zip(&record.values);
        let values = fields.flat_map(|(attribute, value)| stored(dialect, attribute, value));
        rows.push(std::iter::once(Bound::from(permit.workspace())).chain(values));
    }
    let lists = object.attributes.iter().filter_map(|attribute| Some((attribute, attribute.list()?)));
    let is_used =
        |attribute: &Attribute| records.clone().any(|record| !record.value(attribute.name).is_null());
    let lists = lists
        .filter(|(attribute, _)| is_used(attribute))
        .map(|(attribute, list)| list_rows(dialect, permit, attribute, list, records.clone()));
    std::iter::once(rows).chain(lists).collect()
}

/// A record before and after a change.
pub(crate) type Pair<'r> = (&'r Record, &'r Record);

/// The updates of records' own rows, each with the number of rows it must find: only columns that differ are written,
/// and records that differ in the same fields are written together.
pub(crate) fn update(dialect: Dialect, permit: &Permit, pairs: &[Pair<'_>]) -> Vec<(UpdateStatement, usize)> {
    let mut alike: BTreeMap<Vec<usize>, Vec<Pair<'_>>> = BTreeMap::new();
    for (before, after) in pairs {
        let differ = |(_, (old, new)): &(usize, (&Value, &Value))| old != new;
        let values = before.values.iter().zip(&after.values).enumerate();
        let fields = values.filter(differ).map(|(field, _)| field).collect();
        alike.entry(fields).or_default().push((before, after));
    }
    let mut statements = Vec::new();
    for (fields, pairs) in alike {
        // At most two columns each, the key (twice) and the version.
        let most = MAX_PARAMETERS / (fields.len() * 2 + 3);
        for pairs in pairs.chunks(most.max(1)) {
            let update = match pairs {
                [(before, after)] => update_one(dialect, permit, &fields, before, after),
                pairs => update_many(dialect, permit, &fields, pairs),
            };
            statements.push((update, pairs.len()));
        }
    }
    statements
}

/// The stored columns of some fields of a record with the values to be stored.
fn stored_fields<'r>(
    dialect: Dialect,
    object: &'r Object,
    fields: &'r [usize],
    record: &'r Record,
) -> impl Iterator<Item = (&'r str, Bound)> + 'r {
    let fields = fields.iter().filter_map(|field| Some((object.at(*field)?, record.values.get(*field)?)));
    fields.flat_map(move |(attribute, value)| attribute.columns().zip(stored(dialect, attribute, value)))
}

fn update_one(
    dialect: Dialect,
    permit: &Permit,
    fields: &[usize],
    before: &Record,
    after: &Record,
) -> UpdateStatement {
    let object = permit.object();
    let mut update = Query::update();
    update.table(Alias::new(&object.table));
    for (column, value) in stored_fields(dialect, object, fields, after) {
        update.value(Alias::new(column), Expr::value(value));
    }
    update.and_where(Expr::col(Alias::new("workspace_id")).eq(permit.workspace()));
    update.and_where(Expr::col(Alias::new("id")).eq(before.id()));
    update.and_where(Expr::col(Alias::new(system::VERSION.def.name)).eq(before.version()));
    update.to_owned()
}

/// `UPDATE … FROM (VALUES …)`, whose columns both databases call column1, column2 and so on.
fn update_many(dialect: Dialect, permit: &Permit, fields: &[usize], pairs: &[Pair<'_>]) -> UpdateStatement {
    let object = permit.object();
    let mut update = Query::update();
    update.table(Alias::new(&object.table));
    let new = |place: usize| Expr::col((Alias::new("new"), Alias::new(format!("column{place}"))));
    let mut rows = Vec::with_capacity(pairs.len());
    for (before, after) in pairs {
        let mut row = vec![Bound::from(before.id()), Bound::from(before.version())];
        row.extend(stored_fields(dialect, object, fields, after).map(|(_, value)| value));
        rows.push(ValueTuple::Many(row));
    }
    if let Some((_, after)) = pairs.first() {
        for (place, (column, _)) in stored_fields(dialect, object, fields, after).enumerate() {
            update.value(Alias::new(column), new(place + 3));
        }
    }
    update.from(TableRef::ValuesList(rows, Alias::new("new").into_iden()));
    let own = |name: &str| Expr::col((Alias::new(&object.table), Alias::new(name)));
    update.and_where(own("workspace_id").eq(permit.workspace())).and_where(own("id").eq(new(1)));
    update.and_where(own(system::VERSION.def.name).eq(new(2)));
    if dialect == Dialect::Sqlite {
        // Else it would scan the whole table and look each row up among the new values.
        update.and_where(own("id").is_in(pairs.iter().map(|(before, _)| before.id())));
    }
    update.to_owned()
}

/// The replacement of the rows that index one list.
pub(crate) struct Relist {
    /// Deletes the old rows, if there are any.
    pub delete: Option<DeleteStatement>,
    /// The new rows.
    pub insert: Rows,
}

/// The index of the lists that differ. A deleted record is not in the index.
pub(crate) fn relist(dialect: Dialect, permit: &Permit, pairs: &[Pair<'_>]) -> Vec<Relist> {
    let shown = |record: &Record, attribute: &Attribute| match record.value(system::DELETED_AT.def.name) {
        Value::Null => record.value(attribute.name).clone(),
        _ => Value::Null,
    };
    let mut lists = Vec::new();
    for attribute in &permit.object().attributes {
        let Some(list) = attribute.list() else { continue };
        let differ = |(before, after): &&Pair<'_>| shown(before, attribute) != shown(after, attribute);
        let pairs: Vec<_> = pairs.iter().filter(differ).collect();
        let had = pairs.iter().filter(|(before, _)| !shown(before, attribute).is_null());
        let had: Vec<_> = had.map(|(before, _)| before.id()).collect();
        let delete = (!had.is_empty()).then(|| {
            let mut delete = Query::delete();
            delete.from_table(Alias::new(list.table));
            delete.and_where(Expr::col(Alias::new("workspace_id")).eq(permit.workspace()));
            if list.shared {
                delete.and_where(Expr::col(Alias::new("object")).eq(permit.object().name));
            }
            delete.and_where(Expr::col(Alias::new("record_id")).is_in(had));
            delete.to_owned()
        });
        let has =
            pairs.into_iter().map(|(_, after)| *after).filter(|after| !shown(after, attribute).is_null());
        lists.push(Relist { delete, insert: list_rows(dialect, permit, attribute, list, has) });
    }
    lists
}

/// The rows that index one list of some records.
fn list_rows<'r>(
    dialect: Dialect,
    permit: &Permit,
    attribute: &Attribute,
    list: &List,
    records: impl Iterator<Item = &'r Record>,
) -> Rows {
    let object = list.shared.then(|| permit.object().name);
    let key = ["workspace_id", "record_id", "position"].into_iter().chain(object.map(|_| "object"));
    let mut rows = Rows::new(
        list.table,
        key.chain(attribute.members.iter().flat_map(Attribute::columns)).map(str::to_owned).collect(),
    );
    for record in records {
        for (position, item) in items::of(record.value(attribute.name)).iter().enumerate() {
            let position = Bound::from(i64::try_from(position).unwrap_or(i64::MAX));
            let key = [Bound::from(permit.workspace()), Bound::from(record.id()), position];
            let members = attribute.members.iter().flat_map(|member| {
                let json = if list.plain { item } else { item.get(member.name).unwrap_or(&Json::Null) };
                stored(dialect, member, &canonical(member, json))
            });
            rows.push(key.into_iter().chain(object.map(Bound::from)).chain(members));
        }
    }
    rows
}

/// The value of an item's member, which was checked when it came in.
fn canonical(member: &Attribute, json: &Json) -> Value {
    let text = json.as_str();
    let value = match member.kind {
        Kind::Boolean => json.as_bool().map(Value::Boolean),
        Kind::Integer(..) => json.as_i64().map(Value::Integer),
        Kind::Decimal => text.and_then(|text| parse_decimal(text, Decimal::SCALE)).map(Value::Integer),
        Kind::Date => text.and_then(parse_date).map(Value::Date),
        Kind::Instant => text.and_then(Instant::parse).map(Value::Instant),
        Kind::Id | Kind::Reference(_) => text.and_then(TypeId::parse).map(|id| Value::Id(id.uuid)),
        Kind::Money => Money::from_json(json).map(Value::Money),
        _ => text.map(|text| Value::Text(text.to_owned())),
    };
    value.unwrap_or_default()
}

/// Selects the live records that have one of these values of a field, or an item with one of these keys of a list. The
/// first column is the id, the others are the values in the form in which they are compared.
pub(crate) fn taken(
    dialect: Dialect,
    permit: &Permit,
    attribute: &Attribute,
    keys: &[Vec<Value>],
) -> Option<SelectStatement> {
    let object: &Object = permit.object();
    let (table, id, columns): (&str, &str, Vec<String>) = match attribute.list() {
        Some(list) => {
            let members = attribute.key_members().map(|member| member.compared().to_owned());
            (list.table, "record_id", members.collect())
        }
        None => (&object.table, "id", vec![attribute.compared().to_owned()]),
    };
    if keys.is_empty() || columns.is_empty() {
        return None;
    }
    let mut select = Query::select();
    select.column(Alias::new(id)).columns(columns.iter().map(Alias::new)).from(Alias::new(table));
    select.and_where(Expr::col(Alias::new("workspace_id")).eq(permit.workspace()));
    match attribute.list() {
        Some(list) if list.shared => {
            select.and_where(Expr::col(Alias::new("object")).eq(object.name));
        }
        Some(_) => {}
        None => {
            select.and_where(Expr::col(Alias::new("deleted_at")).is_null());
        }
    }
    let value = |value: &Value| Expr::value(dialect.bind(Kind::Text(0), value));
    match columns.as_slice() {
        [only] => {
            let values = keys.iter().filter_map(|key| key.first()).map(value);
            select.and_where(Expr::col(Alias::new(only)).is_in(values));
        }
        [first @ .., last] => {
            // Keys mostly begin alike, as those of one outside system do.
            let mut alike: Vec<(&[Value], Vec<Expr>)> = Vec::new();
            for key in keys {
                let Some((end, start)) = key.split_last() else { continue };
                match alike.iter_mut().find(|(other, _)| *other == start) {
                    Some((_, ends)) => ends.push(value(end)),
                    None => alike.push((start, vec![value(end)])),
                }
            }
            let mut any = Condition::any();
            for (start, ends) in alike {
                let parts = first.iter().zip(start);
                let all = parts.fold(Condition::all(), |all, (column, part)| {
                    all.add(Expr::col(Alias::new(column)).eq(value(part)))
                });
                any = any.add(all.add(Expr::col(Alias::new(last)).is_in(ends)));
            }
            select.cond_where(any);
        }
        [] => {}
    }
    Some(select)
}
