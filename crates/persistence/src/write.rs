//! From changes to SQL: the rows of records and of the tables that index their lists.

use std::collections::BTreeMap;

use kernel::{
    Permit, Record, Value,
    field::Kind,
    id::TypeId,
    money::{Money, parse_decimal},
    object::{Attribute, Object},
    system,
    text::fold,
    time::{Instant, parse_date},
    value::Decimal,
};
use sea_orm::sea_query::{
    Alias, Condition, DeleteStatement, Expr, ExprTrait, InsertStatement, IntoIden, Query, SelectStatement,
    TableRef, UpdateStatement, Value as Bound, ValueTuple,
};
use serde_json::Value as Json;

use crate::dialect::Dialect;

/// A statement that writes.
pub(crate) enum Write {
    Insert(InsertStatement),
    Update(UpdateStatement),
    Delete(DeleteStatement),
}

impl sea_query_sqlx::SqlxBinder for Write {
    fn build_sqlx<T: sea_orm::sea_query::QueryBuilder>(&self, builder: T) -> (String, sea_query_sqlx::SqlxValues) {
        match self {
            Write::Insert(statement) => statement.build_sqlx(builder),
            Write::Update(statement) => statement.build_sqlx(builder),
            Write::Delete(statement) => statement.build_sqlx(builder),
        }
    }
}

/// SQLite takes 32 766 parameters in a statement, PostgreSQL 65 535.
const MAX_PARAMETERS: usize = 30_000;

/// The stored columns of a field with the values to be stored.
fn stored(dialect: Dialect, attribute: &Attribute, value: &Value) -> impl Iterator<Item = (String, Bound)> {
    let main = (attribute.column.clone(), dialect.bind(attribute.kind, value));
    let folded = attribute.folded().map(|column| {
        let folded = match value {
            Value::Text(text) => Some(fold(text).into_owned()),
            _ => None,
        };
        (column, Bound::from(folded))
    });
    let currency = attribute.currency().map(|column| {
        let code = match value {
            Value::Money(Money { currency, .. }) => Some(currency.code().to_owned()),
            _ => None,
        };
        (column, Bound::from(code))
    });
    std::iter::once(main).chain(folded).chain(currency)
}

/// Inserts rows that all have the same columns.
struct Rows {
    table: String,
    columns: Vec<String>,
    rows: Vec<Vec<Bound>>,
}

impl Rows {
    fn new(table: &str) -> Self {
        Self { table: table.to_owned(), columns: Vec::new(), rows: Vec::new() }
    }

    fn push(&mut self, row: impl Iterator<Item = (String, Bound)>) {
        let (columns, row) = row.unzip();
        self.columns = columns;
        self.rows.push(row);
    }

    fn statements(self) -> impl Iterator<Item = Write> {
        let Self { table, columns, mut rows } = self;
        let most = (MAX_PARAMETERS / columns.len().max(1)).max(1);
        std::iter::from_fn(move || {
            if rows.is_empty() {
                return None;
            }
            let rest = rows.split_off(most.min(rows.len()));
            let mut insert = Query::insert();
            insert.into_table(Alias::new(&table)).columns(columns.iter().map(Alias::new));
            for row in std::mem::replace(&mut rows, rest) {
                insert.values_panic(row.into_iter().map(Expr::value));
            }
            Some(Write::Insert(insert))
        })
    }
}

/// The rows of new records.
pub(crate) fn insert<'r>(
    dialect: Dialect,
    permit: &Permit,
    records: impl Iterator<Item = &'r Record> + Clone,
) -> Vec<Write> {
    let object = permit.object();
    let workspace = ("workspace_id".to_owned(), Bound::from(permit.workspace()));
    let mut rows = Rows::new(&object.table);
    for record in records.clone() {
        let fields = object.attributes.iter().zip(&record.values);
        let values = fields.flat_map(|(attribute, value)| stored(dialect, attribute, value));
        rows.push(std::iter::once(workspace.clone()).chain(values));
    }
    let mut statements: Vec<_> = rows.statements().collect();
    for attribute in object.attributes.iter().filter(|attribute| attribute.list().is_some()) {
        statements.extend(list_rows(dialect, permit, attribute, records.clone()));
    }
    statements
}

/// A record as it was and as it shall be.
pub(crate) type Pair<'r> = (&'r Record, &'r Record);

