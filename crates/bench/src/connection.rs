//! One connection to the daemon, kept alive, with as little HTTP as the daemon's answers need.
//!
//! Requests are made in advance, and answers are parsed no further than necessary: the caller
//! shares the machine with the daemon it measures, and what it spends is missing there.

use std::{ops::Range, path::Path, rc::Rc};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

/// First capacity of the buffer for answers; that of one message fits.
const BUFFER_BYTES: usize = 8 * 1024;
/// How an answer with a result begins as the daemon writes it: such an answer is not parsed.
const RESULT: &[u8] = br#"{"jsonrpc":"2.0","id":1,"result":"#;
/// Most headers of an answer.
const MAX_HEADERS: usize = 32;

/// A whole HTTP request for this method, as it is sent.
pub(crate) fn request(method: &str, params: &Value) -> Rc<[u8]> {
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes().into()
}

/// A whole HTTP request for what can be read at this path.
pub(crate) fn read_request(path: &str) -> Rc<[u8]> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    request.into_bytes().into()
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to the daemon's Unix socket.
    pub(crate) async fn open(socket: &Path) -> Result<Self, String> {
        let stream = UnixStream::connect(socket).await.map_err(|error| {
            format!(
                "no daemon answers at {}: {error}; start one with `ratchetd serve`",
                socket.display()
            )
        })?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(BUFFER_BYTES),
        })
    }

    /// The id of the process at the other end, if the system knows it.
    pub(crate) fn process(&self) -> Option<u32> {
        let pid = self.stream.peer_cred().ok()?.pid()?;
        u32::try_from(pid).ok()
    }

    /// Makes a call, and returns the body of the answer. An answer that is not a result is an
    /// error.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<&[u8], String> {
        let body = self.exchange(request).await?;
        check_result(body).map(|()| body)
    }

    /// Sends a request, and returns the body of the answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<&[u8], String> {
        let broken = |error: std::io::Error| format!("the connection broke: {error}");
        self.stream.write_all(request).await.map_err(broken)?;
        self.buffer.clear();
        let mut expected = None;
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await;
            if read.map_err(broken)? == 0 {
                return Err("the daemon closed the connection".to_owned());
            }
            if expected.is_none() {
                expected = body(&self.buffer)?;
                if let Some(Range { end, .. }) = expected {
                    self.buffer.reserve(end.saturating_sub(self.buffer.len()));
                }
            }
            if let Some(range) = expected.clone()
                && self.buffer.len() >= range.end
            {
                return Ok(self.buffer.get(range).unwrap_or_default());
            }
        }
    }

    /// Makes a call that is not measured, and returns the result.
    pub(crate) async fn ask(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        let named = |error: String| format!("{method}: {error}");
        let body = self.call(&request(method, params)).await.map_err(named)?;
        let mut answer: Value =
            serde_json::from_slice(body).map_err(|error| named(error.to_string()))?;
        Ok(answer
            .get_mut("result")
            .map(Value::take)
            .unwrap_or_default())
    }
}

/// Where the body is in `bytes`; `None` as long as the head is incomplete.
fn body(bytes: &[u8]) -> Result<Option<Range<usize>>, String> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let parsed = answer.parse(bytes).map_err(|error| error.to_string())?;
    let httparse::Status::Complete(begin) = parsed else {
        return Ok(None);
    };
    if answer.code != Some(200) {
        let reason = answer.reason.unwrap_or_default();
        return Err(format!("the daemon refused the request: {reason}"));
    }
    let length = answer
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| {
            std::str::from_utf8(header.value)
                .ok()?
                .parse::<usize>()
                .ok()
        })
        .ok_or("the answer does not say how long it is")?;
    Ok(Some(begin..begin + length))
}

/// That a body is a result; otherwise the message of its error.
fn check_result(body: &[u8]) -> Result<(), String> {
    if body.starts_with(RESULT) {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if answer.get("result").is_some() {
        return Ok(());
    }
    let message = answer.pointer("/error/message").and_then(Value::as_str);
    Err(message.unwrap_or("the answer is no result").to_owned())
}

/// Where `part` first occurs in `bytes`.
pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_from_an_error() {
        for result in [
            r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
            r#"{"result":{"error":1},"id":1,"jsonrpc":"2.0"}"#,
        ] {
            assert_eq!(check_result(result.as_bytes()), Ok(()));
        }
        let error = br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#;
        assert_eq!(check_result(error), Err("no".to_owned()));
        assert!(check_result(b"{").is_err());
    }

    #[test]
    fn the_body_is_found_once_the_head_is_complete() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ndate: x\r\n\r\n{1}23 more";
        assert_eq!(body(answer), Ok(Some(47..52)));
        for cut in 0..47 {
            assert_eq!(body(&answer[..cut]), Ok(None), "{cut}");
        }
        for bad in [
            "HTTP/1.1 503 Busy\r\ncontent-length: 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "no answer\r\n\r\n",
        ] {
            assert!(body(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
