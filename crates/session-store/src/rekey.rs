//! Another key for a data directory, whatever happens meanwhile.
//!
//! Everything that is under the key is written once more beside itself, under the new key, in a directory of its own. When all of it
//! is on the disk a mark is set there: up to that moment the directory opens with the old key, and from then on with the
//! new one. What is left to do is to put files in their places, and whoever opens the directory next finishes that.

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use engine::model::AccountName;
use rand_core::CryptoRng;

use crate::{
    backup::{check_sound, copy_database},
    data_dir::{ACCOUNTS, DataDir, EVENTS, EXTENSION, account_names, erase_companions},
    error::OpenError,
    files::{make_directory, sync_directory, sync_entries, wipe, wipe_directory},
    rollback_guard,
    schema::open_copy,
    store_key::{self, KDF_FILE, KEY_FILE, StoreKey},
};

/// Where everything is written once more.
pub(crate) const REKEYING: &str = "rekeying";
/// The mark there: all of it is whole.
pub(crate) const READY: &str = "ready";

/// Gives a data directory another key: from the passphrase `new`, or a random one in its key file. No daemon may serve
/// it meanwhile. `old` is the passphrase of today, if it has one; `rng` gives the key, or the salt.
///
/// # Errors
/// [`OpenError`], which says what to do. The key is still the old one then; only if the disk failed while files were put
/// in their places is it the new one, and the next opening puts the rest there.
pub fn rekey(
    data_dir: &Path,
    old: Option<&[u8]>,
    new: Option<&[u8]>,
    rng: &mut dyn CryptoRng,
) -> Result<(), OpenError> {
    if !store_key::is_settled(data_dir) && !is_half_done(data_dir) {
        return Err(OpenError::NoDataDirectory {
            path: data_dir.to_owned(),
        });
    }
    let directory = DataDir::open(data_dir, old, rng)?;
    match write_anew(&directory, new, rng) {
        Ok(()) => finish(data_dir),
        Err(error) => {
            undo(&data_dir.join(REKEYING))?;
            Err(error)
        }
    }
}

/// Writes everything once more, under a new key, and sets the mark.
pub(crate) fn write_anew(
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
        // A copy is of one piece: it would not show any more that it was put together from two states.
        rollback_guard::check_no_mixture(&directory.path().join(&part), directory.key())?;
        let of = part
            .starts_with(ACCOUNTS)
            .then(|| AccountName::parse(part.file_stem()?.to_str()?).ok())
            .flatten();
        copy_database(
            &directory.path().join(&part),
            &copy,
            directory.key(),
            of.as_ref(),
        )?;
        encrypt(&copy, directory.key(), &key)?;
    }
    // Every name below, and this one, before the mark that vouches for them.
    for above in [to.join(ACCOUNTS), to.clone(), directory.path().to_owned()] {
        sync_entries(&above)?;
    }
    create(&to.join(READY))?;
    sync_entries(&to)
}

/// Puts a copy that is under the old key under the new one. It is a copy: what a crash leaves of it is thrown away.
fn encrypt(copy: &Path, old: &StoreKey, new: &StoreKey) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Database {
        path: copy.to_owned(),
        cause: error.to_string(),
    };
    let connection = open_copy(copy, old)?;
    // One file alone: no log of it would be moved along, and a journal of its pages under the old
    // key would be left behind.
    connection
        .query_row("PRAGMA journal_mode = MEMORY", (), |_| Ok(()))
        .and_then(|()| connection.execute_batch(&new.rekey_pragma()))
        .map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    let connection = open_copy(copy, new)?;
    check_sound(&connection, copy)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    File::open(copy)
        .and_then(|file| file.sync_all())
        .map_err(OpenError::io(copy))
}

/// Finishes a change of the key that was cut off after its mark, and undoes one that was cut off before.
pub(crate) fn finish(data_dir: &Path) -> Result<(), OpenError> {
    let from = data_dir.join(REKEYING);
    if !is_half_done(data_dir) {
        return undo(&from);
    }
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

/// Whether a change of the key was cut off after its mark: some of the directory may be under the new key already.
pub(crate) fn is_half_done(data_dir: &Path) -> bool {
    data_dir.join(REKEYING).join(READY).exists()
}

/// Overwrites what was there, under the old key, with what is to be there.
fn put_in_place(from: &Path, to: &Path) -> Result<(), OpenError> {
    erase_companions(to)?;
    wipe(to)?;
    fs::rename(from, to).map_err(OpenError::io(to))?;
    sync_directory(to)
}

/// Removes the directory with what is in it. The mark goes first: it would have what is left of the rest put in place.
fn undo(directory: &Path) -> Result<(), OpenError> {
    if !directory.exists() {
        return Ok(());
    }
    let mark = directory.join(READY);
    match fs::remove_file(&mark) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(OpenError::io(&mark)(error)),
        _ => sync_directory(&mark),
    }?;
    wipe_directory(directory)?;
    sync_directory(directory)
}

/// The databases below a directory, by their places in it.
fn databases(directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let mut found = Vec::new();
    let accounts = directory.join(ACCOUNTS);
    if accounts.exists() {
        for name in account_names(&accounts)? {
            found.push(Path::new(ACCOUNTS).join(format!("{name}.{EXTENSION}")));
        }
    }
    if directory.join(EVENTS).exists() {
        found.push(PathBuf::from(EVENTS));
    }
    Ok(found)
}

/// An empty file that only we can read.
fn create(path: &Path) -> Result<(), OpenError> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| file.sync_all())
        .map_err(OpenError::io(path))
}
