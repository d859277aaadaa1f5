//! The rules of ARCHITECTURE.md, checked against manifests and sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use crate::sources::{Source, is_word, read, sources, top};
use serde_json::Value;

/// The crates of the workspace, each with those that it may use.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("crypto-core", &[]),
    ("envelope", &["crypto-core"]),
    ("engine", &["envelope", "crypto-core"]),
    ("session-store", &["engine", "crypto-core"]),
    ("rpc", &["engine", "envelope", "crypto-core"]),
    (
        "daemon",
        &["rpc", "session-store", "engine", "envelope", "crypto-core"],
    ),
    (
        "fuzz-targets",
        &["daemon", "rpc", "engine", "envelope", "crypto-core"],
    ),
    (
        "bench",
        &[
            "daemon",
            "session-store",
            "engine",
            "envelope",
            "crypto-core",
        ],
    ),
    // What it measures are its dev-dependencies.
    ("criterion-benches", &[]),
];

/// Packages, each with the crates that may depend on it.
const ONLY_IN: [(&str, &[&str]); 7] = [
    ("rusqlite", &["session-store"]),
    ("prost", &["engine"]),
    ("jsonrpsee", &["daemon"]),
    ("k256", &["crypto-core"]),
    ("x25519-dalek", &["crypto-core"]),
    ("getrandom", &["daemon"]),
    ("tracing", &["daemon"]),
];

/// Packages that only benchmarks may depend on.
const ONLY_MEASURED_WITH: [&str; 2] = ["criterion", "vodozemac"];

/// Crates whose rooms, the modules at their top, import each other in no circle.
const WITHOUT_CIRCLES: [&str; 2] = ["daemon", "engine"];

/// Most modules at the top of `engine`, tests left out. The fifteenth is `linking`, where an
/// account begins with what another one gives.
const MAX_ROOMS_OF_ENGINE: usize = 15;

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn packages() -> Vec<Value> {
    let packages = &metadata()["packages"];
    packages.as_array().expect("packages").clone()
}

/// The README says `cargo run -- demo`: without a choice among several programs.
#[test]
fn cargo_run_runs_the_daemon() {
    let metadata = metadata();
    let default = metadata["workspace_default_members"].as_array();
    let [member] = default.expect("members").as_slice() else {
        panic!("several members by default");
    };
    assert!(member.as_str().expect("an id").contains("/crates/daemon#"));
}

/// The dependencies of a package, without those of its tests and build script.
fn uses(package: &Value) -> BTreeSet<String> {
    package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn crates_use_only_those_below_them() {
    let packages = packages();
    assert_eq!(packages.len(), MAY_USE.len());
    let ours: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    for package in &packages {
        let name = package["name"].as_str().expect("a name");
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        for used in uses(package) {
            assert!(
                !ours.contains(used.as_str()) || allowed.contains(&used.as_str()),
                "{name} uses {used}"
            );
        }
    }
}

#[test]
fn packages_of_one_crate_are_used_by_no_other() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let used = uses(&package);
        for (library, homes) in ONLY_IN {
            assert!(
                !used.contains(library) || homes.contains(&name),
                "{name} names {library}"
            );
        }
    }
}

#[test]
fn packages_of_benchmarks_are_in_no_build_and_no_test() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let benchmarks = name == "criterion-benches";
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let named = dependency["name"].as_str().expect("a name");
            assert!(
                benchmarks || !ONLY_MEASURED_WITH.contains(&named),
                "{name} names {named}"
            );
        }
        // A library, program or example would be compiled with the tests.
        for target in package["targets"].as_array().expect("targets") {
            let kind = &target["kind"][0];
            assert!(!benchmarks || kind == "bench", "{name} has a {kind}");
        }
    }
}

/// A serving daemon opens no connection; only commands that call a daemon do.
#[test]
fn nothing_that_serves_opens_a_connection() {
    let calls = [
        "Stream::connect",
        "::connect(",
        "Client::builder",
        "connect_timeout",
    ];
    let connecting: BTreeSet<String> = sources()
        .iter()
        .filter(|source| calls.iter().any(|call| source.text.contains(call)))
        .map(|source| format!("{}/src/{}", source.krate, source.path))
        .collect();
    let expected = [
        "bench/src/connection.rs",
        "daemon/src/commands/health.rs",
        // Checks whether another daemon listens at its path.
        "daemon/src/server/unix.rs",
        "rpc/src/client.rs",
    ];
    assert_eq!(connecting, expected.map(str::to_owned).into());
    // The client is for commands.
    assert!(!read("crates/daemon/src/commands/serve.rs").contains("client"));
}

#[test]
fn rooms_of_a_crate_import_each_other_in_no_circle() {
    for krate in WITHOUT_CIRCLES {
        let mut arrows = imports_between_rooms(krate);
        // What nothing leads to, and what leads nowhere, is on no circle.
        loop {
            let from: BTreeSet<String> = arrows.keys().map(|(from, _)| from.clone()).collect();
            let to: BTreeSet<String> = arrows.keys().map(|(_, to)| to.clone()).collect();
            let before = arrows.len();
            arrows.retain(|(one, other), _| to.contains(one) && from.contains(other));
            if arrows.len() == before {
                break;
            }
        }
        assert!(arrows.is_empty(), "{krate} has a circle: {arrows:#?}");
    }
}

