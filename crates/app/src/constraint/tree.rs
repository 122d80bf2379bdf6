//! Trees: references without cycles.

use std::{collections::HashMap, sync::Arc};

use kernel::{Code, Permit, Result, Value, Violation, id::TypeId, object::Action};

use crate::{unit_of_work::UnitOfWork, validate::PendingChange};

/// The most levels of a tree.
const LEVELS: usize = 100;

impl UnitOfWork {
    /// Checks that no record is above itself; a violation has the path of the cycle.
    pub(super) async fn check_trees(&mut self, permit: &Permit, pending: &mut [PendingChange]) -> Result<()> {
        let object = Arc::clone(permit.object());
        for field in object.attributes.iter().filter(|field| field.hierarchy) {
            let above = |change: &PendingChange| match change.at(field.index) {
                Value::Id(id) => Some(*id),
                _ => None,
            };
            let placed = pending.iter().filter(|change| change.is_good() && change.differs(field));
            let from: Vec<_> = placed.filter_map(above).collect();
            if from.is_empty() {
                continue;
            }
            let mut tree = HashMap::new();
            for from in from.chunks(1_000) {
                tree.extend(self.transaction.above(permit, field, from, LEVELS).await?);
            }
            for change in pending.iter_mut().filter(|change| change.is_good() && change.differs(field)) {
                let id = change.after.id();
                let mut way = vec![id];
                let mut next = above(change);
                while let Some(at) = next.filter(|_| way.len() <= LEVELS) {
                    way.push(at);
                    next = if at == id { None } else { tree.get(&at).copied().flatten() };
                }
                if way.len() > LEVELS {
                    change.refuse(field, Code::OutOfRange, format!("a tree has at most {LEVELS} levels"));
                } else if way.len() > 1 && way.last() == Some(&id) {
                    let path: Vec<_> = way
                        .iter()
                        .map(|uuid| TypeId { prefix: &object.prefix, uuid: *uuid }.to_string())
                        .collect();
                    let pointer = format!("/{}", field.name);
                    let read = self.actor().permit(&object, Action::Read);
                    let is_seen = match read {
                        Ok(read) => self.transaction.reaches(&read, way.get(1..).unwrap_or_default()).await?,
                        Err(_) => false,
                    };
                    change.violations.push(match is_seen {
                        true => {
                            let detail = format!("{} would lead round: {}", field.name, path.join(" → "));
                            Violation::new(Code::Invalid, pointer, detail).with("path", path)
                        }
                        // The actor may not see the records between.
                        false => {
                            let detail = format!("{} would lead round to the record itself", field.name);
                            Violation::new(Code::Invalid, pointer, detail)
                        }
                    });
                } else {
                    tree.insert(id, above(change));
                }
            }
        }
        Ok(())
    }
}
