//! Events of all accounts, for whoever listens: one sequence, read by cursor.
//!
//! What the engine wrote down goes from each account's store into the durable log. What may not be written,
//! because a stranger made it happen, is told all the same: it is held in memory, with a number of the same
//! sequence. A reader asks for what comes after its cursor, so that a slow one costs nothing.

mod reader;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use engine::{AccountName, Event, StoreError};
use rpc::types::EventInfo;
use session_store::{DataDir, EventLog, OpenError};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub use self::reader::{AT_ONCE, Reader};
use crate::{clock::Clock, metrics::Metrics};

/// Events that are told and not written: as many are held in memory. Whoever sends us nonsense fills no more than that.
const HELD_IN_MEMORY: usize = 1_000;
/// Calls that may wait for events at once. Each costs little, and a connection can bear many of them.
const MAX_WAITING: usize = 1_024;

/// The events of one daemon.
#[derive(Debug)]
pub struct EventHub {
    clock: Arc<Clock>,
    metrics: Arc<Metrics>,
    /// A call that panicked under the lock left nothing half done: the log changes by transactions, the
    /// rest in one step. So a poisoned lock is taken as it is.
    told: Mutex<Told>,
    tide: watch::Sender<Tide>,
    waiting: Semaphore,
}

/// What has been told.
#[derive(Debug)]
struct Told {
    /// None once it is closed.
    log: Option<EventLog>,
    /// Events that are not written, in order.
    unwritten: VecDeque<EventInfo>,
    /// The newest of those that is no longer there.
    unwritten_dropped: u64,
}

/// What wakes those who wait.
#[derive(Clone, Copy, Debug)]
struct Tide {
    newest: u64,
    stopping: bool,
}

/// What comes after a cursor.
#[derive(Debug)]
pub struct Page {
    /// In order; among them marks where events are missing ([`EventInfo::is_lagged`]).
    pub events: Vec<EventInfo>,
    /// The cursor that goes on behind them.
    pub next: u64,
}

impl Told {
    fn log(&mut self) -> Result<&mut EventLog, StoreError> {
        let closed = || StoreError::Io("the event log is closed".to_owned());
        self.log.as_mut().ok_or_else(closed)
    }
}

impl EventHub {
    /// Opens the log of this directory, and erases in it what is left of accounts that are no longer there.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be opened.
    pub fn open(
        directory: &DataDir,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        let mut log = directory.event_log()?;
        let accounts = directory.accounts()?;
        log.accounts()
            .and_then(|known| {
                let mut gone = known.iter().filter(|name| !accounts.contains(name));
                gone.try_for_each(|name| log.forget(name))
            })
            .map_err(|error| OpenError::Database {
                path: directory.path().to_owned(),
                cause: error.to_string(),
            })?;
        let newest = log.newest();
        Ok(Self {
            clock,
            metrics,
            told: Mutex::new(Told {
                unwritten_dropped: log.unwritten_through(),
                unwritten: VecDeque::new(),
                log: Some(log),
            }),
            tide: watch::Sender::new(Tide {
                newest,
                stopping: false,
            }),
            waiting: Semaphore::new(MAX_WAITING),
        })
    }

    /// Takes over events that wait in the store of `account`, with their numbers there, and tells of them.
    /// They are durable when this returns; what was taken over before is passed over.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written: they must stay where they are.
    pub fn publish(
        &self,
        account: &AccountName,
        events: &[(u64, Event)],
    ) -> Result<(), StoreError> {
        let mut told = self.told();
        let log = told.log()?;
        let new = log.append(account, events)?;
        let newest = log.newest();
        drop(told);
        self.metrics.told(new);
        self.raise(newest);
        Ok(())
    }

    /// Tells of an event that may not be written, and gives it its number. One that gets none is logged and lost.
    pub fn tell(&self, mut event: EventInfo) {
        let mut told = self.told();
        match told.log().and_then(EventLog::number_unwritten) {
            Ok(seq) => event.seq = seq,
            Err(error) => {
                tracing::error!(%error, "an event could not be told");
                return;
            }
        }
        let newest = event.seq;
        told.unwritten.push_back(event);
        if told.unwritten.len() > HELD_IN_MEMORY
            && let Some(oldest) = told.unwritten.pop_front()
        {
            told.unwritten_dropped = oldest.seq;
        }
        drop(told);
        self.metrics.told(1);
        self.raise(newest);
    }

    /// Erases all events of an account.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written.
    pub fn forget(&self, account: &AccountName) -> Result<(), StoreError> {
        let mut told = self.told();
        told.log()?.forget(account)?;
        told.unwritten
            .retain(|event| event.account.as_deref() != Some(account.as_str()));
        Ok(())
    }

    /// Takes over the events of an account that numbers them anew.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written.
    pub fn take_over_anew(&self, account: &AccountName) -> Result<(), StoreError> {
        let mut told = self.told();
        let log = told.log()?;
        log.take_over_anew(account)?;
        told.unwritten_dropped = log.unwritten_through();
        Ok(())
    }

    /// The events after `after`, of one account or of all, at most `limit`. Where events are missing, because
    /// they were dropped or the cursor is of another log, a mark stands in their place. Blocks meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be read.
    pub fn page(
        &self,
        account: Option<&AccountName>,
        after: u64,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let lagged = |seq| EventInfo::lagged(seq, self.clock.now());
        let mut told = self.told();
        let log = told.log()?;
        let (newest, dropped) = (log.newest(), log.dropped_through());
        let known = (dropped..=newest).contains(&after);
        let from = if known { after } else { dropped };
        let mut events: Vec<EventInfo> = log
            .page(from, account, limit)?
            .iter()
            .map(|logged| EventInfo::new(logged.seq, &logged.account, &logged.event))
            .collect();
        let unwritten = told.unwritten.iter().filter(|event| {
            event.seq > from
                && account.is_none_or(|name| event.account.as_deref() == Some(name.as_str()))
        });
        events.extend(unwritten.take(limit).cloned());
        events.sort_by_key(|event| event.seq);
        events.truncate(limit);
        let next = match events.last() {
            Some(last) if events.len() == limit => last.seq,
            _ => newest,
        };
        // Only what was not written is missing here: the mark takes its place among the events that are there.
        let gone = told.unwritten_dropped;
        if from < gone && gone <= next {
            let place = events.partition_point(|event| event.seq <= gone);
            events.insert(place, lagged(gone));
        }
        if !known {
            events.insert(0, lagged(from));
        }
        Ok(Page { events, next })
    }

    /// The number of the newest event.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.tide.borrow().newest
    }

    /// A place among those who wait, while it is held; `None` if all are taken.
    pub fn wait(&self) -> Option<SemaphorePermit<'_>> {
        self.waiting.try_acquire().ok()
    }

    /// Ends every wait for events, now and later.
    pub fn stop_waiting(&self) {
        self.tide.send_modify(|tide| tide.stopping = true);
    }

    /// Closes the log.
    pub fn close(&self) {
        if let Some(log) = self.told().log.take()
            && let Err(error) = log.close()
        {
            tracing::warn!(%error, "the event log was not closed properly; some numbers are left out");
        }
    }

    fn raise(&self, newest: u64) {
        // Two that told at once may come here in either order.
        self.tide
            .send_modify(|tide| tide.newest = tide.newest.max(newest));
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
