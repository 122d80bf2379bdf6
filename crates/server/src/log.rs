//! The log on standard error.

use std::io::{self, IsTerminal, Write, stderr};

use kernel::secret::masked;
use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    config::{Config, LogFormat},
    failure::{Failure, Outcome},
};

/// Begins to log.
pub(crate) fn start(config: &Config) -> Outcome {
    let filter = EnvFilter::try_new(&config.log_filter);
    let filter = filter.map_err(|error| Failure::from(error).during("the configuration's log-filter"))?;
    let log = fmt().with_env_filter(filter).with_writer(|| Masked(stderr()));
    match config.log_format {
        LogFormat::Text => log.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    }
    .map_err(|error| Failure::new(error.to_string()))
}

/// Writes lines without the keys that a path or an error may contain.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_all(masked(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn keys_are_not_written() {
        let mut log = Masked(Vec::new());
        let key = format!("kith_{}", "a".repeat(86));
        writeln!(log, "path=\"/v1/{key}\" error=no such key {key}").unwrap();
        assert_eq!(String::from_utf8(log.0).unwrap(), "path=\"/v1/kith_***\" error=no such key kith_***\n");
    }
}
