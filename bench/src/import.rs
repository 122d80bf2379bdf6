//! W10: a file of contacts, a fifth of which are there already.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::Value as Json;

use crate::{
    Outcome, cpu,
    data::{Contact, REFERENCE_EVERY},
    failed,
    scene::Scene,
};

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/import.json");
/// The full size of the file, in rows.
const ROWS: u64 = 100_000;
/// One row of so many is about a contact that is there.
const KNOWN_EVERY: u64 = 5;

/// What came of an import.
pub struct Imported {
    /// How many rows were read.
    pub rows: f64,
    /// How many of them changed a contact that was there.
    pub updated: f64,
    /// In how many seconds.
    pub seconds: f64,
    /// The most memory that the process had, in MiB.
    pub peak: f64,
    /// The seconds of processor time that it used.
    pub cpu: f64,
}

/// Imports a file into the scene's database.
pub fn run(kith: &Path, scene: &Scene) -> Outcome<Imported> {
    let file = write(scene, ROWS.min(scene.world.contacts / 10))?;
    let me = std::process::id();
    let before = cpu::reaped(me)?;
    let mut import = Command::new(kith);
    aim(&mut import, &file, scene)?;
    let mut import = import.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let mut peak = 0.0_f64;
    while import.try_wait()?.is_none() {
        peak = cpu::memory(import.id(), "VmHWM").unwrap_or(peak).max(peak);
        sleep(Duration::from_millis(20));
    }
    let done = import.wait_with_output()?;
    let report: Json = serde_json::from_slice(&done.stdout).unwrap_or_default();
    let number = |name: &str| report.get(name).and_then(Json::as_f64).unwrap_or_default();
    if !done.status.success() || number("seconds") <= 0.0 {
        return Err(failed(format!("the import ended with {}: {report}", done.status)));
    }
    let cpu = cpu::reaped(me)? - before;
    Ok(Imported {
        rows: number("rowsRead"),
        updated: number("rowsUpdated"),
        seconds: number("seconds"),
        peak,
        cpu,
    })
}

/// Has a command that runs Kith import a file into the scene's database.
pub fn aim(kith: &mut Command, file: &Path, scene: &Scene) -> Outcome {
    kith.arg("import").arg(file).args(["--object", "contact", "--mapping", MAPPING, "--json"]);
    kith.args(["--key", &scene.main()?.key, "--database", &scene.database]);
    Ok(())
}

/// Writes a file of so many rows.
pub fn write(scene: &Scene, rows: u64) -> Outcome<PathBuf> {
    let world = &scene.world;
    let file = scene.directory.join("import.csv");
    let mut out = BufWriter::new(File::create(&file)?);
    writeln!(out, "Reference,Name,Mail,Phone,Country,Stage")?;
    for n in 0..rows {
        if n % KNOWN_EVERY == 0 {
            let contact = Contact::new(world, n / KNOWN_EVERY * REFERENCE_EVERY);
            let reference = contact.reference.as_deref().unwrap_or_default();
            let mail = contact.emails.first().map(String::as_str).unwrap_or_default();
            let (given, family) = (contact.given, contact.family);
            writeln!(out, "{reference},{given} {family},{mail},+49 30 {n},DE,former")?;
        } else {
            writeln!(out, "N-{n},Ada Import {n},ada.{n}@import.example,+49 30 {n},FR,lead")?;
        }
    }
    out.flush()?;
    Ok(file)
}
