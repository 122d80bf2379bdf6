//! The floor on PostgreSQL: pgbench with prepared statements, as the owner of the database.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Floor;
use crate::{
    Outcome,
    data::{rfc3339, uuid},
    failed,
    measured::Pace,
    scene::Scene,
    seed::Workspace,
    tool::output,
};

/// One transaction in so many is noted with its time.
const SAMPLING: &str = "0.1";

/// Runs the floor with so many connections for so long, in these workspaces by turns.
pub fn run(
    scene: &Scene,
    floor: &Floor,
    workspaces: &[Workspace],
    connections: u32,
    seconds: u32,
) -> Outcome<Pace> {
    let log = scene.directory.join("pgbench");
    forget(&log)?;
    let mut pgbench = Command::new("pgbench");
    pgbench.args(["-n", "-M", "prepared", "-j1", "-D", "k=0", "-l", "--sampling-rate", SAMPLING]);
    pgbench.arg(format!("--log-prefix={}", log.display()));
    pgbench.args(["-c", &connections.to_string(), "-T", &seconds.to_string()]);
    let base = scene.next_base();
    for (n, workspace) in workspaces.iter().enumerate() {
        let file = scene.directory.join(format!("floor-{n}.sql"));
        fs::write(&file, script(scene, floor, workspace, base))?;
        pgbench.arg("-f").arg(file);
    }
    let told = output(pgbench.arg(&scene.database))?;
    let number = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim_start_matches(':').split_whitespace().next()?.parse::<f64>().ok())
    };
    let done = number("number of transactions actually processed").unwrap_or_default();
    if number("number of failed transactions").is_some_and(|failed| failed > 0.0) || done < 1.0 {
        return Err(failed(format!("pgbench: {told}")));
    }
    let rate = number("tps =").ok_or_else(|| failed("pgbench tells no rate"))?;
    let times = times(&log)?;
    forget(&log)?;
    Ok(Pace::of(done, done / rate, times))
}

/// The script with its words in braces filled in.
pub fn script(scene: &Scene, floor: &Floor, workspace: &Workspace, base: u64) -> String {
    let quoted = |id: u128| format!("'{}'::uuid", uuid(id));
    let (from, to) = scene.tree_range();
    let words = [
        ("{columns}", floor.columns.to_owned()),
        ("{workspace}", quoted(workspace.id)),
        ("{owner}", quoted(workspace.owner)),
        ("{contacts}", scene.world.contacts.to_string()),
        ("{after_at}", format!("'{}'::timestamptz", rfc3339(scene.deep.at))),
        ("{after_id}", quoted(scene.deep.id)),
        ("{from}", (from / 1_000).to_string()),
        ("{to}", (to / 1_000).to_string()),
        ("{base}", base.to_string()),
    ];
    words.into_iter().fold(floor.postgres.to_owned(), |text, (word, value)| text.replace(word, &value))
}

/// The files that pgbench has written.
fn logs(prefix: &Path) -> Outcome<Vec<PathBuf>> {
    let name = prefix.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned() + ".";
    let directory = prefix.parent().ok_or_else(|| failed("no directory"))?;
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|file| file.starts_with(&name)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn forget(prefix: &Path) -> Outcome {
    logs(prefix)?.into_iter().try_for_each(|file| Ok(fs::remove_file(file)?))
}

/// The noted times, in milliseconds.
fn times(prefix: &Path) -> Outcome<Vec<f64>> {
    let mut times = Vec::new();
    for file in logs(prefix)? {
        let text = fs::read_to_string(file)?;
        let time = |line: &str| line.split(' ').nth(2)?.parse::<f64>().ok();
        times.extend(text.lines().filter_map(time).map(|micros| micros / 1e3));
    }
    Ok(times)
}
