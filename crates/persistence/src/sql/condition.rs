//! From predicates to conditions. Every condition is true or false, never unknown: negation is pushed down
//! to the tests, where a null fails every test and so passes every negated one.

use kernel::{
    Permit, Value,
    field::List,
    id::TypeId,
    object::{Attribute, Link, Path},
    plan::Deleted,
    predicate::{Compare, Predicate, Quantifier, Scoped, Test},
};
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LikeExpr, Query, SelectStatement};
use uuid::Uuid;

use super::{Sql, column};
use crate::dialect::Dialect;

/// The subject whose fields a predicate tests.
#[derive(Clone, Copy)]
enum Subject<'p> {
    Record(&'p Permit),
    Item { members: &'p [Attribute], workspace: Uuid },
}

impl<'p> Subject<'p> {
    fn attribute(self, index: usize) -> Option<&'p Attribute> {
        match self {
            Subject::Record(permit) => permit.object().at(index),
            Subject::Item { members, .. } => members.get(index),
        }
    }

    fn workspace(self) -> Uuid {
        match self {
            Subject::Record(permit) => permit.workspace(),
            Subject::Item { workspace, .. } => workspace,
        }
    }
}

/// A condition that never holds: what a predicate asks of something that does not exist.
fn never() -> Condition {
    Condition::all().add(Expr::cust("1 = 0"))
}

