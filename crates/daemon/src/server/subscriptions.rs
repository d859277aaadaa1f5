//! What the JSON-RPC library does with subscriptions, made to agree with the other methods.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};

use jsonrpsee::{
    MethodResponse,
    core::{to_json_raw_value, traits::IdProvider},
    types::{Request, SubscriptionId, error::TOO_MANY_SUBSCRIPTIONS_CODE},
};
use rpc::{
    Kind, Method as _, Params as _, RpcError,
    methods::{EventSubscribe, EventUnsubscribe, UnsubscribeParams},
    params::Fields,
};

/// Subscriptions of one WebSocket: one for each of a frontend's accounts, and some.
pub(super) const MAX_SUBSCRIPTIONS: u32 = 32;

/// Names subscriptions by counting them. A name counts on its own connection only, so it may be guessed.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl IdProvider for Counter {
    fn next_id(&self) -> SubscriptionId<'static> {
        let last = self.0.fetch_add(1, Ordering::Relaxed);
        SubscriptionId::Str(Cow::Owned(format!("events-{}", last.saturating_add(1))))
    }
}

/// Whether the method begins or ends a subscription.
pub(super) fn is_one(method: &str) -> bool {
    method == EventSubscribe::NAME || method == EventUnsubscribe::NAME
}

/// The error for one that came where notifications cannot follow it.
pub(super) fn misplaced(method: &str) -> RpcError {
    RpcError::new(
        Kind::InvalidRequest,
        format!("{method} works over a WebSocket only, and not in a batch"),
    )
    .with_hint("open a WebSocket and send it as a request of its own; without one, use event_list with waitMs, or GET /events")
}

/// Puts the parameters of `event_unsubscribe` into the one form that the library reads.
pub(super) fn tidy(request: &mut Request<'_>) -> Result<(), RpcError> {
    if request.method_name() != EventUnsubscribe::NAME {
        return Ok(());
    }
    let given = request.params.as_ref().map(|params| params.get());
    let params =
        Fields::parse(given, UnsubscribeParams::FIELDS).and_then(UnsubscribeParams::read)?;
    let by_position = to_json_raw_value(&[params.subscription.0])
        .map_err(|error| RpcError::new(Kind::Internal, error.to_string()))?;
    request.params = Some(Cow::Owned(by_position));
    Ok(())
}

/// The error to answer instead, if the library refused a subscription over the limit.
pub(super) fn refusal(response: &MethodResponse) -> Option<RpcError> {
    (response.as_error_code() == Some(TOO_MANY_SUBSCRIPTIONS_CODE)).then(|| {
        RpcError::new(
            Kind::Busy,
            format!("a WebSocket has at most {MAX_SUBSCRIPTIONS} subscriptions"),
        )
        .with_hint("end one with event_unsubscribe, or subscribe to all accounts at once with account \"*\"")
    })
}
