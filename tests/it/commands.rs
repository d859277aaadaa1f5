//! The command line for people: what commands print, completion in shells, manual pages.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixListener,
    path::Path,
    process::Command,
    thread,
};

use crate::support::{Daemon, Party, RATCHETD, only_message, path_text, run_with_input, text};
use serde_json::{Value, json};

/// Runs `ratchetd call`; its exit code, output and diagnostics.
fn call(socket: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(RATCHETD);
    command
        .arg("call")
        .arg("--socket")
        .arg(socket)
        .args(arguments)
        .env_remove("RATCHETD_DATA_DIR");
    let output = run_with_input(&mut command, input.as_bytes());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_call_command_prints_results_and_tells_errors_of_the_daemon_from_its_own() {
    let daemon = Daemon::start();
    let socket = daemon.socket();
    let key = format!("0x{}\n", "01".repeat(32));
    let import = ["account_import", "account=a", "privateKey=-"];
    let (code, out, diagnostics) = call(&socket, &import, &key);
    assert_eq!((code, diagnostics.as_str()), (Some(0), ""));
    assert!(out.starts_with("account         a\n"), "{out}");

    let (code, out, diagnostics) = call(&socket, &import, &key);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(
        diagnostics.lines().count(),
        2,
        "what, and what to do: {diagnostics}"
    );
    assert!(diagnostics.contains("account"), "{diagnostics}");

    for arguments in [&["account_get", "a"][..], &["account_get", "{"], &[]] {
        let (code, out, diagnostics) = call(&socket, arguments, "");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_ne!(diagnostics, "", "{arguments:?}");
    }
    let nowhere = socket.with_file_name("nowhere");
    let (code, _, diagnostics) = call(&nowhere, &["account_list"], "");
    assert_eq!(code, Some(2));
    assert!(diagnostics.contains("ratchetd serve"), "{diagnostics}");
}

#[test]
fn programs_get_json_of_results_errors_and_the_list_of_methods() {
    let daemon = Daemon::start();
    let socket = daemon.socket();
    let (code, out, _) = call(&socket, &["--json", "account_create", "account=a"], "");
    let account: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &account["account"]), (Some(0), &json!("a")));

    let (code, out, diagnostics) = call(&socket, &["--json", "account_get", "account=b"], "");
    let error: Value = serde_json::from_str(&diagnostics).expect("JSON");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(error["code"], 1101);
    assert_eq!(error["data"]["kind"], "account_not_found");
    assert_ne!(error["data"]["hint"], "");

    let (code, out, _) = call(&socket, &["--json", "--list"], "");
    let methods: Vec<Value> = serde_json::from_str(&out).expect("JSON");
    assert_eq!(code, Some(0));
    let discovered = daemon.ok("rpc.discover", json!({}));
    let discovered = discovered["methods"].as_array().expect("methods");
    for method in discovered {
        let listed = methods
            .iter()
            .find(|listed| listed["name"] == method["name"]);
        assert!(listed.is_some(), "{} is not listed", method["name"]);
    }
}

/// Tables have colours on a terminal only, and control characters in a contact's text are escaped.
#[test]
fn people_get_tables_in_colours_only_if_asked_and_no_orders_from_contacts() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let message = alice.send(&bob, "\u{1b}]0;you are root now\u{7}\u{202e}");
    let params = json!({"sender": alice.key, "message": message}).to_string();
    let (code, out, _) = call(&bob.daemon.socket(), &["message_decrypt", &params], "");
    assert_eq!(code, Some(0));
    assert!(!out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{out:?}");
    assert!(
        out.contains("text              \\u{1b}]0;you are root now\\u{7}\\u{202e}\n"),
        "{out}"
    );

    only_message(&bob.encrypt(&alice, "back"));
    let (_, out, _) = call(&bob.daemon.socket(), &["session_list"], "");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines.len() >= 3,
        "a heading, a session, a word on what is shortened: {out}"
    );
    assert!(lines[0].starts_with("identity "), "{out}");
    assert!(lines[1].contains('…') && out.contains("--wide"), "{out}");
    assert!(
        out.contains("not shown: ") && out.contains("createdAt"),
        "{out}"
    );
    let (_, wide, _) = call(&bob.daemon.socket(), &["session_list", "--wide"], "");
    let lines: Vec<&str> = wide.lines().collect();
    assert_eq!(lines.len(), 2, "{wide}");
    assert!(lines[1].contains(&alice.key), "{wide}");
    assert!(
        lines[1].contains('T') && lines[1].contains("Z "),
        "dates: {wide}"
    );

    let coloured = |variable: &str| {
        let output = Command::new(RATCHETD)
            .args(["call", "--list"])
            .env_remove("NO_COLOR")
            .env(variable, "1")
            .output()
            .expect("it runs");
        output.stdout.contains(&0x1b)
    };
    assert!(coloured("CLICOLOR_FORCE"));
    assert!(!coloured("NO_COLOR"));
    assert!(!coloured("ANYTHING"), "a pipe is no terminal");
}

