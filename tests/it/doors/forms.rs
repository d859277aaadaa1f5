//! What JSON-RPC takes: methods, content types, sizes of bodies and batches.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::{
    doors::door::{
        BOTH, CALL, Door, IMPATIENT, JSON, LOCALHOST, Listener, UPGRADING, error_of, header,
    },
    support::{Answer, WebSocket, exchange, text},
};

/// The largest request, in bytes.
const LIMIT: usize = 10 * 1024 * 1024;

/// What a refusal says to do.
fn advice(refused: &Answer) -> String {
    let error = error_of(refused);
    assert_eq!(error["data"]["kind"], "invalid_request", "{refused:?}");
    text(&error["data"]["hint"])
}

#[test]
fn only_json_posted_to_the_root_is_taken_on_both_listeners() {
    let door = Door::open();
    for listener in BOTH {
        let base = format!("{LOCALHOST}{}", door.bearer());
        for (content_type, status) in [
            ("application/json", 200),
            ("Application/JSON", 200),
            ("application/json; charset=utf-8", 200),
            ("application/json;charset=UTF-8;x=y", 200),
            (" application/json ", 200),
            ("application/json ;", 200),
            // What a form of another site can send without being asked.
            ("text/plain", 415),
            ("text/plain; application/json", 415),
            ("text/plain;charset=application/json", 415),
            ("application/x-www-form-urlencoded", 415),
            ("multipart/form-data; boundary=application/json", 415),
            ("application/json, text/plain", 415),
            ("text/plain, application/json", 415),
            ("application/jsonx", 415),
            ("application/json-rpc", 415),
            ("application/ld+json", 415),
            ("text/json", 415),
            ("application", 415),
            ("\"application/json\"", 415),
            ("*/*", 415),
            (";application/json", 415),
            ("", 415),
        ] {
            let headers = format!("{base}content-type: {content_type}\r\n");
            let answer = door.ask(listener, "POST /", &headers, CALL);
            assert_eq!(answer.status, status, "{listener:?} {content_type:?}");
            if status == 415 {
                assert!(advice(&answer).contains("content-type: application/json"));
            }
        }
        let without = door.ask(listener, "POST /", &base, CALL);
        assert_eq!(without.status, 415);
        assert!(advice(&without).contains("content-type: application/json"));
        let twice = format!("{base}{JSON}{JSON}");
        assert_eq!(door.ask(listener, "POST /", &twice, CALL).status, 415);
        let json = format!("{base}{JSON}");
        for line in [
            "POST /other",
            "POST //",
            "GET /other",
            "OPTIONS /other",
            "HEAD /other",
        ] {
            let answer = door.ask(listener, line, &json, CALL);
            assert_eq!(answer.status, 404, "{listener:?} {line}");
            assert_eq!(header(&answer, "allow"), None);
            if !line.starts_with("HEAD") {
                assert!(advice(&answer).contains("POST"), "{line}");
            }
        }
        let answer = door.ask(listener, "POST /?x=1", &json, CALL);
        assert_eq!(answer.status, 200);
    }
}

/// The paths that are read.
const READ: [&str; 5] = [
    "/livez",
    "/readyz",
    "/auth",
    "/metrics",
    "/events?account=*",
];

#[test]
fn a_method_that_a_path_does_not_take_is_told_which_it_takes() {
    let door = Door::open();
    let (calls, reads) = ("options, post", "get, head, options");
    for listener in BOTH {
        let json = format!("{LOCALHOST}{}{JSON}", door.bearer());
        let mut asked: Vec<(String, &str)> = Vec::new();
        for method in [
            "GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "post", "BREW",
        ] {
            asked.push((format!("{method} /"), calls));
        }
        for path in READ {
            for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "BREW"] {
                asked.push((format!("{method} {path}"), reads));
            }
        }
        for (line, allowed) in asked {
            let answer = door.ask(listener, &line, &json, CALL);
            assert_eq!(answer.status, 405, "{listener:?} {line}");
            assert_eq!(
                header(&answer, "allow"),
                Some(allowed),
                "{listener:?} {line}"
            );
            if line.starts_with("HEAD") {
                assert!(answer.body.is_empty(), "{line}");
            } else {
                assert!(advice(&answer).contains("POST"), "{line}");
            }
        }
        // Whoever asks is told the same, without a token too.
        for (path, allowed) in [("/", calls), ("*", "get, head, options, post")]
            .into_iter()
            .chain(READ.map(|path| (path, reads)))
        {
            let answer = door.ask(listener, &format!("OPTIONS {path}"), LOCALHOST, "");
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
            assert_eq!(header(&answer, "allow"), Some(allowed), "{path}");
            assert!(!answer.headers.contains("access-control"), "{answer:?}");
        }
    }
}

