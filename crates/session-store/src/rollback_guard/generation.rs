//! The row in which a database says which state it is, and the numbers that other rows carry for it.

use std::path::Path;

use engine::model::Displaced;
use rusqlite::{Connection, OptionalExtension as _, Params};

use super::{
    Found, Result,
    digest::Sum,
    keys::Key,
    sidecar::{Mark, MarkFile},
};
use crate::rows::{Columns, corrupt, failed, failed_file, integer, time};

/// What the database says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(super) mark: Mark,
    pub(super) previous: Mark,
    /// How many commits there were with the last one that is noted in the row.
    pub(super) noted: u64,
    /// How many commits there were.
    pub(super) commits: u64,
    /// What was known to be noted in its own file without the log; 0 if that was not known.
    pub(super) based: u64,
    /// The sum over the rows that ratchets run from, as of the last commit; none if it is not
    /// known.
    pub(super) digest: Option<Sum>,
}

/// The keys that a database holds for its witnesses.
#[derive(Debug)]
pub(super) struct Keys {
    /// Of the sum over the rows that ratchets run from.
    pub(super) digest: Key,
    /// Of the file beside the database; none until that is authenticated.
    pub(super) witness: Option<Key>,
}

/// Gives a database that is being made its mark and its keys; [`place`](super::place) puts the file
/// beside it that bears the mark and is under the key.
pub(crate) fn insert_mark(connection: &Connection) -> rusqlite::Result<(Mark, Key)> {
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

/// The one row that a change returns, if it changed one. Asks for another, which there is not: outside of a transaction
/// the change is committed only then, and whoever asks for one row alone is not told that it failed.
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

/// Reads the row, and counts the commits by all rows that carry their numbers.
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

/// Reads the keys, if it has any.
pub(super) fn read_keys(connection: &Connection) -> rusqlite::Result<Option<Keys>> {
    if !connection.column_exists(None, "epoch", "witness_key")? {
        return Ok(None);
    }
    connection
        .query_row("SELECT digest_key, witness_key FROM epoch", (), |row| {
            Ok(Keys {
                digest: row.get(0)?,
                witness: row.get(1)?,
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

/// A column of a table, or what stands for it in the schema of a version that did not have it.
fn column_or_null(
    connection: &Connection,
    table: &str,
    column: &'static str,
) -> rusqlite::Result<&'static str> {
    let there = connection.column_exists(None, table, column)?;
    Ok(if there { column } else { "NULL" })
}

/// A number that changes whenever another connection has written to the database.
pub(super) fn written_by_others(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row((), |row| row.get(0))
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
}

/// Reads the row alone.
pub(super) fn read_row(connection: &Connection) -> rusqlite::Result<Option<Row>> {
    // A reader may meet the schema of a version that kept no witnesses, or did not note what the file holds.
    if !connection.table_exists(None, "epoch")? {
        return Ok(None);
    }
    let based = if connection.column_exists(None, "epoch", "based")? {
        "based"
    } else {
        "0"
    };
    let digest = column_or_null(connection, "epoch", "digest")?;
    let mut statement = connection.prepare(&format!(
        "SELECT mark, previous, commits, {based}, {digest} FROM epoch"
    ))?;
    let mut rows = statement.query(())?;
    rows.next()?
        .map(|row| {
            let noted = count(row, 2)?;
            Ok(Row {
                mark: row.get(0)?,
                previous: row.get(1)?,
                noted,
                commits: noted,
                based: count(row, 3)?,
                digest: row.get(4)?,
            })
        })
        .transpose()
}

/// When the store on this connection was last found displaced.
pub(crate) fn found(connection: &Connection) -> Result<Option<Found>> {
    let mut statement = connection
        .prepare_cached("SELECT displaced_at, displaced FROM epoch WHERE displaced IS NOT NULL")
        .map_err(failed)?;
    let mut rows = statement.query(()).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else {
        return Ok(None);
    };
    let mut columns = Columns::of(row);
    let at = columns.time()?;
    let how = match columns.count()? {
        1 => Displaced::Older,
        2 => Displaced::Elsewhere,
        3 => Displaced::Unmarked,
        _ => return Err(corrupt("how a store was displaced")),
    };
    Ok(Some(Found { at, how }))
}

/// A new mark and a new file, whatever there was before, after so many commits; the other files go
/// when this is committed.
pub(super) fn begin_anew(
    connection: &Connection,
    database: &Path,
    digest_key: &Key,
    commits: u64,
    found: Option<Found>,
) -> Result<MarkFile> {
    let (mark, key) = returned(
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
            found.map(|found| match found.how {
                Displaced::Older => 1,
                Displaced::Elsewhere => 2,
                Displaced::Unmarked => 3,
            }),
            integer(commits),
            digest_key,
        ),
        |row| Ok((row.get::<_, Mark>(0)?, row.get::<_, Key>(1)?)),
    )
    .map_err(failed)?
    .ok_or_else(|| corrupt("a store's mark"))?;
    MarkFile::create(database, &mark, key, commits).map_err(|error| failed_file(&error))
}
