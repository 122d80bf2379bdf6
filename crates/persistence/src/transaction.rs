//! The database transaction behind a unit of work: changes of records and their events. Nothing can be written
//! without its event, for the same call stages both; dropped before its commit, all is undone.

use std::sync::Arc;

use kernel::{
    Code, Error, Permit, Record, Registry, Result, Value,
    actor::Actor,
    answer::{Budget, Table},
    object::{Action, Attribute, Object},
    plan::{Deleted, Plan},
    predicate::{Compare, Predicate, Test},
    system,
    time::Instant,
};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, LockType, OnConflict, Query};
use uuid::Uuid;

use crate::{
    access,
    bulk::Rows,
    dialect::Dialect,
    lane::Lane,
    last,
    log::{self, Entry, Operation},
    reader,
    sql::{Sql, column, id_column},
    write,
};

/// A transaction in one workspace.
pub struct Transaction {
    lane: Lane,
    registry: Arc<Registry>,
    actor: Actor,
    now: Instant,
    /// Whether the transaction has begun. On PostgreSQL that waits for the first thing that needs it.
    begun: bool,
    /// Rows that nobody has asked for yet, so that they can be written with the events.
    unwritten: Vec<Rows>,
    entries: Vec<Entry>,
    /// The tables whose lock this transaction holds.
    pub(crate) turns: Vec<String>,
}

/// A record as it was or is, and the user it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Owned<'a> {
    /// The record.
    pub record: &'a Record,
    /// Whose it is; events about it are theirs too.
    pub owner: Option<Uuid>,
}

impl Transaction {
    pub(crate) async fn begin(
        lane: Lane,
        registry: Arc<Registry>,
        actor: Actor,
        now: Instant,
    ) -> Result<Self> {
        let (unwritten, entries, turns) = (Vec::new(), Vec::new(), Vec::new());
        let mut transaction = Self { lane, registry, actor, now, begun: false, unwritten, entries, turns };
        if transaction.lane.dialect() == Dialect::Sqlite {
            // What is read here is not to change before it is written.
            transaction.lane().await?;
        }
        Ok(transaction)
    }

    /// The lane, in a transaction that has written everything so far.
    pub(crate) async fn lane(&mut self) -> Result<&mut Lane> {
        if !self.begun {
            self.lane.begin().await?;
            self.begun = true;
        }
        for rows in std::mem::take(&mut self.unwritten) {
            self.lane.insert(rows).await?;
        }
        Ok(&mut self.lane)
    }

    /// Sends what is still unwritten, so that what the database refuses is known before the commit.
    pub async fn flush(&mut self) -> Result<()> {
        self.lane().await.map(drop)
    }

    /// The lane, for reading, with what the transaction has written.
    pub(crate) async fn reading(&mut self) -> Result<&mut Lane> {
        if self.unwritten.is_empty() { Ok(&mut self.lane) } else { self.lane().await }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.lane.dialect()
    }

    /// The actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The instant of the work, never before the last change of what is locked.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Reads what a plan asks for, with what the transaction has written.
    pub async fn read(&mut self, plan: &Plan) -> Result<Table> {
        let registry = Arc::clone(&self.registry);
        let lane = self.reading().await?;
        let sql = Sql::new(&registry, lane.dialect());
        reader::read(lane, &sql, plan, &Budget::unlimited()).await
    }

