//! More than the limits: of connections, of WebSockets, of subscriptions, of calls.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Instant,
};

use serde_json::{Value, json};

use crate::{
    doors::door::{CALL, Connection, Door, JSON, LOCALHOST, Listener, UPGRADING, error_of},
    support::{SILENCE, WebSocket, head},
};

/// Calls that one WebSocket may have running.
const CALLS: usize = 1024;

fn livez() -> String {
    format!("GET /livez HTTP/1.1\r\n{LOCALHOST}\r\n")
}

/// Whether the connection is taken: it answers a request, and stays open.
fn is_served(stream: &mut (impl std::io::Read + std::io::Write)) -> bool {
    stream.write_all(livez().as_bytes()).is_ok() && head(stream).starts_with("HTTP/1.1 200")
}

/// Whether the connection is taken for a call with the token, and stays open.
fn may_call(door: &Door, connection: &mut Connection) -> bool {
    let bearer = door.bearer();
    let length = CALL.len();
    let request = format!(
        "POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{bearer}content-length: {length}\r\n\r\n{CALL}"
    );
    let sent = connection.write_all(request.as_bytes());
    let answer = head(connection);
    let taken = sent.is_ok() && answer.starts_with("HTTP/1.1 200");
    assert!(taken || answer.starts_with("HTTP/1.1 429") || answer.is_empty());
    let mut body = vec![0; if taken { content_length(&answer) } else { 0 }];
    connection.read_exact(&mut body).expect("the body");
    taken
}

fn content_length(head: &str) -> usize {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.expect("a length").parse().expect("a number")
}

#[test]
fn a_connection_over_the_limit_is_closed_and_one_listener_leaves_the_other_its_places() {
    let door = Door::with("[rpc]\nmax_connections = 2\n");
    let tcp = || door.connect(Listener::Tcp);
    let mut callers = [tcp(), tcp()];
    assert!(callers.iter_mut().all(|caller| may_call(&door, caller)));
    let refused = door.post("", CALL);
    assert_eq!(refused.status, 429);
    assert_eq!(error_of(&refused)["data"]["kind"], "busy");
    // Those who may call at all are not shut out by it.
    assert!(callers.iter_mut().all(|caller| may_call(&door, caller)));
    let socket = || UnixStream::connect(door.daemon.socket()).expect("to connect");
    let mut beside = [socket(), socket()];
    assert!(beside.iter_mut().all(is_served));
    assert!(!is_served(&mut socket()));
    // Each that goes makes place for another.
    drop(callers);
    drop(beside);
    while !may_call(&door, &mut tcp()) || !is_served(&mut socket()) {}
}

/// Connections without the token that there may be.
const STRANGERS: usize = 256;

/// The value of a line of the metrics.
fn metric(door: &Door, name: &str) -> u64 {
    let text = String::from_utf8(door.daemon.get("/metrics").body).expect("text");
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.expect("the metric").trim().parse().expect("a number")
}

