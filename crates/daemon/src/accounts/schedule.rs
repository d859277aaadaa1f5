//! When each account is swept next.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use engine::model::AccountName;
use tokio::sync::Notify;

/// The accounts by when they are due, in running time of the daemon.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    dues: Mutex<Dues>,
    /// Something falls due earlier than before.
    earlier: Notify,
}

#[derive(Debug, Default)]
struct Dues {
    in_order: BTreeSet<(Duration, AccountName)>,
    of: HashMap<AccountName, Duration>,
}

impl Schedule {
    fn dues(&self) -> MutexGuard<'_, Dues> {
        self.dues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the first account is due, and which that is.
    pub(super) fn first(&self) -> Option<(Duration, AccountName)> {
        self.dues().in_order.first().cloned()
    }

    /// The account is due then, and not when it was before.
    pub(super) fn set(&self, name: &AccountName, due: Duration) {
        self.change(name, |_| Some(due));
    }

    /// The account is due by then at the latest.
    pub(super) fn set_latest(&self, name: &AccountName, due: Duration) {
        self.change(name, |before| {
            Some(before.map_or(due, |before| before.min(due)))
        });
    }

    pub(super) fn remove(&self, name: &AccountName) {
        self.change(name, |_| None);
    }

    fn change(&self, name: &AccountName, due: impl FnOnce(Option<Duration>) -> Option<Duration>) {
        let mut dues = self.dues();
        let first = dues.in_order.first().map(|(due, _)| *due);
        let before = dues.of.remove(name);
        if let Some(before) = before {
            dues.in_order.remove(&(before, name.clone()));
        }
        if let Some(due) = due(before) {
            dues.of.insert(name.clone(), due);
            dues.in_order.insert((due, name.clone()));
            if first.is_none_or(|first| due < first) {
                self.earlier.notify_one();
            }
        }
    }

    /// Waits until something falls due earlier than before.
    pub(super) async fn earlier(&self) {
        self.earlier.notified().await;
    }

    /// Has the waiting one look again: the clock was moved.
    pub(super) fn look_again(&self) {
        self.earlier.notify_one();
    }
}
