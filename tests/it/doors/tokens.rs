//! The token: nothing passes over TCP without it but what the page names.

use crate::{
    doors::door::{CALL, Door, JSON, LOCALHOST, Listener, UPGRADING, error_of, header},
    support::{Answer, path_text, text},
};

/// Everything that can be asked for: request line, header lines, body.
fn requests() -> Vec<(&'static str, String, String)> {
    let json = format!("{LOCALHOST}{JSON}");
    let mut requests = vec![
        ("POST /", json.clone(), CALL.to_owned()),
        ("POST /", json.clone(), format!("[{CALL},{CALL}]")),
        ("POST /", json.clone(), "not JSON".to_owned()),
        ("GET /", format!("{LOCALHOST}{UPGRADING}"), String::new()),
        (
            "GET /other",
            format!("{LOCALHOST}{UPGRADING}"),
            String::new(),
        ),
    ];
    for line in [
        "GET /events",
        "GET /events?account=*&after=0",
        "GET /metrics",
        "GET /",
        "GET /other",
        "GET /livez/",
        "GET //livez",
        "GET /LIVEZ",
        "GET /%6civez",
        "GET /livez%00",
        "GET /livez/../events",
        "GET /readyz/x",
        "GET /auth/",
        "GET /auth.json",
        "GET /rpc.token",
        "GET /favicon.ico",
        "POST /livez",
        "POST /readyz",
        "PUT /auth",
        "HEAD /",
        "PUT /",
        "PATCH /",
        "DELETE /",
        "TRACE /",
        "BREW /",
        "CONNECT localhost:1",
        "POST http://localhost/",
    ] {
        requests.push((line, json.clone(), String::new()));
    }
    requests
}

/// Credentials that are none, with what is wrong with them.
fn wrong_credentials(token: &str) -> Vec<(&'static str, String)> {
    let header = |value: &str| format!("authorization: {value}\r\n");
    let bearer = |token: &str| header(&format!("Bearer {token}"));
    let letters_changed: String = token
        .chars()
        .map(|char| match char {
            'a'..='f' => char.to_ascii_uppercase(),
            _ => char,
        })
        .collect();
    assert_ne!(letters_changed, token, "a token of digits alone: run again");
    let last_changed = {
        let (start, last) = token.split_at(token.len() - 1);
        format!("{start}{}", if last == "0" { "1" } else { "0" })
    };
    let first_changed = {
        let (first, end) = token.split_at(1);
        format!("{}{end}", if first == "0" { "1" } else { "0" })
    };
    vec![
        ("none", String::new()),
        ("empty header", header("")),
        ("no token", header("Bearer")),
        ("an empty token", header("Bearer ")),
        ("zeros", bearer(&"0".repeat(token.len()))),
        ("first digit", bearer(&first_changed)),
        ("last digit", bearer(&last_changed)),
        ("letter case", bearer(&letters_changed)),
        ("one digit less", bearer(&token[1..])),
        (
            "one digit less at the end",
            bearer(&token[..token.len() - 1]),
        ),
        ("half", bearer(&token[..token.len() / 2])),
        ("one digit more", bearer(&format!("{token}0"))),
        ("twice in a row", bearer(&format!("{token}{token}"))),
        ("very long", bearer(&token.repeat(100))),
        ("0x", bearer(&format!("0x{token}"))),
        ("quoted", bearer(&format!("\"{token}\""))),
        ("no scheme", header(token)),
        ("Basic", header(&format!("Basic {token}"))),
        ("Token", header(&format!("Token {token}"))),
        ("Bearer with a colon", header(&format!("Bearer: {token}"))),
        ("scheme and tab", header(&format!("Bearer\t{token}"))),
        ("scheme run together", header(&format!("Bearer{token}"))),
        (
            "two headers, one of them right",
            format!("{}{}", bearer(token), bearer("x")),
        ),
        ("two headers, both right", format!("{0}{0}", bearer(token))),
        (
            "two in one header",
            bearer(&format!("{token}, Bearer {token}")),
        ),
        (
            "another header",
            format!("x-authorization: Bearer {token}\r\n"),
        ),
        (
            "for a proxy",
            format!("proxy-authorization: Bearer {token}\r\n"),
        ),
        (
            "a cookie",
            format!("cookie: authorization=Bearer {token}; token={token}\r\n"),
        ),
        (
            "a subprotocol",
            format!("sec-websocket-protocol: {token}\r\n"),
        ),
    ]
}