#[test]
fn strangers_that_hold_every_place_they_have_keep_nobody_out_who_has_the_token() {
    // No time ends any of them.
    let door = Door::with("[rpc]\nmax_connections = 2\nheader_timeout_s = 3600\n");
    let gave_way = || {
        let name = "ratchetd_connections_refused_total{listener=\"tcp\",reason=\"gave_way\"}";
        metric(&door, name)
    };
    let mut caller = door.connect(Listener::Tcp);
    assert!(may_call(&door, &mut caller));
    // They say nothing, half a request, or the head of one that they never finish.
    let half = format!("GET /livez HTTP/1.1\r\n{LOCALHOST}");
    let strange = |number: usize| {
        let mut stranger = door.connect(Listener::Tcp);
        let sent = half.as_bytes().get(..number % half.len());
        stranger.write_all(sent.expect("a part")).expect("to send");
        stranger
    };
    let mut strangers: Vec<_> = (0..STRANGERS).map(strange).collect();
    // Who has the token gets in, and the stranger that came first is gone.
    assert_eq!(door.post("", CALL).status, 200);
    assert_eq!(strangers.remove(0).read_to_the_end(), b"");
    assert_eq!(gave_way(), 1);
    // However many more come, who may call stays, and no more of them are held than there are
    // places for.
    strangers.extend((0..STRANGERS).map(strange));
    assert!(may_call(&door, &mut caller));
    assert_eq!(door.post("", CALL).status, 200);
    for mut stranger in strangers.drain(..STRANGERS - 1) {
        assert_eq!(stranger.read_to_the_end(), b"");
    }
    // One place was free: the last but one that called had left it.
    assert_eq!(gave_way(), 1 + STRANGERS as u64);
    let open = metric(&door, "ratchetd_connections{listener=\"tcp\"}");
    assert!(open <= STRANGERS as u64 + 2, "{open} are open");
    // A WebSocket is a caller's as well.
    drop(caller);
    let upgrade = format!(
        "GET / HTTP/1.1\r\n{LOCALHOST}{}{UPGRADING}\r\n",
        door.bearer()
    );
    let mut socket = door.connect(Listener::Tcp);
    socket.write_all(upgrade.as_bytes()).expect("to send");
    assert!(head(&mut socket).starts_with("HTTP/1.1 101"));
    strangers.extend((0..STRANGERS).map(strange));
    let version = serde_json::from_str(CALL).expect("JSON");
    assert!(WebSocket::over(socket).ask(&version)["result"].is_object());
}

#[test]
fn without_the_token_a_connection_is_closed_after_each_answer_and_with_it_it_stays() {
    let door = Door::open();
    for line in [
        "GET /livez",
        "GET /readyz",
        "GET /auth",
        "GET /metrics",
        "POST /",
    ] {
        let request = format!("{line} HTTP/1.1\r\n{LOCALHOST}{JSON}content-length: 0\r\n\r\n");
        let answers = door.all(Listener::Tcp, request.repeat(2).as_bytes());
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        assert!(answers.contains("connection: close"), "{answers}");
    }
    let bearer = door.bearer();
    let request = format!("GET /livez HTTP/1.1\r\n{LOCALHOST}{bearer}\r\n");
    let mut connection = door.connect(Listener::Tcp);
    for _ in 0..3 {
        connection.write_all(request.as_bytes()).expect("to send");
        let answer = head(&mut connection);
        assert!(
            answer.starts_with("HTTP/1.1 200") && !answer.contains("close"),
            "{answer}"
        );
        let mut body = vec![0; content_length(&answer)];
        connection.read_exact(&mut body).expect("the body");
    }
    assert!(is_served(&mut door.connect(Listener::Unix)));
}

#[test]
fn a_websocket_keeps_the_place_of_its_connection_and_none_of_the_other_listener() {
    let door = Door::with("[rpc]\nmax_connections = 1\n");
    let upgrade = format!(
        "GET / HTTP/1.1\r\n{LOCALHOST}{}{UPGRADING}\r\n",
        door.bearer()
    );
    let upgraded = |listener| {
        let mut connection = door.connect(listener);
        let _ = connection.write_all(upgrade.as_bytes());
        let taken = head(&mut connection).starts_with("HTTP/1.1 101");
        taken.then_some(connection)
    };
    let first = upgraded(Listener::Tcp).expect("a WebSocket");
    for _ in 0..10 {
        assert!(!may_call(&door, &mut door.connect(Listener::Tcp)));
    }
    assert_eq!(door.daemon.post(CALL).status, 200);
    // The place of that call is free when its connection is closed, which takes a moment.
    let second = std::iter::repeat_with(|| upgraded(Listener::Unix)).find_map(|it| it);
    for _ in 0..10 {
        assert!(!is_served(&mut door.connect(Listener::Unix)));
    }
    drop((first, second));
    while !may_call(&door, &mut door.connect(Listener::Tcp)) {}
    while !is_served(&mut door.connect(Listener::Unix)) {}
}

