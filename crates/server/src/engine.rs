//! The differences between the databases: how a file or a role is created, and who may change the schema.

use std::{fs::OpenOptions, io::ErrorKind, path::Path, str::FromStr, time::Duration};

use migrations::APP_ROLE;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr,
    sqlx::{
        AssertSqlSafe, Connection, PgConnection,
        postgres::PgConnectOptions,
        raw_sql,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::time::{sleep, timeout};

use crate::failure::{Failure, Outcome};

/// The oldest PostgreSQL that has all Kith needs.
const OLDEST_POSTGRES: i32 = 15;

/// The connect timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Any number, the same for all who migrate.
const LOCK: i64 = 0x6b69_7468;

/// Opens one connection with the rights of the URL's user.
pub(crate) async fn connect(url: &str) -> Outcome<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false).connect_timeout(CONNECT_TIMEOUT);
    // Poolers do not know it.
    options.map_sqlx_postgres_opts(|postgres| postgres.extra_float_digits(None));
    if url.starts_with("sqlite:") {
        make_file(url)?;
        // Durable enough for the schema: after a power cut its last steps are taken again.
        options.map_sqlx_sqlite_opts(|sqlite| {
            let sqlite = sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
            sqlite.busy_timeout(Duration::from_secs(30))
        });
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        reach(url).await?;
    } else {
        return Err(Failure::new("the database URL begins with sqlite: or postgres:"));
    }
    let connection = Database::connect(options).await;
    let connection = connection.map_err(|error| Failure::from(error).during("the database"))?;
    check_version(&connection).await?;
    Ok(connection)
}

/// Connects once without a pool, which would try for long and then only say that it took long.
async fn reach(url: &str) -> Outcome {
    let options = postgres_options(url)?;
    let late = || Failure::new(format!("the database has not answered for {} s", CONNECT_TIMEOUT.as_secs()));
    let connection =
        timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await.map_err(|_| late())?;
    let connection = connection.map_err(|error| Failure::from(error).during("the database"))?;
    Ok(connection.close().await?)
}

fn postgres_options(url: &str) -> Outcome<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url);
    let options = options.map_err(|error| Failure::from(error).during("the database URL"))?;
    Ok(options.extra_float_digits(None))
}

/// Refuses a pooler that gives every transaction another session: the lock under which the schema's steps are taken
/// would stay behind in one of them.
pub(crate) async fn expect_own_session(url: &str) -> Outcome {
    if url.starts_with("sqlite:") {
        return Ok(());
    }
    let own = persistence::session::expect_own(&postgres_options(url)?).await;
    own.map_err(|error| Failure::from(error).during("kith migrate wants PostgreSQL itself"))
}

/// Makes the file, which only its owner may read: it is full of people's data.
fn make_file(url: &str) -> Outcome {
    let options = SqliteConnectOptions::from_str(url)?;
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(Failure::new(
            "every connection would have an SQLite database in memory of its own; name a file",
        ));
    }
    let path: &Path = options.get_filename();
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Failure::from(error).during(format!("the database {}", path.display())))
        }
        _ => Ok(()),
    }
}

async fn check_version(database: &DatabaseConnection) -> Outcome {
    if database.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let version = "SELECT current_setting('server_version_num')::int / 10000";
    let version: i32 = ask(database, version).await?.unwrap_or_default();
    if version < OLDEST_POSTGRES {
        let text = format!("this is PostgreSQL {version}; Kith needs {OLDEST_POSTGRES} or newer");
        return Err(Failure::new(text));
    }
    Ok(())
}

/// Whether the user may change the schema.
pub(crate) async fn may_migrate(database: &DatabaseConnection) -> Outcome<bool> {
    let may = "SELECT has_schema_privilege(current_schema(), 'CREATE') AND NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT pg_has_role(relowner, 'USAGE'))";
    match database.get_database_backend() {
        DbBackend::Postgres => Ok(ask(database, may).await?.unwrap_or_default()),
        _ => Ok(true),
    }
}

