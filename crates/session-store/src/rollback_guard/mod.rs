//! Rollback guard: tells an account's newest state from an older one and from a copy.
//!
//! A ratchet must never run twice from one state, and a database alone cannot know that it ran
//! before. So the state is described in two places. The database holds a random *generation* and
//! counts its commits. A *sidecar file* beside it has the generation in its name, counts the same
//! commits, and notes its own inode and time of creation. A new generation is drawn, and the file
//! renamed, before the first commit of an opening and after the last one: when the store is closed,
//! and when it has been idle for a while.
//!
//! What was done, and how it is detected:
//!
//! * An older database was put back alone: the sidecar has counted further. If the WAL of a crash
//!   lies beside it, the WAL has the newest count, but what the main database file says without it
//!   does not fit ([`MainFile`]).
//! * Both were put back over the present ones: the present sidecar, of a later generation, is still
//!   there.
//! * Both were copied elsewhere, or removed and put back: the sidecar is not the file that it
//!   notes.
//! * The database came without its sidecar, from a backup: there is none.
//!
//! An image of the whole disk that was put back shows none of this, and cannot be told from a loss
//! of power.
//!
//! # Order of writes
//!
//! A generation is committed to the WAL, copied into the main database file, and then given to the
//! sidecar as its name; each is on the disk before the next. So wherever a crash comes, the main
//! database file has the generation of the sidecar's name or the one after it.
//!
//! # The count of commits
//!
//! A commit that steps a session writes its number into the row of the session's chains, which it
//! writes anyway; any other commit writes it into the guard's own row, which costs one more page.
//! The highest of these numbers is the count. Beside each stands the sum over the rows that
//! ratchets run from ([`digest`]), which detects a single older page among the newest ones.
//!
//! The first commit of a WAL always writes the guard's row, and with it the number that this row is
//! known to have in the main database file. That is known once the whole WAL has been checkpointed,
//! and a WAL is never restarted before. So a main file with a lower number cannot be the one that
//! the WAL belongs to.

mod checkpoints;
mod detect;
mod digest;
mod generation;
mod keys;
mod main_file;
mod sidecar;

use std::{
    fs, io, mem,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crypto_core::SessionId;
use engine::model::{RollbackKind, StoreError, UnixMillis};
use rusqlite::Connection;

use self::{
    checkpoints::Checkpoints,
    detect::{check_foreign_log, detect, detect_in_rows},
    digest::Digest,
    generation::{data_version, new_generation, read_counted, read_keys, returned},
    keys::Key,
    sidecar::{Generation, Sidecar},
};
pub(crate) use self::{
    detect::{inspect, refuse_foreign_log},
    generation::{forget_digest, found, insert_generation},
    main_file::MainFile,
    sidecar::Sidecars,
};
use crate::{
    error::OpenError,
    files::sync_directory,
    query::changed,
    rows::{failed, failed_file, failed_io, integer},
    wal,
};

type Result<T> = std::result::Result<T, StoreError>;

/// When a store was last found not to be the newest state of its account, and what it was instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// When the store was opened.
    pub at: UnixMillis,
    /// What it was found to be.
    pub how: RollbackKind,
}

/// The rollback guard of an open store.
#[derive(Debug)]
pub(crate) struct RollbackGuard {
    database: PathBuf,
    /// Inode of the database. Under another one somebody has replaced the file.
    inode: u64,
    /// How many commits there were.
    commits: u64,
    /// The count that the guard's row has.
    noted: u64,
    /// The count that the guard's row is known to have in the main database file; 0 if unknown.
    checkpointed: u64,
    /// The next commit writes the guard's row, whatever else it writes: it is the first of a WAL.
    note_next: bool,
    /// A session whose chains the open transaction has written: its row can carry the count.
    carrier: Option<SessionId>,
    /// Of the rows that ratchets run from.
    digest: Digest,
    digest_key: Key,
    /// Whether the open transaction writes the guard's row.
    noting: bool,
    /// How many commits there were when the generation was last drawn.
    renewed: u64,
    /// SQLite's `data_version` as last read: it changes when another connection has written.
    data_version: i64,
    /// The generation in the database. The sidecar has the one before in its name until this one is
    /// in the main database file.
    generation: Generation,
    checkpoints: Checkpoints,
    /// `None` while the store is displaced.
    file: Option<Sidecar>,
    sidecars: Arc<Sidecars>,
    /// The generation is that of the last closing, and a new one is drawn before the next commit.
    renew_first: bool,
    displaced: Option<RollbackKind>,
    /// The sidecar that takes over when the open transaction is committed.
    pending: Option<Sidecar>,
    /// Another state was put in place of this one while it was open: nothing is committed any more.
    replaced: bool,
}

