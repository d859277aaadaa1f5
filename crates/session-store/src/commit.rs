//! Batches: kept whole and durably, or not at all.
//!
//! A commit writes its pages to the end of the log, and waits until they are on the disk. Where that wait fails, SQLite
//! undoes the commit in memory alone: its pages stay in the log, whole, and the next process to open the store would take
//! them for a commit like any other. What callers were told had failed would have happened, to their loss if it was a
//! message read and confirmed at once. So an empty commit is put over those pages before anybody is told anything.

use std::time::Duration;

use engine::{model::StoreError, store::Transaction};
use rusqlite::ErrorCode;

use crate::{SqliteStore, rows::failed};

type Result<T> = std::result::Result<T, StoreError>;

impl SqliteStore {
    /// Rows that the transaction that is open has changed, without those that were undone.
    fn changes(&self) -> u64 {
        self.connection.total_changes().wrapping_sub(self.unchanged)
    }

    /// Commits the transaction that is open and counts it; nothing of it is kept in memory if that fails.
    fn commit_counted(&mut self) -> Result<()> {
        let counted = match &mut self.epoch {
            Some(epoch) => epoch.count(&self.connection),
            None => Ok(()),
        };
        let committed = counted.and_then(|()| self.commit_now());
        match (&committed, &mut self.epoch) {
            // SQLite may have left the transaction open; whether it did or not, nothing of it is kept.
            (Err(_), _) => self.abort()?,
            (Ok(()), Some(epoch)) => epoch.counted(&self.connection),
            (Ok(()), None) => {}
        }
        committed
    }

    fn commit_now(&mut self) -> Result<()> {
        let committed = self
            .connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute(()));
        match committed {
            Ok(_) => {
                self.left_in_log = false;
                Ok(())
            }
            Err(error) => {
                // A full disk has refused a page: a commit that lacks one is none.
                self.left_in_log |= error.sqlite_error_code() != Some(ErrorCode::DiskFull);
                Err(failed(error))
            }
        }
    }

    /// Puts an empty commit over one that failed and may be in the log.
    fn overwrite_failed(&mut self) -> Result<()> {
        if !self.left_in_log {
            return Ok(());
        }
        if let Some(epoch) = &mut self.epoch {
            epoch.begin();
        }
        self.run("BEGIN IMMEDIATE", ())?;
        // Its count makes it one that writes.
        self.commit_counted()
    }
}

impl Transaction for SqliteStore {
    fn begin(&mut self) -> Result<()> {
        self.overwrite_failed()?;
        if let Some(epoch) = &mut self.epoch {
            epoch.begin();
        }
        self.unchanged = self.connection.total_changes();
        self.run("BEGIN IMMEDIATE", ())
    }

    fn check_open(&self) -> Result<()> {
        // A full or failing disk makes SQLite undo the whole batch by itself. Each statement after that would be a transaction
        // of its own, and so would a savepoint be until its release.
        if self.connection.is_autocommit() {
            return Err(StoreError::Io("the batch was undone".to_owned()));
        }
        Ok(())
    }

    fn savepoint(&mut self) -> Result<()> {
        self.check_open()?;
        self.kept = self.changes();
        if let Some(epoch) = &mut self.epoch {
            epoch.begin_call();
        }
        self.run("SAVEPOINT call", ())
    }

    fn release(&mut self) -> Result<()> {
        self.run("RELEASE call", ())
    }

    fn rollback(&mut self) -> Result<()> {
        self.run("ROLLBACK TO call", ())?;
        self.run("RELEASE call", ())?;
        // SQLite goes on counting what was undone.
        self.unchanged = self.connection.total_changes().wrapping_sub(self.kept);
        if let Some(epoch) = &mut self.epoch {
            epoch.undo_call();
        }
        Ok(())
    }

    fn has_changed(&mut self) -> Result<bool> {
        self.check_open()?;
        Ok(self.changes() > 0)
    }

    fn commit(&mut self) -> Result<()> {
        // SQLite would write the pages of a call that was undone, and the epoch its count.
        if !self.has_changed()? {
            return self.abort();
        }
        let Err(failed) = self.commit_counted() else {
            return Ok(());
        };
        match self.overwrite_failed() {
            Err(error) if self.left_in_log => Err(StoreError::InDoubt(error.to_string())),
            _ => Err(failed),
        }
    }

    fn abort(&mut self) -> Result<()> {
        if let Some(epoch) = &mut self.epoch {
            epoch.undo();
        }
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.run("ROLLBACK", ())
    }

    fn take_spent(&mut self) -> Duration {
        self.stopwatch.take()
    }

    fn release_memory(&mut self) -> Result<()> {
        self.connection.flush_prepared_statement_cache();
        // Pages, in clear as they are, are wiped when they are given back.
        self.connection
            .execute_batch("PRAGMA shrink_memory")
            .map_err(failed)?;
        match &mut self.epoch {
            Some(epoch) => epoch.release_memory(&self.connection),
            None => Ok(()),
        }
    }
}