#[test]
fn what_is_printed_fits_the_columns_there_are() {
    let (alice, bob) = Party::acquainted();
    alice.encrypt(&bob, "hello");
    let run = |arguments: &[&str], columns: Option<usize>| {
        let mut command = Command::new(RATCHETD);
        command.args(arguments).env_remove("COLUMNS");
        if let Some(columns) = columns {
            command.env("COLUMNS", columns.to_string());
        }
        let output = command.output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let (socket, data) = (alice.daemon.socket(), alice.daemon.data_dir());
    let at = ["call", "--socket", path_text(&socket)];
    let on = ["doctor", "--data-dir", path_text(&data), "--socket"];
    for arguments in [
        [&at[..], &["session_list"]].concat(),
        [&at[..], &["installation_list"]].concat(),
        [&at[..], &["contact_list"]].concat(),
        [&at[..], &["account_list"]].concat(),
        vec!["call", "--list"],
        vec!["call", "--list", "message_decrypt"],
        [&on[..], &[path_text(&socket)]].concat(),
        vec!["--help"],
        vec!["serve", "--help"],
        vec!["call", "--help"],
    ] {
        for columns in [None, Some(80), Some(120)] {
            let out = run(&arguments, columns);
            // The path of the data directory is as long as it is.
            let longest = out.lines().filter(|line| !line.starts_with('/'));
            let longest = longest.max_by_key(|line| line.chars().count());
            let longest = longest.expect("output");
            assert!(
                longest.chars().count() <= columns.unwrap_or(80),
                "{arguments:?} {columns:?}: {longest}"
            );
        }
    }
}

#[test]
fn flags_stand_before_and_after_the_parameters() {
    let daemon = Daemon::start();
    let socket = daemon.socket();
    let (code, out, _) = call(&socket, &["account_create", "account=a", "--json"], "");
    let account: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &account["account"]), (Some(0), &json!("a")));
    let after = ["call", "account_get", "account=a", "--socket"];
    let output = Command::new(RATCHETD).args(after).arg(&socket).output();
    assert_eq!(output.expect("it runs").status.code(), Some(0));
    let (code, _, diagnostics) = call(&socket, &["account_get", "account=a", "--jsn"], "");
    assert_eq!(code, Some(2));
    assert!(diagnostics.contains("--json"), "{diagnostics}");
}

#[test]
fn what_is_misspelt_or_given_twice_is_named_with_what_was_meant() {
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "a"}));
    let socket = daemon.socket();
    let nowhere = socket.with_file_name("nowhere");
    let said = |socket: &Path, arguments: &[&str], code: i32| {
        let (ended, out, diagnostics) = call(socket, arguments, "");
        assert_eq!((ended, out.as_str()), (Some(code), ""), "{diagnostics}");
        diagnostics
    };
    for (socket, code) in [(&socket, 1), (&nowhere, 2)] {
        let told = said(socket, &["acount_list"], code);
        assert!(told.contains("did you mean account_list?"), "{told}");
    }
    let told = said(&socket, &["--list", "encryptGroup"], 2);
    assert!(
        told.contains("did you mean message_encryptGroup?"),
        "{told}"
    );
    // Before the recipient is missed.
    let told = said(&socket, &["message_encrypt", "recipent=x", "text=-"], 2);
    assert!(told.contains("did you mean recipient?"), "{told}");
    let told = said(&socket, &["account_get", "account=a", "account=a"], 2);
    assert!(told.contains("account is given twice"), "{told}");
    let told = said(
        &socket,
        &["account_get", r#"{"account":"a","account":"b"}"#],
        1,
    );
    assert!(told.contains("account: given twice"), "{told}");
    let told = said(&socket, &["account_get", "a"], 2);
    assert!(told.contains("account=a"), "{told}");
}

