//! `ratchetd health`: whether the daemon is ready, for health checks in containers, where there is
//! no curl.

use std::{
    io::{Read as _, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use super::{Failure, reach::ReachArgs};

/// A daemon that does not answer in this time is not ready.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any answer of `/readyz`.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// What `health` takes.
#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    #[command(flatten)]
    reach: ReachArgs,
}

/// Asks `/readyz`, prints its answer in one line, and returns whether the daemon is ready.
///
/// # Errors
/// One line, if no daemon answers.
pub fn run(args: HealthArgs, out: &mut dyn Write) -> Result<bool, Failure> {
    let settings = args.reach.settings()?;
    let answer = ask(&settings.socket)?;
    let said: Option<Value> = answer
        .split_once("\r\n\r\n")
        .and_then(|(_, body)| serde_json::from_str(body).ok());
    let text = |name: &str| said.as_ref().and_then(|said| said[name].as_str());
    let ready = answer.starts_with("HTTP/1.1 200 ");
    let on_real_data = said
        .as_ref()
        .is_some_and(|said| said["devOnRealData"] == true);
    let line = match (ready, text("reason")) {
        (true, _) if on_real_data => "ready, with --dev on real data".to_owned(),
        (true, _) => "ready".to_owned(),
        (false, Some(reason)) => {
            let hint = text("hint").unwrap_or("see the daemon's log");
            format!("not ready: {reason}: {hint}")
        }
        (false, None) => {
            let shown = settings.socket.display();
            return Err(format!("what answers at {shown} is not ratchetd").into());
        }
    };
    // It does not matter whether the output is read.
    let _ = writeln!(out, "{line}");
    Ok(ready)
}

/// The whole HTTP answer, with its head.
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
    exchange().map_err(|error| {
        format!(
            "no daemon answers at {}: {error}; start one with `ratchetd serve`, or name its socket with --socket",
            socket.display()
        )
    })
}
