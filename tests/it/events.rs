//! Events by long poll, WebSocket and server-sent events: none is lost while no client listens, and
//! a client that missed some is told.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::support::{
    Daemon, EventStream, Party, RATCHETD, SILENCE, WebSocket, begun,
    bundles::{bundle_of, entry, identity},
    connect, head, hex, request, serve_logged, spoilt, terminate, text,
};
use serde_json::{Value, json};

/// A daemon with the accounts `a` and `b`, which know each other's device.
struct Two {
    daemon: Daemon,
    a: Value,
    b: Value,
}

impl Two {
    fn new() -> Self {
        Self::on(Daemon::start())
    }

    fn on(daemon: Daemon) -> Self {
        let make = |name: &str| daemon.ok("account_create", json!({"account": name}));
        let (a, b) = (make("a"), make("b"));
        let two = Self { daemon, a, b };
        two.introduce("b", "a");
        two.introduce("a", "b");
        two
    }

    fn introduce(&self, whom: &str, to: &str) {
        let bundle = self.daemon.ok("bundle_get", json!({"account": whom}));
        let params = json!({"account": to, "bundle": bundle["bundle"]});
        self.daemon.ok("bundle_import", params);
    }

    /// Makes one event of `account`: the other's device is enabled or disabled.
    fn set(&self, account: &str, enabled: bool) {
        let other = if account == "a" { &self.b } else { &self.a };
        let method = if enabled {
            "installation_enable"
        } else {
            "installation_disable"
        };
        let params = json!({
            "account": account,
            "identity": other["publicKey"],
            "installationId": other["installationId"],
        });
        self.daemon.ok(method, params);
    }

    fn list(&self, params: Value) -> Value {
        self.daemon.ok("event_list", params)
    }

    /// The newest number.
    fn now(&self) -> u64 {
        let list = self.list(json!({"account": "*", "limit": 1000}));
        list["next"].as_u64().expect("a number")
    }
}

/// Account and type of each event.
fn names(events: &Value) -> Vec<String> {
    let events = events.as_array().expect("events");
    events
        .iter()
        .map(|event| format!("{} {}", event["account"], text(&event["type"])).replace('"', ""))
        .collect()
}

fn call(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[test]
fn every_account_has_its_events_and_one_sequence_holds_them_all() {
    let two = Two::new();
    two.set("a", false);
    two.set("b", false);
    two.set("a", true);
    let all = two.list(json!({"account": "*"}));
    assert_eq!(
        names(&all["events"]),
        [
            "a installation.discovered",
            "b installation.discovered",
            "a installation.disabled",
            "b installation.disabled",
            "a installation.enabled",
        ]
    );
    let numbers: Vec<u64> = (0..5)
        .map(|index| all["events"][index]["seq"].as_u64().expect("a number"))
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!((&all["next"], &all["lagged"]), (&json!(5), &json!(false)));
    let event = &all["events"][2];
    assert_eq!(
        event["data"],
        json!({"identity": two.b["publicKey"], "installationId": two.b["installationId"]})
    );
    assert!(event["at"].as_u64() > two.a["createdAt"].as_u64());

    let of_a = two.list(json!({"account": "a", "after": 1, "limit": 1}));
    assert_eq!(names(&of_a["events"]), ["a installation.disabled"]);
    assert_eq!(of_a["next"], 3);
    // What is not for the reader is passed over for good.
    let of_b = two.list(json!({"account": "b", "after": 4}));
    assert_eq!(of_b, json!({"events": [], "next": 5, "lagged": false}));

    let ambiguous = two.daemon.call("event_list", json!({})).expect_err("two");
    assert_eq!(ambiguous["data"]["kind"], "account_ambiguous");
    for (params, field) in [
        (json!({"account": "nobody"}), "account"),
        (json!({"account": "**"}), "account"),
        (json!({"account": "a", "limit": 0}), "limit"),
        (json!({"account": "a", "limit": 1001}), "limit"),
        (json!({"account": "a", "waitMs": 60_001}), "waitMs"),
        (json!({"account": "a", "after": -1}), "after"),
    ] {
        let error = two.daemon.call("event_list", params).expect_err(field);
        assert_eq!(error["data"]["field"], field);
    }
}

#[test]
fn a_long_poll_waits_for_what_is_asked_for_and_no_longer_than_it_is_asked_to() {
    let two = Two::new();
    let now = two.now();
    let nothing = two.list(json!({"account": "a", "after": now, "waitMs": 1}));
    assert_eq!(nothing, json!({"events": [], "next": now, "lagged": false}));

    let params = json!({"account": "a", "after": now, "waitMs": 60_000});
    let body = call(1, "event_list", params).to_string();
    let mut waiting = connect(&two.daemon.socket());
    let request = request("", &body);
    waiting.write_all(request.as_bytes()).expect("to send");
    // The event of another account wakes nobody.
    two.set("b", false);
    two.set("a", false);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let answer: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        names(&answer["result"]["events"]),
        ["a installation.disabled"]
    );
    assert_eq!(answer["result"]["next"], now + 2);
}

