//! The guard's row in a database, table `epoch`: its generation, its count of commits, its keys.
//! The chains of sessions carry the count too.

use std::{path::Path, sync::Arc};

use engine::model::RollbackKind;
use rusqlite::{Connection, OptionalExtension as _, Params};

use super::{
    Found, Result,
    digest::Sum,
    keys::Key,
    sidecar::{Generation, Sidecar, Sidecars},
};
use crate::{
    query::first,
    rows::{Columns, corrupt, failed, failed_file, integer, time},
};

/// What a database says about its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(super) generation: Generation,
    pub(super) previous: Generation,
    /// The count in the row itself.
    pub(super) noted: u64,
    /// The highest count in this row and in the rows of chains.
    pub(super) commits: u64,
    /// The count that the row was known to have in the main database file; 0 if unknown. Column
    /// `based`.
    pub(super) checkpointed: u64,
    /// The sum over the rows that ratchets run from, as of the last commit; `None` if unknown.
    pub(super) digest: Option<Sum>,
}

/// The keys that a database holds for its rollback guard.
#[derive(Debug)]
pub(super) struct Keys {
    /// Of the sum over the rows that ratchets run from.
    pub(super) digest: Key,
    /// Of the sidecar; `None` until that is authenticated. Column `witness_key`.
    pub(super) sidecar: Option<Key>,
}

/// Gives a database that is being made its generation and its keys, for the sidecar that
/// [`create_sidecar`](super::create_sidecar) makes.
pub(crate) fn insert_generation(connection: &Connection) -> rusqlite::Result<(Generation, Key)> {
    returned(
        connection,
        "INSERT INTO epoch (id, mark, previous, commits, digest_key, witness_key) \
         SELECT 1, mark, mark, 0, randomblob(32), randomblob(32) \
         FROM (SELECT randomblob(8) AS mark) RETURNING mark, witness_key",
        (),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?
    .ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The one row that a change returns, if it changed one. Asks for a second row too: outside of a
/// transaction the change is committed only then, and an error of the commit shows only there.
pub(super) fn returned<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let found = rows.next()?.map(read).transpose()?;
    rows.next()?;
    Ok(found)
}

/// Reads the row, with the count from all rows that carry one.
pub(super) fn read_counted(connection: &Connection) -> rusqlite::Result<Option<Row>> {
    let Some(mut row) = read_row(connection)? else {
        return Ok(None);
    };
    if connection.column_exists(None, "session_chains", "commits")? {
        let digest = column_or_null(connection, "session_chains", "digest")?;
        let carried = connection
            .query_row(
                &format!(
                    "SELECT commits, {digest} FROM session_chains ORDER BY commits DESC LIMIT 1"
                ),
                (),
                |row| Ok((count(row, 0)?, row.get(1)?)),
            )
            .optional()?;
        if let Some((commits, digest)) = carried
            && commits > row.commits
        {
            (row.commits, row.digest) = (commits, digest);
        }
    }
    Ok(Some(row))
}

/// Reads the keys, if the database has any.
pub(super) fn read_keys(connection: &Connection) -> rusqlite::Result<Option<Keys>> {
    if !connection.column_exists(None, "epoch", "witness_key")? {
        return Ok(None);
    }
    connection
        .query_row("SELECT digest_key, witness_key FROM epoch", (), |row| {
            Ok(Keys {
                digest: row.get(0)?,
                sidecar: row.get(1)?,
            })
        })
        .optional()
}

/// Forgets the sum over the rows that ratchets run from: a migration may have changed them.
pub(crate) fn forget_digest(connection: &Connection) -> rusqlite::Result<()> {
    for table in ["epoch", "session_chains"] {
        if connection.column_exists(None, table, "digest")? {
            connection.execute_batch(&format!(
                "UPDATE {table} SET digest = NULL WHERE digest IS NOT NULL"
            ))?;
        }
    }
    Ok(())
}

/// A column of a table, or `NULL` in the schema of a version that did not have it.
fn column_or_null(
    connection: &Connection,
    table: &str,
    column: &'static str,
) -> rusqlite::Result<&'static str> {
    let there = connection.column_exists(None, table, column)?;
    Ok(if there { column } else { "NULL" })
}

/// SQLite's `data_version`, which changes whenever another connection has written.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row((), |row| row.get(0))
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
}

/// Reads the row without the counts in other rows.
pub(super) fn read_row(connection: &Connection) -> rusqlite::Result<Option<Row>> {
    // A reader may meet the schema of a version that had no guard, or no column `based`.
    if !connection.table_exists(None, "epoch")? {
        return Ok(None);
    }
    let checkpointed = if connection.column_exists(None, "epoch", "based")? {
        "based"
    } else {
        "0"
    };
    let digest = column_or_null(connection, "epoch", "digest")?;
    let mut statement = connection.prepare(&format!(
        "SELECT mark, previous, commits, {checkpointed}, {digest} FROM epoch"
    ))?;
    let mut rows = statement.query(())?;
    rows.next()?
        .map(|row| {
            let noted = count(row, 2)?;
            Ok(Row {
                generation: row.get(0)?,
                previous: row.get(1)?,
                noted,
                commits: noted,
                checkpointed: count(row, 3)?,
                digest: row.get(4)?,
            })
        })
        .transpose()
}

/// When the store on this connection was last found displaced, and as what.
pub(crate) fn found(connection: &Connection) -> Result<Option<Found>> {
    let sql = "SELECT displaced_at, displaced FROM epoch WHERE displaced IS NOT NULL";
    first(connection, sql, (), |row| {
        let mut columns = Columns::of(row);
        let at = columns.time()?;
        let how = RollbackKind::from_code(columns.take::<i64>()?)
            .ok_or_else(|| corrupt("how a store was displaced"))?;
        Ok(Found { at, how })
    })
}

/// Draws a new generation and a new key for a new sidecar, whatever there was before. The other
/// sidecars are erased when this is committed.
pub(super) fn new_generation(
    connection: &Connection,
    database: &Path,
    digest_key: &Key,
    commits: u64,
    found: Option<Found>,
    sidecars: &Arc<Sidecars>,
) -> Result<Sidecar> {
    let (generation, key) = returned(
        connection,
        "INSERT INTO epoch (id, mark, previous, commits, displaced_at, displaced, digest_key, \
             witness_key) \
         SELECT 1, mark, mark, ?3, ?1, ?2, ?4, randomblob(32) \
         FROM (SELECT randomblob(8) AS mark) WHERE true \
         ON CONFLICT (id) DO UPDATE SET mark = excluded.mark, previous = excluded.mark, \
             commits = excluded.commits, based = 0, digest_key = excluded.digest_key, \
             witness_key = excluded.witness_key, \
             displaced_at = coalesce(excluded.displaced_at, displaced_at), \
             displaced = coalesce(excluded.displaced, displaced) \
         RETURNING mark, witness_key",
        (
            found.map(|found| time(found.at)),
            found.map(|found| found.how.code()),
            integer(commits),
            digest_key,
        ),
        |row| Ok((row.get::<_, Generation>(0)?, row.get::<_, Key>(1)?)),
    )
    .map_err(failed)?
    .ok_or_else(|| corrupt("a store's mark"))?;
    Sidecar::create(database, &generation, key, commits, sidecars)
        .map_err(|error| failed_file(&error))
}
