//! Plans whose rows are groups of records: what the records of a group have in common, and measures of them.

use super::{Column, MAX_KEYS, Page, Plan};
use crate::{
    error::{Code, Error, Result},
    permit::Permit,
};

/// The most columns of a plan of groups, those that come along with others among them.
pub const MAX_GROUP_COLUMNS: usize = 20;

/// One key of the order of groups. Groups without a value come last, whichever the direction. Amounts are ordered by
/// their currency first, an average by what floating point knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GroupOrder {
    /// The column's place in the plan.
    pub place: usize,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Plan {
    /// The groups of the records that the caller may see, by the columns that are not measures; without such columns all
    /// records are one group. With a column that is an amount without its currency, or a measure of amounts, comes the
    /// currency. The order names columns, the greatest first where marked; what it leaves open the other columns decide.
    ///
    /// Groups have no cursors: a page has the first ones.
    ///
    /// # Errors
    ///
    /// A field may not be read, or cannot be grouped by or measured so; there are too many columns; the order names a
    /// column that is not read.
    pub fn grouped(permit: Permit, columns: &[Column], order: &[(Column, bool)], limit: u32) -> Result<Self> {
        let refused = |detail: String| Err(Error::new(Code::InvalidParameter, detail));
        let mut plan = Self { columns: Vec::new(), order: Vec::new(), ..Self::new(permit) };
        for column in columns.iter().take(MAX_GROUP_COLUMNS + 1) {
            column.check(&plan.permit)?;
            plan.add(*column);
            if let Column::Amount(field) | Column::Measure(field, _) = *column
                && plan.object().at(field).is_some_and(|attribute| attribute.currency().is_some())
            {
                plan.add(Column::Currency(field));
            }
        }
        if plan.columns.is_empty() || plan.columns.len() > MAX_GROUP_COLUMNS {
            return refused(format!("groups have from 1 to {MAX_GROUP_COLUMNS} columns"));
        }
        if order.len() > MAX_KEYS {
            return refused(format!("an order has at most {MAX_KEYS} columns"));
        }
        let mut keys = Vec::with_capacity(plan.columns.len());
        for (column, descending) in order {
            let Some(place) = plan.place(column) else {
                return refused("groups are ordered by columns that are read".to_owned());
            };
            keys.push(GroupOrder { place, descending: *descending });
        }
        for (place, column) in plan.columns.iter().enumerate() {
            if !column.is_measure() && keys.iter().all(|key| key.place != place) {
                keys.push(GroupOrder { place, descending: false });
            }
        }
        plan.page = Page { look_ahead: true, ..Page::first(limit) };
        plan.groups = Some(keys);
        Ok(plan)
    }

    /// The place of a column that is read.
    pub fn place(&self, column: &Column) -> Option<usize> {
        self.columns.iter().position(|known| known == column)
    }

    /// Whether its rows are groups of records.
    pub fn is_grouped(&self) -> bool {
        self.groups.is_some()
    }

    fn add(&mut self, column: Column) {
        if self.place(&column).is_none() {
            self.columns.push(column);
        }
    }
}
