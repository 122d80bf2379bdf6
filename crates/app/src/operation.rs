//! The standard operations of every object, once: get and list are plans, the others change one record.

use kernel::{
    Code, Record, Result,
    actor::Actor,
    answer::{Budget, Table},
    input::{self, Purpose},
    object::{Action, Object},
    plan::Plan,
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{Kith, unit_of_work::UnitOfWork};

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

    /// Creates a record.
    pub async fn create(&self, actor: &Actor, object: &str, input: &Map<String, Json>) -> Result<Record> {
        let object = self.standard(object, Action::Create)?;
        let create = |actor: Actor| async move {
            let permit = actor.permit(object, Action::Create)?;
            let values = input::read(&permit, Purpose::Create, input);
            let mut work = UnitOfWork::begin(self, &actor).await?;
            let created = work.create(&permit, values).await;
            finish(work, created).await
        };
        self.with_retries(actor, create).await
    }

    /// Changes a record by JSON Merge Patch (RFC 7396), and the items of its lists one by one.
    pub async fn update(
        &self,
        actor: &Actor,
        object: &str,
        id: Uuid,
        expected: Option<i64>,
        input: &Map<String, Json>,
    ) -> Result<Record> {
        let object = self.standard(object, Action::Update)?;
        let update = |actor: Actor| async move {
            let permit = actor.permit(object, Action::Update)?;
            let input = input::read(&permit, Purpose::Update, input);
            let mut work = UnitOfWork::begin(self, &actor).await?;
            let updated = async {
                work.lock_contended(&permit, &input.values).await?;
                let before = work.lock(&permit, id, expected).await?;
                work.update(&permit, before, input).await
            };
            let updated = updated.await;
            finish(work, updated).await
        };
        self.with_retries(actor, update).await
    }

    /// Deletes a record; it can be restored for 30 days.
    pub async fn delete(
        &self,
        actor: &Actor,
        object: &str,
        id: Uuid,
        expected: Option<i64>,
    ) -> Result<Record> {
        let object = self.standard(object, Action::Delete)?;
        let delete = |actor: Actor| async move {
            let permit = actor.permit(object, Action::Delete)?;
            let mut work = UnitOfWork::begin(self, &actor).await?;
            let deleted = work.delete(&permit, id, expected).await;
            finish(work, deleted).await
        };
        self.with_retries(actor, delete).await
    }

    /// Restores a deleted record.
    pub async fn restore(
        &self,
        actor: &Actor,
        object: &str,
        id: Uuid,
        expected: Option<i64>,
    ) -> Result<Record> {
        let object = self.standard(object, Action::Delete)?;
        let restore = |actor: Actor| async move {
            let permit = actor.permit(object, Action::Delete)?;
            let mut work = UnitOfWork::begin(self, &actor).await?;
            let restored = work.restore(&permit, id, expected).await;
            finish(work, restored).await
        };
        self.with_retries(actor, restore).await
    }

    /// The object, if it has this standard operation.
    fn standard(&self, object: &str, action: Action) -> Result<&std::sync::Arc<Object>> {
        let object = self.object(object)?;
        if object.allows(action) { Ok(object) } else { Err(Code::UnknownOperation.into()) }
    }
}

/// Commits what succeeded; undoes what did not, so that the connection is free again.
pub(crate) async fn finish<T>(work: UnitOfWork, outcome: Result<T>) -> Result<T> {
    match outcome {
        Ok(value) => work.commit().await.map(|()| value),
        Err(error) => {
            work.transaction.rollback().await?;
            Err(error)
        }
    }
}
