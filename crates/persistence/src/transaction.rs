//! The database transaction behind a unit of work: changes of records and their events. Nothing can be written
//! without its event, for the same call stages both; dropped before its commit, all is undone.

mod commit;

use std::sync::Arc;

use kernel::{
    Code, Error, Permit, Record, Registry, Result, Value,
    actor::Actor,
    answer::{Budget, Table},
    object::{Action, Attribute, Object},
    plan::{Column, Deleted, Order, Page, Plan},
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
    log::Entry,
    pool::PooledConnection,
    reader,
    sql::{Sql, column, id_column},
    write,
};

/// The lock of records that are about to change or be deleted. Not the key's lock, which would wait for foreign keys:
/// those are looked at when the workspace's counter is locked, and this transaction may be waiting for that.
pub(crate) const FOR_CHANGE: LockType = LockType::NoKeyUpdate;

/// The lock of records on which others begin to depend. It waits for changes, and they wait for it.
const FOR_DEPENDING: LockType = LockType::Share;

/// The unit of instants in use, in that of their values.
const MILLISECOND: i64 = 1_000;

/// A transaction in one workspace.
pub struct Transaction {
    connection: PooledConnection,
    registry: Arc<Registry>,
    actor: Actor,
    now: Instant,
    /// Whether it has begun. On PostgreSQL it begins with the first statement that needs it.
    begun: bool,
    /// Staged rows that no statement has needed yet, so that they can be written with the events.
    unwritten: Vec<Rows>,
    entries: Vec<Entry>,
    /// The tables whose lock this transaction holds.
    pub(crate) locked_tables: Vec<String>,
}

/// A record and its owner.
#[derive(Clone, Copy, Debug)]
pub struct Owned<'a> {
    /// The record.
    pub record: &'a Record,
    /// Its owner, who owns the events about it too.
    pub owner: Option<Uuid>,
    /// Its owner before the change.
    pub owner_before: Option<Uuid>,
    /// The record whose change in this transaction caused this one.
    pub cause: Option<Uuid>,
}

impl Transaction {
    pub(crate) async fn begin(
        connection: PooledConnection,
        registry: Arc<Registry>,
        actor: Actor,
        now: Instant,
    ) -> Result<Self> {
        let (unwritten, entries, locked_tables) = (Vec::new(), Vec::new(), Vec::new());
        let mut transaction =
            Self { connection, registry, actor, now, begun: false, unwritten, entries, locked_tables };
        if transaction.connection.dialect() == Dialect::Sqlite {
            // What it reads must not change before it writes.
            transaction.connection().await?;
        }
        Ok(transaction)
    }

    /// The connection, inside the transaction, with all staged rows flushed.
    pub(crate) async fn connection(&mut self) -> Result<&mut PooledConnection> {
        if !self.begun {
            self.connection.begin().await?;
            self.begun = true;
        }
        for rows in std::mem::take(&mut self.unwritten) {
            self.connection.insert(rows).await?;
        }
        Ok(&mut self.connection)
    }

    /// Writes the staged rows, so that what the database refuses is known before the commit.
    pub async fn flush(&mut self) -> Result<()> {
        self.connection().await.map(drop)
    }

