//! `Host` and `Origin`: names that lead elsewhere, and pages of other sites.

use crate::{
    doors::door::{CALL, Door, JSON, LOCALHOST, Listener, UPGRADING},
    support::EventStream,
};

const CONFIG: &str = "[rpc]\nallowed_hosts = [\"Box.Example\", \"ratchetd:8645\", \"[fd00::1]\"]\n\
                      allowed_origins = [\"https://chat.example\", \"http://localhost:3000\"]\n";

/// The statuses of a call, a batch, an upgrade and the plain paths under these header lines.
fn statuses(door: &Door, line_prefix: &str, headers: &str) -> Vec<u16> {
    let bearer = door.bearer();
    let batch = format!("[{CALL},{CALL}]");
    let post = format!("POST {line_prefix}/");
    let mut statuses = Vec::new();
    for (line, headers, body) in [
        (post.as_str(), format!("{headers}{JSON}{bearer}"), CALL),
        (post.as_str(), format!("{headers}{JSON}{bearer}"), &batch),
        (
            &format!("GET {line_prefix}/"),
            format!("{headers}{UPGRADING}{bearer}"),
            "",
        ),
        (&format!("GET {line_prefix}/livez"), headers.to_owned(), ""),
        (&format!("GET {line_prefix}/readyz"), headers.to_owned(), ""),
        (&format!("GET {line_prefix}/auth"), headers.to_owned(), ""),
        (
            // A wrong cursor: its answer ends.
            &format!("GET {line_prefix}/events?after=x"),
            format!("{headers}{bearer}"),
            "",
        ),
    ] {
        statuses.push(door.ask(Listener::Tcp, line, &headers, body).status);
    }
    statuses
}

const PASSED: [u16; 7] = [200, 200, 101, 200, 200, 200, 400];
const REFUSED: [u16; 7] = [403; 7];

fn expected(passes: bool) -> [u16; 7] {
    if passes { PASSED } else { REFUSED }
}

#[test]
fn hosts_that_are_not_ours_are_refused_on_everything() {
    let door = Door::with(CONFIG);
    let port = door.address.rsplit_once(':').expect("a port").1.to_owned();
    for (host, passes) in [
        ("localhost", true),
        ("LocalHost", true),
        ("localhost:1", true),
        (&format!("localhost:{port}"), true),
        (&format!("127.0.0.1:{port}"), true),
        ("127.0.0.1", true),
        ("[::1]", true),
        (&format!("[::1]:{port}"), true),
        ("box.example", true),
        ("BOX.example:99", true),
        ("ratchetd:8645", true),
        ("[FD00::1]:8645", true),
        ("ratchetd", false),
        ("ratchetd:8646", false),
        ("[fd00::2]", false),
        // Names that a page's own server can make lead here.
        ("evil.example", false),
        (&format!("evil.example:{port}"), false),
        ("localhost.evil.example", false),
        ("127.0.0.1.evil.example", false),
        ("127.0.0.1.nip.io", false),
        ("evil.example:127.0.0.1", false),
        ("evil.localhost", false),
        ("evil.example@localhost", false),
        ("localhost@evil.example", false),
        ("localhost,evil.example", false),
        ("localhost evil.example", false),
        ("localhost/", false),
        // Other ways of writing the same address are not the names that we know.
        ("localhost.", false),
        ("127.1", false),
        ("127.0.0.2", false),
        ("0x7f.0.0.1", false),
        ("2130706433", false),
        ("0.0.0.0", false),
        ("0", false),
        ("::1", false),
        ("[::]", false),
        ("[::ffff:127.0.0.1]", false),
        ("[0:0:0:0:0:0:0:1]", false),
        ("[::1%25lo]", false),
        ("localhost:", false),
        ("localhost:x", false),
        ("localhost:1:1", false),
        ("", false),
        ("loc\u{e4}lhost", false),
    ] {
        let headers = format!("host: {host}\r\n");
        assert_eq!(statuses(&door, "", &headers), expected(passes), "{host}");
    }
    for (headers, passes) in [
        ("", false),
        ("host: localhost\r\nhost: localhost\r\n", false),
        ("host: localhost\r\nhost: evil.example\r\n", false),
        ("host: evil.example\r\nhost: localhost\r\n", false),
        (
            "x-forwarded-host: localhost\r\nhost: evil.example\r\n",
            false,
        ),
        ("forwarded: host=evil.example\r\nhost: localhost\r\n", true),
    ] {
        assert_eq!(statuses(&door, "", headers), expected(passes), "{headers}");
    }
}

#[test]
fn a_target_with_a_host_of_its_own_is_held_to_it_too() {
    let door = Door::with(CONFIG);
    for (target, host, passes) in [
        ("http://localhost", "localhost", true),
        ("http://127.0.0.1:1", "localhost", true),
        ("http://box.example", "localhost", true),
        ("http://evil.example", "localhost", false),
        ("http://localhost", "evil.example", false),
        ("http://localhost@evil.example", "localhost", false),
        ("http://evil.example@localhost", "localhost", false),
        ("http://localhost.evil.example", "localhost", false),
    ] {
        let headers = format!("host: {host}\r\n");
        let found = statuses(&door, target, &headers);
        assert_eq!(found, expected(passes), "{target} {host}");
    }
}

#[test]
fn pages_of_other_sites_are_refused_on_everything() {
    let door = Door::with(CONFIG);
    for (origin, passes) in [
        ("https://chat.example", true),
        ("https://Chat.Example", true),
        ("http://localhost:3000", true),
        ("http://localhost", false),
        ("http://localhost:3001", false),
        ("https://localhost:3000", false),
        ("https://chat.example:443", false),
        ("https://chat.example/", false),
        ("http://chat.example", false),
        ("https://chat.example.evil", false),
        ("https://evil.chat.example", false),
        ("https://chat.example@evil", false),
        ("https://chat.example, https://evil", false),
        ("https://chat.example https://evil", false),
        ("https://evil", false),
        ("chrome-extension://abc", false),
        ("file://", false),
        ("null", false),
        ("*", false),
        ("", false),
    ] {
        let headers = format!("{LOCALHOST}origin: {origin}\r\n");
        assert_eq!(statuses(&door, "", &headers), expected(passes), "{origin}");
    }
    let twice = format!("{LOCALHOST}{0}{0}", "origin: https://chat.example\r\n");
    assert_eq!(statuses(&door, "", &twice), REFUSED);
    assert_eq!(statuses(&door, "", LOCALHOST), PASSED, "none at all");
}

#[test]
fn by_default_no_page_passes_not_even_one_of_this_machine() {
    let door = Door::open();
    for origin in [
        "http://localhost".to_owned(),
        format!("http://{}", door.address),
        "null".to_owned(),
    ] {
        let headers = format!("{LOCALHOST}origin: {origin}\r\n");
        assert_eq!(statuses(&door, "", &headers), REFUSED, "{origin}");
    }
    let refused = door.ask(Listener::Tcp, "OPTIONS /", &format!("{LOCALHOST}origin: https://evil\r\naccess-control-request-method: POST\r\naccess-control-request-headers: authorization, content-type\r\n"), "");
    assert_eq!(refused.status, 403);
    assert!(!refused.headers.contains("access-control"), "{refused:?}");
}

#[test]
fn the_stream_of_events_is_opened_for_an_allowed_page() {
    let door = Door::with(CONFIG);
    let headers = format!("origin: https://chat.example\r\n{}", door.bearer());
    drop(EventStream::open(
        door.connect(Listener::Tcp),
        "?account=*",
        &headers,
    ));
}
