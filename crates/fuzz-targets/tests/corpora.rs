//! The inputs that are kept, each through its target.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by panicking"
)]

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read as _,
    panic,
    path::PathBuf,
};

use fuzz_targets::TARGETS;

/// Named inputs of one target: so many that a person can read through them.
const MAX_NAMED: usize = 60;
/// Bytes of all inputs together: they are fetched with every clone.
const MAX_BYTES: usize = 3 << 20;

fn corpora() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// The inputs of a target that have names: seeds and regressions.
fn named(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(corpora().join(target)).expect("a corpus");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let input = fs::read(&path).expect("an input");
            (path.display().to_string(), input)
        })
        .collect()
}

/// What fuzzers found for a target, and is packed.
fn packed(target: &str) -> Vec<(String, Vec<u8>)> {
    let path = corpora().join(format!("{target}.tar"));
    let mut archive = tar::Archive::new(File::open(&path).expect("packed inputs"));
    let mut inputs = Vec::new();
    for entry in archive.entries().expect("a tar file") {
        let mut entry = entry.expect("an entry");
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().expect("a name").display().to_string();
        let mut input = Vec::new();
        entry.read_to_end(&mut input).expect("an input");
        inputs.push((format!("{name} of {}", path.display()), input));
    }
    inputs
}

#[test]
fn every_kept_input_passes() {
    let mut bytes = 0;
    for (name, target) in TARGETS {
        let named = named(name);
        assert!(
            (1..=MAX_NAMED).contains(&named.len()),
            "{name} has {} named inputs",
            named.len()
        );
        let packed = packed(name);
        assert!(!packed.is_empty(), "nothing is packed for {name}");
        for (path, input) in named.into_iter().chain(packed) {
            bytes += input.len();
            if let Err(cause) = panic::catch_unwind(|| target(&input)) {
                eprintln!("input {path}");
                panic::resume_unwind(cause);
            }
        }
    }
    assert!(bytes <= MAX_BYTES, "the inputs have {bytes} bytes");
}

#[test]
fn every_corpus_has_its_target_and_every_target_its_program() {
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let stem = path.file_stem().expect("a name");
                stem.to_string_lossy().into_owned()
            })
            .collect()
    };
    let targets = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(corpora()), targets);
    assert_eq!(names(corpora().join("../fuzz_targets")), targets);
}
