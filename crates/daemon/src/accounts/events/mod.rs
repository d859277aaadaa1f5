//! The events of all accounts: one sequence, read by cursor.
//!
//! Events that the engine wrote into an account's store go into the durable log. Events that may
//! not be written, because a stranger caused them, are published all the same: they are held in
//! memory, with numbers of the same sequence. A reader asks for what comes after its cursor, so
//! that a slow one costs nothing.

mod reader;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use engine::model::{AccountName, Event, StoreError};
use rpc::types::EventInfo;
use session_store::{DataDir, EventLog, OpenError};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub use self::reader::{AT_ONCE, Reader};
use crate::ops::{clock::Clock, metrics::Metrics};

/// Events of one account that are held in memory because they may not be written. A stranger who
/// sends nonsense to an account fills no more than that, and pushes out nothing of another account.
const HELD_IN_MEMORY: usize = 1_000;
/// Calls that may wait for events at once. Each costs little, and a connection can bear many of
/// them.
const MAX_WAITING: usize = 1_024;

/// The events of one daemon.
#[derive(Debug)]
pub struct EventHub {
    clock: Arc<Clock>,
    metrics: Arc<Metrics>,
    /// A call that panicked under the lock left nothing half done: the log changes by transactions,
    /// the rest in one step. So a poisoned lock is taken as it is.
    state: Mutex<State>,
    progress: watch::Sender<Progress>,
    waiting: Semaphore,
}

/// What was published.
#[derive(Debug)]
struct State {
    /// None once it is closed.
    log: Option<EventLog>,
    /// Events that are not written, by account.
    unwritten: HashMap<String, Unwritten>,
    /// The newest unwritten event of earlier processes. None of them is there any more.
    unwritten_before: u64,
}

/// Events of one account that are not written.
#[derive(Debug, Default)]
struct Unwritten {
    /// In order.
    events: VecDeque<EventInfo>,
    /// The newest that is no longer there.
    dropped_through: u64,
}

/// What wakes the readers that wait.
#[derive(Clone, Copy, Debug)]
struct Progress {
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

impl State {
    fn log(&mut self) -> Result<&mut EventLog, StoreError> {
        let closed = || StoreError::Io("the event log is closed".to_owned());
        self.log.as_mut().ok_or_else(closed)
    }

    /// The events that are not written, of one account or of all.
    fn unwritten_of(&self, account: Option<&AccountName>) -> impl Iterator<Item = &Unwritten> {
        let wanted = move |name: &str| account.is_none_or(|account| account.as_str() == name);
        self.unwritten
            .iter()
            .filter(move |(name, _)| wanted(name))
            .map(|(_, unwritten)| unwritten)
    }

    /// The newest event after `from` and not after `next` that is no longer there, of one account
    /// or of all.
    fn dropped(
        &mut self,
        from: u64,
        next: u64,
        account: Option<&AccountName>,
    ) -> Result<Option<u64>, StoreError> {
        let written = self.log()?.dropped(from, next, account)?;
        let held = self.unwritten_of(account).map(|held| held.dropped_through);
        let unwritten = held
            .chain([self.unwritten_before])
            .filter(|gone| (from + 1..=next).contains(gone));
        Ok(unwritten.chain(written).max())
    }
}

impl Unwritten {
    fn after(&self, seq: u64) -> impl Iterator<Item = &EventInfo> {
        let first = self.events.partition_point(|event| event.seq <= seq);
        self.events.range(first..)
    }
}

impl EventHub {
    /// Opens the log of this directory, and erases in it what is left of any but these accounts,
    /// which are those that are there.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be opened.
    pub fn open(
        directory: &DataDir,
        accounts: &BTreeSet<AccountName>,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        let mut log = directory.event_log()?;
        log.accounts()
            .and_then(|known| {
                let mut gone = known.iter().filter(|name| !accounts.contains(*name));
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
            state: Mutex::new(State {
                unwritten_before: log.unwritten_through(),
                unwritten: HashMap::new(),
                log: Some(log),
            }),
            progress: watch::Sender::new(Progress {
                newest,
                stopping: false,
            }),
            waiting: Semaphore::new(MAX_WAITING),
        })
    }

