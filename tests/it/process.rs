//! The daemon's process: memory that others cannot read, files that are its user's alone, limits.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::support::{self, Daemon, RATCHETD, WebSocket, serve};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A user that is neither root nor ours.
const STRANGER: u32 = 65_534;

/// What `/proc` says of a process.
fn proc(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).expect("/proc")
}

fn field(pid: u32, name: &str) -> String {
    let status = proc(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.expect("the field")
        .trim_start_matches(':')
        .trim()
        .to_owned()
}

fn kilobytes(pid: u32, name: &str) -> u64 {
    let value = field(pid, name);
    let number = value.split_whitespace().next().expect("a number");
    number.parse().expect("a number")
}

/// Whether most of a process's memory is locked. The database locks a little of its own, as far as
/// it may.
fn is_locked(pid: u32) -> bool {
    kilobytes(pid, "VmLck") > kilobytes(pid, "VmSize") / 2
}

fn memory(daemon: &Daemon) -> Value {
    daemon.ok("system_status", json!({}))["memory"].take()
}

#[test]
fn a_crash_leaves_no_core_and_no_process_of_the_same_user_may_look_inside() {
    let daemon = Daemon::start();
    let limits = proc(daemon.pid(), "limits");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.expect("the limit").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{limits}");
    assert_eq!(field(daemon.pid(), "CoreDumping"), "0");
    // What may not be dumped belongs to root in /proc, whoever runs it.
    let owner = |file: &str| {
        fs::metadata(format!("/proc/{}/{file}", daemon.pid()))
            .expect("/proc")
            .uid()
    };
    for file in ["mem", "maps", "environ", "fd"] {
        assert_eq!(owner(file), 0, "{file}");
    }
    let told = memory(&daemon);
    assert_eq!(told["coreDumps"], false, "{told}");
    assert_eq!(told["traceable"], false, "{told}");
}

/// The loader that this test was started by, as a path; `None` if it needed none.
fn loader() -> Option<PathBuf> {
    let maps = proc(std::process::id(), "maps");
    let mut mapped = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    mapped
        .find(|path| {
            let name = Path::new(path).file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("ld-"))
        })
        .map(PathBuf::from)
}

#[test]
fn a_daemon_that_is_started_through_the_loader_serves_with_as_few_heaps() {
    let Some(loader) = loader() else {
        eprintln!("passed over: programs need no loader here");
        return;
    };
    let scratch = tempfile::tempdir().expect("a directory");
    let inner = serve(scratch.path(), &[]);
    let mut through = Command::new(&loader);
    through
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_remove("MALLOC_ARENA_MAX")
        .stdout(Stdio::piped());
    for (name, _) in inner.get_envs() {
        through.env_remove(name);
    }
    let mut process = through.spawn().expect("it starts");
    let mut ready = String::new();
    let output = process.stdout.take().expect("its output");
    BufReader::new(output)
        .read_line(&mut ready)
        .expect("a line");
    let environment = fs::read(format!("/proc/{}/environ", process.id()));
    process.kill().expect("to kill");
    process.wait().expect("to wait");
    assert!(ready.starts_with("listening on"), "{ready:?}");
    // Which is root's to read.
    if let Ok(environment) = environment {
        let mut variables = environment.split(|byte| *byte == 0);
        assert!(variables.any(|variable| variable.starts_with(b"MALLOC_ARENA_MAX=")));
    }
}

/// A daemon of another user, if we may make one.
struct Foreign {
    process: Child,
    scratch: TempDir,
}

