//! Batches and savepoints of the store in memory.

use std::sync::atomic::Ordering;

use super::MemoryStore;
use crate::{model::StoreError, store::Transaction};

impl Transaction for MemoryStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.open {
            return Err(out_of_turn());
        }
        self.open = true;
        Ok(())
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.open {
            Ok(())
        } else {
            Err(out_of_turn())
        }
    }

    fn savepoint(&mut self) -> Result<(), StoreError> {
        self.check_open()?;
        self.savepoints.push(self.undo.len());
        Ok(())
    }

    fn release(&mut self) -> Result<(), StoreError> {
        self.savepoints.pop().ok_or_else(out_of_turn).map(|_| ())
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        let length = self.savepoints.pop().ok_or_else(out_of_turn)?;
        self.undo_to(length);
        Ok(())
    }

    fn has_changed(&mut self) -> Result<bool, StoreError> {
        self.check_open()?;
        Ok(!self.undo.is_empty())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.has_changed()? {
            self.close();
            return Ok(());
        }
        if self.log.fail_next.swap(false, Ordering::SeqCst) {
            self.crash();
            return Err(StoreError::Refused(crate::model::Trouble::Full));
        }
        self.log.commits.fetch_add(1, Ordering::SeqCst);
        self.close();
        Ok(())
    }

    fn abort(&mut self) -> Result<(), StoreError> {
        self.crash();
        Ok(())
    }

    fn release_memory(&mut self) -> Result<(), StoreError> {
        self.log.releases.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn out_of_turn() -> StoreError {
    StoreError::Io("a batch was begun or ended out of turn".to_owned())
}
