//! What tells an account's newest state from an older one that was put back, and from a copy.
//!
//! A ratchet must never run twice from one state, and a database alone cannot know that it ran before. So two
//! witnesses are kept. The database holds a random *mark* and counts its commits. A file beside it bears the
//! mark in its name, counts the same commits, and notes which file it is itself. The mark is drawn anew
//! whenever the store is opened or closed, and the file renamed.
//!
//! * The database alone was put back: the file has counted further.
//! * Both were put back over the present ones: the present file, under a later mark, is still there.
//! * Both were copied elsewhere, or removed and put back: the file is not the one that it says it is.
//! * The database came without the file, from a backup: there is none.
//!
//! An image of the whole disk that was put back shows none of this, and cannot be told from a loss of power.

mod marks;

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use engine::{Displaced, StoreError, UnixMillis};
use rusqlite::{Connection, Params};

use self::marks::{Mark, MarkFile, Witness};
pub(crate) use self::marks::{erase_all, erase_orphans};
use crate::{
    error::OpenError,
    rows::{Columns, corrupt, failed, integer, time},
};

type Result<T> = std::result::Result<T, StoreError>;

/// When a store was last found displaced, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// When it was opened.
    pub at: UnixMillis,
    /// As what.
    pub how: Displaced,
}

/// What the database says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    mark: Mark,
    previous: Mark,
    commits: u64,
}

/// The witnesses of an open store.
#[derive(Debug)]
pub(crate) struct Epoch {
    database: PathBuf,
    /// Inode of the database: another one in its place is not ours.
    inode: u64,
    /// How many commits there were.
    commits: u64,
    /// None while the store is displaced.
    file: Option<MarkFile>,
    displaced: Option<Displaced>,
    /// The file that is ours once the transaction that is open is committed.
    settling: Option<MarkFile>,
    /// Another state was put in our place while we had it open.
    lost: bool,
}

impl Epoch {
    /// Of the database at `database`, on this connection that may write. Nothing is changed for a displaced store;
    /// any other gets a new mark.
    pub(crate) fn open(
        connection: &Connection,
        database: &Path,
    ) -> std::result::Result<Self, OpenError> {
        let unusable = |error: StoreError| OpenError::Database {
            path: database.to_owned(),
            cause: error.to_string(),
        };
        let row = read_row(connection).map_err(unusable)?;
        let witnesses = marks::find(database)?;
        let metadata = fs::metadata(database).map_err(OpenError::io(database))?;
        let mut epoch = Self {
            database: database.to_owned(),
            inode: metadata.ino(),
            commits: row.map_or(0, |row| row.commits),
            file: None,
            displaced: judge(row.as_ref(), &witnesses),
            settling: None,
            lost: false,
        };
        if epoch.displaced.is_some() {
            return Ok(epoch);
        }
        epoch.file = Some(match (row, witnesses.into_iter().next()) {
            (Some(row), Some(witness)) => {
                let mut file = witness.open()?;
                // A renaming that a crash cut off is finished first: the mark before the previous one accuses.
                file.rename(database, &row.mark)?;
                file
            }
            // Of a version that kept no witnesses.
            _ => begin_anew(connection, database, None).map_err(unusable)?,
        });
        // A disk that is full today does not hinder reading: the mark it has will do.
        let _ = epoch.renew(connection);
        Ok(epoch)
    }

    /// What the store was found to be, if not the newest state.
    pub(crate) const fn displaced(&self) -> Option<Displaced> {
        self.displaced
    }

    /// Makes this state the newest one, in a transaction that is open: it is, once that is committed.
    pub(crate) fn settle(&mut self, connection: &Connection, found: Found) -> Result<()> {
        self.settling = Some(begin_anew(connection, &self.database, Some(found))?);
        Ok(())
    }

    /// A transaction begins.
    pub(crate) fn begin(&mut self) {
        self.settling = None;
    }

    /// Counts the transaction that is about to be committed, as part of it.
    pub(crate) fn count(&mut self, connection: &Connection) -> Result<()> {
        if self.displaced.is_some() && self.settling.is_none() {
            return Err(StoreError::RolledBack);
        }
        let ours = fs::metadata(&self.database).is_ok_and(|found| found.ino() == self.inode);
        let counted = connection
            .prepare_cached("UPDATE epoch SET commits = commits + 1 WHERE commits = ?1")
            .and_then(|mut statement| statement.execute([integer(self.commits)]))
            .map_err(failed)?;
        self.lost |= !ours || counted != 1;
        if self.lost {
            return Err(StoreError::RolledBack);
        }
        Ok(())
    }