#[test]
fn whatever_is_read_by_get_answers_head_with_the_same_and_no_body() {
    let door = Door::open();
    for listener in BOTH {
        let headers = format!("{LOCALHOST}{}", door.bearer());
        for path in READ.into_iter().chain(["/", "/other", "/events?after=x"]) {
            let head = door.ask(listener, &format!("HEAD {path}"), &headers, "");
            assert!(head.body.is_empty(), "{listener:?} {path}");
            // That of a stream does not end.
            if path.starts_with("/events?account") {
                assert_eq!(header(&head, "content-type"), Some("text/event-stream"));
                assert_eq!(head.status, 200);
                continue;
            }
            let got = door.ask(listener, &format!("GET {path}"), &headers, "");
            assert_eq!(head.status, got.status, "{listener:?} {path}");
            for name in ["content-type", "allow"] {
                assert_eq!(header(&head, name), header(&got, name), "{path} {name}");
            }
            // What was counted changes from one to the next.
            if path != "/metrics" {
                let length = got.body.len().to_string();
                assert_eq!(header(&head, "content-length"), Some(&*length), "{path}");
            }
        }
    }
}

#[test]
fn an_upgrade_that_is_none_is_refused_and_one_elsewhere_finds_nothing() {
    let door = Door::open();
    for listener in BOTH {
        let base = format!("{LOCALHOST}{}", door.bearer());
        let asked = |line: &str, headers: &str| {
            let headers = format!("{base}{headers}");
            door.ask(listener, line, &headers, "").status
        };
        let partial = format!("{base}{}", UPGRADING.replace("version: 13", "version: 12"));
        let refused = door.ask(listener, "GET /", &partial, "");
        assert!(advice(&refused).contains("sec-websocket-version: 13"));
        assert_eq!(asked("GET /", UPGRADING), 101);
        assert_eq!(asked("GET /other", UPGRADING), 404);
        for (from, to) in [
            ("sec-websocket-version: 13", "sec-websocket-version: 12"),
            ("sec-websocket-version: 13\r\n", ""),
            ("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
        ] {
            assert_eq!(asked("GET /", &UPGRADING.replace(from, to)), 400, "{to:?}");
        }
        assert_eq!(asked("PUT /", UPGRADING), 405);
        assert_eq!(asked("POST /", UPGRADING), 415, "a call, and not of JSON");
    }
}

/// A call padded to this many bytes.
fn padded(size: usize) -> Vec<u8> {
    let mut body = CALL.as_bytes().to_vec();
    body.resize(size, b' ');
    body
}

/// The answer to a body that is sent in these pieces, chunked or with a length.
fn sent(door: &Door, listener: Listener, length: Option<usize>, body: &[u8]) -> Answer {
    let mut connection = door.connect(listener);
    let framing = length.map_or("transfer-encoding: chunked".to_owned(), |length| {
        format!("content-length: {length}")
    });
    let head = format!(
        "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{}connection: close\r\n{framing}\r\n\r\n",
        door.bearer()
    );
    connection.write_all(head.as_bytes()).expect("to send");
    // It may stop reading in the middle: what matters is its answer.
    let mut send = || -> std::io::Result<()> {
        for piece in body.chunks(1 << 20) {
            if length.is_none() {
                write!(connection, "{:x}\r\n", piece.len())?;
            }
            connection.write_all(piece)?;
            if length.is_none() {
                connection.write_all(b"\r\n")?;
            }
        }
        if length.is_none() {
            connection.write_all(b"0\r\n\r\n")?;
        }
        Ok(())
    };
    let _ = send();
    exchange(connection, "")
}

#[test]
fn a_body_of_ten_mebibytes_is_taken_and_one_byte_more_is_not() {
    let door = Door::open();
    for listener in BOTH {
        for chunked in [false, true] {
            let length = |size| (!chunked).then_some(size);
            let taken = sent(&door, listener, length(LIMIT), &padded(LIMIT));
            assert_eq!(taken.status, 200, "{listener:?} chunked: {chunked}");
            let refused = sent(&door, listener, length(LIMIT + 1), &padded(LIMIT + 1));
            assert_eq!(refused.status, 413, "{listener:?} chunked: {chunked}");
            assert!(text(&error_of(&refused)["message"]).contains("10 MiB"));
            assert!(advice(&refused).contains("refused again"));
            assert!(advice(&refused).contains("in parts"));
        }
        // What is said to be too large is not waited for.
        let refused = sent(&door, listener, Some(1 << 40), b"");
        assert_eq!(refused.status, 413);
    }
    door.works();
}

#[test]
fn a_length_that_is_a_lie_ends_the_connection_and_never_a_call() {
    let door = Door::with(IMPATIENT);
    let head = |length: &str| {
        format!(
            "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{}content-length: {length}\r\n\r\n",
            door.bearer()
        )
    };
    for listener in BOTH {
        // More than comes: the daemon waits its second, and no longer.
        let longer = door.all(listener, format!("{}{CALL}", head("1000")).as_bytes());
        assert!(longer.starts_with("HTTP/1.1 408"), "{longer}");
        // More than comes, and the client says that it has finished.
        let mut connection = door.connect(listener);
        let request = format!("{}{CALL}", head("1000"));
        connection.write_all(request.as_bytes()).expect("to send");
        connection.finish();
        let answer = String::from_utf8(connection.read_to_the_end()).expect("text");
        assert!(!answer.contains("200"), "{answer}");
        // Less than comes: the rest is no request.
        let shorter = format!("{}{CALL}trailing", head(&CALL.len().to_string()));
        let answer = door.all(listener, shorter.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
        for length in [
            "-1",
            "+1",
            "1 1",
            "0x10",
            "1.0",
            "",
            "x",
            "18446744073709551616",
            "99999999999999999999999999",
        ] {
            let answer = door.all(listener, format!("{}{CALL}", head(length)).as_bytes());
            assert!(answer.starts_with("HTTP/1.1 400"), "{length:?}: {answer}");
            assert_eq!(
                answer.matches("HTTP/1.1").count(),
                1,
                "{length:?}: {answer}"
            );
        }
    }
    door.works();
}

/// As `nc -N` and many a script do: the request, and then the word that nothing more comes.
#[test]
fn a_client_that_finishes_sending_is_answered_even_when_the_answer_takes_a_while() {
    let door = Door::open();
    let waits = json!({"jsonrpc": "2.0", "id": 1, "method": "event_list", "params": {"account": "*", "waitMs": 300}});
    for listener in BOTH {
        for call in [CALL, &batch(3), &waits.to_string()] {
            let mut connection = door.connect(listener);
            let head = format!("{LOCALHOST}{JSON}{}", door.bearer());
            let length = call.len();
            write!(
                connection,
                "POST / HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n{call}"
            )
            .expect("to send");
            connection.finish();
            let answer = String::from_utf8(connection.read_to_the_end()).expect("text");
            assert!(answer.starts_with("HTTP/1.1 200"), "{listener:?}: {answer}");
            assert!(answer.contains("\"result\""), "{listener:?}: {answer}");
        }
    }
}

fn batch(calls: usize) -> String {
    format!("[{}]", vec![CALL; calls].join(","))
}

#[test]
fn a_batch_of_a_hundred_is_answered_and_one_of_a_hundred_and_one_is_refused_whole() {
    let door = Door::open();
    for listener in BOTH {
        let headers = format!("{LOCALHOST}{JSON}{}", door.bearer());
        let post = |body: &str| door.ask(listener, "POST /", &headers, body);
        let answers: Value = serde_json::from_slice(&post(&batch(100)).body).expect("JSON");
        assert_eq!(answers.as_array().expect("answers").len(), 100);
        for (wrong, named) in [
            (batch(101), "101"),
            (batch(10_000), "10000"),
            ("[]".to_owned(), "empty"),
        ] {
            let refused = post(&wrong);
            let error = error_of(&refused);
            assert!(advice(&refused).contains("100"), "{error}");
            assert!(text(&error["message"]).contains(named), "{error}");
            assert_eq!(error["code"], -32600);
        }
    }
    let mut socket = WebSocket::open(&door.daemon.socket());
    let call: Value = serde_json::from_str(CALL).expect("JSON");
    let calls = |number| Value::from(vec![call.clone(); number]);
    let answers = socket.ask(&calls(100));
    assert_eq!(answers.as_array().expect("answers").len(), 100);
    for wrong in [calls(101), json!([])] {
        let error = socket.ask(&wrong)["error"].clone();
        assert_eq!(error["data"]["kind"], "invalid_request", "{error}");
    }
    assert_eq!(socket.ask(&call)["id"], 1, "the WebSocket goes on");
}
