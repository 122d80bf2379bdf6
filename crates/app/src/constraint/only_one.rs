//! Flags that one record has at most: marking one unmarks the other, as an ordinary change of it.

use std::{collections::HashSet, sync::Arc};

use kernel::{
    Permit, Record, Result, Value,
    object::{Action, OnlyOne, key_texts},
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
            let holds = held(rule, groups.iter().filter_map(|(group, _)| group.clone()));
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

    /// Takes a flag from records that come back where another has it by now.
    pub(super) async fn give_up_flags(
        &mut self,
        permit: &Permit,
        pending: &mut [PendingChange],
    ) -> Result<()> {
        let object = Arc::clone(permit.object());
        for rule in &object.only_one {
            let group = |record: &Record| {
                rule.within.and_then(|within| record.values.get(within)).cloned().unwrap_or_default()
            };
            let key = |record: &Record| key_texts(&[group(record)]);
            let marks = |change: &PendingChange| change.at(rule.flag) == &Value::Boolean(true);
            let groups: Vec<_> =
                pending.iter().filter(|change| marks(change)).map(|change| group(&change.after)).collect();
            if groups.is_empty() {
                continue;
            }
            let read = self.system(object.name, Action::Read)?;
            let mut taken = HashSet::new();
            for groups in groups.chunks(1_000) {
                let holders = self.transaction.find(&read, held(rule, groups.iter().cloned())).await?;
                taken.extend(holders.iter().map(key));
            }
            for change in pending.iter_mut().filter(|change| marks(change)) {
                if !taken.insert(key(&change.after)) {
                    unmark(&mut change.after, rule);
                }
            }
        }
        Ok(())
    }
}

/// The records that have the flag, of these groups if there are groups.
fn held(rule: &OnlyOne, groups: impl Iterator<Item = Value>) -> Predicate {
    let marked = Predicate::equals(rule.flag, Value::Boolean(true));
    match rule.within {
        Some(field) => {
            Predicate::Field(Test { field, compare: Compare::OneOf(groups.collect()) }).and(marked)
        }
        None => marked,
    }
}

fn unmark(record: &mut Record, rule: &OnlyOne) {
    if let Some(flag) = record.values.get_mut(rule.flag) {
        *flag = Value::Boolean(false);
    }
}
