//! The format of a backup: a tar file of a description, the files that the key comes from, and a
//! database for each account.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    path::Path,
};

use engine::model::AccountName;
use serde::{Deserialize, Serialize};
use tar::{Archive, EntryType};

use crate::{
    data_dir::{ACCOUNTS, EXTENSION},
    error::OpenError,
    store_key::{KDF_FILE, KEY_FILE},
};

/// The first entry, which describes the backup.
pub(crate) const DESCRIPTION: &str = "ratchetd-backup.toml";
/// The format that this version writes and reads.
pub(crate) const FORMAT: u32 = 1;
/// The files that keys come from are a few lines.
pub const MAX_KEY_BYTES: u64 = 4096;
/// A description names every account; this has room for thousands.
const MAX_DESCRIPTION_BYTES: u64 = 1024 * 1024;

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) format: u32,
    /// Milliseconds since the epoch.
    pub(crate) made_at: u64,
    /// Names of the accounts, in order.
    pub(crate) accounts: Vec<String>,
}

/// An entry of a backup.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// The description, which comes first.
    Description(&'a Description),
    /// [`KEY_FILE`] or [`KDF_FILE`].
    Key(&'a str),
    /// An account's database.
    Account(&'a AccountName),
}

/// Reads a backup to its end and returns the names of its accounts. `take` is given every entry
/// with its content, which it may leave unread. `file` is the name of the backup in errors.
///
/// # Errors
/// [`OpenError::NotABackup`] if it is cut off, of a later version or holds anything else, or the
/// error of `take`.
pub(crate) fn read_backup(
    file: &Path,
    archive: impl Read,
    mut take: impl FnMut(Entry<'_>, &mut dyn Read) -> Result<(), OpenError>,
) -> Result<Vec<AccountName>, OpenError> {
    let not_whole = |problem: String| OpenError::not_a_backup(file, problem);
    let unreadable = |error: io::Error| not_whole(error.to_string());
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
                take(Entry::Description(&description), &mut text.as_bytes())?;
                described = Some(description);
            }
            (part @ (KEY_FILE | KDF_FILE), _) if size <= MAX_KEY_BYTES && described.is_some() => {
                take(Entry::Key(part), &mut entry)?;
            }
            (_, Some(account)) if described.is_some() => {
                take(Entry::Account(&account), &mut entry)?;
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
