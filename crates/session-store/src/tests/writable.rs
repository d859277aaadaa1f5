//! Whether the files of a directory can be written.

use std::fs;

use super::*;
use crate::{Unwritable, data_dir::wal_of, unwritable};

#[test]
fn a_sound_directory_can_be_written_and_trying_leaves_nothing_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let _log = directory.event_log().unwrap();
    let _store = directory.create_account(&account("alice")).unwrap();
    let names = || {
        let mut names: Vec<_> = [scratch.path().to_owned(), scratch.path().join("accounts")]
            .iter()
            .flat_map(|directory| fs::read_dir(directory).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        names
    };
    let before = names();
    assert_eq!(directory.check_directories(), Ok(()));
    assert_eq!(directory.check_event_log(), Ok(()));
    assert_eq!(directory.check_account(&name("alice")), Ok(()));
    assert_eq!(unwritable(scratch.path()), []);
    assert_eq!(names(), before);
}

#[test]
fn what_is_gone_or_no_file_is_named_with_its_account() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    drop(directory.event_log().unwrap());
    for called in ["alice", "bob"] {
        drop(directory.create_account(&account(called)).unwrap());
    }
    let log = scratch.path().join("events.db");
    let alices = scratch.path().join("accounts/alice.db");
    let bobs_log = wal_of(&scratch.path().join("accounts/bob.db"));
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    fs::remove_file(&alices).unwrap();
    let _ = fs::remove_file(&bobs_log);
    fs::create_dir(&bobs_log).unwrap();
    let is = |checked: Result<(), Unwritable>, path: &Path, problem: &str| {
        let wrong = checked.unwrap_err();
        assert_eq!(wrong.path, path);
        assert!(wrong.problem.contains(problem), "{wrong}");
        assert_ne!(wrong.mend, "");
    };
    is(directory.check_event_log(), &log, "no file");
    is(
        directory.check_account(&name("alice")),
        &alices,
        "No such file",
    );
    is(directory.check_account(&name("bob")), &bobs_log, "no file");
    // As `doctor` sees it. What is not there has no name to go by.
    let found: Vec<_> = unwritable(scratch.path())
        .into_iter()
        .map(|(account, wrong)| (account, wrong.path))
        .collect();
    assert_eq!(found, [(None, log), (Some(name("bob")), bobs_log)]);
    // A file that cannot be made, whoever tries.
    fs::create_dir(scratch.path().join("accounts/.new-trial")).unwrap();
    let wrong = directory.check_directories().unwrap_err();
    assert_eq!(wrong.path, scratch.path().join("accounts"));
}
