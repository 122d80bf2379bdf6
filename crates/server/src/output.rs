//! Standard output.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use crate::failure::{Failure, Outcome};

/// Writes a line to standard output. A reader who has seen enough is no failure.
pub(crate) fn say(line: impl Display) -> Outcome {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::from(error)),
        _ => Ok(()),
    }
}