/// The changes of records' own rows, each statement with the number of rows it must find: only what differs is
/// written, and those that differ in the same fields are written together.
pub(crate) fn update(dialect: Dialect, permit: &Permit, pairs: &[Pair<'_>]) -> Vec<(Write, usize)> {
    let mut alike: BTreeMap<Vec<usize>, Vec<Pair<'_>>> = BTreeMap::new();
    for (before, after) in pairs {
        let differ = |(_, (old, new)): &(usize, (&Value, &Value))| old != new;
        let values = before.values.iter().zip(&after.values).enumerate();
        let fields = values.filter(differ).map(|(field, _)| field).collect();
        alike.entry(fields).or_default().push((before, after));
    }
    let mut statements = Vec::new();
    for (fields, pairs) in alike {
        // At most two columns each, the key and the version.
        let most = MAX_PARAMETERS / (fields.len() * 2 + 2);
        for pairs in pairs.chunks(most.max(1)) {
            let update = match pairs {
                [(before, after)] => update_one(dialect, permit, &fields, before, after),
                pairs => update_many(dialect, permit, &fields, pairs),
            };
            statements.push((Write::Update(update), pairs.len()));
        }
    }
    statements
}

fn stored_fields<'r>(
    dialect: Dialect,
    object: &'r Object,
    fields: &'r [usize],
    record: &'r Record,
) -> impl Iterator<Item = (String, Bound)> + 'r {
    let fields = fields.iter().filter_map(|field| Some((object.at(*field)?, record.values.get(*field)?)));
    fields.flat_map(move |(attribute, value)| stored(dialect, attribute, value))
}

fn update_one(dialect: Dialect, permit: &Permit, fields: &[usize], before: &Record, after: &Record) -> UpdateStatement {
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
    update.to_owned()
}

/// The index of the lists that differ, written anew. A deleted record is not in the index.
pub(crate) fn relist(dialect: Dialect, permit: &Permit, pairs: &[Pair<'_>]) -> Vec<Write> {
    let shown = |record: &Record, attribute: &Attribute| match record.value(system::DELETED_AT.def.name) {
        Value::Null => record.value(attribute.name).clone(),
        _ => Value::Null,
    };
    let mut statements = Vec::new();
    for attribute in &permit.object().attributes {
        let Some(list) = attribute.list() else { continue };
        let differ = |(before, after): &&Pair<'_>| shown(before, attribute) != shown(after, attribute);
        let pairs: Vec<_> = pairs.iter().filter(differ).collect();
        let had = pairs.iter().filter(|(before, _)| !shown(before, attribute).is_null());
        let had: Vec<_> = had.map(|(before, _)| before.id()).collect();
        if !had.is_empty() {
            let mut delete = Query::delete();
            delete.from_table(Alias::new(list.table));
            delete.and_where(Expr::col(Alias::new("workspace_id")).eq(permit.workspace()));
            if list.shared {
                delete.and_where(Expr::col(Alias::new("object")).eq(permit.object().name));
            }
            delete.and_where(Expr::col(Alias::new("record_id")).is_in(had));
            statements.push(Write::Delete(delete.to_owned()));
        }
        let has = pairs.into_iter().map(|(_, after)| *after).filter(|after| !shown(after, attribute).is_null());
        statements.extend(list_rows(dialect, permit, attribute, has));
    }
    statements
}

/// The rows that index one list of some records.
fn list_rows<'r>(
    dialect: Dialect,
    permit: &Permit,
    attribute: &Attribute,
    records: impl Iterator<Item = &'r Record>,
) -> Vec<Write> {
    let Some(list) = attribute.list() else { return Vec::new() };
    let mut rows = Rows::new(list.table);
    for record in records {
        for (position, item) in items(record.value(attribute.name)).iter().enumerate() {
            let object = list.shared.then(|| ("object".to_owned(), Bound::from(permit.object().name)));
            let key = [
                ("workspace_id".to_owned(), Bound::from(permit.workspace())),
                ("record_id".to_owned(), Bound::from(record.id())),
                ("position".to_owned(), Bound::from(i64::try_from(position).unwrap_or(i64::MAX))),
            ];
            let members = attribute.members.iter().flat_map(|member| {
                let json = if list.plain { item } else { item.get(member.name).unwrap_or(&Json::Null) };
                stored(dialect, member, &canonical(member, json)).collect::<Vec<_>>()
            });
            rows.push(key.into_iter().chain(object).chain(members));
        }
    }
    rows.statements().collect()
}

/// The items of a list.
pub(crate) fn items(value: &Value) -> Vec<Json> {
    match value.as_document() {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    }
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
        Kind::Id | Kind::Reference(_) | Kind::AnyReference => {
            text.and_then(TypeId::parse).map(|id| Value::Id(id.uuid))
        }
        Kind::Money => Money::from_json(json).map(Value::Money),
        _ => text.map(|text| Value::Text(text.to_owned())),
    };
    value.unwrap_or_default()
}

/// Who among the live records has one of these values of a unique field, or one of these keys of a list.
/// The first column is the id, the others the folded values.
pub(crate) fn taken(dialect: Dialect, permit: &Permit, attribute: &Attribute, keys: &[Vec<Value>]) -> Option<SelectStatement> {
    let object: &Object = permit.object();
    let (table, id, columns): (&str, &str, Vec<String>) = match attribute.list() {
        Some(list) => {
            let member = |name: &&str| attribute.members.iter().find(|member| member.name == *name);
            let members = list.unique.iter().filter_map(member);
            (list.table, "record_id", members.map(|m| m.folded().unwrap_or(m.column.clone())).collect())
        }
        None => (&object.table, "id", vec![attribute.folded().unwrap_or(attribute.column.clone())]),
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
    let value = |value: &Value| Expr::value(dialect.bind(Kind::Text(0), &kernel::plan::sort_key(value)));
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
