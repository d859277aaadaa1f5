//! Backups that are damaged, of another kind, or restored by halves.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use engine::model::{AccountName, RollbackKind, UnixMillis};

use super::{account, name, open};
use crate::{
    KEY_FILE, KeyInBackup, OpenError, back_up,
    backup::{copy_database, publish},
    holder,
    rekey::{READY, REKEYING},
    restore,
    schema::open_copy,
};

pub(super) struct Place {
    scratch: tempfile::TempDir,
}

impl Place {
    /// A backup of a directory with two accounts.
    pub(super) fn new() -> Self {
        let place = Self {
            scratch: tempfile::tempdir().unwrap(),
        };
        let directory = open(&place.at("source")).unwrap();
        for called in ["a", "b"] {
            drop(directory.create_account(&account(called)).unwrap());
        }
        // Somebody holds the directory: a backup does not mind.
        let made = place.back_up(None, "backup");
        assert_eq!(made.unwrap(), [name("a"), name("b")]);
        place
    }

    pub(super) fn back_up(
        &self,
        only: Option<&AccountName>,
        file: &str,
    ) -> Result<Vec<AccountName>, OpenError> {
        back_up(
            &self.at("source"),
            None,
            KeyInBackup::Included,
            only,
            &self.at(file),
            UnixMillis(7),
        )
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(super) fn restore(&self, file: &str) -> Result<Vec<AccountName>, OpenError> {
        let file = self.at(file);
        let archive = File::open(&file).unwrap();
        restore(archive, &file, &self.at("target"), None, None)
    }
}

/// An entry of a backup: its header, path and content.
pub(super) type Entry = (tar::Header, Vec<u8>, Vec<u8>);

/// The entries of a backup.
pub(super) fn entries(file: &Path) -> Vec<Entry> {
    let mut archive = tar::Archive::new(File::open(file).unwrap());
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
            (
                entry.header().clone(),
                entry.path_bytes().into_owned(),
                content,
            )
        })
        .collect()
}