impl Foreign {
    /// Runs `serve` as the stranger, after this shell line and with these options of setpriv.
    /// `None`, with the reason printed, where that cannot be.
    fn start(before: &str, options: &str, config: &str) -> Option<Self> {
        let (mut command, scratch) = Self::command(before, options, config)?;
        let mut process = command.spawn().expect("it starts");
        let mut ready = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut ready)
            .expect("a line");
        assert!(ready.starts_with("listening on"), "{ready:?}");
        Some(Self { process, scratch })
    }

    fn command(before: &str, options: &str, config: &str) -> Option<(Command, TempDir)> {
        let usable = Command::new(RATCHETD)
            .arg("--version")
            .uid(STRANGER)
            .gid(STRANGER)
            .current_dir("/")
            .output();
        let has_setpriv = Command::new("setpriv").arg("--version").output().is_ok();
        if !usable.is_ok_and(|output| output.status.success()) || !has_setpriv {
            eprintln!("passed over: nothing can be run as another user here");
            return None;
        }
        let scratch = tempfile::tempdir().expect("a directory");
        fs::write(scratch.path().join("config.toml"), config).expect("to write");
        std::os::unix::fs::chown(scratch.path(), Some(STRANGER), Some(STRANGER)).expect("to give");
        let inner = serve(
            scratch.path(),
            &[
                "--config".to_owned(),
                scratch.path().join("config.toml").display().to_string(),
            ],
        );
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!(
                "{before}\nexec setpriv --reuid={STRANGER} --regid={STRANGER} --clear-groups {options} -- \"$0\" \"$@\""
            ))
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Some((command, scratch))
    }

    fn memory(&self) -> Value {
        let body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_status\"}";
        let answer = support::exchange(
            support::connect(&self.scratch.path().join("s")),
            &support::request("", body),
        );
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        answer["result"]["memory"].clone()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn another_process_of_the_daemons_own_user_cannot_read_its_memory() {
    let Some(foreign) = Foreign::start("", "", "") else {
        return;
    };
    let pid = foreign.process.id();
    let read = |pid: &str, file: &str| {
        let path = format!("/proc/{pid}/{file}");
        let output = Command::new("cat")
            .arg(path)
            .uid(STRANGER)
            .gid(STRANGER)
            .current_dir("/")
            .output();
        output.expect("cat").status.success()
    };
    assert!(read("self", "maps"), "of a process of its own it could");
    for file in ["maps", "environ", "mem", "auxv"] {
        assert!(!read(&pid.to_string(), file), "{file}");
    }
}

#[test]
fn memory_is_locked_where_there_is_no_limit_and_left_alone_where_there_is_one() {
    // A limit far below what the daemon uses: had it locked, allocations would fail.
    let limited = "ulimit -H -l 1024; ulimit -S -l 64";
    let Some(foreign) = Foreign::start(limited, "", "") else {
        return;
    };
    assert!(!is_locked(foreign.process.id()));
    let told = foreign.memory();
    assert_eq!(told["locked"], false, "{told}");
    let reason = told["reason"].as_str().expect("a reason");
    assert!(reason.contains("RLIMIT_MEMLOCK is 65536"), "{reason}");

    // Above the limit by a capability, and, where we may say so, because there is none.
    let capable = "--inh-caps=+ipc_lock --ambient-caps=+ipc_lock";
    let unlimited = "ulimit -H -l unlimited; ulimit -S -l 64";
    let mut ways = vec![(limited, capable)];
    let may_raise = Command::new("sh").args(["-e", "-c", unlimited]).output();
    if may_raise.is_ok_and(|output| output.status.success()) {
        ways.push((unlimited, ""));
    } else {
        eprintln!("passed over: RLIMIT_MEMLOCK cannot be unlimited here");
    }
    for (before, options) in ways {
        let require = "[memory]\nlock = \"require\"\n";
        let foreign = Foreign::start(before, options, require).expect("as before");
        assert!(is_locked(foreign.process.id()));
        let told = foreign.memory();
        assert_eq!(
            (&told["locked"], &told["reason"]),
            (&json!(true), &Value::Null)
        );

        let off = "[memory]\nlock = \"off\"\n";
        let foreign = Foreign::start(before, options, off).expect("as before");
        assert!(!is_locked(foreign.process.id()));
        assert_eq!(foreign.memory()["reason"], "memory.lock is off");
    }

    let (mut command, _scratch) =
        Foreign::command(limited, "", "[memory]\nlock = \"require\"\n").expect("as before");
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("memory.lock: RLIMIT_MEMLOCK"), "{said}");
    assert!(said.contains("CAP_IPC_LOCK"), "{said}");
}

#[test]
fn the_status_says_what_the_system_says() {
    let daemon = Daemon::start();
    let locked = is_locked(daemon.pid());
    let told = memory(&daemon);
    assert_eq!(told["locked"], locked, "{told}");
    assert_eq!(told["reason"].is_null(), locked, "{told}");
}