#[test]
fn the_name_of_an_account_stands_for_its_key_where_a_key_is_expected() {
    let daemon = Daemon::start();
    let [alice, bob] = ["alice", "bob"].map(|account| {
        let made = daemon.ok("account_create", json!({"account": account}));
        text(&made["publicKey"])
    });
    let socket = daemon.socket();
    let run = |arguments: &[&str]| {
        let json = [&["--json"], arguments].concat();
        let (code, out, diagnostics) = call(&socket, &json, "");
        assert_eq!(code, Some(0), "{arguments:?} {diagnostics}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let sent = run(&[
        "message_encrypt",
        "account=alice",
        "recipient=bob",
        "text=hi",
    ]);
    assert_eq!(sent["envelopes"][0]["recipient"], bob.as_str());
    let message = format!("message={}", only_message(&sent));
    let read = run(&["message_decrypt", "account=bob", "sender=alice", &message]);
    assert_eq!(
        (&read["text"], &read["sender"]),
        (&json!("hi"), &json!(alice))
    );
    let recipients = r#"recipients=["bob"]"#;
    let sent = run(&[
        "message_encryptGroup",
        "account=alice",
        recipients,
        "text=hi",
    ]);
    assert_eq!(sent["envelopes"][0]["recipient"], bob.as_str());
    run(&["contact_get", "account=alice", "identity=bob"]);
    run(&["contact_get", "account=alice", &format!("identity={bob}")]);

    // The key that makes sure of an account is not to be had by its name.
    let erase = ["account_remove", "account=alice", "publicKey=alice"];
    let (code, _, _) = call(&socket, &erase, "");
    assert_eq!(code, Some(1));
    // As JSON everything goes as it is.
    let params = r#"{"account":"alice","recipient":"bob","text":"hi"}"#;
    let (code, _, _) = call(&socket, &["message_encrypt", params], "");
    assert_eq!(code, Some(1));
    let nobody = [
        "message_encrypt",
        "account=alice",
        "recipient=bop",
        "text=hi",
    ];
    let (code, _, diagnostics) = call(&socket, &nobody, "");
    assert_eq!(code, Some(1));
    assert!(diagnostics.contains("no account bop"), "{diagnostics}");
    assert!(diagnostics.contains("did you mean bob?"), "{diagnostics}");

    let verify = |who: &str| {
        let mut command = Command::new(RATCHETD);
        let command = command.args(["verify", "--account", "alice", who, "--socket"]);
        command.arg(&socket).output().expect("it runs")
    };
    assert_eq!(verify("bob").status.code(), Some(0));
    let nobody = verify("bop");
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("did you mean bob?"));
}

#[test]
fn a_daemon_is_reached_over_tcp_by_its_name_with_its_token() {
    let daemon = Daemon::start_with(&["--http", "localhost:0"]);
    let address = daemon.tcp().expect("it listens");
    let port = address.rsplit_once(':').expect("a port").1;
    let data = daemon.data_dir();
    let at = |http: &str, arguments: &[&str], token: &str| {
        let mut command = Command::new(RATCHETD);
        command.args(["call", "--json", "system_version", "--http", http]);
        let output = run_with_input(command.args(arguments).env_clear(), token.as_bytes());
        (
            output.status.code(),
            String::from_utf8(output.stderr).expect("text"),
        )
    };
    let in_data = ["--data-dir", path_text(&data)];
    for http in [
        address.clone(),
        format!("localhost:{port}"),
        format!("http://localhost:{port}/"),
    ] {
        assert_eq!(at(&http, &in_data, ""), (Some(0), String::new()));
    }
    let token = fs::read_to_string(data.join("rpc.token")).expect("a token");
    let given = ["--token-file", "-"];
    assert_eq!(at(&address, &given, &token), (Some(0), String::new()));
    // The daemon answers that it refuses.
    let (code, said) = at(&address, &given, "swordfish");
    assert_eq!(code, Some(1));
    assert!(
        said.contains("token") && !said.contains("swordfish"),
        "{said}"
    );
    let (code, said) = at("localhost", &given, &token);
    assert_eq!(code, Some(2));
    assert!(said.contains("localhost:8645"), "{said}");
    let (code, said) = at(&address, &["--token-file", "/nowhere"], "");
    assert_eq!(code, Some(2));
    assert!(
        said.contains("/nowhere") && said.contains("--token-file"),
        "{said}"
    );
}

