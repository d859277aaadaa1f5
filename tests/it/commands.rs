//! The command line for people: what commands print, completion in shells, manual pages.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Daemon, Party, RATCHETD, only_message};
use serde_json::{Value, json};

/// Runs `ratchetd call`; its exit code, output and diagnostics.
fn call(socket: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut process = Command::new(RATCHETD)
        .arg("call")
        .arg("--socket")
        .arg(socket)
        .args(arguments)
        .env_remove("RATCHETD_DATA_DIR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = process.stdin.take().expect("its input");
    // It may end without reading.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = process.wait_with_output().expect("it ends");
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
    assert_eq!(
        lines.len(),
        3,
        "a heading, a session, a word on what is shortened: {out}"
    );
    assert!(lines[0].starts_with("createdAt"), "{out}");
    assert!(
        lines[1].contains("T") && lines[1].contains("Z "),
        "dates: {out}"
    );
    assert!(
        lines[1].contains('…') && lines[2].contains("--json"),
        "{out}"
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
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
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
        let path = directory.path().join(shell);
        fs::write(&path, script).expect("to write");
        // A shell that is not installed cannot be asked what it thinks of it.
        if let Ok(output) = Command::new(shell).arg("-n").arg(&path).output() {
            assert!(output.status.success(), "{shell}: {output:?}");
        }
    }
    let ask = r#"source "$0"; COMP_WORDS=(ratchetd doc); COMP_CWORD=1; _ratchetd ratchetd doc ratchetd; echo "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    bash.args(["-c", ask]).arg(directory.path().join("bash"));
    let answer = bash.output().expect("bash runs");
    assert_eq!(
        String::from_utf8_lossy(&answer.stdout).trim(),
        "doctor",
        "{answer:?}"
    );
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
