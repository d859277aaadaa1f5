//! The inputs that are kept, each through its target.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by panicking"
)]

use std::{fs, panic, path::PathBuf};

use fuzz_targets::TARGETS;

/// How many bytes all corpora may have together: they are fetched with every clone.
const MAX_BYTES: u64 = 3 << 20;

fn corpora() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

#[test]
fn every_kept_input_passes() {
    let mut bytes = 0;
    for (name, target) in TARGETS {
        let mut inputs: Vec<_> = fs::read_dir(corpora().join(name))
            .unwrap_or_else(|error| panic!("corpus of {name}: {error}"))
            .map(|entry| entry.expect("an entry").path())
            .collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "the corpus of {name} is empty");
        for path in inputs {
            let input = fs::read(&path).expect("an input");
            bytes += input.len() as u64;
            if let Err(cause) = panic::catch_unwind(|| target(&input)) {
                eprintln!("input {}", path.display());
                panic::resume_unwind(cause);
            }
        }
    }
    assert!(bytes <= MAX_BYTES, "the corpora have {bytes} bytes");
}

#[test]
fn every_corpus_has_its_target_and_every_target_its_program() {
    let programs = corpora().join("../fuzz_targets");
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let stem = path.file_stem().expect("a name");
                stem.to_string_lossy().into_owned()
            })
            .collect();
        names.sort();
        names
    };
    let mut targets: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.sort();
    assert_eq!(names(corpora()), targets);
    assert_eq!(names(programs), targets);
}