#[test]
fn a_socket_that_is_named_is_all_that_is_needed() {
    let daemon = Daemon::start();
    let socket = daemon.socket();
    for arguments in [
        &["call", "system_version"][..],
        &["health"],
        &["call", "account_list"],
    ] {
        let run = |more: &[&str], environment: &[(&str, &Path)]| {
            let mut command = Command::new(RATCHETD);
            let command = command.args(arguments).args(more).env_clear();
            command
                .envs(environment.iter().copied())
                .output()
                .expect("it runs")
        };
        let named = run(&["--socket", path_text(&socket)], &[]);
        assert!(named.status.success(), "{named:?}");
        let by_environment = run(&[], &[("RATCHETD_SOCKET", &socket)]);
        assert!(by_environment.status.success(), "{by_environment:?}");
        // What a daemon would find wrong with its configuration is not asked for.
        let config = daemon.data_dir().join("wrong.toml");
        fs::write(
            &config,
            "log_filter = 7
",
        )
        .expect("to write");
        let both = [
            "--socket",
            path_text(&socket),
            "--config",
            path_text(&config),
        ];
        assert!(run(&both, &[]).status.success());
        let homeless = run(&[], &[]);
        let said = String::from_utf8_lossy(&homeless.stderr).into_owned();
        assert!(
            !homeless.status.success() && said.contains("HOME"),
            "{said}"
        );
        // The runtime directory has the socket without a home, too.
        let runtime = tempfile::tempdir().expect("a directory");
        let place = runtime.path().join("ratchetd.sock");
        std::os::unix::fs::symlink(&socket, place).expect("a link");
        let found = run(&[], &[("XDG_RUNTIME_DIR", runtime.path())]);
        assert!(found.status.success(), "{found:?}");
    }
}

/// Answers every connection in one way.
fn impostor(socket: &Path, answer: &'static [u8]) {
    let listener = UnixListener::bind(socket).expect("to listen");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 64];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer);
            if !answer.is_empty() {
                // Closed with bytes unread, the connection would be reset, and the answer lost.
                let _ = stream.shutdown(Shutdown::Write);
                let _ = io::copy(&mut stream, &mut io::sink());
            }
        }
    });
}

#[test]
fn a_refusal_and_a_closed_connection_are_not_taken_for_a_missing_daemon() {
    let directory = tempfile::tempdir().expect("a directory");
    let (large, shut) = (
        directory.path().join("large"),
        directory.path().join("shut"),
    );
    impostor(
        &large,
        b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n",
    );
    impostor(&shut, b"");
    let text = "x".repeat(12 << 20);
    let (code, _, diagnostics) = call(&large, &["message_encrypt", "text=-"], &text);
    assert_eq!(code, Some(2));
    assert!(diagnostics.contains("too large"), "{diagnostics}");
    for text in ["x", &text] {
        let (code, _, diagnostics) = call(&shut, &["message_encrypt", "text=-"], text);
        assert_eq!(code, Some(2));
        assert!(
            diagnostics.contains("closed the connection"),
            "{diagnostics}"
        );
        assert!(!diagnostics.contains("no daemon answers"), "{diagnostics}");
    }
    let health = |socket: &Path| {
        let mut command = Command::new(RATCHETD);
        let output = command.args(["health", "--socket"]).arg(socket).output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    let said = health(&shut);
    assert!(said.contains("closed the connection"), "{said}");
    let said = health(&large);
    assert!(said.contains("is not ratchetd"), "{said}");
    let said = health(&directory.path().join("nowhere"));
    assert!(said.contains("ratchetd serve"), "{said}");
}

#[test]
fn one_method_is_described_with_all_that_is_known_of_its_parameters() {
    let described = output(&["call", "--list", "message_encrypt"]);
    for part in [
        "recipient\n",
        "text (optional)\n",
        "which makes a retry safe",
        "a public key",
    ] {
        assert!(described.contains(part), "{part}: {described}");
    }
    let json: Value =
        serde_json::from_str(&output(&["call", "--json", "--list", "account_list"])).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(1));
}

