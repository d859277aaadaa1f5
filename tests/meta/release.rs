//! Releases: the version stands in one place and is repeated right, and the packages have in them
//! what their parts refer to.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use crate::{
    documents::commands::blocks,
    sources::{read, top},
    support::RATCHETD,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Files that repeat the version of `Cargo.toml`, the text before it there, and how often.
const REPEATED: [(&str, &str, usize); 4] = [
    ("clients/typescript/package.json", "\n  \"version\": \"", 1),
    (
        "clients/typescript/package-lock.json",
        "\"name\": \"ratchetd\",\n*\"version\": \"",
        2,
    ),
    ("clients/python/pyproject.toml", "\nversion = \"", 1),
    ("contrib/kubernetes/ratchetd.yaml", "image: ratchetd:", 1),
];

/// The text with `VERSION` behind each `before`, in which `*` stands for an indentation; how often.
fn with_version(text: &str, before: &str) -> (String, usize) {
    let (first, second) = before.split_once('*').unwrap_or(("", before));
    let (mut done, mut rest, mut times) = (String::new(), text, 0);
    while let Some(at) = rest.find(second) {
        let (head, tail) = rest.split_at(at);
        let (found, tail) = tail.split_at(second.len());
        done.push_str(head);
        let is_one = done.trim_end_matches(' ').ends_with(first);
        done.push_str(found);
        rest = tail;
        if is_one {
            let end = rest.find(['"', '\n']).expect("an end");
            rest = &rest[end..];
            done.push_str(VERSION);
            times += 1;
        }
    }
    (done + rest, times)
}

/// With `RATCHETD_WRITE` it is written where it is another.
#[test]
fn the_versions_of_clients_and_images_are_that_of_the_workspace() {
    for (path, before, times) in REPEATED {
        if !top().join(path).exists() {
            continue;
        }
        let text = read(path);
        let (right, found) = with_version(&text, before);
        assert_eq!(found, times, "{path}");
        if std::env::var_os("RATCHETD_WRITE").is_some() {
            fs::write(top().join(path), right).expect("to write");
        } else {
            assert_eq!(text, right, "{path}: RATCHETD_WRITE=1 writes it");
        }
    }
    let changes = read("CHANGELOG.md");
    let mut headings = changes.lines().filter_map(|line| line.strip_prefix("## "));
    let newest = headings.next().expect("a heading");
    let newest = newest.split(' ').next();
    assert!([Some("Unreleased"), Some(VERSION)].contains(&newest));
}

#[test]
fn a_version_is_written_where_it_is_repeated_and_nowhere_else() {
    let lock = "{\n  \"name\": \"ratchetd\",\n  \"version\": \"0.0.0\"\n}\n\"version\": \"0.0.0\"";
    let (right, times) = with_version(lock, "\"name\": \"ratchetd\",\n*\"version\": \"");
    assert_eq!(right, lock.replacen("0.0.0", VERSION, 1));
    assert_eq!(times, 1);
}

/// Whether these programs are there.
fn are_there(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let there = Command::new(program).arg("--version").output().is_ok();
        if !there {
            eprintln!("passed over: there is no {program} here");
        }
        there
    })
}

fn release(arguments: &[&str]) -> Output {
    Command::new(top().join("contrib/release/release.sh"))
        .args(arguments)
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .env("RATCHETD_REVISION", "unpacked")
        .output()
        .expect("it runs")
}