#[test]
fn what_its_user_may_not_write_makes_the_daemon_unready_and_is_named_with_the_command_that_mends_it()
 {
    let Some(foreign) = Foreign::start("", "", "dev = true\n") else {
        return;
    };
    let home = foreign.scratch.path();
    let socket = home.join("s");
    let call = |method: &str, params: Value| -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = support::request("", &call.to_string());
        let answer = support::exchange(support::connect(&socket), &request);
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].take()
    };
    call("account_create", json!({"account": "alice"}));
    let health = || {
        call("dev_advanceTime", json!({"ms": 1000}));
        call("system_health", json!({}))
    };
    assert_eq!(health()["status"], "ok");
    let data = home.join("data");
    for (file, wrong, right, mend) in [
        ("", 0o500, 0o700, "chmod u+rwx "),
        ("accounts", 0o500, 0o700, "chmod u+rwx "),
        ("accounts/alice.db", 0o400, 0o600, "chmod u+rw "),
        ("events.db", 0o400, 0o600, "chmod u+rw "),
        ("events.db-wal", 0o400, 0o600, "chmod u+rw "),
    ] {
        let path = if file.is_empty() {
            data.clone()
        } else {
            data.join(file)
        };
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode));
        mode(wrong).expect("to set");
        let said = health();
        assert_eq!(said["status"], "failing", "{file}");
        let reason = said["reason"].as_str().expect("a reason");
        assert!(reason.contains(&path.display().to_string()), "{said}");
        assert_eq!(
            reason.starts_with("account alice: "),
            file.contains("alice")
        );
        let hint = said["hint"].as_str().expect("a hint");
        assert_eq!(hint, format!("{mend}{}", path.display()));
        let doctor = support::ratchetd(
            "doctor",
            &data,
            &["--json", "--socket", support::path_text(&socket)],
        );
        let found = String::from_utf8(doctor.stdout).expect("text");
        assert!(
            found.contains("\"files.writable\"") && found.contains(hint),
            "{found}"
        );
        mode(right).expect("to set");
        assert_eq!(health()["status"], "ok", "{file}");
    }
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}

#[test]
fn every_file_is_the_daemons_alone_whatever_the_mask_it_was_started_with() {
    let scratch = tempfile::tempdir().expect("a directory");
    let data = scratch.path().join("data");
    let inner = serve(
        scratch.path(),
        &["--http", "127.0.0.1:0", "--dev"].map(str::to_owned),
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .stdout(Stdio::piped());
    let mut process = command.spawn().expect("it starts");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    assert!(lines.next().is_some() && lines.next().is_some());
    assert_eq!(field(process.id(), "Umask"), "0077");
    let socket = scratch.path().join("s");
    let call = |method: &str, params: Value| {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = support::exchange(support::connect(&socket), &support::request("", &body));
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(answer["error"].is_null(), "{answer}");
    };
    call("account_create", json!({"account": "a"}));
    call("bundle_get", json!({}));
    call("system_health", json!({}));
    let found = files(&data);
    process.kill().expect("kill");
    process.wait().expect("wait");
    assert!(found.iter().any(|path| path.ends_with("rpc.token")));
    assert!(
        found
            .iter()
            .any(|path| path.to_string_lossy().ends_with("-wal")),
        "{found:?}"
    );
    for path in found {
        let mode = fs::metadata(&path).expect("its mode").permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

/// A daemon with limits of its own; killed when dropped.
struct Limited {
    process: Child,
    scratch: TempDir,
}

impl Limited {
    /// Runs `serve` after these lines of a shell.
    fn start(limits: &str) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        let inner = serve(scratch.path(), &["--log-filter", "off"].map(str::to_owned));
        let process = Command::new("sh")
            .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
            .arg(inner.get_program())
            .args(inner.get_args())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut this = Self { process, scratch };
        let mut ready = String::new();
        let output = this.process.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut ready)
            .expect("a line");
        assert!(ready.starts_with("listening"), "{ready}");
        this
    }

    /// The soft and the hard limit of open files.
    fn open_files(&self) -> Vec<String> {
        let limits = proc(self.process.id(), "limits");
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let numbers = line.expect("the limit").split_whitespace().skip(3).take(2);
        numbers.map(str::to_owned).collect()
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_limit_of_open_files_is_raised_and_no_number_of_accounts_reaches_it() {
    // So many that the daemon starts, and a few accounts can be open.
    let daemon = Limited::start("ulimit -Sn 40; ulimit -Hn 90");
    assert_eq!(daemon.open_files(), ["90", "90"]);
    let path = daemon.scratch.path().join("s");
    let mut socket = WebSocket::open(&path);
    let mut ask = |method: &str, account: &str| {
        let params = json!({"account": account});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        socket.ask(&call)
    };
    for number in 0..40 {
        let account = format!("a{number}");
        for method in ["account_create", "bundle_get", "session_list"] {
            let answer = ask(method, &account);
            assert!(answer["error"].is_null(), "{method} of {account}: {answer}");
        }
    }
    // Others take all descriptors that are left: no account can be opened then.
    let taken: Vec<_> = (0..90)
        .map(|_| std::os::unix::net::UnixStream::connect(&path))
        .collect();
    let refused = (0..40).find_map(|number| {
        let answer = ask("bundle_get", &format!("a{number}"));
        Some(answer["error"].clone()).filter(|error| !error.is_null())
    });
    let refused = refused.expect("an account that cannot be opened");
    assert_eq!(refused["data"]["kind"], "store_failed", "{refused}");
    let hint = refused["data"]["hint"].as_str().expect("text");
    assert!(hint.contains("limit of open files"), "{refused}");
    drop(taken);
}
