//! The registry of accounts: what it keeps, and that it can be lost.

use std::{collections::BTreeMap, fs};

use crypto_core::IdentityKey;
use engine::{model::RollbackKind, store::StoreRead as _};
use getrandom::SysRng;

use super::*;
use crate::{
    AccountFacts, FileStamp, Found, MAX_COUNTED, Registry, Resting, SessionsBySuite, StoreStats,
    data_dir::wal_of,
    registry::REGISTRY,
    schema::{self, open_writer},
};

fn facts(called: &str) -> AccountFacts {
    AccountFacts::from(&account(called))
}

fn resting(due_at: u64) -> Resting {
    Resting {
        due_at: UnixMillis(due_at),
        held: StoreStats {
            peers: 1,
            devices: 2,
            sessions: SessionsBySuite {
                post_quantum: 3,
                x25519: 4,
                secp256k1: 5,
            },
            stored_keys: 6,
            unconfirmed_keys: 7,
            stale_devices: 8,
            prekey_created_at: Some(UnixMillis(9)),
        },
        found: Some(Found {
            at: UnixMillis(10),
            how: RollbackKind::Elsewhere,
        }),
        file: FileStamp {
            inode: 11,
            bytes: 12,
            modified: 13,
        },
    }
}

/// Everything in the directory, with its contents.
fn files(directory: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

#[test]
fn accounts_are_entered_as_open_as_closed_and_not_at_all() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut registry = directory.registry().unwrap().0;
    assert!(registry.lost().is_none());
    assert_eq!(registry.entries().unwrap(), []);
    for called in ["bob", "alice"] {
        registry.mark_open(&facts(called)).unwrap();
    }
    let open = |called| (facts(called), None);
    assert_eq!(registry.entries().unwrap(), [open("alice"), open("bob")]);
    registry.mark_closed(&name("bob"), &resting(9)).unwrap();
    let bare = Resting {
        due_at: UnixMillis(0),
        held: StoreStats::default(),
        found: None,
        file: resting(0).file,
    };
    registry.mark_closed(&name("alice"), &bare).unwrap();
    // Of an account that was removed meanwhile.
    registry.mark_closed(&name("carol"), &bare).unwrap();
    registry.close().unwrap();
    let mut registry = directory.registry().unwrap().0;
    let closed = |called, resting| (facts(called), Some(resting));
    let both = [closed("alice", bare), closed("bob", resting(9))];
    assert_eq!(registry.entries().unwrap(), both);
    // Another account of the same name.
    let other = AccountFacts {
        created_at: UnixMillis(1),
        ..facts("bob")
    };
    registry.mark_open(&other).unwrap();
    registry.remove(&name("alice")).unwrap();
    registry.remove(&name("nobody")).unwrap();
    // Killed.
    drop(registry);
    let entries = directory.registry().unwrap().0.entries().unwrap();
    assert_eq!(entries, [(other, None)]);
}

#[test]
fn an_account_is_on_the_disk_as_open_and_nothing_of_it_is_left_when_it_is_removed() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut registry = directory.registry().unwrap().0;
    let setting = |registry: &Registry, name: &str| -> i64 {
        let sql = format!("PRAGMA {name}");
        let read = registry.connection().query_row(&sql, (), |row| row.get(0));
        read.unwrap()
    };
    let wal = wal_of(&scratch.path().join(REGISTRY));
    for _ in 0..2 {
        // FULL: the commit of an entry waits for the disk.
        assert_eq!(setting(&registry, "synchronous"), 2);
        assert_eq!(setting(&registry, "secure_delete"), 1);
        registry.mark_open(&facts("alice")).unwrap();
        registry.mark_closed(&name("alice"), &resting(1)).unwrap();
    }
    let before = fs::read(&wal).unwrap();
    registry.check_writing().unwrap();
    assert!(fs::metadata(&wal).unwrap().len() > before.len() as u64);
    registry.remove(&name("alice")).unwrap();
    assert_eq!(fs::metadata(&wal).unwrap().len(), 0);
}

#[test]
fn the_registry_is_ours_alone_and_under_the_key() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = tempfile::tempdir().unwrap();
    let directory = open_with(scratch.path(), "swordfish").unwrap();
    let mut registry = directory.registry().unwrap().0;
    registry.mark_open(&facts("alice")).unwrap();
    for file in ["registry.db", "registry.db-wal", "registry.db-shm"] {
        let path = scratch.path().join(file);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        let bytes = fs::read(&path).unwrap();
        let identity = facts("alice").identity.to_bytes();
        for shown in [&b"SQLite format 3"[..], b"alice", b"x1-this", &identity] {
            let found = bytes.windows(shown.len()).any(|window| window == shown);
            assert!(!found, "{file}");
        }
    }
    assert_eq!(crate::unwritable(scratch.path()), []);
}

