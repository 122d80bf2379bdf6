//! The writer: walks a shape over a table and leaves JSON text.

use std::io::Write;

use serde_json::Value as Json;

use super::{Connection, EdgePart, Group, Member, PageInfo, Part, Shape, Source, Table};
use crate::{
    field::Kind,
    id::TypeId,
    money::show_decimal,
    object::Attribute,
    plan::{MAX_COUNT, Plan},
    value::{Decimal, Value},
};

/// Seals a position of a plan's list into a cursor; whether the cursor leads backwards.
pub type Sealer<'a> = &'a dyn Fn(&Plan, &[Value], bool) -> String;

/// Writes one record.
pub fn write_record(
    out: &mut Vec<u8>,
    plan: &Plan,
    table: &Table,
    row: usize,
    shape: &Shape,
    seal: Sealer<'_>,
) {
    let (record, cells) = (plan.object(), table.row(row));
    object(out, &shape.members, |out, source| match source {
        Source::Column(place) => {
            let attribute = plan.columns.get(*place).and_then(|field| record.at(*field));
            match (attribute, cells.get(*place)) {
                (Some(attribute), Some(value)) => write_value(out, attribute, &record.prefix, value),
                _ => null(out),
            }
        }
        Source::Parts(place, members) => {
            let value = cells.get(*place);
            let attribute = plan.columns.get(*place).and_then(|field| record.at(*field));
            parts(out, attribute, value.unwrap_or(&Value::Null), members);
        }
        Source::One(child, shape) => match child_of(plan, table, *child, row) {
            Some((plan, table, group)) if group.len > 0 => {
                write_record(out, plan, table, group.start, shape, seal);
            }
            _ => null(out),
        },
        Source::Many(child, connection) => match child_of(plan, table, *child, row) {
            Some((plan, table, group)) => write_connection(out, plan, table, group, connection, seal),
            None => null(out),
        },
        Source::Each(child, shape) => match child_of(plan, table, *child, row) {
            Some((plan, table, group)) => records(out, plan, table, group, shape, seal),
            None => null(out),
        },
        Source::Itself(shape) => write_record(out, plan, table, row, shape, seal),
        Source::Text(text) => string(out, text),
    });
}

/// Writes a page of records.
pub fn write_connection(
    out: &mut Vec<u8>,
    plan: &Plan,
    table: &Table,
    group: Group,
    connection: &Connection,
    seal: Sealer<'_>,
) {
    let cursor = |row: usize, backward: bool| seal(plan, &plan.position(table.row(row)), backward);
    object(out, &connection.members, |out, part| match part {
        Part::Nodes(shape) => records(out, plan, table, group, shape, seal),
        Part::Edges(members) => array(out, group, |out, row| {
            object(out, members, |out, part| match part {
                EdgePart::Node(shape) => write_record(out, plan, table, row, shape, seal),
                EdgePart::Cursor => string(out, &cursor(row, false)),
                EdgePart::Text(text) => string(out, text),
            });
        }),
        Part::PageInfo(members) => object(out, members, |out, info| {
            let last = group.start.saturating_add(group.len).saturating_sub(1);
            let at = |row, backward, there: bool| there.then(|| cursor(row, backward));
            match info {
                PageInfo::HasNext => boolean(out, group.has_next),
                PageInfo::HasPrevious => boolean(out, group.has_previous),
                PageInfo::StartCursor => optional(out, at(group.start, false, group.len > 0)),
                PageInfo::EndCursor => optional(out, at(last, false, group.len > 0)),
                PageInfo::NextCursor => optional(out, at(last, false, group.has_next && group.len > 0)),
                PageInfo::PreviousCursor => {
                    optional(out, at(group.start, true, group.has_previous && group.len > 0));
                }
                PageInfo::TotalCount => number(out, i64::from(group.total)),
                PageInfo::TotalIsCapped => boolean(out, group.total >= MAX_COUNT),
                PageInfo::Text(text) => string(out, text),
            }
        }),
        Part::TotalCount => number(out, i64::from(group.total)),
        Part::TotalIsCapped => boolean(out, group.total >= MAX_COUNT),
        Part::Text(text) => string(out, text),
    });
}