    /// The connection for reading, with all staged rows flushed.
    pub(crate) async fn read_connection(&mut self) -> Result<&mut PooledConnection> {
        if self.unwritten.is_empty() { Ok(&mut self.connection) } else { self.connection().await }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    /// The actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The instant of all changes, never before the last change of a locked record.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Reads what a plan asks for, with what the transaction has written, within a budget.
    pub async fn read(&mut self, plan: &Plan, budget: &Budget) -> Result<Table> {
        let registry = Arc::clone(&self.registry);
        let connection = self.read_connection().await?;
        let sql = Sql::new(&registry, connection.dialect());
        reader::read(connection, &sql, plan, budget).await
    }

    /// Reads what the plan's links lead to from records that are at hand.
    pub async fn read_links(&mut self, plan: &Plan, table: &mut Table, budget: &Budget) -> Result<()> {
        if plan.children.is_empty() {
            return Ok(());
        }
        let registry = Arc::clone(&self.registry);
        let connection = self.read_connection().await?;
        let sql = Sql::new(&registry, connection.dialect());
        reader::read_children(connection, &sql, plan, budget, table).await
    }

    /// Locks the records of these ids that the permit reaches, until the transaction ends. Deleted ones are found if
    /// the permit is for deleting and restoring.
    pub async fn lock(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<Vec<Record>> {
        let deleted = if permit.action() == Action::Delete { Deleted::Include } else { Deleted::Exclude };
        let id = |id: &Uuid| Value::Id(*id);
        let compare = Compare::OneOf(ids.iter().map(id).collect());
        let predicate = Predicate::Field(Test { field: Object::ID, compare });
        let records = self.select(permit, predicate, deleted, Some(FOR_CHANGE)).await?;
        self.not_before(&records);
        Ok(records)
    }

    /// Sets the clock after the last change of locked records: the clock of another server, or this one's of
    /// yesterday, may be ahead.
    pub(crate) fn not_before(&mut self, records: &[Record]) {
        let changed = records.iter().filter_map(|record| record.get(system::UPDATED_AT)).max();
        self.now = self.now.max(changed.unwrap_or(self.now));
    }

    /// Sets the clock after an instant.
    pub(crate) fn after(&mut self, instant: Instant) {
        self.now = self.now.max(Instant(instant.0.saturating_add(MILLISECOND)));
    }

    /// Locks the records for which a predicate holds, until the transaction ends.
    pub async fn lock_where(&mut self, permit: &Permit, predicate: Predicate) -> Result<Vec<Record>> {
        self.select(permit, predicate, Deleted::Exclude, Some(FOR_CHANGE)).await
    }

    /// The objects whose records were changed, once for each event.
    pub fn changed(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.entries.iter().map(Entry::object)
    }

    /// The records for which a predicate holds, with all their fields, also those the caller may not read:
    /// rules need them, clients get what the answer's plan may read.
    pub async fn find(&mut self, permit: &Permit, predicate: Predicate) -> Result<Vec<Record>> {
        self.select(permit, predicate, Deleted::Exclude, None).await
    }

    /// The first records in the order of their ids, or the next ones behind an id.
    pub async fn next_by_id(
        &mut self,
        permit: &Permit,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        let mut plan = Plan::new(permit.clone());
        plan.order_by(vec![Order { field: Object::ID, descending: false }]);
        plan.page = Page { after: after.map(|id| vec![Value::Id(id)]), ..Page::first(limit) };
        self.records(plan, None).await
    }

    /// The records of these ids, deleted ones too: a reference may be older than the deletion. If `held`, they are
    /// neither changed nor deleted until the transaction ends.
    pub async fn find_referenced(
        &mut self,
        permit: &Permit,
        ids: &[Uuid],
        held: bool,
    ) -> Result<Vec<Record>> {
        let compare = Compare::OneOf(ids.iter().map(|id| Value::Id(*id)).collect());
        let lock = held.then_some(FOR_DEPENDING);
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
        plan.predicate = predicate;
        plan.deleted = deleted;
        plan.page.limit = u32::MAX;
        self.records(plan, lock).await
    }

    /// The records of a plan, with all their fields.
    pub(crate) async fn records(&mut self, mut plan: Plan, lock: Option<LockType>) -> Result<Vec<Record>> {
        let object = Arc::clone(plan.permit.object());
        plan.columns = (0..object.attributes.len()).map(Column::Field).collect();
        let sql = Sql::new(&self.registry, self.connection.dialect());
        let mut statement = sql.root(&plan);
        if let (Some(lock), true) = (lock, self.connection.dialect().locks_rows()) {
            statement.lock(lock);
        }
        let connection =
            if lock.is_some() { self.connection().await? } else { self.read_connection().await? };
        let rows = connection.rows(&statement).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            let (mut values, mut index) = (Vec::with_capacity(plan.columns.len()), 0);
            for attribute in &object.attributes {
                values.push(row.cell(index, attribute.kind)?.to_value());
                index += reader::width(attribute);
            }
            records.push(Record { object: Arc::clone(&object), values });
        }
        Ok(records)
    }

    /// Whether the permit reaches all of these records.
    pub async fn reaches(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<bool> {
        if permit.reaches_all() {
            return Ok(true);
        }
        let sql = Sql::new(&self.registry, self.connection.dialect());
        let mut select = Query::select();
        select.expr(column("r", id_column())).from_as(Alias::new(&permit.object().table), Alias::new("r"));
        select.cond_where(sql.visible(permit, Deleted::Include, "r"));
        select.and_where(column("r", id_column()).is_in(ids.iter().copied()));
        Ok(self.read_connection().await?.rows(&select).await?.len() == ids.len())
    }

    /// Creates records of one object.
    pub async fn insert(&mut self, permit: &Permit, records: &[Owned<'_>]) -> Result<()> {
        self.expect(permit, Action::Create)?;
        let object = permit.object();
        let dialect = self.connection.dialect();
        let rows = write::insert(dialect, permit, records.iter().map(|owned| owned.record));
        self.unwritten.extend(rows.into_iter().filter(|rows| !rows.is_empty()));
        for owned in records {
            self.log(object, None, owned);
        }
        Ok(())
    }

    /// Changes records of one object; their versions must still be those that were read.
    pub async fn update(&mut self, permit: &Permit, changes: &[(&Record, Owned<'_>)]) -> Result<()> {
        self.expect(permit, Action::Update)?;
        self.replace(permit, changes).await
    }

    /// Deletes or restores records of one object, whose `deletedAt` is set or cleared.
    pub async fn delete(&mut self, permit: &Permit, changes: &[(&Record, Owned<'_>)]) -> Result<()> {
        self.expect(permit, Action::Delete)?;
        self.replace(permit, changes).await
    }

    async fn replace(&mut self, permit: &Permit, changes: &[(&Record, Owned<'_>)]) -> Result<()> {
        let connection = self.connection().await?;
        let dialect = connection.dialect();
        let pairs: Vec<_> = changes.iter().map(|(before, after)| (*before, after.record)).collect();
        for (statement, expected) in write::update(dialect, permit, &pairs) {
            let found = connection.execute(&statement).await?;
            if usize::try_from(found).map_err(|error| Error::internal(error))? != expected {
                return Err(Code::VersionConflict.into());
            }
        }
        for list in write::relist(dialect, permit, &pairs) {
            if let Some(delete) = list.delete {
                connection.execute(&delete).await?;
            }
            connection.insert(list.insert).await?;
        }
        for (before, after) in changes {
            self.log(permit.object(), Some(before), after);
        }
        Ok(())
    }

    /// Stages the event of a change, unless the change makes none.
    fn log(&mut self, object: &Arc<Object>, before: Option<&Record>, after: &Owned<'_>) {
        let entry = Entry::new(object, before, after, self.actor.user, &self.entries);
        self.entries.extend(entry);
    }

    fn expect(&self, permit: &Permit, action: Action) -> Result<()> {
        let same = permit.action() == action && permit.workspace() == self.actor.workspace;
        if same { Ok(()) } else { Err(Error::internal("the permit is for something else")) }
    }

    /// Takes `count` numbers of a named sequence of the workspace, and returns the first.
    pub async fn next_numbers(&mut self, name: &str, count: usize) -> Result<i64> {
        self.advance_counter(name, count).await.map(|(first, _)| first)
    }

    /// Takes numbers and their instant: now, or the sequence's last instant if that is later.
    async fn advance_counter(&mut self, name: &str, count: usize) -> Result<(i64, Instant)> {
        let count = i64::try_from(count).map_err(|error| Error::internal(error))?;
        let kept = |name: &str| Expr::col((Alias::new("counters"), Alias::new(name)));
        let dialect = self.connection.dialect();
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
        let rows = self.connection().await?.rows(&insert).await?;
        let row = rows.first().ok_or_else(|| Error::internal("no number was given out"))?;
        let last: i64 = row.get(0)?;
        Ok((last - count + 1, row.instant(1)?.unwrap_or(self.now)))
    }

    /// The values of a field, or keys of a list's items, that live records of the object already have: each in the
    /// form in which it is compared, with the record's id.
    pub async fn taken(
        &mut self,
        permit: &Permit,
        attribute: &Attribute,
        keys: &[Vec<Value>],
    ) -> Result<Vec<(Vec<String>, Uuid)>> {
        let dialect = self.connection.dialect();
        let Some(select) = write::taken(dialect, permit, attribute, keys) else { return Ok(Vec::new()) };
        let mut taken = Vec::new();
        for row in self.read_connection().await?.rows(&select).await? {
            let width = keys.first().map_or(1, Vec::len);
            let key = (1..=width).map(|place| row.get::<String>(place)).collect::<Result<Vec<_>>>()?;
            taken.push((key, row.get(0)?));
        }
        Ok(taken)
    }

    /// Writes what is staged and checks what a commit would, for a dry run that is rolled back afterwards. Events are not
    /// written: they would hold up the workspace's other writers.
    pub async fn rehearse(&mut self) -> Result<()> {
        self.flush().await?;
        match self.entries.iter().any(Entry::governs_access) {
            true => self.check_an_owner_remains().await,
            false => Ok(()),
        }
    }

    /// Rolls back, so that the connection can be used again at once.
    ///
    /// # Errors
    ///
    /// `unauthenticated` if the actor's access has changed: then other errors are not theirs to see.
    pub async fn rollback(mut self) -> Result<()> {
        if self.connection.is_in_transaction() {
            self.connection.rollback().await?;
        }
        self.check_access().await
    }

    async fn check_access(&mut self) -> Result<()> {
        access::check(&mut self.connection, self.actor.workspace, self.actor.epoch).await
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
