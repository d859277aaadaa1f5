//! One connection to the daemon, kept alive, with as little HTTP as the daemon's answers need.
//!
//! Requests are made in advance, and answers are parsed no further than necessary: the caller
//! shares the machine with the daemon it measures, and what it spends is missing there.

use std::path::Path;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

/// Largest answer that is read: a group of the largest messages.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Largest head of an answer that is read.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// First capacity of the buffer for answers; that of one message fits.
const BUFFER_BYTES: usize = 8 * 1024;
/// How an answer with a result begins as the daemon writes it: such an answer is not parsed.
const RESULT: &[u8] = br#"{"jsonrpc":"2.0","id":1,"result":"#;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const LENGTH: &[u8] = b"content-length:";

/// A whole HTTP request for this method, as it is sent.
pub(crate) fn request(method: &str, params: &Value) -> Vec<u8> {
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
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

    /// Sends a request, and returns the body of the answer. An answer that is not a result is an
    /// error.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<&[u8], String> {
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
                expected = head(&self.buffer)?;
                if let Some((_, end)) = expected {
                    self.buffer.reserve(end.saturating_sub(self.buffer.len()));
                }
            }
            if let Some((begin, end)) = expected
                && self.buffer.len() >= end
            {
                let body = self.buffer.get(begin..end).unwrap_or_default();
                return check_result(body).map(|()| body);
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

/// Where the body begins and ends in `bytes`; `None` as long as the head is incomplete.
fn head(bytes: &[u8]) -> Result<Option<(usize, usize)>, String> {
    let Some(end) = find(bytes, END_OF_HEAD) else {
        return if bytes.len() > MAX_HEAD_BYTES {
            Err("the answer's head has no end".to_owned())
        } else {
            Ok(None)
        };
    };
    let head = bytes.get(..end).unwrap_or_default();
    let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status != b"200" {
        return Err(format!(
            "the daemon refused the request: {}",
            String::from_utf8_lossy(status)
        ));
    }
    let length = head
        .split(|byte| *byte == b'\n')
        .find(|line| {
            line.get(..LENGTH.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(LENGTH))
        })
        .and_then(|line| std::str::from_utf8(line.get(LENGTH.len()..)?).ok())
        .and_then(|length| length.trim().parse::<usize>().ok())
        .filter(|length| *length <= MAX_ANSWER_BYTES)
        .ok_or("the answer does not say how long it is")?;
    let begin = end + END_OF_HEAD.len();
    Ok(Some((begin, begin + length)))
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
        assert_eq!(head(answer), Ok(Some((47, 52))));
        for cut in 0..47 {
            assert_eq!(head(&answer[..cut]), Ok(None), "{cut}");
        }
        for bad in [
            "HTTP/1.1 503 Busy\r\ncontent-length: 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert!(head(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(head(&[b'x'; MAX_HEAD_BYTES + 1]).is_err());
    }
}