    /// The records of these ids that the permit reaches, with all their fields, kept from other writers
    /// until the transaction ends. Deleted ones are found where the permit is for deleting and restoring.
    pub async fn lock(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<Vec<Record>> {
        let deleted = if permit.action() == Action::Delete { Deleted::Include } else { Deleted::Exclude };
        let id = |id: &Uuid| Value::Id(*id);
        let compare = Compare::OneOf(ids.iter().map(id).collect());
        let object = permit.object();
        let decides = object.attributes.iter().any(|attribute| attribute.fixed_in_use);
        // Not the key's lock: others may go on referring to the record, even those it is made to refer to. Unless
        // what is about to change may not change while others come to refer to it.
        let lock = match !object.held_by.is_empty() && (decides || permit.action() == Action::Delete) {
            true => LockType::Update,
            false => LockType::NoKeyUpdate,
        };
        let records = self
            .select(permit, Predicate::Field(Test { field: Object::ID, compare }), deleted, Some(lock))
            .await?;
        // The clock of another server, or this one's of yesterday, may be ahead.
        let changed = records.iter().filter_map(|record| record.get(system::UPDATED_AT)).max();
        self.now = self.now.max(changed.unwrap_or(self.now));
        Ok(records)
    }

    /// The records for which a predicate holds, kept from other writers until the transaction ends.
    pub async fn lock_where(&mut self, permit: &Permit, predicate: Predicate) -> Result<Vec<Record>> {
        self.select(permit, predicate, Deleted::Exclude, Some(LockType::NoKeyUpdate)).await
    }

    /// The objects whose records were changed so far.
    pub fn changed(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.entries.iter().map(Entry::object)
    }

    /// The records for which a predicate holds, with all their fields, also those the caller may not read:
    /// rules need them, clients get what the answer's plan may read.
    pub async fn find(&mut self, permit: &Permit, predicate: Predicate) -> Result<Vec<Record>> {
        self.select(permit, predicate, Deleted::Exclude, None).await
    }

    /// The records of these ids, deleted ones too: what a record has referred to for long may be gone. Where they
    /// are held, nobody can delete them until the transaction ends.
    pub async fn find_referenced(
        &mut self,
        permit: &Permit,
        ids: &[Uuid],
        held: bool,
    ) -> Result<Vec<Record>> {
        let compare = Compare::OneOf(ids.iter().map(|id| Value::Id(*id)).collect());
        let lock = held.then_some(LockType::KeyShare);
        self.select(permit, Predicate::Field(Test { field: Object::ID, compare }), Deleted::Include, lock)
            .await
    }

    async fn select(
        &mut self,
        permit: &Permit,
        predicate: Predicate,
        deleted: Deleted,
        lock: Option<LockType>,
    ) -> Result<Vec<Record>> {
        let mut plan = Plan::new(permit.clone());
        plan.columns = (0..permit.object().attributes.len()).collect();
        plan.predicate = predicate;
        plan.deleted = deleted;
        plan.page.limit = u32::MAX;
        let sql = Sql::new(&self.registry, self.lane.dialect());
        let mut statement = sql.root(&plan);
        if let (Some(lock), true) = (lock, self.lane.dialect().locks_rows()) {
            statement.lock(lock);
        }
        let lane = if lock.is_some() { self.lane().await? } else { self.reading().await? };
        let rows = lane.rows(&statement).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            let (mut values, mut index) = (Vec::with_capacity(plan.columns.len()), 0);
            for attribute in &permit.object().attributes {
                values.push(row.cell(index, attribute)?.to_value());
                index += reader::width(attribute);
            }
            records.push(Record { object: Arc::clone(permit.object()), values });
        }
        Ok(records)
    }