/// The imports of a crate that lead from one room (a module at its top) to another, with the files
/// that have them.
fn imports_between_rooms(krate: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let sources: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.krate == krate)
        .collect();
    let room = |source: &Source| source.module().first().cloned();
    let rooms: BTreeSet<String> = sources.iter().filter_map(room).collect();
    let mut arrows: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for source in &sources {
        let Some(from) = room(source) else { continue };
        for to in source
            .paths()
            .into_iter()
            .filter_map(|path| path.into_iter().next())
        {
            if to != from && rooms.contains(&to) {
                let files = arrows.entry((from.clone(), to)).or_default();
                files.insert(source.path.clone());
            }
        }
    }
    assert!(arrows.len() > 5, "{krate}: {arrows:?}");
    arrows
}

#[test]
fn nothing_is_reexported_by_a_glob() {
    for source in sources() {
        for (at, _) in source.text.match_indices("use ") {
            let line = source.text[..at].rfind('\n').map_or(0, |end| end + 1);
            let visibility = source.text[line..at].trim();
            let end = source.text[at..].find(';').map_or(at, |end| at + end);
            let is_glob = visibility.starts_with("pub") && source.text[at..end].contains('*');
            assert!(
                !is_glob,
                "{}: {}: {}",
                source.krate,
                source.path,
                &source.text[line..end]
            );
        }
    }
}

/// `crate::model::Session`, not `crate::Session`: only what is defined in the root of a crate is
/// imported from there.
#[test]
fn items_are_imported_from_the_module_that_defines_them() {
    let sources = sources();
    let mut wrong = Vec::new();
    for source in &sources {
        let root = |other: &&Source| {
            other.krate == source.krate && ["lib.rs", "main.rs"].contains(&other.path.as_str())
        };
        let defined = |name: &str| {
            let is_macro = sources
                .iter()
                .filter(|other| other.krate == source.krate)
                .any(|other| other.text.contains(&format!("macro_rules! {name}")));
            let kinds = [
                "mod", "fn", "struct", "enum", "trait", "type", "const", "static",
            ];
            let in_root = sources.iter().filter(root).any(|root| {
                kinds.iter().any(|kind| {
                    let item = format!("{kind} {name}");
                    root.text
                        .match_indices(&item)
                        .any(|(at, _)| !root.text[at + item.len()..].starts_with(is_word))
                })
            });
            is_macro || in_root
        };
        for path in source.paths() {
            if let Some(name) = path.first().filter(|name| !defined(name)) {
                wrong.push(format!("{}: {}: {name}", source.krate, source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn engine_has_few_rooms() {
    let root = read("crates/engine/src/lib.rs");
    let rooms: Vec<&str> = root
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .filter(|room| *room != "tests;")
        .collect();
    assert!(rooms.len() <= MAX_ROOMS_OF_ENGINE, "{rooms:?}");
}

/// The rooms of `engine` and what each imports, from the bottom up: a room imports only those above
/// it in this list, so that there is no circle.
const ROOMS_OF_ENGINE: [(&str, &[&str]); 15] = [
    ("model", &[]),
    ("store", &["model"]),
    ("wire", &["model"]),
    ("engine", &["model", "store", "wire"]),
    ("own_bundle", &["engine", "model", "store", "wire"]),
    ("sealing", &["engine", "model", "store"]),
    ("chat_clock", &["engine", "model", "store"]),
    ("sessions", &["engine", "model", "store"]),
    (
        "groups",
        &["chat_clock", "engine", "model", "store", "wire"],
    ),
    (
        "send",
        &[
            "engine",
            "groups",
            "model",
            "own_bundle",
            "sealing",
            "sessions",
            "store",
            "wire",
        ],
    ),
    (
        "queries",
        &[
            "engine",
            "groups",
            "model",
            "own_bundle",
            "sealing",
            "send",
            "sessions",
            "store",
        ],
    ),
    (
        "contacts",
        &["engine", "model", "queries", "sealing", "sessions", "store"],
    ),
    (
        "receive",
        &[
            "contacts", "engine", "groups", "model", "queries", "sealing", "sessions", "store",
            "wire",
        ],
    ),
    ("linking", &["engine", "model", "store", "wire"]),
    (
        "world",
        &[
            "engine", "groups", "model", "sealing", "send", "sessions", "store", "wire",
        ],
    ),
];

#[test]
fn rooms_of_engine_import_only_those_below_them() {
    for (at, (room, allowed)) in ROOMS_OF_ENGINE.iter().enumerate() {
        for below in *allowed {
            let is_below = ROOMS_OF_ENGINE[..at].iter().any(|(name, _)| name == below);
            assert!(is_below, "{room} may use {below}, which is not below it");
        }
    }
    let used = imports_between_rooms("engine");
    let mut wrong = Vec::new();
    for ((from, to), files) in &used {
        let allowed = ROOMS_OF_ENGINE.iter().find(|(room, _)| room == from);
        let Some((_, allowed)) = allowed else {
            wrong.push(format!("{from} is not in the table"));
            continue;
        };
        if !allowed.contains(&to.as_str()) {
            wrong.push(format!("{from} uses {to} in {files:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (room, allowed) in ROOMS_OF_ENGINE {
        for below in allowed {
            let arrow = (room.to_owned(), (*below).to_owned());
            assert!(used.contains_key(&arrow), "{room} does not use {below}");
        }
    }
}

/// Most files that are tracked by git.
const MAX_TRACKED_FILES: usize = 1_400;

/// Passed over where there is no repository.
#[test]
fn the_repository_has_few_files() {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(top())
        .output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        eprintln!("passed over: this is no git repository");
        return;
    };
    let count = listed.stdout.split(|byte| *byte == 0).count() - 1;
    assert!(count <= MAX_TRACKED_FILES, "{count} files");
}