impl Sql<'_> {
    /// The condition on the records of the permit's object.
    pub fn predicate(&self, permit: &Permit, predicate: &Predicate, alias: &str) -> Condition {
        self.holds(Subject::Record(permit), predicate, alias, true)
    }

    /// The condition under which the predicate holds, or does not.
    fn holds(&self, subject: Subject<'_>, predicate: &Predicate, alias: &str, positive: bool) -> Condition {
        let join = |parts: &[Predicate], all: bool| {
            let mut condition = if all { Condition::all() } else { Condition::any() };
            for part in parts {
                condition = condition.add(self.holds(subject, part, alias, positive));
            }
            // An empty conjunction holds, an empty disjunction does not.
            match (parts.is_empty(), all) {
                (true, true) => condition.add(Expr::cust("1 = 1")),
                (true, false) => never(),
                _ => condition,
            }
        };
        match predicate {
            Predicate::All(parts) => join(parts, positive),
            Predicate::Any(parts) => join(parts, !positive),
            Predicate::Not(inner) => self.holds(subject, inner, alias, !positive),
            Predicate::Field(Test { field, compare }) => match subject.attribute(*field) {
                Some(attribute) => self.test(subject, attribute, compare, alias, positive),
                None => never(),
            },
            Predicate::Link { link, how, of } => match subject {
                Subject::Record(permit) => match permit.object().links.get(*link) {
                    Some(link) => {
                        let inner = self.alias();
                        let behind =
                            |scoped: Option<bool>| self.behind(permit, link, of, (alias, &inner), scoped);
                        // Several rows of a connecting table may lead to the same record.
                        let counted = match link.path {
                            Path::Via(_) => Expr::cust(format!("count(DISTINCT \"{inner}\".\"id\")")),
                            _ => every_row(),
                        };
                        self.quantified(how, behind, counted, positive)
                    }
                    None => never(),
                },
                Subject::Item { .. } => never(),
            },
            Predicate::Items { field, how, of } => match subject.attribute(*field) {
                Some(attribute) => {
                    let items = |scoped: Option<bool>| {
                        self.items(subject, attribute, alias, scoped.map(|p| (&**of, p)))
                    };
                    self.quantified(how, items, every_row(), positive)
                }
                None => never(),
            },
        }
    }

    fn test(
        &self,
        subject: Subject<'_>,
        attribute: &Attribute,
        compare: &Compare,
        alias: &str,
        positive: bool,
    ) -> Condition {
        if let (Compare::HasAny(values) | Compare::HasAll(values), Some(member)) =
            (compare, attribute.members.first())
        {
            let has = |values: &[Value]| {
                let test = Compare::OneOf(values.to_vec());
                let of = Predicate::Field(Test { field: member.index, compare: test });
                self.items(subject, attribute, alias, Some((&of, true)))
            };
            let parts: Vec<_> = match compare {
                Compare::HasAny(_) => vec![has(values)],
                _ => values.iter().map(|value| has(std::slice::from_ref(value))).collect(),
            };
            let condition = match (positive, parts.is_empty()) {
                (true, false) => Condition::all(),
                (false, false) => Condition::any(),
                // Of no values a record has all.
                (true, true) => Condition::all().add(Expr::cust("1 = 1")),
                (false, true) => never(),
            };
            return parts.into_iter().fold(condition, |all, part| all.add(self.exists(part, positive)));
        }
        let stored = column(alias, &attribute.column);
        if *compare == Compare::Null {
            let test = if positive { stored.is_null() } else { stored.is_not_null() };
            return Condition::all().add(test);
        }
        let test = self.compared(attribute, compare, alias);
        match (positive, attribute.required) {
            (true, _) => test,
            (false, true) => test.not(),
            (false, false) => Condition::any().add(stored.is_null()).add(test.not()),
        }
    }

    /// The comparison, unknown for a null.
    fn compared(&self, attribute: &Attribute, compare: &Compare, alias: &str) -> Condition {
        let compared = || column(alias, attribute.compared());
        let like =
            |pattern: String| Condition::all().add(compared().like(LikeExpr::new(pattern).escape('!')));
        // An amount is stored as its number; its currency is compared beside it.
        let value = |value: &Value| self.bound(attribute.kind, value);
        let amount = |operand: &Value, test: Expr| {
            let condition = Condition::all().add(test);
            match (attribute.currency(), operand) {
                (Some(name), Value::Money(money)) => {
                    condition.add(column(alias, name).eq(money.currency.code()))
                }
                _ => condition,
            }
        };
        if let Some(of_object) = attribute.of_object() {
            return self.refers(compare, compared(), column(alias, of_object));
        }
        match compare {
            Compare::Equal(operand) => amount(operand, compared().eq(value(operand))),
            Compare::Less(operand) => amount(operand, compared().lt(value(operand))),
            Compare::AtMost(operand) => amount(operand, compared().lte(value(operand))),
            Compare::More(operand) => amount(operand, compared().gt(value(operand))),
            Compare::AtLeast(operand) => amount(operand, compared().gte(value(operand))),
            Compare::OneOf(operands) => Condition::all().add(compared().is_in(operands.iter().map(value))),
            Compare::Contains(text) => like(format!("%{}%", escaped(text))),
            Compare::StartsWith(text) => like(format!("{}%", escaped(text))),
            Compare::EndsWith(text) => like(format!("%{}", escaped(text))),
            Compare::Words(words) => {
                words.iter().fold(Condition::all().add(compared().is_not_null()), |condition, word| {
                    let first = like(format!("{}%", escaped(word)));
                    let later = like(format!("% {}%", escaped(word)));
                    condition.add(Condition::any().add(first).add(later))
                })
            }
            Compare::Null | Compare::HasAny(_) | Compare::HasAll(_) => never(),
        }
    }

    /// The comparison of a reference to any object: with its object, for ids are unique within one object only.
    fn refers(&self, compare: &Compare, id: Expr, of_object: Expr) -> Condition {
        let operands = match compare {
            Compare::Equal(operand) => std::slice::from_ref(operand),
            Compare::OneOf(operands) => operands.as_slice(),
            _ => &[],
        };
        let ids = operands.iter().filter_map(|operand| match operand {
            Value::Text(text) => TypeId::parse(text),
            _ => None,
        });
        ids.fold(Condition::any().add(Expr::cust("1 = 0")), |any, TypeId { prefix, uuid }| {
            any.add(Condition::all().add(id.clone().eq(uuid)).add(of_object.clone().eq(prefix)))
        })
    }

    /// The records behind a link, for which the predicate holds (or, if asked, does not).
    fn behind(
        &self,
        permit: &Permit,
        link: &Link,
        of: &Scoped,
        (alias, inner): (&str, &str),
        positive: Option<bool>,
    ) -> SelectStatement {
        let target = of.permit.object();
        let mut select = Query::select();
        let joined = match &link.path {
            Path::One { field } => {
                let reference =
                    permit.object().at(*field).map_or("id", |attribute| attribute.column.as_str());
                column(inner, "id").eq(column(alias, reference))
            }
            Path::Many { field } => {
                let reference = target.at(*field).map_or("id", |attribute| attribute.column.as_str());
                column(inner, reference).eq(column(alias, "id"))
            }
            Path::Via(via) => {
                // A join, which begins at the few connections of the record: as `IN`, every record of the target
                // would be asked whether it is among them.
                let pairs = self.alias();
                select = self.via_rows(permit.workspace(), via, &pairs);
                select.and_where(column(&pairs, &via.near).eq(column(alias, "id")));
                column(&pairs, &via.far).eq(column(inner, "id"))
            }
        };
        select.expr(Expr::cust("1")).from_as(Alias::new(&target.table), Alias::new(inner));
        select.cond_where(self.visible(&of.permit, Deleted::Exclude, inner)).and_where(joined);
        if let Some(positive) = positive {
            select.cond_where(self.holds(Subject::Record(&of.permit), &of.predicate, inner, positive));
        }
        select
    }

    /// The items of a record's list, for which the predicate holds (or, if asked, does not).
    fn items(
        &self,
        subject: Subject<'_>,
        attribute: &Attribute,
        alias: &str,
        of: Option<(&Predicate, bool)>,
    ) -> SelectStatement {
        let inner = self.alias();
        let workspace = subject.workspace();
        let table = attribute.list().map_or("", |list: &List| list.table);
        let mut select = self.exists_in(table, workspace, &inner);
        select.and_where(column(&inner, "record_id").eq(column(alias, "id")));
        if let (true, Subject::Record(permit)) = (attribute.list().is_some_and(|list| list.shared), subject) {
            select.and_where(column(&inner, "object").eq(permit.object().name));
        }
        if let Some((predicate, positive)) = of {
            let members = Subject::Item { members: &attribute.members, workspace };
            select.cond_where(self.holds(members, predicate, &inner, positive));
        }
        select
    }

    /// Whether there are such rows, or none.
    fn exists(&self, mut select: SelectStatement, positive: bool) -> Expr {
        if positive {
            return Expr::exists(select);
        }
        if self.dialect == Dialect::Postgres {
            // Each record is asked about by an index. Without this PostgreSQL may compare all with all, where it
            // takes a workspace that has grown since it last looked for an empty one.
            select.offset(0);
        }
        Expr::exists(select).not()
    }

    /// The condition on the number of selected rows. The closure selects those for which the inner predicate
    /// holds, does not hold, or all; where they are counted, it is so.
    fn quantified(
        &self,
        how: &Quantifier,
        select: impl Fn(Option<bool>) -> SelectStatement,
        counted: Expr,
        positive: bool,
    ) -> Condition {
        let exists =
            |select: SelectStatement, positive: bool| Condition::all().add(self.exists(select, positive));
        match how {
            Quantifier::Some => exists(select(Some(true)), positive),
            Quantifier::None => exists(select(Some(true)), !positive),
            Quantifier::Every => exists(select(Some(false)), !positive),
            Quantifier::Count(compare) => {
                let mut selected = select(Some(true));
                selected.clear_selects().expr(counted);
                let count = Expr::SubQuery(None, Box::new(selected.into()));
                let number = |value: &Value| match value {
                    Value::Integer(number) => *number,
                    _ => 0,
                };
                let test = match compare {
                    Compare::Equal(value) => count.eq(number(value)),
                    Compare::Less(value) => count.lt(number(value)),
                    Compare::AtMost(value) => count.lte(number(value)),
                    Compare::More(value) => count.gt(number(value)),
                    Compare::AtLeast(value) => count.gte(number(value)),
                    _ => Expr::cust("1 = 0"),
                };
                let condition = Condition::all().add(test);
                if positive { condition } else { condition.not() }
            }
        }
    }
}

/// The number of the selected rows.
fn every_row() -> Expr {
    Expr::cust("count(*)")
}

/// The text as a literal part of a LIKE pattern.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern
}