#[test]
fn a_cursor_goes_on_where_it_was_after_a_stop_and_after_a_power_cut() {
    let mut two = Two::new();
    two.set("a", false);
    let before = two.list(json!({"account": "*", "limit": 2}));
    let cursor = &before["next"];
    assert_eq!(two.daemon.terminate(), Some(0));
    two.daemon.restart();
    two.set("a", true);
    let params = json!({"account": "*", "after": cursor});
    let rest = two.list(params.clone());
    assert_eq!(
        names(&rest["events"]),
        ["a installation.disabled", "a installation.enabled"]
    );
    assert_eq!(rest["next"], 4);
    two.set("b", false);
    two.daemon.kill_and_restart();
    let again = two.list(params);
    assert_eq!(names(&again["events"]).len(), 3);
    assert_eq!(again["events"][0], rest["events"][0]);
    assert_eq!(again["events"][1], rest["events"][1]);
    assert_eq!(
        (&again["next"], &again["lagged"]),
        (&json!(5), &json!(false))
    );
    two.set("b", true);
    assert_eq!(two.now(), 6);
}

#[test]
fn a_message_that_cannot_be_read_is_told_of_and_never_written() {
    let mut alice = Party::new("alice");
    let bob = Party::new("bob");
    alice.receive(&bob, &bob.send(&alice, "first"));
    let newest = |party: &Party| {
        let list = party.daemon.ok("event_list", json!({"limit": 1000}));
        list["next"].as_u64().expect("a number")
    };
    let before = newest(&alice);
    let read = alice.receive(&bob, &spoilt(&bob.send(&alice, "second")));
    assert_eq!(read["outcome"], "undecryptable");
    let since = |party: &Party, after: u64| party.daemon.ok("event_list", json!({"after": after}));
    let told = since(&alice, before);
    assert_eq!(names(&told["events"]), ["alice message.undecryptable"]);
    assert_eq!(told["events"][0]["seq"], before + 1);
    let data = &told["events"][0]["data"];
    for name in [
        "messageId",
        "sender",
        "installationId",
        "reason",
        "hint",
        "nextAction",
    ] {
        assert_eq!(data[name], read[name], "{name}");
    }

    // After a stop it is known what is missing; after a power cut, what may be.
    assert_eq!(alice.daemon.terminate(), Some(0));
    alice.daemon.restart();
    let gone = json!({"events": [], "next": before + 1, "lagged": true});
    assert_eq!(since(&alice, before), gone);
    assert_eq!(since(&alice, before + 1)["lagged"], false);
    alice.receive(&bob, &spoilt(&bob.send(&alice, "third")));
    alice.daemon.kill_and_restart();
    let gone = since(&alice, before + 1);
    assert_eq!(
        (&gone["events"], &gone["lagged"]),
        (&json!([]), &json!(true))
    );
    let next = gone["next"].as_u64().expect("a number");
    assert!(next > before + 1);
    alice.receive(&bob, &spoilt(&bob.send(&alice, "fourth")));
    let told = since(&alice, next);
    assert_eq!(told["events"][0]["seq"], next + 1);
}