    /// Publishes events that wait in the store of `account`, given with their numbers there. They
    /// are durable when this returns. Events that were published before are passed over.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written: the events must stay in the store.
    pub fn publish(
        &self,
        account: &AccountName,
        events: &[(u64, Event)],
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        let log = state.log()?;
        let new = log.append(account, events)?;
        let newest = log.newest();
        drop(state);
        self.metrics.events_published(new);
        self.wake_readers(newest);
        Ok(())
    }

    /// Publishes an event that may not be written, and numbers it. If no number can be had, the
    /// event is lost, and an error is logged.
    pub fn publish_unwritten(&self, mut event: EventInfo) {
        let mut state = self.lock();
        match state.log().and_then(EventLog::number_unwritten) {
            Ok(seq) => event.seq = seq,
            Err(error) => {
                tracing::error!(%error, "an event could not be published");
                return;
            }
        }
        let newest = event.seq;
        let account = event.account.clone().unwrap_or_default();
        let unwritten = state.unwritten.entry(account).or_default();
        unwritten.events.push_back(event);
        if unwritten.events.len() > HELD_IN_MEMORY
            && let Some(oldest) = unwritten.events.pop_front()
        {
            unwritten.dropped_through = oldest.seq;
        }
        drop(state);
        self.metrics.events_published(1);
        self.wake_readers(newest);
    }

    /// Erases all events of an account.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written.
    pub fn forget(&self, account: &AccountName) -> Result<(), StoreError> {
        let mut state = self.lock();
        state.log()?.forget(account)?;
        state.unwritten.remove(account.as_str());
        Ok(())
    }

    /// Sees whether events can be published, by a commit to the log. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written.
    pub fn check(&self) -> Result<(), StoreError> {
        self.lock().log()?.check_writing()
    }

    /// Starts over with an account whose store was put back: its events are numbered from the
    /// beginning again.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be written.
    pub fn restart_numbering(&self, account: &AccountName) -> Result<(), StoreError> {
        let mut state = self.lock();
        let log = state.log()?;
        log.take_over_anew(account)?;
        state.unwritten_before = log.unwritten_through();
        Ok(())
    }

    /// The events after the cursor `after`, of one account or of all, at most `limit`. Where events
    /// are missing, because they were dropped or the cursor belongs to another log, a mark stands
    /// in their place. Blocks.
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
        let mut state = self.lock();
        let log = state.log()?;
        let newest = log.newest();
        let known = after <= newest;
        let from = if known { after } else { 0 };
        let written = log.page(from, account, limit)?;
        let mut events: Vec<EventInfo> = written
            .iter()
            .map(|logged| EventInfo::new(logged.seq, &logged.account, &logged.event))
            .collect();
        let mut unwritten: Vec<&EventInfo> = state
            .unwritten_of(account)
            .flat_map(|of_one| of_one.after(from).take(limit))
            .collect();
        unwritten.sort_unstable_by_key(|event| event.seq);
        events.extend(unwritten.into_iter().take(limit).cloned());
        events.sort_by_key(|event| event.seq);
        events.truncate(limit);
        let next = match events.last() {
            Some(last) if events.len() == limit => last.seq,
            _ => newest,
        };
        // The missing events may be older than events of other accounts that are there: the mark is
        // put in its place among them.
        if let Some(gone) = state.dropped(from, next, account)? {
            let place = events.partition_point(|event| event.seq <= gone);
            events.insert(place, lagged(gone));
        }
        if !known && !events.first().is_some_and(EventInfo::is_lagged) {
            events.insert(0, lagged(from));
        }
        Ok(Page { events, next })
    }

    /// The number of the newest event.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.progress.borrow().newest
    }

    /// The right to wait for events, while it is held; `None` if too many calls wait already.
    pub fn wait_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.waiting.try_acquire().ok()
    }

    /// Ends every wait for events, now and later.
    pub fn stop_waiting(&self) {
        self.progress
            .send_modify(|progress| progress.stopping = true);
    }

    /// Closes the log.
    pub fn close(&self) {
        if let Some(log) = self.lock().log.take()
            && let Err(error) = log.close()
        {
            tracing::warn!(%error, "the event log was not closed properly; some numbers are left out");
        }
    }

    fn wake_readers(&self, newest: u64) {
        // Two calls that published at once may come here in either order.
        self.progress
            .send_modify(|progress| progress.newest = progress.newest.max(newest));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
