//! The page that the daemon serves itself: `GET /ui`.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::{
    doors::door::{BOTH, CALL, Door, JSON, LOCALHOST, Listener, header},
    support::{refused, serve},
};

const CONFIG: &str = "[rpc]\nui = true\n";

#[test]
fn the_page_is_off_by_default_and_who_asks_for_it_is_told_how_to_have_it() {
    let door = Door::open();
    let own = format!(
        "{LOCALHOST}origin: http://localhost\r\n{JSON}{}",
        door.bearer()
    );
    assert_eq!(door.ask(Listener::Tcp, "POST /", &own, CALL).status, 403);
    for listener in BOTH {
        let answer = door.ask(listener, "GET /ui", LOCALHOST, "");
        assert_eq!(answer.status, 404, "{answer:?}");
        let said = String::from_utf8(answer.body).expect("text");
        assert!(said.contains("--ui"), "{said}");
        assert!(!said.contains("<html"), "{said}");
    }
}

#[test]
fn the_page_is_the_same_for_everybody_and_is_locked_by_its_headers() {
    let door = Door::with(CONFIG);
    let page = include_str!("../../../crates/daemon/ui/page.html");
    for listener in BOTH {
        for (line, body) in [("GET /ui", page), ("HEAD /ui", "")] {
            let answer = door.ask(listener, line, LOCALHOST, "");
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.body == body.as_bytes(), "{line}");
            let length = page.len().to_string();
            for (name, value) in [
                ("content-type", "text/html; charset=utf-8"),
                ("content-length", length.as_str()),
                ("x-frame-options", "deny"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(header(&answer, name), Some(value), "{name}");
            }
            let policy = header(&answer, "content-security-policy").expect("a policy");
            for rule in [
                "default-src 'none'",
                "connect-src 'self'",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
            ] {
                assert!(policy.split("; ").any(|given| given == rule), "{rule}");
            }
            assert!(policy.contains("script-src 'sha256-"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
        }
        let answer = door.ask(
            listener,
            "POST /ui",
            &format!("{LOCALHOST}{}", door.bearer()),
            "",
        );
        assert_eq!(answer.status, 405, "{answer:?}");
        assert_eq!(header(&answer, "allow"), Some("get, head, options"));
    }
}

/// The page has no secret, and opens no door: what it shows it has to ask for, with the token.
#[test]
fn beside_the_page_nothing_is_answered_without_the_token_and_it_alone_may_call_from_here() {
    let door = Door::with(CONFIG);
    for line in [
        "GET /ui/",
        "GET /ui/x",
        "GET /metrics",
        "GET /events?after=x",
    ] {
        assert_eq!(
            door.ask(Listener::Tcp, line, LOCALHOST, "").status,
            401,
            "{line}"
        );
    }
    let call = |host: &str, origin: &str, more: &str| {
        let headers = format!("host: {host}\r\norigin: {origin}\r\n{JSON}{more}");
        door.ask(Listener::Tcp, "POST /", &headers, CALL).status
    };
    let (host, bearer) = (door.address.as_str(), door.bearer());
    let own = format!("http://{host}");
    assert_eq!(call(host, &own, ""), 401);
    assert_eq!(call(host, &own, &bearer), 200);
    for (host, origin) in [
        (host, "http://127.0.0.1:1"),
        (host, "http://localhost"),
        (host, "null"),
        ("evil.example", "http://evil.example"),
    ] {
        assert_eq!(call(host, origin, &bearer), 403, "{origin}");
        let headers = format!("host: {host}\r\norigin: {origin}\r\n");
        let page = door.ask(Listener::Tcp, "GET /ui", &headers, "");
        assert_eq!(page.status, 403, "{origin}");
    }
}

#[test]
fn the_page_is_served_at_an_address_of_this_machine_alone() {
    let scratch = tempfile::tempdir().expect("a directory");
    for (arguments, hint) in [
        (&["--ui"][..], "add --http 127.0.0.1:8645"),
        (
            &["--ui", "--http", "0.0.0.0:0", "--http-allow-remote"],
            "listen on 127.0.0.1",
        ),
    ] {
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let mut process = serve(scratch.path(), &arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("to run ratchetd");
        // One that serves would not end.
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("text");
        if !line.is_empty() {
            process.kill().expect("to kill it");
        }
        let said = refused(&process.wait_with_output().expect("its end"));
        assert!(said.contains("--ui") && said.contains(hint), "{said}");
    }
}
