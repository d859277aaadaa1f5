//! What SQLite's log leaves on the disk.
//!
//! The log holds pages as they were before later commits, with keys that were erased since. SQLite
//! writes it over from its beginning once all of it is in the database's own file, and leaves the
//! rest as it was. Whoever has the key of the stores reads from that what was confirmed. So where
//! there is time, at rest and at the end, what is behind the last commit is overwritten.

use std::{fs, io, os::unix::fs::FileExt as _, path::Path, time::Duration};

use rusqlite::Connection;

use crate::{data_dir::log_of, files::overwrite, schema::BUSY_TIMEOUT};

/// Bytes of the header of a log.
pub(crate) const HEADER_BYTES: u64 = 32;
/// Where in it the size of a page is.
const PAGE_SIZE_AT: u64 = 8;
/// Bytes before each page in it.
const FRAME_HEADER_BYTES: u64 = 24;

/// Copies the log into the database's own file, and waits until that is on the disk; how many pages
/// the log has, if it was copied to its end. A reader of an earlier state is not waited for.
pub(crate) fn copy(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    checkpoint(connection, "PASSIVE")
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?
        .query_row((), |row| {
            let (busy, logged, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let complete = busy == 0 && logged == copied;
            Ok(u64::try_from(logged).ok().filter(|_| complete))
        })
}

/// Overwrites what is behind the last of the `pages` of the log of `database`, and cuts the log
/// off. All of them must be in the database's own file, and nothing may be written meanwhile.
pub(crate) fn cut_off(connection: &Connection, database: &Path, pages: u64) -> io::Result<()> {
    let failed = |error: rusqlite::Error| io::Error::other(error);
    let mut log = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(log_of(database))?;
    if log.metadata()?.len() <= HEADER_BYTES {
        return Ok(());
    }
    let mut page_size = [0; 4];
    log.read_exact_at(&mut page_size, PAGE_SIZE_AT)?;
    let frame = FRAME_HEADER_BYTES.saturating_add(u32::from_be_bytes(page_size).into());
    let end = HEADER_BYTES.saturating_add(pages.saturating_mul(frame));
    // No process takes what is behind the last commit for a part of the log: it has the salt of an
    // earlier one.
    overwrite(&mut log, end)?;
    // Whoever reads, reads on; the log is cut off another time then.
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;
    let cut = checkpoint(connection, "TRUNCATE");
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    cut.map(drop).map_err(failed)
}