/// Writes the value of a field; the prefix is that of the object's own ids.
pub fn write_value(out: &mut Vec<u8>, attribute: &Attribute, prefix: &str, value: &Value) {
    match (value, attribute.kind) {
        (Value::Null, Kind::List(_)) => out.extend_from_slice(b"[]"),
        (Value::Null, _) => null(out),
        (Value::Boolean(value), _) => boolean(out, *value),
        (Value::Integer(value), Kind::Decimal) => string(out, &show_decimal(*value, Decimal::SCALE, false)),
        (Value::Integer(value), _) => number(out, *value),
        (Value::Id(uuid), _) => id(out, attribute.refers_to().unwrap_or(prefix), *uuid),
        (Value::Text(text), _) => string(out, text),
        (Value::Date(date), _) => quoted(out, format_args!("{date}")),
        (Value::Instant(at), _) => {
            out.push(b'"');
            out.extend_from_slice(&at.spelled());
            out.push(b'"');
        }
        (Value::Money(money), _) => {
            out.extend_from_slice(b"{\"amount\":\"");
            out.extend_from_slice(money.amount().as_bytes());
            out.extend_from_slice(b"\",\"currency\":\"");
            out.extend_from_slice(money.currency.code().as_bytes());
            out.extend_from_slice(b"\"}");
        }
        (Value::Json(text), _) => out.extend_from_slice(text.as_bytes()),
    }
}

/// Writes chosen members of a group of values, or of each item of a list of such groups.
fn parts(out: &mut Vec<u8>, attribute: Option<&Attribute>, value: &Value, members: &[Member<&'static str>]) {
    let group = |out: &mut Vec<u8>, json: &Json| {
        object(out, members, |out, name| match (*name, attribute.map(|attribute| attribute.kind)) {
            ("__typename", Some(Kind::List(list))) => string(out, list.name),
            ("__typename", _) => string(out, "Money"),
            (name, _) => json_text(out, json.get(name).unwrap_or(&Json::Null)),
        });
    };
    match (value, attribute.map(|attribute| attribute.kind)) {
        (Value::Money(money), _) => group(out, &money.to_json()),
        (Value::Json(text), _) => match serde_json::from_str(text) {
            Ok(Json::Array(items)) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    comma(out, index);
                    group(out, item);
                }
                out.push(b']');
            }
            Ok(json) => group(out, &json),
            Err(_) => null(out),
        },
        (_, Some(Kind::List(_))) => out.extend_from_slice(b"[]"),
        _ => null(out),
    }
}

fn child_of<'a>(
    plan: &'a Plan,
    table: &'a Table,
    child: usize,
    row: usize,
) -> Option<(&'a Plan, &'a Table, Group)> {
    let (plan, table) = (&plan.children.get(child)?.plan, table.children.get(child)?);
    Some((plan, table, table.groups.get(row).copied()?))
}

fn records(out: &mut Vec<u8>, plan: &Plan, table: &Table, group: Group, shape: &Shape, seal: Sealer<'_>) {
    array(out, group, |out, row| write_record(out, plan, table, row, shape, seal));
}

fn array(out: &mut Vec<u8>, group: Group, mut row: impl FnMut(&mut Vec<u8>, usize)) {
    out.push(b'[');
    for offset in 0..group.len {
        comma(out, offset);
        row(out, group.start.saturating_add(offset));
    }
    out.push(b']');
}

fn object<S>(out: &mut Vec<u8>, members: &[Member<S>], mut member: impl FnMut(&mut Vec<u8>, &S)) {
    out.push(b'{');
    for (index, Member { key, source }) in members.iter().enumerate() {
        comma(out, index);
        out.extend_from_slice(key.as_bytes());
        member(out, source);
    }
    out.push(b'}');
}

fn comma(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn number(out: &mut Vec<u8>, value: i64) {
    let _ = serde_json::to_writer(out, &value);
}

fn id(out: &mut Vec<u8>, prefix: &str, uuid: uuid::Uuid) {
    out.push(b'"');
    out.extend_from_slice(prefix.as_bytes());
    out.push(b'_');
    out.extend_from_slice(&TypeId::suffix(uuid));
    out.push(b'"');
}

fn optional(out: &mut Vec<u8>, text: Option<String>) {
    match text {
        Some(text) => string(out, &text),
        None => null(out),
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

fn json_text(out: &mut Vec<u8>, json: &Json) {
    let _ = serde_json::to_writer(out, json);
}

fn quoted(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.push(b'"');
    quoteless(out, text);
    out.push(b'"');
}

fn quoteless(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
