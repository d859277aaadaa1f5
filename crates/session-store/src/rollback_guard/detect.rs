//! Detects whether a store is the newest state of its account, and the only one.

use std::path::Path;

use engine::model::RollbackKind;
use rusqlite::Connection;

use super::{
    digest::{self, Sum},
    generation::{Row, read_counted, read_keys},
    keys::Key,
    main_file::MainFile,
    sidecar::{FoundSidecar, Sidecars},
};
use crate::{error::OpenError, schema::open_reader, store_key::StoreKey};

/// What the database at `database` would be found to be if it were opened for writing now.
/// `main_file` is what its main file says by itself. Changes nothing.
pub(crate) fn inspect(
    connection: &Connection,
    database: &Path,
    main_file: &MainFile,
    sidecars: &Sidecars,
) -> Result<Option<RollbackKind>, OpenError> {
    let failed = OpenError::database(database);
    let row = read_counted(connection).map_err(&failed)?;
    let sidecars = sidecars.find(database, row.as_ref())?;
    if let Some(row) = &row {
        check_foreign_log(connection, database, row, main_file, &sidecars)?;
    }
    // A version that had no keys authenticated nothing.
    let keys = read_keys(connection).map_err(&failed)?;
    let sidecar_key = keys.as_ref().and_then(|keys| keys.sidecar.as_ref());
    if let Some(displaced) = detect(row.as_ref(), sidecar_key, main_file, &sidecars) {
        return Ok(Some(displaced));
    }
    match &keys {
        Some(keys) => {
            let sum = digest::sum(connection, &keys.digest).map_err(&failed)?;
            Ok(detect_in_rows(row.as_ref(), sum))
        }
        None => Ok(None),
    }
}

/// Detects rows that are not those of the commit that was counted last, by their sum.
pub(super) fn detect_in_rows(row: Option<&Row>, sum: Sum) -> Option<RollbackKind> {
    let counted = row.and_then(|row| row.digest)?;
    (counted != sum).then_some(RollbackKind::Older)
}

/// What a database is found to be by its row and its sidecars.
pub(super) fn detect(
    row: Option<&Row>,
    sidecar_key: Option<&Key>,
    main_file: &MainFile,
    sidecars: &[FoundSidecar],
) -> Option<RollbackKind> {
    let (row, sidecar) = match (row, sidecars) {
        (None, []) => return None,
        (Some(row), [sidecar]) => (row, sidecar),
        (Some(_), []) => return Some(RollbackKind::Unmarked),
        _ => return Some(RollbackKind::Older),
    };
    if sidecar.generation != row.generation && sidecar.generation != row.previous {
        return Some(RollbackKind::Older);
    }
    match &sidecar.record {
        None => Some(RollbackKind::Unmarked),
        Some(record) if !record.is_authentic(sidecar_key) => Some(RollbackKind::Unmarked),
        Some(record) if record.file_id != sidecar.file_id => Some(RollbackKind::Elsewhere),
        Some(record) if record.commits > row.commits => Some(RollbackKind::Older),
        Some(_) if !main_file.fits(row, Some(&sidecar.generation)) => Some(RollbackKind::Older),
        Some(_) => None,
    }
}

/// Whether the WAL beside the database was begun on another state of it.
fn is_foreign_log(row: &Row, main_file: &MainFile, sidecars: &[FoundSidecar]) -> bool {
    let named = match sidecars {
        [sidecar] => Some(&sidecar.generation),
        _ => None,
    };
    !main_file.fits(row, named)
}

/// Refuses a database whose WAL was begun on another state of it.
pub(crate) fn refuse_foreign_log(
    database: &Path,
    key: &StoreKey,
    sidecars: &Sidecars,
) -> Result<(), OpenError> {
    let main_file = MainFile::read(database, key)?;
    let row = read_counted(&open_reader(database, key)?).map_err(OpenError::database(database))?;
    match row {
        Some(row) if is_foreign_log(&row, &main_file, &sidecars.find(database, Some(&row))?) => {
            Err(OpenError::ForeignLog(database.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Refuses a database whose WAL was begun on another state of it if the two make no sound database
/// together. If they do, the store is merely displaced.
pub(super) fn check_foreign_log(
    connection: &Connection,
    database: &Path,
    row: &Row,
    main_file: &MainFile,
    sidecars: &[FoundSidecar],
) -> Result<(), OpenError> {
    if !is_foreign_log(row, main_file, sidecars) {
        return Ok(());
    }
    let sound = connection.query_row("PRAGMA integrity_check(1)", (), |row| {
        row.get::<_, String>(0)
    });
    if sound.is_ok_and(|found| found == "ok") {
        Ok(())
    } else {
        Err(OpenError::ForeignLog(database.to_owned()))
    }
}
