//! Records in use: while others refer to them they are not deleted, and some of their fields stay.

use std::sync::Arc;

use kernel::{Code, Error, Permit, Result, Violation, reference::OnDelete, time::Instant};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    deletion::{DAY_MICROS, RESTORABLE_DAYS},
    unit_of_work::UnitOfWork,
    validate::PendingChange,
};

impl UnitOfWork {
    /// Checks that fields stay that the records referring to a record depend on.
    pub(super) async fn check_in_use(
        &mut self,
        permit: &Permit,
        pending: &mut [PendingChange],
    ) -> Result<()> {
        let object = Arc::clone(permit.object());
        for field in object.attributes.iter().filter(|field| field.fixed_in_use) {
            for change in pending.iter_mut().filter(|change| change.before.is_some() && change.differs(field))
            {
                // A deleted record that can be restored would refer to it again.
                let since = Instant(self.now().0.saturating_sub(RESTORABLE_DAYS * DAY_MICROS));
                let referring = self.referring(permit, &[change.after.id()], Some(since)).await?;
                if !referring.is_empty() {
                    let detail =
                        format!("{} stays while {} refer to the record", field.name, told(&referring));
                    let violation = Violation::new(Code::IllegalState, format!("/{}", field.name), detail);
                    change.violations.push(violation.with("referring", referring));
                }
            }
        }
        Ok(())
    }

    /// Refuses to delete records while others refer to them.
    pub(crate) async fn check_not_referred_to(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<()> {
        let referring = self.referring(permit, ids, None).await?;
        if referring.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "{} refer to the {}; delete or change them first",
            told(&referring),
            permit.object().name
        );
        Err(Error::new(Code::IllegalState, detail).with("referring", referring))
    }

    /// The numbers of records that refer to some and keep them from being deleted, by their objects.
    async fn referring(
        &mut self,
        permit: &Permit,
        ids: &[Uuid],
        since: Option<Instant>,
    ) -> Result<Map<String, Json>> {
        let mut referring = Map::new();
        for referrer in permit.object().referrers(OnDelete::Restrict) {
            let object = Arc::clone(self.kith.object(referrer.object)?);
            let Some(field) = object.at(referrer.field) else { continue };
            let count = self.transaction.referring(permit, &object, field, ids, since).await?;
            if count > 0 {
                referring.insert(object.plural.to_owned(), json!(count));
            }
        }
        Ok(referring)
    }
}

/// “2 deals and 1 task”.
fn told(referring: &Map<String, Json>) -> String {
    referring.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(" and ")
}
