//! Pages of allowed origins: what a browser has to be told so that they can call, read and listen.

use serde_json::json;

use crate::{
    doors::door::{CALL, Door, JSON, LOCALHOST, Listener, UPGRADING, error_of, header},
    support::{Daemon, EventStream, head, refused, text},
};

const PAGE: &str = "https://chat.example";
const CONFIG: &str = "[rpc]\nallowed_origins = [\"https://chat.example\"]\n";
/// What a browser asks before a call with a token.
const PREFLIGHT: &str = "access-control-request-method: POST\r\n\
                         access-control-request-headers: authorization,content-type\r\n";

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
    let answer = door.post("", CALL);
    assert!(!answer.headers.contains("access-control"), "{answer:?}");
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
    assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(PAGE));
    assert_eq!(header(&answer, "vary"), Some("origin"));
    assert_eq!(
        header(&answer, "access-control-allow-methods"),
        Some("get, post")
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
    // Nobody else is told that it may.
    for line in ["OPTIONS /", "OPTIONS /metrics", "OPTIONS *"] {
        let answer = door.ask(Listener::Tcp, line, &format!("{LOCALHOST}{PREFLIGHT}"), "");
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
        assert!(!answer.headers.contains("access-control"), "{answer:?}");
    }
}

/// It may read that it is refused, where a browser lets it send a request without asking first, and nothing else.
#[test]
fn a_page_that_is_refused_can_read_why_and_nothing_else() {
    let door = Door::with(CONFIG);
    let bearer = door.bearer();
    for origin in [
        "https://evil.example",
        "http://localhost",
        "https://chat.example:444",
    ] {
        let from = format!("{LOCALHOST}origin: {origin}\r\n");
        for (line, headers) in [
            ("GET /livez", from.clone()),
            ("GET /metrics", format!("{from}{bearer}")),
            ("POST /", format!("{from}{JSON}{bearer}")),
            ("GET /", format!("{from}{UPGRADING}{bearer}")),
            ("GET /events?account=*", format!("{from}{bearer}")),
        ] {
            let answer = door.ask(Listener::Tcp, line, &headers, "");
            assert_eq!(answer.status, 403, "{line}");
            let error = error_of(&answer);
            assert!(
                text(&error["message"]).contains(&format!("{origin:?}")),
                "{error}"
            );
            let hint = text(&error["data"]["hint"]);
            for setting in ["--allow-origin", "rpc.allowed_origins", "of no use"] {
                assert!(hint.contains(setting), "{hint}");
            }
            let readable = header(&answer, "access-control-allow-origin");
            assert_eq!(readable, Some(origin), "{line}");
            assert_eq!(
                answer.headers.matches("access-control").count(),
                1,
                "{answer:?}"
            );
            assert_eq!(header(&answer, "vary"), Some("origin"));
        }
    }
    // What cannot be allowed is told to be served in another way.
    let null = door.ask(
        Listener::Tcp,
        "GET /livez",
        &format!("{LOCALHOST}origin: null\r\n"),
        "",
    );
    assert!(text(&error_of(&null)["data"]["hint"]).contains("serve the page"));
    // Whoever comes by another name of this machine is told nothing.
    let rebound = "host: evil.example\r\norigin: http://evil.example\r\n";
    let answer = door.ask(Listener::Tcp, "GET /livez", rebound, "");
    assert_eq!(answer.status, 403);
    assert!(!answer.headers.contains("access-control"), "{answer:?}");
    // What is shown of a long origin is cut.
    let long = format!("{LOCALHOST}origin: https://{}\r\n", "x".repeat(5000));
    let answer = door.ask(Listener::Tcp, "GET /livez", &long, "");
    assert!(
        (answer.status, answer.body.len() < 1000) == (403, true),
        "{answer:?}"
    );
}

