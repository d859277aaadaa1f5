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
const SMALL: [&str; 7] = [
    "--rounds=2",
    "--connections=3",
    "--members=3",
    "--mix=empty=1,encrypt=2,decrypt=2,group=1",
    "--json",
    "--peers=2",
    "--bars",
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

/// Latencies rise, and their distribution has all of them.
fn check_latency(of: &Value, count: &Value) {
    let latency = &of["latency"];
    let quantiles = ["p50", "p90", "p99", "max"].map(|name| number(&latency[name]));
    assert!(quantiles[0] > 0.0 && quantiles.is_sorted(), "{latency}");
    let steps = of["distribution"].as_array().expect("steps");
    let counted: u64 = steps.iter().filter_map(|step| step["count"].as_u64()).sum();
    assert_eq!(count, counted, "{of}");
}

#[test]
fn a_run_on_a_scratch_daemon_has_every_figure_and_no_errors() {
    let directory = tempfile::tempdir().expect("a directory");
    let report = report(
        bench(&SMALL)
            .args([
                "--seconds=0.2",
                "--commit-cost=1",
                "--sessions=12",
                "--messages=6",
            ])
            .args(["--accounts=2", "--dir"])
            .arg(directory.path()),
    );
    assert_eq!(report["errors"], 0, "{report}");
    let figures = report["figures"].as_array().expect("figures");
    let measured: Vec<(&str, u64)> = figures
        .iter()
        .map(|figure| {
            let name = figure["name"].as_str().expect("a name");
            (name, figure["connections"].as_u64().expect("a number"))
        })
        .collect();
    let expected = [
        ("empty", 1),
        ("encrypt", 1),
        ("decrypt", 1),
        ("group", 1),
        ("empty", 3),
        ("encrypt", 3),
        ("decrypt", 3),
        ("strange", 3),
        ("mix", 3),
        ("mix: empty", 3),
        ("mix: encrypt", 3),
        ("mix: decrypt", 3),
        ("mix: group", 3),
    ];
    assert_eq!(measured, expected);
    for figure in figures {
        assert!(number(&figure["callsPerSecond"]) > 0.0, "{figure}");
        assert_eq!(figure["rounds"].as_array().expect("rounds").len(), 2);
        assert_eq!(
            figure["ofEmpty"].is_null(),
            figure["name"] == "empty",
            "{figure}"
        );
        check_latency(figure, &figure["calls"]);
    }
    for floor in ["bareCommit", "seals"] {
        let floor = &report["floors"][floor];
        check_latency(floor, &floor["count"]);
    }
    for name in ["sessions", "sessionsSpread", "messages"] {
        assert!(number(&report[name]["ratio"]) > 0.0, "{name}: {report}");
    }
    assert_eq!(
        (
            &report["manyAccounts"]["accounts"],
            &report["manyAccounts"]["sessions"]
        ),
        (&json!(2), &json!(6))
    );
    assert!(number(&report["idleKib"]) > 0.0);
    let bars = report["bars"].as_array().expect("bars");
    assert_eq!(bars.len(), 13, "{bars:#?}");
    for bar in bars {
        let (measured, wanted) = (number(&bar["measured"]), number(&bar["bar"]));
        let met = if bar["atLeast"] == true {
            measured >= wanted
        } else {
            measured <= wanted
        };
        assert_eq!(bar["met"], met, "{bar}");
    }
    assert_eq!(
        report["machine"]["directory"],
        directory.path().to_str().expect("text")
    );
    let version = report["daemon"].as_str().expect("a version");
    assert!(version.starts_with(env!("CARGO_PKG_VERSION")), "{version}");
    let left: Vec<_> = fs::read_dir(directory.path()).expect("it").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What the simulated cost is for: it is in every commit of the daemon that is given it.
#[test]
fn a_commit_that_costs_more_is_felt_by_every_encryption() {
    let report = report(bench(&SMALL).args(["--calls=6", "--commit-cost=20"]));
    let cost = &report["commitCost"];
    assert_eq!(cost["addedMs"], 20);
    for one in ["one", "many"] {
        let fastest = cost[one]["distribution"][0]["toUs"].clone();
        assert!(number(&fastest) >= 20_000.0, "{cost}");
    }
}

#[test]
fn people_get_a_table_histograms_and_the_bars() {
    let arguments: Vec<&str> = SMALL.into_iter().filter(|one| *one != "--json").collect();
    let (code, out, diagnostics) = run(bench(&arguments).arg("--calls=6"));
    assert_eq!((code, diagnostics.as_str()), (Some(0), ""), "{out}");
    for part in [
        "calls/s",
        "of empty",
        "bare commit",
        "█",
        "| what | measured | bar | met |",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains('\u{1b}'), "a pipe is no terminal: {out:?}");
}

#[test]
fn one_kind_can_be_measured_alone() {
    let report = report(bench(&SMALL).args(["--calls=6", "--only=decrypt,empty"]));
    let figures = report["figures"].as_array().expect("figures");
    let measured: Vec<_> = figures
        .iter()
        .map(|figure| (&figure["name"], &figure["connections"], &figure["calls"]))
        .collect();
    let twelve = &json!(12);
    assert_eq!(
        measured,
        [
            (&json!("empty"), &json!(1), twelve),
            (&json!("decrypt"), &json!(1), twelve),
            (&json!("empty"), &json!(3), twelve),
            (&json!("decrypt"), &json!(3), twelve),
        ],
        "every call was made, in two rounds"
    );
}

#[test]
fn a_running_daemon_is_left_as_it_was() {
    let daemon = Daemon::start("");
    daemon.call(&["account_create", "account=mine"]);
    let report = report(
        bench(&SMALL)
            .args(["--calls=5", "--socket"])
            .arg(daemon.socket()),
    );
    assert_eq!(report["errors"], 0);
    assert_eq!(report["figures"][0]["calls"], 10, "in each of two rounds");
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
        bench(&SMALL)
            .args(["--calls=6", "--socket"])
            .arg(daemon.socket()),
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
    // What goes on after an empty line is how to get help.
    assert!(diagnostics.lines().nth(1).unwrap_or_default().is_empty());
}

#[test]
fn what_cannot_be_measured_is_refused_in_one_line() {
    for (arguments, why) in [
        (&["--connections=0"][..], "--connections"),
        (&["--connections=251"], "--connections"),
        (&["--seconds=0"], "--seconds"),
        (&["--seconds=soon"], "--seconds"),
        (&["--rounds=0"], "--rounds"),
        (&["--mix=encrypt"], "--mix"),
        (&["--mix=sign=1"], "sign"),
        (&["--only=sign"], "--only"),
        (&["--members=1001"], "--members"),
        (&["--calls=1", "--seconds=1"], "--seconds"),
        (&["--sessions=10"], "--sessions"),
        (&["--socket=/x", "--commit-cost=1"], "--commit-cost"),
        (&["--socket=/x", "--heavy"], "--heavy"),
        (&["--socket=/nowhere/at/all"], "ratchetd serve"),
        (&["--dir=/nowhere/at/all"], "scratch directory"),
        (&["--ratchetd=/nowhere/at/all"], "/nowhere/at/all"),
        (&["--ratchetd=/x", "--socket=/x"], "--ratchetd"),
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
    let (code, help, _) = run(&mut bench(&["--help"]));
    assert_eq!(code, Some(0));
    let is_in_names = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let known: Vec<&str> = help.split(|letter| !is_in_names(letter)).collect();
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
        for flag in commands.flat_map(str::split_whitespace) {
            if flag.starts_with("--") {
                assert!(known.contains(&flag), "{document}: {flag}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}
