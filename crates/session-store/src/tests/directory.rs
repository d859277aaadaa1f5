//! The data directory: who may use it, and under which key.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crypto_core::Suite;
use engine::{
    model::Standing,
    store::{Store as _, StoreRead as _, Transaction as _, contract},
};

use super::*;
use crate::{KDF_FILE, KEY_FILE, SqliteStore};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Leaves something in the write-ahead log.
fn commit_something(store: &mut SqliteStore) {
    store.begin().unwrap();
    store
        .put_own_prekey(&contract::own_prekey(1, true, None))
        .unwrap();
    store
        .put_session(&contract::session(1, Suite::X25519, Standing::Active))
        .unwrap();
    store.commit().unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_and_directories_are_ours_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("deep/data");
    let directory = open(&path).unwrap();
    let _store = directory.create_account(&account("alice")).unwrap();
    for name in ["", "accounts"] {
        assert_eq!(mode(&path.join(name)), 0o700, "{name}");
    }
    for name in [
        KEY_FILE,
        "ratchetd.lock",
        "accounts/alice.db",
        "accounts/alice.db-wal",
        "accounts/alice.db-shm",
    ] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_directory_or_key_that_others_can_touch_is_refused_with_the_mend() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    drop(open(&path).unwrap());
    set_mode(&path, 0o770);
    let refused = open(&path).unwrap_err().to_string();
    assert!(refused.contains("chmod 0700"), "{refused}");
    set_mode(&path, 0o700);
    set_mode(&path.join(KEY_FILE), 0o640);
    let refused = open(&path).unwrap_err().to_string();
    assert!(refused.contains("chmod 0600"), "{refused}");
    set_mode(&path.join(KEY_FILE), 0o600);
    open(&path).unwrap();
}

#[test]
fn a_second_opener_is_refused_and_told_who_holds_it() {
    let scratch = tempfile::tempdir().unwrap();
    let first = open(scratch.path()).unwrap();
    let refused = open(scratch.path()).unwrap_err().to_string();
    assert!(
        refused.contains(&format!("pid {}", std::process::id())),
        "{refused}"
    );
    drop(first);
    open(scratch.path()).unwrap();
}

#[test]
fn accounts_come_back_and_are_erased() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    for called in ["bob", "alice", "a.b-c_d"] {
        drop(directory.create_account(&account(called)).unwrap());
    }
    let again = directory.create_account(&account("bob")).err();
    assert!(matches!(again, Some(OpenError::AccountExists)));
    drop(directory);
    let directory = open(scratch.path()).unwrap();
    assert_eq!(
        directory.accounts().unwrap(),
        ["a.b-c_d", "alice", "bob"].map(name)
    );
    let (read, store) = directory.open_account(&name("alice")).unwrap();
    let written = account("alice");
    assert_eq!(
        *read.identity.secret_bytes(),
        *written.identity.secret_bytes()
    );
    assert_eq!(read.installation, written.installation);
    assert_eq!(
        (read.fresh_installation, read.created_at),
        (true, written.created_at)
    );
    drop(store);
    directory.remove_account(&name("alice")).unwrap();
    assert_eq!(directory.accounts().unwrap().len(), 2);
    let left = fs::read_dir(scratch.path().join("accounts"))
        .unwrap()
        .count();
    // A database and its sidecar for each of the two that are left.
    assert_eq!(left, 4);
    assert!(matches!(
        directory.open_account(&name("alice")).err(),
        Some(OpenError::AccountNotFound)
    ));
    assert!(matches!(
        directory.remove_account(&name("alice")).err(),
        Some(OpenError::AccountNotFound)
    ));
}

#[test]
fn an_account_whose_making_was_cut_short_neither_shows_nor_blocks_its_name() {
    let scratch = tempfile::tempdir().unwrap();
    drop(open(scratch.path()).unwrap());
    let half_made = scratch.path().join("accounts/.new-alice.db");
    fs::write(&half_made, b"half").unwrap();
    let directory = open(scratch.path()).unwrap();
    assert_eq!(directory.accounts().unwrap(), []);
    assert!(!half_made.exists());
    fs::write(&half_made, b"half").unwrap();
    directory.create_account(&account("alice")).unwrap();
    assert_eq!(directory.accounts().unwrap(), [name("alice")]);
}

#[test]
fn an_account_whose_erasing_was_cut_short_stays_gone_with_its_log() {
    let scratch = tempfile::tempdir().unwrap();
    let accounts = scratch.path().join("accounts");
    let directory = open(scratch.path()).unwrap();
    drop(directory.create_account(&account("bob")).unwrap());
    let mut alice = directory.create_account(&account("alice")).unwrap();
    commit_something(&mut alice);
    let log = fs::read(accounts.join("alice.db-wal")).unwrap();
    assert!(!log.is_empty());
    drop(alice);
    // As a crash right after the renaming leaves it.
    fs::write(accounts.join("alice.db-wal"), &log).unwrap();
    fs::rename(accounts.join("alice.db"), accounts.join(".gone-alice.db")).unwrap();
    drop(directory);
    let directory = open(scratch.path()).unwrap();
    assert_eq!(directory.accounts().unwrap(), [name("bob")]);
    // One database and its sidecar.
    assert_eq!(fs::read_dir(&accounts).unwrap().count(), 2);
}

#[test]
fn a_log_left_behind_is_not_read_into_a_new_account() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("accounts/alice.db-wal");
    let directory = open(scratch.path()).unwrap();
    let mut alice = directory.create_account(&account("alice")).unwrap();
    commit_something(&mut alice);
    let old = fs::read(&log).unwrap();
    drop(alice);
    directory.remove_account(&name("alice")).unwrap();
    fs::write(&log, &old).unwrap();
    let alice = directory.create_account(&account("alice")).unwrap();
    assert_eq!(alice.counts().unwrap(), engine::model::Counts::default());
}

