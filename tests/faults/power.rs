//! Power cuts: of what was not synced, a random part is undone, by the journal of `journal.c`.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File, OpenOptions},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use super::{
    random::Random,
    run::{Plan, run},
    shim::journal_of,
};

/// Size of what a disk writes whole or not at all, in bytes.
const SECTOR: u64 = 512;
/// Size of the pages in which the kernel caches and writes a file, in bytes.
const PAGE: u64 = 4096;
/// Size of the head of a journal record in bytes: six numbers.
const RECORD: usize = 6 * 8;

/// A record of the journal that `journal.c` writes.
struct Record {
    /// Its offset in the journal.
    place: u64,
    kind: u64,
    file: u64,
    at: u64,
    count: u64,
    size: u64,
    bytes: Vec<u8>,
}

const WRITE: u64 = 1;
const TRUNCATE: u64 = 2;
const SYNC: u64 = 3;
const CREATE: u64 = 4;
const RENAME: u64 = 5;
const UNLINK: u64 = 6;
const SYNC_DIRECTORY: u64 = 7;
const SYNC_FAILED: u64 = 8;

fn read_journal(path: &Path) -> Vec<Record> {
    let journal = fs::read(path).expect("the journal");
    let mut records = Vec::new();
    let mut rest = journal.as_slice();
    while let Some((head, more)) = rest.split_at_checked(RECORD) {
        let (numbers, []) = head.as_chunks::<8>() else {
            unreachable!("a whole number of numbers")
        };
        let [kind, file, at, count, size, length] =
            [0, 1, 2, 3, 4, 5].map(|n| u64::from_ne_bytes(numbers[n]));
        let length = usize::try_from(length).expect("a length");
        // A record that is cut off tells of something that was never done.
        let Some((bytes, more)) = more.split_at_checked(length) else {
            break;
        };
        records.push(Record {
            place: (journal.len() - rest.len()) as u64,
            kind,
            file,
            at,
            count,
            size,
            bytes: bytes.to_vec(),
        });
        rest = more;
    }
    records
}

/// A change of a page that may not be on the disk.
#[derive(Clone, Copy)]
struct Change {
    /// Index of its record.
    record: usize,
    /// The kernel could not write it, and will not again by itself.
    dropped: bool,
}

/// Changes of one file that may not be on the disk.
#[derive(Default)]
struct Unsynced {
    /// Changes by page number, oldest first.
    pages: BTreeMap<u64, Vec<Change>>,
    /// Records that changed the size, oldest first.
    sizes: Vec<usize>,
    /// Whether one of them made the file shorter.
    cut: bool,
}

impl Unsynced {
    fn write(&mut self, index: usize, record: &Record) {
        if record.at + record.count > record.size {
            self.sizes.push(index);
        }
        for page in record.at / PAGE..=(record.at + record.count).saturating_sub(1) / PAGE {
            self.pages.entry(page).or_default().push(Change {
                record: index,
                dropped: false,
            });
        }
    }

    fn sync(&mut self, records: &[Record], began: u64) {
        let before = |record: usize| records[record].place < began;
        self.pages.retain(|_, changes| {
            // A page is written with all of its changes.
            let written = changes
                .iter()
                .any(|change| !change.dropped && before(change.record));
            if written {
                changes.retain(|change| !before(change.record));
            }
            !changes.is_empty()
        });
        self.sizes.retain(|record| !before(*record));
        self.cut &= !self.sizes.is_empty();
    }

    fn sync_failed(&mut self, records: &[Record], began: u64) {
        for change in self.pages.values_mut().flatten() {
            change.dropped |= records[change.record].place < began;
        }
    }
}

/// How much of what was not synced a file loses.
#[derive(Clone, Copy)]
enum Loss {
    Everything,
    Nothing,
    /// The changes from this record on.
    Since(usize),
    /// A random part of each page's changes.
    Pages,
    /// A random part of each sector's changes.
    Sectors,
}

impl Loss {
    fn any(random: &mut Random, records: usize) -> Self {
        match random.below(6) {
            0 => Self::Everything,
            1 => Self::Nothing,
            2 => Self::Since(random.below(records)),
            3 => Self::Pages,
            _ => Self::Sectors,
        }
    }

