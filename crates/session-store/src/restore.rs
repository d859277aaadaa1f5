//! Makes a data directory from a backup.
//!
//! The backup is unpacked and checked in a directory of its own, then moved into place: first the
//! accounts, then the file that their key comes from. While that directory exists, nothing else
//! opens the data directory.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use engine::model::AccountName;
use tar::{Archive, EntryType};
use zeroize::Zeroizing;

use crate::{
    account::read_account,
    backup::{DESCRIPTION, Description, FORMAT, check_sound},
    data_dir::{ACCOUNTS, EXTENSION, account_names, database_of},
    error::OpenError,
    files::{
        check_directory, check_private, create_file, make_directory, sync_directory, sync_entries,
    },
    lock::take_lock,
    registry::erase_registry,
    rekey,
    schema::open_reader,
    store_key::{self, KDF_FILE, KEY_FILE, StoreKey},
};

/// Where a backup is unpacked, in the data directory.
const RESTORING: &str = "restoring";
/// The files that keys come from are a few lines.
pub const MAX_KEY_BYTES: u64 = 4096;
/// A description names every account; this has room for thousands.
const MAX_DESCRIPTION_BYTES: u64 = 1024 * 1024;

/// Makes the data directory at `data_dir`, which must be empty or not exist, from the backup
/// `file`, and returns the names of its accounts. `key` is what the key file of the directory
/// holds, if the backup was made without it. Restored stores can read, and send on new sessions
/// only.
///
/// # Errors
/// [`OpenError`], which says what to do. The directory is then as it was, or half restored, which
/// the next restore undoes.
pub fn restore(
    file: &Path,
    data_dir: &Path,
    key: Option<&[u8]>,
    passphrase: Option<&[u8]>,
) -> Result<Vec<AccountName>, OpenError> {
    let archive = File::open(file).map_err(OpenError::io(file))?;
    restore_from(archive, file, data_dir, key, passphrase)
}

/// The same, from an archive that is read. `file` is its name in errors.
///
/// # Errors
/// As for [`restore`].
pub fn restore_from(
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
        fs::remove_dir_all(&accounts).map_err(OpenError::io(&accounts))?;
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

/// Unpacks the parts of a backup. Anything else in it is an error.
fn unpack(file: &Path, archive: impl Read, to: &Path) -> Result<Vec<AccountName>, OpenError> {
    let not_whole = |problem: String| OpenError::NotABackup {
        path: file.to_owned(),
        problem,
    };
    let unreadable = |error: io::Error| not_whole(error.to_string());
    make_directory(to)?;
    make_directory(&to.join(ACCOUNTS))?;
    let mut names = BTreeSet::new();
    let mut described = None;
    let mut archive = Archive::new(archive);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != EntryType::Regular {
            return Err(not_whole(format!("{name:?} is no file")));
        }
        let account = name
            .strip_prefix(ACCOUNTS)
            .and_then(|name| name.strip_prefix('/'))
            .and_then(|name| name.strip_suffix(EXTENSION)?.strip_suffix('.'))
            .and_then(|name| AccountName::parse(name).ok());
        let size = entry.size();
        match (name.as_str(), account) {
            (DESCRIPTION, _) if size <= MAX_DESCRIPTION_BYTES && described.is_none() => {
                let mut text = String::new();
                entry.read_to_string(&mut text).map_err(unreadable)?;
                let description: Description =
                    toml::from_str(&text).map_err(|error| not_whole(error.message().to_owned()))?;
                if description.format != FORMAT {
                    let problem = "it was made by a later version of ratchetd";
                    return Err(not_whole(problem.to_owned()));
                }
                write_new(&to.join(DESCRIPTION), &mut text.as_bytes())?;
                // By the description the next restore knows what this one leaves if it is
                // interrupted.
                sync_entries(to)?;
                described = Some(description);
            }
            (part @ (KEY_FILE | KDF_FILE), _) if size <= MAX_KEY_BYTES && described.is_some() => {
                write_new(&to.join(part), &mut entry)?;
            }
            (_, Some(account)) if described.is_some() => {
                let path = to.join(database_of(&account));
                write_new(&path, &mut entry)?;
                names.insert(account);
            }
            _ => return Err(not_whole(format!("{name:?} does not belong into one"))),
        }
    }
    let described = described.ok_or_else(|| not_whole("it is empty".to_owned()))?;
    if names
        .iter()
        .map(AccountName::as_str)
        .ne(&described.accounts)
    {
        return Err(not_whole("accounts are missing".to_owned()));
    }
    Ok(names.into_iter().collect())
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
        (Some(_), true) => Err(OpenError::NotABackup {
            path: file.to_owned(),
            problem: "it has a key of its own: leave out --key-file".to_owned(),
        }),
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
        let connection = open_reader(&path, &key)?;
        read_account(&connection, &path, name)?;
        check_sound(&connection, &path)?;
    }
    Ok(())
}

fn write_new(path: &Path, content: &mut impl Read) -> Result<(), OpenError> {
    create_file(path)
        .and_then(|mut file| {
            io::copy(content, &mut file)?;
            file.sync_all()
        })
        .map_err(OpenError::io(path))
}