#[test]
fn origins_are_allowed_by_flags_and_by_a_variable_and_beside_those_of_the_file() {
    let asked = |daemon: &Daemon, origin: &str| {
        let stream = std::net::TcpStream::connect(daemon.tcp().expect("an address"));
        let request = format!("GET /livez HTTP/1.1\r\n{LOCALHOST}origin: {origin}\r\n\r\n");
        crate::support::exchange(stream.expect("to connect"), &request).status
    };
    let started = |arguments: &[&str], variable: Option<&str>| {
        let scratch = tempfile::tempdir().expect("a directory");
        let path = scratch.path().join("config.toml");
        std::fs::write(&path, CONFIG).expect("to write");
        let path = path.display().to_string();
        let mut all = vec!["--http", "127.0.0.1:0", "--config", &path];
        all.extend(arguments);
        let environment =
            variable.map(|value| ("RATCHETD_ALLOW_ORIGIN".to_owned(), value.to_owned()));
        let all = all.into_iter().map(str::to_owned).collect();
        Daemon::start_in_with(scratch, all, environment.into_iter().collect())
    };
    let (one, other) = ("http://localhost:5173", "https://other.example");
    let flags = started(&["--allow-origin", one, "--allow-origin", other], None);
    let variable = started(&[], Some(&format!("{one},{other}")));
    for daemon in [flags, variable] {
        for (origin, status) in [(PAGE, 200), (one, 200), (other, 200), ("https://evil", 403)] {
            assert_eq!(asked(&daemon, origin), status, "{origin}");
        }
    }
    // What could never match is no setting: it does not start, and says what to write.
    let scratch = tempfile::tempdir().expect("a directory");
    let start = |arguments: &[&str]| {
        let data = scratch.path().join("data");
        crate::support::ratchetd("serve", &data, arguments)
    };
    for (wrong, instead) in [
        ("https://chat.example/", "write https://chat.example"),
        ("chat.example", "write https://chat.example"),
        ("*", "no wildcards"),
        ("file://x", "write one of http, https"),
    ] {
        let said = refused(&start(&["--allow-origin", one, "--allow-origin", wrong]));
        assert!(
            said.contains("--allow-origin") && said.contains(instead),
            "{said}"
        );
    }
}

/// One line for each origin, however often its page tries, and an end of lines for a page with many.
#[test]
fn a_refused_origin_is_logged_once_and_a_flood_of_them_is_not() {
    const MOST: usize = 32;
    let daemon = Daemon::logging(&["--http", "127.0.0.1:0", "--log-filter", "info"]);
    let address = daemon.tcp().expect("an address");
    let ask = |origin: &str| {
        let stream = std::net::TcpStream::connect(&address).expect("to connect");
        let request = format!("GET /livez HTTP/1.1\r\n{LOCALHOST}origin: {origin}\r\n\r\n");
        assert_eq!(crate::support::exchange(stream, &request).status, 403);
    };
    for _ in 0..5 {
        ask("https://first.example");
    }
    // What is no origin may be anything, a misplaced secret too.
    ask(&"secret".repeat(100));
    for number in 0..3 * MOST {
        ask(&format!("https://{number}.example"));
    }
    let log = daemon.log_at_end();
    assert_eq!(log.matches("https://first.example").count(), 1, "{log}");
    assert!(log.contains("--allow-origin"), "{log}");
    assert!(!log.contains("secret"), "{log}");
    assert_eq!(log.matches("a page was refused").count(), MOST, "{log}");
    assert_eq!(log.matches("without a line").count(), 1, "{log}");
}

