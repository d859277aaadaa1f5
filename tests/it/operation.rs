//! Operation of a daemon: settings, readiness, stopping, `--dev`, and the commands that call it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use crate::support::{
    self, Daemon, RATCHETD, WebSocket, begun, path_text, serve, serve_logged, terminate, text,
};
use serde_json::{Value, json};

/// A directory whose data directory holds this configuration.
fn configured(config: &str) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().expect("a directory");
    let data = scratch.path().join("data");
    fs::create_dir(&data).expect("to make it");
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&data, owner_only).expect("its mode");
    fs::write(data.join("ratchetd.toml"), config).expect("to write");
    scratch
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    // Each names an impossible address; the error names the one that is used.
    let scratch = configured("http = \"of the file\"\n");
    let complaint = |environment: Option<&str>, flags: &[&str]| {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut command = serve(scratch.path(), &flags);
        if let Some(value) = environment {
            command.env("RATCHETD_HTTP", value);
        }
        let output = command.stderr(Stdio::piped()).output().expect("it runs");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    let file = complaint(None, &[]);
    assert!(file.contains("of the file"), "{file}");
    let environment = complaint(Some("of the environment"), &[]);
    assert!(environment.contains("of the environment"), "{environment}");
    let flag = complaint(Some("of the environment"), &["--http", "of the flag"]);
    assert!(flag.contains("of the flag"), "{flag}");
}

#[test]
fn every_setting_that_can_be_wrong_is_taken_from_the_flag_before_the_environment_and_the_file() {
    for key in ["http", "socket_mode", "socket_group", "log_filter"] {
        let scratch = configured(&format!("{key} = \"file/[\"\n"));
        let flag = format!("--{}", key.replace('_', "-"));
        let environment = format!("RATCHETD_{}", key.to_uppercase());
        for (from_environment, flags, counts) in [
            (false, vec![], "file/["),
            (true, vec![], "environment/["),
            (true, vec![flag, "flag/[".to_owned()], "flag/["),
        ] {
            let mut command = serve(scratch.path(), &flags);
            if from_environment {
                command.env(&environment, "environment/[");
            }
            let output = command.stderr(Stdio::piped()).output().expect("it runs");
            assert!(!output.status.success(), "{key}");
            let said = String::from_utf8(output.stderr).expect("text");
            assert!(said.contains(counts), "{key}: {said}");
        }
    }
}