#[test]
fn a_websocket_has_a_limit_of_subscriptions_and_of_running_calls_and_goes_on_past_them() {
    let door = Door::open();
    let mut socket = WebSocket::open(&door.daemon.socket());
    let call = |id: usize, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let all = json!({"account": "*"});
    for id in 0..32 {
        let answer = socket.ask(&call(id, "event_subscribe", all.clone()));
        assert!(answer["result"].is_string(), "{answer}");
    }
    let refused = socket.ask(&call(32, "event_subscribe", all));
    assert_eq!(refused["error"]["data"]["kind"], "busy");

    let mut socket = WebSocket::open(&door.daemon.socket());
    let wait = json!({"account": "*", "waitMs": 60_000});
    for id in 0..=CALLS {
        socket.send(&call(id, "event_list", wait.clone()));
    }
    // All wait but one, whichever was taken up last.
    let refused = socket.next().expect("an answer");
    assert_eq!(refused["error"]["code"], 1601, "{refused}");
    for more in [
        call(CALLS, "system_version", json!({})),
        json!([call(CALLS, "system_version", json!({}))]),
    ] {
        let refused = socket.ask(&more);
        assert_eq!(refused["error"]["data"]["kind"], "busy", "{refused}");
    }
    door.works();
}

/// Bytes of the largest request.
const LARGEST: usize = 10 << 20;
/// Bytes of all requests and answers that are under way.
const ALL: usize = 128 << 20;

/// A call of so many bytes that waits for an event.
fn waiting_call(bytes: usize) -> String {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "event_list", "params": {"account": "*", "waitMs": 60_000}});
    let call = call.to_string();
    format!("{call}{}", " ".repeat(bytes - call.len()))
}

#[test]
fn requests_are_taken_up_to_a_number_of_bytes_in_all_and_answered_busy_past_it() {
    let door = Door::with("[rpc]\nbody_timeout_s = 3600\n");
    let account = |name: &str| door.daemon.ok("account_create", json!({"account": name}));
    let _accounts = (account("a"), account("b"));
    let bundle = door.daemon.ok("bundle_get", json!({"account": "b"}))["bundle"].take();
    let large = waiting_call(LARGEST);
    let head_of = |bytes: usize| {
        format!("POST / HTTP/1.1\r\n{LOCALHOST}{JSON}content-length: {bytes}\r\n\r\n")
    };
    // Their texts are dropped as soon as they are read, and they wait. The last one is not even
    // sent whole: what counts is what it says.
    let mut waiting = Vec::new();
    for _ in 0..ALL / LARGEST - 1 {
        let mut connection = door.connect(Listener::Unix);
        let request = format!("{}{large}", head_of(LARGEST));
        connection.write_all(request.as_bytes()).expect("to send");
        waiting.push(connection);
    }
    let mut unfinished = door.connect(Listener::Unix);
    let request = format!("{}{}", head_of(LARGEST), &large[..LARGEST / 2]);
    unfinished.write_all(request.as_bytes()).expect("to send");
    let refused = door.daemon.post(&large);
    assert_eq!(refused.status, 429);
    let error = error_of(&refused);
    assert_eq!(error["data"]["kind"], "busy", "{error}");
    assert_eq!(
        error["data"]["hint"],
        "nothing was done: try again in a moment"
    );
    // Small ones have room.
    door.works();
    // On a WebSocket a large message is not read on until there is room, and then it is answered.
    let mut socket = door.connect(Listener::Unix);
    let upgrade = format!("GET / HTTP/1.1\r\n{LOCALHOST}{UPGRADING}\r\n");
    socket.write_all(upgrade.as_bytes()).expect("to send");
    assert!(head(&mut socket).starts_with("HTTP/1.1 101"));
    let call = format!("{CALL}{}", " ".repeat(LARGEST - CALL.len()));
    let mut frame = vec![0x81, 0xff];
    frame.extend((LARGEST as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(call.as_bytes());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            socket.write_all(&frame).expect("to send");
            assert!(WebSocket::over(socket).next().expect("an answer")["result"].is_object());
        });
        // What is over gives its room back: what was not sent whole, and what was answered.
        drop(unfinished);
        let told = json!({"account": "a", "bundle": bundle});
        let told = json!({"jsonrpc": "2.0", "id": 1, "method": "bundle_import", "params": told});
        while door.daemon.post(&told.to_string()).status != 200 {}
        for mut connection in waiting {
            assert!(head(&mut connection).starts_with("HTTP/1.1 200"));
        }
    });
    while door.daemon.post(&call).status != 200 {}
    door.works();
}