impl RollbackGuard {
    /// The guard of the database at `database`, on this connection that may write. A displaced
    /// store is left as it is; any other gets a new generation. `main_file` is what the main
    /// database file said before the connection was opened.
    pub(crate) fn open(
        connection: &mut Connection,
        database: &Path,
        main_file: &MainFile,
        sidecars: &Arc<Sidecars>,
    ) -> std::result::Result<Self, OpenError> {
        let unusable = OpenError::database(database);
        let unreadable = |error: rusqlite::Error| unusable(failed(error));
        let row = read_counted(connection).map_err(unreadable)?;
        let (digest_key, sidecar_key) = match read_keys(connection).map_err(unreadable)? {
            Some(keys) => (keys.digest, keys.sidecar),
            None => (Key::draw(connection).map_err(unreadable)?, None),
        };
        let found = sidecars.find(database, row.as_ref())?;
        let metadata = fs::metadata(database).map_err(OpenError::io(database))?;
        if let Some(row) = &row {
            check_foreign_log(connection, database, row, main_file, &found)?;
        }
        let digest = Digest::follow(connection, &digest_key).map_err(unreadable)?;
        let displaced = detect(row.as_ref(), sidecar_key.as_ref(), main_file, &found)
            .or_else(|| detect_in_rows(row.as_ref(), digest.sum()));
        let mut guard = Self {
            database: database.to_owned(),
            inode: metadata.ino(),
            commits: row.map_or(0, |row| row.commits),
            noted: row.map_or(0, |row| row.noted),
            checkpointed: match (main_file, row) {
                (MainFile::NoLog, Some(row)) => row.noted,
                (_, row) => row.map_or(0, |row| row.checkpointed),
            },
            note_next: true,
            carrier: None,
            digest,
            digest_key,
            noting: false,
            renewed: 0,
            data_version: data_version(connection).map_err(unreadable)?,
            generation: row.map_or_else(Generation::default, |row| row.generation),
            checkpoints: Checkpoints::held(connection).map_err(unreadable)?,
            file: None,
            sidecars: Arc::clone(sidecars),
            renew_first: false,
            displaced,
            pending: None,
            replaced: false,
        };
        if guard.displaced.is_some() {
            sync_directory(database)?;
            return Ok(guard);
        }
        let (file, was_closed) = match (row, found.into_iter().next()) {
            (Some(row), Some(sidecar)) => {
                let was_closed = matches!(main_file, MainFile::NoLog) && sidecar.was_closed(&row);
                (sidecar.open(sidecar_key, sidecars)?, was_closed)
            }
            // From a version that had no rollback guard.
            _ => {
                let digest_key = &guard.digest_key;
                let made = new_generation(connection, database, digest_key, 0, None, sidecars);
                (made.map_err(&unusable)?, false)
            }
        };
        guard.generation = if row.is_some() {
            guard.generation
        } else {
            *file.generation()
        };
        guard.renew_first = was_closed && file.key().is_some();
        guard.file = Some(file);
        guard.checkpoints.release(connection).map_err(unreadable)?;
        if guard.renew_first {
            guard.renewed = guard.commits;
            guard.close_file();
        } else {
            guard.renew_if_possible(connection)?;
        }
        Ok(guard)
    }

    /// Draws a new generation if that can be done. A full disk is no reason not to read: the store
    /// keeps its generation then.
    fn renew_if_possible(&mut self, connection: &Connection) -> std::result::Result<(), OpenError> {
        match self.renew(connection) {
            Ok(()) => Ok(()),
            // The WAL exists now, and no commit is durable before its name is on the disk.
            Err(_) => sync_directory(&self.database),
        }
    }

    /// What the store was found to be, if it is not the newest state.
    pub(crate) const fn displaced(&self) -> Option<RollbackKind> {
        self.displaced
    }

    /// Makes this state the newest one as soon as the open transaction is committed.
    pub(crate) fn settle(&mut self, connection: &Connection, found: Found) -> Result<()> {
        // What the main database file holds is not known until the WAL is in it.
        self.checkpointed = 0;
        self.pending = Some(new_generation(
            connection,
            &self.database,
            &self.digest_key,
            self.commits,
            Some(found),
            &self.sidecars,
        )?);
        Ok(())
    }

