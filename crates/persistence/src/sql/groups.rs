//! Groups of records: an inner statement has what each record adds to its group, an outer one groups and measures.

use kernel::{
    field::Kind,
    object::Attribute,
    plan::{Column, GroupOrder, Measure, Plan},
};
use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait, JoinType, Order as Direction, Query, SelectStatement,
};

use super::{
    Sql, column,
    period::first_day,
    select::{ROWS, limit},
};
use crate::{access, reader::sums::HALF};

/// The lower half of a whole number.
const LOWER: u64 = (1 << HALF) - 1;
/// The alias of what the records add.
const ADDED: &str = "g";

/// A column of the inner statement: a value as it is shown, the form in which it is compared, or a currency.
fn value(place: usize) -> String {
    format!("v{place}")
}
fn form(place: usize) -> String {
    format!("f{place}")
}
fn currency(place: usize) -> String {
    format!("c{place}")
}

/// Text of an expression over a column of the inner statement: `{}` stands for the column.
fn over(text: &str, name: &str) -> Expr {
    Expr::cust(text.replace("{}", &format!("\"{ADDED}\".\"{name}\"")))
}

impl Sql<'_> {
    /// The first groups in their order.
    pub(super) fn page_of_groups(&self, plan: &Plan, order: &[GroupOrder]) -> SelectStatement {
        let mut select = self.groups(plan);
        if let Some(epoch) = plan.permit.epoch() {
            // Of no records there is a count, so it is not asked of the records.
            select.and_having(access::lasts(plan.permit.workspace(), epoch));
        }
        for key in order {
            let Some(column) = plan.columns.get(key.place) else { continue };
            for (position, expr) in ranked(plan, *column, key.place).into_iter().enumerate() {
                if position == 0 {
                    select.order_by_expr(expr.clone().is_null(), Direction::Asc);
                }
                select.order_by_expr(expr, if key.descending { Direction::Desc } else { Direction::Asc });
            }
        }
        select.limit(limit(plan));
        select
    }

    /// All groups, with the columns as the reader expects them.
    pub(super) fn groups(&self, plan: &Plan) -> SelectStatement {
        let mut select = Query::select();
        for (place, column) in plan.columns.iter().enumerate() {
            select.exprs(shown(plan, *column, place));
            if !column.is_measure() {
                select.add_group_by(
                    keys(plan, *column, place).into_iter().map(|name| self::column(ADDED, &name)),
                );
            }
        }
        select.from_subquery(self.added(plan), Alias::new(ADDED));
        select
    }

    /// What each record adds to its group.
    fn added(&self, plan: &Plan) -> SelectStatement {
        let mut select = Query::select();
        select.expr(Expr::cust("1")).from_as(Alias::new(&plan.object().table), Alias::new(ROWS));
        for (place, column) in plan.columns.iter().enumerate() {
            self.add(&mut select, plan, *column, place);
        }
        select.cond_where(self.matching(plan));
        select
    }

    fn add(&self, select: &mut SelectStatement, plan: &Plan, of: Column, place: usize) {
        let Some(attribute) = of.source().and_then(|field| plan.object().at(field)) else { return };
        let stored = |name: &str| column(ROWS, name);
        let main = match of {
            Column::Item(_, member) => {
                if let Some(member) = attribute.members.get(member) {
                    self.add_items(select, plan, attribute, member, place);
                }
                return;
            }
            Column::Period(_, period, zone) => {
                let name = format!("\"{ROWS}\".\"{}\"", attribute.column);
                Expr::cust(first_day(self.dialect, &name, attribute.kind, period, zone))
            }
            Column::Currency(_) => stored(attribute.currency().unwrap_or(&attribute.column)),
            Column::Measure(_, Measure::CountDistinct) => stored(attribute.compared()),
            _ => stored(&attribute.column),
        };
        select.expr_as(main, Alias::new(value(place)));
        if let Column::Field(_) = of {
            if let Some(folded) = attribute.folded() {
                select.expr_as(stored(folded), Alias::new(form(place)));
            }
            if let Some(name) = attribute.currency() {
                select.expr_as(stored(name), Alias::new(currency(place)));
            }
        }
    }

    /// The different values of a member in the items of each record.
    fn add_items(
        &self,
        select: &mut SelectStatement,
        plan: &Plan,
        attribute: &Attribute,
        member: &Attribute,
        place: usize,
    ) {
        let Some(list) = attribute.list() else { return };
        let (inner, items) = (self.alias(), format!("i{place}"));
        let stored = |name: &str| column(&inner, name);
        let mut pairs = self.exists_in(list.table, plan.permit.workspace(), &inner);
        pairs.clear_selects().expr(stored("record_id"));
        if list.shared {
            pairs.and_where(stored("object").eq(plan.object().name));
        }
        match member.folded() {
            Some(folded) => {
                let first = Expr::cust(format!("min(\"{inner}\".\"{}\")", member.column));
                pairs.expr_as(first, Alias::new(value(place)));
                pairs.expr_as(stored(folded), Alias::new(form(place)));
                pairs.add_group_by([stored("record_id"), stored(folded)]);
                select.expr_as(column(&items, &form(place)), Alias::new(form(place)));
            }
            None => {
                pairs.distinct().expr_as(stored(&member.column), Alias::new(value(place)));
            }
        }
        select.expr_as(column(&items, &value(place)), Alias::new(value(place)));
        let of_record = Condition::all().add(column(&items, "record_id").eq(column(ROWS, "id")));
        select.join_subquery(JoinType::LeftJoin, pairs, Alias::new(&items), of_record);
    }
}

