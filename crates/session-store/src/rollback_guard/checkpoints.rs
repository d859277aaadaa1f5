//! When the WAL is checkpointed into the main database file, and whether all of it was.
//!
//! SQLite would do so by itself and tell nobody. The guard has to know what the main file holds
//! without the WAL, and the WAL of a displaced store must not be checkpointed at all: it may belong
//! to another state.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, config::DbConfig, hooks::Wal, wal::CheckpointMode};

/// Pages of a WAL after which it is checkpointed: SQLite's own default, 4 MiB.
const MAX_LOG_PAGES: i32 = 1000;

/// Checkpoints the WAL of one connection that writes.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints(Arc<State>);

#[derive(Debug)]
struct State {
    held: AtomicBool,
    complete: AtomicBool,
}

impl Checkpoints {
    /// Nothing is checkpointed until [`Self::release`].
    pub(super) fn held(connection: &mut Connection) -> rusqlite::Result<Self> {
        let state = Arc::new(State {
            held: AtomicBool::new(true),
            complete: AtomicBool::new(false),
        });
        let watch = Arc::clone(&state);
        connection.wal_hook(Some(move |log: &mut Wal, pages: i32| {
            if pages >= MAX_LOG_PAGES && !watch.held.load(Ordering::Relaxed) {
                // One that fails is tried again after the next commit.
                let copied = log.checkpoint_v2(CheckpointMode::PASSIVE);
                let complete = copied.is_ok_and(|(logged, copied)| logged == copied);
                watch.complete.store(complete, Ordering::Relaxed);
            }
            Ok(())
        }))?;
        Ok(Self(state))
    }

    /// From here on the WAL is checkpointed when it is long and when the connection is closed.
    pub(super) fn release(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        self.0.held.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the last commit was followed by a checkpoint of the whole WAL.
    pub(super) fn was_complete(&self) -> bool {
        self.0.complete.load(Ordering::Relaxed)
    }

    /// Forgets the last checkpoint: a commit follows that is not part of it.
    pub(super) fn forget(&self) {
        self.0.complete.store(false, Ordering::Relaxed);
    }
}
