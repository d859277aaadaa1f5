//! A daemon with both its listeners, and connections to them on which any bytes may be sent.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    time::Duration,
};

use serde_json::Value;

use crate::support::{Answer, Daemon, SILENCE, exchange};

pub const CALL: &str = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_version\"}";
/// The lines that ask to speak WebSocket.
pub const UPGRADING: &str = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
                             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
pub const JSON: &str = "content-type: application/json\r\n";
pub const LOCALHOST: &str = "host: localhost\r\n";

/// Times of few seconds, for tests that wait until one is over. Honest callers have to be faster, on
/// a machine that is busy too.
pub const IMPATIENT: &str =
    "[rpc]\nheader_timeout_s = 3\nbody_timeout_s = 3\nwrite_timeout_s = 1\nping_interval_s = 1\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    Unix,
    Tcp,
}

pub const BOTH: [Listener; 2] = [Listener::Unix, Listener::Tcp];

/// A daemon that listens on both.
pub struct Door {
    pub daemon: Daemon,
    pub address: String,
    pub token: String,
}

impl Door {
    pub fn open() -> Self {
        Self::with("")
    }

    /// A daemon with this configuration.
    pub fn with(config: &str) -> Self {
        Self::with_arguments(config, &[])
    }

    /// A daemon with this configuration and these flags.
    pub fn with_arguments(config: &str, more: &[&str]) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        let path = scratch.path().join("config.toml");
        fs::write(&path, config).expect("to write");
        let path = path.display().to_string();
        let mut arguments = vec!["--http", "127.0.0.1:0", "--config", &path];
        arguments.extend(more);
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        let daemon = Daemon::start_in(scratch, arguments);
        let token = fs::read_to_string(daemon.data_dir().join("rpc.token")).expect("the token");
        Self {
            address: daemon.tcp().expect("an address"),
            token: token.trim().to_owned(),
            daemon,
        }
    }

    /// The header line with the token.
    pub fn bearer(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.token)
    }

    pub fn connect(&self, listener: Listener) -> Connection {
        match listener {
            Listener::Unix => {
                Connection::Unix(UnixStream::connect(self.daemon.socket()).expect("the socket"))
            }
            Listener::Tcp => {
                let stream = TcpStream::connect(&self.address).expect("to connect");
                stream.set_nodelay(true).expect("to send at once");
                Connection::Tcp(stream)
            }
        }
        .patient()
    }

    /// The answer to a request with these header lines.
    pub fn ask(&self, listener: Listener, line: &str, headers: &str, body: &str) -> Answer {
        let rest = if headers.contains("upgrade: websocket") {
            String::new()
        } else {
            format!("connection: close\r\ncontent-length: {}\r\n", body.len())
        };
        let request = format!("{line} HTTP/1.1\r\n{headers}{rest}\r\n{body}");
        exchange(self.connect(listener), &request)
    }

    /// A POST on TCP that has the token and asks for nothing unusual but what `headers` say.
    pub fn post(&self, headers: &str, body: &str) -> Answer {
        let headers = format!("{LOCALHOST}{JSON}{}{headers}", self.bearer());
        self.ask(Listener::Tcp, "POST /", &headers, body)
    }

    /// Everything that comes back for these bytes, until the daemon closes the connection.
    pub fn all(&self, listener: Listener, bytes: &[u8]) -> String {
        let mut connection = self.connect(listener);
        // It may close in the middle.
        let _ = connection.write_all(bytes);
        String::from_utf8_lossy(&connection.read_to_the_end()).into_owned()
    }

    /// An honest call is answered, on both listeners.
    pub fn works(&self) {
        assert_eq!(self.daemon.post(CALL).status, 200);
        assert_eq!(self.post("", CALL).status, 200);
    }
}

/// A connection to one of the listeners.
pub enum Connection {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Connection {
    /// A daemon that forgets us makes the test fail instead of hang.
    fn patient(self) -> Self {
        self.wait_at_most(SILENCE);
        self.write_at_most(SILENCE);
        self
    }

    pub fn write_at_most(&self, time: Duration) {
        match self {
            Self::Unix(stream) => stream.set_write_timeout(Some(time)),
            Self::Tcp(stream) => stream.set_write_timeout(Some(time)),
        }
        .expect("a timeout");
    }

    pub fn wait_at_most(&self, time: Duration) {
        match self {
            Self::Unix(stream) => stream.set_read_timeout(Some(time)),
            Self::Tcp(stream) => stream.set_read_timeout(Some(time)),
        }
        .expect("a timeout");
    }

    /// Says that nothing more will be sent.
    pub fn finish(&self) {
        match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
        }
        .expect("to shut down");
    }

    /// What still comes, up to the close, which has to come.
    pub fn read_to_the_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if is_closed(&error) => {}
            Err(error) => panic!("the daemon does not close the connection: {error}"),
        }
        bytes
    }
}

/// Whether the error says that the other end is gone.
pub fn is_closed(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The error object of an answer that holds one.
pub fn error_of(answer: &Answer) -> Value {
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    body["error"].clone()
}

/// The value of a header of an answer, which is in lowercase.
pub fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
