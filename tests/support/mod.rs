//! Helpers of all end-to-end tests: daemons in scratch directories, calls over their sockets, and
//! parties that talk to each other.

#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    unreachable_pub,
    reason = "each test binary uses its own part of this"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

pub mod bundles;
mod document;
pub mod group_events;
pub mod people;
mod streams;

pub use document::{DOCUMENT, validator};
pub use streams::*;

/// The binary under test.
pub const RATCHETD: &str = env!("CARGO_BIN_EXE_ratchetd");

/// A running daemon; killed when dropped.
pub struct Daemon {
    directory: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    process: Child,
    /// The lines that said where it listens.
    pub listening: Vec<String>,
    output: Option<BufReader<ChildStdout>>,
}

/// An HTTP response. `status` is 0 if there was none.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Daemon {
    /// A daemon with the development clock on a fresh directory.
    pub fn start() -> Self {
        Self::start_with(&["--dev"])
    }

    /// A daemon on a fresh directory with these flags besides its directory and socket.
    pub fn start_with(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        Self::start_in(directory, arguments)
    }

    /// A daemon with this configuration.
    pub fn configured(config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, config).expect("to write");
        let flags = ["--dev", "--config", path.to_str().expect("UTF-8")];
        let flags = flags.map(str::to_owned).to_vec();
        Self::start_in(directory, flags)
    }

    /// A daemon on an existing directory.
    pub fn start_in(directory: TempDir, arguments: Vec<String>) -> Self {
        Self::start_in_with(directory, arguments, Vec::new())
    }

    /// A daemon on an existing directory, with more environment variables.
    pub fn start_in_with(
        directory: TempDir,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Self {
        Self::launch(directory, arguments, environment, Stdio::inherit())
    }

    /// A daemon on a fresh directory that logs into a file, for [`Self::log_at_end`].
    pub fn logging(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let log = fs::File::create(directory.path().join("log")).expect("the log");
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        Self::launch(directory, arguments, Vec::new(), log.into())
    }

    fn launch(
        directory: TempDir,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
        log: Stdio,
    ) -> Self {
        let (process, listening, output) = spawn(directory.path(), &arguments, &environment, log);
        Self {
            directory,
            arguments,
            environment,
            process,
            listening,
            output: Some(output),
        }
    }

    /// Stops a daemon that was [logging](Self::logging), which writes the last lines of its log at
    /// its end; the log.
    pub fn log_at_end(mut self) -> String {
        assert_eq!(self.terminate(), Some(0));
        fs::read_to_string(self.directory.path().join("log")).expect("the log")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn socket(&self) -> PathBuf {
        socket(self.directory.path())
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the process and starts it again on the same directory.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().expect("kill");
        self.process.wait().expect("wait");
    }

    /// Stops the process with SIGTERM; its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        terminate(&self.process);
        self.process.wait().expect("wait").code()
    }

    /// Starts the process again after it has ended.
    pub fn restart(&mut self) {
        let (process, listening, output) = spawn(
            self.directory.path(),
            &self.arguments,
            &self.environment,
            Stdio::inherit(),
        );
        self.process = process;
        self.listening = listening;
        self.output = Some(output);
    }

    /// Starts the process again, with other flags, after it has ended.
    pub fn restart_with(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        self.restart();
    }

    /// Starts the process again after it has ended; whether it listens. If not, it has reported an
    /// error or was killed.
    pub fn try_restart(&mut self) -> bool {
        let mut command = command(self.directory.path(), &self.arguments, &self.environment);
        self.process = command.stderr(Stdio::null()).spawn().expect("it starts");
        let mut output = BufReader::new(self.process.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line or none");
        self.output = Some(output);
        if line.is_empty() {
            let code = self.process.wait().expect("wait").code();
            assert!(matches!(code, Some(2) | None), "it ended with {code:?}");
        }
        !line.is_empty()
    }

    /// Calls a method by name; its result, or its error object.
    pub fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        self.try_call(method, params).expect("an answer")
    }

    /// Calls a method; `None` if there is no answer because the daemon died.
    pub fn try_call(&self, method: &str, params: Value) -> Option<Result<Value, Value>> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self.post(&request.to_string());
        if answer.status == 0 {
            return None;
        }
        assert_eq!(answer.status, 200, "{method}: {answer:?}");
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let answer = match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        };
        document::check(method, &request["params"], &answer);
        Some(answer)
    }

    /// How each of its accounts is doing, in order.
    pub fn account_statuses(&self) -> Vec<Value> {
        let listed = self.ok("account_list", json!({}));
        let listed = listed.as_array().expect("accounts").iter();
        let status = |account: &Value| {
            let params = json!({"account": account["account"]});
            self.ok("system_status", params)["account"].take()
        };
        listed.map(status).collect()
    }

    /// Calls a method that has to succeed.
    pub fn ok(&self, method: &str, params: Value) -> Value {
        self.call(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Posts a body to the Unix socket.
    pub fn post(&self, body: &str) -> Answer {
        exchange(connect(&self.socket()), &request("", body))
    }

    /// Gets a path from the Unix socket.
    pub fn get(&self, path: &str) -> Answer {
        let stream = UnixStream::connect(self.socket()).expect("the socket");
        exchange(
            stream,
            &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
        )
    }

    /// The TCP address it listens on, if it does.
    pub fn tcp(&self) -> Option<String> {
        tcp_address(&self.listening)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("s")
}

/// Runs a command of the daemon on this data directory, with an empty environment.
pub fn ratchetd(command: &str, data: &Path, arguments: &[&str]) -> Output {
    Command::new(RATCHETD)
        .arg(command)
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .env_clear()
        .output()
        .expect("to run ratchetd")
}

/// What a command that has to succeed printed.
pub fn succeeded(output: &Output) -> String {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    printed
}

/// The one line with which a command has to refuse to do anything.
pub fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("ratchetd: "), "{errors}");
    errors
}

