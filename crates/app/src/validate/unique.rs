//! Unique values: none that is taken, and none twice.

use std::collections::HashMap;

use kernel::{
    Code, Permit, Result, Value,
    error::Violation,
    id::TypeId,
    object::{Action, Attribute, key_texts},
};
use uuid::Uuid;

use super::PendingChange;
use crate::unit_of_work::UnitOfWork;

impl UnitOfWork {
    /// Checks that unique values are free; a violation has the holder's id where the actor can see it.
    pub(crate) async fn check_unique(
        &mut self,
        permit: &Permit,
        pending: &mut [PendingChange],
    ) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        for attribute in object.attributes.iter().filter(|attribute| !attribute.serial) {
            let keys: Vec<Vec<Vec<Value>>> = pending
                .iter()
                .map(|change| match change.differs(attribute) || change.is_restored() {
                    true => attribute.unique_keys(change.after.value(attribute.name)),
                    false => Vec::new(),
                })
                .collect();
            let all: Vec<_> = keys.iter().flatten().cloned().collect();
            if all.is_empty() {
                continue;
            }
            let mut taken = HashMap::new();
            for keys in all.chunks(500) {
                taken.extend(self.transaction.taken(permit, attribute, keys).await?);
            }
            for (change, keys) in pending.iter_mut().zip(keys) {
                let id = change.after.id();
                for (position, key) in keys.iter().enumerate() {
                    // Within one batch the first one gets it.
                    let holder = *taken.entry(key_texts(key)).or_insert(id);
                    if holder != id {
                        let violation = self.not_unique(permit, attribute, position, holder).await?;
                        change.violations.push(violation);
                    }
                }
            }
        }
        Ok(())
    }

    async fn not_unique(
        &mut self,
        permit: &Permit,
        attribute: &Attribute,
        position: usize,
        holder: Uuid,
    ) -> Result<Violation> {
        let pointer = match attribute.list() {
            Some(_) => format!("/{}/{position}", attribute.name),
            None => format!("/{}", attribute.name),
        };
        let detail = format!("another {} has this {}", permit.object().name, attribute.name);
        self.with_holder(permit, Violation::new(Code::NotUnique, pointer, detail), holder).await
    }

    /// Adds the holder's id to a violation, where the actor can see that record.
    pub(crate) async fn with_holder(
        &mut self,
        permit: &Permit,
        violation: Violation,
        holder: Uuid,
    ) -> Result<Violation> {
        let object = permit.object();
        let visible = match self.actor().permit(object, Action::Read) {
            Ok(permit) => self.transaction.reaches(&permit, &[holder]).await?,
            Err(_) => false,
        };
        let id = TypeId { prefix: &object.prefix, uuid: holder }.to_string();
        Ok(if visible { violation.with("existingId", id) } else { violation })
    }
}
