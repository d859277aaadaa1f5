//! `ratchetd health`: whether the daemon is ready, for health checks in containers, where there is
//! no curl.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use super::{Failure, output::Output, reach::SocketArgs};

/// A daemon that does not answer in this time is not ready.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any answer of `/readyz`.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// What `health` takes.
#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    #[command(flatten)]
    socket: SocketArgs,
}

/// Asks `/readyz`, prints its answer in one line, and returns whether the daemon is ready.
///
/// # Errors
/// One line, if no daemon answers.
pub fn run(args: &HealthArgs, out: &mut Output<'_>) -> Result<bool, Failure> {
    let socket = args.socket.socket()?;
    let answer = ask(&socket)?;
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
            let shown = socket.display();
            return Err(format!("what answers at {shown} is not ratchetd").into());
        }
    };
    out.say(&line);
    Ok(ready)
}

/// The whole HTTP answer, with its head.
fn ask(socket: &Path) -> Result<String, String> {
    let shown = socket.display();
    let mut stream = UnixStream::connect(socket).map_err(|error| {
        format!(
            "no daemon answers at {shown}: {error}; start one with `ratchetd serve`, or name its socket with --socket"
        )
    })?;
    let mut exchange = || -> io::Result<Vec<u8>> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        (&stream).take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(answer)
    };
    match exchange() {
        Ok(answer) if !answer.is_empty() => Ok(String::from_utf8_lossy(&answer).into_owned()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(format!(
                "the daemon at {shown} has not answered in {} seconds: see its log, and restart it if it hangs",
                PATIENCE.as_secs()
            ))
        }
        _ => Err(format!("{}: {shown}", rpc::client::CLOSED)),
    }
}
