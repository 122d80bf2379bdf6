//! Driving the server with wrk.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::Command,
};

use serde_json::Value as Json;

use crate::{Outcome, failed, http::Request, measured::Pace, tool::output};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/wrk.lua");

/// Writes requests down as the script reads them.
pub fn write(file: &Path, requests: &[Request]) -> Outcome {
    let mut out = BufWriter::new(File::create(file)?);
    for Request { method, path, key, body } in requests {
        writeln!(out, "{method}\t{path}\t{key}\t{body}")?;
    }
    Ok(out.flush()?)
}

/// Sends the requests of a file over so many connections for so long. The mark makes this drive's new records
/// other ones than those of all other drives.
pub fn drive(file: &Path, address: &str, connections: u32, seconds: u32, mark: &str) -> Outcome<Pace> {
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        &format!("-c{connections}"),
        &format!("-d{seconds}s"),
        "--timeout",
        "30s",
        "-s",
        SCRIPT,
    ]);
    wrk.arg(format!("http://{address}")).arg("--").arg(file).arg(mark);
    let text = output(&mut wrk)?;
    let told = text.lines().find(|line| line.starts_with('{'));
    let told: Json = serde_json::from_str(told.ok_or_else(|| failed(format!("wrk told nothing: {text}")))?)?;
    let number = |name: &str| told.get(name).and_then(Json::as_f64).unwrap_or_default();
    if number("refused") + number("broken") > 0.0 || number("requests") < 1.0 {
        return Err(failed(format!("not every request was answered well: {told}")));
    }
    Ok(Pace {
        requests: number("requests"),
        seconds: number("micros") / 1e6,
        p50: number("p50") / 1e3,
        p99: number("p99") / 1e3,
    })
}
