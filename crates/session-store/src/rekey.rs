//! Changes the key of a data directory, safe against crashes.
//!
//! Every database is copied under the new key into a directory of its own. When all copies are on
//! the disk, a marker file is made there: before that the data directory opens with the old key,
//! after it with the new one. Then the copies are moved into place; if that is interrupted, the
//! next opening finishes it.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use engine::model::AccountName;
use rand_core::CryptoRng;

use crate::{
    backup::{check_sound, copy_database},
    data_dir::{ACCOUNTS, DataDir, EVENTS, account_names, database_of, erase_companions},
    error::OpenError,
    files::{create_file, make_directory, sync_directory, sync_entries, wipe, wipe_directory},
    registry::erase_registry,
    rollback_guard,
    schema::open_copy,
    store_key::{self, KDF_FILE, KEY_FILE, StoreKey},
};

/// The directory for the copies under the new key.
pub(crate) const REKEYING: &str = "rekeying";
/// The marker file there: all copies are whole.
pub(crate) const READY: &str = "ready";

/// Gives a data directory another key: from the passphrase `new`, or a random one in a key file. No
/// daemon may serve it meanwhile. `old` is its present passphrase, if it has one; `rng` draws the
/// key or the salt.
///
/// # Errors
/// [`OpenError`], which says what to do. The old key is still valid then, unless the disk failed
/// while files were moved into place: then the new one is, and the next opening moves the rest.
pub fn rekey(
    data_dir: &Path,
    old: Option<&[u8]>,
    new: Option<&[u8]>,
    rng: &mut dyn CryptoRng,
) -> Result<(), OpenError> {
    if !store_key::is_settled(data_dir) && !is_half_done(data_dir) {
        return Err(OpenError::NoDataDirectory(data_dir.to_owned()));
    }
    let directory = DataDir::open(data_dir, old, rng)?;
    match write_copies(&directory, new, rng) {
        Ok(()) => finish(data_dir),
        Err(error) => {
            undo(&data_dir.join(REKEYING))?;
            Err(error)
        }
    }
}

/// Copies everything under a new key, and makes the marker file.
pub(crate) fn write_copies(
    directory: &DataDir,
    new: Option<&[u8]>,
    rng: &mut dyn CryptoRng,
) -> Result<(), OpenError> {
    let to = directory.path().join(REKEYING);
    make_directory(&to)?;
    make_directory(&to.join(ACCOUNTS))?;
    let key = StoreKey::load(&to, new, rng)?;
    for part in databases(directory.path())? {
        let copy = to.join(&part);
        create(&copy)?;
        // In the copy it could no longer be detected that main file and WAL are of two states.
        let database = directory.path().join(&part);
        rollback_guard::refuse_foreign_log(&database, directory.key(), directory.sidecars())?;
        let of = part
            .starts_with(ACCOUNTS)
            .then(|| AccountName::parse(part.file_stem()?.to_str()?).ok())
            .flatten();
        copy_database(&database, &copy, directory.key(), of.as_ref())?;
        encrypt(&copy, directory.key(), &key)?;
    }
    // All names have to be on the disk before the marker file.
    for above in [to.join(ACCOUNTS), to.clone(), directory.path().to_owned()] {
        sync_entries(&above)?;
    }
    create(&to.join(READY))?;
    sync_entries(&to)
}

/// Encrypts a copy anew, from the old key to the new one, and waits until it is on the disk. What a
/// crash leaves of it is thrown away.
pub(crate) fn encrypt(copy: &Path, old: &StoreKey, new: &StoreKey) -> Result<(), OpenError> {
    let failed = OpenError::database(copy);
    let connection = open_copy(copy, old)?;
    // No WAL, which would not be moved with the copy, and no journal file, which would leave pages
    // under the old key behind.
    connection
        .query_row("PRAGMA journal_mode = MEMORY", (), |_| Ok(()))
        .and_then(|()| connection.execute_batch(&new.rekey_pragma()))
        .map_err(&failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    let connection = open_copy(copy, new)?;
    check_sound(&connection, copy)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    File::open(copy)
        .and_then(|file| file.sync_all())
        .map_err(OpenError::io(copy))
}

/// Finishes a change of the key that was interrupted after its marker file was made, and undoes one
/// that was interrupted before.
pub(crate) fn finish(data_dir: &Path) -> Result<(), OpenError> {
    let from = data_dir.join(REKEYING);
    if !is_half_done(data_dir) {
        return undo(&from);
    }
    // It is under the old key, and made anew.
    erase_registry(data_dir)?;
    for part in databases(&from)? {
        put_in_place(&from.join(&part), &data_dir.join(&part))?;
    }
    for (part, other) in [(KEY_FILE, KDF_FILE), (KDF_FILE, KEY_FILE)] {
        if from.join(part).exists() {
            wipe(&data_dir.join(other))?;
            put_in_place(&from.join(part), &data_dir.join(part))?;
        }
    }
    undo(&from)
}

/// Whether a change of the key was interrupted after its marker file was made: part of the
/// directory may be under the new key already.
pub(crate) fn is_half_done(data_dir: &Path) -> bool {
    data_dir.join(REKEYING).join(READY).exists()
}

/// Erases the file at `to`, which is under the old key, and moves the one at `from` there.
fn put_in_place(from: &Path, to: &Path) -> Result<(), OpenError> {
    erase_companions(to)?;
    wipe(to)?;
    fs::rename(from, to).map_err(OpenError::io(to))?;
    sync_directory(to)
}

/// Removes the directory of the copies. The marker file goes first: with it, what is left of the
/// copies would be moved into place.
fn undo(directory: &Path) -> Result<(), OpenError> {
    if !directory.exists() {
        return Ok(());
    }
    let marker = directory.join(READY);
    match fs::remove_file(&marker) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(OpenError::io(&marker)(error)),
        _ => sync_directory(&marker),
    }?;
    wipe_directory(directory)?;
    sync_directory(directory)
}

/// The relative paths of the databases below a directory.
fn databases(directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let mut found = Vec::new();
    let accounts = directory.join(ACCOUNTS);
    if accounts.exists() {
        found.extend(account_names(&accounts)?.iter().map(database_of));
    }
    if directory.join(EVENTS).exists() {
        found.push(PathBuf::from(EVENTS));
    }
    Ok(found)
}

/// Makes an empty file, durably.
fn create(path: &Path) -> Result<(), OpenError> {
    create_file(path)
        .and_then(|file| file.sync_all())
        .map_err(OpenError::io(path))
}