#[test]
fn a_subscriber_that_falls_too_far_behind_is_told_where_to_continue() {
    let alice = Party::new("alice");
    let bob = Party::new("bob");
    alice.receive(&bob, &bob.send(&alice, "first"));
    let spoilt = spoilt(&bob.send(&alice, "second"));
    let mut written = alice.daemon.ok("event_list", json!({}));
    // Bob's first message came by DH, and proves nobody: what is told of it is not written either.
    let unproven = written["events"].as_array_mut().expect("events").pop();
    assert_eq!(unproven.expect("an event")["type"], "contact.requested");
    // More nonsense than is held in memory.
    let params = json!({"sender": bob.key, "message": spoilt});
    let batch: Vec<Value> = (0..100)
        .map(|id| call(id, "message_decrypt", params.clone()))
        .collect();
    for _ in 0..11 {
        assert_eq!(alice.daemon.post(&json!(batch).to_string()).status, 200);
    }
    let page = alice.daemon.ok("event_list", json!({"limit": 1000}));
    assert_eq!(page["lagged"], true);
    // It pushed out none of what was written.
    let events = written["events"].as_array().expect("events");
    assert!(!events.is_empty());
    for (index, event) in events.iter().enumerate() {
        assert_eq!(&page["events"][index], event);
    }
    let newest = written["next"].as_u64().expect("a number") + 1100;
    let first_held = newest - 999;
    assert_eq!(page["events"][events.len()]["seq"], first_held);

    let mut stream = EventStream::open(connect(&alice.daemon.socket()), "?after=0", "");
    for event in events {
        assert_eq!(stream.next().as_ref(), Some(event));
    }
    let mark = stream.next().expect("a mark");
    assert_eq!(
        (&mark["type"], &mark["seq"]),
        (&json!("lagged"), &json!(first_held - 1))
    );
    assert_eq!(stream.next().expect("an event")["seq"], first_held);
    // A client that comes back with the mark's id goes on there.
    let id = format!("last-event-id: {}\r\n", mark["seq"]);
    let mut again = EventStream::open(connect(&alice.daemon.socket()), "?after=0", &id);
    assert_eq!(again.next().expect("an event")["seq"], first_held);

    // A cursor of some other directory.
    let lost = alice
        .daemon
        .ok("event_list", json!({"after": newest + 1, "limit": 1}));
    assert_eq!(
        (&lost["lagged"], &lost["events"][0]),
        (&json!(true), &events[0])
    );
    let query = format!("?after={}", newest + 1);
    let mut lost = EventStream::open(connect(&alice.daemon.socket()), &query, "");
    let mark = lost.next().expect("a mark");
    assert_eq!((&mark["type"], &mark["seq"]), (&json!("lagged"), &json!(0)));
    assert_eq!(lost.next().as_ref(), Some(&events[0]));
}

#[test]
fn ten_thousand_events_are_kept_and_a_reader_further_behind_is_told() {
    let alice = Party::new("alice");
    // Each of these identities has as many devices as are known of one: as many are discovered.
    let bundle = |number: u64| {
        let mut secret = [1; 32];
        secret[..8].copy_from_slice(&number.to_be_bytes());
        let entries = (0..32).map(|n| entry(&format!("device-{n}"), n + 1, 1));
        hex(&bundle_of(&identity(&secret), 0, entries.collect()))
    };
    for batch in 0..4 {
        let imports = (1..=80).map(|n| {
            call(
                n,
                "bundle_import",
                json!({"bundle": bundle(100 * batch + n)}),
            )
        });
        let imports = Value::from(imports.collect::<Vec<_>>()).to_string();
        let answer = alice.daemon.post(&imports);
        let answers: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let answers = answers.as_array().expect("an array");
        assert_eq!(
            answers.iter().find(|answer| answer["error"].is_object()),
            None
        );
    }
    let newest = alice.daemon.ok("system_status", json!({}))["newestEvent"]
        .as_u64()
        .expect("a number");
    assert!(newest > 10_200);
    let page = |after: u64| {
        alice
            .daemon
            .ok("event_list", json!({"after": after, "limit": 1}))
    };
    // The cursor is the last event that was seen.
    let all_there = page(newest - 10_000);
    assert_eq!(all_there["lagged"], false, "{all_there}");
    assert_eq!(all_there["events"][0]["seq"], newest - 9_999);
    assert_eq!(all_there["events"][0]["type"], "installation.discovered");
    let one_lost = page(newest - 10_001);
    assert_eq!(one_lost["lagged"], true, "{one_lost}");
    assert_eq!(one_lost["events"][0]["seq"], newest - 9_999);
}

