//! Configuration: flags override the environment, that overrides the file, that overrides the defaults.

use std::{fmt::Display, fs, ops::RangeInclusive, path::Path, thread::available_parallelism, time::Duration};

use clap::{Args, ValueEnum};
use persistence::Pooling;
use serde::Deserialize;
use transport::{Origins, Settings};

use crate::failure::{Failure, Outcome};

/// The values of one source; absent ones are taken from the next source. The file's keys are the flags' names.
#[derive(Args, Clone, Default, Deserialize)]
#[command(next_help_heading = "Configuration (a flag counts before the environment, that before the file)")]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layer {
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. Without it, the environment's
    /// DATABASE_URL is read too [default: sqlite:kith.db]
    #[arg(long, global = true, value_name = "URL", env = "KITH_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// The address to listen on; port 0 is any free one [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "HOST:PORT", env = "KITH_LISTEN")]
    pub listen: Option<String>,
    /// Whether the server brings the database's schema up to date when it starts [default: auto]
    #[arg(long, global = true, value_enum, env = "KITH_MIGRATE", hide_short_help = true)]
    pub migrate: Option<Migrate>,
    /// Threads that answer requests [default: one per core, at most 4]
    #[arg(long, global = true, value_name = "NUMBER", env = "KITH_WORKERS", hide_short_help = true)]
    pub workers: Option<usize>,
    /// The largest body of a request, in bytes [default: 1048576]
    #[arg(long, global = true, value_name = "BYTES", env = "KITH_BODY_LIMIT", hide_short_help = true)]
    pub body_limit: Option<usize>,
    /// The records that an operation of GraphQL may reach, by the sizes of its pages [default: 10000]
    #[arg(long, global = true, value_name = "NUMBER", env = "KITH_MAX_RECORDS", hide_short_help = true)]
    pub max_records: Option<u64>,
    /// The longest a request may take, its body included [default: 10]
    #[arg(long, global = true, value_name = "SECONDS", env = "KITH_REQUEST_TIMEOUT", hide_short_help = true)]
    pub request_timeout: Option<u64>,
    /// The longest a request waits for a connection to the database before it is refused [default: 0.5]
    #[arg(long, global = true, value_name = "SECONDS", env = "KITH_MAX_WAIT", hide_short_help = true)]
    pub max_wait: Option<f64>,
    /// The most connections that clients at one address may hold [default: half of what the process may open]
    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        env = "KITH_CONNECTIONS_PER_ADDRESS",
        hide_short_help = true
    )]
    pub connections_per_address: Option<usize>,
    /// The longest an upload may take, in seconds [default: 3600]
    #[arg(long, global = true, value_name = "SECONDS", env = "KITH_UPLOAD_TIMEOUT", hide_short_help = true)]
    pub upload_timeout: Option<u64>,
    /// The origins of the web pages that may ask from a browser, separated by commas: `https://app.example.com`;
    /// `*` lets all of them [default: none]
    #[arg(long, global = true, value_name = "ORIGINS", env = "KITH_CORS_ORIGINS", hide_short_help = true)]
    pub cors_origins: Option<String>,
    /// Connections to the database; on SQLite at most 4 read and one writes [default: 10]
    #[arg(long, global = true, value_name = "NUMBER", env = "KITH_CONNECTIONS", hide_short_help = true)]
    pub connections: Option<usize>,
    /// Jobs, such as imports, that this server works on at a time; with 0 it leaves them to others [default: 2]
    #[arg(long, global = true, value_name = "NUMBER", env = "KITH_JOBS", hide_short_help = true)]
    pub jobs: Option<usize>,
    /// The longest a statement may take on PostgreSQL [default: 10]
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        env = "KITH_STATEMENT_TIMEOUT",
        hide_short_help = true
    )]
    pub statement_timeout: Option<u64>,
    /// The pooling of sessions: transaction, if a pooler in transaction mode stands before PostgreSQL
    /// [default: session]
    #[arg(long, global = true, value_enum, env = "KITH_POOLING", hide_short_help = true)]
    pub pooling: Option<Sessions>,
    /// The most bytes that an answer may have [default: 8388608]
    #[arg(long, global = true, value_name = "BYTES", env = "KITH_MAX_ANSWER_BYTES", hide_short_help = true)]
    pub max_answer_bytes: Option<usize>,
    /// The format of the log on standard error [default: text]
    #[arg(long, global = true, value_enum, env = "KITH_LOG_FORMAT", hide_short_help = true)]
    pub log_format: Option<LogFormat>,
    /// The filter of the log: a level (error, warn, info, debug, trace), or TARGET=LEVEL for a part, separated by
    /// commas [default: info,actix_server=warn,sea_orm_migration=warn,sqlx=warn]
    #[arg(long, global = true, value_name = "FILTER", env = "KITH_LOG_FILTER", hide_short_help = true)]
    pub log_filter: Option<String>,
}

