//! HTTP itself: sizes of heads, and bytes that two readers could read in two ways.

use crate::doors::door::{BOTH, CALL, Door, IMPATIENT, JSON, LOCALHOST, Listener};

/// Header lines of a request, at most.
const HEADERS: usize = 100;
/// The head of a request, in bytes; what was read with it may be a little over.
const HEAD: usize = 64 * 1024;

#[test]
fn heads_are_taken_up_to_their_limits_and_refused_past_them_before_anything_is_checked() {
    let door = Door::with(IMPATIENT);
    let livez = |headers: &str| format!("GET /livez HTTP/1.1\r\n{LOCALHOST}{headers}\r\n");
    let many = |lines: usize| livez(&"x: y\r\n".repeat(lines - 1));
    let large = |bytes: usize| livez(&format!("x: {}\r\n", "y".repeat(bytes)));
    let refused = |listener, request: String| {
        let answer = door.all(listener, request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    };
    for listener in BOTH {
        for taken in [many(HEADERS), large(HEAD / 2)] {
            let answer = door.all(listener, taken.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        refused(listener, many(HEADERS + 1));
        refused(listener, large(2 * HEAD));
        refused(listener, large(100 * HEAD));
        let long_target = format!("GET /{} HTTP/1.1\r\n{LOCALHOST}\r\n", "x".repeat(2 * HEAD));
        let answer = door.all(listener, long_target.as_bytes());
        let status = answer.get(9..12);
        assert!(matches!(status, Some("414" | "431")), "{answer}");
    }
    door.works();
}

/// A request hidden in the body or behind another one. It asks for a path that is answered without a token.
const HIDDEN: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[test]
fn a_request_that_can_be_split_in_two_ways_ends_its_connection() {
    let door = Door::with(IMPATIENT);
    let bearer = door.bearer();
    let start = format!("POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{bearer}");
    let chunk = format!("{:x}\r\n{CALL}\r\n0\r\n\r\n", CALL.len());
    let length = CALL.len();
    for (what, request) in [
        (
            "length, then chunked",
            format!(
                "{start}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{HIDDEN}"
            ),
        ),
        (
            "chunked, then length",
            format!(
                "{start}transfer-encoding: chunked\r\ncontent-length: {length}\r\n\r\n{chunk}{HIDDEN}"
            ),
        ),
        (
            "a length that hides a request in the body",
            format!(
                "{start}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "two lengths",
            format!("{start}content-length: {length}\r\ncontent-length: 0\r\n\r\n{CALL}{HIDDEN}"),
        ),
        (
            "two lengths in one line",
            format!("{start}content-length: {length}, 0\r\n\r\n{CALL}{HIDDEN}"),
        ),
        (
            "another encoding last",
            format!("{start}transfer-encoding: chunked, identity\r\n\r\n{chunk}{HIDDEN}"),
        ),
        (
            "another encoding",
            format!("{start}transfer-encoding: xchunked\r\n\r\n{chunk}{HIDDEN}"),
        ),
        (
            "a space before the colon",
            format!(
                "{start}transfer-encoding : chunked\r\ncontent-length: {length}\r\n\r\n{CALL}{HIDDEN}"
            ),
        ),
        (
            "a folded line",
            format!(
                "{start}x: y\r\n transfer-encoding: chunked\r\ncontent-length: {length}\r\n\r\n{CALL}{HIDDEN}"
            ),
        ),
        (
            "a folded encoding",
            format!(
                "{start}transfer-encoding:\r\n chunked\r\ncontent-length: {length}\r\n\r\n{CALL}{HIDDEN}"
            ),
        ),
        (
            "a zero byte in a line",
            format!("{start}x: y\0z\r\ncontent-length: {length}\r\n\r\n{CALL}{HIDDEN}"),
        ),
        (
            "a bare CR in a line",
            format!("{start}x: y\rz\r\ncontent-length: {length}\r\n\r\n{CALL}{HIDDEN}"),
        ),
        (
            "a chunk size with a sign",
            format!("{start}transfer-encoding: chunked\r\n\r\n+{chunk}{HIDDEN}"),
        ),
        (
            "a chunk size past 64 bits",
            format!(
                "{start}transfer-encoding: chunked\r\n\r\n1{}{chunk}{HIDDEN}",
                "0".repeat(16)
            ),
        ),
        (
            "a chunk without its end",
            format!("{start}transfer-encoding: chunked\r\n\r\n1\r\n{CALL}\r\n0\r\n\r\n{HIDDEN}"),
        ),
        (
            "a chunk line that ends with LF alone",
            format!(
                "{start}transfer-encoding: chunked\r\n\r\n{}{HIDDEN}",
                chunk.replace("\r\n", "\n")
            ),
        ),
        (
            "chunks in HTTP/1.0",
            format!(
                "{}transfer-encoding: chunked\r\n\r\n{chunk}{HIDDEN}",
                start.replace("1.1", "1.0")
            ),
        ),
    ] {
        for listener in BOTH {
            let answer = door.all(listener, request.as_bytes());
            assert_eq!(answer.matches("HTTP/1.").count(), 1, "{what}: {answer}");
            assert!(!answer.contains("\"status\""), "{what}: {answer}");
        }
    }
    door.works();
}

/// RFC 9112, 2.2, lets a line end with LF alone. What matters is that nothing else is taken for a line's end, and
/// that requests behind one another are separate ones, each checked.
#[test]
fn requests_behind_one_another_are_checked_one_by_one() {
    let door = Door::with(IMPATIENT);
    let bearer = door.bearer();
    let call = |credentials: &str| {
        format!(
            "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{credentials}content-length: {}\r\n\r\n{CALL}",
            CALL.len()
        )
    };
    let behind = format!("{}{}{}", call(&bearer), call(""), call(&bearer));
    let answers = door.all(Listener::Tcp, behind.as_bytes());
    let statuses: Vec<&str> = answers
        .match_indices("HTTP/1.1 ")
        .filter_map(|(at, _)| answers.get(at + 9..at + 12))
        .collect();
    assert_eq!(statuses.first(), Some(&"200"), "{answers}");
    assert_eq!(statuses.get(1), Some(&"401"), "{answers}");
    let lone_feeds = call("").replace("\r\n", "\n");
    let answer = door.all(Listener::Tcp, lone_feeds.as_bytes());
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[test]
fn what_is_no_http_is_refused_and_kills_nothing() {
    let door = Door::with(IMPATIENT);
    for noise in [
        &b"\r\n\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /livez\r\n\r\n",
        b"GET /livez HTTP/0.9\r\n\r\n",
        b"GET /livez HTTP/3.0\r\nhost: localhost\r\n\r\n",
        b"GET  /livez HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost localhost\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x00\x00",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_version\"}\n",
        b"\xff\xfe\xfd",
    ] {
        for listener in BOTH {
            let answer = door.all(listener, noise);
            let shown = String::from_utf8_lossy(noise);
            assert!(!answer.contains(" 200 "), "{shown:?}: {answer}");
            assert!(!answer.contains("revision"), "{shown:?}: {answer}");
        }
    }
    door.works();
}
