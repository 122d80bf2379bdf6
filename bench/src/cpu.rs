//! What processes use, as Linux tells it.

use std::{fs, path::Path};

use crate::{Outcome, failed, tool::output};

/// Processor time is told in hundredths of a second on every Linux that Kith is built for.
const TICKS: f64 = 100.0;

/// What one process tells about itself.
struct Stat {
    parent: u32,
    own: u64,
    reaped: u64,
}

fn stat(pid: u32) -> Outcome<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program, in brackets, may have spaces.
    let (_, rest) = text.rsplit_once(')').ok_or_else(|| failed("/proc is not as expected"))?;
    let fields: Vec<u64> = rest.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    let parent = u32::try_from(field(1)).unwrap_or_default();
    Ok(Stat { parent, own: field(11) + field(12), reaped: field(13) + field(14) })
}

/// The seconds that a process has used itself.
pub fn own(pid: u32) -> Outcome<f64> {
    Ok(stat(pid)?.own as f64 / TICKS)
}

/// The seconds that the ended children of a process have used.
pub fn reaped(pid: u32) -> Outcome<f64> {
    Ok(stat(pid)?.reaped as f64 / TICKS)
}

/// The seconds that a process and its children have used, those included that have ended.
pub fn family(pid: u32) -> Outcome<f64> {
    let parent = stat(pid)?;
    let mut ticks = parent.own + parent.reaped;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        // A process may end while it is looked at.
        let child = name.to_str().and_then(|name| name.parse().ok()).and_then(|child| stat(child).ok());
        ticks += child.filter(|child| child.parent == pid).map_or(0, |child| child.own + child.reaped);
    }
    Ok(ticks as f64 / TICKS)
}

/// A line of what a process tells about its memory, such as `VmRSS`, in MiB.
pub fn memory(pid: u32, line: &str) -> Outcome<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = text.lines().find_map(|each| each.strip_prefix(line)?.strip_prefix(':'));
    let kibibytes = found.and_then(|found| found.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kibibytes.ok_or_else(|| failed(format!("the process {pid} tells no {line}")))? / 1024.0)
}

/// What the machine is, in a line.
pub fn machine() -> Outcome<String> {
    let first = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism()?;
    let memory = first("/proc/meminfo", "MemTotal");
    let memory: f64 = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = first("/proc/cpuinfo", "model name");
    let memory = memory / 1024.0 / 1024.0;
    Ok(format!("{cores} cores ({model}), {memory:.0} GiB of memory, Linux {}", kernel.trim()))
}

/// The version that a program tells.
pub fn version(program: &Path) -> Outcome<String> {
    Ok(output(std::process::Command::new(program).arg("--version"))?.trim().to_owned())
}
