//! Connections that stay open: WebSockets and streams of events.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

/// A request for an upgrade to a WebSocket.
pub const UPGRADE: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                           sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// How long a test waits for a daemon to say anything before it fails instead of hanging.
pub const SILENCE: Duration = Duration::from_secs(60);

/// A connection to the daemon's socket.
pub fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).expect("the socket");
    stream.set_read_timeout(Some(SILENCE)).expect("a timeout");
    stream
}

/// Reads the head of a response, byte by byte so that nothing after it is lost.
pub fn head(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        bytes.extend(byte);
    }
    String::from_utf8(bytes).expect("text")
}

/// A call of which the daemon has taken up the head, and asks for the body of that many bytes.
pub fn begun(socket: &Path, length: usize) -> UnixStream {
    let mut stream = connect(socket);
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("to send");
    assert!(head(&mut stream).starts_with("HTTP/1.1 100"));
    stream
}

/// A WebSocket to the daemon.
pub struct WebSocket<S = UnixStream>(S);

impl WebSocket {
    /// Opens one on the daemon's socket.
    pub fn open(socket: &Path) -> Self {
        let mut stream = connect(socket);
        stream.write_all(UPGRADE.as_bytes()).expect("to send");
        assert!(head(&mut stream).starts_with("HTTP/1.1 101"));
        Self(stream)
    }
}

impl<S: Read + Write> WebSocket<S> {
    /// A WebSocket over a connection that was upgraded.
    pub fn over(stream: S) -> Self {
        Self(stream)
    }

    /// Sends a text frame. The mask of zeros, which clients have to use, leaves the text as it is.
    pub fn send(&mut self, message: &Value) {
        let message = message.to_string();
        let mut frame = vec![0x81];
        match u16::try_from(message.len()) {
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((message.len() as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(message.as_bytes());
        self.0.write_all(&frame).expect("to send");
    }

    /// The next text frame; pings are passed over. `None` if the daemon closes the connection.
    pub fn next(&mut self) -> Option<Value> {
        loop {
            let mut start = [0; 2];
            self.0.read_exact(&mut start).ok()?;
            let length = match start[1] {
                126 => {
                    let mut length = [0; 2];
                    self.0.read_exact(&mut length).expect("a length");
                    usize::from(u16::from_be_bytes(length))
                }
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).expect("a payload");
            match start[0] {
                0x81 => return Some(serde_json::from_slice(&payload).expect("JSON")),
                0x88 => return None,
                _ => {}
            }
        }
    }

    /// Sends a request and gives the next text frame.
    pub fn ask(&mut self, request: &Value) -> Value {
        self.send(request);
        self.next().expect("an answer")
    }
}

/// A stream of server-sent events.
pub struct EventStream<S> {
    stream: S,
    text: String,
}

impl<S: Read + Write> EventStream<S> {
    /// Requests the stream, with more header lines.
    pub fn open(mut stream: S, query: &str, headers: &str) -> Self {
        let request = format!("GET /events{query} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).expect("to send");
        let head = head(&mut stream).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        Self {
            stream,
            text: String::new(),
        }
    }

    /// The next event, checked against its lines; comments are passed over. `None` at the proper
    /// end of the stream.
    pub fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let lines: Vec<String> = block.lines().map(str::to_owned).collect();
                self.text = rest.to_owned();
                if lines[0].starts_with(':') {
                    continue;
                }
                let data = lines[2].strip_prefix("data: ").expect("data");
                let event: Value = serde_json::from_str(data).expect("JSON");
                assert_eq!(lines[0], format!("id: {}", event["seq"]));
                assert_eq!(lines[1], format!("event: {}", super::text(&event["type"])));
                assert_eq!(lines.len(), 3, "{lines:?}");
                return Some(event);
            }
            let chunk = self.chunk();
            if chunk.is_empty() {
                return None;
            }
            self.text += &chunk;
        }
    }

    /// The next chunk of the body.
    fn chunk(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            self.stream.read_exact(&mut byte).expect("a chunk");
            line.extend(byte);
        }
        let size = std::str::from_utf8(&line).expect("a size").trim();
        let size = usize::from_str_radix(size, 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).expect("the chunk");
        chunk.truncate(size);
        String::from_utf8(chunk).expect("text")
    }
}