    /// A transaction is about to begin.
    ///
    /// # Errors
    /// [`StoreError`] if its commit might not be durable.
    pub(crate) fn begin(&mut self, connection: &Connection) -> Result<()> {
        if mem::take(&mut self.renew_first) {
            self.renew_if_possible(connection)
                .map_err(|error| failed_file(&error))?;
        }
        self.pending = None;
        self.carrier = None;
        self.digest.keep();
        self.checkpoints.forget();
        Ok(())
    }

    /// A call of the transaction begins.
    pub(crate) fn begin_call(&self) {
        self.digest.begin_call();
    }

    /// The call is undone.
    pub(crate) fn undo_call(&self) {
        self.digest.undo_call();
    }

    /// The transaction is undone, if there is one.
    pub(crate) fn undo(&mut self) {
        self.digest.undo();
        self.close_file();
    }

    /// The number that the open transaction has as a commit.
    const fn number(&self) -> u64 {
        self.commits.saturating_add(1)
    }

    /// The transaction has written the chains of this session.
    pub(crate) const fn carried(&mut self, session: SessionId) {
        self.carrier = Some(session);
    }

    /// Counts the open transaction, as part of it, just before it is committed.
    ///
    /// # Errors
    /// [`StoreError::RolledBack`] if the store is displaced, or was replaced while it was open.
    pub(crate) fn count(&mut self, connection: &Connection) -> Result<()> {
        if self.displaced.is_some() && self.pending.is_none() {
            return Err(StoreError::RolledBack);
        }
        self.open_file().map_err(|error| failed_io(&error))?;
        let ours = fs::metadata(&self.database).is_ok_and(|found| found.ino() == self.inode);
        let data_version = data_version(connection).map_err(failed)?;
        // If another connection has written, the guard's row tells whether this is still our state.
        let exchanged = data_version != self.data_version;
        self.data_version = data_version;
        let must_note = self.note_next || exchanged || self.pending.is_some();
        self.noting = must_note || !self.carry(connection)?;
        let counted = !self.noting || self.note(connection)?;
        self.replaced |= !ours || !counted;
        if self.replaced {
            return Err(StoreError::RolledBack);
        }
        Ok(())
    }