/// Whether this is a 401 that says how to do better, and nothing that a stranger is not to know.
fn is_401(door: &Door, line: &str, answer: &Answer) -> bool {
    let told = String::from_utf8_lossy(&answer.body);
    let directory = door.daemon.data_dir();
    assert!(!told.contains(&door.token), "{told}");
    assert!(!told.contains(path_text(&directory)), "{told}");
    let challenge = header(answer, "www-authenticate").is_some_and(|it| it.starts_with("bearer "));
    let says = line.starts_with("HEAD") || {
        let hint = text(&error_of(answer)["data"]["hint"]);
        hint.contains("rpc.token in the daemon's data directory")
    };
    answer.status == 401 && challenge && says
}

#[test]
fn without_the_token_nothing_is_answered_over_tcp_but_401_whatever_is_asked() {
    let door = Door::open();
    for (line, headers, body) in requests() {
        let refused = door.ask(Listener::Tcp, line, &headers, &body);
        assert!(is_401(&door, line, &refused), "{line}: {refused:?}");
        let headers = format!("{headers}{}", door.bearer());
        // The answer of the stream does not end.
        if !line.starts_with("GET /events") {
            let passed = door.ask(Listener::Tcp, line, &headers, &body);
            assert!(![0, 401].contains(&passed.status), "{line}: {passed:?}");
        }
    }
}

#[test]
fn whatever_is_wrong_with_the_token_is_refused_on_calls_batches_upgrades_and_events() {
    let door = Door::open();
    let batch = format!("[{CALL},{CALL}]");
    let upgrade = format!("{LOCALHOST}{UPGRADING}");
    let json = format!("{LOCALHOST}{JSON}");
    for (wrong, credentials) in wrong_credentials(&door.token) {
        for (line, headers, body) in [
            ("POST /", &json, CALL),
            ("POST /", &json, &batch),
            ("GET /", &upgrade, ""),
            ("GET /events", &json, ""),
            ("GET /metrics", &json, ""),
        ] {
            let headers = format!("{headers}{credentials}");
            let refused = door.ask(Listener::Tcp, line, &headers, body);
            assert!(
                is_401(&door, line, &refused),
                "{wrong}: {line}: {refused:?}"
            );
        }
    }
    for line in [
        format!("POST /?token={}", door.token),
        format!("POST /?access_token={}", door.token),
        format!("POST /{}", door.token),
        format!("POST /#{}", door.token),
        format!("POST http://token:{}@localhost/", door.token),
    ] {
        let refused = door.ask(Listener::Tcp, &line, &json, CALL);
        // A target that is none is told so before anybody asks for a token.
        let malformed = line.contains(['#', '@']);
        let expected: &[u16] = if malformed { &[400, 401, 403] } else { &[401] };
        assert!(expected.contains(&refused.status), "{line}: {refused:?}");
        // What is wrong with a host is told, and nothing of the token.
        let told = String::from_utf8_lossy(&refused.body);
        assert!(!told.contains(&door.token), "{line}: {told}");
    }
}

#[test]
fn the_scheme_is_bearer_in_any_letters_and_the_token_passes_calls_batches_upgrades_and_events() {
    let door = Door::open();
    let batch = format!("[{CALL},{CALL}]");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let right = format!("{LOCALHOST}Authorization: {scheme} {}\r\n", door.token);
        let json = format!("{right}{JSON}");
        assert_eq!(door.ask(Listener::Tcp, "POST /", &json, CALL).status, 200);
        assert_eq!(door.ask(Listener::Tcp, "POST /", &json, &batch).status, 200);
        let upgrade = format!("{right}{UPGRADING}");
        assert_eq!(door.ask(Listener::Tcp, "GET /", &upgrade, "").status, 101);
        let stream = crate::support::EventStream::open(
            door.connect(Listener::Tcp),
            "?account=*",
            &format!("authorization: {scheme} {}\r\n", door.token),
        );
        drop(stream);
    }
}

