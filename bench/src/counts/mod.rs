//! Instructions of the hot paths, as callgrind counts them, beside the baseline that is committed. They hardly
//! depend on what else the machine does, so a change that costs something shows itself here.

mod baseline;
mod callgrind;
mod paths;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    Outcome,
    data::{Kind, id, type_id},
    failed,
    http::{Connection, Request},
    import,
    scene::Scene,
    seed::{self, Engine, Maker, Seed},
    server::Server,
};

use baseline::Counts;
use callgrind::Callgrind;

/// A hundredth of the benchmark's data: enough for pages to be full and trees to have their depth.
const SCALE: f64 = 0.01;
/// Requests are sent in batches, the same ones each time but for the words that are new.
const BATCH: usize = 20;
/// The first batches are not counted: statements are prepared, texts and keys remembered.
const WARM_UP: usize = 2;
const BATCHES: usize = 5;
const ROWS: u64 = 1_000;

/// How to count.
#[derive(Args)]
pub struct Options {
    /// The binary of Kith
    #[arg(long, default_value = "target/release/kith")]
    kith: PathBuf,
    /// Where data is kept while counting
    #[arg(long, default_value = "target/bench/counts")]
    directory: PathBuf,
    /// The file of the baseline
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.json"))]
    baseline: PathBuf,
    /// Makes what was counted the baseline
    #[arg(long)]
    write: bool,
}

/// Counts everything, and fails if something takes more than it may.
pub fn run(Options { kith, directory, baseline, write }: &Options) -> Outcome {
    fs::create_dir_all(directory)?;
    let directory = directory.canonicalize()?;
    let server = seed::Server { root: String::new() };
    let maker = Maker { kith, directory: &directory, server: &server, scale: SCALE };
    let seed = maker.seed(Engine::Sqlite, true)?;
    let mut counts = count_requests(kith, &maker, &seed, &directory)?;
    counts.insert(format!("import of {ROWS} rows, per row"), count_import(kith, &maker, &seed, &directory)?);
    maker.discard(&seed)?;
    if *write { baseline::write(baseline, &counts) } else { baseline::compare(baseline, &counts) }
}

fn count_requests(kith: &Path, maker: &Maker<'_>, seed: &Seed, directory: &Path) -> Outcome<Counts> {
    let scene = Scene::new(seed, maker.copy(seed)?, directory.to_owned());
    let contact = type_id("contact", id(Kind::Contact, 1));
    let first = Request::get(format!("/v1/contacts/{contact}"), &scene.main()?.key);
    let mut callgrind = Callgrind::new(directory);
    let mut serve = callgrind.command(kith, false);
    serve.args(["serve", "--workers", "1"]);
    let server = Server::start(serve, &scene.database, &first)?;
    callgrind.begin(server.pid())?;
    let mut counts = Counts::new();
    for path in paths::ALL {
        eprintln!("counting {}", path.name);
        let requests: Vec<_> = (path.requests)(&scene)?.into_iter().take(BATCH).collect();
        // Words of one length, so that each request is as long as the next.
        let numbered = |(n, request): (usize, &Request)| {
            let body = request.body.replace("{n}", &format!("{n:06}"));
            Request { body, ..request.clone() }
        };
        let mut next = requests.iter().cycle().enumerate().map(numbered);
        let mut connection = Connection::open(&server.address)?;
        let first = next.next().ok_or_else(|| failed("there is no request"))?;
        (path.check)(&scene, &connection.ask(&first)?)?;
        let mut least = u64::MAX;
        for batch in 0..WARM_UP + BATCHES {
            callgrind.zero(server.pid())?;
            for request in next.by_ref().take(BATCH) {
                connection.ask(&request)?;
            }
            let count = callgrind.read(server.pid())?;
            if batch >= WARM_UP {
                // What others take on top is chance: a timer, or a connection to the database more.
                least = least.min(count);
            }
        }
        counts.insert(path.name.to_owned(), least / BATCH as u64);
    }
    Ok(counts)
}

/// What an import of no rows takes is its start and end, which do not count.
fn count_import(kith: &Path, maker: &Maker<'_>, seed: &Seed, directory: &Path) -> Outcome<u64> {
    eprintln!("counting an import");
    let scene = Scene::new(seed, maker.copy(seed)?, directory.to_owned());
    let count = |rows| {
        let callgrind = Callgrind::new(directory);
        let mut command = callgrind.command(kith, true);
        import::aim(&mut command, &import::write(&scene, rows)?, &scene)?;
        callgrind.run(&mut command)
    };
    let nothing = count(0)?;
    Ok(count(ROWS)?.saturating_sub(nothing) / ROWS)
}
