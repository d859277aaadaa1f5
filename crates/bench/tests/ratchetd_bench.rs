//! `ratchetd-bench`: that it measures what it says, leaves nothing behind, and says what it cannot
//! do. Not how fast anything is.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by panicking"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use daemon::commands::child::Child;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The program under test.
const BENCH: &str = env!("CARGO_BIN_EXE_ratchetd-bench");

/// Small enough for a build without optimisations.
const SMALL: [&str; 5] = [
    "--rounds=2",
    "--connections=3",
    "--members=3",
    "--seconds=0.2",
    "--json",
];

/// The daemon's program, beside the one under test: tests of the whole workspace build it.
fn ratchetd() -> PathBuf {
    let program = Path::new(BENCH).with_file_name("ratchetd");
    assert!(program.is_file(), "first: cargo build -p daemon");
    program
}

/// A running daemon with a data directory of its own.
struct Daemon {
    _directory: TempDir,
    child: Child,
}

impl Daemon {
    /// With this configuration.
    fn start(configuration: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let data = directory.path().join("data");
        fs::create_dir(&data).expect("to make");
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("to close");
        fs::write(data.join("ratchetd.toml"), configuration).expect("to write");
        let child = Child::serve(&ratchetd(), &data, &[]).expect("it starts");
        Self {
            _directory: directory,
            child,
        }
    }

    fn socket(&self) -> &Path {
        self.child.socket()
    }

    fn call(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(ratchetd());
        command
            .args(["call", "--json", "--socket"])
            .arg(self.socket());
        report(command.args(arguments))
    }

    fn accounts(&self) -> Vec<String> {
        let accounts = self.call(&["account_list"]);
        let accounts = accounts.as_array().expect("accounts").iter();
        accounts
            .map(|account| account["account"].as_str().expect("a name").to_owned())
            .collect()
    }
}

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(BENCH);
    command.args(arguments);
    command
}