/// Whether the server brings the database's schema up to date.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    /// It does, where its database user may.
    Auto,
    /// `kith migrate` does; until then the server does not start.
    Never,
}

/// The pooling of PostgreSQL's sessions.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Sessions {
    /// Each connection has one to itself.
    Session,
    /// A pooler gives each transaction another one.
    Transaction,
}

impl From<Sessions> for Pooling {
    fn from(sessions: Sessions) -> Self {
        match sessions {
            Sessions::Session => Self::Session,
            Sessions::Transaction => Self::Transaction,
        }
    }
}

/// The format of the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object, for programs.
    Json,
}

/// The configuration as it is used.
#[derive(Clone)]
pub struct Config {
    /// The URL of the database.
    pub database: String,
    /// The address to listen on.
    pub listen: String,
    /// Whether to bring the schema up to date.
    pub migrate: Migrate,
    /// Threads that answer requests.
    pub workers: usize,
    /// The largest body of a request, in bytes.
    pub body_limit: usize,
    /// The records that an operation of GraphQL may reach.
    pub max_records: u64,
    /// The longest a request may take.
    pub request_timeout: Duration,
    /// The longest a request waits for a connection to the database.
    pub max_wait: Duration,
    /// The most connections that clients at one address may hold; none is half of what the process may open.
    pub connections_per_address: Option<usize>,
    /// The longest an upload may take.
    pub upload_timeout: Duration,
    /// The allowed CORS origins.
    pub cors_origins: Origins,
    /// Connections to the database.
    pub connections: usize,
    /// The number of jobs that run at a time.
    pub jobs: usize,
    /// The statement timeout on PostgreSQL.
    pub statement_timeout: Duration,
    /// The pooling of PostgreSQL's sessions.
    pub pooling: Pooling,
    /// The most bytes that an answer may have.
    pub max_answer_bytes: usize,
    /// The format of the log.
    pub log_format: LogFormat,
    /// The filter of the log.
    pub log_filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "sqlite:kith.db".to_owned(),
            listen: "127.0.0.1:8080".to_owned(),
            migrate: Migrate::Auto,
            workers: available_parallelism().map_or(1, |cores| cores.get().min(4)),
            body_limit: 1 << 20,
            max_records: 10_000,
            request_timeout: Duration::from_secs(10),
            max_wait: Duration::from_millis(500),
            connections_per_address: None,
            upload_timeout: Duration::from_secs(3_600),
            cors_origins: Origins::default(),
            connections: 10,
            jobs: 2,
            statement_timeout: Duration::from_secs(10),
            pooling: Pooling::Session,
            max_answer_bytes: 8 << 20,
            log_format: LogFormat::Text,
            log_filter: "info,actix_server=warn,sea_orm_migration=warn,sqlx=warn".to_owned(),
        }
    }
}

impl Config {
    /// The settings of the transport.
    pub fn settings(&self) -> Settings {
        Settings {
            body_limit: self.body_limit,
            timeout: self.request_timeout,
            upload_timeout: self.upload_timeout,
            origins: self.cors_origins.clone(),
            max_records: self.max_records,
            ..Settings::default()
        }
    }
}

impl Layer {
    /// Reads a file.
    pub fn read(path: &Path) -> Outcome<Self> {
        let doing = || format!("the configuration {}", path.display());
        let text = fs::read_to_string(path).map_err(|error| Failure::from(error).during(doing()))?;
        Self::parse(&text).map_err(|failure| failure.during(doing()))
    }

    fn parse(text: &str) -> Outcome<Self> {
        toml::from_str(text).map_err(|error| Failure::new(error.to_string().trim_end()))
    }

