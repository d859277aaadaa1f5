//! Starts that must fail, sockets that are in use, and a log without secrets.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    os::unix::net::UnixListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::support::{Daemon, RATCHETD, connect, exchange, request, serve, terminate, text};
use serde_json::{Value, json};

const BODY: &str = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_version\"}";

/// Runs `serve` to its end; its exit code and its complaint.
fn fails(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    let output = serve(directory, &arguments)
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("it runs");
    (
        output.status.code(),
        String::from_utf8(output.stderr).expect("text"),
    )
}

#[test]
fn a_start_that_cannot_be_is_refused_in_one_line_that_says_why() {
    let scratch = tempfile::tempdir().expect("a directory");
    let passphrase = scratch.path().join("passphrase");
    let config = scratch.path().join("config.toml");
    fs::write(&passphrase, "correct horse\n").expect("to write");
    fs::write(&config, "sokcet = \"x\"\n").expect("to write");
    let one_line = |(code, complaint): (Option<i32>, String), named: &str| {
        assert_ne!(code, Some(0), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
        assert!(complaint.contains(named), "{named}: {complaint}");
    };
    let path = |path: &Path| path.display().to_string();
    one_line(
        fails(scratch.path(), &["--config", &path(&config)]),
        "sokcet",
    );
    one_line(
        fails(scratch.path(), &["--http", "0.0.0.0:0"]),
        "--http-allow-remote",
    );
    one_line(
        fails(scratch.path(), &["--log-filter", "a=b=c"]),
        "log_filter",
    );
    one_line(
        fails(scratch.path(), &["--passphrase-file", "/nowhere"]),
        "/nowhere",
    );

    let mut daemon = Daemon::start_with(&["--passphrase-file", &path(&passphrase)]);
    let pid = daemon.pid().to_string();
    let home = daemon.data_dir().parent().expect("its parent").to_owned();
    one_line(
        fails(&home, &["--passphrase-file", &path(&passphrase)]),
        &pid,
    );
    assert_eq!(daemon.terminate(), Some(0));
    assert!(
        !daemon.socket().exists(),
        "a stopped daemon takes its socket with it"
    );
    one_line(fails(&home, &[]), "--passphrase-file");
    fs::write(&passphrase, "wrong horse\n").expect("to write");
    one_line(
        fails(&home, &["--passphrase-file", &path(&passphrase)]),
        "wrong passphrase",
    );
}

#[test]
fn the_socket_of_a_dead_daemon_is_replaced_and_that_of_another_process_is_not() {
    let mut daemon = Daemon::start();
    daemon.kill_and_restart();
    assert_eq!(daemon.post(BODY).status, 200);

    let scratch = tempfile::tempdir().expect("a directory");
    let _listener = UnixListener::bind(scratch.path().join("s")).expect("to bind");
    let (code, complaint) = fails(scratch.path(), &[]);
    assert_ne!(code, Some(0));
    assert!(complaint.contains("another process listens"), "{complaint}");

    let scratch = tempfile::tempdir().expect("a directory");
    fs::write(scratch.path().join("s"), "precious").expect("to write");
    let (code, complaint) = fails(scratch.path(), &[]);
    assert_ne!(code, Some(0));
    assert!(complaint.contains("no socket"), "{complaint}");
    assert_eq!(
        fs::read(scratch.path().join("s")).expect("still there"),
        b"precious"
    );
}

/// Starts a daemon on a data directory of its own, with this socket.
fn start_on(data: &Path, socket: &Path) -> Child {
    Command::new(RATCHETD)
        .args(["serve", "--log-filter", "off", "--data-dir"])
        .arg(data)
        .arg("--socket")
        .arg(socket)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// The first line that a process prints; empty if it ends without one.
fn first_line(process: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line or none");
    line
}

#[test]
fn a_daemon_that_stops_leaves_the_socket_of_another_alone() {
    let mut daemon = Daemon::start();
    let socket = daemon.socket();
    fs::remove_file(&socket).expect("to remove");
    let scratch = tempfile::tempdir().expect("a directory");
    let mut other = start_on(&scratch.path().join("data"), &socket);
    assert!(first_line(&mut other).starts_with("listening"));
    assert_eq!(daemon.terminate(), Some(0));
    assert_eq!(daemon.post(BODY).status, 200, "the other one answers there");
    terminate(&other);
    assert_eq!(other.wait().expect("its end").code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn of_daemons_that_start_at_once_on_one_socket_one_has_it_and_the_others_say_so() {
    let scratch = tempfile::tempdir().expect("a directory");
    let socket = scratch.path().join("s");
    for round in 0..5 {
        let mut started: Vec<Child> = (0..4)
            .map(|number| start_on(&scratch.path().join(format!("{number}")), &socket))
            .collect();
        let listens: Vec<bool> = started
            .iter_mut()
            .map(|process| first_line(process).starts_with("listening"))
            .collect();
        let answer = exchange(connect(&socket), &request("", BODY));
        assert_eq!(answer.status, 200, "round {round}");
        let listening = listens.iter().filter(|listens| **listens).count();
        for (mut process, listens) in started.into_iter().zip(listens) {
            if listens {
                // Its socket is what the next ones find, and nobody listens there.
                process.kill().expect("to kill");
                process.wait().expect("its end");
                continue;
            }
            let ended = process.wait_with_output().expect("its end");
            let said = String::from_utf8(ended.stderr).expect("text");
            assert_eq!(ended.status.code(), Some(2), "{said}");
            assert!(said.contains("another process listens"), "{said}");
        }
        assert_eq!(listening, 1, "round {round}");
    }
}

#[test]
fn a_trace_of_everything_holds_no_secret_no_payload_and_no_identity() {
    let daemon = Daemon::logging(&["--http", "127.0.0.1:0", "--log-filter", "trace"]);
    let address = daemon.tcp().expect("an address");
    let token = fs::read_to_string(daemon.data_dir().join("rpc.token")).expect("the token");
    let authorization = format!("authorization: Bearer {}\r\n", token.trim());
    let call = |method: &str, params: Value| -> Value {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = exchange(
            TcpStream::connect(&address).expect("to connect"),
            &request(&authorization, &body),
        );
        serde_json::from_slice::<Value>(&answer.body).expect("JSON")["result"].clone()
    };
    let account = call("account_create", json!({"account": "a"}));
    let other = call("account_create", json!({"account": "b"}));
    let sent = call(
        "message_encrypt",
        json!({"account": "a", "recipient": other["publicKey"], "text": "attack at dawn"}),
    );
    let message = &sent["envelopes"][0]["message"];
    let read = call(
        "message_decrypt",
        json!({"account": "b", "sender": account["publicKey"], "message": message}),
    );
    assert_eq!(read["text"], "attack at dawn");
    // Over a WebSocket, whose library would show its frames.
    let params = json!({"account": "a", "recipient": other["publicKey"], "text": "attack at dawn"});
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "message_encrypt", "params": params});
    let sent_again = crate::support::WebSocket::open(&daemon.socket()).ask(&request);
    assert!(sent_again["result"].is_object(), "{sent_again}");
    let log = daemon.log_at_end();
    assert!(log.contains("ready"), "{log}");
    let phrase = text(&account["mnemonic"]);
    let words: Vec<&str> = phrase.split(' ').take(3).collect();
    for secret in [
        "attack at dawn".to_owned(),
        "61747461636b".to_owned(),
        words.join(" "),
        token.trim().to_owned(),
        text(&account["publicKey"])[4..40].to_owned(),
        text(&other["compressedKey"]),
        text(message)[2..60].to_owned(),
    ] {
        assert!(!log.contains(&secret), "{secret}");
    }
}
