//! Directories under another key, and changes of a key that were cut off.

use std::{fs, path::Path};

use getrandom::SysRng;
use rand_core::UnwrapErr;

use super::{account, name, open, open_with};
use crate::{
    DataDir, KDF_FILE, KEY_FILE, OpenError, rekey,
    rekey::{READY, REKEYING, write_copies},
};

const ACCOUNTS: [&str; 2] = ["a", "b"];

/// A directory with two accounts and an event log, and the key of its databases if it is in a file.
fn directory(at: &Path, passphrase: Option<&str>) {
    let directory = opened(at, passphrase).unwrap();
    for called in ACCOUNTS {
        drop(directory.create_account(&account(called)).unwrap());
    }
    drop(directory.event_log().unwrap());
}

fn opened(at: &Path, passphrase: Option<&str>) -> Result<DataDir, OpenError> {
    passphrase.map_or_else(|| open(at), |passphrase| open_with(at, passphrase))
}

/// Everything opens under this key, is the newest state, and nothing of the change is left.
fn is_under(at: &Path, passphrase: Option<&str>) {
    let directory = opened(at, passphrase).unwrap();
    assert_eq!(directory.accounts().unwrap(), ACCOUNTS.map(name));
    for called in ACCOUNTS {
        let (_, store) = directory.open_account(&name(called)).unwrap();
        assert_eq!(store.displaced(), None);
    }
    drop(directory.event_log().unwrap());
    assert!(!at.join(REKEYING).exists());
    assert_eq!(at.join(KEY_FILE).exists(), passphrase.is_none());
    assert_eq!(at.join(KDF_FILE).exists(), passphrase.is_some());
}

fn change(at: &Path, old: Option<&str>, new: Option<&str>) -> Result<(), OpenError> {
    rekey(
        at,
        old.map(str::as_bytes),
        new.map(str::as_bytes),
        &mut UnwrapErr(SysRng),
    )
}

/// A change of the key whose marker file was made.
fn cut_off_at_the_mark(at: &Path, new: Option<&str>) {
    directory(at, None);
    let directory = open(at).unwrap();
    write_copies(&directory, new.map(str::as_bytes), &mut UnwrapErr(SysRng)).unwrap();
}

#[test]
fn a_key_is_changed_from_each_kind_to_each() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    directory(&at, None);
    let first = fs::read(at.join(KEY_FILE)).unwrap();
    change(&at, None, None).unwrap();
    assert_ne!(fs::read(at.join(KEY_FILE)).unwrap(), first);
    is_under(&at, None);

    change(&at, None, Some("one")).unwrap();
    is_under(&at, Some("one"));
    assert!(matches!(open(&at), Err(OpenError::PassphraseNeeded(_))));

    change(&at, Some("one"), Some("two")).unwrap();
    assert!(matches!(
        open_with(&at, "one"),
        Err(OpenError::WrongPassphrase(_))
    ));
    is_under(&at, Some("two"));

    change(&at, Some("two"), None).unwrap();
    is_under(&at, None);
}

#[test]
fn the_old_key_opens_no_database_any_more() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    directory(&at, None);
    let old = fs::read(at.join(KEY_FILE)).unwrap();
    change(&at, None, None).unwrap();
    fs::write(at.join(KEY_FILE), old).unwrap();
    let directory = open(&at).unwrap();
    for called in ACCOUNTS {
        let opened = directory.open_account(&name(called));
        assert!(matches!(opened, Err(OpenError::NotReadable(_))));
    }
    assert!(matches!(
        directory.event_log(),
        Err(OpenError::NotReadable(_))
    ));
}

#[test]
fn who_does_not_know_the_old_key_changes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    directory(&at, Some("one"));
    for wrong in [None, Some("two")] {
        assert!(change(&at, wrong, Some("three")).is_err());
    }
    is_under(&at, Some("one"));
    let nowhere = scratch.path().join("nowhere");
    assert!(matches!(
        change(&nowhere, None, None),
        Err(OpenError::NoDataDirectory(_))
    ));
    assert!(!nowhere.exists());
}