/// A path as an argument.
pub fn path_text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The command line of a daemon on this directory, not started yet.
pub fn serve(directory: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(RATCHETD);
    command
        .arg("serve")
        .arg("--data-dir")
        .arg(directory.join("data"))
        .arg("--socket")
        .arg(socket(directory))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    for name in [
        "CONFIG",
        "HTTP",
        "ALLOW_ORIGIN",
        "UI",
        "PASSPHRASE_FILE",
        "LOG",
        "LOG_FILTER",
        "DEV",
        "DEV_ON_REAL_DATA",
    ] {
        command.env_remove(format!("RATCHETD_{name}"));
    }
    command
}

/// Starts a daemon on this directory whose log the test reads, and waits until it is ready.
pub fn serve_logged(directory: &Path) -> Child {
    let arguments = ["--log-filter", "info"].map(str::to_owned);
    let mut process = serve(directory, &arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    ready_lines(&mut process, 1);
    process
}

/// Reads the ready lines of a daemon, one for each listener.
pub fn ready_lines(process: &mut Child, listeners: usize) -> (Vec<String>, BufReader<ChildStdout>) {
    let mut output = BufReader::new(process.stdout.take().expect("its output"));
    let mut listening = Vec::new();
    for _ in 0..listeners {
        let mut line = String::new();
        output.read_line(&mut line).expect("a ready line");
        assert!(line.starts_with("listening on "), "no ready line: {line:?}");
        listening.push(line.trim_end().to_owned());
    }
    (listening, output)
}

/// The TCP address among those that a daemon listens on.
pub fn tcp_address(listening: &[String]) -> Option<String> {
    let mut addresses = listening
        .iter()
        .filter_map(|line| line.strip_prefix("listening on http://"));
    addresses.next().map(str::to_owned)
}

/// Runs a command with this input, of which it need not read all.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = process.stdin.take().expect("its input");
    let _ = stdin.write_all(input);
    drop(stdin);
    process.wait_with_output().expect("it ends")
}

/// Asks a daemon to stop.
pub fn terminate(process: &Child) {
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("kill").success());
}

/// As [`serve`], with a log of warnings only unless another filter is given.
fn command(directory: &Path, arguments: &[String], environment: &[(String, String)]) -> Command {
    let mut command = serve(directory, arguments);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    if !arguments
        .iter()
        .any(|argument| argument.starts_with("--log-filter"))
    {
        command.args(["--log-filter", "warn"]);
    }
    command
}

/// Starts a daemon and reads its ready lines: one for each listener it was asked for.
fn spawn(
    directory: &Path,
    arguments: &[String],
    environment: &[(String, String)],
    log: Stdio,
) -> (Child, Vec<String>, BufReader<ChildStdout>) {
    let mut command = command(directory, arguments, environment);
    let mut process = command.stderr(log).spawn().expect("the daemon starts");
    let listeners = 1 + arguments
        .iter()
        .filter(|argument| *argument == "--http" || argument.starts_with("--http="))
        .count();
    let (listening, output) = ready_lines(&mut process, listeners);
    (process, listening, output)
}

/// The text of a request that posts a body, with these header lines besides its own.
pub fn request(headers: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request as it stands and reads the whole response: the head, and a body of its
/// `content-length`, or up to the end of the connection if it has none.
pub fn exchange<S: Read + Write>(mut stream: S, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).expect("to send");
    let mut stream = BufReader::new(stream);
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        match stream.read_line(&mut headers) {
            Ok(0) | Err(_) => break,
            Ok(_) => (),
        }
    }
    let headers = headers.trim_end().to_lowercase();
    let status = headers.split(' ').nth(1).and_then(|text| text.parse().ok());
    let promised = headers
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok());
    // The response to an upgrade has no body, and its connection does not end.
    let length = if status == Some(101) {
        Some(0)
    } else {
        promised
    };
    let mut body = Vec::new();
    let _ = stream
        .take(length.unwrap_or(u64::MAX))
        .read_to_end(&mut body);
    Answer {
        status: status.unwrap_or(0),
        headers,
        body,
    }
}

/// A daemon with one account.
pub struct Party {
    pub daemon: Daemon,
    pub key: String,
    pub installation: String,
}

