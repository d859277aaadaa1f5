//! The main database file, read without the WAL beside it.
//!
//! After a crash SQLite lays the WAL over whatever main file is there. If that file is an older
//! one, the newest generation and count come out of the WAL, with every page that the WAL happens
//! to have; all other pages are old, ratchets among them. So the main file is read by itself before
//! anything is written.

use std::{fs, path::Path};

use rusqlite::ErrorCode;

use super::{
    generation::{Row, read_row},
    sidecar::Generation,
};
use crate::{
    data_dir::wal_of, error::OpenError, schema::open_main_file, store_key::StoreKey,
    wal::HEADER_BYTES,
};

/// What the main database file says by itself.
#[derive(Debug)]
pub(crate) enum MainFile {
    /// There is no WAL: the file is all there is.
    NoLog,
    /// The guard's row in it, if it has one.
    Row(Option<Row>),
    /// A page is not whole: the power failed during a checkpoint. That page is in the WAL too, or
    /// the two cannot be read together either.
    Torn,
}

impl MainFile {
    /// Reads the main file of the database at `database`. Must come before anything that may
    /// checkpoint the WAL into it.
    pub(crate) fn read(database: &Path, key: &StoreKey) -> Result<Self, OpenError> {
        let logged = fs::metadata(wal_of(database)).map_or(0, |found| found.len());
        // A WAL that is no longer than its header has no commit in it.
        if logged <= HEADER_BYTES {
            return Ok(Self::NoLog);
        }
        match open_main_file(database, key).and_then(|connection| read_row(&connection)) {
            Ok(row) => Ok(Self::Row(row)),
            Err(error) if is_environmental(error.sqlite_error_code()) => {
                Err(OpenError::database(database)(error))
            }
            Err(_) => Ok(Self::Torn),
        }
    }

    /// Whether the WAL was begun on this very file. `row` is the guard's row as file and WAL give
    /// it together, `named` the generation in the sidecar's name if there is exactly one sidecar.
    pub(super) fn fits(&self, row: &Row, named: Option<&Generation>) -> bool {
        let Self::Row(main_file) = self else {
            return true;
        };
        if row.checkpointed == 0 {
            return true;
        }
        // The sidecar is renamed once the new generation is in this file; before that, the file may
        // have the previous one.
        let renamed = named == Some(&row.generation);
        main_file.is_some_and(|main_file| {
            (main_file.generation == row.generation
                || (main_file.generation == row.previous && !renamed))
                && (row.checkpointed..=row.commits).contains(&main_file.noted)
        })
    }
}

/// Whether an error says nothing about what is in the file.
const fn is_environmental(code: Option<ErrorCode>) -> bool {
    matches!(
        code,
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
        )
    )
}
