//! The sidecar file of a database: `NAME.GENERATION.epoch`, 96 bytes.
//!
//! It is authenticated with a key that the database holds, and that is drawn anew whenever a
//! displaced store is settled. So nobody without the stores' key can write a lower count into it,
//! or use it for a state that was given up.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use hmac::Mac as _;

use super::keys::Key;
use crate::{
    error::OpenError,
    files::{create_file, sync_directory, wipe},
};

const GENERATION_BYTES: usize = 8;
/// Names a state between two openings or closings. Random.
pub(super) type Generation = [u8; GENERATION_BYTES];

const EXTENSION: &str = ".epoch";
const MAGIC: [u8; 16] = *b"ratchetd epoch 1";
/// Magic, inode, creation (0 or 1 for whether it is known, seconds, nanoseconds), count, and the
/// complement of the count. Files of versions that did not authenticate them end here.
const FACTS_BYTES: usize = 64;
/// The HMAC-SHA-256 over that.
const MAC_BYTES: usize = 32;
/// Offset of the count, its complement and the MAC: 48 bytes within one sector, written at once.
const COUNT_AT: usize = 48;

/// Tells a file from its copies.
#[derive(Clone, Copy, Debug, Eq)]
pub(super) struct FileId {
    inode: u64,
    /// When the file was created, seconds and nanoseconds, if the file system remembers that.
    born: Option<(u64, u64)>,
}

impl PartialEq for FileId {
    /// By time of creation where both know it: inode numbers are reused, and some file systems
    /// change them.
    fn eq(&self, other: &Self) -> bool {
        match (self.born, other.born) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.inode == other.inode,
        }
    }
}

impl FileId {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let born = metadata.created().ok();
        let born = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Ok(Self {
            inode: metadata.ino(),
            born: born.map(|born| (born.as_secs(), u64::from(born.subsec_nanos()))),
        })
    }
}

/// The contents of a sidecar.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) file_id: FileId,
    pub(super) commits: u64,
    mac: Option<[u8; MAC_BYTES]>,
}

impl Record {
    const fn new(file_id: FileId, commits: u64) -> Self {
        Self {
            file_id,
            commits,
            mac: None,
        }
    }

    fn facts(&self) -> [u8; FACTS_BYTES] {
        let (known, seconds, nanoseconds) = match self.file_id.born {
            Some((seconds, nanoseconds)) => (1, seconds, nanoseconds),
            None => (0, 0, 0),
        };
        let mut bytes = [0; FACTS_BYTES];
        let numbers = [
            self.file_id.inode,
            known,
            seconds,
            nanoseconds,
            self.commits,
            !self.commits,
        ];
        let parts = MAGIC
            .into_iter()
            .chain(numbers.into_iter().flat_map(u64::to_le_bytes));
        for (byte, part) in bytes.iter_mut().zip(parts) {
            *byte = part;
        }
        bytes
    }

    /// The bytes of the file; without a key, those of a version that did not authenticate them.
    fn to_bytes(&self, key: Option<&Key>) -> Vec<u8> {
        let facts = self.facts();
        let mac = key.map(|key| key.mac().chain_update(facts).finalize().into_bytes());
        facts.into_iter().chain(mac.into_iter().flatten()).collect()
    }

    /// Whether it was written with this key; always, while the database has no key yet.
    pub(super) fn is_authentic(&self, key: Option<&Key>) -> bool {
        key.is_none_or(|key| {
            let mac = key.mac().chain_update(self.facts());
            self.mac
                .is_some_and(|found| mac.verify_slice(&found).is_ok())
        })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (facts, mac) = bytes.split_at_checked(FACTS_BYTES)?;
        let numbers = facts.strip_prefix(&MAGIC)?;
        let mut numbers = numbers
            .chunks_exact(8)
            .filter_map(|number| Some(u64::from_le_bytes(number.try_into().ok()?)));
        let mut next = || numbers.next();
        let (inode, known, seconds, nanoseconds) = (next()?, next()?, next()?, next()?);
        let (commits, complement) = (next()?, next()?);
        (commits == !complement).then_some(Self {
            file_id: FileId {
                inode,
                born: (known == 1).then_some((seconds, nanoseconds)),
            },
            commits,
            mac: match mac {
                [] => None,
                mac => Some(mac.try_into().ok()?),
            },
        })
    }
}

/// A sidecar that was found beside a database.
#[derive(Debug)]
pub(super) struct FoundSidecar {
    pub(super) generation: Generation,
    /// `None` if the contents are not of the form.
    pub(super) record: Option<Record>,
    /// Which file it really is.
    pub(super) file_id: FileId,
    path: PathBuf,
}

impl FoundSidecar {
    pub(super) fn open(self, key: Option<Key>) -> Result<Sidecar, OpenError> {
        let file = fs::OpenOptions::new().write(true).open(&self.path);
        Ok(Sidecar {
            file: file.map_err(OpenError::io(&self.path))?,
            file_id: self.file_id,
            generation: self.generation,
            path: self.path,
            key,
        })
    }
}

/// The sidecars of `database`: one, unless somebody copied files.
pub(super) fn find(database: &Path) -> Result<Vec<FoundSidecar>, OpenError> {
    paths(database)?
        .into_iter()
        .map(|(generation, path)| {
            let read = || {
                let file = File::open(&path)?;
                let file_id = FileId::of(&file)?;
                let mut bytes = Vec::new();
                // One byte more than a sidecar has, to notice a longer file.
                file.take((FACTS_BYTES + MAC_BYTES) as u64 + 1)
                    .read_to_end(&mut bytes)?;
                Ok((file_id, Record::from_bytes(&bytes)))
            };
            let (file_id, record) = read().map_err(OpenError::io(&path))?;
            Ok(FoundSidecar {
                generation,
                record,
                file_id,
                path,
            })
        })
        .collect()
}