pub(super) fn write(file: &Path, entries: &[Entry]) {
    let mut archive = tar::Builder::new(File::create(file).unwrap());
    for (header, path, content) in entries {
        let mut header = header.clone();
        // As it stands: the library would refuse a path that leaves the archive.
        let place = &mut header.as_mut_bytes()[..100];
        place.fill(0);
        place[..path.len()].copy_from_slice(path);
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive.append(&header, content.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().flush().unwrap();
}

#[test]
fn a_backup_of_one_account_is_a_backup_with_nothing_else() {
    let place = Place::new();
    let made = place.back_up(Some(&name("b")), "one");
    assert_eq!(made.unwrap(), [name("b")]);
    let one = entries(&place.at("one"));
    let paths: Vec<_> = one.iter().map(|(_, path, _)| path.as_slice()).collect();
    let expected: [&[u8]; 3] = [
        b"ratchetd-backup.toml",
        KEY_FILE.as_bytes(),
        b"accounts/b.db",
    ];
    assert_eq!(paths, expected);
    assert_eq!(place.restore("one").unwrap(), [name("b")]);

    let unknown = place.back_up(Some(&name("c")), "none").unwrap_err();
    let said = unknown.to_string();
    assert!(
        said.ends_with("source has no account c: it has a, b"),
        "{said}"
    );
    assert!(!place.at("none").exists());
}

#[test]
fn of_many_accounts_an_error_names_a_few() {
    let many: Vec<String> = (10..30).map(|number| number.to_string()).collect();
    let told =
        |there: &[String]| OpenError::no_account(Path::new("d"), &name("a"), there).to_string();
    assert_eq!(
        told(&many),
        "d has no account a: it has 10, 11, 12, 13, 14, 15, 16, 17 and 12 more"
    );
    assert_eq!(told(&[]), "d has no account a: it has none");
}

#[test]
fn a_restored_store_is_known_as_one() {
    let place = Place::new();
    assert_eq!(place.restore("backup").unwrap(), [name("a"), name("b")]);
    let directory = open(&place.at("target")).unwrap();
    assert_eq!(directory.accounts().unwrap(), [name("a"), name("b")]);
    let (_, store) = directory.open_account(&name("a")).unwrap();
    assert_eq!(store.displaced(), Some(RollbackKind::Unmarked));
}

#[test]
fn a_backup_that_is_not_whole_is_refused_and_leaves_nothing() {
    type Harm = fn(&mut Vec<Entry>);
    let harms: [(&str, Harm); 9] = [
        ("without its last account", |entries| drop(entries.pop())),
        ("without its description", |entries| drop(entries.remove(0))),
        ("without its key", |entries| drop(entries.remove(1))),
        ("with something else", |entries| {
            entries[3].1 = b"ratchetd.toml".to_vec();
        }),
        ("with a way out", |entries| {
            entries[3].1 = b"accounts/../../b.db".to_vec();
        }),
        ("with a link", |entries| {
            entries[3].0.set_entry_type(tar::EntryType::Symlink);
        }),
        ("of the future", |entries| {
            let text = String::from_utf8(entries[0].2.clone()).unwrap();
            entries[0].2 = text.replace("format = 1", "format = 2").into_bytes();
        }),
        ("with a byte changed", |entries| {
            let middle = entries[3].2.len() / 2;
            entries[3].2[middle] ^= 1;
        }),
        ("with two accounts exchanged", |entries| {
            let (a, b) = (entries[2].2.clone(), entries[3].2.clone());
            (entries[2].2, entries[3].2) = (b, a);
        }),
    ];
    for (what, harm) in harms {
        let place = Place::new();
        let mut parts = entries(&place.at("backup"));
        assert_eq!(parts.len(), 4);
        harm(&mut parts);
        write(&place.at("harmed"), &parts);
        let refused = place.restore("harmed");
        assert!(refused.is_err(), "{what}");
        let left = fs::read_dir(place.at("target")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["ratchetd.lock"], "{what}");
        // And the good one can still be restored.
        place.restore("backup").unwrap();
    }
    // Cut off at any place.
    let place = Place::new();
    let whole = fs::read(place.at("backup")).unwrap();
    for length in [
        0,
        1,
        511,
        512,
        1024,
        1536,
        whole.len() / 2,
        whole.len() - 1025,
    ] {
        fs::write(place.at("cut"), &whole[..length]).unwrap();
        assert!(place.restore("cut").is_err(), "{length}");
    }
}

#[test]
fn a_restore_that_was_cut_off_is_begun_anew_and_nothing_is_opened_meanwhile() {
    let place = Place::new();
    place.restore("backup").unwrap();
    let (target, restoring) = (place.at("target"), place.at("target/restoring"));
    // As a crash leaves it after the accounts were moved, and before the key was.
    fs::create_dir(&restoring).unwrap();
    fs::write(restoring.join("ratchetd-backup.toml"), "").unwrap();
    fs::rename(target.join(KEY_FILE), restoring.join(KEY_FILE)).unwrap();
    let refused = open(&target).err();
    assert!(
        matches!(refused, Some(OpenError::HalfRestored(_))),
        "{refused:?}"
    );
    assert_eq!(place.restore("backup").unwrap().len(), 2);
    assert!(!restoring.exists());
    // As a crash leaves it at the very end.
    fs::create_dir(&restoring).unwrap();
    fs::write(restoring.join("ratchetd-backup.toml"), "").unwrap();
    let refused = place.restore("backup").err();
    assert!(
        matches!(refused, Some(OpenError::NotEmpty(_))),
        "{refused:?}"
    );
    assert_eq!(open(&target).unwrap().accounts().unwrap().len(), 2);
    assert!(!restoring.exists());
    // A directory that merely has the name is nobody's business.
    fs::create_dir(&restoring).unwrap();
    assert!(place.restore("backup").is_err());
    assert_eq!(open(&target).unwrap().accounts().unwrap().len(), 2);
    assert!(restoring.exists());
}

#[test]
fn a_copy_that_nothing_came_into_is_none() {
    let place = Place::new();
    let directory = open(&place.at("source")).unwrap();
    let from = place.at("source").join("accounts/a.db");
    let copy = place.at("copy");
    fs::write(&copy, "").unwrap();
    let locked = open_copy(&copy, directory.key()).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = copy_database(&from, &copy, directory.key(), None);
    assert!(matches!(busy, Err(OpenError::Database { .. })), "{busy:?}");
    drop(locked);
    // Of another account.
    let other = copy_database(&from, &copy, directory.key(), Some(&name("b")));
    assert!(
        matches!(other, Err(OpenError::OtherAccount { .. })),
        "{other:?}"
    );
    copy_database(&from, &copy, directory.key(), Some(&name("a"))).unwrap();
}

#[test]
fn what_a_backup_that_was_cut_off_left_is_named_with_what_to_do() {
    let place = Place::new();
    let again = || place.back_up(None, "again");
    fs::create_dir(place.at("again.unfinished")).unwrap();
    let error = again().unwrap_err().to_string();
    assert!(
        error.contains("again.unfinished") && error.contains("remove it"),
        "{error}"
    );
    fs::remove_dir(place.at("again.unfinished")).unwrap();
    again().unwrap();
}

#[test]
fn a_file_gets_no_name_that_another_has_even_where_files_have_one_name_only() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    // Directories have one name everywhere.
    for made in ["one", "two"] {
        fs::create_dir(at(made)).unwrap();
    }
    publish(&at("one"), &at("name")).unwrap();
    let taken = publish(&at("two"), &at("name")).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AlreadyExists);
    assert!(at("two").exists() && !at("one").exists());
}

#[test]
fn a_directory_with_a_change_of_its_key_to_finish_is_not_restored_into() {
    let place = Place::new();
    let rekeying = place.at("target").join(REKEYING);
    fs::create_dir_all(&rekeying).unwrap();
    fs::write(rekeying.join(READY), "").unwrap();
    let refused = place.restore("backup");
    assert!(
        matches!(refused, Err(OpenError::HalfRekeyed(_))),
        "{refused:?}"
    );
    assert!(rekeying.join(READY).exists());
}

#[test]
fn whoever_only_looks_who_holds_a_directory_keeps_nobody_from_opening_it() {
    let place = Place::new();
    let source = place.at("source");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                holder(&source).unwrap();
            }
        });
        let opened: Vec<_> = (0..200).map(|_| open(&source).err()).collect();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(opened.iter().all(Option::is_none), "{opened:?}");
    });
}
