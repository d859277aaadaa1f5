//! The rules of ARCHITECTURE.md, checked against manifests and sources.

use std::{collections::BTreeSet, process::Command};

use crate::sources::{read, sources};
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

fn packages() -> Vec<Value> {
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
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
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
