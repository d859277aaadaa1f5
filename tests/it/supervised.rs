//! Under systemd or another supervisor: notifications, sockets that are passed, and reloading.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixDatagram, UnixListener, UnixStream},
        },
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::support::{RATCHETD, exchange, request, text};
use serde_json::{Value, json};

/// The next notification of the daemon, as lines.
fn told(socket: &UnixDatagram) -> Vec<String> {
    let mut message = [0; 512];
    let length = socket.recv(&mut message).expect("a message");
    let message = String::from_utf8_lossy(&message[..length]);
    message.lines().map(str::to_owned).collect()
}

/// Starts a daemon as systemd does: it is told its own process id, and gets up to two listeners as
/// its descriptors from number 3 on. What it says on stderr is kept in the file `said`.
///
/// The listeners come to the shell as its stdin and stderr. Were they left open across `exec` in
/// this process, every daemon that another test starts meanwhile would inherit them.
fn launch(directory: &Path, listeners: Vec<OwnedFd>, environment: &str, arguments: &str) -> Child {
    let count = listeners.len();
    let redirections = ["", "3<&0", "3<&0 4<&2"][count];
    let mut listeners = listeners.into_iter().map(Stdio::from);
    let mut next = || listeners.next().unwrap_or_else(Stdio::null);
    let activation = format!("LISTEN_FDS={count} LISTEN_PID=$$");
    let script = format!(
        "exec {redirections} 2>\"$1/said\" </dev/null; {activation} WATCHDOG_PID=$$ {environment} \
         exec \"$0\" serve --data-dir \"$1/data\" --socket \"$1/s\" {arguments}"
    );
    Command::new("bash")
        .args(["-c", &script, RATCHETD])
        .arg(directory)
        .stdin(next())
        .stderr(next())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// The socket on which a supervisor is told of its daemon, and what names it.
fn supervisor(directory: &Path) -> (UnixDatagram, String) {
    let path = directory.join("n");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let environment = format!("NOTIFY_SOCKET='{}' WATCHDOG_USEC=2000", path.display());
    (socket, environment)
}

fn terminate(child: &mut Child) -> Option<i32> {
    let ended = Command::new("kill").arg(child.id().to_string()).status();
    assert!(ended.expect("kill").success());
    child.wait().expect("its end").code()
}

#[test]
fn a_supervisor_is_told_when_we_are_ready_that_we_live_and_that_we_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let (socket, environment) = supervisor(directory.path());
    let mut child = launch(directory.path(), Vec::new(), &environment, "");
    let alive = ["WATCHDOG=1", "STATUS=serving"];
    assert_eq!(told(&socket), ["READY=1", "STATUS=serving"]);
    assert_eq!(told(&socket), alive);
    assert_eq!(told(&socket), alive);
    // A supervisor that does not read its messages would block the daemon.
    let rest = std::thread::spawn(move || {
        let mut last = told(&socket);
        while last == alive {
            last = told(&socket);
        }
        last
    });
    assert_eq!(terminate(&mut child), Some(0));
    assert_eq!(
        rest.join().expect("its end"),
        ["STOPPING=1", "STATUS=stopping"]
    );
}

#[test]
fn a_supervisor_that_takes_no_messages_holds_up_neither_calls_nor_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let (socket, environment) = supervisor(directory.path());
    let mut child = launch(directory.path(), Vec::new(), &environment, "");
    assert_eq!(told(&socket), ["READY=1", "STATUS=serving"]);
    // There is no room for another message, whoever sends it.
    let filling = UnixDatagram::unbound().expect("a socket");
    filling.set_nonblocking(true).expect("to set");
    while filling.send_to(b"x", directory.path().join("n")).is_ok() {}
    let stream = UnixStream::connect(directory.path().join("s")).expect("the socket");
    assert_eq!(exchange(stream, &request("", VERSION)).status, 200);
    assert_eq!(terminate(&mut child), Some(0));
}

