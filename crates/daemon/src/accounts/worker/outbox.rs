//! Events that wait in an account's store until they are published.

use engine::{model::StoreError, store::Transaction};

use super::account::Home;

/// Events published at once: bounds what is held in memory of a sweep that ended thousands of
/// sessions.
const AT_ONCE: usize = 1_000;

/// Publishes the events of one store.
pub(super) struct Outbox {
    /// Published up to this number, and still in the store.
    published: Option<u64>,
    /// Whether there may be events in the store that are not published. Without it the store would
    /// be asked after every commit.
    waiting: bool,
}

impl Outbox {
    pub(super) const fn new() -> Self {
        Self {
            published: None,
            waiting: true,
        }
    }

    /// An event was written, in a transaction that is open.
    pub(super) const fn event_appended(&mut self) {
        self.waiting = true;
    }

    /// Publishes the events that were committed. If that fails they stay in the store, for the next
    /// time.
    pub(super) fn publish(&mut self, store: &mut dyn Transaction, home: &mut impl Home) {
        if !self.waiting {
            return;
        }
        match self.publish_all(store, home) {
            Ok(()) => self.waiting = false,
            Err(error) => {
                tracing::error!(%error, "events could not be published; they wait in the account's store");
            }
        }
    }

    fn publish_all(
        &mut self,
        store: &mut dyn Transaction,
        home: &mut impl Home,
    ) -> Result<(), StoreError> {
        loop {
            let events = store.events(AT_ONCE)?;
            let Some((last, _)) = events.last() else {
                return Ok(());
            };
            home.publish(&events)?;
            self.published = Some(*last);
            if events.len() < AT_ONCE {
                return Ok(());
            }
            self.erase_now(store)?;
        }
    }

    /// Erases the published events, in a transaction that is open.
    pub(super) fn erase(&self, store: &mut dyn Transaction) -> Result<(), StoreError> {
        match self.published {
            Some(number) => store.remove_events_up_to(number),
            None => Ok(()),
        }
    }

    /// That transaction was committed.
    pub(super) const fn erased(&mut self) {
        self.published = None;
    }

    /// Publishes what still waits, and erases the published events, when no more transactions come.
    /// Whether none is left that was not published.
    pub(super) fn close(&mut self, store: &mut dyn Transaction, home: &mut impl Home) -> bool {
        self.publish(store, home);
        if self.published.is_some()
            && let Err(error) = self.erase_now(store)
        {
            tracing::warn!(%error, "published events were left in the account's store");
        }
        !self.waiting
    }

    fn erase_now(&mut self, store: &mut dyn Transaction) -> Result<(), StoreError> {
        store.begin()?;
        let erased = self.erase(store).and_then(|()| store.commit());
        match erased {
            Ok(()) => self.erased(),
            Err(_) => store.abort()?,
        }
        erased
    }
}
