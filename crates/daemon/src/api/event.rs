//! The methods of events.

use std::{sync::Arc, time::Duration};

use engine::model::AccountName;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, core::RegisterMethodError};
use rpc::{
    ErrorKind, Method as _, Params as _, RpcError,
    methods::{self, EventSubscribe, EventUnsubscribe, SubscribeParams},
    params::{AccountFilter, Fields},
    types::{EventInfo, Events},
};

use super::{CallGuard, Daemon, Result, error_object};
use crate::accounts::events::{AT_ONCE, Reader};

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

/// Notifications of events bear this name.
const NOTIFICATION: &str = "event_notification";

/// Registers `event_subscribe` and `event_unsubscribe`.
pub(super) fn register_subscriptions(
    module: &mut RpcModule<Daemon>,
) -> std::result::Result<(), RegisterMethodError> {
    module.register_subscription_raw(
        EventSubscribe::NAME,
        NOTIFICATION,
        EventUnsubscribe::NAME,
        |params, pending, daemon, _| {
            let guard = CallGuard::begin(EventSubscribe::NAME, Arc::clone(&daemon.metrics));
            let reader = Fields::parse(params.as_str(), SubscribeParams::FIELDS)
                .and_then(SubscribeParams::read)
                .and_then(|params| daemon.reader(params));
            match guard.end(reader) {
                Ok(reader) => drop(tokio::spawn(notify(reader, pending))),
                Err(error) => drop(tokio::spawn(pending.reject(error_object(&error)))),
            }
        },
    )?;
    Ok(())
}

/// Sends the answer, and events as they come, no faster than they are taken.
async fn notify(mut reader: Reader, pending: PendingSubscriptionSink) {
    let Ok(sink) = pending.accept().await else {
        return;
    };
    loop {
        let read = tokio::select! {
            read = reader.next(AT_ONCE) => read,
            () = sink.closed() => return,
        };
        let events = match read {
            Some(Ok(events)) => events,
            Some(Err(error)) => {
                tracing::warn!(%error, "a subscription ends");
                return;
            }
            None => return,
        };
        for event in events {
            let Ok(event) = serde_json::value::to_raw_value(&event) else {
                return;
            };
            if sink.send(event).await.is_err() {
                return;
            }
        }
    }
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
