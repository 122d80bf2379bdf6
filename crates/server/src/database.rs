//! The database: its schema brought up to date, and Kith over it.

use std::{collections::HashSet, sync::Arc};

use app::{Context, Kith};
use migrations::Migrator;
use persistence::{Database, Limits, Pooling};
use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DatabaseConnection, DbErr},
};

use crate::{
    config::{Config, Migrate},
    engine,
    failure::{Failure, Outcome},
};

/// Kith over the configured database, whose schema is up to date then.
pub async fn open(config: &Config) -> Outcome<Kith> {
    Ok(Kith::new(store(config).await?, Context::system()))
}

/// The configured store, whose schema is up to date then.
pub(crate) async fn store(config: &Config) -> Outcome<Database> {
    prepare(config).await?;
    let limits = Limits {
        connections: config.connections,
        threads: config.workers,
        // Half of the machine may be busy with what takes long.
        expensive: (config.workers / 2).max(1),
        max_wait: config.max_wait,
        statement: config.statement_timeout,
        answer: config.max_answer_bytes,
        pooling: config.pooling,
    };
    Ok(Database::open(&config.database, Arc::new(app::registry()), limits).await?)
}

/// Takes the steps that the schema lacks, and names them.
pub async fn migrate(url: &str) -> Outcome<Vec<String>> {
    engine::expect_own_session(url).await?;
    let database = engine::connect(url).await?;
    let taken = take_steps(&database).await;
    // Its lock ends with it.
    database.close().await?;
    taken
}

async fn prepare(config: &Config) -> Outcome {
    let database = engine::connect(&config.database).await?;
    let missing = missing(&database).await?;
    let has_session = config.pooling == Pooling::Session || config.database.starts_with("sqlite:");
    let is_asked = config.migrate == Migrate::Auto && has_session;
    let leave = is_asked && (missing.is_empty() || engine::may_migrate(&database).await?);
    database.close().await?;
    if missing.is_empty() {
        return Ok(());
    }
    if !leave {
        let text =
            "the database's schema lacks {}; let `kith migrate` take the steps, as the owner of the tables";
        return Err(Failure::new(text.replace("{}", &missing.join(", "))));
    }
    let taken = migrate(&config.database).await?;
    tracing::info!(steps = taken.len(), "the database's schema is up to date");
    Ok(())
}

async fn take_steps(database: &DatabaseConnection) -> Outcome<Vec<String>> {
    engine::before_steps(database).await?;
    let before = missing(database).await?;
    let mut left = before.clone();
    while !left.is_empty() {
        let failed = Migrator::up(database, None).await.err();
        let still = missing(database).await?;
        match failed {
            // On SQLite another process may have taken the same step a moment earlier.
            Some(error) if still.len() == left.len() => return Err(error.into()),
            _ => left = still,
        }
    }
    engine::after_steps(database).await?;
    Ok(before)
}

/// The steps that were not taken yet. Steps that only a newer release knows are none of this one's business.
async fn missing(database: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let mut taken = HashSet::new();
    if engine::has_history(database).await? {
        for row in engine::rows(database, &format!("SELECT version FROM {}", engine::HISTORY)).await? {
            taken.insert(row.try_get_by_index::<String>(0)?);
        }
    }
    let steps = Migrator::migrations();
    let steps = steps.iter().map(|step| step.name().to_owned());
    Ok(steps.filter(|step| !taken.contains(step)).collect())
}
