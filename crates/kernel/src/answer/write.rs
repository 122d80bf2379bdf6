//! The writer: walks a shape over a table and leaves JSON text.

use std::{collections::BTreeMap, io::Write};

use serde_json::value::RawValue;

use super::{Budget, Connection, EdgePart, Group, Member, PageInfo, Part, Shape, Source, Table};
use crate::{
    error::{Error, Result},
    field::Kind,
    id::TypeId,
    money::show_decimal,
    object::{Attribute, Object},
    plan::{Column, MAX_COUNT, Plan},
    value::{Cell, Decimal, Value},
};

/// Seals a position of a plan's list into a cursor; whether the cursor leads backwards.
pub type Sealer<'a> = &'a dyn Fn(&Plan, &[Value], bool) -> String;

/// The writer's context.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The function that seals cursors.
    pub seal: Sealer<'a>,
    /// The budget of the text: rows are written longer than they are stored, and as often as they are asked for.
    pub budget: &'a Budget,
}

/// Writes one record.
pub fn write_record(
    out: &mut Vec<u8>,
    plan: &Plan,
    table: &Table,
    row: usize,
    shape: &Shape,
    writer: Writer<'_>,
) -> Result<()> {
    let object = plan.object();
    let column = |place: usize| plan.columns.get(place);
    let attribute = |place: usize| column(place).and_then(|column| object.at(column.as_field()?));
    members(out, writer.budget, &shape.members, |out, source| {
        match source {
            Source::Column(place) => match (attribute(*place), column(*place)) {
                (Some(attribute), _) => {
                    write_value(out, attribute, &object.prefix, table.cell(row, *place)?);
                }
                (None, Some(column)) => write_column(out, *column, object, table.cell(row, *place)?),
                (None, None) => null(out),
            },
            Source::Parts(place, members) => {
                parts(out, writer.budget, attribute(*place), table.cell(row, *place)?, members)?;
            }
            Source::One(child, shape) => match child_of(plan, table, *child, row) {
                Some((plan, table, group)) if group.len > 0 => {
                    write_record(out, plan, table, group.start, shape, writer)?;
                }
                _ => null(out),
            },
            Source::Many(child, connection) => match child_of(plan, table, *child, row) {
                Some((plan, table, group)) => write_connection(out, plan, table, group, connection, writer)?,
                None => null(out),
            },
            Source::Each(child, shape) => match child_of(plan, table, *child, row) {
                Some((plan, table, group)) => records(out, plan, table, group, shape, writer)?,
                None => null(out),
            },
            Source::Itself(shape) => write_record(out, plan, table, row, shape, writer)?,
            Source::Text(text) => string(out, text),
        }
        Ok(())
    })
}

/// Writes a page of records.
pub fn write_connection(
    out: &mut Vec<u8>,
    plan: &Plan,
    table: &Table,
    group: Group,
    connection: &Connection,
    writer: Writer<'_>,
) -> Result<()> {
    let cursor = |row: usize, backward: bool| -> Result<String> {
        Ok((writer.seal)(plan, &table.position(plan, row)?, backward))
    };
    members(out, writer.budget, &connection.members, |out, part| {
        match part {
            Part::Nodes(shape) => records(out, plan, table, group, shape, writer)?,
            Part::Edges(edges) => array(out, group, |out, row| {
                members(out, writer.budget, edges, |out, part| {
                    match part {
                        EdgePart::Node(shape) => write_record(out, plan, table, row, shape, writer)?,
                        EdgePart::Cursor => string(out, &cursor(row, false)?),
                        EdgePart::Text(text) => string(out, text),
                    }
                    Ok(())
                })
            })?,
            Part::PageInfo(infos) => members(out, writer.budget, infos, |out, info| {
                let last = group.start.saturating_add(group.len).saturating_sub(1);
                let at = |row, backward, there: bool| there.then(|| cursor(row, backward)).transpose();
                match info {
                    PageInfo::HasNext => boolean(out, group.has_next),
                    PageInfo::HasPrevious => boolean(out, group.has_previous),
                    PageInfo::StartCursor => optional(out, at(group.start, false, group.len > 0)?),
                    PageInfo::EndCursor => optional(out, at(last, false, group.len > 0)?),
                    PageInfo::NextCursor => optional(out, at(last, false, group.has_next && group.len > 0)?),
                    PageInfo::PreviousCursor => {
                        optional(out, at(group.start, true, group.has_previous && group.len > 0)?);
                    }
                    PageInfo::TotalCount => number(out, i64::from(group.total)),
                    PageInfo::TotalIsCapped => boolean(out, group.total >= MAX_COUNT),
                    PageInfo::Text(text) => string(out, text),
                }
                Ok(())
            })?,
            Part::TotalCount => number(out, i64::from(group.total)),
            Part::TotalIsCapped => boolean(out, group.total >= MAX_COUNT),
            Part::Text(text) => string(out, text),
        }
        Ok(())
    })
}