    /// How many of these changes, from the last one on, are lost.
    fn of(self, random: &mut Random, changes: &[Change]) -> usize {
        match self {
            Self::Everything => changes.len(),
            Self::Nothing => 0,
            Self::Since(first) => changes
                .iter()
                .filter(|change| change.record >= first)
                .count(),
            Self::Pages | Self::Sectors => random.below(changes.len() + 1),
        }
    }
}

/// Sectors that were undone by all power cuts of this process.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many sectors were lost so far.
pub fn lost_sectors() -> u64 {
    LOST.load(SeqCst)
}

/// Cuts the power of a daemon that was killed: undoes in `data_dir` a random part of what was not
/// synced.
pub fn cut(random: &mut Random, data_dir: &Path) {
    let journal = journal_of(data_dir.parent().expect("a scratch directory"));
    let records = read_journal(&journal.join("journal"));
    let mut unsynced: BTreeMap<u64, Unsynced> = BTreeMap::new();
    let mut names: Vec<&Record> = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let file = || record.file;
        match record.kind {
            WRITE => unsynced.entry(file()).or_default().write(index, record),
            TRUNCATE => {
                let file = unsynced.entry(file()).or_default();
                file.sizes.push(index);
                file.cut = true;
            }
            SYNC => {
                if let Some(file) = unsynced.get_mut(&file()) {
                    file.sync(&records, record.at);
                }
            }
            SYNC_FAILED => {
                if let Some(file) = unsynced.get_mut(&file()) {
                    file.sync_failed(&records, record.at);
                }
            }
            CREATE | RENAME | UNLINK => names.push(record),
            SYNC_DIRECTORY => names.retain(|name| {
                name.place >= record.at
                    || paths(name).last().and_then(|path| path.parent()) != Some(&paths(record)[0])
            }),
            other => panic!("a record of kind {other}"),
        }
    }
    let mut files = HashMap::new();
    find(data_dir, &mut files);
    find(&journal, &mut files);
    for (inode, lost) in unsynced {
        if let Some(path) = files.get(&inode) {
            lose(random, path, &records, &lost);
        }
    }
    let renamed: Vec<&Record> = records
        .iter()
        .filter(|record| record.kind == RENAME)
        .collect();
    lose_names(random, &journal, &names, &renamed);
    for path in files
        .values()
        .filter(|path| path.to_string_lossy().ends_with("-shm"))
    {
        let _ = fs::remove_file(path);
    }
    for entry in fs::read_dir(&journal).expect("the journal's directory") {
        fs::remove_file(entry.expect("an entry").path()).expect("to clear away");
    }
}

/// The files below a directory, by inode.
fn find(directory: &Path, files: &mut HashMap<u64, PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("a file");
        if metadata.is_dir() {
            find(&path, files);
        } else {
            files.insert(metadata.ino(), path);
        }
    }
}

