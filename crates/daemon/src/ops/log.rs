//! Structured logs on standard error. Nothing secret, no payload and no identity is ever logged.

use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, filter::filter_fn, fmt, prelude::*, reload,
};

use crate::config::{ConfigError, LogFormat};

/// Libraries that log whole requests, with their payloads and tokens, when asked for everything.
const TALKATIVE: [&str; 4] = ["jsonrpsee", "hyper", "tungstenite", "tokio_tungstenite"];

/// Whether a line may be written at all, whatever the filter asks for.
fn is_safe(line: &Metadata<'_>) -> bool {
    let talkative = TALKATIVE
        .iter()
        .any(|library| line.target().starts_with(library));
    !talkative || *line.level() <= Level::WARN
}

/// The filter in force.
struct Filter {
    text: Mutex<String>,
    handle: reload::Handle<EnvFilter, Registry>,
}

static FILTER: OnceLock<Filter> = OnceLock::new();

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| error.to_string())
}

/// Starts logging.
///
/// # Errors
/// [`ConfigError`] if the filter is none.
pub fn start(format: LogFormat, filter: &str) -> Result<(), ConfigError> {
    let parsed =
        parse(filter).map_err(|error| ConfigError(format!("log_filter: {filter:?}: {error}")))?;
    let (parsed, handle) = reload::Layer::new(parsed);
    let lines = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(std::io::stderr).boxed(),
    };
    // A second start in one process, as in tests, keeps the first subscriber.
    let started = tracing_subscriber::registry()
        .with(parsed)
        .with(lines.with_filter(filter_fn(is_safe)))
        .try_init();
    if started.is_ok() {
        let text = Mutex::new(filter.to_owned());
        let _ = FILTER.set(Filter { text, handle });
    }
    Ok(())
}

/// Changes what is logged; what it was before. What may never be logged is not, whatever is asked
/// for.
///
/// # Errors
/// In words, if it is no filter, or if nothing is logged in this process.
pub fn set_filter(filter: &str) -> Result<String, String> {
    let parsed = parse(filter)?;
    let present = FILTER.get().ok_or("nothing is logged")?;
    let mut text = present.text.lock().unwrap_or_else(PoisonError::into_inner);
    present
        .handle
        .reload(parsed)
        .map_err(|error| error.to_string())?;
    Ok(std::mem::replace(&mut *text, filter.to_owned()))
}
