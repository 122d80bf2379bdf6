//! The log on standard error.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    config::{Config, LogFormat},
    failure::{Failure, Outcome},
};

/// Begins to log.
pub(crate) fn start(config: &Config) -> Outcome {
    let filter = EnvFilter::try_new(&config.log_filter);
    let filter = filter.map_err(|error| Failure::from(error).during("the configuration's log-filter"))?;
    let log = fmt().with_env_filter(filter).with_writer(stderr);
    match config.log_format {
        LogFormat::Text => log.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    }
    .map_err(|error| Failure::new(error.to_string()))
}
