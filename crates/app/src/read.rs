//! Reads: plans, and single records with all their fields.

use kernel::{
    Code, Record, Result,
    actor::Actor,
    answer::{Budget, Table},
    object::Action,
    plan::Plan,
};
use uuid::Uuid;

use crate::Kith;

impl Kith {
    /// A budget for the answer to one request.
    pub fn budget(&self) -> Budget {
        self.database().budget()
    }

    /// Reads what a plan asks for, within the request's budget.
    pub async fn read(&self, plan: &Plan, budget: &Budget) -> Result<Table> {
        self.database().read(plan, budget).await
    }

    /// Reads one record with all that the actor may read of it.
    pub(crate) async fn record(&self, actor: &Actor, object: &str, id: Uuid) -> Result<Record> {
        let permit = actor.permit(self.object(object)?, Action::Read)?;
        let mut plan = Plan::by_id(permit, id);
        plan.all_columns();
        let table = self.read(&plan, &Budget::unlimited()).await?;
        if table.is_empty() {
            return Err(Code::NotFound.into());
        }
        let mut record = Record::new(plan.permit.object().clone());
        for (place, column) in plan.columns.iter().enumerate() {
            if let Some(value) = column.as_field().and_then(|field| record.values.get_mut(field)) {
                *value = table.cell(0, place)?.to_value();
            }
        }
        Ok(record)
    }
}