/// The ready line of a daemon, and its exit code after this signal.
fn ready_then(mut command: Command, signal: &str) -> (String, Option<i32>) {
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let mut output = BufReader::new(process.stdout.take().expect("its output"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a ready line");
    let sent = Command::new("kill")
        .args([signal, &process.id().to_string()])
        .status()
        .expect("kill");
    assert!(sent.success());
    (line, process.wait().expect("wait").code())
}

#[test]
fn the_socket_is_in_the_runtime_directory_by_default_and_an_interrupt_ends_the_daemon_properly() {
    let scratch = tempfile::tempdir().expect("a directory");
    let runtime = scratch.path().join("run");
    fs::create_dir(&runtime).expect("to make it");
    let serve = |with_runtime: bool| {
        let mut command = Command::new(RATCHETD);
        command
            .args(["serve", "--log-filter", "warn"])
            .env_clear()
            .env("HOME", scratch.path());
        if with_runtime {
            command.env("XDG_RUNTIME_DIR", &runtime);
        }
        command
    };
    let (line, code) = ready_then(serve(true), "-INT");
    let socket = runtime.join("ratchetd.sock");
    assert_eq!(line, format!("listening on unix:{}\n", socket.display()));
    assert_eq!(code, Some(0));
    assert!(!socket.exists());
    let (line, _) = ready_then(serve(false), "-TERM");
    let socket = scratch.path().join(".local/share/ratchetd/ratchetd.sock");
    assert_eq!(line, format!("listening on unix:{}\n", socket.display()));
}

#[test]
fn call_and_health_find_the_socket_by_the_daemons_own_configuration() {
    let scratch = tempfile::tempdir().expect("a directory");
    let config = scratch.path().join("elsewhere.toml");
    let daemon = Daemon::start();
    let text = format!("socket = {:?}\n", daemon.socket());
    fs::write(&config, text).expect("to write");
    let run = |arguments: &[&str], by_environment: bool| {
        let mut command = Command::new(RATCHETD);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", scratch.path());
        if by_environment {
            command.env("RATCHETD_CONFIG", &config);
        } else {
            command.arg("--config").arg(&config);
        }
        command.output().expect("it runs")
    };
    for by_environment in [false, true] {
        for arguments in [&["health"][..], &["call", "system_version"]] {
            let done = run(arguments, by_environment);
            assert!(done.status.success(), "{arguments:?} {done:?}");
        }
    }
    let missing = Command::new(RATCHETD)
        .args(["serve", "--config", "nofile.toml"])
        .env("HOME", scratch.path())
        .current_dir(scratch.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8(missing.stderr).expect("text");
    assert!(!missing.status.success());
    assert!(
        said.contains("nofile.toml") && said.contains("give a file"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Files of services and containers leave variables empty that are not to count.
#[test]
fn an_environment_variable_that_is_empty_counts_as_one_that_is_not_set() {
    let help = Command::new(RATCHETD)
        .args(["serve", "--help"])
        .env_clear()
        .output()
        .expect("it runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let variables: Vec<&str> = help
        .split("[env: ")
        .skip(1)
        .filter_map(|rest| rest.split('=').next())
        .chain(["XDG_DATA_HOME", "XDG_RUNTIME_DIR"])
        .collect();
    assert!(variables.len() > 14, "{help}");

    let home = tempfile::tempdir().expect("a directory");
    let data = home.path().join(".local/share/ratchetd");
    fs::create_dir_all(&data).expect("to make it");
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&data, owner_only).expect("its mode");
    let socket = home.path().join("of-the-file");
    let config = format!("socket = {socket:?}\nlog_filter = \"warn\"\n");
    fs::write(data.join("ratchetd.toml"), config).expect("to write");
    let ratchetd = |arguments: &[&str], home: &str| {
        let mut command = Command::new(RATCHETD);
        command.args(arguments).env_clear().env("HOME", home);
        for variable in &variables {
            command.env(variable, "");
        }
        command
    };
    let at_home = support::path_text(home.path());
    let mut daemon = ratchetd(&["serve"], at_home)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = BufReader::new(daemon.stdout.take().expect("its output"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a ready line");
    assert_eq!(line, format!("listening on unix:{}\n", socket.display()));
    for arguments in [&["health"][..], &["call", "system_version"]] {
        let done = ratchetd(arguments, at_home).output().expect("it runs");
        assert!(done.status.success(), "{arguments:?} {done:?}");
    }
    let looked = ratchetd(&["doctor"], at_home).output().expect("it runs");
    let found = String::from_utf8_lossy(&looked.stdout);
    assert!(found.contains("serving.answers"), "{looked:?}");
    terminate(&daemon);
    assert!(daemon.wait().expect("wait").success());
    // Nor does an empty home name a directory.
    let nowhere = ratchetd(&["serve"], "").output().expect("it runs");
    assert!(
        support::refused(&nowhere).contains("--data-dir"),
        "{nowhere:?}"
    );
}

#[test]
fn a_daemon_that_cannot_store_says_that_it_is_not_ready_and_why_and_recovers() {
    let daemon = Daemon::start();
    // Where the probe would keep its scratch devices there is a file.
    let probe = daemon.data_dir().join("probe");
    fs::write(&probe, "in the way").expect("to write");
    let unready = daemon.get("/readyz");
    assert_eq!(unready.status, 503);
    let answer: Value = serde_json::from_slice(&unready.body).expect("JSON");
    assert_eq!(answer["status"], "failing");
    assert_ne!(text(&answer["reason"]), "");
    assert_eq!(daemon.ok("system_health", json!({}))["status"], "failing");
    assert_eq!(daemon.get("/livez").status, 200);
    fs::remove_file(&probe).expect("to remove");
    // The answer is remembered for a second of the daemon's clock.
    daemon.ok("dev_advanceTime", json!({"ms": 1000}));
    assert_eq!(daemon.get("/readyz").status, 200);
    assert_eq!(daemon.ok("system_health", json!({}))["status"], "ok");
}

/// What `/readyz` says, checked anew: the status, and what is wrong.
fn readiness(daemon: &Daemon) -> (u16, Value) {
    // The answer is remembered for a second of the daemon's clock.
    daemon.ok("dev_advanceTime", json!({"ms": 1000}));
    let answer = daemon.get("/readyz");
    let body = serde_json::from_slice(&answer.body).expect("JSON");
    (answer.status, body)
}

#[test]
fn what_is_in_the_way_of_one_account_is_named_by_all_who_are_asked_and_they_recover() {
    let daemon = Daemon::start();
    for account in ["alice", "bob"] {
        daemon.ok("account_create", json!({"account": account}));
    }
    assert_eq!(readiness(&daemon).0, 200);
    let data = daemon.data_dir();
    let database = data.join("accounts/alice.db");
    let aside = data.join("aside");
    fs::rename(&database, &aside).expect("to move");
    fs::create_dir(&database).expect("to make");

    let (status, said) = readiness(&daemon);
    assert_eq!((status, &said["status"]), (503, &json!("failing")));
    let reason = text(&said["reason"]);
    assert!(reason.starts_with("account alice: "), "{reason}");
    assert!(reason.contains(path_text(&database)), "{reason}");
    assert!(!reason.contains("bob"), "{reason}");
    assert_ne!(text(&said["hint"]), "");
    let health = daemon.ok("system_health", json!({}));
    assert_eq!(
        (&health["reason"], &health["hint"]),
        (&said["reason"], &said["hint"])
    );
    let status = daemon.ok("system_status", json!({}));
    assert_eq!(status["failing"], said["reason"]);
    let failing: Vec<String> = status["attention"]
        .as_array()
        .expect("accounts")
        .iter()
        .filter(|account| account["failing"].is_string())
        .map(|account| text(&account["account"]))
        .collect();
    assert_eq!(failing, ["alice"]);
    let socket = daemon.socket().display().to_string();
    let asked = support::ratchetd("health", &data, &["--socket", &socket]);
    assert_eq!(asked.status.code(), Some(1));
    let line = String::from_utf8(asked.stdout).expect("text");
    assert_eq!(
        line,
        format!("not ready: {reason}: {}\n", text(&said["hint"]))
    );

    fs::remove_dir(&database).expect("to remove");
    fs::rename(&aside, &database).expect("to move back");
    assert_eq!(readiness(&daemon).0, 200);
    let status = daemon.ok("system_status", json!({}));
    assert!(status["failing"].is_null(), "{status}");
}

#[test]
fn what_is_in_the_way_of_all_accounts_is_named_too() {
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "alice"}));
    let data = daemon.data_dir();
    let log = data.join("events.db");
    let aside = data.join("aside");
    fs::rename(&log, &aside).expect("to move");
    fs::create_dir(&log).expect("to make");
    let (status, said) = readiness(&daemon);
    assert_eq!(status, 503);
    assert!(text(&said["reason"]).contains(path_text(&log)), "{said}");
    fs::remove_dir(&log).expect("to remove");
    fs::rename(&aside, &log).expect("to move back");

    // Something has the name of the file that the check makes, and cannot be removed.
    let accounts = data.join("accounts");
    fs::create_dir(accounts.join(".new-trial")).expect("to make");
    let (status, said) = readiness(&daemon);
    assert_eq!(status, 503);
    assert!(
        text(&said["reason"]).contains(path_text(&accounts)),
        "{said}"
    );
    fs::remove_dir(accounts.join(".new-trial")).expect("to remove");
    assert_eq!(readiness(&daemon).0, 200);
}

#[test]
fn over_tcp_who_has_no_token_is_told_that_something_is_wrong_and_not_with_which_account() {
    let daemon = Daemon::start_with(&["--dev", "--http", "127.0.0.1:0"]);
    daemon.ok("account_create", json!({"account": "alice"}));
    let database = daemon.data_dir().join("accounts/alice.db");
    fs::rename(&database, daemon.data_dir().join("aside")).expect("to move");
    let token = fs::read_to_string(daemon.data_dir().join("rpc.token")).expect("the token");
    let authorization = format!("authorization: Bearer {}\r\n", token.trim());
    let address = daemon.tcp().expect("an address");
    let ask = |headers: &str| {
        let stream = TcpStream::connect(&address).expect("to connect");
        let request = format!(
            "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
        );
        let answer = support::exchange(stream, &request);
        assert_eq!(answer.status, 503);
        String::from_utf8(answer.body).expect("text")
    };
    let stranger = ask("");
    assert!(stranger.contains("\"hint\""), "{stranger}");
    for private in ["alice", path_text(&daemon.data_dir())] {
        assert!(!stranger.contains(private), "{stranger}");
        assert!(ask(&authorization).contains(private));
    }
}

/// The response to a request whose body comes after the daemon was told to stop.
fn answered_while_it_stops(body: &str) -> (String, tempfile::TempDir) {
    let scratch = tempfile::tempdir().expect("a directory");
    let mut process = serve_logged(scratch.path());
    let socket = scratch.path().join("s");

    let mut late = begun(&socket, body.len());
    terminate(&process);
    let log = BufReader::new(process.stderr.take().expect("its log"));
    let mut lines = log.lines().map(|line| line.expect("text"));
    assert!(lines.any(|line| line.contains("stopping")));
    late.write_all(body.as_bytes()).expect("to send");
    let mut answer = String::new();
    late.read_to_string(&mut answer).expect("an answer");
    assert_eq!(lines.filter(|line| line.contains("WARN")).count(), 0);
    assert_eq!(process.wait().expect("it ends").code(), Some(0));
    assert!(!socket.exists());
    (answer, scratch)
}

#[test]
fn a_stopping_daemon_finishes_the_call_it_has_begun_to_take_and_takes_no_other() {
    let (answer, scratch) = answered_while_it_stops(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account_create\",\"params\":[\"late\"]}",
    );
    assert!(answer.contains("\"mnemonic\""), "{answer}");
    let again = Daemon::start_in(scratch, Vec::new());
    let accounts = again.ok("account_list", json!({}));
    assert_eq!(accounts[0]["account"], "late");
}

#[test]
fn of_a_batch_a_stopping_daemon_does_the_call_it_has_begun_and_says_of_the_others_that_it_did_nothing()
 {
    let (answer, scratch) = answered_while_it_stops(
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account_create\",\"params\":[\"first\"]},\
          {\"jsonrpc\":\"2.0\",\"method\":\"account_create\",\"params\":[\"unanswered\"]},\
          {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"account_create\",\"params\":[\"second\"]}]",
    );
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let answers: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(answers.as_array().map(Vec::len), Some(2), "{answers}");
    assert!(answers[0]["result"]["mnemonic"].is_string(), "{answers}");
    assert_eq!(answers[1]["id"], 2);
    assert_eq!(answers[1]["error"]["code"], 1602);
    assert_eq!(answers[1]["error"]["data"]["kind"], "shutting_down");
    let again = Daemon::start_in(scratch, Vec::new());
    let accounts = again.ok("account_list", json!({}));
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts}");
}

#[test]
fn a_websocket_carries_calls_and_batches_and_their_errors_are_those_of_http() {
    let daemon = Daemon::start();
    let mut socket = WebSocket::open(&daemon.socket());
    let mut ask = |request: Value| socket.ask(&request);
    let call = |id: Value, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let made = ask(call(json!("a"), "account_create", json!({"account": "a"})));
    assert_eq!(made["id"], "a");
    let answers = ask(json!([
        call(json!(2), "account_get", json!([])),
        call(json!("nope"), "nope", json!([])),
        call(json!(1), "account_get", json!({"bogus": 1})),
    ]));
    let ids: Vec<&Value> = (0..3).map(|index| &answers[index]["id"]).collect();
    assert_eq!(ids, [&json!(2), &json!("nope"), &json!(1)]);
    assert_eq!(
        answers[0]["result"]["publicKey"],
        made["result"]["publicKey"]
    );
    assert_eq!(answers[1]["error"]["data"]["kind"], "method_not_found");
    assert_eq!(answers[2]["error"]["data"]["field"], "bogus");
}

#[test]
fn dev_is_refused_on_real_data_unless_it_is_asked_for_and_then_everything_says_so() {
    let health = |daemon: &Daemon| {
        let socket = daemon.socket().display().to_string();
        let said = support::ratchetd("health", &daemon.data_dir(), &["--socket", &socket]);
        assert!(said.status.success());
        String::from_utf8(said.stdout).expect("text")
    };
    let doctor = |daemon: &Daemon| -> Vec<Value> {
        let socket = daemon.socket().display().to_string();
        let arguments = ["--json", "--socket", &socket];
        let said = support::ratchetd("doctor", &daemon.data_dir(), &arguments);
        let found: Value = serde_json::from_slice(&said.stdout).expect("JSON");
        let found = found["findings"].as_array().expect("findings").iter();
        let found = found.filter(|finding| finding["id"] == "serving.dev");
        found.map(|finding| finding["severity"].clone()).collect()
    };
    let shown = |daemon: &Daemon| {
        let status = daemon.ok("system_status", json!({}));
        let health = daemon.ok("system_health", json!({}));
        assert_eq!(status["devOnRealData"], health["devOnRealData"]);
        (status["dev"] == true, status["devOnRealData"] == true)
    };
    // Made with it: its own, also when it has accounts.
    let mut daemon = Daemon::start_with(&["--dev"]);
    daemon.ok("account_create", json!({"account": "a"}));
    daemon.kill_and_restart();
    assert_eq!(shown(&daemon), (true, false));
    assert_eq!(health(&daemon), "ready\n");
    assert_eq!(doctor(&daemon), ["notice"]);
    // Served without it once: real from then on.
    daemon.kill();
    daemon.restart_with(&[]);
    assert_eq!(shown(&daemon), (false, false));
    assert_eq!(doctor(&daemon), [] as [&str; 0]);
    daemon.kill();
    let home = daemon.data_dir().parent().expect("its parent").to_owned();
    let refused = || {
        let mut process = serve(&home, &["--dev".to_owned()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut served = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut served)
            .expect("a line");
        if !served.is_empty() {
            process.kill().expect("to kill");
        }
        process.wait_with_output().expect("it ends")
    };
    let first = refused();
    assert_eq!(first.status.code(), Some(2));
    let said = String::from_utf8(first.stderr).expect("text");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("--dev-on-real-data"), "{said}");
    daemon.restart_with(&["--dev", "--dev-on-real-data"]);
    assert_eq!(shown(&daemon), (true, true));
    assert_eq!(health(&daemon), "ready, with --dev on real data\n");
    assert_eq!(doctor(&daemon), ["problem"]);
    // It stays refused: what is real is not made anything else by being served so.
    daemon.kill();
    assert_eq!(refused().status.code(), Some(2));
}
