//! One account out of a backup: whole or not at all, and the others as they were.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use engine::model::{AccountName, RollbackKind, UnixMillis};
use getrandom::SysRng;
use rand_core::UnwrapErr;

use super::{
    account,
    backup::{Entry, Place, entries, write},
    name, open, open_with,
};
use crate::{
    DataDir, KEY_FILE, KeyInBackup, OpenError, back_up, data_dir::database_of, restore_account,
    schema::open_copy,
};

/// Opens a directory that is under a key file or under a passphrase.
fn opened(at: &Path, passphrase: Option<&str>) -> DataDir {
    passphrase
        .map_or_else(|| open(at), |passphrase| open_with(at, passphrase))
        .unwrap()
}

/// A directory with an account, under a key of its own.
fn directory(at: &Path, called: &str, passphrase: Option<&str>) {
    let directory = opened(at, passphrase);
    drop(directory.create_account(&account(called)).unwrap());
}

/// A restore of one account.
struct Restore<'a> {
    file: PathBuf,
    name: AccountName,
    secret: Option<&'a [u8]>,
    to: PathBuf,
    passphrase: Option<&'a str>,
}

impl<'a> Restore<'a> {
    /// Of account `a` from the backup of this place into its directory `target`.
    fn of_a(place: &Place) -> Self {
        Self {
            file: place.at("backup"),
            name: name("a"),
            secret: None,
            to: place.at("target"),
            passphrase: None,
        }
    }

    fn from(self, file: PathBuf) -> Self {
        Self { file, ..self }
    }

    fn of(self, called: &str) -> Self {
        let name = name(called);
        Self { name, ..self }
    }

    fn with(self, secret: &'a [u8]) -> Self {
        let secret = Some(secret);
        Self { secret, ..self }
    }

    fn run(&self) -> Result<(), OpenError> {
        self.run_reading(File::open(&self.file).unwrap())
    }

    fn run_reading(&self, archive: impl Read) -> Result<(), OpenError> {
        restore_account(
            archive,
            &self.file,
            &self.name,
            self.secret,
            &self.to,
            self.passphrase.map(str::as_bytes),
            &mut UnwrapErr(SysRng),
        )
    }
}