/// Undoes a part of what was done to one file.
fn lose(random: &mut Random, path: &Path, records: &[Record], unsynced: &Unsynced) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("a file");
    let loss = match Loss::any(random, records.len()) {
        // A cut moves everything at once: what is lost with it is what came later.
        Loss::Pages | Loss::Sectors if unsynced.cut => Loss::Since(random.below(records.len())),
        loss => loss,
    };
    let size = file.metadata().expect("a size").len();
    // Up to where something is that is kept.
    let mut needed = 0;
    let mut undoing = Vec::new();
    for (page, changes) in &unsynced.pages {
        let of_page = loss.of(random, changes);
        for sector in page * PAGE / SECTOR..(page + 1) * PAGE / SECTOR {
            let lost = match loss {
                Loss::Sectors => loss.of(random, changes),
                _ => of_page,
            };
            let (kept, lost) = changes.split_at(changes.len() - lost);
            let ends = kept.iter().map(|change| {
                let record = &records[change.record];
                (record.at + record.count).min((sector + 1) * SECTOR)
            });
            needed = ends.fold(needed, u64::max);
            undoing.extend(lost.iter().map(|change| (change.record, sector)));
        }
    }
    if unsynced.cut {
        for record in unsynced
            .sizes
            .iter()
            .filter(|record| records[**record].kind == TRUNCATE)
        {
            let sectors = records[*record].at / SECTOR..=records[*record].size / SECTOR;
            if loss.of(
                random,
                &[Change {
                    record: *record,
                    dropped: false,
                }],
            ) == 1
            {
                undoing.extend(sectors.map(|sector| (*record, sector)));
            }
        }
    }
    LOST.fetch_add(undoing.len() as u64, SeqCst);
    // The last one first.
    undoing.sort_unstable();
    for (record, sector) in undoing.into_iter().rev() {
        put_back(&file, &records[record], sector);
    }
    let synced = unsynced
        .sizes
        .first()
        .map_or(size, |first| records[*first].size);
    let size = match loss {
        Loss::Nothing => size,
        Loss::Everything => synced,
        Loss::Since(first) => {
            let lost = unsynced.sizes.iter().find(|record| **record >= first);
            lost.map_or(size, |record| records[*record].size)
        }
        Loss::Pages | Loss::Sectors => [synced.max(needed), size][random.below(2)],
    };
    file.set_len(size).expect("to cut off");
}

/// Puts back what was in a sector before this record.
fn put_back(file: &File, record: &Record, sector: u64) {
    let end = match record.kind {
        TRUNCATE => record.size,
        _ => record.at + record.count,
    };
    let start = record.at.max(sector * SECTOR);
    let end = end.min((sector + 1) * SECTOR);
    let bytes: Vec<u8> = (start..end)
        .map(|at| {
            let at = usize::try_from(at - record.at).expect("an index");
            // Past the end there were zeros, if anything.
            record.bytes.get(at).copied().unwrap_or(0)
        })
        .collect();
    file.write_all_at(&bytes, start).expect("to write");
}

/// The paths of a record.
fn paths(record: &Record) -> Vec<PathBuf> {
    let text = std::str::from_utf8(&record.bytes).expect("a path");
    text.split('\0').map(PathBuf::from).collect()
}

/// Undoes the last of the changes of names that were not synced: a file system does them in order.
fn lose_names(random: &mut Random, journal: &Path, names: &[&Record], renamed: &[&Record]) {
    let lost = &names[random.below(names.len() + 1)..];
    for record in lost.iter().rev() {
        let paths = paths(record);
        let gone = journal.join(record.count.to_string());
        match record.kind {
            // What is not there was not made, wherever the directory it was made in was moved
            // since.
            CREATE => {
                let moved = renamed.iter().filter(|renaming| {
                    renaming.place > record.place
                        && !lost.iter().any(|lost| lost.place == renaming.place)
                });
                drop(fs::remove_file(
                    moved.fold(paths[0].clone(), |path, renaming| now_at(path, renaming)),
                ));
            }
            RENAME => {
                let renamed = fs::rename(&paths[1], &paths[0]).is_ok();
                if renamed && record.count > 0 {
                    fs::rename(gone, &paths[1]).expect("what was there");
                }
            }
            _ if record.count > 0 => {
                // A directory is removed after what is in it.
                fs::create_dir_all(paths[0].parent().expect("a directory")).expect("to make");
                fs::rename(gone, &paths[0]).expect("what was there");
            }
            _ => {}
        }
    }
}

/// Where a path leads after a renaming.
fn now_at(path: PathBuf, renaming: &Record) -> PathBuf {
    let paths = paths(renaming);
    match path.strip_prefix(&paths[0]) {
        Ok(rest) if rest.as_os_str().is_empty() => paths[1].clone(),
        Ok(rest) => paths[1].join(rest),
        Err(_) => path,
    }
}

#[test]
fn nothing_is_lost_forked_or_half_done_when_the_power_is_cut() {
    run(&Plan::power(10).crowded());
}

#[test]
#[ignore = "takes minutes: RATCHETD_CUTS says how many times the power goes"]
fn nothing_is_lost_forked_or_half_done_in_hundreds_of_power_cuts() {
    run(&Plan::power(super::run::number("RATCHETD_CUTS", 400)).crowded());
}