#[test]
fn the_status_says_what_fails_while_no_message_can_be_stored() {
    let directory = tempfile::tempdir().expect("a directory");
    let (socket, environment) = supervisor(directory.path());
    let data = directory.path().join("data");
    fs::create_dir(&data).expect("a data directory");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("its mode");
    // Where the scratch devices would be stands a file.
    fs::write(data.join("probe"), "").expect("a file");
    let mut child = launch(directory.path(), Vec::new(), &environment, "");
    assert_eq!(told(&socket)[0], "READY=1");
    // It lives, and a new start would not help.
    let status = told(&socket);
    assert_eq!(status[0], "WATCHDOG=1");
    assert!(status[1].starts_with("STATUS=not ready: "), "{status:?}");
    child.kill().expect("kill");
    child.wait().expect("its end");
}

fn lines(child: &mut Child, count: usize) -> Vec<String> {
    let output = BufReader::new(child.stdout.take().expect("its output"));
    output
        .lines()
        .take(count)
        .map(|line| line.expect("a line"))
        .collect()
}

const VERSION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"system_version"}"#;

#[test]
fn sockets_that_are_passed_are_served_under_the_rules_of_our_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("p");
    let unix = UnixListener::bind(&path).expect("a socket");
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = tcp.local_addr().expect("its address");
    let passed = vec![unix.into(), tcp.into()];
    let mut child = launch(directory.path(), passed, "", "");
    assert_eq!(
        lines(&mut child, 2),
        [
            format!("listening on unix:{}", path.display()),
            format!("listening on http://{address}")
        ]
    );
    let over_unix = exchange(
        UnixStream::connect(&path).expect("the socket"),
        &request("", VERSION),
    );
    assert_eq!(over_unix.status, 200);
    let connect = || TcpStream::connect(address).expect("the port");
    assert_eq!(exchange(connect(), &request("", VERSION)).status, 401);
    let token = fs::read_to_string(directory.path().join("data/rpc.token")).expect("the token");
    let header = format!("authorization: Bearer {}\r\n", token.trim());
    assert_eq!(exchange(connect(), &request(&header, VERSION)).status, 200);
    assert_eq!(terminate(&mut child), Some(0));
    // The file of the socket is the supervisor's: the next start gets it again.
    assert!(path.exists());
}

#[test]
fn unusable_passed_sockets_are_refused_in_one_line() {
    let refused = |listeners: Vec<OwnedFd>, arguments: &str, expected: &str| {
        let directory = tempfile::tempdir().expect("a directory");
        let mut child = launch(directory.path(), listeners, "", arguments);
        assert_eq!(child.wait().expect("its end").code(), Some(2));
        let said = fs::read_to_string(directory.path().join("said")).expect("what it said");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(expected), "{said}");
    };
    let tcp = |address: &str| OwnedFd::from(TcpListener::bind(address).expect("a port"));
    refused(
        vec![tcp("127.0.0.1:0"), tcp("127.0.0.1:0")],
        "",
        "more than one TCP socket",
    );
    refused(vec![tcp("0.0.0.0:0")], "", "--http-allow-remote");
    refused(
        vec![tcp("127.0.0.1:0")],
        "--http 127.0.0.1:0",
        "leave out --http",
    );
    let file = fs::File::open("/dev/null").expect("a file");
    refused(vec![file.into()], "", "no listening");
}

/// Lines of a log in JSON. The last one may still be written.
fn log(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the log");
    let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
    let lines = whole.lines().map(serde_json::from_str);
    lines.map(|line| line.expect("JSON")).collect()
}

/// A daemon whose log goes to a file.
struct Logged {
    child: Child,
    socket: std::path::PathBuf,
    directory: tempfile::TempDir,
}

