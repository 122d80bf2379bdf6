//! Order and position. The keys are (is-null, value) of every field of the order and the id, so that
//! neither nulls nor ties lose a row between two pages.

use kernel::{
    Value,
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

fn sorted(attribute: &Attribute, alias: &str) -> Expr {
    column(alias, attribute.compared())
}

impl Sql<'_> {
    /// What the plan's rows are ordered by, backwards if its page is read backwards.
    pub(super) fn order(&self, plan: &Plan, alias: &str) -> Vec<Key> {
        let mut keys = Vec::new();
        for (attribute, order) in fields(plan) {
            let direction = |descending| if descending { Direction::Desc } else { Direction::Asc };
            if !attribute.required {
                let expr = column(alias, &attribute.column).is_null();
                keys.push(Key { expr, direction: direction(plan.page.backward) });
            }
            let direction = direction(order.descending != plan.page.backward);
            keys.push(Key { expr: sorted(attribute, alias), direction });
        }
        keys
    }

    /// The rows behind a position in the order, or those before it.
    pub(super) fn beyond(&self, plan: &Plan, position: &[Value], forward: bool, alias: &str) -> Condition {
        let keys: Vec<_> = fields(plan).zip(position).collect();
        let uniform = keys.iter().all(|((attribute, order), value)| {
            attribute.required
                && !value.is_null()
                && order.descending == keys.first().is_some_and(|first| first.0.1.descending)
        });
        if let (true, Some(((_, first), _))) = (uniform, keys.first()) {
            // One comparison of row values, which an index answers.
            let left = Expr::tuple(keys.iter().map(|((attribute, _), _)| sorted(attribute, alias)));
            let right =
                Expr::tuple(keys.iter().map(|((attribute, _), value)| self.bound(attribute.kind, value)));
            let test = if forward != first.descending { left.gt(right) } else { left.lt(right) };
            return Condition::all().add(test);
        }
        // a > x or (a = x and (b > y or (b = y and …))), each with its nulls last.
        let mut beyond = Condition::any().add(Expr::cust("1 = 0"));
        let mut equal = Condition::all();
        for ((attribute, order), value) in keys {
            let further = Condition::all()
                .add(equal.clone())
                .add(self.further(attribute, order, value, forward, alias));
            beyond = beyond.add(further);
            let stored = sorted(attribute, alias);
            equal = equal.add(match value {
                Value::Null => stored.is_null(),
                value => stored.eq(self.bound(attribute.kind, value)),
            });
        }
        beyond
    }

    fn further(
        &self,
        attribute: &Attribute,
        order: Order,
        value: &Value,
        forward: bool,
        alias: &str,
    ) -> Condition {
        let stored = || sorted(attribute, alias);
        if value.is_null() {
            return Condition::all().add(if forward { Expr::cust("1 = 0") } else { stored().is_not_null() });
        }
        let bound = self.bound(attribute.kind, value);
        let test = if forward != order.descending { stored().gt(bound) } else { stored().lt(bound) };
        match forward && !attribute.required {
            true => Condition::any().add(test).add(stored().is_null()),
            false => Condition::all().add(test),
        }
    }
}

fn fields(plan: &Plan) -> impl Iterator<Item = (&Attribute, Order)> {
    plan.order.iter().filter_map(|order| Some((plan.object().at(order.field)?, *order)))
}