    /// Whether every one of these records can still be reached by the permit: what a caller writes must not
    /// end up out of its own sight.
    pub async fn reaches(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<bool> {
        if permit.only_of().is_none() {
            return Ok(true);
        }
        let sql = Sql::new(&self.registry, self.lane.dialect());
        let mut select = Query::select();
        select.expr(column("r", id_column())).from_as(Alias::new(&permit.object().table), Alias::new("r"));
        select.cond_where(sql.visible(permit, Deleted::Include, "r"));
        select.and_where(column("r", id_column()).is_in(ids.iter().copied()));
        Ok(self.reading().await?.rows(&select).await?.len() == ids.len())
    }

    /// Creates records of one object.
    pub async fn insert(&mut self, permit: &Permit, records: &[Owned<'_>]) -> Result<()> {
        self.expect(permit, Action::Create)?;
        let object = permit.object();
        let dialect = self.lane.dialect();
        let rows = write::insert(dialect, permit, records.iter().map(|owned| owned.record));
        self.unwritten.extend(rows.into_iter().filter(|rows| !rows.is_empty()));
        for owned in records {
            self.entries.push(Entry::new(object, Operation::Create, None, owned));
        }
        Ok(())
    }

    /// Changes records of one object; their versions must still be those that were read.
    pub async fn update(&mut self, permit: &Permit, changes: &[(&Record, Owned<'_>)]) -> Result<()> {
        self.expect(permit, Action::Update)?;
        self.replace(permit, Operation::Update, changes).await
    }

    /// Deletes or restores a record: sets or clears when it was deleted.
    pub async fn delete(&mut self, permit: &Permit, before: &Record, after: &Owned<'_>) -> Result<()> {
        self.expect(permit, Action::Delete)?;
        let operation = match after.record.get(system::DELETED_AT) {
            Some(_) => Operation::Delete,
            None => Operation::Restore,
        };
        self.replace(permit, operation, &[(before, *after)]).await
    }

    async fn replace(
        &mut self,
        permit: &Permit,
        operation: Operation,
        changes: &[(&Record, Owned<'_>)],
    ) -> Result<()> {
        let lane = self.lane().await?;
        let dialect = lane.dialect();
        let pairs: Vec<_> = changes.iter().map(|(before, after)| (*before, after.record)).collect();
        for (statement, expected) in write::update(dialect, permit, &pairs) {
            let found = lane.execute(&statement).await?;
            if usize::try_from(found).map_err(Error::internal)? != expected {
                return Err(Code::VersionConflict.into());
            }
        }
        for list in write::relist(dialect, permit, &pairs) {
            if let Some(delete) = list.delete {
                lane.execute(&delete).await?;
            }
            lane.insert(list.insert).await?;
        }
        let entries =
            changes.iter().map(|(before, after)| Entry::new(permit.object(), operation, Some(before), after));
        self.entries.extend(entries);
        Ok(())
    }

    fn expect(&self, permit: &Permit, action: Action) -> Result<()> {
        let same = permit.action() == action && permit.workspace() == self.actor.workspace;
        if same { Ok(()) } else { Err(Error::internal("the permit is for something else")) }
    }

    /// Gives out so many numbers of a named sequence of the workspace, and says which is the first.
    pub async fn take_numbers(&mut self, name: &str, count: usize) -> Result<i64> {
        self.take_turns(name, count).await.map(|(first, _)| first)
    }

    /// Gives out numbers, and the instant of all of them: now, or the sequence's last one where that is later.
    async fn take_turns(&mut self, name: &str, count: usize) -> Result<(i64, Instant)> {
        let count = i64::try_from(count).map_err(Error::internal)?;
        let kept = |name: &str| Expr::col((Alias::new("counters"), Alias::new(name)));
        let dialect = self.lane.dialect();
        let now = || Expr::value(dialect.instant(self.now));
        let mut insert = Query::insert();
        insert.into_table(Alias::new("counters"));
        insert.columns(["workspace_id", "name", "value", "at"].map(Alias::new));
        insert.values_panic([self.actor.workspace.into(), name.into(), count.into(), now()]);
        let mut conflict = OnConflict::columns(["workspace_id", "name"].map(Alias::new));
        conflict.value(Alias::new("value"), kept("value").add(count));
        let last = Func::coalesce([kept("at"), now()]);
        conflict.value(Alias::new("at"), dialect.greatest(last.into(), now()));
        insert.on_conflict(conflict).returning(Query::returning().columns(["value", "at"].map(Alias::new)));
        let rows = self.lane().await?.rows(&insert).await?;
        let row = rows.first().ok_or_else(|| Error::internal("no number was given out"))?;
        let last: i64 = row.get(0)?;
        Ok((last - count + 1, row.instant(1)?.unwrap_or(self.now)))
    }

    /// Which of these values of a field, or keys of a list's items, live records of the object already have: the
    /// value in the form in which it is compared, and the record's id.
    pub async fn taken(
        &mut self,
        permit: &Permit,
        attribute: &Attribute,
        keys: &[Vec<Value>],
    ) -> Result<Vec<(Vec<String>, Uuid)>> {
        let dialect = self.lane.dialect();
        let Some(select) = write::taken(dialect, permit, attribute, keys) else { return Ok(Vec::new()) };
        let mut taken = Vec::new();
        for row in self.reading().await?.rows(&select).await? {
            let width = keys.first().map_or(1, Vec::len);
            let key = (1..=width).map(|place| row.get::<String>(place)).collect::<Result<Vec<_>>>()?;
            taken.push((key, row.get(0)?));
        }
        Ok(taken)
    }

    /// Writes what is still unwritten, the events and their numbers, and makes everything durable. Gives the last
    /// event's number, or none where nothing was changed.
    pub async fn commit(mut self) -> Result<Option<i64>> {
        let entries = std::mem::take(&mut self.entries);
        match self.finish(entries).await {
            Ok(last) => Ok(last),
            Err(error) => {
                let abandoned = self.abandon().await;
                if matches!(error.code, Code::Unavailable | Code::Timeout) {
                    // Only the answer may have been lost, and not what it answered.
                    return Err(error.in_doubt());
                }
                // Where the access has changed, that is what stood in the way.
                abandoned?;
                Err(error)
            }
        }
    }

    async fn finish(&mut self, entries: Vec<Entry>) -> Result<Option<i64>> {
        if entries.is_empty() {
            self.check_access().await?;
            return self.make_durable().await.map(|()| None);
        }
        let epoch = match entries.iter().any(Entry::governs_access) {
            true => {
                let epoch = self.raise_epoch().await?;
                self.keep_a_way_in().await?;
                epoch
            }
            false => self.actor.epoch,
        };
        let last = match self.lane.dialect() {
            Dialect::Postgres if last::suffices(&self.unwritten, entries.len(), log::COLUMNS.len()) => {
                self.tell_at_once(entries, epoch).await?
            }
            _ => self.tell(entries, epoch).await?,
        };
        self.make_durable().await.map(|()| Some(last))
    }

    async fn make_durable(&mut self) -> Result<()> {
        if self.begun {
            self.lane.commit().await?;
            self.begun = false;
        }
        Ok(())
    }

    /// Writes the events. The counter's row is held until the commit is on disk, so it is the last thing asked for;
    /// and whoever has ended a credential before has committed once it is held.
    async fn tell(&mut self, entries: Vec<Entry>, epoch: Option<i64>) -> Result<i64> {
        let count = entries.len();
        let (first, at) = self.take_turns("seq", count).await?;
        access::check(&mut self.lane, self.actor.workspace, epoch).await?;
        let rows = log::events(self.lane.dialect(), &self.actor, at, first, entries)?;
        self.lane.insert(rows).await?;
        Ok(first + i64::try_from(count).map_err(Error::internal)? - 1)
    }

    /// Writes the events and everything unwritten in one statement.
    async fn tell_at_once(&mut self, entries: Vec<Entry>, epoch: Option<i64>) -> Result<i64> {
        let dialect = self.lane.dialect();
        let events = log::events(dialect, &self.actor, self.now, 1, entries)?;
        let rows = std::mem::take(&mut self.unwritten);
        let (sql, values) = last::last(self.actor.workspace, dialect.instant(self.now), epoch, rows, events)?;
        let told = self.lane.rows_of(sql, values).await?;
        told.last().ok_or_else(|| Error::internal("no event was written"))?.get(0)
    }

    /// Undoes everything, so that the lane can be used again at once.
    ///
    /// # Errors
    ///
    /// Where the actor's access has changed: then whatever went wrong is not theirs to know.
    pub async fn abandon(mut self) -> Result<()> {
        if self.lane.is_in_transaction() {
            self.lane.rollback().await?;
        }
        self.check_access().await
    }

    async fn check_access(&mut self) -> Result<()> {
        access::check(&mut self.lane, self.actor.workspace, self.actor.epoch).await
    }
}

/// The owner of a record by its own field, if it has one.
pub fn owner_of(object: &Object, record: &Record) -> Option<Uuid> {
    match object.ownership {
        kernel::object::Ownership::Field(name) => match record.value(name) {
            Value::Id(id) => Some(*id),
            _ => None,
        },
        _ => None,
    }
}