impl Logged {
    fn start(config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("s");
        fs::write(directory.path().join("c.toml"), config).expect("a configuration");
        let output = fs::File::create(directory.path().join("log")).expect("a log");
        let mut child = Command::new(RATCHETD)
            .args(["serve", "--log", "json", "--config"])
            .arg(directory.path().join("c.toml"))
            .arg("--data-dir")
            .arg(directory.path().join("data"))
            .arg("--socket")
            .arg(&socket)
            .env_remove("RATCHETD_LOG_FILTER")
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .expect("it starts");
        lines(&mut child, 1);
        Self {
            child,
            socket,
            directory,
        }
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let stream = UnixStream::connect(&self.socket).expect("the socket");
        let answer = exchange(stream, &request("", &body.to_string()));
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    fn log(&self) -> Vec<Value> {
        log(&self.directory.path().join("log"))
    }

    /// Waits until a line says that the last of the calls of this method has ended: lines are
    /// written beside the calls.
    fn await_answered(&self, method: &str, count: usize) -> Vec<Value> {
        loop {
            let ended = self.answered(method);
            if ended.len() >= count {
                return ended;
            }
            std::thread::yield_now();
        }
    }

    /// The lines that say how calls of this method ended.
    fn answered(&self, method: &str) -> Vec<Value> {
        self.log()
            .into_iter()
            .filter(|line| {
                line["fields"]["message"] == "answered" && line["span"]["method"] == method
            })
            .collect()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_call_has_a_number_in_the_log_and_nothing_of_what_it_said() {
    let daemon = Logged::start("log_filter = \"debug\"\n");
    let created = daemon.call("account_create", &json!({"account": "alice"}));
    daemon.call("account_create", &json!({"account": "alice"}));
    let ended = daemon.await_answered("account_create", 2);
    assert_eq!(ended.len(), 2);
    assert_eq!(ended[0]["fields"]["outcome"], "ok");
    assert_eq!(ended[1]["fields"]["outcome"], "account_exists");
    assert_ne!(ended[0]["span"]["id"], ended[1]["span"]["id"]);
    let lines = json!(daemon.log()).to_string();
    assert!(!lines.contains(&text(&created["result"]["publicKey"])[2..]));
    assert!(!lines.contains(&text(&created["result"]["mnemonic"])));
}

#[test]
fn the_filter_of_the_log_changes_while_we_run() {
    let daemon = Logged::start("log_filter = \"warn\"\n");
    daemon.call("account_list", &json!({}));
    assert!(daemon.answered("account_list").is_empty());
    let set = daemon.call("system_setLogFilter", &json!({"filter": "daemon=debug"}));
    assert_eq!(
        set["result"],
        json!({"filter": "daemon=debug", "previous": "warn"})
    );
    daemon.call("account_list", &json!({}));
    assert_eq!(daemon.await_answered("account_list", 1).len(), 1);
    let wrong = daemon.call("system_setLogFilter", &json!({"filter": "daemon=loudly"}));
    assert_eq!(wrong["error"]["data"]["field"], "filter", "{wrong}");
    daemon.call("account_list", &json!({}));
    assert_eq!(daemon.await_answered("account_list", 2).len(), 2);
    // SIGHUP: as the configuration says now.
    fs::write(
        daemon.directory.path().join("c.toml"),
        "log_filter = \"info\"\n",
    )
    .expect("a configuration");
    let hung = Command::new("kill")
        .args(["-HUP", &daemon.child.id().to_string()])
        .status();
    assert!(hung.expect("kill").success());
    let read_again = |line: &Value| line["fields"]["message"] == "the log filter was read again";
    while !daemon.log().iter().any(read_again) {
        daemon.call("system_version", &json!({}));
    }
    let set = daemon.call("system_setLogFilter", &json!({"filter": "warn"}));
    assert_eq!(set["result"]["previous"], "info");
}

/// The metric that counts the lines of the log that are missing.
fn lines_lost(socket: &Path) -> u64 {
    let stream = UnixStream::connect(socket).expect("the socket");
    let get = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let told = String::from_utf8(exchange(stream, get).body).expect("text");
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("ratchetd_log_lines_lost_total "));
    line.expect("the metric").parse().expect("a number")
}

/// Has the daemon log more than fits between it and a reader that has stopped.
fn log_until_lines_are_lost(socket: &Path) {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "system_version"});
    let batch = json!(vec![call; 100]).to_string();
    let mut rounds = 0;
    while lines_lost(socket) == 0 {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let stream = UnixStream::connect(socket).expect("the socket");
                    let answer = exchange(stream, &request("", &batch));
                    assert_eq!(answer.status, 200);
                });
            }
        });
        rounds += 1;
        assert!(rounds < 100, "no line was lost");
    }
}