    /// The transaction was committed.
    pub(crate) fn counted(&mut self) {
        self.commits = self.commits.saturating_add(1);
        if let Some(file) = self.settling.take() {
            // What is left of the others is found at the next opening, and settled once more: a nuisance, no danger.
            let _ = file.erase_others(&self.database);
            self.file = Some(file);
            self.displaced = None;
        }
        if let Some(file) = &self.file {
            // A witness that cannot write only sees less; the store itself would have told of a failing disk.
            let _ = file.count(self.commits);
        }
    }

    /// Draws a new mark, when the store is opened and when it is closed.
    pub(crate) fn renew(&mut self, connection: &Connection) -> Result<()> {
        let Some(file) = self.file.as_mut().filter(|_| !self.lost) else {
            return Ok(());
        };
        let mark = returned(
            connection,
            "UPDATE epoch SET previous = mark, mark = randomblob(8), commits = commits + 1 \
             WHERE commits = ?1 AND mark = ?2 RETURNING mark",
            (integer(self.commits), file.mark()),
            |row| row.get::<_, Mark>(0),
        )
        .map_err(failed)?
        .ok_or(StoreError::RolledBack)?;
        self.commits = self.commits.saturating_add(1);
        // The name follows the mark. If it does not get there, the previous mark tells as much.
        let failed = |error: &dyn std::fmt::Display| StoreError::Io(error.to_string());
        file.rename(&self.database, &mark)
            .map_err(|error| failed(&error))?;
        file.count(self.commits).map_err(|error| failed(&error))
    }
}

/// Gives a database that is being made its mark; [`place`] puts the file beside it.
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
fn returned<T>(
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

/// Puts the file of a new database beside the place where that will be.
pub(crate) fn place(database: &Path, mark: &Mark) -> std::result::Result<(), OpenError> {
    MarkFile::create(database, mark, 0).map(drop)
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

/// What the database at `database` would be found to be, if it were opened for writing now. Changes nothing.
pub(crate) fn inspect(
    connection: &Connection,
    database: &Path,
) -> std::result::Result<Option<Displaced>, OpenError> {
    let row = read_row(connection).map_err(|error| OpenError::Database {
        path: database.to_owned(),
        cause: error.to_string(),
    })?;
    Ok(judge(row.as_ref(), &marks::find(database)?))
}

fn judge(row: Option<&Row>, witnesses: &[Witness]) -> Option<Displaced> {
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
        Some(record) if record.place != witness.place => Some(Displaced::Elsewhere),
        Some(record) if record.commits > row.commits => Some(Displaced::Older),
        Some(_) => None,
    }
}

/// A new mark and a new file, whatever there was before; the other files go when this is committed.
fn begin_anew(connection: &Connection, database: &Path, found: Option<Found>) -> Result<MarkFile> {
    let (mark, commits) = returned(
        connection,
        "INSERT INTO epoch (id, mark, previous, commits, displaced_at, displaced) \
         SELECT 1, mark, mark, 0, ?1, ?2 FROM (SELECT randomblob(8) AS mark) WHERE true \
         ON CONFLICT (id) DO UPDATE SET mark = excluded.mark, previous = excluded.mark, \
             displaced_at = coalesce(excluded.displaced_at, displaced_at), \
             displaced = coalesce(excluded.displaced, displaced) \
         RETURNING mark, commits",
        (
            found.map(|found| time(found.at)),
            found.map(|found| match found.how {
                Displaced::Older => 1,
                Displaced::Elsewhere => 2,
                Displaced::Unmarked => 3,
            }),
        ),
        |row| Ok((row.get::<_, Mark>(0)?, row.get::<_, i64>(1)?)),
    )
    .map_err(failed)?
    .ok_or_else(|| corrupt("a store's mark"))?;
    let commits = u64::try_from(commits).map_err(|_| corrupt("a count of commits"))?;
    MarkFile::create(database, &mark, commits).map_err(|error| StoreError::Io(error.to_string()))
}

fn read_row(connection: &Connection) -> Result<Option<Row>> {
    // A reader may meet the schema of a version that kept no witnesses.
    if !connection.table_exists(None, "epoch").map_err(failed)? {
        return Ok(None);
    }
    let mut statement = connection
        .prepare_cached("SELECT mark, previous, commits FROM epoch")
        .map_err(failed)?;
    let mut rows = statement.query(()).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else {
        return Ok(None);
    };
    let mut columns = Columns::of(row);
    Ok(Some(Row {
        mark: columns.take()?,
        previous: columns.take()?,
        commits: columns.count()?,
    }))
}