fn output(arguments: &[&str]) -> String {
    let output = Command::new(RATCHETD)
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The commands that `ratchetd --help` names.
fn commands() -> Vec<String> {
    let help = output(&["--help"]);
    let list = help.split("Commands:\n").nth(1).expect("commands");
    let list = list.split("\n\n").next().expect("a list");
    // A description goes on further in.
    let names = list.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        line.split(' ').next().filter(|name| !name.is_empty())
    });
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_shell_completes_every_command_and_bash_does_so_when_it_is_asked() {
    let directory = tempfile::tempdir().expect("a directory");
    for shell in ["bash", "zsh", "fish"] {
        let script = output(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
        for method in rpc::METHODS {
            assert!(script.contains(method.name), "{shell}: {}", method.name);
        }
        let path = directory.path().join(shell);
        fs::write(&path, script).expect("to write");
        // A shell that is not installed cannot be asked what it thinks of it.
        if let Ok(output) = Command::new(shell).arg("-n").arg(&path).output() {
            assert!(output.status.success(), "{shell}: {output:?}");
        }
    }
    let ask = r#"source "$0"; COMP_WORDS=(ratchetd "$@"); COMP_CWORD=$#;
        _ratchetd ratchetd "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo "${COMPREPLY[@]}""#;
    for (typed, completed) in [
        (&["doc"][..], "doctor"),
        (&["call", "message_encryptG"], "message_encryptGroup"),
    ] {
        let mut bash = Command::new("bash");
        bash.args(["-c", ask]).arg(directory.path().join("bash"));
        let answer = bash.args(typed).output().expect("bash runs");
        let words = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert_eq!(words.trim(), completed, "{answer:?}");
    }
}

#[test]
fn the_version_says_what_the_program_was_built_from() {
    let said = output(&["--version"]);
    assert_eq!(said, output(&["-V"]));
    let version = env!("CARGO_PKG_VERSION");
    let built = said
        .strip_prefix(&format!("ratchetd {version} ("))
        .and_then(|rest| rest.strip_suffix(")\n"))
        .unwrap_or_else(|| panic!("{said}"));
    let mut parts: Vec<&str> = built.split(", ").collect();
    assert!(["debug", "release"].contains(&parts.pop().expect("a profile")));
    let target = parts.pop().expect("a target");
    assert!(target.starts_with(std::env::consts::ARCH), "{said}");
    // The interface tells the same revision, and none if the program knows none.
    let told = Daemon::start().ok("system_version", json!({}));
    assert_eq!(told["version"], version);
    assert_eq!(told["revision"].as_str(), parts.pop(), "{said}");
    assert!(parts.is_empty(), "{said}");
    assert!(!output(&["man"]).contains(built));
}

#[test]
fn there_is_a_manual_page_of_every_command_with_every_option_of_its_help() {
    let directory = tempfile::tempdir().expect("a directory");
    let pages = directory.path().join("man");
    output(&["man", "--out", pages.to_str().expect("a name")]);
    for command in commands() {
        let page = fs::read_to_string(pages.join(format!("ratchetd-{command}.1")));
        let page = page.unwrap_or_else(|error| panic!("ratchetd-{command}.1: {error}"));
        assert!(page.contains(".TH"), "{command}");
        // Hyphens are escaped in manual pages.
        let page = page.replace("\\-", "-");
        for option in output(&[&command, "--help"])
            .split_whitespace()
            .filter(|word| word.starts_with("--"))
        {
            let option = option.trim_end_matches(|end: char| !end.is_alphanumeric());
            assert!(
                page.contains(option),
                "the page of {command} lacks {option}"
            );
        }
    }
    let whole = output(&["man"]);
    assert!(whole.contains(".TH ratchetd 1"), "{whole}");
    let nowhere = directory.path().join("man/ratchetd.1/below");
    let refused = Command::new(RATCHETD)
        .args(["man", "--out"])
        .arg(nowhere)
        .output();
    let refused = refused.expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&refused.stderr).lines().count(), 1);
}
