//! Flags that one record has at most: marking one unmarks the other, as an ordinary change of it.

use std::{collections::HashSet, sync::Arc};

use kernel::{
    Permit, Record, Result, Value,
    object::{Action, OnlyOne},
    predicate::{Compare, Predicate, Test},
};

use crate::{unit_of_work::UnitOfWork, validate::PendingChange};

impl UnitOfWork {
    /// Takes a flag from the record that has it, whoever may see that one, where another gets it; the last one of several has it.
    pub(super) async fn enforce_only_one(
        &mut self,
        permit: &Permit,
        pending: &mut [PendingChange],
    ) -> Result<()> {
        let object = Arc::clone(permit.object());
        for rule in &object.only_one {
            let group = |change: &PendingChange| rule.within.map(|within| change.at(within).clone());
            let marks = |change: &PendingChange| {
                let is_marked = change.at(rule.flag) == &Value::Boolean(true);
                let fields = std::iter::once(rule.flag).chain(rule.within);
                change.is_good() && is_marked && change.changes(fields) && group(change) != Some(Value::Null)
            };
            let mut groups: Vec<(Option<Value>, usize)> = Vec::new();
            for place in 0..pending.len() {
                let Some(change) = pending.get(place).filter(|change| marks(change)) else { continue };
                let own = group(change);
                match groups.iter_mut().find(|(group, _)| *group == own) {
                    Some((_, last)) => {
                        if let Some(earlier) = pending.get_mut(std::mem::replace(last, place)) {
                            unmark(&mut earlier.after, rule);
                        }
                    }
                    None => groups.push((own, place)),
                }
            }
            if groups.is_empty() {
                continue;
            }
            let ids: HashSet<_> = pending.iter().map(|change| change.after.id()).collect();
            let update = self.system(object.name, Action::Update)?;
            let marked = Predicate::equals(rule.flag, Value::Boolean(true));
            let holds = match rule.within {
                Some(field) => {
                    let compare =
                        Compare::OneOf(groups.iter().filter_map(|(group, _)| group.clone()).collect());
                    Predicate::Field(Test { field, compare }).and(marked)
                }
                None => marked,
            };
            let holders = self.transaction.lock_where(&update, holds).await?;
            let others = holders.into_iter().filter(|holder| !ids.contains(&holder.id()));
            let mut others: Vec<_> = others
                .map(|before| {
                    let mut after = before.clone();
                    unmark(&mut after, rule);
                    PendingChange::new(Some(before), after)
                })
                .collect();
            for unmarked in Box::pin(self.update_all(&update, &mut others)).await? {
                unmarked?;
            }
        }
        Ok(())
    }
}

pub(super) fn unmark(record: &mut Record, rule: &OnlyOne) {
    if let Some(flag) = record.values.get_mut(rule.flag) {
        *flag = Value::Boolean(false);
    }
}