#[test]
fn a_registry_that_cannot_be_read_is_made_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join(REGISTRY);
    let directory = open(scratch.path()).unwrap();
    let write = || {
        let mut registry = directory.registry().unwrap().0;
        for number in 0..200 {
            registry
                .mark_open(&facts(&format!("account-{number}")))
                .unwrap();
        }
        registry.close().unwrap();
    };
    write();
    let whole = fs::read(&path).unwrap();
    let middle = whole.len() / 2;
    let damaged = {
        let mut bytes = whole.clone();
        bytes[middle] ^= 1;
        bytes
    };
    // Damaged in a page that opening does not read, cut off, and no database at all.
    for bad in [&damaged[..], &whole[..middle], b"no database", &[]] {
        fs::write(&path, bad).unwrap();
        let mut registry = directory.registry().unwrap().0;
        assert_eq!(registry.lost().is_some(), !bad.is_empty());
        assert_eq!(registry.entries().unwrap(), []);
        registry.mark_open(&facts("alice")).unwrap();
        drop(registry);
        let registry = directory.registry().unwrap().0;
        assert!(registry.lost().is_none());
        assert_eq!(registry.entries().unwrap(), [(facts("alice"), None)]);
    }
    // Of a later version, and of another key.
    let connection = open_writer(&path, directory.key(), schema::REGISTRY).unwrap();
    connection
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    drop(connection);
    let lost = directory.registry().unwrap().0;
    assert!(matches!(
        lost.lost(),
        Some(OpenError::NewerSchema { found: 99, .. })
    ));
    drop(lost);
    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(elsewhere.path()).unwrap();
    drop(other.registry().unwrap().0);
    fs::copy(elsewhere.path().join(REGISTRY), &path).unwrap();
    let lost = directory.registry().unwrap().0;
    assert!(matches!(lost.lost(), Some(OpenError::NotReadable(_))));
}

#[test]
fn what_the_system_refuses_is_not_taken_for_a_lost_registry() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let path = scratch.path().join(REGISTRY);
    fs::create_dir(&path).unwrap();
    assert!(directory.registry().is_err());
    assert!(path.is_dir());
    let found = crate::unwritable(scratch.path());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.path, path);
}

#[test]
fn the_log_of_a_registry_that_was_being_erased_is_not_read_into_the_next() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join(REGISTRY);
    let directory = open(scratch.path()).unwrap();
    let mut registry = directory.registry().unwrap().0;
    registry.mark_open(&facts("alice")).unwrap();
    let log = fs::read(wal_of(&path)).unwrap();
    assert!(!log.is_empty());
    drop(registry);
    // As a crash between the two leaves it.
    fs::write(wal_of(&path), log).unwrap();
    fs::remove_file(&path).unwrap();
    let registry = directory.registry().unwrap().0;
    assert!(registry.lost().is_none());
    assert_eq!(registry.entries().unwrap(), []);
}

#[test]
fn the_own_database_says_the_same_of_an_account_and_is_not_changed() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    drop(directory.create_account(&account("alice")).unwrap());
    let before = files(scratch.path());
    assert_eq!(
        directory.account_facts(&name("alice")).unwrap(),
        facts("alice")
    );
    assert_eq!(files(scratch.path()), before);
    // While it is open, and with a log that a crash has left.
    let (_, store) = directory.open_account(&name("alice")).unwrap();
    let serving = files(scratch.path());
    assert_eq!(
        directory.account_facts(&name("alice")).unwrap(),
        facts("alice")
    );
    assert_eq!(files(scratch.path()), serving);
    drop(store);
    let (_, store) = directory.open_account(&name("alice")).unwrap();
    assert_eq!(store.displaced(), None);
    drop(store);

    let accounts = scratch.path().join("accounts");
    fs::copy(accounts.join("alice.db"), accounts.join("copy.db")).unwrap();
    let refused = directory.account_facts(&name("copy")).unwrap_err();
    assert!(
        matches!(&refused, OpenError::OtherAccount { made_for, .. } if made_for == "alice"),
        "{refused:?}"
    );
    fs::write(accounts.join("bad.db"), b"no database").unwrap();
    let refused = directory.account_facts(&name("bad")).unwrap_err();
    assert!(matches!(&refused, OpenError::NotReadable(_)), "{refused:?}");
    let refused = directory.account_facts(&name("nobody")).unwrap_err();
    assert!(matches!(refused, OpenError::AccountNotFound));
}

