//! Structured logs on standard error. Nothing secret, no payload and no identity is ever logged.

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, Layer as _, filter::filter_fn, fmt, prelude::*};

use crate::config::{ConfigError, LogFormat};

/// Libraries that log whole requests, with their payloads and tokens, when asked for everything.
const TALKATIVE: [&str; 2] = ["jsonrpsee", "hyper"];

/// Whether a line may be written at all, whatever the filter asks for.
fn is_safe(line: &Metadata<'_>) -> bool {
    let talkative = TALKATIVE
        .iter()
        .any(|library| line.target().starts_with(library));
    !talkative || *line.level() <= Level::WARN
}

/// Starts logging.
///
/// # Errors
/// [`ConfigError`] if the filter is none.
pub fn start(format: LogFormat, filter: &str) -> Result<(), ConfigError> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| ConfigError(format!("log_filter: {error}")))?;
    let lines = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(std::io::stderr).boxed(),
    };
    // A second start in one process, as in tests, keeps the first subscriber.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter_fn(is_safe)))
        .with(filter)
        .try_init();
    Ok(())
}
