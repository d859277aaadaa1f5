//! The database's own file, without the log beside it.
//!
//! After a crash SQLite lays the log over whatever file is there. If that is an older one, the newest mark and count come
//! out of the log, and with them every page that the log happens to have; all others are old, ratchets among them. So
//! the file is asked alone what it holds, before anything is written.

use std::{fs, path::Path};

use rusqlite::ErrorCode;

use super::{
    generation::{Row, read_row},
    sidecar::Mark,
};
use crate::{
    data_dir::log_of, error::OpenError, schema::open_alone, store_key::StoreKey, wal::HEADER_BYTES,
};

/// What the file says.
#[derive(Debug)]
pub(crate) enum Alone {
    /// There is no log: it is all there is.
    Whole,
    /// What it says without the log; `None` if it has no row of the epoch.
    Says(Option<Row>),
    /// A page of it is not whole: the power went while the log was copied into it. That page is in the log too, or the two
    /// cannot be read together either.
    Torn,
}

impl Alone {
    /// Asks the file of the database at `database`. Must come before anything that may copy the log into it.
    pub(crate) fn read(database: &Path, key: &StoreKey) -> Result<Self, OpenError> {
        let logged = fs::metadata(log_of(database)).map_or(0, |found| found.len());
        // One that is no longer than its header has no commit in it.
        if logged <= HEADER_BYTES {
            return Ok(Self::Whole);
        }
        match open_alone(database, key).and_then(|connection| read_row(&connection)) {
            Ok(row) => Ok(Self::Says(row)),
            Err(error) if is_of_the_system(error.sqlite_error_code()) => Err(OpenError::Database {
                path: database.to_owned(),
                cause: error.to_string(),
            }),
            Err(_) => Ok(Self::Torn),
        }
    }

    /// Whether the log was begun on this very file. `row` is what the two say together, `named` the mark in the name of the
    /// witness, if there is one alone.
    pub(super) fn fits(&self, row: &Row, named: Option<&Mark>) -> bool {
        let Self::Says(alone) = self else {
            return true;
        };
        if row.based == 0 {
            return true;
        }
        // The witness is renamed once the new mark is in this file. Up to then it may have the one before.
        let renamed = named == Some(&row.mark);
        alone.is_some_and(|alone| {
            (alone.mark == row.mark || (alone.mark == row.previous && !renamed))
                && (row.based..=row.commits).contains(&alone.noted)
        })
    }
}

/// Whether an error says nothing of what is in the file.
const fn is_of_the_system(code: Option<ErrorCode>) -> bool {
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