/// The names and contents of all files below a directory, except the lock.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("ratchetd.lock") {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The names in the directory of the accounts.
fn names_in(accounts: &Path) -> Vec<String> {
    let entries = fs::read_dir(accounts).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_account_comes_into_a_directory_under_whatever_key_and_the_others_stay() {
    let keys = [None, Some("one"), Some("two")];
    for (from, to) in keys.iter().flat_map(|from| keys.map(|to| (*from, to))) {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        directory(&at("source"), "a", from);
        directory(&at("target"), "c", to);
        let backup = at("backup");
        back_up(
            &at("source"),
            from.map(str::as_bytes),
            KeyInBackup::Included,
            None,
            &backup,
            UnixMillis(7),
        )
        .unwrap();
        let restore = Restore {
            file: backup,
            name: name("a"),
            // The passphrase of the directory is tried when there is no other.
            secret: from.filter(|_| from != to).map(str::as_bytes),
            to: at("target"),
            passphrase: to,
        };
        let before = files(&at("target"));
        restore.run().unwrap();
        let mut after = files(&at("target"));
        let database = at("target").join(database_of(&name("a")));
        after.retain(|(path, _)| *path != database);
        assert_eq!(after, before, "nothing but the database is new");

        let target = opened(&at("target"), to);
        assert_eq!(target.accounts().unwrap(), ["a", "c"].map(name));
        let (_, store) = target.open_account(&name("a")).unwrap();
        assert_eq!(store.displaced(), Some(RollbackKind::Unmarked));
        let (_, store) = target.open_account(&name("c")).unwrap();
        assert_eq!(store.displaced(), None);
        // The old key does not open it.
        let source = opened(&at("source"), from);
        fs::copy(&database, at("source").join(database_of(&name("a")))).unwrap();
        let opened = source.open_account(&name("a"));
        assert!(matches!(opened, Err(OpenError::NotReadable(_))));
    }
}

#[test]
fn a_new_directory_gets_a_key_of_its_own_when_the_account_is_sure_to_come() {
    let place = Place::new();
    let restore = Restore::of_a(&place);
    assert!(restore.of("c").run().is_err());
    let target = place.at("target");
    assert!(!target.join(KEY_FILE).exists());
    Restore::of_a(&place).run().unwrap();
    let key = |directory: &str| fs::read(place.at(directory).join(KEY_FILE)).unwrap();
    assert_ne!(key("target"), key("source"));
    // Both accounts of the backup have the same way in.
    Restore::of_a(&place).of("b").run().unwrap();
    let directory = open(&target).unwrap();
    assert_eq!(directory.accounts().unwrap(), ["a", "b"].map(name));
    // A whole restore needs a place for itself.
    drop(directory);
    let whole = crate::restore(
        File::open(place.at("backup")).unwrap(),
        &place.at("backup"),
        &target,
        None,
        None,
    );
    assert!(matches!(whole, Err(OpenError::NotEmpty(_))), "{whole:?}");
}

#[test]
fn an_account_of_a_newer_schema_is_refused_alone_and_with_the_others() {
    let place = Place::new();
    let source = open(&place.at("source")).unwrap();
    let database = place.at("source").join(database_of(&name("a")));
    let connection = open_copy(&database, source.key()).unwrap();
    connection
        .execute_batch("PRAGMA user_version = 999")
        .unwrap();
    drop(connection);
    place.back_up(None, "newer").unwrap();
    let newer = || Restore::of_a(&place).from(place.at("newer"));
    let refused = newer().run();
    assert!(
        matches!(&refused, Err(OpenError::NewerSchema { path, .. }) if path.ends_with("newer/accounts/a.db")),
        "{refused:?}"
    );
    let refused = place.restore("newer");
    assert!(
        matches!(refused, Err(OpenError::NewerSchema { .. })),
        "{refused:?}"
    );
    newer().of("b").run().unwrap();
}

#[test]
fn what_cannot_be_put_in_place_changes_nothing() {
    type Harm = fn(&mut Vec<Entry>);
    // The third entry is the account, the fourth another one.
    let harms: [(&str, &str, Harm); 8] = [
        (
            "without the other account",
            "accounts are missing",
            |entries| {
                drop(entries.pop());
            },
        ),
        ("without its description", "does not belong", |entries| {
            drop(entries.remove(0));
        }),
        ("without its key", "--key-file", |entries| {
            drop(entries.remove(1))
        }),
        (
            "with a key that is none",
            "the key in it is damaged",
            |entries| {
                entries[1].2.truncate(7);
            },
        ),
        ("of the future", "later version", |entries| {
            let text = String::from_utf8(entries[0].2.clone()).unwrap();
            entries[0].2 = text.replace("format = 1", "format = 2").into_bytes();
        }),
        (
            "with its first page changed",
            "the account in it is damaged",
            |entries| {
                entries[2].2[100] ^= 1;
            },
        ),
        (
            "with another page changed",
            "backup/accounts/a.db",
            |entries| {
                let middle = entries[2].2.len() / 2;
                entries[2].2[middle] ^= 1;
            },
        ),
        (
            "with two accounts exchanged",
            "is the store of account",
            |entries| {
                let (a, b) = (entries[2].2.clone(), entries[3].2.clone());
                (entries[2].2, entries[3].2) = (b, a);
            },
        ),
    ];
    for (what, said, harm) in harms {
        let place = Place::new();
        directory(&place.at("target"), "c", None);
        let mut parts = entries(&place.at("backup"));
        assert_eq!(parts.len(), 4);
        harm(&mut parts);
        fs::remove_file(place.at("backup")).unwrap();
        write(&place.at("backup"), &parts);
        let before = files(&place.at("target"));
        let refused = Restore::of_a(&place).run().unwrap_err().to_string();
        assert!(refused.contains(said), "{what}: {refused}");
        assert_eq!(files(&place.at("target")), before, "{what}");
    }
    // Cut off at any place, be it in or after another account.
    let place = Place::new();
    directory(&place.at("target"), "c", None);
    let before = files(&place.at("target"));
    let whole = fs::read(place.at("backup")).unwrap();
    for length in [
        0,
        1,
        512,
        1536,
        whole.len() / 4,
        whole.len() / 2,
        whole.len() * 3 / 4,
        whole.len() - 1025,
    ] {
        fs::write(place.at("cut"), &whole[..length]).unwrap();
        let refused = Restore::of_a(&place).from(place.at("cut")).run();
        assert!(
            matches!(refused, Err(OpenError::NotABackup { .. })),
            "{length}: {refused:?}"
        );
        assert_eq!(files(&place.at("target")), before, "{length}");
    }
}

#[test]
fn an_account_that_is_not_in_the_backup_or_is_in_the_directory_is_told_of() {
    let place = Place::new();
    directory(&place.at("target"), "a", None);
    let before = files(&place.at("target"));
    let there = Restore::of_a(&place).run();
    assert!(matches!(there, Err(OpenError::AccountExists)), "{there:?}");
    let unknown = Restore::of_a(&place).of("c").run().unwrap_err().to_string();
    assert!(
        unknown.ends_with("backup has no account c: it has a, b"),
        "{unknown}"
    );
    let target = open(&place.at("target")).unwrap();
    let busy = Restore::of_a(&place).of("b").run();
    assert!(matches!(busy, Err(OpenError::Busy { .. })), "{busy:?}");
    drop(target);
    assert_eq!(files(&place.at("target")), before);
}

#[test]
fn a_backup_without_its_key_opens_with_that_and_no_other() {
    let place = Place::new();
    let key = fs::read(place.at("source").join(KEY_FILE)).unwrap();
    let backup = place.at("without");
    back_up(
        &place.at("source"),
        None,
        KeyInBackup::LeftOut,
        None,
        &backup,
        UnixMillis(7),
    )
    .unwrap();
    let without = || Restore::of_a(&place).from(backup.clone());
    let missing = without().run();
    assert!(
        matches!(missing, Err(OpenError::BackupWithoutKey(_))),
        "{missing:?}"
    );
    for wrong in [&b"no key"[..], &[b'0'; 64], b"\xff"] {
        let refused = without().with(wrong).run();
        assert!(
            matches!(refused, Err(OpenError::BackupKey(_))),
            "{refused:?}"
        );
    }
    without().with(&key).run().unwrap();
    let superfluous = Restore::of_a(&place).of("b").with(&key).run();
    assert!(
        matches!(superfluous, Err(OpenError::NotABackup { .. })),
        "{superfluous:?}"
    );
}

#[test]
fn a_backup_under_a_passphrase_opens_with_that_and_no_other() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    directory(&at("source"), "a", Some("one"));
    let backup = at("backup");
    back_up(
        &at("source"),
        Some(b"one"),
        KeyInBackup::LeftOut,
        None,
        &backup,
        UnixMillis(7),
    )
    .unwrap();
    let restore = |secret, passphrase| Restore {
        file: backup.clone(),
        name: name("a"),
        secret,
        to: at("target"),
        passphrase,
    };
    for (secret, passphrase) in [
        (None, None),
        (None, Some("two")),
        (Some(&b"two"[..]), None),
        (Some(b"two"), Some("one")),
    ] {
        let refused = restore(secret, passphrase).run();
        assert!(
            matches!(refused, Err(OpenError::BackupPassphrase(_))),
            "{refused:?}"
        );
    }
    restore(Some(b"one"), Some("two")).run().unwrap();
    let again = restore(Some(b"one"), Some("one")).of("b").run();
    assert!(
        matches!(again, Err(OpenError::WrongPassphrase(_))),
        "{again:?}"
    );
}

