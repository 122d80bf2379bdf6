//! Running other programs.

use std::process::Command;

use crate::{Outcome, failed};

/// Runs a program to its end and gives what it prints.
pub fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|error| failed(format!("{name}: {error}")))?;
    if !done.status.success() {
        let errors = String::from_utf8_lossy(&done.stderr);
        return Err(failed(format!("{name} failed: {}", errors.trim())));
    }
    Ok(String::from_utf8(done.stdout)?)
}