#[test]
fn a_change_while_another_holds_the_directory_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    directory(&at, None);
    let held = open(&at).unwrap();
    assert!(matches!(
        change(&at, None, None),
        Err(OpenError::Busy { .. })
    ));
    drop(held);
    is_under(&at, None);
}

#[test]
fn a_change_cut_off_before_its_mark_never_happened() {
    let scratch = tempfile::tempdir().unwrap();
    // Everything is written, or a part of it: a database whole or torn, with or without the key.
    for (case, left_out) in [
        vec![READY],
        vec![READY, "accounts/b.db"],
        vec![READY, "accounts", "events.db"],
        vec![READY, KDF_FILE],
    ]
    .into_iter()
    .enumerate()
    {
        let at = scratch.path().join(case.to_string());
        cut_off_at_the_mark(&at, Some("new"));
        for part in left_out {
            let part = at.join(REKEYING).join(part);
            if part.is_dir() {
                fs::remove_dir_all(part).unwrap();
            } else {
                fs::remove_file(part).unwrap();
            }
        }
        is_under(&at, None);
    }
}

#[test]
fn what_a_change_that_was_cut_off_leaves_is_overwritten() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    cut_off_at_the_mark(&at, Some("new"));
    let watched = scratch.path().join("watched");
    fs::hard_link(at.join(REKEYING).join("accounts/a.db"), &watched).unwrap();
    fs::remove_file(at.join(REKEYING).join(READY)).unwrap();
    is_under(&at, None);
    let left = fs::read(&watched).unwrap();
    assert!(left.len() > 4096 && left.iter().all(|byte| *byte == 0));
    assert!(!at.join(REKEYING).exists());
}

#[test]
fn a_change_cut_off_after_its_mark_is_finished_wherever_it_stood() {
    let scratch = tempfile::tempdir().unwrap();
    let moves = ["accounts/a.db", "accounts/b.db", "events.db", KDF_FILE];
    for done in 0..=moves.len() {
        // What the next one replaces may be gone already.
        for gone in [false, true] {
            let at = scratch.path().join(format!("{done}{gone}"));
            cut_off_at_the_mark(&at, Some("new"));
            for part in &moves[..done] {
                fs::rename(at.join(REKEYING).join(part), at.join(part)).unwrap();
            }
            match moves.get(done) {
                Some(&KDF_FILE) if gone => fs::remove_file(at.join(KEY_FILE)).unwrap(),
                Some(part) if gone => fs::remove_file(at.join(part)).unwrap(),
                _ => {}
            }
            if done == moves.len() {
                fs::remove_file(at.join(KEY_FILE)).unwrap();
            }
            // Who comes with the old key is refused, and it is finished nevertheless.
            assert!(matches!(open(&at), Err(OpenError::PassphraseNeeded(_))));
            is_under(&at, Some("new"));
        }
    }
}

#[test]
fn the_mark_goes_before_what_it_vouches_for() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    cut_off_at_the_mark(&at, Some("new"));
    drop(open_with(&at, "new").unwrap());
    // A change that was finished but for its directory: what it holds is never put in place again.
    fs::create_dir_all(at.join(REKEYING).join("accounts")).unwrap();
    fs::write(at.join(REKEYING).join("accounts/a.db"), b"an old state").unwrap();
    is_under(&at, Some("new"));
}

#[test]
fn a_backup_waits_for_a_change_that_was_cut_off() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    cut_off_at_the_mark(&at, None);
    let file = scratch.path().join("backup");
    let refused = crate::back_up(
        &at,
        None,
        crate::KeyInBackup::Included,
        None,
        &file,
        engine::model::UnixMillis(7),
    );
    assert!(matches!(refused, Err(OpenError::HalfRekeyed(_))));
}
