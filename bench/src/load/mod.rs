//! What the server does with more than it can: one workspace that asks for the dearest, three times as many requests
//! as it can answer, and clients that hang up. Each is told beside a quiet time of the same run.

mod client;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Args;
use serde_json::json;

use crate::{
    Options, Outcome,
    data::{Kind, id, type_id},
    http::Request,
    scene::Scene,
    seed::{Maker, Seed},
    server::Server,
    workloads::{create, lists, one},
};
use client::{Answers, closed, hang_up, open};

/// How much load.
#[derive(Args)]
pub struct Load {
    /// Loads the server with more than it can do, instead of measuring what requests cost
    #[arg(long)]
    pub load: bool,
    /// How many seconds of three times the load that it can take
    #[arg(long, default_value_t = 60)]
    overload: u64,
    /// How many seconds of the dearest predicates
    #[arg(long, default_value_t = 20)]
    starve: u64,
    /// How many clients hang up
    #[arg(long, default_value_t = 50_000)]
    hang_ups: usize,
    /// How many of them hang up in a second, as far as the machine has room for them
    #[arg(long, default_value_t = 1_000.0)]
    hang_up_rate: f64,
}

/// Whether all have hung up.
static DONE: AtomicBool = AtomicBool::new(false);
/// How often a second somebody looks how the others are served.
const PROBES: f64 = 50.0;

pub fn run(options: &Options, maker: &Maker<'_>, seed: &Seed, directory: &Path) -> Outcome<String> {
    let scene = Scene::new(seed, maker.copy(seed)?, directory.to_owned());
    let contact = type_id("contact", id(Kind::Contact, 1));
    let first = Request::get(format!("/v1/contacts/{contact}"), &scene.main()?.key);
    let server = options.serve(&scene.database, &first)?;
    let told = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(all(
        &options.load,
        &scene,
        &server,
    ))?;
    drop(server);
    maker.discard(seed)?;
    Ok(format!("## {}\n\n{told}", seed.engine.name()))
}

async fn all(load: &Load, scene: &Scene, server: &Server) -> Outcome<String> {
    Ok([
        overload(load, scene, server).await?,
        starve(load, scene, server).await?,
        hang_ups(load, scene, server).await?,
    ]
    .concat())
}

fn is_served(status: u16) -> bool {
    (200..300).contains(&status)
}

fn health() -> Vec<Request> {
    vec![Request::get("/readyz", "")]
}

/// What a guest in another workspace asks for.
fn guest(scene: &Scene) -> Vec<Request> {
    let key = scene.among(1..2).first().map(|workspace| workspace.key.clone()).unwrap_or_default();
    vec![Request::get("/v1/contacts?limit=20", &key)]
}

async fn probe(server: &Server, requests: &[Request], seconds: u64) -> Answers {
    open(&server.address, requests, PROBES, 64, Duration::from_secs(seconds)).await
}

async fn overload(load: &Load, scene: &Scene, server: &Server) -> Outcome<String> {
    let (ones, lists, creates) = (one::rest(scene)?, lists::rest(scene, false)?, create::rest(scene, 0..1)?);
    let (ones, lists, creates) = (ones.iter().cycle(), lists.iter().cycle(), creates.iter().cycle());
    let mixed: Vec<_> = ones
        .zip(lists)
        .zip(creates)
        .take(5_000)
        .flat_map(|((one, list), create)| [one.clone(), create.clone(), one.clone(), list.clone()])
        .collect();
    let seconds = Duration::from_secs(8);
    let peak = closed(&server.address, &mixed, 32, seconds).await;
    let peak = peak.count(is_served) as f64 / seconds.as_secs_f64();
    let length = Duration::from_secs(load.overload);
    let (health, flood) = (health(), open(&server.address, &mixed, 3.0 * peak, 1_000, length));
    let (flood, health) = tokio::join!(flood, probe(server, &health, load.overload));
    let after = probe(server, &guest(scene), 5).await;
    let served = flood.count(is_served) as f64 / length.as_secs_f64();
    Ok(format!(
        "Overload, {:.0} requests/s for {} s: {served:.0}/s served, {:.0} % of the {peak:.0}/s at the peak; {} refused with \
         503 (p99 {:.0} ms), {} otherwise not served; served p99 {:.0} ms; /readyz p99 {:.0} ms. In the five seconds after: \
         p99 {:.1} ms, {} not served.\n",
        3.0 * peak,
        load.overload,
        100.0 * served / peak,
        flood.count(|status| status == 503),
        flood.p99(|status| status == 503),
        flood.count(|status| !is_served(status) && status != 503),
        flood.p99(is_served),
        health.p99(|_| true),
        after.p99(|_| true),
        after.count(|status| !is_served(status)),
    ))
}

async fn starve(load: &Load, scene: &Scene, server: &Server) -> Outcome<String> {
    let dear = json!({ "limit": 50, "where": { "companies": { "some": { "deals": { "some": {
        "name": { "contains": "zzz" }, "contact": { "familyName": { "contains": "qqq" } } } } } } } });
    let dear = [Request::post("/v1/contacts/search", &scene.main()?.key, &dear)];
    let quiet = probe(server, &guest(scene), 5).await;
    let (guests, health) = (guest(scene), health());
    let length = Duration::from_secs(load.starve);
    let (dear, guests, health) = tokio::join!(
        closed(&server.address, &dear, 12, length),
        probe(server, &guests, load.starve),
        probe(server, &health, load.starve)
    );
    let (before, during) = (quiet.p99(|_| true), guests.p99(|_| true));
    Ok(format!(
        "Twelve dear predicates in another workspace for {} s ({} served, p99 {:.0} ms, {} refused with 503, {} otherwise): \
         p99 {before:.1} → {during:.1} ms, {:.1} times the quiet one, {} not served; /readyz p99 {:.1} ms.\n",
        load.starve,
        dear.count(is_served),
        dear.p99(is_served),
        dear.count(|status| status == 503),
        dear.count(|status| !is_served(status) && status != 503),
        during / before,
        guests.count(|status| !is_served(status)),
        health.p99(|_| true),
    ))
}

async fn hang_ups(load: &Load, scene: &Scene, server: &Server) -> Outcome<String> {
    let create = create::rest(scene, 0..1)?.remove(0);
    let guests = guest(scene);
    let quiet = probe(server, &guests, 5).await;
    let open = || fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count);
    let (descriptors, memory) = (open(), server.memory("VmRSS")?);
    let begun = std::time::Instant::now();
    let watch = async {
        let mut all = Answers::default();
        loop {
            all = all.and(probe(server, &guests, 1).await);
            if DONE.load(Ordering::Relaxed) {
                return all;
            }
        }
    };
    let gone = async {
        hang_up(&server.address, &create, load.hang_ups, load.hang_up_rate, 1_000).await;
        DONE.store(true, Ordering::Relaxed);
        begun.elapsed().as_secs()
    };
    let (seconds, guests) = tokio::join!(gone, watch);
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok(format!(
        "{} clients that hang up, over {seconds} s: p99 {:.1} → {:.1} ms, {} not served; ten seconds later {} descriptors \
         ({descriptors} before), {:.0} MiB ({memory:.0} before).\n",
        load.hang_ups,
        quiet.p99(|_| true),
        guests.p99(|_| true),
        guests.count(|status| !is_served(status)),
        open(),
        server.memory("VmRSS")?,
    ))
}
