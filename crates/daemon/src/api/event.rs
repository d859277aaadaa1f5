//! The methods of events.

use std::{sync::Arc, time::Duration};

use engine::model::AccountName;
use rpc::{
    ErrorKind, RpcError,
    methods::{self, SubscribeParams},
    params::AccountFilter,
    types::{EventInfo, Events},
};

use super::{Daemon, Result};
use crate::accounts::events::Reader;

/// Events in the answer to a call without a limit.
const DEFAULT_LIMIT: usize = 100;

pub(super) async fn event_list(
    daemon: Arc<Daemon>,
    params: methods::EventListParams,
) -> Result<Events> {
    let account = daemon.source(params.account)?;
    let after = params.after.map_or(0, |after| after.0);
    let limit = params.limit.map_or(DEFAULT_LIMIT, |limit| limit.0);
    let wait = Duration::from_millis(params.wait_ms.map_or(0, |wait| wait.0));
    let hub = daemon.accounts.events();
    let mut reader = Reader::new(Arc::clone(hub), account, after);
    let mut found = reader.read(limit).await?;
    if found.is_empty() && !wait.is_zero() {
        let _permit = hub.wait_permit().ok_or_else(|| {
            RpcError::new(ErrorKind::Busy, "too many calls wait for events already")
        })?;
        if let Ok(Some(events)) = tokio::time::timeout(wait, reader.next(limit)).await {
            found = events?;
        }
    }
    let (marks, events): (Vec<_>, Vec<_>) = found.into_iter().partition(EventInfo::is_lagged);
    Ok(Events {
        events,
        next: reader.cursor(),
        lagged: !marks.is_empty(),
    })
}

impl Daemon {
    /// The account that a filter names; none for all of them.
    fn source(&self, filter: Option<AccountFilter>) -> Result<Option<AccountName>> {
        let name = match filter {
            Some(AccountFilter::All) => return Ok(None),
            Some(AccountFilter::One(name)) => Some(name),
            None => None,
        };
        Ok(Some(self.account(name.as_ref())?.name.clone()))
    }

    /// A reader of events; by default of those that are still to come.
    pub(crate) fn reader(&self, params: SubscribeParams) -> Result<Reader> {
        let account = self.source(params.account)?;
        let hub = self.accounts.events();
        let after = params.after.map_or_else(|| hub.newest(), |after| after.0);
        Ok(Reader::new(Arc::clone(hub), account, after))
    }
}
