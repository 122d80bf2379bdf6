//! Running Kith under valgrind, which counts its instructions.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Outcome, failed, tool::output};

/// One run at a time, and the files it writes.
pub struct Callgrind {
    file: PathBuf,
    dumps: usize,
}

impl Callgrind {
    /// A run that writes its files into a directory.
    pub fn new(directory: &Path) -> Self {
        Self { file: directory.join("callgrind.out"), dumps: 0 }
    }

    /// A command that runs Kith, with what it is configured by on this machine left out.
    pub fn command(&self, kith: &Path, counting: bool) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--tool=callgrind", "--dump-line=no"]);
        command.arg(format!("--instr-atstart={}", if counting { "yes" } else { "no" }));
        command.arg(format!("--callgrind-out-file={}", self.file.display())).arg(kith);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("KITH_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs such a command to its end and gives the instructions of the whole of it.
    pub fn run(&self, command: &mut Command) -> Outcome<u64> {
        output(command)?;
        total(&self.file)
    }

    /// Begins to count.
    pub fn begin(&self, pid: u32) -> Outcome {
        tell(pid, &["instrumentation", "on"])
    }

    /// Begins at zero again.
    pub fn zero(&self, pid: u32) -> Outcome {
        tell(pid, &["zero"])
    }

    /// The instructions since it was at zero.
    pub fn read(&mut self, pid: u32) -> Outcome<u64> {
        self.dumps += 1;
        tell(pid, &["dump"])?;
        total(&self.file.with_extension(format!("out.{}", self.dumps)))
    }
}

fn tell(pid: u32, words: &[&str]) -> Outcome {
    output(Command::new("vgdb").arg(format!("--pid={pid}")).args(words)).map(drop)
}

fn total(file: &Path) -> Outcome<u64> {
    let text = fs::read_to_string(file).map_err(|error| failed(format!("{}: {error}", file.display())))?;
    fs::remove_file(file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.filter(|total| *total > 0).ok_or_else(|| failed("valgrind counted nothing"))
}
