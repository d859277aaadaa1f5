//! Refusals that are given before the request was read: they arrive all the same, say what to do,
//! and end the connection.

use std::io::{Read as _, Write as _};

use serde_json::Value;

use crate::{
    doors::door::{BOTH, CALL, Door, IMPATIENT, JSON, LOCALHOST, Listener, UPGRADING, is_closed},
    support::{head, text},
};

const MIB: usize = 1 << 20;
/// More than the largest request, and more than all buffers on the way hold together.
const LARGE: usize = 24 * MIB;
/// What is read of a client past its answer, in bytes.
const HEARD_OUT: usize = 64 * MIB;

/// The answer to a request that is sent to its end before anything is read, as many a client does.
fn told(door: &Door, listener: Listener, head: &str, body: &[u8]) -> (String, Value) {
    let mut connection = door.connect(listener);
    connection.write_all(head.as_bytes()).expect("to send");
    for piece in body.chunks(MIB) {
        connection.write_all(piece).expect("it is read to its end");
    }
    let answer = String::from_utf8(connection.read_to_the_end()).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
    (head.to_lowercase(), body)
}

#[test]
fn a_refusal_arrives_however_much_its_client_sends_first_and_says_what_to_do() {
    let door = Door::with("[rpc]\nmax_connections = 2\n");
    let bearer = door.bearer();
    let length = format!("content-length: {LARGE}\r\n\r\n");
    let body = vec![b' '; LARGE];
    let chunks = |piece: &[u8]| {
        let mut chunks = Vec::new();
        for _ in 0..LARGE / piece.len() {
            chunks.extend(format!("{:x}\r\n", piece.len()).bytes());
            chunks.extend(piece);
            chunks.extend(b"\r\n");
        }
        chunks.extend(b"0\r\n\r\n");
        chunks
    };
    let chunked = chunks(&body[..MIB]);
    let plain = format!("{LOCALHOST}{bearer}");
    let json = format!("{plain}{JSON}");
    // Request line and headers, body, status, and what the hint has to say.
    let everywhere = [
        (
            format!("POST / HTTP/1.1\r\n{json}{length}"),
            &body,
            413,
            "in parts",
        ),
        (
            format!("POST / HTTP/1.1\r\n{json}transfer-encoding: chunked\r\n\r\n"),
            &chunked,
            413,
            "refused again",
        ),
        (
            format!("POST / HTTP/1.1\r\n{plain}content-type: text/plain\r\n{length}"),
            &body,
            415,
            "application/json",
        ),
        (
            format!("PUT / HTTP/1.1\r\n{json}{length}"),
            &body,
            405,
            "POST",
        ),
        (
            format!("POST /livez HTTP/1.1\r\n{json}{length}"),
            &body,
            405,
            "GET",
        ),
        (
            format!("POST /other HTTP/1.1\r\n{json}{length}"),
            &body,
            404,
            "POST",
        ),
        (
            format!("GET /events?account=* HTTP/1.1\r\n{json}last-event-id: x\r\n{length}"),
            &body,
            400,
            "leave the header out",
        ),
    ];
    let gates = [
        (
            format!("POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{length}"),
            &body,
            401,
            "rpc.token",
        ),
        (
            format!("POST / HTTP/1.1\r\n{LOCALHOST}{JSON}authorization: Bearer x\r\n{length}"),
            &body,
            401,
            "rpc.token",
        ),
        (
            format!("POST / HTTP/1.1\r\nhost: evil.example\r\n{JSON}{bearer}{length}"),
            &body,
            403,
            "rpc.allowed_hosts",
        ),
        (
            format!("POST / HTTP/1.1\r\n{json}origin: https://evil\r\n{length}"),
            &body,
            403,
            "--allow-origin",
        ),
    ];
    let refused = |listener, table: &[(String, &Vec<u8>, i32, &str)]| {
        for (request, body, status, hint) in table {
            let (head, answer) = told(&door, listener, request, body);
            let case = format!("{listener:?} {request}: {head} {answer}");
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{case}");
            assert!(head.contains("connection: close"), "{case}");
            assert!(head.contains("content-type: application/json"), "{case}");
            assert_eq!(
                (&answer["id"], answer["error"]["data"]["field"].is_null()),
                (&Value::Null, *status != 400),
                "{case}"
            );
            assert!(
                text(&answer["error"]["data"]["hint"]).contains(hint),
                "{case}"
            );
        }
    };
    for listener in BOTH {
        refused(listener, &everywhere);
    }
    refused(Listener::Tcp, &gates);
    // Nor is one lost that is given for want of a place.
    let asked = format!("GET /metrics HTTP/1.1\r\n{LOCALHOST}{bearer}\r\n");
    for listener in BOTH {
        let mut held: Vec<_> = (0..2).map(|_| door.connect(listener)).collect();
        for connection in &mut held {
            // The places of those before are free when the daemon has seen them go.
            loop {
                connection.write_all(asked.as_bytes()).expect("to send");
                if head(connection).starts_with("HTTP/1.1 200") {
                    break;
                }
                *connection = door.connect(listener);
            }
        }
        let request = format!("POST / HTTP/1.1\r\n{json}{length}");
        refused(listener, &[(request, &body, 429, "rpc.max_connections")]);
    }
}

