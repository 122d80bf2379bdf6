//! The one way to call an operation that writes. Uploads, imports, jobs and the command line's own steps have units of
//! work of their own; all changes of records go through [`UnitOfWork`].

use kernel::{
    Code, Result,
    actor::Actor,
    answer::{Budget, Table},
    plan::{Deleted, Plan},
};
use uuid::Uuid;

use super::{Call, Operation, OperationKind, Produced, Product};
use crate::{Kith, unit_of_work::UnitOfWork};

/// Whether an operation is done, or only tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// What it changes is committed.
    #[default]
    Commit,
    /// It is a dry run: the answer is that of the operation, but nothing is changed.
    DryRun,
}

impl Kith {
    /// Performs an operation in a unit of work. The answer is made inside of it, by `answer`, from what the operation
    /// has produced: what cannot be answered is not done, and what is done is answered as it was committed. `answer` is
    /// called again, for another look at the caller, where the workspace's access has changed meanwhile.
    pub async fn perform<T>(
        &self,
        actor: &Actor,
        operation: &Operation,
        call: &Call,
        mut answer: impl AsyncFnMut(Reading<'_>, Produced) -> Result<T>,
    ) -> Result<T> {
        let OperationKind::Write(write) = &operation.kind else { return Err(Code::UnknownOperation.into()) };
        self.with_retries(actor, async |actor: Actor| {
            let permit = operation.permit(&actor)?;
            if write.needs_version && call.expected_version.is_none() {
                return Err(Code::VersionRequired.into());
            }
            let step = (write.prepare)(&permit, call)?;
            self.in_unit_of_work(&actor, call.mode, async |work| {
                let produced = step(work, &permit).await?;
                answer(Reading::of(work), produced).await
            })
            .await
        })
        .await
    }

    /// Runs `act` in a unit of work. What succeeds is committed, unless it is a dry run; what fails is undone at once,
    /// so that the connection is free again.
    pub(crate) async fn in_unit_of_work<T>(
        &self,
        actor: &Actor,
        mode: Mode,
        act: impl AsyncFnOnce(&mut UnitOfWork) -> Result<T>,
    ) -> Result<T> {
        let mut work = UnitOfWork::begin(self, actor).await?;
        let mut outcome = act(&mut work).await;
        if mode == Mode::DryRun
            && outcome.is_ok()
            && let Err(error) = work.transaction.rehearse().await
        {
            outcome = Err(error);
        }
        match mode {
            Mode::Commit if outcome.is_ok() => work.commit().await?,
            _ => work.roll_back().await?,
        }
        outcome
    }
}

/// What an answer may do with the unit of work that it is made in: read.
pub struct Reading<'a>(&'a mut UnitOfWork);

impl<'a> Reading<'a> {
    pub(crate) fn of(work: &'a mut UnitOfWork) -> Self {
        Self(work)
    }

    /// The actor.
    pub fn actor(&self) -> &Actor {
        self.0.actor()
    }

    /// What a plan reads of a product that is a record, within a budget. A record that is at hand is not read again, only
    /// what its links lead to, with all that the unit of work has changed. None where there is no such record, or the
    /// caller may not see it.
    pub async fn product(
        &mut self,
        plan: &mut Plan,
        product: &Product,
        budget: &Budget,
    ) -> Result<Option<Table>> {
        let transaction = &mut self.0.transaction;
        if let Product::Record(record) = product
            && let Some(mut table) = Table::of(record, plan)
        {
            transaction.read_links(plan, &mut table, budget).await?;
            return Ok(Some(table));
        }
        let Some(id) = product.id() else { return Ok(None) };
        plan.narrow_to(id);
        plan.deleted = Deleted::Include;
        let table = transaction.read(plan, budget).await?;
        Ok((!table.is_empty()).then_some(table))
    }
}

impl UnitOfWork {
    /// Commits.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        if self.queues {
            self.kith.0.queued.notify_one();
        }
        Ok(())
    }

    /// Undoes everything.
    ///
    /// # Errors
    ///
    /// `unauthenticated` if the actor's access has changed: then other errors are not theirs to see.
    pub(crate) async fn roll_back(self) -> Result<()> {
        self.transaction.rollback().await
    }
}

impl Product {
    /// The id of the record that it is.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Record(record) => Some(record.id()),
            Self::Id(id) => Some(*id),
            Self::Text(_) | Self::Nothing => None,
        }
    }
}
