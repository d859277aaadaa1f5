//! Structured logs on standard error. Nothing secret, no payload and no identity is ever logged.
//!
//! Logging never blocks ([`LogQueue`]), not even where a thread panics.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fs::File,
    io,
    os::fd::AsFd as _,
    panic,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use prometheus::IntCounter;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt,
    prelude::*,
    reload,
};

use super::log_queue::LogQueue;
use crate::config::{ConfigError, LogFormat};

/// Libraries that log whole requests, with their payloads and tokens, when asked for everything.
const TALKATIVE: [&str; 4] = ["jsonrpsee", "hyper", "tungstenite", "tokio_tungstenite"];
/// At its end the process waits this long for somebody to read the last lines.
const FLUSHED_WITHIN: Duration = Duration::from_secs(1);

/// Whether a line may be written at all, whatever the filter asks for.
fn is_safe(line: &Metadata<'_>) -> bool {
    let talkative = TALKATIVE
        .iter()
        .any(|library| line.target().starts_with(library));
    !talkative || *line.level() <= Level::WARN
}

/// Whether a line comes from here: of lines that were lost, or of a panic. These are written
/// whatever the filter says.
fn is_our_own(line: &Metadata<'_>) -> bool {
    line.target() == module_path!()
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

/// The log of this process. When it is dropped, what was logged is written, unless nobody reads it.
#[derive(Debug)]
#[must_use]
pub struct Log(Arc<LogQueue>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(FLUSHED_WITHIN);
    }
}

/// Starts logging. Lines that nobody takes are dropped, and counted in `lost`.
///
/// # Errors
/// [`ConfigError`] if the filter is none, or there is no thread to write the lines.
pub fn start(format: LogFormat, filter: &str, lost: IntCounter) -> Result<Log, ConfigError> {
    let parsed =
        parse(filter).map_err(|error| ConfigError(format!("log_filter: {filter:?}: {error}")))?;
    let (parsed, handle) = reload::Layer::new(parsed);
    let queue = Arc::new(LogQueue::new(lost));
    let lines = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(Arc::clone(&queue))
            .with_ansi(false)
            .boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(Arc::clone(&queue)).boxed(),
    };
    let safe = filter_fn(is_safe).with_max_level_hint(Level::TRACE);
    let our_own = filter_fn(is_our_own).with_max_level_hint(Level::ERROR);
    let written = parsed.and(safe).or(our_own);
    // A second start in one process, as in tests, keeps the first subscriber.
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(written))
        .try_init();
    if started.is_ok() {
        let text = Mutex::new(filter.to_owned());
        let _ = FILTER.set(Filter { text, handle });
        write_lines(&queue).map_err(|error| ConfigError(format!("log: {error}")))?;
        log_panics();
    }
    Ok(Log(queue))
}

/// Starts the thread that writes to standard error.
fn write_lines(queue: &Arc<LogQueue>) -> io::Result<()> {
    // A descriptor of its own: that of the library has a lock, which a write that does not return
    // would hold.
    let out = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let queue = Arc::clone(queue);
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            queue.write_to(out, |lost| {
                tracing::error!(lost, "lines are missing here: nobody took them in time");
            })
        })
        .map(drop)
}

/// Makes a panic a line of the log. The usual way to tell of one blocks while nobody reads.
fn log_panics() {
    panic::set_hook(Box::new(|panicked| {
        let thread = thread::current();
        let at = panicked.location().map(ToString::to_string);
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            thread = thread.name(),
            at,
            backtrace = backtrace.map(tracing::field::display),
            "a thread panicked: {}",
            panicked
                .payload_as_str()
                .unwrap_or("for no reason in words")
        );
    }));
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

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Set in the process that is to panic: logging is of a whole process.
    const CHILD: &str = "RATCHETD_TEST_OF_PANICS";

    #[test]
    fn a_panic_is_a_line_of_the_log_whatever_the_filter_and_the_last_lines_are_written() {
        if std::env::var_os(CHILD).is_some() {
            let lost = IntCounter::new("lost", "Lines lost.").unwrap();
            let _log = start(LogFormat::Json, "off", lost).unwrap();
            tracing::error!("not asked for");
            let panicked = thread::Builder::new()
                .name("unlucky".to_owned())
                .spawn(|| panic!("on {}", "purpose"));
            panicked.unwrap().join().unwrap_err();
            return;
        }
        let said = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ops::log::tests::a_panic_is_a_line_of_the_log_whatever_the_filter_and_the_last_lines_are_written"])
            .env(CHILD, "1")
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert!(said.status.success());
        let said = String::from_utf8(said.stderr).unwrap();
        let lines: Vec<serde_json::Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [line] = &lines[..] else {
            panic!("one line: {said}");
        };
        assert_eq!(line["fields"]["message"], "a thread panicked: on purpose");
        assert_eq!(line["fields"]["thread"], "unlucky");
        assert!(line["fields"]["at"].as_str().unwrap().contains("log.rs"));
    }
}
