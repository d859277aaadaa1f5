//! The methods of events.

use std::{sync::Arc, time::Duration};

use engine::AccountName;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, core::to_json_raw_value};
use rpc::{
    Kind, Method as _, Params as _, RpcError,
    forms::AccountFilter,
    methods::{self, EventSubscribe, EventUnsubscribe, SubscribeParams},
    params::Fields,
    types::{EventInfo, Events},
};

use super::{Daemon, Result, error_object};
use crate::events::{AT_ONCE, Reader};

/// Events in an answer that names no limit.
const DEFAULT_LIMIT: usize = 100;
/// The method that notifications bear.
const NOTIFICATION: &str = "event_notification";

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
        let _place = hub
            .wait()
            .ok_or_else(|| RpcError::new(Kind::Busy, "too many calls wait for events already"))?;
        if let Ok(Some(come)) = tokio::time::timeout(wait, reader.next(limit)).await {
            found = come?;
        }
    }
    let (marks, events): (Vec<_>, Vec<_>) = found.into_iter().partition(EventInfo::is_lagged);
    Ok(Events {
        events,
        next: reader.cursor(),
        lagged: !marks.is_empty(),
    })
}

pub(super) fn register_subscription(
    module: &mut RpcModule<Arc<Daemon>>,
) -> std::result::Result<(), String> {
    module
        .register_subscription(
            EventSubscribe::NAME,
            NOTIFICATION,
            EventUnsubscribe::NAME,
            |params, pending, daemon, _| async move {
                let read = Fields::parse(params.as_str(), SubscribeParams::FIELDS)
                    .and_then(SubscribeParams::read);
                match read.and_then(|params| daemon.reader(params)) {
                    Ok(reader) => notify(reader, pending).await,
                    Err(error) => pending.reject(error_object(&error)).await,
                }
            },
        )
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// Sends events as they come, and no faster than they are taken.
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
            let Ok(event) = to_json_raw_value(&event) else {
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

    /// A reader of events that come; by default, from now on.
    pub(crate) fn reader(&self, params: SubscribeParams) -> Result<Reader> {
        let account = self.source(params.account)?;
        let hub = self.accounts.events();
        let after = params.after.map_or_else(|| hub.newest(), |after| after.0);
        Ok(Reader::new(Arc::clone(hub), account, after))
    }
}
