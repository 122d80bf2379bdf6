//! Measures Kith from outside: fills a database, drives the release binary over HTTP, runs the same answers as
//! bare SQL beside it, and tells what each request cost. `bench/README.md` says how to read it.

mod counts;
mod cpu;
mod data;
mod drive;
mod floor;
mod http;
mod import;
mod load;
mod measured;
mod report;
mod rounds;
mod scene;
mod seed;
mod server;
mod size;
mod tool;
mod workloads;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::{Parser, Subcommand};

use data::{Kind, id, type_id};
use http::Request;
use report::Footprint;
use rounds::{Course, Rounds};
use scene::Scene;
use seed::{Engine, Maker, Seed};

/// What may fail.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A failure that says why.
pub fn failed(text: impl Into<String>) -> Box<dyn std::error::Error + Send + Sync> {
    text.into().into()
}

/// Measures Kith beside the bare SQL
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    task: Option<Task>,
    /// The binary of Kith
    #[arg(long, default_value = "target/release/kith")]
    kith: PathBuf,
    /// A superuser's URL of a PostgreSQL server that may be filled
    #[arg(long, env = "KITH_BENCH_POSTGRES_URL", default_value = "")]
    postgres: String,
    /// Where data and the report are kept
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
    /// How much data, of a million contacts, 100 000 companies, 500 000 deals and a million activities
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Fills the databases anew
    #[arg(long)]
    fresh: bool,
    /// Which databases
    #[arg(long, value_enum, value_delimiter = ',', default_value = "postgres,sqlite")]
    database: Vec<Engine>,
    /// Fills the databases and ends
    #[arg(long)]
    only_fill: bool,
    /// How many rounds
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How many seconds each workload takes in a round
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Over how many connections
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    connections: Vec<u32>,
    #[command(flatten)]
    load: load::Load,
    /// How the server is told that sessions are pooled; the databases are filled past any pooler
    #[arg(long, value_name = "MODE")]
    pooling: Option<String>,
    /// Where the server finds PostgreSQL, if a pooler stands before it: postgres://USER@HOST:PORT
    #[arg(long, value_name = "URL")]
    pooler: Option<String>,
    /// Only these workloads: w1, w2, w3, w4, w8, w10, turns, size
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// What else can be done
#[derive(Subcommand)]
enum Task {
    /// Counts the instructions of the hot paths and compares them with the baseline
    Counts(counts::Options),
}

impl Options {
    /// Serves a database as it is to be measured.
    fn serve(&self, database: &str, first: &Request) -> Outcome<server::Server> {
        let mut serve = Command::new(&self.kith);
        serve.arg("serve");
        if let Some(pooling) = &self.pooling {
            serve.args(["--pooling", pooling]);
        }
        let name = database.rsplit_once('/').map_or(database, |(_, name)| name);
        let pooled = self.pooler.as_ref().filter(|_| !database.starts_with("sqlite:"));
        let database = pooled.map_or_else(|| database.to_owned(), |pooler| format!("{pooler}/{name}"));
        server::Server::start(serve, &database, first)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.task {
        Some(Task::Counts(options)) => counts::run(options),
        None => run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kith-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome {
    fs::create_dir_all(&options.directory)?;
    let directory = options.directory.canonicalize()?;
    let server = seed::Server { root: options.postgres.clone() };
    let maker = Maker { kith: &options.kith, directory: &directory, server: &server, scale: options.scale };
    let seeds = options.database.iter().map(|engine| maker.seed(*engine, options.fresh));
    let seeds = seeds.collect::<Outcome<Vec<_>>>()?;
    if options.only_fill {
        return Ok(());
    }
    let mut report = Report { file: directory.join("report.md"), text: String::new() };
    report.add(&heading(options, &server)?)?;
    for seed in &seeds {
        if options.load.load {
            report.add(&load::run(options, &maker, seed, &directory)?)?;
            continue;
        }
        measure(options, &maker, seed, &directory, &mut report)?;
    }
    Ok(())
}

/// What has been found out so far, on standard output and in a file.
struct Report {
    file: PathBuf,
    text: String,
}

impl Report {
    fn add(&mut self, text: &str) -> Outcome {
        println!("{text}");
        self.text.push_str(text);
        self.text.push('\n');
        Ok(fs::write(&self.file, &self.text)?)
    }
}

fn heading(options: &Options, server: &seed::Server) -> Outcome<String> {
    let Options { kith, scale, rounds, seconds, database, .. } = options;
    let commit =
        tool::output(Command::new("git").args(["describe", "--always", "--dirty"])).unwrap_or_default();
    let mut databases = Vec::new();
    for engine in database {
        databases.push(match engine {
            Engine::Postgres => format!("PostgreSQL {}", server.ask("postgres", "SHOW server_version")?),
            Engine::Sqlite => format!("SQLite {}", rusqlite::version()),
        });
    }
    Ok(format!(
        "# Benchmark\n\n{}; {}; {} ({}). Scale {scale}, medians of {rounds} rounds of {seconds} s.\n",
        cpu::machine()?,
        databases.join(", "),
        cpu::version(kith)?,
        commit.trim(),
    ))
}

/// Measures everything on a copy of one seed.
fn measure(
    options: &Options,
    maker: &Maker<'_>,
    seed: &Seed,
    directory: &Path,
    report: &mut Report,
) -> Outcome {
    let Options { kith, rounds, seconds, connections, only, .. } = options;
    let course =
        Course { rounds: *rounds, seconds: *seconds, connections: connections.clone(), only: only.clone() };
    eprintln!("measuring {}", seed.engine.name());
    let mut scene = Scene::new(seed, maker.copy(seed)?, directory.to_owned());
    let contact = type_id("contact", id(Kind::Contact, 1));
    let first = Request::get(format!("/v1/contacts/{contact}"), &scene.main()?.key);
    let start = || options.serve(&scene.database, &first);

    let mut footprint = Footprint { starts: Vec::new(), idle: Vec::new(), after: 0.0 };
    for _ in 0..course.rounds {
        let server = start()?;
        footprint.starts.push(server.started.as_secs_f64() * 1e3);
        footprint.idle.push(server.memory("VmRSS")?);
    }
    let server = start()?;
    if course.wants("w2") {
        scene.deep = workloads::lists::find_deep(&scene, &server.address)?;
    }
    let postmaster = match seed.engine {
        Engine::Postgres => Some(maker.server.postmaster()?),
        Engine::Sqlite => None,
    };
    let rounds = Rounds {
        scene: &scene,
        engine: seed.engine,
        postgres: maker.server,
        postmaster,
        server: &server,
        course: &course,
    };
    let rows = rounds.run()?;
    footprint.after = server.memory("VmRSS")?;
    let sizes = course
        .wants("size")
        .then(|| size::run(&scene, seed.engine, maker.server, &server.address, course.seconds))
        .transpose()?;
    drop(server);
    report.add(&report::workloads(seed.engine, &rows, scene.deep.page))?;
    if let Some(sizes) = sizes {
        report.add(&report::sizes(&sizes))?;
    }
    if course.wants("w8") {
        report.add(&report::footprint(&footprint))?;
    }
    if course.wants("w10") {
        report.add(&report::import(&import::run(kith, &scene)?))?;
    }
    maker.discard(seed)
}
