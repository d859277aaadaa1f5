//! SQLite, encrypted by SQLCipher, behind the engine's store interface.
//!
//! Keeps and finds records; knows no rules. One database per account, in a data
//! directory that one process at a time may open.

mod account;
mod backup;
mod bare_commit;
mod commit;
mod data_dir;
mod error;
mod event_log;
mod files;
mod inspect;
mod lock;
mod message_keys;
mod read;
mod rekey;
mod restore;
mod rollback_guard;
mod rows;
mod schema;
mod stats;
mod stopwatch;
mod store_key;
#[cfg(test)]
mod tests;
mod trouble;
mod wal;
mod write;

use std::{marker::PhantomData, time::Instant};

use engine::model::{Displaced, StoreError};
use rusqlite::Connection;

use self::{rollback_guard::Epoch, stopwatch::Stopwatch};

pub use backup::{KeyInBackup, back_up};
pub use bare_commit::BareCommit;
pub use data_dir::DataDir;
pub use error::OpenError;
pub use event_log::{EventLog, KEPT_EVENTS, LoggedEvent};
pub use inspect::{Examined, Examiner, Unfinished, holder, is_data_directory, unfinished};
pub use rekey::rekey;
pub use restore::restore;
pub use rollback_guard::Found;
pub use stats::{Holdings, MAX_COUNTED};
pub use store_key::{KDF_FILE, KEY_FILE};
pub use trouble::of_io as trouble;

/// A connection that may write.
#[derive(Debug)]
pub enum ReadWrite {}

/// A connection that may not.
#[derive(Debug)]
pub enum ReadOnly {}

/// A connection to an account's database.
#[derive(Debug)]
pub struct Sqlite<Mode> {
    connection: Connection,
    /// Of a connection that may write.
    epoch: Option<Epoch>,
    /// A commit failed and may be in the log all the same, for the next process to find.
    left_in_log: bool,
    /// How many changes SQLite had counted when nothing of the transaction that is open was kept.
    unchanged: u64,
    /// How many changes were kept when the call that is open began.
    kept: u64,
    stopwatch: Stopwatch,
    mode: PhantomData<fn() -> Mode>,
}

/// The one connection of an account that writes.
pub type SqliteStore = Sqlite<ReadWrite>;

/// A connection for lists and status, which waits for no write.
pub type SqliteReader = Sqlite<ReadOnly>;

impl<Mode> Sqlite<Mode> {
    const fn new(connection: Connection, epoch: Option<Epoch>) -> Self {
        Self {
            connection,
            epoch,
            left_in_log: false,
            unchanged: 0,
            kept: 0,
            stopwatch: Stopwatch::new(),
            mode: PhantomData,
        }
    }

    /// When this store was last found to be an older state or a copy, and had to begin anew.
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

    /// What this store was found to be when it was opened, if not the newest state of its account. Until
    /// [`Self::settle`] is committed nothing can be written.
    #[must_use]
    pub fn displaced(&self) -> Option<Displaced> {
        self.epoch.as_ref().and_then(Epoch::displaced)
    }

    /// Makes this state the newest one, as of the transaction that is open. Its sessions must have been
    /// expired in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub fn settle(&mut self, found: Found) -> Result<(), StoreError> {
        match &mut self.epoch {
            Some(epoch) => epoch.settle(&self.connection, found),
            None => Ok(()),
        }
    }
}

impl<Mode> Drop for Sqlite<Mode> {
    fn drop(&mut self) {
        // From here on a copy that was made while it was open is an older state.
        if let Some(epoch) = &mut self.epoch
            && self.connection.is_autocommit()
        {
            // Where the disk fails, the mark it has will do.
            let _ = epoch.renew(&self.connection);
        }
    }
}