    /// This layer's values, or else the other's.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            database: self.database.or(other.database),
            listen: self.listen.or(other.listen),
            migrate: self.migrate.or(other.migrate),
            workers: self.workers.or(other.workers),
            body_limit: self.body_limit.or(other.body_limit),
            max_records: self.max_records.or(other.max_records),
            request_timeout: self.request_timeout.or(other.request_timeout),
            max_wait: self.max_wait.or(other.max_wait),
            connections_per_address: self.connections_per_address.or(other.connections_per_address),
            upload_timeout: self.upload_timeout.or(other.upload_timeout),
            cors_origins: self.cors_origins.or(other.cors_origins),
            connections: self.connections.or(other.connections),
            jobs: self.jobs.or(other.jobs),
            statement_timeout: self.statement_timeout.or(other.statement_timeout),
            pooling: self.pooling.or(other.pooling),
            max_answer_bytes: self.max_answer_bytes.or(other.max_answer_bytes),
            log_format: self.log_format.or(other.log_format),
            log_filter: self.log_filter.or(other.log_filter),
        }
    }

    /// The configuration, with defaults for absent values.
    pub fn resolve(self) -> Outcome<Config> {
        let default = Config::default();
        let seconds = |name, said: Option<u64>, default| match said {
            Some(seconds) => within(name, seconds, 1..=86_400).map(Duration::from_secs),
            None => Ok(default),
        };
        Ok(Config {
            database: self.database.unwrap_or(default.database),
            listen: self.listen.unwrap_or(default.listen),
            migrate: self.migrate.unwrap_or(default.migrate),
            workers: within("workers", self.workers.unwrap_or(default.workers), 1..=256)?,
            body_limit: within("body-limit", self.body_limit.unwrap_or(default.body_limit), 1_024..=1 << 30)?,
            max_records: within(
                "max-records",
                self.max_records.unwrap_or(default.max_records),
                1..=1_000_000,
            )?,
            request_timeout: seconds("request-timeout", self.request_timeout, default.request_timeout)?,
            max_wait: match self.max_wait {
                Some(seconds) => within("max-wait", seconds, 0.01..=86_400.0).map(Duration::from_secs_f64)?,
                None => default.max_wait,
            },
            connections_per_address: self
                .connections_per_address
                .map(|most| within("connections-per-address", most, 1..=1_000_000))
                .transpose()?,
            upload_timeout: seconds("upload-timeout", self.upload_timeout, default.upload_timeout)?,
            cors_origins: match self.cors_origins {
                Some(list) => Origins::parse(&list).map_err(|origin| {
                    Failure::new(format!("the configuration's cors-origins: {origin:?} is no origin like https://app.example.com"))
                })?,
                None => default.cors_origins,
            },
            connections: within("connections", self.connections.unwrap_or(default.connections), 1..=1_000)?,
            jobs: within("jobs", self.jobs.unwrap_or(default.jobs), 0..=100)?,
            statement_timeout: seconds(
                "statement-timeout",
                self.statement_timeout,
                default.statement_timeout,
            )?,
            pooling: self.pooling.map_or(default.pooling, Pooling::from),
            max_answer_bytes: within(
                "max-answer-bytes",
                self.max_answer_bytes.unwrap_or(default.max_answer_bytes),
                64 << 10..=1 << 30,
            )?,
            log_format: self.log_format.unwrap_or(default.log_format),
            log_filter: self.log_filter.unwrap_or(default.log_filter),
        })
    }
}

fn within<T: Display + PartialOrd>(name: &str, value: T, range: RangeInclusive<T>) -> Outcome<T> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = range.into_inner();
    Err(Failure::new(format!("the configuration's {name} lies between {least} and {most}, not at {value}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::{Command, FromArgMatches};

    use super::*;

    fn flags(arguments: &[&str]) -> Layer {
        let command = Layer::augment_args(Command::new("kith").no_binary_name(true));
        Layer::from_arg_matches(&command.try_get_matches_from(arguments).unwrap()).unwrap()
    }

    #[test]
    fn flags_count_before_the_file_and_that_before_defaults() {
        let file = "listen = \"0.0.0.0:80\"\nworkers = 2\nlog-format = \"json\"\nrequest-timeout = 3";
        let config = flags(&["--workers", "3"]).or(Layer::parse(file).unwrap()).resolve().unwrap();
        assert_eq!((config.workers, config.listen.as_str()), (3, "0.0.0.0:80"));
        assert_eq!((config.log_format, config.request_timeout), (LogFormat::Json, Duration::from_secs(3)));
        assert_eq!((config.database.as_str(), config.migrate), ("sqlite:kith.db", Migrate::Auto));
    }

    /// clap takes a flag before its variable, so that only the variables' names can be wrong.
    #[test]
    fn every_flag_has_its_variable() {
        let command = Layer::augment_args(Command::new("kith"));
        for argument in command.get_arguments() {
            let name = argument.get_long().unwrap();
            let variable = format!("KITH_{}", name.to_uppercase().replace('-', "_"));
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));
            let read = Layer::parse(&format!("{name} = true")).err().unwrap().to_string();
            assert!(!read.contains("unknown field"), "the file does not know {name}");
        }
    }

    #[test]
    fn the_file_is_read_strictly() {
        let refused = |text: &str| Layer::parse(text).err().unwrap().to_string();
        assert!(refused("port = 80").contains("unknown field `port`"));
        assert!(refused("workers = \"two\"").contains("expected usize"));
        assert!(refused("migrate = \"yes\"").contains("`auto` or `never`"));
        let failure = Layer::parse("cors-origins = \"app.example.com\"").unwrap().resolve().err().unwrap();
        assert!(failure.to_string().contains("\"app.example.com\" is no origin"), "{failure}");
        let failure = Layer::parse("workers = 0").unwrap().resolve().err().unwrap();
        assert_eq!(failure.to_string(), "the configuration's workers lies between 1 and 256, not at 0");
    }
}