#[test]
fn a_websocket_subscribes_from_now_or_from_a_cursor_and_unsubscribes() {
    let two = Two::new();
    let mut socket = WebSocket::open(&two.daemon.socket());
    let subscribed = socket.ask(&call(1, "event_subscribe", json!({"account": "a"})));
    let id = text(&subscribed["result"]);
    two.set("b", false);
    two.set("a", false);
    let notified = socket.next().expect("a notification");
    assert_eq!(notified["method"], "event_notification");
    assert_eq!(notified["params"]["subscription"], id.as_str());
    let event = &notified["params"]["result"];
    assert_eq!(names(&json!([event])), ["a installation.disabled"]);
    assert_eq!(
        event,
        &two.list(json!({"account": "a", "after": 3}))["events"][0]
    );

    let ended = socket.ask(&call(2, "event_unsubscribe", json!({"subscription": id})));
    assert_eq!(ended["result"], true);
    for params in [json!([id]), json!(["nonsense"])] {
        let ended = socket.ask(&call(3, "event_unsubscribe", params));
        assert_eq!(ended["result"], false);
    }
    // Nothing comes any more on the first one: the next thing is the answer to the second.
    two.set("a", true);
    let all = socket.ask(&call(4, "event_subscribe", json!(["*", 3])));
    let id = all["result"].clone();
    let mut next = || {
        let notified = socket.next().expect("a notification");
        assert_eq!(notified["params"]["subscription"], id);
        notified["params"]["result"]["seq"].clone()
    };
    assert_eq!([next(), next()], [json!(4), json!(5)]);
    two.set("b", true);
    assert_eq!(next(), 6);
    // A cursor of another directory.
    let mut lost = WebSocket::open(&two.daemon.socket());
    lost.ask(&call(
        5,
        "event_subscribe",
        json!({"account": "b", "after": 99}),
    ));
    let mut next = || lost.next().expect("a notification")["params"]["result"].clone();
    let mark = next();
    assert_eq!((&mark["type"], &mark["seq"]), (&json!("lagged"), &json!(0)));
    assert_eq!(next()["seq"], 2);
}

#[test]
fn a_subscription_that_cannot_be_is_refused_with_the_reason() {
    let two = Two::new();
    let over_http = two.daemon.call("event_subscribe", json!({"account": "a"}));
    let error = over_http.expect_err("no WebSocket");
    assert_eq!(error["data"]["kind"], "invalid_request");
    assert!(text(&error["message"]).contains("WebSocket"), "{error}");
    assert!(
        text(&error["data"]["hint"]).contains("event_list"),
        "{error}"
    );
    let error = two.daemon.call("event_unsubscribe", json!(["events-1"]));
    assert!(text(&error.expect_err("no WebSocket")["message"]).contains("WebSocket"));

    let mut socket = WebSocket::open(&two.daemon.socket());
    for (params, kind, field) in [
        (json!({}), "account_ambiguous", json!("account")),
        (json!(["nobody"]), "account_not_found", json!("account")),
        (
            json!({"account": "a", "after": "1"}),
            "invalid_params",
            json!("after"),
        ),
        (
            json!({"account": "a", "limit": 1}),
            "invalid_params",
            json!("limit"),
        ),
    ] {
        let error = &socket.ask(&call(1, "event_subscribe", params))["error"];
        assert_eq!(
            (&error["data"]["kind"], &error["data"]["field"]),
            (&json!(kind), &field)
        );
    }
    for params in [
        json!({}),
        json!({"subscription": 7}),
        json!({"id": "events-1"}),
    ] {
        let error = &socket.ask(&call(1, "event_unsubscribe", params))["error"];
        assert_eq!(error["data"]["kind"], "invalid_params");
    }
    let batch = json!([
        call(7, "event_subscribe", json!(["a"])),
        call(8, "account_get", json!(["a"])),
    ]);
    let answers = socket.ask(&batch);
    assert_eq!(answers[0]["error"]["data"]["kind"], "invalid_request");
    assert_eq!(answers[1]["result"]["account"], "a");

    for id in 0..32 {
        let subscribed = socket.ask(&call(id, "event_subscribe", json!(["a"])));
        assert!(subscribed["result"].is_string(), "{subscribed}");
    }
    let refused = socket.ask(&call(32, "event_subscribe", json!(["a"])));
    assert_eq!(
        (&refused["id"], &refused["error"]["data"]["kind"]),
        (&json!(32), &json!("busy"))
    );
    // Another connection has its own places.
    let mut other = WebSocket::open(&two.daemon.socket());
    let subscribed = other.ask(&call(1, "event_subscribe", json!(["a"])));
    assert!(subscribed["result"].is_string(), "{subscribed}");
}