/// Open file descriptors of the daemon, if we may look.
fn descriptors(door: &Door) -> Option<usize> {
    let directory = format!("/proc/{}/fd", door.daemon.pid());
    Some(std::fs::read_dir(directory).ok()?.count())
}

/// The resident memory of the daemon, in KiB.
pub fn resident(door: &Door) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", door.daemon.pid())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What one flood met.
#[derive(Default)]
struct Met {
    refused: usize,
    busy: usize,
    answered: usize,
}

/// Many connections at once, and many calls at once on one of them, all over TCP with the token.
fn flood(door: &Door, recipient: &Value) -> Met {
    let mut met = Met::default();
    let upgrade = format!(
        "GET / HTTP/1.1\r\n{LOCALHOST}{}{UPGRADING}\r\n",
        door.bearer()
    );
    // The flood before gives its places back when the daemon has seen it go.
    let opened = (0..100_000).find_map(|_| {
        let mut calls = door.connect(Listener::Tcp);
        let sent = calls.write_all(upgrade.as_bytes());
        (sent.is_ok() && head(&mut calls).starts_with("HTTP/1.1 101")).then_some(calls)
    });
    let calls = opened.expect("a place");
    let mut held = Vec::new();
    for _ in 0..100 {
        let mut connection = door.connect(Listener::Tcp);
        if may_call(door, &mut connection) {
            held.push(connection);
        } else {
            met.refused += 1;
        }
    }
    let mut socket = WebSocket::over(calls);
    const FLOOD: usize = 500;
    for id in 0..FLOOD {
        let params = json!({"account": "flooded", "recipient": recipient, "text": "x"});
        socket.send(
            &json!({"jsonrpc": "2.0", "id": id, "method": "message_encrypt", "params": params}),
        );
    }
    for _ in 0..FLOOD {
        let answer = socket.next().expect("an answer to each");
        match answer["error"]["code"].as_i64() {
            Some(1601) => met.busy += 1,
            None => met.answered += 1,
            Some(_) => panic!("{answer}"),
        }
    }
    met
}

#[test]
fn a_flood_is_refused_or_told_to_come_again_and_leaves_nothing_behind() {
    let door = Door::with("[rpc]\nmax_connections = 16\nqueue = 1\n");
    let flooded = door
        .daemon
        .ok("account_create", json!({"account": "flooded"}));
    let honest = door
        .daemon
        .ok("account_create", json!({"account": "honest"}));
    let encrypt = json!({"account": "honest", "recipient": flooded["publicKey"], "text": "x"});
    // Once, for what is opened at first use.
    flood(&door, &honest["publicKey"]);
    door.daemon.ok("message_encrypt", encrypt.clone());
    let (Some(before), Some(memory)) = (settled(&door, usize::MAX), resident(&door)) else {
        eprintln!("passed over: /proc does not show another process here");
        return;
    };
    for _ in 0..3 {
        std::thread::scope(|scope| {
            let flooding = scope.spawn(|| flood(&door, &honest["publicKey"]));
            let mut calls = 0;
            while !flooding.is_finished() || calls == 0 {
                door.daemon.ok("message_encrypt", encrypt.clone());
                calls += 1;
            }
            let met = flooding.join().expect("the flood");
            assert!(met.refused >= 100 - 16, "{} refused", met.refused);
            assert!(met.busy > 0 && met.answered > 0, "{} busy", met.busy);
        });
    }
    let left = settled(&door, before).expect("as before");
    assert!(left <= before, "{left} file descriptors, {before} before");
    let after = resident(&door).expect("as before");
    assert!(after < memory + 8 * 1024, "{memory} KiB, then {after}");
    door.works();
}

