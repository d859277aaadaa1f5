//! What tells an account's newest state from an older one that was put back, and from a copy.
//!
//! A ratchet must never run twice from one state, and a database alone cannot know that it ran
//! before. So two witnesses are kept. The database holds a random *mark* and counts its commits. A
//! file beside it bears the mark in its name, counts the same commits, and notes which file it is
//! itself. The mark is drawn anew whenever the store is opened or closed, and when nobody has
//! called for a while, and the file renamed.
//!
//! * The database alone was put back: the file has counted further. If the log of a crash is beside
//!   it, that has the newest count; but what the database's own file says without it does not fit
//!   ([`Alone`]).
//! * Both were put back over the present ones: the present file, under a later mark, is still
//!   there.
//! * Both were copied elsewhere, or removed and put back: the file is not the one that it says it
//!   is.
//! * The database came without the file, from a backup: there is none.
//!
//! An image of the whole disk that was put back shows none of this, and cannot be told from a loss
//! of power.
//!
//! # The order of things
//!
//! A mark is committed to the log, copied into the database's own file, and then given to the file
//! beside it; each is on the disk before the next. So the database's own file has the mark that the
//! file beside it bears, or the one after, wherever a crash comes.
//!
//! # The count
//!
//! A commit that steps a session leaves its number in the row of the session's chains, which it
//! writes anyway; any other in the row of this module, which is a page more. The highest of these
//! numbers counts the commits. With the number stands the sum of the rows that ratchets run from
//! ([`digest`]): a page that was put back among the others is told by it.
//!
//! The first commit of a log is noted in the row of this module, whatever it writes, together with
//! the number that this row is known to have in the database's own file: that is known when the log
//! has been copied into the file to its end, and the log is never begun anew before that. So no
//! file with a lower one can be the one that the log belongs to.

mod checkpoints;
mod detect;
mod digest;
mod generation;
mod keys;
mod main_file;
mod sidecar;

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crypto_core::SessionId;
use engine::model::{Displaced, StoreError, UnixMillis};
use rusqlite::Connection;

