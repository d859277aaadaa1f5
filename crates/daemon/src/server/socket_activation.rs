//! Listeners that systemd has opened for us (socket activation): LISTEN_FDS.

use std::{io, net::SocketAddr};

use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

use crate::config::Settings;

/// What was passed to us; each is served under the same rules as one of our own.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// A Unix socket and where it is. Its mode and group are of whoever opened it.
    pub(super) unix: Option<(UnixListener, String)>,
    /// A TCP socket and its address.
    pub(super) tcp: Option<(TcpListener, SocketAddr)>,
}

impl Passed {
    /// Takes what was passed: at most one of each kind.
    ///
    /// # Errors
    /// One line, if there is more, something else, or an address that the configuration does not
    /// allow.
    pub(super) fn take(mut listeners: ListenFd, settings: &Settings) -> Result<Self, String> {
        let mut passed = Self::default();
        for index in 0..listeners.len() {
            if let Ok(Some(listener)) = listeners.take_unix_listener(index) {
                let taken = take_unix(listener).map_err(|error| wrong(index, &error))?;
                if passed.unix.replace(taken).is_some() {
                    return Err(
                        "more than one Unix socket was passed to us: one is served".to_owned()
                    );
                }
            } else if let Ok(Some(listener)) = listeners.take_tcp_listener(index) {
                let taken = take_tcp(listener).map_err(|error| wrong(index, &error))?;
                if passed.tcp.replace(taken).is_some() {
                    return Err(
                        "more than one TCP socket was passed to us: one is served".to_owned()
                    );
                }
            } else {
                return Err(format!(
                    "number {index} of what was passed to us is no listening Unix or TCP socket"
                ));
            }
        }
        match (&passed.tcp, &settings.http) {
            (Some(_), Some(_)) => Err(
                "http: a TCP socket was passed to us already: leave out --http, or the socket"
                    .to_owned(),
            ),
            (Some((_, address)), None) if !settings.may_listen_on(*address) => Err(format!(
                "http: other machines can reach {address}, which was passed to us; allow that with --http-allow-remote, and put TLS before it"
            )),
            _ => Ok(passed),
        }
    }
}

fn take_unix(listener: std::os::unix::net::UnixListener) -> io::Result<(UnixListener, String)> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let place = address
        .as_pathname()
        .map_or_else(|| "(passed)".to_owned(), |path| path.display().to_string());
    Ok((UnixListener::from_std(listener)?, place))
}

fn take_tcp(listener: std::net::TcpListener) -> io::Result<(TcpListener, SocketAddr)> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, address))
}

fn wrong(index: usize, error: &io::Error) -> String {
    format!("number {index} of what was passed to us cannot be used: {error}")
}