fn shell(directory: &Path, script: &str) -> String {
    let output = Command::new("bash")
        .args(["-euc", script])
        .current_dir(directory)
        .env("HOME", directory)
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_release_script_says_what_it_makes_and_refuses_what_it_cannot() {
    let help = release(&["--help"]);
    let help = String::from_utf8(help.stdout).expect("text");
    let workflow = read(".github/workflows/release.yml");
    let script = read("contrib/release/release.sh");
    let all = script
        .lines()
        .find_map(|line| line.strip_prefix("all=(")?.strip_suffix(')'));
    for part in all.expect("the parts").split(' ').chain(["twice"]) {
        assert!(help.contains(&format!("\n  {part} ")), "{part}: {help}");
        assert!(script.contains(&format!("\nmake_{part}() {{")), "{part}");
        let is_made = workflow
            .lines()
            .any(|line| line.contains("release.sh ") && line.split(' ').any(|word| word == part));
        assert!(is_made, "{part}");
    }
    for wrong in [&["floppy"][..], &["--target"]] {
        let refused = release(wrong);
        assert!(!refused.status.success());
        let said = String::from_utf8(refused.stderr).expect("text");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// The packages with a stand-in for the program that runs it: small, and with its pages.
#[test]
fn a_release_can_be_installed_as_the_readme_says_and_its_package_is_whole() {
    if !are_there(&["python3", "dpkg-deb"]) {
        return;
    }
    let scratch = tempfile::tempdir().expect("a directory");
    let program = scratch.path().join("program");
    let ratchetd = Path::new(RATCHETD).canonicalize().expect("the program");
    let stand_in = format!("#!/bin/sh\nexec '{}' \"$@\"\n", ratchetd.display());
    fs::write(&program, stand_in).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
    let out = scratch.path().join("dist");
    let made = release(&[
        "--program",
        program.to_str().expect("text"),
        "--out",
        out.to_str().expect("text"),
        "binary",
        "deb",
        "notes",
        "sums",
    ]);
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");

    let readme = read("README.md");
    let install = blocks(&readme)
        .into_iter()
        .find(|block| block.commands.starts_with("sha256sum "))
        .expect("how to install");
    let script = format!("PATH=~/.local/bin:$PATH\n{}", install.commands);
    let said = shell(&out, &script);
    assert!(said.contains(&format!("\nratchetd {VERSION} (")), "{said}");
    // What was changed on its way is found.
    let script = "echo >>ratchetd_*.deb; ! sha256sum --check --quiet SHA256SUMS 2>/dev/null";
    shell(&out, script);

    let root = scratch.path().join("dist.work/deb");
    let listed = shell(&out, "dpkg-deb --contents ratchetd_*.deb");
    for (mode, path) in [
        ("-rwxr-xr-x", "usr/bin/ratchetd"),
        ("-rw-r--r--", "usr/lib/systemd/system/ratchetd.service"),
        ("-rw-r--r--", "usr/lib/systemd/system/ratchetd.socket"),
        ("-rw-r--r--", "usr/lib/systemd/user/ratchetd.service"),
        ("-rw-r--r--", "usr/share/man/man1/ratchetd.1.gz"),
        ("-rw-r--r--", "usr/share/man/man1/ratchetd-serve.1.gz"),
        (
            "-rw-r--r--",
            "usr/share/bash-completion/completions/ratchetd",
        ),
        ("-rw-r--r--", "usr/share/zsh/vendor-completions/_ratchetd"),
        (
            "-rw-r--r--",
            "usr/share/fish/vendor_completions.d/ratchetd.fish",
        ),
        (
            "-rw-r--r--",
            "usr/share/doc/ratchetd/examples/ratchetd.toml",
        ),
        ("-rw-r--r--", "usr/share/doc/ratchetd/copyright"),
        ("-rw-r--r--", "usr/share/doc/ratchetd/THIRD-PARTY.txt.gz"),
    ] {
        let is_it = |line: &&str| line.ends_with(&format!(" ./{path}"));
        let line = listed
            .lines()
            .find(is_it)
            .unwrap_or_else(|| panic!("{path}"));
        assert!(line.starts_with(&format!("{mode} root/root")), "{line}");
    }
    // Each unit starts the program of the package.
    for unit in ["system/ratchetd.service", "user/ratchetd.service"] {
        let unit = root.join("usr/lib/systemd").join(unit);
        let unit = fs::read_to_string(unit).expect("a unit");
        assert!(
            unit.contains("\nExecStart=/usr/bin/ratchetd serve"),
            "{unit}"
        );
        assert!(!unit.contains(".local/bin") && !unit.contains("/usr/local"));
    }
    let control = fs::read_to_string(root.join("DEBIAN/control")).expect("its description");
    assert!(
        control.contains(&format!("\nVersion: {VERSION}-1\n")),
        "{control}"
    );
    assert!(!control.contains(": @"), "{control}");
}