impl Party {
    /// A daemon with a new account.
    pub fn new(account: &str) -> Self {
        Self::with(Daemon::start(), account, json!({}))
    }

    /// A new account on this daemon, with more parameters for `account_create`.
    pub fn with(daemon: Daemon, account: &str, more: Value) -> Self {
        let mut params = json!({"account": account});
        for (name, value) in more.as_object().expect("an object") {
            params[name] = value.clone();
        }
        let info = daemon.ok("account_create", params);
        Self {
            daemon,
            key: text(&info["publicKey"]),
            installation: text(&info["installationId"]),
        }
    }

    /// A new account on a daemon with this configuration.
    pub fn configured(account: &str, config: &str) -> Self {
        Self::with(Daemon::configured(config), account, json!({}))
    }

    /// A daemon with the account of this private key, under this installation id.
    pub fn with_key(account: &str, key: &str, installation: &str) -> Self {
        let daemon = Daemon::start();
        let params = json!({"account": account, "privateKey": key, "installationId": installation});
        let info = daemon.ok("account_import", params);
        Self {
            daemon,
            key: text(&info["publicKey"]),
            installation: text(&info["installationId"]),
        }
    }

    /// Alice and Bob. Alice knows Bob's bundle.
    pub fn acquainted() -> (Self, Self) {
        let (alice, bob) = (Self::new("alice"), Self::new("bob"));
        alice.learn(&bob);
        (alice, bob)
    }

    /// Alice and Bob, who have read two messages of each other.
    pub fn conversing() -> (Self, Self) {
        let (alice, bob) = Self::acquainted();
        for _ in 0..2 {
            let message = alice.send(&bob, "from alice");
            assert_eq!(bob.read(&alice, &message), "from alice");
            let message = bob.send(&alice, "from bob");
            assert_eq!(alice.read(&bob, &message), "from bob");
        }
        (alice, bob)
    }

    /// Imports the contact code of `other`.
    pub fn learn(&self, other: &Self) {
        let code = other.daemon.ok("bundle_get", json!({}))["contactCode"].take();
        self.daemon.ok("bundle_import", json!({"bundle": code}));
    }

    /// Imports the contact code of `other` with its KEM prekeys.
    pub fn learn_fully(&self, other: &Self) {
        let code = other.daemon.ok("bundle_get", json!({}))["contactCodeFull"].take();
        self.daemon.ok("bundle_import", json!({"bundle": code}));
    }

    /// Encrypts a text for `to`; the whole result.
    pub fn encrypt(&self, to: &Self, message: &str) -> Value {
        self.daemon.ok(
            "message_encrypt",
            json!({"recipient": to.key, "text": message}),
        )
    }

    /// Encrypts a text for `to`; the one wire message.
    pub fn send(&self, to: &Self, message: &str) -> String {
        only_message(&self.encrypt(to, message))
    }

    /// Decrypts a wire message as sent by `from`.
    pub fn receive(&self, from: &Self, message: &str) -> Value {
        self.daemon.ok(
            "message_decrypt",
            json!({"sender": from.key, "message": message}),
        )
    }

    /// Decrypts a message, which has to succeed, and confirms it; its text.
    pub fn read(&self, from: &Self, message: &str) -> String {
        let read = self.receive(from, message);
        assert_eq!(read["outcome"], "decrypted", "{read}");
        self.confirm(&read);
        text(&read["text"])
    }

    /// Confirms a decrypted message; how many messages were confirmed.
    pub fn confirm(&self, read: &Value) -> u64 {
        self.daemon.ok(
            "message_confirm",
            json!({"messageIds": [read["messageId"]]}),
        )["confirmed"]
            .as_u64()
            .expect("a number")
    }

    /// The sessions, newest first.
    pub fn sessions(&self) -> Vec<Value> {
        let sessions = self.daemon.ok("session_list", json!({}));
        sessions.as_array().expect("an array").clone()
    }
}

/// Copies a directory over another, as `cp -r` does.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("to copy");
        }
    }
}

/// A file of recorded vectors.
pub fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors")
        .join(name);
    let text = std::fs::read_to_string(path).expect("vectors");
    serde_json::from_str(&text).expect("JSON")
}

/// A JSON array's items.
pub fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

/// Plain hex of a file of vectors with the `0x` that the interface wants.
pub fn prefixed(value: &Value) -> String {
    format!("0x{}", text(value))
}

/// A JSON string's text.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
        .to_owned()
}

/// The message of the only envelope.
pub fn only_message(sent: &Value) -> String {
    let envelopes = sent["envelopes"].as_array().expect("envelopes");
    assert_eq!(envelopes.len(), 1, "{sent}");
    text(&envelopes[0]["message"])
}

/// Hex digits of `0x…` as bytes.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.strip_prefix("0x").expect("0x");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex"))
        .collect()
}

/// The message with its last byte changed, which belongs to its MAC.
pub fn spoilt(message: &str) -> String {
    let mut bytes = bytes(message);
    *bytes.last_mut().expect("bytes") ^= 1;
    hex(&bytes)
}

/// Bytes as `0x` and hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}
