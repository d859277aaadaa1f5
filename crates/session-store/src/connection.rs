//! The two connections of an account to its database: one that writes, and those that only read.

use std::{marker::PhantomData, time::Instant};

use engine::model::{RollbackKind, StoreError};
use rusqlite::Connection;

use crate::{
    rollback_guard::{self, Found, RollbackGuard},
    stopwatch::Stopwatch,
};

/// A connection that may write.
#[derive(Debug)]
pub enum ReadWrite {}

/// A connection that may not.
#[derive(Debug)]
pub enum ReadOnly {}

/// A connection to an account's database.
#[derive(Debug)]
pub struct Sqlite<Mode> {
    pub(crate) connection: Connection,
    /// `None` for a connection that only reads.
    pub(crate) guard: Option<RollbackGuard>,
    /// A commit failed and may be in the WAL all the same, for the next process to find.
    pub(crate) left_in_log: bool,
    /// SQLite's count of changed rows, less those of the open transaction that were not undone.
    pub(crate) changes_before: u64,
    /// Rows that the transaction had changed when the open call began.
    pub(crate) changes_at_savepoint: u64,
    pub(crate) stopwatch: Stopwatch,
    mode: PhantomData<fn() -> Mode>,
}

/// The one connection of an account that writes.
pub type SqliteStore = Sqlite<ReadWrite>;

/// A connection for lists and status, which waits for no write.
pub type SqliteReader = Sqlite<ReadOnly>;

impl<Mode> Sqlite<Mode> {
    pub(crate) const fn new(connection: Connection, guard: Option<RollbackGuard>) -> Self {
        Self {
            connection,
            guard,
            left_in_log: false,
            changes_before: 0,
            changes_at_savepoint: 0,
            stopwatch: Stopwatch::new(),
            mode: PhantomData,
        }
    }

    /// When this store was last found to be an older state or a copy, and its sessions had to be
    /// replaced.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn found_displaced(&self) -> Result<Option<Found>, StoreError> {
        rollback_guard::found(&self.connection)
    }
}

impl SqliteStore {
    /// Measures by this clock from now on how long the statements of this connection take
    /// ([`Transaction::take_spent`](engine::store::Transaction::take_spent)).
    pub const fn measure_by(&mut self, now: fn() -> Instant) {
        self.stopwatch.now = Some(now);
    }

    /// What this store was found to be when it was opened, if it is not the newest state of its
    /// account. Until [`Self::settle`] is committed nothing can be written.
    #[must_use]
    pub fn displaced(&self) -> Option<RollbackKind> {
        self.guard.as_ref().and_then(RollbackGuard::displaced)
    }

    /// Makes this state the newest one once the open transaction is committed. That must also have
    /// expired its sessions.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub fn settle(&mut self, found: Found) -> Result<(), StoreError> {
        match &mut self.guard {
            Some(guard) => guard.settle(&self.connection, found),
            None => Ok(()),
        }
    }
}

impl<Mode> Drop for Sqlite<Mode> {
    fn drop(&mut self) {
        if let Some(guard) = &mut self.guard
            && self.connection.is_autocommit()
        {
            // On a failing disk the store keeps the generation it has.
            let _ = guard.rest(&self.connection);
        }
    }
}
