//! The one door: the standard operations once, the commands by area. Transports and followers call this
//! and nothing below it.

mod activities;
pub mod auth;
pub mod command;
mod commands;
mod constraint;
pub mod context;
pub mod contract;
pub mod cursor;
pub mod deletion;
pub mod import;
pub mod job;
mod jobs;
pub mod listing;
mod marketing;
pub mod me;
pub mod operation;
mod operations;
mod people;
mod platform;
mod read;
mod sales;
mod schema;
mod service;
mod unit_of_work;
mod validate;
pub mod view;

use std::sync::Arc;

use kernel::{Code, Registry, Result, access::Policy, object::Object, role::Role, value::Choice};
use persistence::Database;
pub use persistence::Demand;
use quick_cache::sync::Cache;
use tokio::sync::Notify;
use uuid::Uuid;

pub use auth::Caller;
pub use context::Context;
pub use operations::Operations;
pub use platform::{
    file::{Content, MAX_FILE},
    workspace::{NewWorkspace, Workspace},
};
pub use unit_of_work::{UnitOfWork, Values};

use command::Registered;
use job::RegisteredJob;

/// Kith: everything a transport needs.
#[derive(Clone)]
pub struct Kith(Arc<Inner>);

struct Inner {
    database: Database,
    context: Context,
    operations: Operations,
    jobs: Vec<RegisteredJob>,
    policy: Policy,
    queued: Notify,
    credentials: Cache<(Uuid, Uuid), Arc<auth::CachedCredential>>,
}

/// The number of credentials that are cached.
const CACHED_CREDENTIALS: usize = 10_000;

impl Kith {
    /// Kith over a store.
    pub fn new(database: Database, context: Context) -> Self {
        Self::build(database, context, all_commands(), all_jobs(), &domain::roles::ROLES)
    }

    /// Kith over a store, with these commands and jobs.
    pub fn with(
        database: Database,
        context: Context,
        commands: Vec<Registered>,
        jobs: Vec<RegisteredJob>,
    ) -> Self {
        Self::build(database, context, commands, jobs, &domain::roles::ROLES)
    }

    /// Kith over a store, with other roles than the built-in ones under their names.
    pub fn with_roles(database: Database, context: Context, roles: &[&'static Role]) -> Self {
        Self::build(database, context, all_commands(), all_jobs(), roles)
    }

    fn build(
        database: Database,
        context: Context,
        commands: Vec<Registered>,
        jobs: Vec<RegisteredJob>,
        roles: &[&'static Role],
    ) -> Self {
        let operations = Operations::new(database.registry(), commands);
        let policy = operations.policy(database.registry(), roles);
        let (queued, credentials) = (Notify::new(), Cache::new(CACHED_CREDENTIALS));
        let context = context.steady();
        Self(Arc::new(Inner { database, context, operations, jobs, policy, queued, credentials }))
    }

    /// The objects.
    pub fn registry(&self) -> &Arc<Registry> {
        self.0.database.registry()
    }

    /// The object of that name.
    pub fn object(&self, name: &str) -> Result<&Arc<Object>> {
        self.registry().object(name).ok_or_else(|| Code::UnknownOperation.into())
    }

    /// The operations.
    pub fn operations(&self) -> &Operations {
        &self.0.operations
    }

    /// The jobs that it can run.
    pub fn jobs(&self) -> &[RegisteredJob] {
        &self.0.jobs
    }

    /// The names of their kinds.
    pub(crate) fn job_kinds(&self) -> Vec<&'static str> {
        self.jobs().iter().map(|job| job.kind.name).collect()
    }

    /// What each role may do, and the system.
    pub(crate) fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Time, ids and randomness.
    pub fn context(&self) -> &Context {
        &self.0.context
    }

    /// The store.
    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<()> {
        self.0.database.ping().await
    }

    /// Closes the store, once nobody uses it any more.
    pub async fn close(&self) {
        self.0.database.close().await;
    }

    /// The number of SQL statements that have been run.
    pub fn statements(&self) -> u64 {
        self.0.database.statements()
    }
}

/// The standard objects, for those who document them without a store.
pub fn registry() -> Registry {
    registry_of(&jobs::KINDS)
}

/// The standard objects where jobs are of these kinds.
pub fn registry_of(job_kinds: &'static [Choice]) -> Registry {
    domain::registry(job_kinds)
}

/// The operations of a registry, for those who document them without a store.
pub fn operations(registry: &Registry) -> Operations {
    Operations::new(registry, all_commands())
}

/// The commands.
pub fn all_commands() -> Vec<Registered> {
    commands::all()
}

/// The jobs.
pub fn all_jobs() -> Vec<RegisteredJob> {
    jobs::all()
}

/// What each role may do, for those who document it without a store.
pub fn policy(registry: &Registry) -> Policy {
    operations(registry).policy(registry, &domain::roles::ROLES)
}
