//! Makes a data directory from a backup.
//!
//! The backup is unpacked and checked in a directory of its own, then moved into place: first the
//! accounts, then the file that their key comes from. While that directory exists, nothing else
//! opens the data directory.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use engine::model::AccountName;
use zeroize::Zeroizing;

use crate::{
    account::read_account,
    archive::{DESCRIPTION, Entry, MAX_KEY_BYTES, read_backup},
    backup::check_sound,
    data_dir::{ACCOUNTS, account_names, database_of},
    error::OpenError,
    files::{
        check_directory, check_private, create_file, make_directory, sync_directory, sync_entries,
        wipe_directory,
    },
    lock::take_lock,
    registry::erase_registry,
    rekey,
    schema::{ACCOUNT, migrations_done, open_reader},
    store_key::{self, KEY_FILE, StoreKey},
};

/// Where a backup is unpacked, in the data directory.
const RESTORING: &str = "restoring";

/// Makes the data directory at `data_dir`, which must be empty or not exist, from a backup, and
/// returns the names of its accounts. `file` is the name of the backup in errors. `key` is what the
/// key file of the directory holds, if the backup was made without it. Restored stores can read,
/// and send on new sessions only.
///
/// # Errors
/// [`OpenError`], which says what to do. The directory is then as it was, or half restored, which
/// the next restore undoes.
pub fn restore(
    archive: impl Read,
    file: &Path,
    data_dir: &Path,
    key: Option<&[u8]>,
    passphrase: Option<&[u8]>,
) -> Result<Vec<AccountName>, OpenError> {
    make_directory(data_dir)?;
    sync_directory(data_dir)?;
    check_directory(data_dir)?;
    let _lock = take_lock(data_dir)?;
    if rekey::is_half_done(data_dir) {
        return Err(OpenError::HalfRekeyed(data_dir.to_owned()));
    }
    let restoring = data_dir.join(RESTORING);
    undo_half_restored(data_dir, &restoring)?;
    let accounts = data_dir.join(ACCOUNTS);
    let holds_accounts = accounts.exists() && !account_names(&accounts)?.is_empty();
    if store_key::is_settled(data_dir) || holds_accounts {
        return Err(OpenError::NotEmpty(data_dir.to_owned()));
    }
    let unpacked = unpack(file, archive, &restoring)
        .and_then(|names| add_key(file, &restoring, key).map(|()| names))
        .and_then(|names| check(&restoring, passphrase, &names).map(|()| names))
        .and_then(|names| {
            // All names have to be on the disk before the moves, or a crash could lose files.
            for above in [&restoring.join(ACCOUNTS), &restoring, data_dir] {
                sync_entries(above)?;
            }
            Ok(names)
        });
    let names = match unpacked {
        Ok(names) => names,
        Err(error) => {
            // Nothing has been moved yet: all of it is in the backup.
            let _ = clear(&restoring);
            return Err(error);
        }
    };
    // It would be of other states of the accounts.
    erase_registry(data_dir)?;
    if accounts.exists() {
        // It has no account, but perhaps what is left of making one.
        wipe_directory(&accounts)?;
    }
    fs::rename(restoring.join(ACCOUNTS), &accounts).map_err(OpenError::io(&accounts))?;
    sync_directory(&accounts)?;
    for part in store_key::files(&restoring) {
        let to = data_dir.join(part);
        fs::rename(restoring.join(part), &to).map_err(OpenError::io(&to))?;
    }
    sync_directory(&restoring)?;
    clear(&restoring)?;
    sync_directory(&restoring)?;
    Ok(names)
}

/// Refuses a directory that is half restored. Clears up after a restore that was interrupted when
/// everything was in place.
pub(crate) fn check_finished(data_dir: &Path) -> Result<(), OpenError> {
    let restoring = data_dir.join(RESTORING);
    if !is_ours(&restoring) {
        return Ok(());
    }
    if !store_key::is_settled(data_dir) {
        return Err(OpenError::HalfRestored(data_dir.to_owned()));
    }
    // The key is moved last: everything is in place.
    clear(&restoring)
}

