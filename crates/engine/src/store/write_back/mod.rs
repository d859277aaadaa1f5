//! Write-back cache over a transactional store.
//!
//! *Read cache* ([`read_cache`]): our bundle, the clocks, peers, contacts, devices, which are read
//! for every message and change rarely. Cleared when a call that wrote is rolled back.
//!
//! *Dirty records* ([`dirty`]): sessions and the times of devices, which change with every message.
//! Changes to them stay in memory until the commit, or until anything else is written. A call that
//! touches only dirty records needs no savepoint in the underlying store.
//!
//! The states of a batch ([`BatchState`]):
//!
//! ```text
//! NoBatch --begin--> Between --savepoint--> Begun --first other write--> Saved
//!    ^                |   ^                   |                            |
//!    +-commit, abort--+   +----------release, rollback---------------------+
//! ```

mod dirty;
mod read_cache;
mod records;
#[cfg(test)]
mod tests;

use std::{mem, time::Duration};

use self::{dirty::DirtyRecords, read_cache::ReadCache};
use crate::{
    model::{Device, StoreError},
    store::Transaction,
};

type Result<T> = std::result::Result<T, StoreError>;

/// A store with a write-back cache in front of it.
#[derive(Debug)]
pub struct WriteBack<S> {
    store: S,
    cache: ReadCache,
    dirty: DirtyRecords,
    state: BatchState,
    /// Why the batch cannot be committed.
    failed: Option<StoreError>,
    /// Whether the open call has written a record of the read cache.
    written: bool,
    event_appended: bool,
}

/// How far the batch, and the call that is open in it, have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum BatchState {
    /// No batch is open.
    #[default]
    NoBatch,
    /// A batch is open, and no call.
    Between,
    /// A call is open and has changed dirty records at most.
    Begun,
    /// The open call has a savepoint in the underlying store, and has written to it.
    Saved,
}

impl<S> WriteBack<S> {
    /// Wraps `store`, with an empty cache.
    pub fn new(store: S) -> Self {
        Self {
            store,
            cache: ReadCache::default(),
            dirty: DirtyRecords::default(),
            state: BatchState::NoBatch,
            failed: None,
            written: false,
            event_appended: false,
        }
    }

    /// The underlying store, when no batch is open.
    pub fn into_inner(self) -> S {
        self.store
    }

    /// The underlying store. It may lack dirty records, and writes to it bypass the cache.
    pub const fn inner(&mut self) -> &mut S {
        &mut self.store
    }

    /// Whether an event was appended since the last call of this function.
    pub const fn take_event_appended(&mut self) -> bool {
        mem::replace(&mut self.event_appended, false)
    }

    /// Empties the read cache, and drops the held sessions that are not dirty.
    fn clear_cache(&mut self) {
        self.cache = ReadCache::default();
        self.dirty.drop_clean();
    }

    /// The read cache, for a record of it that is being written.
    fn cache_for_write(&mut self) -> &mut ReadCache {
        self.written = true;
        &mut self.cache
    }
}

impl<S: Transaction> WriteBack<S> {
    /// The underlying store, for a write of anything but a dirty record: the dirty records are
    /// flushed first, so that writes keep their order.
    fn flushed(&mut self) -> Result<&mut S> {
        if self.state != BatchState::Saved
            && let Err(error) = self.flush_all()
        {
            // Records of calls that ended well may be lost with it: the batch must not be
            // committed, whether or not the caller passes this error on.
            self.failed = Some(error.clone());
            return Err(error);
        }
        Ok(&mut self.store)
    }

    /// Flushes the dirty records of calls that have ended, then those of the open call inside a
    /// savepoint of its own.
    fn flush_all(&mut self) -> Result<()> {
        let of_this_call = self.dirty.undo_call();
        self.flush()?;
        if self.state == BatchState::Begun {
            self.store.savepoint()?;
            self.state = BatchState::Saved;
            of_this_call.write(&mut self.store)?;
            // The underlying store may roll them back.
            self.dirty.drop_clean();
        }
        Ok(())
    }

    /// Flushes all dirty records. If this fails, the whole batch has to be undone.
    fn flush(&mut self) -> Result<()> {
        if !self.dirty.is_due() {
            return Ok(());
        }
        self.store.check_open()?;
        self.dirty.write(&mut self.store)
    }

    /// Ends the open call; gives the state that it had come to.
    fn end_call(&mut self) -> Result<BatchState> {
        match self.state {
            BatchState::NoBatch | BatchState::Between => Err(out_of_turn()),
            ended => {
                self.state = BatchState::Between;
                Ok(ended)
            }
        }
    }

    /// Whether the cache has this device with the same stale timer, told of or not, which is all
    /// that devices are searched by: only then can its record be written back later.
    fn is_known(&self, device: &Device) -> bool {
        let devices = self.cache.devices.0.borrow();
        devices.get(&device.identity).is_some_and(|known| {
            known.iter().any(|known| {
                known.installation == device.installation
                    && known.omitted_since == device.omitted_since
                    && known.stale_told == device.stale_told
            })
        })
    }
}

impl<S: Transaction> Transaction for WriteBack<S> {
    fn begin(&mut self) -> Result<()> {
        self.written = false;
        self.failed = None;
        self.store.begin()?;
        self.state = BatchState::Between;
        Ok(())
    }

    fn check_open(&self) -> Result<()> {
        match self.state {
            BatchState::NoBatch => Err(out_of_turn()),
            _ => self.store.check_open(),
        }
    }

    fn savepoint(&mut self) -> Result<()> {
        if self.state != BatchState::Between {
            return Err(out_of_turn());
        }
        self.written = false;
        self.state = BatchState::Begun;
        Ok(())
    }

    fn release(&mut self) -> Result<()> {
        match self.end_call()? {
            BatchState::Saved => self.store.release(),
            _ => {
                self.dirty.keep_call();
                Ok(())
            }
        }
    }

    fn rollback(&mut self) -> Result<()> {
        let ended = self.end_call()?;
        drop(self.dirty.undo_call());
        if self.written {
            self.clear_cache();
        }
        match ended {
            BatchState::Saved => {
                self.dirty.drop_clean();
                self.store.rollback()
            }
            _ => Ok(()),
        }
    }

    fn has_changed(&mut self) -> Result<bool> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.flush()?;
        self.store.has_changed()
    }

    fn commit(&mut self) -> Result<()> {
        let committed = match self.failed.take() {
            Some(error) => Err(error),
            None if self.state != BatchState::Between => Err(out_of_turn()),
            None => self.flush().and_then(|()| self.store.commit()),
        };
        match &committed {
            Ok(()) => {
                self.state = BatchState::NoBatch;
                self.dirty.end_batch();
            }
            // The underlying store may still have the batch open. An error of this second call
            // would hide the first one.
            Err(_) => drop(self.abort()),
        }
        committed
    }

    fn abort(&mut self) -> Result<()> {
        self.state = BatchState::NoBatch;
        self.failed = None;
        self.dirty.clear();
        self.clear_cache();
        self.store.abort()
    }

    fn release_memory(&mut self) -> Result<()> {
        if self.state != BatchState::NoBatch {
            return Err(out_of_turn());
        }
        self.dirty.clear();
        self.clear_cache();
        self.store.release_memory()
    }

    fn take_spent(&mut self) -> Duration {
        self.store.take_spent()
    }
}

fn out_of_turn() -> StoreError {
    StoreError::Io("a call was begun or ended out of turn".to_owned())
}
