//! The file beside a database: `NAME.MARK.epoch`, 96 bytes.
//!
//! It is authenticated with a key that is drawn whenever a database begins anew, and that the
//! database holds. So nobody without the key of the stores can write a lower count into it, or give
//! it to a state that was given up.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use hmac::Mac as _;

use super::keys::Key;
use crate::{
    error::OpenError,
    files::{sync_directory, wipe},
};

/// Bytes of a mark.
const MARK_BYTES: usize = 8;
/// Random, and new at every opening and closing.
pub(super) type Mark = [u8; MARK_BYTES];

const EXTENSION: &str = ".epoch";
const MAGIC: [u8; 16] = *b"ratchetd epoch 1";
/// Magic, inode, birth (0 or 1, seconds, nanoseconds), count, and its complement. Files of versions
/// that did not authenticate them have no more.
const FACTS_BYTES: usize = 64;
/// The MAC over that.
const MAC_BYTES: usize = 32;
/// Where the count, its complement and the MAC are: 48 bytes within one sector, written at once.
const COUNT_AT: usize = 48;

/// Which file a file is: what no copy of it has in common with it.
#[derive(Clone, Copy, Debug, Eq)]
pub(super) struct Place {
    inode: u64,
    /// When it was made, if the file system remembers that: seconds and nanoseconds.
    born: Option<(u64, u64)>,
}

impl PartialEq for Place {
    /// By birth where it is known. Inode numbers are given again, and some file systems change them.
    fn eq(&self, other: &Self) -> bool {
        match (self.born, other.born) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.inode == other.inode,
        }
    }
}

impl Place {
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

/// What a file says.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) place: Place,
    pub(super) commits: u64,
    /// Over all of it.
    mac: Option<[u8; MAC_BYTES]>,
}

impl Record {
    const fn new(place: Place, commits: u64) -> Self {
        Self {
            place,
            commits,
            mac: None,
        }
    }