/// A backup that is read from a pipe, watched on the way.
struct Watched<R, W> {
    archive: R,
    watch: W,
}

impl<R: Read, W: FnMut()> Read for Watched<R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (self.watch)();
        let few = into.len().min(1000);
        self.archive.read(&mut into[..few])
    }
}

#[test]
fn nothing_else_is_unpacked_and_what_stays_unused_is_overwritten() {
    let place = Place::new();
    let accounts = place.at("target/accounts");
    let unpacked = accounts.join(".new-a.db");
    let kept = place.at("kept");
    let mut seen = Vec::new();
    let mut whole = fs::read(place.at("backup")).unwrap();
    whole.truncate(whole.len() - 2048);
    let refused = Restore::of_a(&place).run_reading(Watched {
        archive: whole.as_slice(),
        watch: || {
            if unpacked.exists() && !kept.exists() {
                fs::hard_link(&unpacked, &kept).unwrap();
            }
            seen.extend(names_in(&accounts));
            seen.dedup();
        },
    });
    assert!(matches!(refused, Err(OpenError::NotABackup { .. })));
    assert_eq!(seen, [".new-a.db"]);
    let left = fs::read(&kept).unwrap();
    assert!(left.len() > 4096 && left.iter().all(|byte| *byte == 0));
    assert!(names_in(&accounts).is_empty());
}

#[test]
fn files_of_an_account_that_was_there_before_are_not_taken_for_its_own() {
    let place = Place::new();
    let target = place.at("target");
    // A copy of the account, whose database was taken away and whose other files were not.
    let source = open(&place.at("source")).unwrap();
    let (_, store) = source.open_account(&name("a")).unwrap();
    fs::create_dir_all(target.join("accounts")).unwrap();
    for left in names_in(&place.at("source/accounts")) {
        if left.starts_with("a.") && left != "a.db" {
            let from = place.at("source/accounts").join(&left);
            fs::copy(from, target.join("accounts").join(&left)).unwrap();
        }
    }
    drop((store, source));
    assert!(names_in(&target.join("accounts")).contains(&"a.db-wal".to_owned()));
    Restore::of_a(&place).run().unwrap();
    assert_eq!(names_in(&target.join("accounts")), ["a.db"]);
    let target = open(&target).unwrap();
    let (_, store) = target.open_account(&name("a")).unwrap();
    assert_eq!(store.displaced(), Some(RollbackKind::Unmarked));
}
