//! Whether what is found is the newest state of an account, and the only one.

use std::path::Path;

use engine::model::Displaced;
use rusqlite::Connection;

use super::{
    digest::{self, Sum},
    generation::{Row, read_counted, read_keys},
    keys::Key,
    main_file::Alone,
    sidecar::{self, Witness},
};
use crate::{error::OpenError, schema::open_reader, store_key::StoreKey};

/// What the database at `database` would be found to be, if it were opened for writing now. `alone`
/// is what its own file says. Changes nothing.
pub(crate) fn inspect(
    connection: &Connection,
    database: &Path,
    alone: &Alone,
) -> Result<Option<Displaced>, OpenError> {
    let unusable = |error: rusqlite::Error| OpenError::Database {
        path: database.to_owned(),
        cause: error.to_string(),
    };
    let row = read_counted(connection).map_err(unusable)?;
    let witnesses = sidecar::find(database)?;
    if let Some(row) = &row {
        check_mixture(connection, database, row, alone, &witnesses)?;
    }
    // A version that kept no keys authenticated nothing.
    let keys = read_keys(connection).map_err(unusable)?;
    let witness_key = keys.as_ref().and_then(|keys| keys.witness.as_ref());
    if let Some(displaced) = judge(row.as_ref(), witness_key, alone, &witnesses) {
        return Ok(Some(displaced));
    }
    match &keys {
        Some(keys) => {
            let sum = digest::sum(connection, &keys.digest).map_err(unusable)?;
            Ok(judge_rows(row.as_ref(), sum))
        }
        None => Ok(None),
    }
}

/// Whether the rows that ratchets run from are those of the commit that was counted last.
pub(super) fn judge_rows(row: Option<&Row>, sum: Sum) -> Option<Displaced> {
    let counted = row.and_then(|row| row.digest)?;
    (counted != sum).then_some(Displaced::Older)
}

/// What a database is found to be by its row and the files beside it.
pub(super) fn judge(
    row: Option<&Row>,
    witness_key: Option<&Key>,
    alone: &Alone,
    witnesses: &[Witness],
) -> Option<Displaced> {
    let (row, witness) = match (row, witnesses) {
        (None, []) => return None,
        (Some(row), [witness]) => (row, witness),
        (Some(_), []) => return Some(Displaced::Unmarked),
        _ => return Some(Displaced::Older),
    };
    if witness.mark != row.mark && witness.mark != row.previous {
        return Some(Displaced::Older);
    }
    match &witness.record {
        None => Some(Displaced::Unmarked),
        Some(record) if !record.is_of(witness_key) => Some(Displaced::Unmarked),
        Some(record) if record.place != witness.place => Some(Displaced::Elsewhere),
        Some(record) if record.commits > row.commits => Some(Displaced::Older),
        Some(_) if !alone.fits(row, Some(&witness.mark)) => Some(Displaced::Older),
        Some(_) => None,
    }
}

/// Whether the log that is beside the database was begun on another state of it.
fn is_mixture(row: &Row, alone: &Alone, witnesses: &[Witness]) -> bool {
    let named = match witnesses {
        [witness] => Some(&witness.mark),
        _ => None,
    };
    !alone.fits(row, named)
}

/// Refuses a database whose log was begun on another state of it.
pub(crate) fn check_no_mixture(database: &Path, key: &StoreKey) -> Result<(), OpenError> {
    let alone = Alone::read(database, key)?;
    let row = read_counted(&open_reader(database, key)?).map_err(|error| OpenError::Database {
        path: database.to_owned(),
        cause: error.to_string(),
    })?;
    match row {
        Some(row) if is_mixture(&row, &alone, &sidecar::find(database)?) => {
            Err(OpenError::Mixture {
                path: database.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// Refuses pages of two times that make no sense together. If they do, the store is displaced, and
/// begins anew.
pub(super) fn check_mixture(
    connection: &Connection,
    database: &Path,
    row: &Row,
    alone: &Alone,
    witnesses: &[Witness],
) -> Result<(), OpenError> {
    if !is_mixture(row, alone, witnesses) {
        return Ok(());
    }
    let sound = connection.query_row("PRAGMA integrity_check(1)", (), |row| {
        row.get::<_, String>(0)
    });
    if sound.is_ok_and(|found| found == "ok") {
        Ok(())
    } else {
        Err(OpenError::Mixture {
            path: database.to_owned(),
        })
    }
}
