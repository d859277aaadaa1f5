//! The sidecar file of a database: `NAME.GENERATION.epoch`, 96 bytes.
//!
//! It is authenticated with a key that the database holds, and that is drawn anew whenever a
//! displaced store is settled. So nobody without the stores' key can write a lower count into it,
//! or use it for a state that was given up.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::UNIX_EPOCH,
};

use hmac::Mac as _;

use super::{generation::Row, keys::Key};
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
    /// Reads the file at `path`; `None` if it is gone.
    fn read(generation: Generation, path: PathBuf) -> Result<Option<Self>, OpenError> {
        let read = || -> io::Result<_> {
            let file = File::open(&path)?;
            let file_id = FileId::of(&file)?;
            let mut bytes = Vec::new();
            // One byte more than a sidecar has, to notice a longer file.
            file.take((FACTS_BYTES + MAC_BYTES) as u64 + 1)
                .read_to_end(&mut bytes)?;
            Ok((file_id, Record::from_bytes(&bytes)))
        };
        match read() {
            Ok((file_id, record)) => Ok(Some(Self {
                generation,
                record,
                file_id,
                path,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::io(&path)(error)),
        }
    }

    /// Whether the store was closed properly in the state of this row, and every commit of it is
    /// counted here and under the sum.
    pub(super) fn was_closed(&self, row: &Row) -> bool {
        let counted = self.record.as_ref().map(|record| record.commits);
        self.generation == row.generation
            && counted == Some(row.commits)
            && row.noted == row.commits
            && row.digest.is_some()
    }

    pub(super) fn open(
        self,
        key: Option<Key>,
        sidecars: &Arc<Sidecars>,
    ) -> Result<Sidecar, OpenError> {
        let mut sidecar = Sidecar {
            file: None,
            file_id: self.file_id,
            generation: self.generation,
            path: self.path,
            key,
            sidecars: Arc::clone(sidecars),
        };
        let opened = sidecar.open().map(drop);
        opened.map_err(OpenError::io(&sidecar.path))?;
        Ok(sidecar)
    }
}

/// The sidecars in a directory of accounts.
///
/// The directory is read once: with thousands of accounts that takes milliseconds, too long for
/// each opening. From then on this keeps up with what the process does there, which has the
/// directory for itself. A sidecar that somebody puts there meanwhile is found if the database
/// names it, or if the one that belongs there is gone. Any other can hide no older state: the one
/// that this process has left is there, and the database must fit it.
#[derive(Debug)]
pub(crate) struct Sidecars {
    directory: PathBuf,
    /// The generations in their names, by the name of the database without its extension. Changes
    /// in one step, so that a poisoned lock is taken as it is.
    known: Mutex<HashMap<String, BTreeSet<Generation>>>,
}

impl Sidecars {
    /// Those in `directory`; none if it is not there.
    pub(crate) fn read(directory: &Path) -> Result<Self, OpenError> {
        let sidecars = Self {
            directory: directory.to_owned(),
            known: Mutex::default(),
        };
        if directory.exists() {
            *sidecars.known() = list(directory)?;
        }
        Ok(sidecars)
    }

    /// The sidecars of `database`, whose row is `row`: one, unless somebody copied files.
    pub(super) fn find(
        &self,
        database: &Path,
        row: Option<&Row>,
    ) -> Result<Vec<FoundSidecar>, OpenError> {
        let mut generations = self.generations(database);
        if let Some(row) = row {
            generations.extend([row.generation, row.previous]);
        }
        let found = read_all(database, generations)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let mut there = list(&self.directory)?;
        let generations = there.remove(&stem_of(database)).unwrap_or_default();
        self.set(database, generations.clone());
        read_all(database, generations)
    }

    /// The files that are sidecars of `database`.
    pub(crate) fn paths(&self, database: &Path) -> Vec<PathBuf> {
        let generations = self.generations(database);
        let paths = generations.iter();
        paths
            .map(|generation| path_of(database, generation))
            .collect()
    }

    /// Erases the sidecars of `database`.
    pub(crate) fn erase(&self, database: &Path) -> Result<(), OpenError> {
        let paths = self.paths(database);
        paths.iter().try_for_each(|path| wipe(path))?;
        self.set(database, BTreeSet::new());
        Ok(())
    }

    /// Erases those that have no database, with this extension. A crash leaves one when an account
    /// is made.
    pub(crate) fn erase_orphaned(&self, extension: &str) -> Result<(), OpenError> {
        let mut databases: Vec<PathBuf> = self
            .known()
            .keys()
            .map(|stem| self.directory.join(format!("{stem}.{extension}")))
            .collect();
        databases.retain(|database| !database.exists());
        databases
            .iter()
            .try_for_each(|database| self.erase(database))
    }

    fn generations(&self, database: &Path) -> BTreeSet<Generation> {
        let known = self.known();
        known.get(&stem_of(database)).cloned().unwrap_or_default()
    }

    fn set(&self, database: &Path, generations: BTreeSet<Generation>) {
        let mut known = self.known();
        if generations.is_empty() {
            known.remove(&stem_of(database));
        } else {
            known.insert(stem_of(database), generations);
        }
    }

    fn add(&self, database: &Path, generation: Generation) {
        let mut known = self.known();
        known
            .entry(stem_of(database))
            .or_default()
            .insert(generation);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, BTreeSet<Generation>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sidecars of `database` with these generations that are there.
fn read_all(
    database: &Path,
    generations: BTreeSet<Generation>,
) -> Result<Vec<FoundSidecar>, OpenError> {
    let read = |generation| FoundSidecar::read(generation, path_of(database, &generation));
    let found = generations.into_iter().map(read);
    found.filter_map(Result::transpose).collect()
}

/// The generations of the sidecars in a directory, by the names of their databases.
fn list(directory: &Path) -> Result<HashMap<String, BTreeSet<Generation>>, OpenError> {
    let mut found = HashMap::<String, BTreeSet<Generation>>::new();
    for entry in fs::read_dir(directory).map_err(OpenError::io(directory))? {
        let name = entry.map_err(OpenError::io(directory))?.file_name();
        let parts = name
            .to_str()
            .and_then(|name| name.strip_suffix(EXTENSION))
            .and_then(|name| name.rsplit_once('.'));
        if let Some((stem, digits)) = parts
            && let Some(generation) = generation_from(digits)
        {
            found.entry(stem.to_owned()).or_default().insert(generation);
        }
    }
    Ok(found)
}

/// The name of a database without its extension. That of an account is of ASCII.
fn stem_of(database: &Path) -> String {
    let stem = database.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
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
    /// Open from before a commit until it is counted: thousands of accounts would keep as many
    /// descriptors that are hardly ever used.
    file: Option<File>,
    file_id: FileId,
    generation: Generation,
    path: PathBuf,
    /// `None` until the file is authenticated.
    key: Option<Key>,
    sidecars: Arc<Sidecars>,
}

impl Sidecar {
    /// Makes the file, durably. Those of other generations stay.
    pub(super) fn create(
        database: &Path,
        generation: &Generation,
        key: Key,
        commits: u64,
        sidecars: &Arc<Sidecars>,
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
        sidecars.add(database, *generation);
        let (file, file_id) = make().map_err(OpenError::io(&path))?;
        sync_directory(&path)?;
        Ok(Self {
            file: Some(file),
            file_id,
            generation: *generation,
            path,
            key: Some(key),
            sidecars: Arc::clone(sidecars),
        })
    }

    /// Opens the file, unless it is open. An error of kind [`ErrorKind::NotFound`] if another one
    /// is in its place.
    pub(super) fn open(&mut self) -> io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = File::options().write(true).open(&self.path)?;
                if FileId::of(&file)? != self.file_id {
                    return Err(ErrorKind::NotFound.into());
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }

    /// Closes the file until it is needed again.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// The key that the file is authenticated with, if it is.
    pub(super) const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Authenticates the file with this key from here on. That is checked once the database has the
    /// key.
    pub(super) fn authenticate(&mut self, key: Key, commits: u64) -> io::Result<()> {
        let record = Record::new(self.file_id, commits).to_bytes(Some(&key));
        let file = self.open()?;
        file.write_all_at(&record, 0)?;
        file.sync_all()?;
        self.key = Some(key);
        Ok(())
    }

    pub(super) const fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Writes the number of commits. Not made durable: a loss of power takes it from this file
    /// alone, and a count that is behind is accepted.
    pub(super) fn count(&mut self, commits: u64) -> io::Result<()> {
        let record = Record::new(self.file_id, commits).to_bytes(self.key());
        let counted = record.get(COUNT_AT..).unwrap_or_default();
        self.open()?.write_all_at(counted, COUNT_AT as u64)
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
            .and_then(|()| self.open()?.sync_data())
            .map_err(OpenError::io(&self.path))?;
        let path = path_of(database, generation);
        // The old name stays known until the new one is on the disk.
        self.sidecars.add(database, *generation);
        fs::rename(&self.path, &path).map_err(OpenError::io(&self.path))?;
        self.generation = *generation;
        self.path = path;
        sync_directory(&self.path)?;
        self.sidecars.set(database, BTreeSet::from([*generation]));
        Ok(())
    }

    /// Erases the sidecars of other generations.
    pub(super) fn erase_others(&self, database: &Path) -> Result<(), OpenError> {
        let there = list(&self.sidecars.directory)?;
        there
            .get(&stem_of(database))
            .into_iter()
            .flatten()
            .filter(|generation| **generation != self.generation)
            .try_for_each(|generation| wipe(&path_of(database, generation)))?;
        self.sidecars
            .set(database, BTreeSet::from([self.generation]));
        Ok(())
    }
}
