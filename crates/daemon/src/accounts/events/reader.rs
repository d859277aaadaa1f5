//! Reading events as they come.

use std::sync::Arc;

use engine::model::AccountName;
use rpc::{RpcError, types::EventInfo};
use tokio::sync::watch;

use super::{EventHub, Page, Progress};

/// Events read at once for a subscription or a stream: bounds what a slow client holds in memory.
pub const AT_ONCE: usize = 100;

/// Reads events from a cursor on.
#[derive(Debug)]
pub struct Reader {
    hub: Arc<EventHub>,
    account: Option<AccountName>,
    cursor: u64,
    progress: watch::Receiver<Progress>,
}

impl Reader {
    /// A reader of the events of one account, or of all, after the cursor `after`.
    #[must_use]
    pub fn new(hub: Arc<EventHub>, account: Option<AccountName>, after: u64) -> Self {
        Self {
            progress: hub.progress.subscribe(),
            hub,
            account,
            cursor: after,
        }
    }

    /// The cursor after the last event that was read.
    #[must_use]
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Reads without waiting: at most `limit` events, and the marks of missing ones.
    ///
    /// # Errors
    /// [`rpc::ErrorKind::StoreFailed`] if the log cannot be read.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<EventInfo>, RpcError> {
        let (hub, account, after) = (Arc::clone(&self.hub), self.account.clone(), self.cursor);
        let page =
            tokio::task::spawn_blocking(move || hub.page(account.as_ref(), after, limit)).await;
        let Page { events, next } =
            page.map_err(|_| RpcError::internal("the events were not read inside the daemon"))??;
        self.cursor = next;
        Ok(events)
    }

    /// Waits for events and reads them; `None` when the daemon stops. Safe to cancel at any time:
    /// events that were not returned are read next time.
    pub async fn next(&mut self, limit: usize) -> Option<Result<Vec<EventInfo>, RpcError>> {
        loop {
            if self.progress.borrow().stopping {
                return None;
            }
            match self.read(limit).await {
                Ok(events) if events.is_empty() => {}
                read => return Some(read),
            }
            let cursor = self.cursor;
            let more = |now: &Progress| now.stopping || now.newest > cursor;
            self.progress.wait_for(more).await.ok()?;
        }
    }
}
