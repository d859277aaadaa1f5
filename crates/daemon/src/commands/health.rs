//! `ratchetd health`: whether the daemon is ready, for health checks in containers, where there is
//! no curl.

use std::{
    io::{Read as _, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use crate::config::{Flags, Settings};

/// A daemon that does not answer in this time is not ready.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any answer of `/readyz`.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// What `health` takes.
#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    /// The daemon's configuration file, to find its socket [default: as for serve]
    #[arg(long, env = "RATCHETD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The daemon's Unix socket [default: as for serve]
    #[arg(long, env = "RATCHETD_SOCKET", value_name = "PATH")]
    socket: Option<String>,
    /// The daemon's data directory, to find its socket
    #[arg(long, env = "RATCHETD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<String>,
}

/// Asks `/readyz` and says in one line what it says; whether the daemon is ready.
///
/// # Errors
/// One line, if nobody could be asked.
pub fn run(args: HealthArgs, out: &mut dyn Write) -> Result<bool, String> {
    let settings = Settings::load(Flags {
        config: args.config,
        socket: args.socket,
        data_dir: args.data_dir,
        ..Flags::default()
    })
    .map_err(|error| error.to_string())?;
    let answer = ask(&settings.socket)?;
    let said: Option<Value> = answer
        .split_once("\r\n\r\n")
        .and_then(|(_, body)| serde_json::from_str(body).ok());
    let reason = said.as_ref().and_then(|said| said["reason"].as_str());
    let ready = answer.starts_with("HTTP/1.1 200 ");
    let on_real_data = said
        .as_ref()
        .is_some_and(|said| said["devOnRealData"] == true);
    let line = match (ready, reason) {
        (true, _) if on_real_data => "ready, with --dev on real data".to_owned(),
        (true, _) => "ready".to_owned(),
        (false, Some(reason)) => format!("not ready: {reason}"),
        (false, None) => {
            let shown = settings.socket.display();
            return Err(format!("what answers at {shown} is not ratchetd"));
        }
    };
    // That nobody reads it changes nothing.
    let _ = writeln!(out, "{line}");
    Ok(ready)
}

/// The answer as it came, with its head.
fn ask(socket: &Path) -> Result<String, String> {
    let exchange = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    exchange().map_err(|error| unreachable(socket, &error))
}

fn unreachable(socket: &Path, error: &std::io::Error) -> String {
    format!(
        "no daemon answers at {}: {error}; start one with `ratchetd serve`, or name its socket with --socket",
        socket.display()
    )
}