/// Runs it; exit code, output and diagnostics.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A report that came without a word about anything else.
fn report(command: &mut Command) -> Value {
    let (code, out, diagnostics) = run(command);
    assert_eq!((code, diagnostics.as_str()), (Some(0), ""), "{out}");
    serde_json::from_str(&out).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// The name and connections of each figure.
fn measured(report: &Value) -> Vec<(&str, u64)> {
    let figures = report["figures"].as_array().expect("figures").iter();
    figures
        .map(|figure| {
            let name = figure["name"].as_str().expect("a name");
            (name, figure["connections"].as_u64().expect("a number"))
        })
        .collect()
}

#[test]
fn a_run_on_a_scratch_daemon_has_every_figure() {
    let directory = tempfile::tempdir().expect("a directory");
    let report = report(
        bench(&SMALL)
            .args(["--commit-cost=1", "--sessions=12", "--messages=6"])
            .args(["--accounts=2", "--dir"])
            .arg(directory.path()),
    );
    let expected = [
        ("commit", 1),
        ("seals", 1),
        ("empty", 1),
        ("encrypt", 1),
        ("decrypt", 1),
        ("group", 1),
        ("key", 1),
        ("empty", 3),
        ("encrypt", 3),
        ("decrypt", 3),
        ("strange", 3),
        ("slow commits", 1),
        ("slow commits", 3),
        ("few sessions", 3),
        ("many sessions", 3),
        ("many sessions, all used", 3),
        ("first messages", 3),
        ("last messages", 3),
    ];
    assert_eq!(measured(&report), expected);
    for (index, figure) in report["figures"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        assert!(number(&figure["callsPerSecond"]) > 0.0, "{figure}");
        let name = figure["name"].as_str().expect("a name");
        let rounds = match name {
            "first messages" => 1,
            "last messages" => 11,
            _ => 2,
        };
        assert_eq!(figure["rounds"].as_array().expect("rounds").len(), rounds);
        let quantiles = ["minUs", "p50Us", "p90Us", "p99Us", "maxUs"];
        let quantiles = quantiles.map(|name| number(&figure[name]));
        assert!(quantiles[0] > 0.0 && quantiles.is_sorted(), "{figure}");
        let alone = index >= 11 || ["commit", "seals", "empty"].contains(&name);
        assert_eq!(figure["ofEmpty"].is_null(), alone, "{figure}");
    }
    assert!(number(&report["idleKib"]) > 0.0);
    assert!(number(&report["manyAccounts"]["startMs"]) > 0.0);
    let bars = report["bars"].as_array().expect("bars");
    assert_eq!(bars.len(), 13, "{bars:#?}");
    for bar in bars {
        let (measured, wanted) = (number(&bar["measured"]), number(&bar["bar"]));
        let met = match bar["bound"].as_str() {
            Some("least") => measured >= wanted,
            _ => measured <= wanted,
        };
        assert_eq!(bar["met"], met, "{bar}");
    }
    let settings = &report["settings"];
    assert_eq!(settings["dir"], directory.path().to_str().expect("text"));
    assert_eq!(
        (&settings["accounts"], &settings["rounds"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(report["daemon"]["version"], env!("CARGO_PKG_VERSION"));
    let left: Vec<_> = fs::read_dir(directory.path()).expect("it").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What the simulated cost is for: it is in every commit of the daemon that is given it.
#[test]
fn a_commit_that_costs_more_is_felt_by_every_encryption() {
    let report = report(bench(&SMALL).args(["--only=empty", "--commit-cost=20"]));
    assert_eq!(
        measured(&report)[2..],
        [("slow commits", 1), ("slow commits", 3)]
    );
    for figure in &report["figures"].as_array().expect("figures")[2..] {
        assert!(number(&figure["minUs"]) >= 20_000.0, "{figure}");
    }
}

/// A screen of 80 columns and 24 lines, of which one is for the prompt.
#[test]
fn people_get_tables_of_the_figures_and_the_bars_on_one_screen() {
    let arguments: Vec<&str> = SMALL.into_iter().filter(|one| *one != "--json").collect();
    let (code, out, diagnostics) = run(&mut bench(&arguments));
    assert_eq!((code, diagnostics.as_str()), (Some(0), ""), "{out}");
    assert!(out.lines().count() <= 23, "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let row = |begin: &str| {
        let line = out.lines().find(|line| line.starts_with(begin));
        let line = line.unwrap_or_else(|| panic!("{begin}: {out}"));
        line.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
    };
    let (names, encrypt) = (row("call "), row("encrypt "));
    assert_eq!(names[..4], ["call", "conns", "calls/s", "/empty"]);
    assert_eq!((names.len(), encrypt[1]), (encrypt.len(), "1"));
    assert!(encrypt[2].parse::<f64>().expect("a rate") > 0.0, "{out}");
    let bar = row("decrypt / empty ");
    assert_eq!(bar[2], "at least 0.40");
    assert!(matches!(bar[3], "yes" | "no"), "{bar:?}");
}

/// Small enough for a build without optimisations, as [`SMALL`].
const SMALL_HOSTING: [&str; 4] = ["hosting", "--connections=2", "--rounds=2", "--seconds=0.2"];

#[test]
fn hosting_is_measured_beside_one_account_and_the_accounts_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let kept = directory.path().join("kept");
    let passphrase = directory.path().join("passphrase");
    fs::write(&passphrase, "correct horse battery staple\n").expect("to write");
    let measure = |more: &[&str]| {
        let mut command = bench(&SMALL_HOSTING);
        command.arg("--json").arg("--dir").arg(directory.path());
        command.args(["--passphrase-file", passphrase.to_str().expect("text")]);
        report(command.arg("--data-dir").arg(&kept).args(more))
    };
    let first = measure(&["--accounts=3", "--limited-accounts=2"]);
    let expected = [
        ("closed account", 1),
        ("open account", 1),
        ("one account", 2),
        ("3 accounts", 2),
    ];
    assert_eq!(measured(&first), expected);
    for figure in first["figures"].as_array().expect("figures") {
        assert!(number(&figure["callsPerSecond"]) > 0.0, "{figure}");
    }
    // A derivation takes longer than nothing.
    assert!(number(&first["derivationMs"]) > 0.0, "{first}");
    for (daemon, accounts) in [("one", 1), ("many", 3)] {
        let standing = &first[daemon];
        assert_eq!(standing["accounts"], accounts);
        assert_eq!(standing["connections"], 2);
        for member in ["diskKib", "unusedKib", "openKib", "usedKib", "threads"] {
            assert!(number(&standing[member]) > 0.0, "{member}: {standing}");
        }
        for member in ["listeningMs", "readyMs", "readyKib"] {
            let starts = standing[member].as_array().expect("starts");
            assert_eq!(starts.len(), 5, "{member}");
        }
        for member in ["metrics", "status"] {
            assert!(number(&standing[member]["bytes"]) > 100.0, "{standing}");
            assert!(number(&standing[member]["p50Ms"]) > 0.0, "{standing}");
        }
    }
    let limited = &first["limited"];
    assert_eq!(limited["calls"], 6);
    assert_eq!(
        (&limited["errors"], &limited["firstError"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(first["accountsMade"], 3);
    assert!(first["bars"].as_array().expect("bars").len() >= 7);

    // The kept accounts are found, and one more is made.
    let second = measure(&["--accounts=4", "--limited-accounts=0"]);
    assert_eq!(second["accountsMade"], 1);
    assert_eq!(measured(&second)[3], ("4 accounts", 2));
    assert!(second["limited"].is_null());
    let left: Vec<_> = fs::read_dir(directory.path()).expect("it").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn people_get_tables_of_hosting_in_80_columns() {
    let (code, out, diagnostics) =
        run(bench(&SMALL_HOSTING).args(["--accounts=3", "--limited-accounts=0"]));
    assert_eq!((code, diagnostics.as_str()), (Some(0), ""), "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let fewer = "no account is ever closed: choose more --accounts, or a lower --open-max";
    assert!(out.contains(fewer), "{out}");
    for row in [
        "daemon with ",
        "threads ",
        "closed account ",
        "closed − open, median, ms ",
    ] {
        assert!(
            out.lines().any(|line| line.starts_with(row)),
            "{row}: {out}"
        );
    }
}

#[test]
fn accounts_of_others_are_not_measured_with() {
    let directory = tempfile::tempdir().expect("a directory");
    let child = Child::serve(&ratchetd(), directory.path(), &[]).expect("it starts");
    let mut call = Command::new(ratchetd());
    call.args(["call", "--json", "--socket"])
        .arg(child.socket());
    report(call.args(["account_create", "account=mine"]));
    child.stop().expect("it stops");
    refused(
        bench(&SMALL_HOSTING)
            .arg("--data-dir")
            .arg(directory.path()),
        "an account mine",
    );
    let made = fs::read_dir(directory.path().join("accounts")).expect("accounts");
    let made = made.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".db")
    });
    assert_eq!(made.count(), 1);
}

#[test]
fn a_report_that_cannot_be_written_is_no_success() {
    for arguments in [
        &["--help"][..],
        &["--only=commit", "--rounds=1", "--seconds=0.1"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full");
        let output = bench(arguments)
            .stdout(full.expect("/dev/full"))
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(3), "{arguments:?} {output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("the output could not be written"), "{said}");
    }
}

#[test]
fn one_kind_can_be_measured_alone() {
    let report = report(bench(&SMALL).arg("--only=decrypt,empty"));
    let expected = [("empty", 1), ("decrypt", 1), ("empty", 3), ("decrypt", 3)];
    assert_eq!(measured(&report), expected);
}

#[test]
fn a_running_daemon_is_left_as_it_was() {
    let daemon = Daemon::start("");
    daemon.call(&["account_create", "account=mine"]);
    let report = report(bench(&SMALL).arg("--socket").arg(daemon.socket()));
    assert_eq!(measured(&report).len(), 11);
    assert!(report["idleKib"].is_null(), "it has other accounts");
    assert_eq!(daemon.accounts(), ["mine"]);
}

#[test]
fn a_run_that_is_interrupted_or_fails_leaves_no_account_either() {
    let daemon = Daemon::start("");
    let mut running = bench(&[
        "--seconds=3600",
        "--connections=2",
        "--members=2",
        "--socket",
    ]);
    let running = running
        .arg(daemon.socket())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    while daemon.accounts().is_empty() {}
    let status = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(status.expect("kill").success());
    let output = running.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "ratchetd-bench: interrupted\n"
    );
    assert_eq!(daemon.accounts(), [""; 0]);

    // One that lets nobody write to whom no request was made.
    let daemon = Daemon::start("[contacts]\npolicy = \"request\"\n");
    refused(
        bench(&SMALL).arg("--socket").arg(daemon.socket()),
        "contact",
    );
    assert_eq!(daemon.accounts(), [""; 0]);
}

/// It says why in one line, and does nothing.
fn refused(command: &mut Command, why: &str) {
    let (code, out, diagnostics) = run(command);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{diagnostics}");
    let first = diagnostics.lines().next().unwrap_or_default();
    assert!(first.contains(why), "{why}: {diagnostics}");
    // What goes on is which values there are, and after an empty line how to get help.
    let second = diagnostics.lines().nth(1).unwrap_or_default();
    assert!(second.is_empty() || second.starts_with("  [possible values: "));
}

#[test]
fn what_cannot_be_measured_is_refused_in_one_line() {
    for (arguments, why) in [
        (&["--connections=0"][..], "--connections"),
        (&["--connections=251"], "--connections"),
        (&["--seconds=0"], "--seconds"),
        (&["--seconds=soon"], "--seconds"),
        (&["--rounds=0"], "--rounds"),
        (&["--only=sign"], "--only"),
        (&["--members=1001"], "--members"),
        (&["--sessions=10"], "--sessions"),
        (&["--socket=/x", "--commit-cost=1"], "--commit-cost"),
        (&["--socket=/x", "--heavy"], "--heavy"),
        (&["--socket=/nowhere/at/all"], "ratchetd serve"),
        (&["--dir=/nowhere/at/all"], "scratch directory"),
        (&["--ratchetd=/nowhere/at/all"], "/nowhere/at/all"),
        (&["--ratchetd=/x", "--socket=/x"], "--ratchetd"),
        (&["--heavy", "hosting"], "hosting"),
        (&["hosting", "--accounts=1"], "--accounts"),
        (&["hosting", "--open-max=0"], "--open-max"),
        (&["hosting", "--socket=/x"], "--socket"),
        (
            &["hosting", "--ratchetd=/nowhere/at/all"],
            "/nowhere/at/all",
        ),
    ] {
        refused(&mut bench(arguments), why);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mut serve = Command::new(ratchetd());
    serve.args(["serve", "--dev-commit-cost-ms=1", "--data-dir"]);
    refused(serve.arg(directory.path()), "--dev");
}

/// The documents' commands are not run in full, but each of their flags is one.
#[test]
fn flags_in_the_documents_exist() {
    let helps = [&["--help"][..], &["hosting", "--help"]].map(|arguments| {
        let (code, help, _) = run(&mut bench(arguments));
        assert_eq!(code, Some(0));
        help
    });
    let is_in_names = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let [known, hosting] = helps.each_ref().map(|help| {
        let names = help.split(|letter| !is_in_names(letter));
        names.collect::<Vec<&str>>()
    });
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    for document in [
        "docs/operations.md",
        "docs/performance.md",
        "docs/performance-notes.md",
    ] {
        let text = fs::read_to_string(top.join(document)).expect(document);
        let commands = text.lines().filter_map(|line| {
            let (_, after) = line.split_once("ratchetd-bench ")?;
            after.split(['`', '#', '>']).next()
        });
        for command in commands {
            let known = match command.strip_prefix("hosting") {
                Some(_) => &hosting,
                None => &known,
            };
            for flag in command
                .split_whitespace()
                .filter(|word| word.starts_with("--"))
            {
                assert!(known.contains(&flag), "{document}: {flag}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}
