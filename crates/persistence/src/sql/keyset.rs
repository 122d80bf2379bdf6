//! Order and position. The keys are (is-null, value) of every field of the order and the id, so that
//! neither nulls nor ties lose a row between two pages.

use kernel::{
    Value,
    field::Kind,
    money::Money,
    object::Attribute,
    plan::{Order, Plan},
};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order as Direction};

use super::{Sql, column};

/// One thing to order by.
pub(super) struct Key {
    pub expr: Expr,
    pub direction: Direction,
}

/// One column of an order, and where a position stands in it.
struct Part<'a> {
    column: &'a str,
    kind: Kind,
    /// Whether records have no value here; they come last.
    nullable: bool,
    descending: bool,
    value: Value,
}

impl Part<'_> {
    fn sorted(&self, alias: &str) -> Expr {
        column(alias, self.column)
    }
}

/// The columns that a field is ordered by: an amount by its currency first, for a number of one currency says
/// nothing beside that of another.
fn columns(attribute: &Attribute) -> impl Iterator<Item = &str> {
    attribute.currency().into_iter().chain([attribute.compared()])
}

/// The position in the columns of a field.
fn parts<'a>(
    attribute: &'a Attribute,
    order: Order,
    value: &Value,
) -> impl Iterator<Item = Part<'a>> + use<'a> {
    let part =
        |column, kind, nullable, value| Part { column, kind, nullable, descending: order.descending, value };
    let nullable = !attribute.required;
    let currency = match (attribute.currency(), value) {
        (Some(column), Value::Money(Money { currency, .. })) => {
            Some(part(column, Kind::Text(0), nullable, Value::Text(currency.code().to_owned())))
        }
        _ => None,
    };
    let decided = currency.is_some();
    let main = part(attribute.compared(), attribute.kind, nullable && !decided, value.clone());
    currency.into_iter().chain([main])
}

impl Sql<'_> {
    /// The order of the plan's rows, reversed if its page is read backwards.
    pub(super) fn order(&self, plan: &Plan, alias: &str) -> Vec<Key> {
        let mut keys = Vec::new();
        for (attribute, order) in fields(plan) {
            let direction = |descending| if descending { Direction::Desc } else { Direction::Asc };
            if !attribute.required {
                let expr = column(alias, &attribute.column).is_null();
                keys.push(Key { expr, direction: direction(plan.page.backward) });
            }
            for name in columns(attribute) {
                let direction = direction(order.descending != plan.page.backward);
                keys.push(Key { expr: column(alias, name), direction });
            }
        }
        keys
    }

    /// The rows behind a position in the order, or those before it.
    pub(super) fn beyond(&self, plan: &Plan, position: &[Value], forward: bool, alias: &str) -> Condition {
        let parts: Vec<_> = fields(plan)
            .zip(position)
            .flat_map(|((field, order), value)| parts(field, order, value))
            .collect();
        let descends = parts.first().is_some_and(|first| first.descending);
        let is_plain =
            |part: &Part<'_>| !part.nullable && !part.value.is_null() && part.descending == descends;
        if !parts.is_empty() && parts.iter().all(is_plain) {
            // One comparison of row values, which an index answers.
            let left = Expr::tuple(parts.iter().map(|part| part.sorted(alias)));
            let right = Expr::tuple(parts.iter().map(|part| self.bound(part.kind, &part.value)));
            let test = if forward != descends { left.gt(right) } else { left.lt(right) };
            return Condition::all().add(test);
        }
        // a > x or (a = x and (b > y or (b = y and …))), each with its nulls last.
        let mut beyond = Condition::any().add(Expr::cust("1 = 0"));
        let mut equal = Condition::all();
        for part in parts {
            let further = Condition::all().add(equal.clone()).add(self.further(&part, forward, alias));
            beyond = beyond.add(further);
            let stored = part.sorted(alias);
            equal = equal.add(match part.value {
                Value::Null => stored.is_null(),
                ref value => stored.eq(self.bound(part.kind, value)),
            });
        }
        beyond
    }

    fn further(&self, part: &Part<'_>, forward: bool, alias: &str) -> Condition {
        let stored = || part.sorted(alias);
        if part.value.is_null() {
            return Condition::all().add(if forward { Expr::cust("1 = 0") } else { stored().is_not_null() });
        }
        let bound = self.bound(part.kind, &part.value);
        let test = if forward != part.descending { stored().gt(bound) } else { stored().lt(bound) };
        match forward && part.nullable {
            true => Condition::any().add(test).add(stored().is_null()),
            false => Condition::all().add(test),
        }
    }
}

fn fields(plan: &Plan) -> impl Iterator<Item = (&Attribute, Order)> {
    plan.order.iter().filter_map(|order| Some((plan.object().at(order.field)?, *order)))
}
