//! What SQLite's write-ahead log (WAL) leaves on the disk.
//!
//! The WAL holds pages as they were before later commits, with keys that were erased since. Once
//! all of it is in the main database file, SQLite overwrites it from its beginning and leaves the
//! rest as it was. Whoever has the stores' key could read confirmed messages with what is left. So
//! when there is time, at idle and at closing, everything behind the last commit is overwritten.

use std::{fs, io, os::unix::fs::FileExt as _, path::Path, time::Duration};

use engine::model::StoreError;
use rusqlite::Connection;

use crate::{
    data_dir::wal_of,
    files::overwrite,
    rows::{failed, failed_io},
    schema::BUSY_TIMEOUT,
};

/// Bytes of the header of a WAL.
pub(crate) const HEADER_BYTES: u64 = 32;
/// Offset of the page size in it.
const PAGE_SIZE_AT: u64 = 8;
/// Bytes before each page of a WAL.
const FRAME_HEADER_BYTES: u64 = 24;

/// Commits a change without waiting until the WAL is on the disk; commits after it wait again.
pub(crate) fn without_waiting<T>(
    connection: &Connection,
    change: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let synchronous = |level: &str| {
        let set = format!("PRAGMA synchronous = {level}");
        connection.execute_batch(&set).map_err(failed)
    };
    synchronous("NORMAL")?;
    let changed = change();
    synchronous("FULL")?;
    changed
}

/// Copies the WAL into the main database file and waits until that is on the disk; the number of
/// its pages, if all of them were copied. Does not wait for a reader of an earlier state.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    run_checkpoint(connection, "PASSIVE")
}

fn run_checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?
        .query_row((), |row| {
            let (busy, logged, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let complete = busy == 0 && logged == copied;
            Ok(u64::try_from(logged).ok().filter(|_| complete))
        })
}

/// Erases what the WAL of `database` holds of earlier commits. `write` commits a page, which
/// restarts the WAL once all of it is in the main database file.
pub(crate) fn erase(
    connection: &Connection,
    database: &Path,
    write: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    checkpoint(connection).map_err(failed)?;
    write()?;
    match checkpoint(connection).map_err(failed)? {
        Some(pages) => erase_rest(connection, database, pages).map_err(|error| failed_io(&error)),
        None => Ok(()),
    }
}

/// Overwrites everything behind the first `pages` pages of the WAL of `database`, then truncates
/// it. Those pages must be in the main database file, and nothing may be written meanwhile.
pub(crate) fn erase_rest(connection: &Connection, database: &Path, pages: u64) -> io::Result<()> {
    let other = |error: rusqlite::Error| io::Error::other(error);
    let mut log = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(wal_of(database))?;
    if log.metadata()?.len() <= HEADER_BYTES {
        return Ok(());
    }
    let mut page_size = [0; 4];
    log.read_exact_at(&mut page_size, PAGE_SIZE_AT)?;
    let frame = FRAME_HEADER_BYTES.saturating_add(u32::from_be_bytes(page_size).into());
    let end = HEADER_BYTES.saturating_add(pages.saturating_mul(frame));
    // No process reads what is behind the last commit as part of the WAL: it has an earlier salt.
    overwrite(&mut log, end)?;
    // If somebody is reading, the WAL is truncated another time.
    connection.busy_timeout(Duration::ZERO).map_err(other)?;
    let truncated = run_checkpoint(connection, "TRUNCATE");
    connection.busy_timeout(BUSY_TIMEOUT).map_err(other)?;
    truncated.map(drop).map_err(other)
}
