//! The Dockerfile and compose.yaml, as far as they can be checked without a container engine.
//! `tests/container.sh` builds the image and runs it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use crate::support::{Daemon, RATCHETD};

/// The top of the repository.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(top().join(name)).expect(name)
}

/// The relay of compose.yaml, in a directory of its own.
struct Relay {
    directory: tempfile::TempDir,
    process: Child,
}

impl Relay {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut process = Command::new("sh")
            .arg(top().join("contrib/compose/relay.sh"))
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = BufReader::new(process.stdout.take().expect("its words"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        assert!(line.starts_with("relaying in "), "{line}");
        // It goes on speaking, whether or not anybody listens.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { directory, process }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The conversation of compose.yaml, as its container runs it.
fn conversation(alice: &Path, bob: &Path, relay: &Relay) -> Output {
    let program = Path::new(RATCHETD).parent().expect("a directory");
    let path = std::env::var("PATH").expect("a path");
    Command::new("sh")
        .arg(top().join("contrib/compose/conversation.sh"))
        .env("PATH", format!("{}:{path}", program.display()))
        .env("ALICE", alice)
        .env("BOB", bob)
        .env("RELAY", relay.directory.path())
        .output()
        .expect("a shell")
}

#[test]
fn the_conversation_of_the_composition_succeeds_as_often_as_it_is_held_and_fails_when_it_must() {
    let (alice, bob) = (Daemon::start_with(&[]), Daemon::start_with(&[]));
    let relay = Relay::start();
    for round in 0..2 {
        let held = conversation(&alice.socket(), &bob.socket(), &relay);
        let said = String::from_utf8_lossy(&held.stdout);
        assert!(held.status.success(), "round {round}: {said} {held:?}");
        assert!(said.contains("already_read"), "{said}");
        assert!(said.contains("message_key_gone"), "{said}");
        assert!(said.contains("authentication_failed"), "{said}");
        assert!(said.contains("unauthenticated_sender"), "{said}");
        assert!(said.ends_with("Everything went as it should.\n"), "{said}");
    }
    let nowhere = alice.socket().with_file_name("nowhere");
    let missing = conversation(&alice.socket(), &nowhere, &relay);
    assert!(!missing.status.success(), "{missing:?}");
}

#[test]
fn the_health_of_a_daemon_is_told_by_the_exit_code_and_in_one_line() {
    let mut daemon = Daemon::start();
    let health = |socket: &Path| {
        let mut asked = Command::new(RATCHETD);
        asked.arg("health").arg("--socket").arg(socket);
        let output = asked.output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let socket = daemon.socket();
    assert_eq!(
        health(&socket),
        (Some(0), "ready\n".to_owned(), String::new())
    );
    daemon.kill();
    let (code, out, diagnostics) = health(&socket);
    assert_eq!(
        (code, out.as_str(), diagnostics.lines().count()),
        (Some(1), "", 1)
    );
    assert!(diagnostics.contains("ratchetd serve"), "{diagnostics}");
    // Somebody else at that place.
    let other = socket.with_file_name("other");
    let listener = std::os::unix::net::UnixListener::bind(&other).expect("to bind");
    let stranger = std::thread::spawn(move || drop(listener.accept()));
    assert_eq!(health(&other).0, Some(1));
    stranger.join().expect("the stranger");
}

/// Instructions of the Dockerfile's stage of this name.
fn stage(name: &str) -> Vec<String> {
    let dockerfile = read("Dockerfile").replace("\\\n", " ");
    let mut lines = dockerfile.lines().map(str::trim);
    let begins = |line: &str| line.starts_with("FROM ") && line.ends_with(&format!(" AS {name}"));
    lines.find(|line| begins(line)).expect("the stage");
    lines
        .take_while(|line| !line.starts_with("FROM "))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_image_runs_the_program_as_an_unprivileged_user_and_checks_its_health() {
    let daemon = stage("daemon");
    let one = |keyword: &str| {
        let mut found = daemon.iter().filter(|line| line.starts_with(keyword));
        let line = found.next().unwrap_or_else(|| panic!("no {keyword}"));
        assert_eq!(found.next(), None, "{keyword} twice");
        line.clone()
    };
    assert_eq!(
        one("USER"),
        "USER 65532:65532",
        "a number: Kubernetes checks it"
    );
    assert_eq!(
        one("ENTRYPOINT"),
        "ENTRYPOINT [\"/usr/local/bin/ratchetd\"]"
    );
    assert!(
        !daemon.iter().any(|line| line.starts_with("RUN")),
        "there may be no shell"
    );
    assert!(one("HEALTHCHECK").ends_with("CMD [\"/usr/local/bin/ratchetd\", \"health\"]"));

    // What it is told on the command line and in the environment is what there is to tell.
    let help = Command::new(RATCHETD)
        .args(["serve", "--help"])
        .output()
        .expect("help");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let command = one("CMD");
    let words = command.trim_start_matches("CMD ");
    let words: Vec<String> = serde_json::from_str(words).expect("an array");
    assert_eq!(words[0], "serve");
    for flag in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag.as_str()), "{flag}");
    }
    let environment = one("ENV");
    let names = environment
        .split_whitespace()
        .filter_map(|word| word.split_once('='));
    for (name, value) in names {
        assert!(help.contains(&format!("env: {name}")), "{name}");
        let directory = Path::new(value);
        let directory = if name == "RATCHETD_SOCKET" {
            directory.parent().expect("a directory")
        } else {
            directory
        };
        let made = format!(" {}", directory.display());
        let made = daemon.iter().any(|line| {
            line.starts_with("COPY --from=build --chown=65532:65532 ") && line.ends_with(&made)
        });
        assert!(made, "{} is not ours in the image", directory.display());
    }
}

#[test]
fn the_composition_gives_its_daemons_nothing_they_do_not_need() {
    let compose = read("compose.yaml");
    for line in [
        "network_mode: none",
        "read_only: true",
        "    - ALL\n",
        "no-new-privileges:true",
        "condition: service_healthy",
        "memlock: -1",
    ] {
        assert!(compose.contains(line), "{line}");
    }
    assert!(!compose.contains("privileged") && !compose.contains("user: root"));
    assert!(!compose.contains("ports:"), "nothing is published");
    for (target, image) in [("daemon", "ratchetd"), ("demo", "ratchetd-demo")] {
        assert!(compose.contains(&format!("target: {target}\n")), "{target}");
        assert!(compose.contains(&format!("image: {image}\n")), "{image}");
        assert!(!stage(target).is_empty());
    }
}

/// Everything is left out of the build but what is named: no store, no key of somebody who builds
/// in a directory in use.
#[test]
fn only_sources_go_into_the_build() {
    let ignored = read(".dockerignore");
    let lines: Vec<&str> = ignored
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(lines[0], "*");
    let (taken, left): (Vec<&str>, Vec<&str>) =
        lines[1..].iter().partition(|line| line.starts_with('!'));
    for name in taken.iter().map(|line| line.trim_start_matches('!')) {
        let name = name.trim_end_matches('*');
        assert!(top().join(name).exists(), "{name} is not there");
    }
    for kind in [
        "**/target",
        "**/*.key",
        "**/*.token",
        "**/*.db",
        "**/*.epoch",
    ] {
        assert!(left.contains(&kind), "{kind}");
    }
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "crates",
        "proto",
        "migrations",
        "contrib/compose",
    ] {
        assert!(taken.contains(&format!("!{needed}").as_str()), "{needed}");
    }
}
