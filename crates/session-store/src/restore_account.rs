//! Takes one account out of a backup into a data directory that may have others.
//!
//! Its database is unpacked under a name that no account has, checked, encrypted to the key of the
//! directory, and renamed: the account is there whole or not at all. The key of the backup is in
//! memory alone.

use std::{fs, io::Read, path::Path, str};

use engine::model::AccountName;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    archive::{Entry, read_backup},
    data_dir::{database_of, erase_companions, finish_erasing, prepare, unfinished},
    error::OpenError,
    files::{sync_directory, wipe},
    rekey::encrypt,
    restore::{check_account, write_new},
    store_key::{self, KEY_FILE, StoreKey},
};

/// Takes the account `name` out of a backup into the data directory at `data_dir`, which is made if
/// there is none and must not have an account of this name. No daemon may serve it meanwhile. The
/// rest of the backup is passed over, but it has to be whole.
///
/// `file` is the name of the backup in errors. `secret` is what its key comes from if that is not
/// in it: what the key file holds, or the passphrase; without one, a backup that was made under a
/// passphrase is opened with the directory's own, `passphrase`. `rng` draws the key of a new
/// directory. The restored store can read, and send on new sessions only.
///
/// # Errors
/// [`OpenError::AccountExists`], or another that says what to do. The accounts of the directory are
/// then as they were.
pub fn restore_account(
    archive: impl Read,
    file: &Path,
    name: &AccountName,
    secret: Option<&[u8]>,
    data_dir: &Path,
    passphrase: Option<&[u8]>,
    rng: &mut dyn CryptoRng,
) -> Result<(), OpenError> {
    let (_lock, sidecars) = prepare(data_dir)?;
    let database = data_dir.join(database_of(name));
    if database.exists() {
        return Err(OpenError::AccountExists);
    }
    // A wrong passphrase shows before a large backup is read; a new directory gets its key after.
    let known = store_key::is_settled(data_dir)
        .then(|| StoreKey::load_known(data_dir, passphrase))
        .transpose()?;
    let copy = unfinished(&database);
    let done = take_out(archive, file, name, secret, passphrase, &copy)
        .and_then(|theirs| {
            let ours = match known {
                Some(key) => key,
                None => StoreKey::load(data_dir, passphrase, rng)?,
            };
            encrypt(&copy, &theirs, &ours)
        })
        .and_then(|()| {
            // Otherwise files of an erased account of this name would be taken for the new one's.
            finish_erasing(&database, &sidecars)?;
            fs::rename(&copy, &database).map_err(OpenError::io(&database))?;
            sync_directory(&database)
        });
    if done.is_err() {
        // If it cannot be erased now, it is at the next opening.
        let _ = erase_companions(&copy).and_then(|()| wipe(&copy));
    }
    done
}

/// Unpacks the database of an account to `to` and checks it; the key that it is under.
fn take_out(
    archive: impl Read,
    file: &Path,
    name: &AccountName,
    secret: Option<&[u8]>,
    passphrase: Option<&[u8]>,
    to: &Path,
) -> Result<StoreKey, OpenError> {
    let (mut key_file, mut kdf_file) = (None, None);
    read_backup(file, archive, |entry, content| match entry {
        Entry::Description(description) => {
            let there = &description.accounts;
            if there.iter().any(|found| found == name.as_str()) {
                Ok(())
            } else {
                Err(OpenError::no_account(file, name, there))
            }
        }
        Entry::Key(part) => {
            let mut text = Zeroizing::new(String::new());
            content
                .read_to_string(&mut text)
                .map_err(OpenError::io(file))?;
            if part == KEY_FILE {
                key_file = Some(text);
            } else {
                kdf_file = Some(text);
            }
            Ok(())
        }
        Entry::Account(found) if found == name => write_new(to, content),
        Entry::Account(_) => Ok(()),
    })?;
    let damaged = |what: &str| OpenError::not_a_backup(file, format!("{what} in it is damaged"));
    let wrong_key = || OpenError::BackupKey(file.to_owned());
    let wrong_passphrase = || OpenError::BackupPassphrase(file.to_owned());
    let mut unreadable = damaged("the account");
    let key = match (key_file, kdf_file, secret) {
        (Some(_), _, Some(_)) => Err(OpenError::not_a_backup(
            file,
            "it holds its key: give no other",
        )),
        (Some(text), _, None) => StoreKey::parse(&text).ok_or_else(|| damaged("the key")),
        (None, Some(text), secret) => {
            let passphrase = secret.or(passphrase).ok_or_else(wrong_passphrase)?;
            StoreKey::derive(&text, file, passphrase)?.ok_or_else(wrong_passphrase)
        }
        (None, None, Some(text)) => {
            unreadable = wrong_key();
            let text = str::from_utf8(text).ok();
            text.and_then(StoreKey::parse).ok_or_else(wrong_key)
        }
        (None, None, None) => Err(OpenError::BackupWithoutKey(file.to_owned())),
    }?;
    match check_account(to, &file.join(database_of(name)), &key, name) {
        Err(OpenError::NotReadable(_)) => Err(unreadable),
        checked => checked.map(|()| key),
    }
}