    fn facts(&self) -> [u8; FACTS_BYTES] {
        let (known, seconds, nanoseconds) = match self.place.born {
            Some((seconds, nanoseconds)) => (1, seconds, nanoseconds),
            None => (0, 0, 0),
        };
        let mut bytes = [0; FACTS_BYTES];
        let numbers = [
            self.place.inode,
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

    /// As it stands in the file: without a key nobody will ask for its MAC.
    fn to_bytes(&self, key: Option<&Key>) -> Vec<u8> {
        let facts = self.facts();
        let mac = key.map(|key| key.mac().chain_update(facts).finalize().into_bytes());
        facts.into_iter().chain(mac.into_iter().flatten()).collect()
    }

    /// Whether it was written with this key. Before there was one, nothing was authenticated.
    pub(super) fn is_of(&self, key: Option<&Key>) -> bool {
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
            place: Place {
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

/// A file that was found.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) mark: Mark,
    /// What it says; none if it cannot be read as it was written.
    pub(super) record: Option<Record>,
    /// Which file it is.
    pub(super) place: Place,
    path: PathBuf,
}

impl Witness {
    pub(super) fn open(self, key: Option<Key>) -> Result<MarkFile, OpenError> {
        let file = fs::OpenOptions::new().write(true).open(&self.path);
        Ok(MarkFile {
            file: file.map_err(OpenError::io(&self.path))?,
            place: self.place,
            mark: self.mark,
            path: self.path,
            key,
        })
    }
}

/// The files beside `database`.
pub(super) fn find(database: &Path) -> Result<Vec<Witness>, OpenError> {
    paths(database)?
        .into_iter()
        .map(|(mark, path)| {
            let read = || {
                let file = File::open(&path)?;
                let place = Place::of(&file)?;
                let mut bytes = Vec::new();
                // One byte more than there may be tells that it is none of ours.
                file.take((FACTS_BYTES + MAC_BYTES) as u64 + 1)
                    .read_to_end(&mut bytes)?;
                Ok((place, Record::from_bytes(&bytes)))
            };
            let (place, record) = read().map_err(OpenError::io(&path))?;
            Ok(Witness {
                mark,
                record,
                place,
                path,
            })
        })
        .collect()
}

/// Erases the files beside `database`.
pub(crate) fn erase_all(database: &Path) -> Result<(), OpenError> {
    paths(database)?.iter().try_for_each(|(_, path)| wipe(path))
}

/// Erases the files in `directory` whose database is not there, as a crash leaves them when an account is made.
pub(crate) fn erase_orphans(directory: &Path, extension: &str) -> Result<(), OpenError> {
    for (stem, _, path) in all(directory)? {
        if !directory.join(format!("{stem}.{extension}")).exists() {
            wipe(&path)?;
        }
    }
    Ok(())
}

fn paths(database: &Path) -> Result<Vec<(Mark, PathBuf)>, OpenError> {
    let (Some(directory), Some(stem)) = (database.parent(), database.file_stem()) else {
        return Ok(Vec::new());
    };
    let mut found = all(directory)?;
    found.retain(|(of, ..)| stem == of.as_str());
    Ok(found
        .into_iter()
        .map(|(_, mark, path)| (mark, path))
        .collect())
}

/// The files of this kind in a directory, each with the name of its database and its mark.
fn all(directory: &Path) -> Result<Vec<(String, Mark, PathBuf)>, OpenError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(OpenError::io(directory))? {
        let path = entry.map_err(OpenError::io(directory))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let parts = name
            .and_then(|name| name.strip_suffix(EXTENSION))
            .and_then(|name| name.rsplit_once('.'));
        if let Some((stem, digits)) = parts
            && let Some(mark) = mark_from(digits)
        {
            found.push((stem.to_owned(), mark, path));
        }
    }
    Ok(found)
}

fn mark_from(digits: &str) -> Option<Mark> {
    let number = u64::from_str_radix(digits, 16).ok()?;
    let mark = number.to_be_bytes();
    // One spelling only.
    (digits == hex(&mark)).then_some(mark)
}

fn hex(mark: &Mark) -> String {
    format!("{:016x}", u64::from_be_bytes(*mark))
}

fn path_of(database: &Path, mark: &Mark) -> PathBuf {
    let mut name = database.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{}{EXTENSION}", hex(mark)));
    database.with_file_name(name)
}

/// The file of an open store.
#[derive(Debug)]
pub(super) struct MarkFile {
    file: File,
    place: Place,
    mark: Mark,
    path: PathBuf,
    /// None until the file is authenticated.
    key: Option<Key>,
}

impl MarkFile {
    /// Makes the file, durably. Those of other marks stay.
    pub(super) fn create(
        database: &Path,
        mark: &Mark,
        key: Key,
        commits: u64,
    ) -> Result<Self, OpenError> {
        let path = path_of(database, mark);
        let make = || {
            let file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            let place = Place::of(&file)?;
            let record = Record::new(place, commits).to_bytes(Some(&key));
            file.write_all_at(&record, 0)?;
            file.sync_all()?;
            Ok((file, place))
        };
        let (file, place) = make().map_err(OpenError::io(&path))?;
        sync_directory(&path)?;
        Ok(Self {
            file,
            place,
            mark: *mark,
            path,
            key: Some(key),
        })
    }

    /// What the file is authenticated with, if it is.
    pub(super) const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// From here on the file is authenticated with this key. Nobody asks for that before the
    /// database holds it.
    pub(super) fn authenticate(&mut self, key: Key, commits: u64) -> io::Result<()> {
        let record = Record::new(self.place, commits).to_bytes(Some(&key));
        self.file.write_all_at(&record, 0)?;
        self.file.sync_all()?;
        self.key = Some(key);
        Ok(())
    }

    pub(super) const fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Notes how many commits there are. Not made durable: what the loss of power takes away, it takes from this
    /// file alone, and a count that is behind accuses nobody.
    pub(super) fn count(&self, commits: u64) -> io::Result<()> {
        let record = Record::new(self.place, commits).to_bytes(self.key());
        let counted = record.get(COUNT_AT..).unwrap_or_default();
        self.file.write_all_at(counted, COUNT_AT as u64)
    }

    /// Gives the file the name of a new mark, durably, and its count with it: what the loss of
    /// power takes away of that is no more than one run of the daemon.
    pub(super) fn rename(
        &mut self,
        database: &Path,
        mark: &Mark,
        commits: u64,
    ) -> Result<(), OpenError> {
        if self.mark == *mark {
            return Ok(());
        }
        self.count(commits)
            .and_then(|()| self.file.sync_data())
            .map_err(OpenError::io(&self.path))?;
        let path = path_of(database, mark);
        fs::rename(&self.path, &path).map_err(OpenError::io(&self.path))?;
        self.mark = *mark;
        self.path = path;
        sync_directory(&self.path)
    }

    /// Erases the files of other marks.
    pub(super) fn erase_others(&self, database: &Path) -> Result<(), OpenError> {
        paths(database)?
            .iter()
            .filter(|(mark, _)| *mark != self.mark)
            .try_for_each(|(_, path)| wipe(path))
    }
}