/// The columns of the inner statement that tell the groups apart, in the order in which values are compared.
fn keys(plan: &Plan, column: Column, place: usize) -> Vec<String> {
    match column.shown(plan.object()) {
        Some(attribute) if attribute.is_folded() => vec![form(place)],
        Some(attribute) if attribute.currency().is_some() => vec![currency(place), value(place)],
        _ => vec![value(place)],
    }
}

/// What a group shows of a column.
fn shown(plan: &Plan, column: Column, place: usize) -> Vec<Expr> {
    let name = value(place);
    let Column::Measure(_, measure) = column else {
        return match column.shown(plan.object()) {
            _ if column == Column::Count => vec![Expr::cust("count(*)")],
            Some(attribute) if attribute.is_folded() => vec![over("min({})", &name)],
            Some(attribute) if attribute.currency().is_some() => {
                vec![over("{}", &name), over("{}", &currency(place))]
            }
            _ => vec![over("{}", &name)],
        };
    };
    let mut shown = match measure {
        Measure::CountDistinct => vec![over("count(DISTINCT {})", &name)],
        Measure::Min => vec![over("min({})", &name)],
        Measure::Max => vec![over("max({})", &name)],
        Measure::Sum => halves().map(|half| over(&half, &name)).into(),
        Measure::Average => {
            let [upper, lower] = halves();
            [upper, lower, "count({})".to_owned()].map(|text| over(&text, &name)).into()
        }
    };
    shown.extend(measured_currency(plan, column));
    shown
}

/// The sums of the upper and of the lower halves of whole numbers.
fn halves() -> [String; 2] {
    [format!("CAST(sum({{}} >> {HALF}) AS bigint)"), format!("CAST(sum({{}} & {LOWER}) AS bigint)")]
}

/// What the groups are ordered by. A number of one currency says nothing beside that of another.
fn ranked(plan: &Plan, column: Column, place: usize) -> Vec<Expr> {
    let name = value(place);
    let currency = measured_currency(plan, column);
    let numbers = match column {
        Column::Measure(_, Measure::Sum) => {
            // What the lower halves carry belongs to the upper ones.
            let [upper, lower] = halves();
            let texts = [format!("{upper} + ({lower} >> {HALF})"), format!("{lower} & {LOWER}")];
            texts.iter().map(|text| over(text, &name)).collect()
        }
        Column::Measure(_, Measure::Average) => {
            let [upper, lower] = halves().map(|half| format!("CAST({half} AS double precision)"));
            vec![over(&format!("({upper} * {}.0 + {lower}) / count({{}})", LOWER + 1), &name)]
        }
        column if column.is_measure() => shown(plan, column, place).into_iter().take(1).collect(),
        column => keys(plan, column, place).iter().map(|name| self::column(ADDED, name)).collect(),
    };
    currency.into_iter().chain(numbers).collect()
}

/// The currency of a measure of amounts: the records of a group have one.
fn measured_currency(plan: &Plan, column: Column) -> Option<Expr> {
    let (Column::Measure(field, _), Some(Kind::Money)) = (column, column.kind(plan.object())) else {
        return None;
    };
    plan.place(&Column::Currency(field)).map(|place| over("{}", &value(place)))
}