/// Waits until connections that are over are closed; how many descriptors are open then.
fn settled(door: &Door, expected: usize) -> Option<usize> {
    let began = Instant::now();
    let mut least = descriptors(door)?;
    while least > expected && began.elapsed() < SILENCE {
        least = least.min(descriptors(door)?);
    }
    if expected == usize::MAX {
        // Nothing is expected yet: the least of many looks.
        least = (0..2000).filter_map(|_| descriptors(door)).min()?;
    }
    Some(least)
}

/// Three hundred refusals are a line or two.
#[test]
fn a_flood_of_strangers_does_not_flood_the_log() {
    let scratch = tempfile::tempdir().expect("a directory");
    let log = scratch.path().join("log");
    let config = scratch.path().join("config.toml");
    std::fs::write(&config, "[rpc]\nmax_connections = 1\n").expect("to write");
    let arguments = ["--config".to_owned(), config.display().to_string()];
    let mut process = crate::support::serve(scratch.path(), &arguments)
        .stderr(std::fs::File::create(&log).expect("the log"))
        .spawn()
        .expect("it starts");
    crate::support::ready_lines(&mut process, 1);
    let socket = scratch.path().join("s");
    let mut only = crate::support::connect(&socket);
    assert!(is_served(&mut only));
    for _ in 0..300 {
        assert!(!is_served(&mut crate::support::connect(&socket)));
    }
    // At its end it writes what it has logged.
    crate::support::terminate(&process);
    assert!(process.wait().expect("wait").success());
    let log = std::fs::read_to_string(&log).expect("the log");
    let lines = log.lines().filter(|line| line.contains("over the limit"));
    let lines = lines.count();
    assert!((1..=10).contains(&lines), "{log}");
}

/// Each may be heard out past its answer, and does not keep its place for that from who comes after it.
#[test]
fn strangers_that_were_answered_and_do_not_go_keep_nobody_out() {
    let door = Door::open();
    let refused = || {
        let mut connection = door.connect(Listener::Tcp);
        let head_of_it = format!("{LOCALHOST}{JSON}content-length: 10485760\r\n\r\n");
        write!(connection, "POST / HTTP/1.1\r\n{head_of_it}").expect("to send");
        assert!(head(&mut connection).starts_with("HTTP/1.1 401"));
        connection
    };
    let mut lingering: Vec<Connection> = Vec::new();
    for _ in 0..2 * STRANGERS {
        // None is silent for long.
        for connection in &mut lingering {
            let _ = connection.write_all(b" ");
        }
        lingering.push(refused());
    }
    let name = "ratchetd_connections_refused_total{listener=\"tcp\",reason=\"gave_way\"}";
    assert!(metric(&door, name) > 0, "none gave way");
    door.works();
}

/// What is refused costs nobody a body: it is not kept.
#[test]
fn large_bodies_without_a_token_are_refused_unread() {
    let door = Door::open();
    for _ in 0..50 {
        let headers = format!("{LOCALHOST}{JSON}content-length: 10485760\r\n\r\n");
        let mut connection = door.connect(Listener::Tcp);
        write!(connection, "POST / HTTP/1.1\r\n{headers}").expect("to send");
        assert!(head(&mut connection).starts_with("HTTP/1.1 401"));
    }
    door.works();
}