#[test]
fn erasing_overwrites_the_database() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    drop(directory.create_account(&account("alice")).unwrap());
    let watched = scratch.path().join("watched");
    fs::hard_link(scratch.path().join("accounts/alice.db"), &watched).unwrap();
    let size = fs::metadata(&watched).unwrap().len();
    directory.remove_account(&name("alice")).unwrap();
    let left = fs::read(&watched).unwrap();
    assert!(size > 0 && left.len() as u64 == size);
    assert!(left.iter().all(|byte| *byte == 0));
}

#[test]
fn a_copied_database_is_not_a_second_account() {
    let scratch = tempfile::tempdir().unwrap();
    let accounts = scratch.path().join("accounts");
    let directory = open(scratch.path()).unwrap();
    drop(directory.create_account(&account("alice")).unwrap());
    fs::copy(accounts.join("alice.db"), accounts.join("copy.db")).unwrap();
    let refused = directory.open_account(&name("copy")).err();
    assert!(
        matches!(&refused, Some(OpenError::OtherAccount { made_for, .. }) if made_for == "alice"),
        "{refused:?}"
    );
}

#[test]
fn a_lost_key_is_missed_and_not_made_anew() {
    for passphrase in [None, Some("x")] {
        let scratch = tempfile::tempdir().unwrap();
        let open = || match passphrase {
            None => open(scratch.path()),
            Some(passphrase) => open_with(scratch.path(), passphrase),
        };
        drop(open().unwrap().create_account(&account("a")).unwrap());
        let key = scratch.path().join(match passphrase {
            None => KEY_FILE,
            Some(_) => KDF_FILE,
        });
        let kept = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        let refused = open().err();
        assert!(
            matches!(refused, Some(OpenError::KeyMissing(_))),
            "{refused:?}"
        );
        assert!(!key.exists());
        fs::write(&key, kept).unwrap();
        set_mode(&key, 0o600);
        assert!(open().unwrap().open_account(&name("a")).is_ok());
    }
}

#[test]
fn a_passphrase_opens_what_it_made_and_nothing_else_does() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open_with(scratch.path(), "correct horse").unwrap();
    drop(directory.create_account(&account("a")).unwrap());
    drop(directory);
    assert!(!scratch.path().join(KEY_FILE).exists());
    let refused = open_with(scratch.path(), "wrong horse").err();
    assert!(
        matches!(refused, Some(OpenError::WrongPassphrase(_))),
        "{refused:?}"
    );
    let refused = open(scratch.path()).err();
    assert!(
        matches!(refused, Some(OpenError::PassphraseNeeded(_))),
        "{refused:?}"
    );
    let directory = open_with(scratch.path(), "correct horse").unwrap();
    assert!(directory.open_account(&name("a")).is_ok());
}

#[test]
fn a_directory_made_with_a_key_file_takes_no_passphrase() {
    let scratch = tempfile::tempdir().unwrap();
    drop(open(scratch.path()).unwrap());
    let refused = open_with(scratch.path(), "x").err();
    assert!(
        matches!(refused, Some(OpenError::PassphraseNotUsed(_))),
        "{refused:?}"
    );
}

#[test]
fn a_tampered_derivation_cannot_eat_the_machine_or_weaken_the_key() {
    let scratch = tempfile::tempdir().unwrap();
    drop(open_with(scratch.path(), "x").unwrap());
    let path = scratch.path().join(KDF_FILE);
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("memory_kib = 65536", "memory_kib = 4294967295"),
        ("memory_kib = 65536", "memory_kib = 8"),
        ("passes = 3", "passes = 4000000000"),
        ("lanes = 1", "lanes = 0"),
        ("argon2id", "md5"),
        ("version = 1", "version = 2"),
        ("salt = \"", "salt = \"zz"),
        ("lanes = 1", "lanes = 1\nmore = 1"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let refused = open_with(scratch.path(), "x").err();
        assert!(
            matches!(refused, Some(OpenError::KeyFile { .. })),
            "{to}: {refused:?}"
        );
    }
    fs::write(&path, "x".repeat(5000)).unwrap();
    assert!(matches!(
        open_with(scratch.path(), "x").err(),
        Some(OpenError::KeyFile { .. })
    ));
}

#[test]
fn another_directorys_store_does_not_open_and_nothing_is_changed() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(
        open(one.path())
            .unwrap()
            .create_account(&account("a"))
            .unwrap(),
    );
    let directory = open(other.path()).unwrap();
    let copy = other.path().join("accounts/a.db");
    fs::copy(one.path().join("accounts/a.db"), &copy).unwrap();
    let before = fs::read(&copy).unwrap();
    let refused = directory.open_account(&name("a")).err();
    assert!(
        matches!(refused, Some(OpenError::NotReadable(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read(&copy).unwrap(), before);
    for bad in ["", "abc", "zz"] {
        fs::write(other.path().join(KEY_FILE), bad).unwrap();
        drop(directory.accounts());
    }
    drop(directory);
    assert!(matches!(
        open(other.path()).err(),
        Some(OpenError::KeyFile { .. })
    ));
}

#[test]
fn no_key_shows_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let key = fs::read_to_string(scratch.path().join(KEY_FILE)).unwrap();
    assert_eq!(key.trim().len(), 64);
    assert!(!format!("{directory:?}").contains(&key[..8]));
}