#[test]
fn another_key_and_a_restored_directory_have_no_registry() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("data");
    let directory = open(&at).unwrap();
    drop(directory.create_account(&account("alice")).unwrap());
    let mut registry = directory.registry().unwrap().0;
    registry.mark_open(&facts("alice")).unwrap();
    registry.close().unwrap();
    drop(directory);
    let old = fs::read(at.join(REGISTRY)).unwrap();
    let backup = scratch.path().join("backup");
    let key = crate::KeyInBackup::Included;
    crate::back_up(&at, None, key, None, &backup, UnixMillis(1)).unwrap();

    crate::rekey(&at, None, None, &mut UnwrapErr(SysRng)).unwrap();
    assert!(!at.join(REGISTRY).exists());
    // As one that a crash has left under the old key.
    fs::write(at.join(REGISTRY), &old).unwrap();
    let registry = open(&at).unwrap().registry().unwrap().0;
    assert!(registry.lost().is_some());
    assert_eq!(registry.entries().unwrap(), []);

    let restored = scratch.path().join("restored");
    fs::create_dir(&restored).unwrap();
    fs::set_permissions(
        &restored,
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .unwrap();
    fs::write(restored.join(REGISTRY), &old).unwrap();
    let archive = fs::File::open(&backup).unwrap();
    crate::restore(archive, &backup, &restored, None, None).unwrap();
    assert!(!restored.join(REGISTRY).exists());
    let registry = open(&restored).unwrap().registry().unwrap().0;
    assert!(registry.lost().is_none());
    assert_eq!(registry.entries().unwrap(), []);
}

#[test]
fn what_a_store_holds_is_counted_with_its_peers_and_devices() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let store = directory.create_account(&account("alice")).unwrap();
    store
        .connection
        .execute_batch(
            "INSERT INTO peers (identity, newest_bundle_ns)
                 VALUES (zeroblob(33), 0), (CAST(x'02' || zeroblob(32) AS BLOB), 0);",
        )
        .unwrap();
    let own: IdentityKey = facts("alice").identity;
    let held = store.stats(&own, UnixMillis(0)).unwrap();
    assert_eq!((held.peers, held.devices), (2, 0));
    assert_eq!(held.peers, store.counts().unwrap().peers);
    assert!(held.peers < u64::from(MAX_COUNTED));
}

/// The first schema counted sessions of all suites together.
#[test]
fn accounts_closed_before_sessions_were_counted_by_suite_are_looked_at_again() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let path = scratch.path().join(REGISTRY);
    let of_before = directory.open_own(&path, &schema::REGISTRY[..1]).unwrap();
    for called in ["alice", "bob"] {
        let facts = facts(called);
        let row = (
            called,
            facts.identity.as_bytes(),
            facts.installation.as_str(),
            crate::rows::time(facts.created_at),
        );
        let entered = "INSERT INTO accounts (name, identity, installation, created_at) \
             VALUES (?1, ?2, ?3, ?4)";
        of_before.execute(entered, row).unwrap();
    }
    let closed = "UPDATE accounts SET due_at = 1, peers = 1, devices = 1, sessions = 1, \
         stored_keys = 1, unconfirmed_keys = 1, stale_devices = 1, prekey_created_at = 1, \
         displaced_at = 1, displaced = 1, inode = 1, bytes = 1, modified = 1 WHERE name = 'bob'";
    of_before.execute(closed, ()).unwrap();
    drop(of_before);
    let (mut registry, entries) = directory.registry().unwrap();
    assert!(registry.lost().is_none());
    assert_eq!(entries, [(facts("alice"), None), (facts("bob"), None)]);
    registry.mark_closed(&name("bob"), &resting(1)).unwrap();
    let bob = (facts("bob"), Some(resting(1)));
    assert_eq!(registry.entries().unwrap(), [(facts("alice"), None), bob]);
}

/// Ten thousand accounts, as they are read at the start.
#[test]
#[ignore = "measures; needs --release"]
fn ten_thousand_entries_are_read_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut registry = directory.registry().unwrap().0;
    let timed = |what: &str, begun: std::time::Instant| {
        println!("{what}: {:?}", begun.elapsed());
    };
    let begun = std::time::Instant::now();
    for number in 0..10_000 {
        let called = format!("account-{number}");
        registry.mark_open(&facts(&called)).unwrap();
        registry.mark_closed(&name(&called), &resting(1)).unwrap();
    }
    timed("10,000 opened and closed", begun);
    registry.close().unwrap();
    let begun = std::time::Instant::now();
    let registry = directory.registry().unwrap().0;
    timed("opened", begun);
    let begun = std::time::Instant::now();
    assert_eq!(registry.entries().unwrap().len(), 10_000);
    timed("read", begun);
}

#[test]
fn a_registry_with_a_row_that_cannot_be_read_is_made_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut registry = directory.registry().unwrap().0;
    registry.mark_open(&facts("alice")).unwrap();
    let sql = "UPDATE accounts SET installation = ''";
    registry.connection().execute(sql, ()).unwrap();
    registry.close().unwrap();
    let registry = directory.registry().unwrap().0;
    assert!(registry.lost().is_some());
    assert_eq!(registry.entries().unwrap(), []);
}