/// A page with an `EventSource`, which sends no header of ours.
#[test]
fn a_page_opens_a_stream_of_events_with_a_ticket_once_and_in_time() {
    let door = Door::with_arguments(CONFIG, &["--dev"]);
    let ticket = || {
        let told = door.daemon.ok("event_ticket", json!({}));
        assert_eq!(told["expiresInMs"], 30_000);
        text(&told["ticket"])
    };
    let ask = |line: &str, headers: &str| {
        door.ask(
            Listener::Tcp,
            line,
            &format!("{LOCALHOST}origin: {PAGE}\r\n{headers}"),
            "",
        )
    };
    let open = |ticket: &str| {
        let query = format!("?account=*&after=0&ticket={ticket}");
        let origin = format!("origin: {PAGE}\r\n");
        EventStream::open(door.connect(Listener::Tcp), &query, &origin)
    };
    let is_refused = |line: &str, headers: &str, hint: &str| {
        let answer = ask(line, headers);
        assert_eq!(answer.status, 401, "{line}: {answer:?}");
        let challenge = header(&answer, "www-authenticate").expect("a challenge");
        assert!(challenge.starts_with("bearer"), "{challenge}");
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(PAGE));
        let said = text(&error_of(&answer)["data"]["hint"]);
        assert!(said.contains(hint), "{line}: {said}");
    };
    let first = ticket();
    // It is for nothing else, and none of these uses it up.
    for line in [
        "GET /metrics?ticket=",
        "POST /?ticket=",
        "GET /other?ticket=",
    ] {
        is_refused(&format!("{line}{first}"), "", "rpc.token");
    }
    let head = ask(&format!("HEAD /events?account=*&ticket={first}"), "");
    assert_eq!(head.status, 401);
    is_refused(&format!("GET /?ticket={first}"), UPGRADING, "rpc.token");
    // With a token, the token counts.
    let wrong = "authorization: Bearer wrong-wrong-wrong-wrong\r\n";
    is_refused(
        &format!("GET /events?account=*&ticket={first}"),
        wrong,
        "rpc.token",
    );
    let right = door.bearer();
    let answer = ask(&format!("GET /events?after=x&ticket={first}"), &right);
    assert_eq!(answer.status, 400);
    // What is none.
    let half = &first[..32];
    for query in [
        "",
        "?ticket=",
        &format!("?ticket={half}"),
        &format!("?ticket={first}0"),
        &format!("?ticket={}", first.to_uppercase()),
    ] {
        let hint = if query.is_empty() {
            "rpc.token"
        } else {
            "event_ticket"
        };
        is_refused(&format!("GET /events{query}"), "", hint);
    }
    is_refused(
        &format!("GET /events?ticket={first}&ticket={first}"),
        "",
        "rpc.token",
    );
    // It opens one stream, which goes on when it is refused to another.
    let mut stream = open(&first);
    is_refused(
        &format!("GET /events?account=*&ticket={first}"),
        "",
        "call event_ticket for another",
    );
    let made = door
        .daemon
        .ok("account_create", json!({"account": "alice"}));
    let other = door.daemon.ok("account_create", json!({"account": "bob"}));
    assert_ne!(made["publicKey"], other["publicKey"]);
    let bundle = door.daemon.ok("bundle_get", json!({"account": "bob"}))["bundle"].take();
    door.daemon.ok(
        "bundle_import",
        json!({"account": "alice", "bundle": bundle}),
    );
    assert_eq!(
        stream.next().expect("an event")["type"],
        "installation.discovered"
    );
    // It is over by the time that runs, whether it was used or not.
    let second = ticket();
    door.daemon.ok("dev_advanceTime", json!({"ms": 20_000}));
    let third = ticket();
    drop(open(&second));
    let fourth = ticket();
    door.daemon.ok("dev_advanceTime", json!({"ms": 30_000}));
    for over in [third, fourth] {
        is_refused(
            &format!("GET /events?account=*&ticket={over}"),
            "",
            "event_ticket",
        );
    }
    // There are never many, and those that are over are none of them.
    let waiting: Vec<String> = (0..64).map(|_| ticket()).collect();
    let busy = door
        .daemon
        .call("event_ticket", json!({}))
        .expect_err("too many");
    assert_eq!(busy["data"]["kind"], "busy");
    drop(open(&waiting[63]));
    ticket();
    // The socket asks for none, and does not mind one.
    let query = format!("?account=*&ticket={}", waiting[0]);
    drop(EventStream::open(door.connect(Listener::Unix), &query, ""));
    drop(open(&waiting[0]));
}

#[test]
fn a_ticket_is_not_logged_whatever_is_asked_for() {
    let daemon = Daemon::logging(&["--http", "127.0.0.1:0", "--log-filter", "trace"]);
    let address = daemon.tcp().expect("an address");
    let ticket = text(&daemon.ok("event_ticket", json!({}))["ticket"]);
    for status in ["200", "401"] {
        let mut stream = std::net::TcpStream::connect(&address).expect("to connect");
        let request = format!("GET /events?account=*&ticket={ticket} HTTP/1.1\r\n{LOCALHOST}\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("to send");
        assert!(head(&mut stream).starts_with(&format!("HTTP/1.1 {status}")));
    }
    let log = daemon.log_at_end();
    assert!(log.contains("event_ticket"), "{log}");
    assert!(!log.contains(&ticket), "{log}");
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
