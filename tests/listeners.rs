//! At the door: sockets, tokens, hosts, origins, starts and stops, seen from outside.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by panicking"
)]

mod support;

use std::{
    fs,
    net::TcpStream,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::Path,
};

use serde_json::{Value, json};
use support::{Answer, Daemon, exchange, serve, text};

const BODY: &str = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_version\"}";
const UPGRADE: &str = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct Tcp {
    daemon: Daemon,
    address: String,
    bearer: String,
}

impl Tcp {
    fn start() -> Self {
        let daemon = Daemon::start_with(&["--http", "127.0.0.1:0"]);
        let token = fs::read_to_string(daemon.data_dir().join("rpc.token")).expect("the token");
        Self {
            address: daemon.tcp().expect("an address"),
            bearer: format!("authorization: Bearer {}\r\n", token.trim()),
            daemon,
        }
    }

    /// A request whose headers end with `connection: close` unless they upgrade.
    fn request(&self, line: &str, headers: &str, body: &str) -> Answer {
        let stream = TcpStream::connect(&self.address).expect("to connect");
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(5)))
            .expect("a timeout");
        let rest = if headers.contains("upgrade") {
            String::new()
        } else {
            format!("connection: close\r\ncontent-length: {}\r\n", body.len())
        };
        exchange(
            stream,
            &format!("{line} HTTP/1.1\r\n{headers}{rest}\r\n{body}"),
        )
    }
}

#[test]
fn every_tcp_request_and_upgrade_needs_the_token() {
    let tcp = Tcp::start();
    let json = "host: localhost\r\ncontent-type: application/json\r\n";
    let wrong = "authorization: Bearer 0000000000000000000000000000000000000000000000000000000000000000\r\n";
    let batch = format!("[{BODY},{BODY}]");
    for body in [BODY, &batch] {
        let passed = tcp.request("POST /", &format!("{json}{}", tcp.bearer), body);
        assert_eq!(passed.status, 200);
        for headers in [json.to_owned(), format!("{json}{wrong}")] {
            let refused = tcp.request("POST /", &headers, body);
            assert_eq!((refused.status, refused.body.len()), (401, 0), "{headers}");
        }
    }
    let upgrade = format!("host: localhost\r\n{UPGRADE}");
    assert_eq!(tcp.request("GET /", &upgrade, "").status, 401);
    assert_eq!(
        tcp.request("GET /", &format!("{upgrade}{wrong}"), "")
            .status,
        401
    );
    assert_eq!(
        tcp.request("GET /", &format!("{upgrade}{}", tcp.bearer), "")
            .status,
        101
    );
    drop(tcp.daemon);
}

#[test]
fn foreign_hosts_origins_and_content_types_are_refused() {
    let tcp = Tcp::start();
    let json = "content-type: application/json\r\n";
    for (headers, status) in [
        (format!("host: localhost\r\n{json}"), 200),
        (format!("host: evil.example\r\n{json}"), 403),
        (
            format!("host: localhost\r\norigin: https://evil.example\r\n{json}"),
            403,
        ),
        (format!("host: localhost\r\norigin: null\r\n{json}"), 403),
        (
            "host: localhost\r\ncontent-type: text/plain\r\n".to_owned(),
            415,
        ),
        ("host: localhost\r\n".to_owned(), 415),
    ] {
        let answer = tcp.request("POST /", &format!("{headers}{}", tcp.bearer), BODY);
        assert_eq!(answer.status, status, "{headers}");
    }
    for (line, status) in [("GET /", 405), ("POST /other", 404), ("PUT /", 405)] {
        let headers = format!("host: localhost\r\n{json}{}", tcp.bearer);
        assert_eq!(tcp.request(line, &headers, BODY).status, status, "{line}");
    }
}

#[test]
fn health_and_the_tokens_place_are_told_without_a_token_and_the_token_never() {
    let tcp = Tcp::start();
    for path in ["/livez", "/readyz"] {
        let answer = tcp.request(&format!("GET {path}"), "host: localhost\r\n", "");
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(tcp.daemon.get(path).status, 200, "{path}");
        assert_eq!(
            tcp.request(&format!("GET {path}"), "host: evil\r\n", "")
                .status,
            403
        );
    }
    let auth = tcp.request("GET /auth", "host: localhost\r\n", "");
    let told: Value = serde_json::from_slice(&auth.body).expect("JSON");
    let token = fs::read_to_string(text(&told["tokenFile"])).expect("the file it names");
    assert!(!String::from_utf8_lossy(&auth.body).contains(token.trim()));
}

#[test]
fn a_body_over_the_limit_is_refused_and_the_daemon_goes_on() {
    let daemon = Daemon::start();
    let huge = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":[\"{}\"]}}",
        "0".repeat(11 << 20)
    );
    let stream = std::os::unix::net::UnixStream::connect(daemon.socket()).expect("the socket");
    let mut sender = stream.try_clone().expect("a handle");
    // It may stop reading in the middle: what matters is its answer.
    let _ = std::io::Write::write_all(
        &mut sender,
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            huge.len()
        )
        .as_bytes(),
    );
    let _ = std::io::Write::write_all(&mut sender, huge.as_bytes());
    assert_eq!(exchange(stream, "").status, 413);
    assert_eq!(daemon.post(BODY).status, 200);
}

#[test]
fn the_socket_admits_its_owner_alone_unless_widened() {
    let mode = |daemon: &Daemon| {
        fs::metadata(daemon.socket())
            .expect("the socket")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&Daemon::start()), 0o600);
    assert_eq!(mode(&Daemon::start_with(&["--socket-mode", "0660"])), 0o660);
}

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

#[test]
fn a_trace_of_everything_holds_no_secret_no_payload_and_no_identity() {
    let scratch = tempfile::tempdir().expect("a directory");
    let log = scratch.path().join("log");
    let arguments = ["--http", "127.0.0.1:0", "--log-filter", "trace"].map(str::to_owned);
    let mut process = serve(scratch.path(), &arguments)
        .stderr(fs::File::create(&log).expect("the log"))
        .spawn()
        .expect("it starts");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(
        process.stdout.take().expect("output"),
    ));
    lines.next().expect("a line").expect("text");
    let listening = lines.next().expect("a line").expect("text");
    let address = listening
        .strip_prefix("listening on http://")
        .expect("http")
        .to_owned();
    let token = fs::read_to_string(scratch.path().join("data/rpc.token")).expect("the token");
    let call = |method: &str, params: Value| -> Value {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = exchange(
            TcpStream::connect(&address).expect("to connect"),
            &format!(
                "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                token.trim(),
                body.len()
            ),
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
    process.kill().expect("kill");
    process.wait().expect("wait");
    let log = fs::read_to_string(&log).expect("the log");
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
