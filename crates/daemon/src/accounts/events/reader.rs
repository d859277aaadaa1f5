//! Reading events as they come.

use std::sync::Arc;

use engine::AccountName;
use rpc::{ErrorKind, RpcError, types::EventInfo};
use tokio::sync::watch;

use super::{EventHub, Page, Tide};

/// Events read at once for a subscription or a stream: what one that is slow holds in memory.
pub const AT_ONCE: usize = 100;

/// Someone who reads events, from a cursor on.
#[derive(Debug)]
pub struct Reader {
    hub: Arc<EventHub>,
    account: Option<AccountName>,
    cursor: u64,
    tide: watch::Receiver<Tide>,
}

impl Reader {
    /// A reader of the events of one account, or of all, after the cursor `after`.
    #[must_use]
    pub fn new(hub: Arc<EventHub>, account: Option<AccountName>, after: u64) -> Self {
        Self {
            tide: hub.tide.subscribe(),
            hub,
            account,
            cursor: after,
        }
    }

    /// Behind what was read.
    #[must_use]
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Reads what there is, at most `limit` events and the marks of those that are missing.
    ///
    /// # Errors
    /// [`ErrorKind::StoreFailed`] if the log cannot be read.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<EventInfo>, RpcError> {
        let (hub, account, after) = (Arc::clone(&self.hub), self.account.clone(), self.cursor);
        let page =
            tokio::task::spawn_blocking(move || hub.page(account.as_ref(), after, limit)).await;
        let Page { events, next } = page.map_err(|_| {
            RpcError::new(
                ErrorKind::Internal,
                "the events were not read inside the daemon",
            )
        })??;
        self.cursor = next;
        Ok(events)
    }

    /// Reads what there is, once there is something; `None` when the daemon stops. May be given up
    /// on at any time: what was not returned is read next time.
    pub async fn next(&mut self, limit: usize) -> Option<Result<Vec<EventInfo>, RpcError>> {
        loop {
            if self.tide.borrow().stopping {
                return None;
            }
            match self.read(limit).await {
                Ok(events) if events.is_empty() => {}
                read => return Some(read),
            }
            let cursor = self.cursor;
            let come = |tide: &Tide| tide.stopping || tide.newest > cursor;
            self.tide.wait_for(come).await.ok()?;
        }
    }
}