/// Writes the value of a field; the prefix is that of the object's own ids.
pub fn write_value(out: &mut Vec<u8>, attribute: &Attribute, prefix: &str, value: Cell<'_>) {
    write_cell(out, attribute.kind, attribute.refers_to().unwrap_or(prefix), value);
}

/// Writes the value of a group's column.
fn write_column(out: &mut Vec<u8>, column: Column, object: &Object, value: Cell<'_>) {
    let prefix = column.shown(object).and_then(Attribute::refers_to);
    match column.kind(object) {
        Some(kind) => write_cell(out, kind, prefix.unwrap_or(&object.prefix), value),
        None => null(out),
    }
}

fn write_cell(out: &mut Vec<u8>, kind: Kind, prefix: &str, value: Cell<'_>) {
    match (value, kind) {
        (Cell::Null, Kind::List(_)) => out.extend_from_slice(b"[]"),
        (Cell::Null, _) => null(out),
        (Cell::Boolean(value), _) => boolean(out, value),
        (Cell::Integer(value), Kind::Decimal) => string(out, &show_decimal(value, Decimal::SCALE, false)),
        (Cell::Integer(value), _) => number(out, value),
        (Cell::Id(uuid), _) => id(out, prefix, uuid),
        (Cell::Text(text), _) => string(out, text),
        (Cell::Date(date), _) => quoted(out, format_args!("{date}")),
        (Cell::Instant(at), _) => {
            out.push(b'"');
            out.extend_from_slice(&at.formatted());
            out.push(b'"');
        }
        (Cell::Money(money), _) => {
            out.extend_from_slice(b"{\"amount\":\"");
            out.extend_from_slice(money.amount().as_bytes());
            out.extend_from_slice(b"\",\"currency\":\"");
            out.extend_from_slice(money.currency.code().as_bytes());
            out.extend_from_slice(b"\"}");
        }
        (Cell::Json(text), _) => out.extend_from_slice(text.as_bytes()),
    }
}

/// A group of values that is kept as JSON, by their names.
type Parted<'j> = BTreeMap<&'j str, &'j RawValue>;

/// Writes chosen members of a group of values, or of each item of a list of such groups. What is kept as JSON is
/// taken apart, but its members are written as they are.
fn parts(
    out: &mut Vec<u8>,
    budget: &Budget,
    attribute: Option<&Attribute>,
    value: Cell<'_>,
    chosen: &[Member<&'static str>],
) -> Result<()> {
    let kind = attribute.map(|attribute| attribute.kind);
    let group = |out: &mut Vec<u8>, group: &Parted<'_>| {
        members(out, budget, chosen, |out, name| {
            match (*name, kind) {
                ("__typename", Some(Kind::List(list))) => string(out, list.name),
                (name, _) => {
                    out.extend_from_slice(group.get(name).map_or("null", |raw| raw.get()).as_bytes())
                }
            }
            Ok(())
        })
    };
    match (value, kind) {
        (Cell::Money(money), _) => members(out, budget, chosen, |out, name| {
            match *name {
                "amount" => string(out, &money.amount()),
                "currency" => string(out, money.currency.code()),
                _ => string(out, "Money"),
            }
            Ok(())
        })?,
        (Cell::Json(text), Some(Kind::List(_))) => {
            let items: Vec<Parted<'_>> =
                serde_json::from_str(text).map_err(|error| Error::internal(error))?;
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                comma(out, index);
                group(out, item)?;
            }
            out.push(b']');
        }
        (Cell::Json(text), _) => {
            group(out, &serde_json::from_str(text).map_err(|error| Error::internal(error))?)?
        }
        (_, Some(Kind::List(_))) => out.extend_from_slice(b"[]"),
        _ => null(out),
    }
    Ok(())
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

fn records(
    out: &mut Vec<u8>,
    plan: &Plan,
    table: &Table,
    group: Group,
    shape: &Shape,
    writer: Writer<'_>,
) -> Result<()> {
    array(out, group, |out, row| write_record(out, plan, table, row, shape, writer))
}

fn array(
    out: &mut Vec<u8>,
    group: Group,
    mut row: impl FnMut(&mut Vec<u8>, usize) -> Result<()>,
) -> Result<()> {
    out.push(b'[');
    for offset in 0..group.len {
        comma(out, offset);
        row(out, group.start.saturating_add(offset))?;
    }
    out.push(b']');
    Ok(())
}

/// Writes an object, member by member.
fn members<S>(
    out: &mut Vec<u8>,
    budget: &Budget,
    members: &[Member<S>],
    mut member: impl FnMut(&mut Vec<u8>, &S) -> Result<()>,
) -> Result<()> {
    out.push(b'{');
    for (index, Member { key, source }) in members.iter().enumerate() {
        comma(out, index);
        out.extend_from_slice(key.as_bytes());
        member(out, source)?;
        budget.covers(out.len())?;
    }
    out.push(b'}');
    Ok(())
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

fn quoted(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.push(b'"');
    unquoted(out, text);
    out.push(b'"');
}

fn unquoted(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