#[test]
fn health_and_the_tokens_place_are_told_without_a_token_and_the_token_never() {
    let door = Door::open();
    for path in ["/livez", "/readyz", "/auth", "/livez?x=1"] {
        for listener in crate::doors::door::BOTH {
            let answer = door.ask(listener, &format!("GET {path}"), LOCALHOST, "");
            assert_eq!(answer.status, 200, "{listener:?} {path}");
            let shown = format!(
                "{}{}",
                answer.headers,
                String::from_utf8_lossy(&answer.body)
            );
            assert!(!shown.contains(&door.token), "{shown}");
        }
    }
    let head = door.ask(Listener::Tcp, "HEAD /livez", LOCALHOST, "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        door.ask(Listener::Tcp, "HEAD /metrics", LOCALHOST, "")
            .status,
        401
    );
    let auth = door.ask(Listener::Tcp, "GET /auth", LOCALHOST, "");
    let told: serde_json::Value = serde_json::from_slice(&auth.body).expect("JSON");
    let file = std::fs::read_to_string(text(&told["tokenFile"])).expect("the file it names");
    assert_eq!(file.trim(), door.token);
}

/// The path of the token's file may name a user: processes of this machine can see as much anyway, people of others
/// cannot.
#[test]
fn where_the_token_is_is_told_to_this_machine_and_to_who_has_it_and_to_nobody_else() {
    let remote = ["--http", "0.0.0.0:0", "--http-allow-remote"];
    let daemon = crate::support::Daemon::start_with(&remote);
    let address = daemon.tcp().expect("an address");
    let port = address.rsplit_once(':').expect("a port").1;
    let file = daemon.data_dir().join("rpc.token");
    let token = std::fs::read_to_string(&file).expect("the token");
    let ask = |headers: &str| {
        let stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).expect("to connect");
        let request = format!("GET /auth HTTP/1.1\r\n{LOCALHOST}{headers}\r\n");
        let answer = crate::support::exchange(stream, &request);
        assert_eq!(answer.status, 200);
        let told: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(told["scheme"], "Bearer");
        told["tokenFile"].clone()
    };
    assert_eq!(ask(""), serde_json::Value::Null);
    assert_eq!(
        ask("authorization: Bearer wrong\r\n"),
        serde_json::Value::Null
    );
    assert_eq!(
        ask(&format!("authorization: Bearer {}\r\n", token.trim())),
        path_text(&file)
    );
    let beside: serde_json::Value =
        serde_json::from_slice(&daemon.get("/auth").body).expect("JSON");
    assert_eq!(beside["tokenFile"], path_text(&file));
}

#[test]
fn the_socket_asks_for_no_token_and_does_not_mind_a_wrong_one() {
    let door = Door::open();
    for credentials in ["", "authorization: Bearer wrong\r\n"] {
        let headers = format!("{LOCALHOST}{JSON}{credentials}");
        let answer = door.ask(Listener::Unix, "POST /", &headers, CALL);
        assert_eq!(answer.status, 200, "{credentials}");
    }
}

#[test]
fn a_token_that_was_put_there_beforehand_may_be_read_only_and_is_told_from_the_root_on() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("token");
    std::fs::write(&file, "provisioned-0123456789\n").expect("to write");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).expect("its mode");
    // As it is written from the directory that the daemon is started in.
    let flags = ["--http", "127.0.0.1:0", "--token-file", "token"].map(str::to_owned);
    let mut process = crate::support::serve(scratch.path(), &flags)
        .current_dir(scratch.path())
        .args(["--log-filter", "warn"])
        .spawn()
        .expect("it starts");
    let (listening, _output) = crate::support::ready_lines(&mut process, 2);
    let address = crate::support::tcp_address(&listening).expect("an address");
    let ask = |request: &str| {
        let stream = std::net::TcpStream::connect(&address).expect("to connect");
        crate::support::exchange(stream, request)
    };
    let auth = ask(&format!("GET /auth HTTP/1.1\r\n{LOCALHOST}\r\n"));
    let told: serde_json::Value = serde_json::from_slice(&auth.body).expect("JSON");
    let place = std::fs::canonicalize(text(&told["tokenFile"])).expect("the file");
    assert!(text(&told["tokenFile"]).starts_with('/'));
    assert_eq!(place, std::fs::canonicalize(&file).expect("the file"));
    let bearer = "authorization: Bearer provisioned-0123456789\r\n";
    let length = CALL.len();
    let call = ask(&format!(
        "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{bearer}content-length: {length}\r\n\r\n{CALL}"
    ));
    assert_eq!(call.status, 200);
    process.kill().expect("kill");
    process.wait().expect("wait");
}
