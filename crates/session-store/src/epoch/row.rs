//! The row in which a database says which state it is, and the numbers that other rows carry for it.

use rusqlite::{Connection, Params};

use super::marks::Mark;

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
}

/// Gives a database that is being made its mark; [`place`](super::place) puts the file beside it.
pub(crate) fn insert_mark(connection: &Connection) -> rusqlite::Result<Mark> {
    returned(
        connection,
        "INSERT INTO epoch (id, mark, previous, commits) \
         SELECT 1, mark, mark, 0 FROM (SELECT randomblob(8) AS mark) RETURNING mark",
        (),
        |row| row.get(0),
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
        let carried = connection.query_row(
            "SELECT coalesce(max(commits), 0) FROM session_chains",
            (),
            |row| count(row, 0),
        )?;
        row.commits = row.commits.max(carried);
    }
    Ok(Some(row))
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
    let mut statement = connection.prepare(&format!(
        "SELECT mark, previous, commits, {based} FROM epoch"
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
            })
        })
        .transpose()
}
