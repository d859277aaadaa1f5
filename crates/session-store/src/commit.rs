//! Batches of calls: a transaction each, with a savepoint for each call.
//!
//! A commit appends its pages to the WAL and waits until they are on the disk. If that wait fails,
//! SQLite undoes the commit in memory only: its pages stay whole in the WAL, and the next process
//! to open the store would take them for a commit. Calls that were reported as failed would have
//! happened, and a message that was read and confirmed in one call would be lost. So before
//! anything is reported, an empty commit overwrites those pages.

use std::time::Duration;

use engine::{model::StoreError, store::Transaction};
use rusqlite::ErrorCode;

use crate::{connection::SqliteStore, rows::failed};

type Result<T> = std::result::Result<T, StoreError>;

impl SqliteStore {
    /// Rows that the open transaction has changed, without those that were undone.
    fn changes(&self) -> u64 {
        self.connection
            .total_changes()
            .wrapping_sub(self.changes_before)
    }

    /// Counts and commits the open transaction; undoes it if that fails.
    fn commit_counted(&mut self) -> Result<()> {
        let counted = match &mut self.guard {
            Some(guard) => guard.count(&self.connection),
            None => Ok(()),
        };
        let committed = counted.and_then(|()| self.commit_now());
        match (&committed, &mut self.guard) {
            // SQLite may have left the transaction open.
            (Err(_), _) => self.abort()?,
            (Ok(()), Some(guard)) => guard.committed(&self.connection),
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
                // A full disk has refused a page, and a commit that lacks one is none.
                self.left_in_log |= error.sqlite_error_code() != Some(ErrorCode::DiskFull);
                Err(failed(error))
            }
        }
    }

    /// Overwrites a failed commit that may be in the WAL with an empty one.
    fn overwrite_failed(&mut self) -> Result<()> {
        if !self.left_in_log {
            return Ok(());
        }
        if let Some(guard) = &mut self.guard {
            guard.begin(&self.connection)?;
        }
        self.run("BEGIN IMMEDIATE", ())?;
        // The count makes it write something.
        self.commit_counted()
    }
}

impl Transaction for SqliteStore {
    fn begin(&mut self) -> Result<()> {
        self.overwrite_failed()?;
        if let Some(guard) = &mut self.guard {
            guard.begin(&self.connection)?;
        }
        self.changes_before = self.connection.total_changes();
        self.run("BEGIN IMMEDIATE", ())
    }

    fn check_open(&self) -> Result<()> {
        // On a full or failing disk SQLite may undo the whole batch by itself. Each statement after
        // that would be a transaction of its own, and so would a savepoint until its release.
        if self.connection.is_autocommit() {
            return Err(StoreError::Io("the batch was undone".to_owned()));
        }
        Ok(())
    }

    fn savepoint(&mut self) -> Result<()> {
        self.check_open()?;
        self.changes_at_savepoint = self.changes();
        if let Some(guard) = &mut self.guard {
            guard.begin_call();
        }
        self.run("SAVEPOINT call", ())
    }

    fn release(&mut self) -> Result<()> {
        self.run("RELEASE call", ())
    }

    fn rollback(&mut self) -> Result<()> {
        self.run("ROLLBACK TO call", ())?;
        self.run("RELEASE call", ())?;
        // SQLite does not subtract what was undone from its count.
        self.changes_before = self
            .connection
            .total_changes()
            .wrapping_sub(self.changes_at_savepoint);
        if let Some(guard) = &mut self.guard {
            guard.undo_call();
        }
        Ok(())
    }

    fn has_changed(&mut self) -> Result<bool> {
        self.check_open()?;
        Ok(self.changes() > 0)
    }

    fn commit(&mut self) -> Result<()> {
        // Otherwise SQLite would write the pages of an undone call, and the guard its count.
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
        if let Some(guard) = &mut self.guard {
            guard.undo();
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
        // SQLite's cached pages are decrypted; they are wiped when they are released.
        self.connection
            .execute_batch("PRAGMA shrink_memory")
            .map_err(failed)?;
        match &mut self.guard {
            Some(guard) => guard.rest(&self.connection),
            None => Ok(()),
        }
    }
}