use self::{
    checkpoints::Checkpoints,
    detect::{check_mixture, judge, judge_rows},
    digest::Digest,
    generation::{begin_anew, read_counted, read_keys, returned, written_by_others},
    keys::Key,
    sidecar::{Mark, MarkFile},
};
pub(crate) use self::{
    detect::{check_no_mixture, inspect},
    generation::{forget_digest, found, insert_mark},
    main_file::Alone,
    sidecar::{erase_all, erase_orphans},
};
use crate::{
    error::OpenError,
    files::sync_directory,
    rows::{failed, failed_file, failed_io, integer},
    wal,
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

/// The witnesses of an open store.
#[derive(Debug)]
pub(crate) struct Epoch {
    database: PathBuf,
    /// Inode of the database: another one in its place is not ours.
    inode: u64,
    /// How many commits there were.
    commits: u64,
    /// How many there were with the last one that is noted in the row.
    noted: u64,
    /// What is known to be noted in the database's own file; 0 if that is not known.
    based: u64,
    /// The next commit is noted in the row, whatever else it writes: the first of a log is.
    note_next: bool,
    /// A session whose chains the transaction that is open has written: its number may stand beside
    /// them.
    carrier: Option<SessionId>,
    /// Of the rows that ratchets run from.
    digest: Digest,
    digest_key: Key,
    /// Whether the transaction that is open is noted in the row.
    noting: bool,
    /// How many there were when the mark was last drawn anew.
    renewed: u64,
    /// SQLite's number for what others have written to the database, when it was last asked.
    others: i64,
    /// The mark in the database. The file beside it bears the one before until this one is in the database's own file.
    mark: Mark,
    checkpoints: Checkpoints,
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
    /// any other gets a new mark. `alone` is what its own file said before the connection was opened.
    pub(crate) fn open(
        connection: &mut Connection,
        database: &Path,
        alone: &Alone,
    ) -> std::result::Result<Self, OpenError> {
        let unusable = |error: StoreError| OpenError::Database {
            path: database.to_owned(),
            cause: error.to_string(),
        };
        let unreadable = |error: rusqlite::Error| unusable(failed(error));
        let row = read_counted(connection).map_err(unreadable)?;
        let (digest_key, witness_key) = match read_keys(connection).map_err(unreadable)? {
            Some(keys) => (keys.digest, keys.witness),
            None => (Key::draw(connection).map_err(unreadable)?, None),
        };
        let witnesses = sidecar::find(database)?;
        let metadata = fs::metadata(database).map_err(OpenError::io(database))?;
        if let Some(row) = &row {
            check_mixture(connection, database, row, alone, &witnesses)?;
        }
        let digest = Digest::follow(connection, &digest_key).map_err(unreadable)?;
        let displaced = judge(row.as_ref(), witness_key.as_ref(), alone, &witnesses)
            .or_else(|| judge_rows(row.as_ref(), digest.sum()));
        let mut epoch = Self {
            database: database.to_owned(),
            inode: metadata.ino(),
            commits: row.map_or(0, |row| row.commits),
            noted: row.map_or(0, |row| row.noted),
            based: match (alone, row) {
                (Alone::Whole, Some(row)) => row.noted,
                (_, row) => row.map_or(0, |row| row.based),
            },
            note_next: true,
            carrier: None,
            digest,
            digest_key,
            noting: false,
            renewed: 0,
            others: written_by_others(connection).map_err(unreadable)?,
            mark: row.map_or_else(Mark::default, |row| row.mark),
            checkpoints: Checkpoints::held(connection).map_err(unreadable)?,
            file: None,
            displaced,
            settling: None,
            lost: false,
        };
        if epoch.displaced.is_some() {
            sync_directory(database)?;
            return Ok(epoch);
        }
        let file = match (row, witnesses.into_iter().next()) {
            (Some(_), Some(witness)) => witness.open(witness_key)?,
            // Of a version that kept no witnesses.
            _ => begin_anew(connection, database, &epoch.digest_key, 0, None).map_err(unusable)?,
        };
        epoch.mark = if row.is_some() {
            epoch.mark
        } else {
            *file.mark()
        };
        epoch.file = Some(file);
        epoch
            .checkpoints
            .release(connection)
            .map_err(|error| unusable(failed(error)))?;
        // A disk that is full today does not hinder reading: the mark it has will do.
        if epoch.renew(connection).is_err() {
            // The log is there now, and its name has to be on the disk before anything rests on it.
            sync_directory(database)?;
        }
        Ok(epoch)
    }

    /// What the store was found to be, if not the newest state.
    pub(crate) const fn displaced(&self) -> Option<Displaced> {
        self.displaced
    }

    /// Makes this state the newest one, in a transaction that is open: it is, once that is committed.
    pub(crate) fn settle(&mut self, connection: &Connection, found: Found) -> Result<()> {
        // What this file holds is not known until the log is in it.
        self.based = 0;
        self.settling = Some(begin_anew(
            connection,
            &self.database,
            &self.digest_key,
            self.commits,
            Some(found),
        )?);
        Ok(())
    }

    /// A transaction begins.
    pub(crate) fn begin(&mut self) {
        self.settling = None;
        self.carrier = None;
        self.digest.keep();
        self.checkpoints.forget();
    }

    /// A call of the transaction begins.
    pub(crate) fn begin_call(&self) {
        self.digest.begin_call();
    }

    /// That call is undone.
    pub(crate) fn undo_call(&self) {
        self.digest.undo_call();
    }

    /// The transaction is undone, if there is one.
    pub(crate) fn undo(&self) {
        self.digest.undo();
    }

    /// How many commits there are with the transaction that is open.
    const fn number(&self) -> u64 {
        self.commits.saturating_add(1)
    }

    /// The transaction has written the chains of this session.
    pub(crate) const fn carried(&mut self, session: SessionId) {
        self.carrier = Some(session);
    }

    /// Counts the transaction that is about to be committed, as part of it.
    pub(crate) fn count(&mut self, connection: &Connection) -> Result<()> {
        if self.displaced.is_some() && self.settling.is_none() {
            return Err(StoreError::RolledBack);
        }
        let ours = fs::metadata(&self.database).is_ok_and(|found| found.ino() == self.inode);
        let others = written_by_others(connection).map_err(failed)?;
        // Whatever others have written: the row tells whether it is still this state.
        let exchanged = others != self.others;
        self.others = others;
        let must_note = self.note_next || exchanged || self.settling.is_some();
        self.noting = must_note || !self.carry(connection)?;
        let counted = !self.noting || self.note(connection)?;
        self.lost |= !ours || !counted;
        if self.lost {
            return Err(StoreError::RolledBack);
        }
        Ok(())
    }

    /// Writes the number of the transaction that is open into the row: whether that was as it was left.
    fn note(&self, connection: &Connection) -> Result<bool> {
        let noted = match self.settling {
            Some(_) => self.commits,
            None => self.noted,
        };
        let changed = connection
            .prepare_cached(
                "UPDATE epoch SET commits = ?2, based = ?3, digest = ?4 WHERE commits = ?1",
            )
            .and_then(|mut statement| {
                statement.execute((
                    integer(noted),
                    integer(self.number()),
                    integer(self.based),
                    self.digest.sum(),
                ))
            })
            .map_err(failed)?;
        Ok(changed == 1)
    }

    /// Writes the number of the transaction that is open into a row that it has written anyway, if
    /// there still is one.
    fn carry(&self, connection: &Connection) -> Result<bool> {
        let Some(session) = &self.carrier else {
            return Ok(false);
        };
        let changed = connection
            .prepare_cached(
                "UPDATE session_chains SET commits = ?2, digest = ?3 \
                 WHERE age = (SELECT age FROM sessions WHERE id = ?1)",
            )
            .and_then(|mut statement| {
                statement.execute((
                    session.as_bytes(),
                    integer(self.number()),
                    self.digest.sum(),
                ))
            })
            .map_err(failed)?;
        Ok(changed == 1)
    }

    /// The transaction was committed.
    pub(crate) fn counted(&mut self, connection: &Connection) {
        self.commits = self.number();
        self.digest.keep();
        if self.noting {
            self.noted = self.commits;
            self.note_next = false;
        }
        let settled = self.settling.take();
        if let Some(file) = settled {
            // What is left of the others is found at the next opening, and settled once more: a nuisance, no danger.
            let _ = file.erase_others(&self.database);
            self.mark = *file.mark();
            self.file = Some(file);
            self.displaced = None;
            // From here on the log and the file below it are one state. If that cannot be written down now, it can later.
            let _ = self.checkpoints.release(connection);
            let _ = self.copy_log(connection);
        } else if self.checkpoints.was_complete() {
            let _ = self.log_copied();
        }
        if let Some(file) = &self.file {
            // A witness that cannot write only sees less; the store itself would have told of a failing disk.
            let _ = file.count(self.commits);
        }
    }

    /// Draws a new mark, and erases the log: when the store is opened, when it is closed, and at
    /// rest.
    pub(crate) fn renew(&mut self, connection: &Connection) -> Result<()> {
        if self.lost || self.file.is_none() {
            return Ok(());
        }
        // With all of it in the database's own file the mark begins the log anew.
        let before = self.copy_log(connection);
        if self
            .file
            .as_ref()
            .is_some_and(|file| *file.mark() != self.mark)
        {
            // A renaming that was cut off is finished first: the mark before the previous one accuses.
            before.as_ref().map_err(Clone::clone)?;
        }
        if let Some(file) = self.file.as_mut().filter(|file| file.key().is_none()) {
            // The file first: what it says counts for the database that has the key, and this one
            // has none yet.
            let key = Key::draw(connection).map_err(failed)?;
            file.authenticate(key, self.commits)
                .map_err(|error| failed_io(&error))?;
        }
        self.mark = returned(
            connection,
            "UPDATE epoch SET previous = mark, mark = randomblob(8), commits = ?4, based = ?3, \
                 digest = ?5, witness_key = ?6 \
             WHERE commits = ?1 AND mark = ?2 RETURNING mark",
            (
                integer(self.noted),
                &self.mark,
                integer(self.based),
                integer(self.number()),
                self.digest.sum(),
                self.file.as_ref().and_then(MarkFile::key),
            ),
            |row| row.get::<_, Mark>(0),
        )
        .map_err(failed)?
        .ok_or(StoreError::RolledBack)?;
        self.commits = self.number();
        self.noted = self.commits;
        // The name follows the mark. If it does not get there, the previous mark tells as much.
        let pages = self.copy_log(connection)?;
        self.renewed = self.commits;
        // Unless a reader had it go on behind what was there.
        if before.is_ok_and(|before| before == 0 || pages <= before) {
            wal::cut_off(connection, &self.database, pages).map_err(|error| failed_io(&error))?;
        }
        Ok(())
    }

    /// Nobody has called for a while: what the log still gives back of what was erased is erased.
    pub(crate) fn release_memory(&mut self, connection: &Connection) -> Result<()> {
        if self.commits == self.renewed {
            return Ok(());
        }
        self.renew(connection)
    }

    /// Copies the log into the database's own file, to its end; how many pages it has.
    pub(crate) fn copy_log(&mut self, connection: &Connection) -> Result<u64> {
        let copied = wal::copy(connection).map_err(failed)?;
        let pages = copied.ok_or_else(|| StoreError::Io("the log is being read".to_owned()))?;
        self.log_copied()?;
        Ok(pages)
    }

    /// The database's own file holds all commits, durably, and the mark: the file beside it may bear that too.
    fn log_copied(&mut self) -> Result<()> {
        self.checkpoints.forget();
        self.based = self.noted;
        self.note_next = true;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        if *file.mark() != self.mark {
            file.rename(&self.database, &self.mark, self.commits)
                .map_err(|error| failed_file(&error))?;
        }
        file.count(self.commits).map_err(|error| failed_io(&error))
    }
}

/// Puts the file of a new database beside the place where that will be.
pub(crate) fn place(database: &Path, mark: &Mark, key: Key) -> std::result::Result<(), OpenError> {
    MarkFile::create(database, mark, key, 0).map(drop)
}