/// Whether a restore was interrupted before everything was in place.
pub(crate) fn is_half_done(data_dir: &Path) -> bool {
    is_ours(&data_dir.join(RESTORING)) && !store_key::is_settled(data_dir)
}

/// Undoes a restore that was interrupted. It began in a directory without key and accounts, so all
/// accounts that are there came from it.
fn undo_half_restored(data_dir: &Path, restoring: &Path) -> Result<(), OpenError> {
    if !is_ours(restoring) || store_key::is_settled(data_dir) {
        return Ok(());
    }
    let accounts = data_dir.join(ACCOUNTS);
    if accounts.exists() {
        fs::remove_dir_all(&accounts).map_err(OpenError::io(&accounts))?;
    }
    clear(restoring)
}

/// Removes what a restore unpacked. The description goes last: it shows that the directory belongs
/// to a restore.
fn clear(restoring: &Path) -> Result<(), OpenError> {
    let remove = || {
        for entry in fs::read_dir(restoring)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else if entry.file_name() != DESCRIPTION {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    remove().map_err(OpenError::io(restoring))?;
    sync_entries(restoring)?;
    fs::remove_dir_all(restoring).map_err(OpenError::io(restoring))
}

/// Whether a restore made this directory: it unpacks the description first.
fn is_ours(restoring: &Path) -> bool {
    restoring.join(DESCRIPTION).exists()
}

/// Unpacks a backup.
fn unpack(file: &Path, archive: impl Read, to: &Path) -> Result<Vec<AccountName>, OpenError> {
    make_directory(to)?;
    make_directory(&to.join(ACCOUNTS))?;
    read_backup(file, archive, |entry, content| match entry {
        Entry::Description(_) => {
            write_new(&to.join(DESCRIPTION), content)?;
            // By the description the next restore knows what this one leaves if it is interrupted.
            sync_entries(to)
        }
        Entry::Key(part) => write_new(&to.join(part), content),
        Entry::Account(name) => write_new(&to.join(database_of(name)), content),
    })
}

/// What a key file holds.
///
/// # Errors
/// [`OpenError`] if others can read it, or if it cannot be read.
pub fn read_key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    check_private(path)?;
    let mut key = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MAX_KEY_BYTES).read_to_end(&mut key))
        .map_err(OpenError::io(path))?;
    Ok(key)
}

/// Adds the key that the backup was made without.
fn add_key(file: &Path, restoring: &Path, key: Option<&[u8]>) -> Result<(), OpenError> {
    match (key, store_key::is_settled(restoring)) {
        (None, true) => Ok(()),
        (None, false) => Err(OpenError::BackupWithoutKey(file.to_owned())),
        (Some(_), true) => Err(OpenError::not_a_backup(
            file,
            "it has a key of its own: leave out --key-file",
        )),
        (Some(mut key), false) => write_new(&restoring.join(KEY_FILE), &mut key),
    }
}

/// Opens every account with the key and checks it, before anything is moved into place.
fn check(
    restoring: &Path,
    passphrase: Option<&[u8]>,
    names: &[AccountName],
) -> Result<(), OpenError> {
    let key = StoreKey::load_known(restoring, passphrase)?;
    for name in names {
        let path = restoring.join(database_of(name));
        check_account(&path, &path, &key, name)?;
    }
    Ok(())
}

/// Checks that a database from a backup is sound, of a schema that is known, and that of this
/// account. `shown` is its name in errors.
pub(crate) fn check_account(
    database: &Path,
    shown: &Path,
    key: &StoreKey,
    name: &AccountName,
) -> Result<(), OpenError> {
    let connection = open_reader(database, key)?;
    migrations_done(&connection, shown, ACCOUNT)?;
    read_account(&connection, shown, name)?;
    check_sound(&connection, shown)
}

/// Writes a file that must not exist yet, and waits until it is on the disk.
pub(crate) fn write_new(path: &Path, content: &mut dyn Read) -> Result<(), OpenError> {
    create_file(path)
        .and_then(|mut file| {
            io::copy(content, &mut file)?;
            file.sync_all()
        })
        .map_err(OpenError::io(path))
}