/// The files that are sidecars of `database`.
pub(crate) fn sidecars_of(database: &Path) -> Result<Vec<PathBuf>, OpenError> {
    Ok(paths(database)?.into_iter().map(|(_, path)| path).collect())
}

/// Erases the sidecars of `database`.
pub(crate) fn erase_sidecars(database: &Path) -> Result<(), OpenError> {
    paths(database)?.iter().try_for_each(|(_, path)| wipe(path))
}

/// Erases the sidecars in `directory` that have no database. A crash leaves one when an account is
/// made.
pub(crate) fn erase_orphaned_sidecars(directory: &Path, extension: &str) -> Result<(), OpenError> {
    for (stem, _, path) in all(directory)? {
        if !directory.join(format!("{stem}.{extension}")).exists() {
            wipe(&path)?;
        }
    }
    Ok(())
}

fn paths(database: &Path) -> Result<Vec<(Generation, PathBuf)>, OpenError> {
    let (Some(directory), Some(stem)) = (database.parent(), database.file_stem()) else {
        return Ok(Vec::new());
    };
    let mut found = all(directory)?;
    found.retain(|(of, ..)| stem == of.as_str());
    Ok(found
        .into_iter()
        .map(|(_, generation, path)| (generation, path))
        .collect())
}

/// The sidecars in a directory, each with the name of its database and its generation.
fn all(directory: &Path) -> Result<Vec<(String, Generation, PathBuf)>, OpenError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(OpenError::io(directory))? {
        let path = entry.map_err(OpenError::io(directory))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let parts = name
            .and_then(|name| name.strip_suffix(EXTENSION))
            .and_then(|name| name.rsplit_once('.'));
        if let Some((stem, digits)) = parts
            && let Some(generation) = generation_from(digits)
        {
            found.push((stem.to_owned(), generation, path));
        }
    }
    Ok(found)
}

fn generation_from(digits: &str) -> Option<Generation> {
    let number = u64::from_str_radix(digits, 16).ok()?;
    let generation = number.to_be_bytes();
    // Lowercase and with all its zeros, or it is another file.
    (digits == hex(&generation)).then_some(generation)
}

fn hex(generation: &Generation) -> String {
    format!("{:016x}", u64::from_be_bytes(*generation))
}

fn path_of(database: &Path, generation: &Generation) -> PathBuf {
    let mut name = database.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{}{EXTENSION}", hex(generation)));
    database.with_file_name(name)
}

/// The sidecar of an open store.
#[derive(Debug)]
pub(super) struct Sidecar {
    file: File,
    file_id: FileId,
    generation: Generation,
    path: PathBuf,
    /// `None` until the file is authenticated.
    key: Option<Key>,
}

impl Sidecar {
    /// Makes the file, durably. Those of other generations stay.
    pub(super) fn create(
        database: &Path,
        generation: &Generation,
        key: Key,
        commits: u64,
    ) -> Result<Self, OpenError> {
        let path = path_of(database, generation);
        let make = || {
            let file = create_file(&path)?;
            let file_id = FileId::of(&file)?;
            let record = Record::new(file_id, commits).to_bytes(Some(&key));
            file.write_all_at(&record, 0)?;
            file.sync_all()?;
            Ok((file, file_id))
        };
        let (file, file_id) = make().map_err(OpenError::io(&path))?;
        sync_directory(&path)?;
        Ok(Self {
            file,
            file_id,
            generation: *generation,
            path,
            key: Some(key),
        })
    }

    /// The key that the file is authenticated with, if it is.
    pub(super) const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Authenticates the file with this key from here on. That is checked once the database has the
    /// key.
    pub(super) fn authenticate(&mut self, key: Key, commits: u64) -> io::Result<()> {
        let record = Record::new(self.file_id, commits).to_bytes(Some(&key));
        self.file.write_all_at(&record, 0)?;
        self.file.sync_all()?;
        self.key = Some(key);
        Ok(())
    }

    pub(super) const fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Writes the number of commits. Not made durable: a loss of power takes it from this file
    /// alone, and a count that is behind is accepted.
    pub(super) fn count(&self, commits: u64) -> io::Result<()> {
        let record = Record::new(self.file_id, commits).to_bytes(self.key());
        let counted = record.get(COUNT_AT..).unwrap_or_default();
        self.file.write_all_at(counted, COUNT_AT as u64)
    }

    /// Gives the file the name of a new generation, durably, and makes the count durable too, so
    /// that a loss of power takes the counts of one run at most.
    pub(super) fn rename(
        &mut self,
        database: &Path,
        generation: &Generation,
        commits: u64,
    ) -> Result<(), OpenError> {
        if self.generation == *generation {
            return Ok(());
        }
        self.count(commits)
            .and_then(|()| self.file.sync_data())
            .map_err(OpenError::io(&self.path))?;
        let path = path_of(database, generation);
        fs::rename(&self.path, &path).map_err(OpenError::io(&self.path))?;
        self.generation = *generation;
        self.path = path;
        sync_directory(&self.path)
    }

    /// Erases the sidecars of other generations.
    pub(super) fn erase_others(&self, database: &Path) -> Result<(), OpenError> {
        paths(database)?
            .iter()
            .filter(|(generation, _)| *generation != self.generation)
            .try_for_each(|(_, path)| wipe(path))
    }
}