    /// Opens the sidecar before a commit that it is to count: with no descriptor left, that would
    /// go uncounted. One that somebody has removed or replaced is met at the next opening.
    fn open_file(&mut self) -> io::Result<()> {
        match self.file.as_mut().map(Sidecar::open) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn close_file(&mut self) {
        if let Some(file) = &mut self.file {
            file.close();
        }
    }

    /// Writes the number of the open transaction into the guard's row. False if the row was not as
    /// this guard left it.
    fn note(&self, connection: &Connection) -> Result<bool> {
        let noted = match self.pending {
            Some(_) => self.commits,
            None => self.noted,
        };
        let changed = changed(
            connection,
            "UPDATE epoch SET commits = ?2, based = ?3, digest = ?4 WHERE commits = ?1",
            (
                integer(noted),
                integer(self.number()),
                integer(self.checkpointed),
                self.digest.sum(),
            ),
        )?;
        Ok(changed == 1)
    }

    /// Writes the number of the open transaction into the row of a session that it has written
    /// anyway. False if there is none any more.
    fn carry(&self, connection: &Connection) -> Result<bool> {
        let Some(session) = &self.carrier else {
            return Ok(false);
        };
        let changed = changed(
            connection,
            "UPDATE session_chains SET commits = ?2, digest = ?3 \
             WHERE age = (SELECT age FROM sessions WHERE id = ?1)",
            (
                session.as_bytes(),
                integer(self.number()),
                self.digest.sum(),
            ),
        )?;
        Ok(changed == 1)
    }

    /// The transaction was committed.
    pub(crate) fn committed(&mut self, connection: &Connection) {
        self.commits = self.number();
        self.digest.keep();
        if self.noting {
            self.noted = self.commits;
            self.note_next = false;
        }
        let settled = self.pending.take();
        if let Some(file) = settled {
            // A sidecar that could not be erased is found at the next opening, where the store is
            // settled once more: a nuisance, no danger.
            let _ = file.erase_others(&self.database);
            self.generation = *file.generation();
            self.file = Some(file);
            self.displaced = None;
            // From here on the WAL and the main file are one state. If the checkpoint fails now, a
            // later one will do.
            let _ = self.checkpoints.release(connection);
            let _ = self.checkpoint(connection);
        } else if self.checkpoints.was_complete() {
            let _ = self.checkpoint_done();
        }
        if let Some(file) = &mut self.file {
            // A sidecar that cannot be written only detects less; the commit itself would have
            // failed on a failing disk.
            let _ = file.count(self.commits);
        }
        self.close_file();
    }

    /// Draws a new generation and erases the WAL: before the first commit of an opening, and after
    /// the last one, when the store is closed or idle.
    fn renew(&mut self, connection: &Connection) -> Result<()> {
        let renewed = self.renew_now(connection);
        self.close_file();
        renewed
    }

    fn renew_now(&mut self, connection: &Connection) -> Result<()> {
        if self.replaced || self.file.is_none() {
            return Ok(());
        }
        // Once the whole WAL is in the main file, the commit of the generation restarts it.
        let before = self.checkpoint(connection);
        if self
            .file
            .as_ref()
            .is_some_and(|file| *file.generation() != self.generation)
        {
            // A renaming that was cut off is finished first: a sidecar that is two generations
            // behind means an older state.
            before.as_ref().map_err(Clone::clone)?;
        }
        if let Some(file) = self.file.as_mut().filter(|file| file.key().is_none()) {
            // The sidecar first: its MAC is checked once the database has the key, and this one has
            // none yet.
            let key = Key::draw(connection).map_err(failed)?;
            file.authenticate(key, self.commits)
                .map_err(|error| failed_io(&error))?;
        }
        let number = integer(self.number());
        let draw = || {
            returned(
                connection,
                "UPDATE epoch SET previous = mark, mark = randomblob(8), commits = ?4, based = ?3, \
                     digest = ?5, witness_key = ?6 \
                 WHERE commits = ?1 AND mark = ?2 RETURNING mark",
                (
                    integer(self.noted),
                    &self.generation,
                    integer(self.checkpointed),
                    number,
                    self.digest.sum(),
                    self.file.as_ref().and_then(Sidecar::key),
                ),
                |row| row.get::<_, Generation>(0),
            )
            .map_err(failed)
        };
        // The checkpoint below waits for the disk before it copies anything.
        self.generation = wal::without_waiting(connection, draw)?.ok_or(StoreError::RolledBack)?;
        self.commits = self.number();
        self.noted = self.commits;
        // The sidecar's name follows. If it does not get that far, the previous one is accepted
        // too.
        let pages = self.checkpoint(connection)?;
        self.renewed = self.commits;
        // Unless a reader kept the WAL from being restarted.
        if before.is_ok_and(|before| before == 0 || pages <= before) {
            wal::erase_rest(connection, &self.database, pages)
                .map_err(|error| failed_io(&error))?;
        }
        Ok(())
    }

    /// Called when the store is idle or closed: draws a new generation, so that a copy of before is
    /// an older state, and erases what the WAL still holds of erased keys. Does nothing if nothing
    /// was committed since the last time: such a copy is of the newest state.
    pub(crate) fn rest(&mut self, connection: &Connection) -> Result<()> {
        if self.commits == self.renewed {
            return Ok(());
        }
        self.renew(connection)
    }

    /// Copies the whole WAL into the main database file; gives the number of its pages.
    pub(crate) fn checkpoint(&mut self, connection: &Connection) -> Result<u64> {
        let copied = wal::checkpoint(connection).map_err(failed)?;
        let pages = copied.ok_or_else(|| StoreError::Io("the log is being read".to_owned()))?;
        self.checkpoint_done()?;
        Ok(pages)
    }

    /// The main database file has all commits durably, and the generation: the sidecar may take it
    /// into its name.
    fn checkpoint_done(&mut self) -> Result<()> {
        self.checkpoints.forget();
        self.checkpointed = self.noted;
        self.note_next = true;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        if *file.generation() != self.generation {
            file.rename(&self.database, &self.generation, self.commits)
                .map_err(|error| failed_file(&error))?;
        }
        file.count(self.commits).map_err(|error| failed_io(&error))
    }
}

/// Makes the sidecar of a new database, before the database has its name.
pub(crate) fn create_sidecar(
    database: &Path,
    generation: &Generation,
    key: Key,
    sidecars: &Arc<Sidecars>,
) -> std::result::Result<(), OpenError> {
    Sidecar::create(database, generation, key, 0, sidecars).map(drop)
}