#[test]
fn a_stream_begins_now_or_at_a_cursor_and_wrong_queries_are_refused() {
    let two = Two::new();
    let open = |query: &str, headers: &str| {
        EventStream::open(connect(&two.daemon.socket()), query, headers)
    };
    let mut of_a = open("?account=a", "");
    let mut all = open("?account=%2A&after=1", "");
    let mut back = open("?account=b&after=0", "last-event-id: 2\r\n");
    two.set("a", false);
    two.set("b", false);
    let first = of_a.next().expect("an event");
    assert_eq!(names(&json!([first])), ["a installation.disabled"]);
    assert_eq!(back.next().expect("an event")["seq"], 4);
    let seen: Vec<Value> = (0..3)
        .map(|_| all.next().expect("an event")["seq"].clone())
        .collect();
    assert_eq!(seen, [2, 3, 4]);

    for (query, field) in [
        ("", Some("account")),
        ("?account=nobody", Some("account")),
        ("?account=a&after=x", Some("after")),
        ("?account=a&limit=1", Some("limit")),
        ("?account=%", Some("account")),
    ] {
        let answer = two.daemon.get(&format!("/events{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(body["error"]["data"]["field"].as_str(), field, "{query}");
        assert!(!text(&body["error"]["data"]["hint"]).is_empty());
    }
}

/// The bytes up to the next empty line.
fn block(stream: &mut impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\n\n") {
        stream.read_exact(&mut byte).expect("a byte");
        bytes.extend(byte);
    }
    String::from_utf8(bytes).expect("text")
}

/// nginx, as it is by default: it speaks HTTP/1.0 to what is behind it, and keeps answers back until it has enough of
/// them, unless it is told not to.
#[test]
fn a_stream_passes_proxies_as_it_comes_and_begins_with_where_it_is() {
    let two = Two::new();
    let open = |headers: &str| {
        let mut stream = connect(&two.daemon.socket());
        let request = format!(
            "GET /events?account=a HTTP/1.0\r\nhost: 127.0.0.1:8645\r\nconnection: close\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).expect("to send");
        let head = head(&mut stream).to_lowercase();
        for line in [
            "content-type: text/event-stream",
            "cache-control: no-store, no-cache, no-transform",
            "x-accel-buffering: no",
        ] {
            assert_eq!(head.lines().filter(|it| *it == line).count(), 1, "{head}");
        }
        assert!(!head.contains("transfer-encoding"), "{head}");
        stream
    };
    let mut stream = open("");
    // Before anything happens.
    assert_eq!(block(&mut stream), ": here\nid: 2\n\n");
    // Who is cut off before the first event comes back there, and misses none.
    drop(stream);
    two.set("a", false);
    let mut stream = open("last-event-id: 2\r\n");
    assert_eq!(block(&mut stream), ": here\nid: 2\n\n");
    assert!(block(&mut stream).starts_with("id: 3\nevent: installation.disabled\n"));
}

#[test]
fn the_stream_over_tcp_asks_for_the_token() {
    let two = Two::on(Daemon::start_with(&["--dev", "--http", "127.0.0.1:0"]));
    let address = two.daemon.tcp().expect("an address");
    let connect = || {
        let stream = TcpStream::connect(&address).expect("to connect");
        stream.set_read_timeout(Some(SILENCE)).expect("a timeout");
        stream
    };
    let token = fs::read_to_string(two.daemon.data_dir().join("rpc.token")).expect("a token");
    for headers in [
        "",
        "authorization: Bearer 0123456789abcdef0123456789abcdef\r\n",
    ] {
        let request = format!("GET /events?account=a HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let mut stream = connect();
        stream.write_all(request.as_bytes()).expect("to send");
        assert!(head(&mut stream).starts_with("HTTP/1.1 401"));
    }
    let authorization = format!("authorization: Bearer {}\r\n", token.trim());
    let mut stream = EventStream::open(connect(), "?account=a&after=0", &authorization);
    assert_eq!(stream.next().expect("an event")["seq"], 1);
}

#[test]
fn the_events_of_a_removed_account_are_gone_and_its_name_begins_anew() {
    let mut two = Two::new();
    two.set("a", false);
    two.set("b", false);
    let key = &two.a["publicKey"];
    two.daemon
        .ok("account_remove", json!({"account": "a", "publicKey": key}));
    let left = two.list(json!({"account": "*"}));
    assert_eq!(
        names(&left["events"]),
        ["b installation.discovered", "b installation.disabled"]
    );
    two.a = two.daemon.ok("account_create", json!({"account": "a"}));
    // A name that is taken is refused, and costs its owner nothing.
    two.introduce("b", "a");
    let taken = two.daemon.call("account_create", json!({"account": "a"}));
    assert_eq!(taken.expect_err("taken")["data"]["kind"], "account_exists");
    for _ in 0..2 {
        let anew = two.list(json!({"account": "a"}));
        assert_eq!(names(&anew["events"]), ["a installation.discovered"]);
        assert_eq!(anew["events"][0]["seq"], 5);
        two.daemon.kill_and_restart();
    }
}

/// Posts to a daemon that the test started by itself.
fn post(socket: &Path, call: &Value) -> std::os::unix::net::UnixStream {
    let mut stream = connect(socket);
    let request = request("", &call.to_string());
    stream.write_all(request.as_bytes()).expect("to send");
    stream
}

#[test]
fn a_daemon_that_stops_ends_every_wait_and_every_stream_and_waits_for_none() {
    let scratch = tempfile::tempdir().expect("a directory");
    let mut process = serve_logged(scratch.path());
    let socket = scratch.path().join("s");
    let mut made = String::new();
    post(&socket, &call(1, "account_create", json!(["a"])))
        .read_to_string(&mut made)
        .expect("an answer");
    assert!(made.contains("\"publicKey\""), "{made}");

    let mut stream = EventStream::open(connect(&socket), "", "");
    let mut subscribed = WebSocket::open(&socket);
    let answer = subscribed.ask(&call(1, "event_subscribe", json!({})));
    assert!(answer["result"].is_string(), "{answer}");
    let call_that_waits = call(2, "event_list", json!({"waitMs": 60_000})).to_string();
    let mut waiting = begun(&socket, call_that_waits.len());
    let body = call_that_waits.as_bytes();
    waiting.write_all(body).expect("to send");
    let mut also_waiting = WebSocket::open(&socket);
    also_waiting.send(&call(3, "event_list", json!({"waitMs": 60_000})));

    terminate(&process);
    assert_eq!(stream.next(), None);
    assert_eq!(subscribed.next(), None);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("\"next\":0"), "{answer}");
    // Its answer may still come before the connection ends.
    while also_waiting.next().is_some() {}
    let log = BufReader::new(process.stderr.take().expect("its log"));
    let warnings = log.lines().map(|line| line.expect("text"));
    assert_eq!(warnings.filter(|line| line.contains("WARN")).count(), 0);
    assert_eq!(process.wait().expect("it ends").code(), Some(0));
}

#[test]
fn the_status_names_the_newest_event_and_from_there_come_the_next_ones_alone() {
    let two = Two::new();
    let newest = two.daemon.ok("system_status", json!({}))["newestEvent"].take();
    let listed = two
        .daemon
        .ok("event_list", json!({"account": "*", "limit": 1000}));
    assert_eq!(newest, listed["next"]);
    let after = json!({"account": "*", "after": newest});
    let none = two.daemon.ok("event_list", after.clone());
    assert_eq!(
        (&none["events"], &none["lagged"]),
        (&json!([]), &json!(false))
    );
    two.set("a", false);
    let next = two.daemon.ok("event_list", after);
    assert_eq!(next["events"].as_array().map(Vec::len), Some(1));
    let empty = Daemon::start().ok("system_status", json!({}));
    assert_eq!(empty["newestEvent"], 0);
}

/// A `ratchetd events` that follows a daemon.
struct Followed {
    process: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Followed {
    fn start(daemon: &Daemon, arguments: &[&str]) -> Self {
        let mut process = Command::new(RATCHETD)
            .args(["events", "--socket"])
            .arg(daemon.socket())
            .args(arguments)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let output = process.stdout.take().map(BufReader::new);
        Self { process, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("its output");
        output.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    fn event(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"))
    }

    /// Account and type of the next event.
    fn name(&mut self) -> String {
        let event = self.event();
        names(&json!([event])).remove(0)
    }

    /// Waits until it ends by itself; as [`Self::end`].
    fn ended(mut self) -> (Option<i32>, String) {
        let mut output = self.output.take().expect("its output");
        output.read_to_string(&mut String::new()).expect("to read");
        self.end()
    }

    /// Its exit code, and what it has said on standard error; nobody reads its output any more.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.output.take());
        let output = self.process.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("text");
        (output.status.code(), said)
    }
}

#[test]
fn the_events_command_goes_on_where_it_was_when_the_daemon_is_back_and_ends_on_ctrl_c() {
    let mut two = Two::new();
    let mut all = Followed::start(&two.daemon, &["--json", "--from-start"]);
    assert_eq!(all.event(), two.list(json!({"account": "*"}))["events"][0]);
    assert_eq!(all.name(), "b installation.discovered");
    two.set("a", false);
    assert_eq!(all.name(), "a installation.disabled");
    two.daemon.kill_and_restart();
    two.set("b", false);
    two.set("a", true);
    for (name, seq) in [
        ("b installation.disabled", 4),
        ("a installation.enabled", 5),
    ] {
        let event = all.event();
        let told = (names(&json!([event])).remove(0), event["seq"].as_u64());
        // Numbers may be left out when a daemon is killed, but none is told twice.
        assert!(told.0 == name && told.1 >= Some(seq), "{told:?}");
    }
    let pid = all.process.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill").success());
    let (code, said) = all.end();
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("waiting for the daemon"), "{said}");
    assert!(lines[1].contains("is back"), "{said}");
}

#[test]
fn the_events_command_is_read_by_people_tells_of_lost_events_and_ends_with_its_reader() {
    let two = Two::new();
    // A cursor of another data directory.
    let mut all = Followed::start(&two.daemon, &["--after", "1000000"]);
    let lost = all.line();
    assert!(
        lost.ends_with("  0  events lost  list anew what they were about"),
        "{lost}"
    );
    let first = all.line();
    assert!(
        first.contains("Z  1  a  installation.discovered  identity=0x04"),
        "{first}"
    );
    let mut of_b = Followed::start(&two.daemon, &["--account", "b", "--after", "0", "--json"]);
    assert_eq!(of_b.name(), "b installation.discovered");
    let mut lagged = Followed::start(&two.daemon, &["--json", "--after", "1000000"]);
    let mark = lagged.event();
    assert_eq!(
        (&mark["type"], &mark["seq"], &mark["account"]),
        (&json!("lagged"), &json!(0), &Value::Null)
    );
    // Nothing happens any more: that their readers are gone is noticed all the same.
    for followed in [all, of_b, lagged] {
        assert_eq!(followed.end(), (Some(0), String::new()));
    }

    // A full disk loses lines, and a reader who went away has seen enough.
    let full = fs::File::options().write(true).open("/dev/full");
    let lost = Command::new(RATCHETD)
        .args(["events", "--from-start", "--socket"])
        .arg(two.daemon.socket())
        .env_clear()
        .stdout(full.expect("/dev/full"))
        .output()
        .expect("it runs");
    assert_eq!(lost.status.code(), Some(3), "{lost:?}");
    let (code, said) = Followed::start(&two.daemon, &["--account", "nobody"]).ended();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nobody"), "{said}");
    let mut daemon = two.daemon;
    daemon.terminate();
    let (code, said) = Followed::start(&daemon, &[]).ended();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("ratchetd serve"), "{said}");
}