/// Prepares the database for the schema's steps.
pub(crate) async fn before_steps(database: &DatabaseConnection) -> Outcome {
    if database.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // Held until the connection is closed.
    database.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    // Since PostgreSQL 16 a member of a role need not have leave to take it.
    let leave = "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END";
    for (is_so, make_so) in [
        (
            format!("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}')"),
            format!("CREATE ROLE {APP_ROLE} NOLOGIN"),
        ),
        (format!("SELECT pg_has_role('{APP_ROLE}', {leave})"), format!("GRANT {APP_ROLE} TO CURRENT_USER")),
        (
            format!("SELECT has_schema_privilege('{APP_ROLE}', current_schema(), 'USAGE')"),
            format!(
                "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {APP_ROLE}', current_schema()); END $$"
            ),
        ),
    ] {
        let doing = || format!("the server works as {APP_ROLE}, for which somebody has to `{make_so}`");
        ensure(database, &is_so, &make_so).await.map_err(|error| Failure::from(error).during(doing()))?;
    }
    Ok(())
}

/// Completes the schema's steps.
pub(crate) async fn after_steps(database: &DatabaseConnection) -> Outcome {
    match database.get_database_backend() {
        // So that a server without further rights sees whether a step is missing.
        DbBackend::Postgres => {
            let is_so = format!("SELECT has_table_privilege('{APP_ROLE}', '{HISTORY}', 'SELECT')");
            ensure(database, &is_so, &format!("GRANT SELECT ON {HISTORY} TO {APP_ROLE}")).await?;
        }
        _ => {
            database.execute_unprepared(STATISTICS).await?;
        }
    }
    Ok(())
}

/// Tells SQLite what its tables will be like once they are full: a million rows in a workspace, ten for each
/// value of an indexed column. Without statistics its planner takes a range over one index for as good as an
/// equality in another, and a question about linked records walks the whole table for each record.
const STATISTICS: &str = "
    ANALYZE;
    DELETE FROM sqlite_stat1;
    INSERT INTO sqlite_stat1 (tbl, idx, stat)
    SELECT list.tbl_name, list.name, '1000000' || group_concat(
        CASE WHEN part.seqno = 0 THEN ' 1000000' WHEN part.seqno + 1 = size.columns THEN ' 1' ELSE ' 10' END, '')
    FROM sqlite_master AS list
    JOIN (SELECT list.name, count(*) AS columns FROM sqlite_master AS list, pragma_index_info(list.name)
        WHERE list.type = 'index' GROUP BY list.name) AS size ON size.name = list.name,
        pragma_index_info(list.name) AS part
    WHERE list.type = 'index' GROUP BY list.tbl_name, list.name;
    ANALYZE sqlite_master";

/// The table that remembers which steps were taken.
pub(crate) const HISTORY: &str = "seaql_migrations";

/// Makes something so that all databases of a server share, while others may be about to do the same.
async fn ensure(database: &DatabaseConnection, is_so: &str, make_so: &str) -> Result<(), DbErr> {
    let mut attempts = 10;
    while !ask(database, is_so).await?.unwrap_or(false) {
        match database.execute_unprepared(make_so).await {
            Err(error) if attempts == 0 || !was_overtaken(&error) => return Err(error),
            Ok(_) => return Ok(()),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
        attempts -= 1;
    }
    Ok(())
}

/// Whether another process made or changed the same thing at the same time, by the text of the error: there is no code.
fn was_overtaken(error: &DbErr) -> bool {
    let text = error.to_string();
    ["already exists", "duplicate key", "concurrently updated"].iter().any(|sign| text.contains(sign))
}

/// The one value that a question has for an answer.
async fn ask<T>(database: &DatabaseConnection, question: &str) -> Result<Option<T>, DbErr>
where
    T: sea_orm_migration::sea_orm::TryGetable,
{
    let rows = rows(database, question).await?;
    rows.first().map(|row| row.try_get_by_index(0)).transpose()
}

/// The rows of a question. Nothing is prepared for it, which behind a pooler might be asked for in another session.
pub(crate) async fn rows(database: &DatabaseConnection, question: &str) -> Result<Vec<QueryResult>, DbErr> {
    let question = raw_sql(AssertSqlSafe(question));
    let rows = match database.get_database_backend() {
        DbBackend::Postgres => {
            let rows = question.fetch_all(database.get_postgres_connection_pool()).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        }
        _ => {
            let rows = question.fetch_all(database.get_sqlite_connection_pool()).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        }
    };
    rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
}

/// Whether it is remembered which steps were taken.
pub(crate) async fn has_history(database: &DatabaseConnection) -> Result<bool, DbErr> {
    let question = match database.get_database_backend() {
        DbBackend::Postgres => format!("SELECT to_regclass('{HISTORY}') IS NOT NULL"),
        _ => format!("SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = '{HISTORY}'"),
    };
    Ok(ask(database, &question).await?.unwrap_or_default())
}