#[test]
fn no_call_waits_for_a_reader_of_the_log_that_has_stopped_and_the_gap_is_told_of() {
    let directory = tempfile::tempdir().expect("a directory");
    let arguments = ["--log", "json", "--log-filter", "debug"].map(str::to_owned);
    let mut child = crate::support::serve(directory.path(), &arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    lines(&mut child, 1);
    let socket = directory.path().join("s");
    log_until_lines_are_lost(&socket);
    // Somebody reads again, to the end.
    let log = child.stderr.take().expect("its log");
    let (gap, told_of) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let lines = BufReader::new(log).lines();
        lines
            .map(|line| serde_json::from_str(&line.expect("text")).expect("whole lines"))
            .inspect(|line: &Value| {
                if line["fields"]["lost"].is_u64() {
                    let _ = gap.send(());
                }
            })
            .collect::<Vec<Value>>()
    });
    let before = lines_lost(&socket);
    let version = || {
        let stream = UnixStream::connect(&socket).expect("the socket");
        assert_eq!(exchange(stream, &request("", VERSION)).status, 200);
    };
    // What is logged behind the gap is read, so that nothing more is lost.
    while told_of.try_recv().is_err() {
        version();
    }
    let lost = lines_lost(&socket);
    assert!(lost >= before);
    assert_eq!(terminate(&mut child), Some(0));
    let lines = reading.join().expect("its lines");
    let told: u64 = lines
        .iter()
        .filter_map(|line| line["fields"]["lost"].as_u64())
        .sum();
    assert_eq!(told, lost);
    let last = lines.last().expect("a line");
    assert_eq!(last["fields"]["message"], "stopped");
}

#[test]
fn a_daemon_whose_log_nobody_reads_stops_when_it_is_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let arguments = ["--log-filter", "debug"].map(str::to_owned);
    let mut child = crate::support::serve(directory.path(), &arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    lines(&mut child, 1);
    let socket = directory.path().join("s");
    log_until_lines_are_lost(&socket);
    assert_eq!(terminate(&mut child), Some(0));
    assert!(!socket.exists());
}

/// A key that systemd does not know would be passed over, and what it was to forbid would be
/// allowed.
#[test]
fn systemd_finds_nothing_to_say_about_the_units() {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/systemd");
    let scratch = tempfile::tempdir().expect("a directory");
    let mut copies = Vec::new();
    for entry in fs::read_dir(units).expect("the units") {
        let path = entry.expect("an entry").path();
        let unit = fs::read_to_string(&path).expect("a unit");
        let copy = scratch.path().join(path.file_name().expect("a name"));
        let unit = ["/usr/local/bin/ratchetd", "%h/.local/bin/ratchetd"]
            .iter()
            .fold(unit, |unit, program| unit.replace(program, RATCHETD));
        fs::write(&copy, unit).expect("a copy");
        copies.push(copy);
    }
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&copies)
        .output();
    let Ok(verified) = verify else {
        eprintln!("passed over: there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let about_ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("ratchetd."))
        .collect();
    assert!(verified.status.success() && about_ours.is_empty(), "{said}");
}