/// Who sends on and on is not read for ever.
#[test]
fn a_client_that_was_answered_is_heard_out_for_a_number_of_bytes_and_no_further() {
    let door = Door::open();
    for listener in BOTH {
        let mut connection = door.connect(listener);
        let request = format!(
            "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{}content-length: {}\r\n\r\n",
            door.bearer(),
            1_u64 << 40
        );
        connection.write_all(request.as_bytes()).expect("to send");
        assert!(head(&mut connection).starts_with("HTTP/1.1 413"));
        let piece = vec![b' '; MIB];
        let mut sent = 0;
        let stopped = loop {
            match connection.write_all(&piece) {
                Ok(()) => sent += piece.len(),
                Err(error) => break error,
            }
            assert!(sent < 3 * HEARD_OUT, "it reads on and on");
        };
        assert!(is_closed(&stopped), "{stopped}");
        assert!(sent > HEARD_OUT / 2, "{sent}");
    }
    door.works();
}

/// `Expect: 100-continue`: whoever asks before it sends is told, and sends nothing.
#[test]
fn who_asks_whether_to_send_its_body_is_refused_without_having_sent_it() {
    let door = Door::open();
    let json = format!("{LOCALHOST}{JSON}{}", door.bearer());
    let ask = |listener, headers: &str, length: usize| {
        let mut connection = door.connect(listener);
        let request = format!(
            "POST / HTTP/1.1\r\n{headers}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).expect("to send");
        let answer = head(&mut connection);
        (connection, answer)
    };
    for listener in BOTH {
        for (headers, length, status) in [
            (&json, LARGE, 413),
            (
                &json.replace(JSON, "content-type: text/plain\r\n"),
                CALL.len(),
                415,
            ),
        ] {
            let (mut connection, answer) = ask(listener, headers, length);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            connection.read_to_the_end();
        }
        let (mut connection, answer) = ask(listener, &json, CALL.len());
        assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");
        connection.write_all(CALL.as_bytes()).expect("to send");
        assert!(head(&mut connection).starts_with("HTTP/1.1 200 "));
    }
    for (headers, status) in [
        (format!("{LOCALHOST}{JSON}"), 401),
        (format!("host: evil.example\r\n{JSON}"), 403),
    ] {
        let (_, answer) = ask(Listener::Tcp, &headers, LARGE);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

/// A body that is late, and then comes after all; a head that is too large, with no end in sight.
#[test]
fn what_comes_too_late_or_is_no_request_does_not_take_the_answer_away() {
    let door = Door::with(IMPATIENT);
    let body = vec![b' '; LARGE];
    for listener in BOTH {
        let mut connection = door.connect(listener);
        let request = format!(
            "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{}content-length: {MIB}\r\n\r\n",
            door.bearer()
        );
        connection.write_all(request.as_bytes()).expect("to send");
        // The first byte of the answer is there: the time is over.
        connection.read_exact(&mut [0]).expect("an answer");
        connection.write_all(&body).expect("it is heard out");
        let answer = String::from_utf8(connection.read_to_the_end()).expect("text");
        assert!(answer.starts_with("TTP/1.1 408 "), "{answer}");
        assert!(answer.contains("rpc.body_timeout_s"), "{answer}");

        let mut connection = door.connect(listener);
        connection
            .write_all(b"GET / HTTP/1.1\r\nx: ")
            .expect("to send");
        connection.write_all(&body).expect("it is heard out");
        let answer = String::from_utf8(connection.read_to_the_end()).expect("text");
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

/// A page of a WebSocket's client that sends more than may be and looks for the close only then.
#[test]
fn the_close_of_a_websocket_arrives_however_much_its_client_sends_first() {
    let door = Door::open();
    for listener in BOTH {
        let mut connection = door.connect(listener);
        let upgrade = format!(
            "GET / HTTP/1.1\r\n{LOCALHOST}{}{UPGRADING}\r\n",
            door.bearer()
        );
        connection.write_all(upgrade.as_bytes()).expect("to send");
        assert!(head(&mut connection).starts_with("HTTP/1.1 101"));
        let mut frame = vec![0x81, 0x80 | 127];
        frame.extend((LARGE as u64).to_be_bytes());
        frame.extend([0; 4]);
        frame.resize(frame.len() + LARGE, b' ');
        connection.write_all(&frame).expect("it is read to its end");
        let told = connection.read_to_the_end();
        // A ping may stand before it.
        let close = told.windows(4).any(|bytes| bytes == [0x88, 2, 3, 0xf1]);
        assert!(close, "1009: {told:?}");
    }
}
