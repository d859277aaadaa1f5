//! Pages of allowed origins: what a browser has to be told so that they can call, read and listen.

use crate::{
    doors::door::{CALL, Door, JSON, LOCALHOST, Listener, UPGRADING},
    support::Answer,
};

const PAGE: &str = "https://chat.example";
const CONFIG: &str = "[rpc]\nallowed_origins = [\"https://chat.example\"]\n";
/// What a browser asks before a call with a token.
const PREFLIGHT: &str = "access-control-request-method: POST\r\n\
                         access-control-request-headers: authorization,content-type\r\n";

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A page may read answers, refusals for want of a token among them, and nobody else is told that it may.
#[test]
fn answers_may_be_read_by_the_allowed_page_that_asked_and_by_no_other() {
    let door = Door::with(CONFIG);
    let from = |origin: &str| format!("{LOCALHOST}{JSON}origin: {origin}\r\n");
    let bearer = door.bearer();
    for (line, headers, body, status) in [
        ("POST /", format!("{}{bearer}", from(PAGE)), CALL, 200),
        ("POST /", from(PAGE), CALL, 401),
        ("GET /livez", from(PAGE), "", 200),
        ("GET /metrics", format!("{}{bearer}", from(PAGE)), "", 200),
        ("GET /other", format!("{}{bearer}", from(PAGE)), "", 404),
        (
            "GET /events?after=x",
            format!("{}{bearer}", from(PAGE)),
            "",
            400,
        ),
    ] {
        let answer = door.ask(Listener::Tcp, line, &headers, body);
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            Some(PAGE),
            "{line}"
        );
        assert_eq!(header(&answer, "vary"), Some("origin"), "{line}");
        let credentials = header(&answer, "access-control-allow-credentials");
        assert_eq!(credentials, None, "the token is no cookie");
    }
    for headers in [from("https://evil"), format!("{LOCALHOST}{JSON}")] {
        let answer = door.ask(Listener::Tcp, "POST /", &format!("{headers}{bearer}"), CALL);
        assert!(!answer.headers.contains("access-control"), "{answer:?}");
    }
    let socket = door.ask(Listener::Unix, "POST /", &from(PAGE), CALL);
    assert_eq!(socket.status, 200);
    assert!(!socket.headers.contains("access-control"), "{socket:?}");
}

#[test]
fn the_question_before_a_call_is_answered_for_allowed_pages_alone_and_needs_no_token() {
    let door = Door::with(CONFIG);
    let ask = |origin: &str, more: &str| {
        let headers = format!("{LOCALHOST}origin: {origin}\r\n{more}");
        door.ask(Listener::Tcp, "OPTIONS /", &headers, "")
    };
    let answer = ask(PAGE, PREFLIGHT);
    assert_eq!((answer.status, answer.body.len()), (200, 0), "{answer:?}");
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(PAGE));
    assert_eq!(
        header(&answer, "access-control-allow-methods"),
        Some("get,post")
    );
    let allowed = header(&answer, "access-control-allow-headers").expect("headers");
    for needed in ["authorization", "content-type", "last-event-id"] {
        assert!(allowed.contains(needed), "{allowed}");
    }
    assert_eq!(
        header(&answer, "access-control-allow-private-network"),
        None
    );
    let local = format!("{PREFLIGHT}access-control-request-private-network: true\r\n");
    let answer = ask(PAGE, &local);
    assert_eq!(
        header(&answer, "access-control-allow-private-network"),
        Some("true")
    );

    for origin in ["https://evil", "null", "https://chat.example.evil"] {
        let refused = ask(origin, &local);
        assert_eq!(refused.status, 403, "{origin}");
        assert!(!refused.headers.contains("access-control"), "{refused:?}");
    }
    // It says nothing else, and nobody else is told that it may.
    for line in ["OPTIONS /", "OPTIONS /metrics", "OPTIONS *"] {
        let answer = door.ask(Listener::Tcp, line, LOCALHOST, "");
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{answer:?}");
        assert_eq!(header(&answer, "access-control-allow-origin"), None);
    }
}

/// A page cannot set headers on a WebSocket: it offers the token as a subprotocol, and is answered with ours.
#[test]
fn a_page_opens_a_websocket_with_the_token_among_its_subprotocols() {
    let door = Door::with(CONFIG);
    let open = |offer: &str| {
        let headers = format!("{LOCALHOST}{UPGRADING}origin: {PAGE}\r\n{offer}");
        door.ask(Listener::Tcp, "GET /", &headers, "")
    };
    let token = &door.token;
    let answer = open(&format!(
        "sec-websocket-protocol: ratchetd, ratchetd.bearer.{token}\r\n"
    ));
    assert_eq!(answer.status, 101);
    assert_eq!(header(&answer, "sec-websocket-protocol"), Some("ratchetd"));
    for wrong in [
        "sec-websocket-protocol: ratchetd\r\n".to_owned(),
        format!("sec-websocket-protocol: ratchetd, ratchetd.bearer.{token}0\r\n"),
        format!("sec-websocket-protocol: {token}\r\n"),
        format!(
            "sec-websocket-protocol: ratchetd.bearer.{token}\r\nsec-websocket-protocol: ratchetd\r\n"
        ),
        format!(
            "sec-websocket-protocol: ratchetd.bearer.{token}\r\nauthorization: Bearer wrong-wrong-wrong-wrong\r\n"
        ),
    ] {
        assert_eq!(open(&wrong).status, 401, "{wrong}");
    }
    let call = format!("{LOCALHOST}{JSON}sec-websocket-protocol: ratchetd.bearer.{token}\r\n");
    let refused = door.ask(Listener::Tcp, "POST /", &call, CALL);
    assert_eq!(refused.status, 401, "only for a WebSocket");
}
