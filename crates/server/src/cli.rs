//! The command line.

pub(crate) mod import;
mod key;
mod schema;
mod workspace;

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, parser::ValueSource};
use persistence::Pooling;

use crate::{
    config::{Config, Layer},
    database,
    demo::{self, Demo},
    failure::{Failure, Outcome},
    log,
    output::say,
    serve,
    signals::Signals,
};

/// Kith: a headless CRM. One contract, REST and GraphQL, on SQLite or PostgreSQL.
#[derive(Parser)]
#[command(name = "kith", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    /// A TOML file whose keys are the flags' names without the dashes before them: workers = 2
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KITH_CONFIG",
        help_heading = "Configuration file"
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Layer,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the configured database until SIGTERM or Ctrl-C
    Serve,
    /// Serves a small made-up workspace to try things out; its data ends with the process
    Demo(Demo),
    /// Brings the database's schema up to date
    Migrate,
    /// Workspaces
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// Keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Imports a file: its rows become records
    Import(import::ImportCommand),
    /// Prints the contract
    Schema(schema::Schema),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let matches = CommandLine::command().get_matches();
    let line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match run(line, &matches) {
        Ok(code) => code,
        Err(failure) => {
            // A process whose standard error is closed still has its exit code.
            writeln!(io::stderr(), "kith: {failure}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(line: CommandLine, matches: &ArgMatches) -> Outcome<ExitCode> {
    let named = matches.value_source("database") == Some(ValueSource::CommandLine);
    let config = configuration(line.config, line.flags)?;
    log::start(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(execute(line.command, config, named))
}

/// `named` tells that the database was named by a flag, for those who must not take it from elsewhere.
async fn execute(command: Command, config: Config, named: bool) -> Outcome<ExitCode> {
    match command {
        Command::Serve => serve(&config).await,
        Command::Demo(demo) => demo::run(demo, config, named).await,
        Command::Migrate => migrate(&config).await,
        Command::Workspace(command) => command.run(&config).await,
        Command::Key(command) => command.run(&config).await,
        Command::Import(command) => return command.run(&config).await,
        Command::Schema(schema) => schema.print(),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn configuration(file: Option<PathBuf>, mut flags: Layer) -> Outcome<Config> {
    flags.database = flags.database.or_else(|| env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()));
    let file = file.map(|path| Layer::read(&path)).transpose()?.unwrap_or_default();
    flags.or(file).resolve()
}

async fn serve(config: &Config) -> Outcome {
    let signals = Signals::new()?;
    let running = serve::run(config).await?;
    say(format_args!("Kith is ready at {}", running.url))?;
    running.until_asked(signals).await
}

async fn migrate(config: &Config) -> Outcome {
    if config.pooling == Pooling::Transaction {
        return Err(Failure::new(
            "the schema's steps want a session to themselves: name PostgreSQL itself, not its pooler",
        ));
    }
    let steps = database::migrate(&config.database).await?;
    for step in &steps {
        say(format_args!("applied {step}"))?;
    }
    match steps.len() {
        0 => say("The schema was up to date."),
        lacked => say(format_args!("The schema is up to date; it lacked {lacked} steps.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
