//! JSON-RPC: the requests of a text are handed to their methods, and their answers written.
//!
//! HTTP and WebSocket both come here. The methods are those of jsonrpsee's module; what is ours is
//! how a text is taken apart (`request`), the limits of a batch, and the room that requests and
//! answers have.

mod request;

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use jsonrpsee::{
    BoundedSubscriptions, ConnectionId, Extensions, MethodCallback, MethodResponse, MethodSink,
    Methods, SubscriptionState,
    core::traits::IdProvider,
    types::{Id, Params, SubscriptionId},
};
use rpc::{
    ErrorKind, METHODS, Method as _, Params as _, RpcError,
    json::shown,
    methods::{EventSubscribe, EventUnsubscribe, UnsubscribeParams},
    params::Fields,
    suggest::did_you_mean,
};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use self::request::{Asked, Malformed, Request};
use crate::{
    api::{CallGuard, Daemon, error_object},
    ops::{
        budget::{Room, Written},
        metrics::UNKNOWN,
    },
};

/// Requests in one batch.
const MAX_BATCH: usize = 100;
/// Subscriptions of one WebSocket: one for each of a frontend's accounts, and some.
const MAX_SUBSCRIPTIONS: u32 = 32;
/// Answers are as long as they are.
const NO_LIMIT: usize = usize::MAX;

/// The methods, and what they work on.
#[derive(Debug)]
pub(super) struct JsonRpc {
    pub(super) daemon: Arc<Daemon>,
    pub(super) methods: Methods,
}

/// The subscriptions of one WebSocket. They end when the channel that they write to is closed.
#[derive(Debug)]
pub(super) struct Subscriptions {
    connection: ConnectionId,
    sink: MethodSink,
    places: BoundedSubscriptions,
    names: Names,
}

/// Names of subscriptions are numbered: they count on their own WebSocket only, so they may be
/// guessed.
#[derive(Debug, Default)]
struct Names(AtomicU64);

impl IdProvider for Names {
    fn next_id(&self) -> SubscriptionId<'static> {
        let number = self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        SubscriptionId::Str(format!("events-{number}").into())
    }
}

/// Tells the WebSockets of this process apart.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(1);

impl Subscriptions {
    /// None yet; their answers and notifications are sent to `messages`.
    pub(super) fn new(messages: mpsc::Sender<Box<RawValue>>) -> Self {
        Self {
            connection: ConnectionId(CONNECTIONS.fetch_add(1, Ordering::Relaxed)),
            sink: MethodSink::new(messages),
            places: BoundedSubscriptions::new(MAX_SUBSCRIPTIONS),
            names: Names::default(),
        }
    }

    /// The state in which one more begins.
    fn state(&self) -> Result<SubscriptionState<'_>, RpcError> {
        let subscription_permit = self.places.acquire().ok_or_else(|| {
            RpcError::new(
                ErrorKind::Busy,
                format!("a WebSocket has at most {MAX_SUBSCRIPTIONS} subscriptions"),
            )
            .with_hint("end one with event_unsubscribe, or subscribe to all accounts at once with account \"*\"")
        })?;
        Ok(SubscriptionState {
            conn_id: self.connection,
            id_provider: &self.names,
            subscription_permit,
        })
    }
}

/// What comes of a request once it was handed to its method. It holds nothing of the text, except
/// a copy of the parameters until they are read at the first poll.
enum Begun {
    /// A call, which runs when this is waited for.
    Runs(BoxFuture<'static, MethodResponse>),
    /// An answer, at once.
    Answered(MethodResponse),
    /// A subscription begins when this is waited for. Its answer goes to the WebSocket by itself,
    /// since it has to come before the events.
    Subscribes(BoxFuture<'static, MethodResponse>),
    /// The answer to the end of a subscription, which has to come after its events.
    Unsubscribed(MethodSink, MethodResponse),
    /// Nothing: it has no answer.
    Notification,
}

impl JsonRpc {
    /// Answers a request or a batch; none if there is no answer, or if it was sent to the WebSocket
    /// already. The text of a request is dropped when it was handed to its method; that of a batch,
    /// whose requests are run one after another, when the last of them was answered. The room is
    /// kept until the calls have ended.
    pub(super) async fn answer(
        &self,
        text: Bytes,
        room: Room,
        subscriptions: Option<&Subscriptions>,
    ) -> Option<Written> {
        let room = Arc::new(room);
        let begun = match request::read(&text) {
            Asked::Single(Ok(request)) => self.begin(request, &room, subscriptions),
            Asked::Single(Err(malformed)) => Begun::Answered(self.refuse(malformed)),
            Asked::Batch(entries) => return self.answer_batch(entries, &room).await,
        };
        drop(text);
        let response = match begun {
            Begun::Runs(response) => response.await,
            Begun::Answered(response) => response,
            Begun::Subscribes(response) => {
                response.await;
                return None;
            }
            Begun::Unsubscribed(sink, response) => {
                let _ = sink.send(response.into_json()).await;
                return None;
            }
            Begun::Notification => return None,
        };
        Some(self.written(response))
    }

    /// Answers the requests of a batch, one after another.
    async fn answer_batch(
        &self,
        entries: Vec<Result<Request<'_>, Malformed<'_>>>,
        room: &Arc<Room>,
    ) -> Option<Written> {
        // Each has its room from when it is made: the others may take long.
        let mut answers = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let begun = match entry {
                // The rest of a batch is not begun any more: a hundred slow calls would outlast the
                // stop.
                Ok(request) if index > 0 && self.daemon.is_stopping() => self.not_begun(request),
                Ok(request) => self.begin(request, room, None),
                Err(malformed) => Begun::Answered(self.refuse(malformed)),
            };
            let response = match begun {
                Begun::Runs(response) => response.await,
                Begun::Answered(response) => response,
                // Neither subscriptions nor their ends are taken in a batch.
                Begun::Subscribes(_) | Begun::Unsubscribed(..) | Begun::Notification => continue,
            };
            answers.push(self.written(response));
        }
        if answers.is_empty() {
            return None;
        }
        let texts: Vec<&str> = answers.iter().map(|answer| &*answer.text).collect();
        let text = format!("[{}]", texts.join(","));
        drop(answers);
        Some(self.owed(text))
    }

    /// The answer to a text that is not read at all.
    pub(super) fn refuse_unread(&self, error: RpcError) -> Written {
        self.written(self.refuse(Malformed::new(error)))
    }

    fn written(&self, response: MethodResponse) -> Written {
        self.owed(Box::<str>::from(response.into_json()).into())
    }

    /// An answer, with as much room as there is for it.
    fn owed(&self, text: String) -> Written {
        Written {
            room: self.daemon.budget.owe(text.len()),
            text,
        }
    }

    fn not_begun(&self, request: Request<'_>) -> Begun {
        let Some(id) = request.id else {
            return Begun::Notification;
        };
        let error = RpcError::new(ErrorKind::ShuttingDown, "the daemon is stopping");
        Begun::Answered(self.refuse(Malformed { id, error }))
    }

    fn refuse(&self, malformed: Malformed<'_>) -> MethodResponse {
        let metrics = &self.daemon.metrics;
        metrics.called(UNKNOWN, Some(malformed.error.kind));
        failed(malformed.id, &malformed.error)
    }

    /// Hands a request to its method, unless it is a notification.
    fn begin(
        &self,
        request: Request<'_>,
        room: &Arc<Room>,
        subscriptions: Option<&Subscriptions>,
    ) -> Begun {
        let Request { id, method, params } = request;
        let Some(id) = id else {
            return Begun::Notification;
        };
        let params = Params::new(params);
        let mut extensions = Extensions::new();
        match self.methods.method(&method) {
            Some(MethodCallback::Async(call)) => {
                extensions.insert(Arc::clone(room));
                let (id, params) = (id.into_owned(), params.into_owned());
                Begun::Runs(call(id, params, ConnectionId(0), NO_LIMIT, extensions))
            }
            Some(MethodCallback::Sync(call)) => {
                Begun::Answered(call(id, params, NO_LIMIT, extensions))
            }
            Some(MethodCallback::Subscription(subscribe)) => {
                let on = subscriptions.ok_or_else(|| misplaced(EventSubscribe::NAME));
                match on.and_then(|on| Ok((on.sink.clone(), on.state()?))) {
                    Ok((sink, state)) => {
                        Begun::Subscribes(subscribe(id, params, sink, state, extensions))
                    }
                    Err(error) => {
                        let guard = self.guard(EventSubscribe::NAME);
                        Begun::Answered(failed_call(guard, id, error))
                    }
                }
            }
            Some(MethodCallback::Unsubscription(unsubscribe)) => {
                let guard = self.guard(EventUnsubscribe::NAME);
                let read = subscriptions
                    .ok_or_else(|| misplaced(EventUnsubscribe::NAME))
                    .and_then(|on| {
                        let params = Fields::parse(params.as_str(), UnsubscribeParams::FIELDS)?;
                        Ok((on, UnsubscribeParams::read(params)?))
                    });
                let (on, params) = match read {
                    Ok(read) => read,
                    Err(error) => return Begun::Answered(failed_call(guard, id, error)),
                };
                // The library takes the name by position alone.
                let params = serde_json::json!([params.subscription.0]).to_string();
                let params = Params::new(Some(&params));
                let response = unsubscribe(id, params, on.connection, NO_LIMIT, extensions);
                let _ = guard.end(Ok(()));
                Begun::Unsubscribed(on.sink.clone(), response)
            }
            None => {
                let error = self.method_not_found(&method);
                Begun::Answered(self.refuse(Malformed { id, error }))
            }
        }
    }

    fn method_not_found(&self, name: &str) -> RpcError {
        let error = RpcError::new(
            ErrorKind::MethodNotFound,
            format!("there is no method {:?}", shown(name)),
        );
        // Of the methods that this daemon has: those for development may be missing.
        let known = METHODS.iter().map(|method| method.name);
        let known = known.filter(|name| self.methods.method(name).is_some());
        match did_you_mean(name, known) {
            Some(meant) => {
                let hint = format!("{meant} {}", error.hint);
                error.with_hint(hint)
            }
            None => error,
        }
    }

    fn guard(&self, method: &'static str) -> CallGuard {
        CallGuard::begin(method, Arc::clone(&self.daemon.metrics))
    }
}

/// An answer with an error.
pub(super) fn failed(id: Id<'_>, error: &RpcError) -> MethodResponse {
    MethodResponse::error(id, error_object(error))
}

/// The answer of a call that ends with an error.
fn failed_call(guard: CallGuard, id: Id<'_>, error: RpcError) -> MethodResponse {
    let response = failed(id, &error);
    let _ = guard.end::<()>(Err(error));
    response
}

/// The error for a subscription that came where notifications cannot follow it.
fn misplaced(method: &str) -> RpcError {
    RpcError::new(
        ErrorKind::InvalidRequest,
        format!("{method} works over a WebSocket only, and not in a batch"),
    )
    .with_hint("open a WebSocket and send it as a request of its own; without one, use event_list with waitMs, or GET /events")
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicBool, Ordering},
    };

    use jsonrpsee::RpcModule;

    use super::*;
    use crate::{
        api::{register, tests::daemon},
        ops::budget::Budget,
    };

    /// Text that tells when it is dropped.
    struct Text(Vec<u8>, Arc<AtomicBool>);

    impl AsRef<[u8]> for Text {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Text {
        fn drop(&mut self) {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn the_text_of_a_request_is_dropped_when_it_is_read_and_its_room_when_its_call_ends() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let mut module = RpcModule::from_arc(Arc::clone(&daemon));
        register::<rpc::methods::SystemVersion, _, _>(&mut module, |_, _| pending()).unwrap();
        let json_rpc = JsonRpc {
            daemon,
            methods: module.into(),
        };
        let text = br#"{"jsonrpc":"2.0","id":1,"method":"system_version","params":{}}"#;
        let budget = Budget::new(text.len());
        let room = budget.take(text.len()).unwrap();
        let dropped = Arc::new(AtomicBool::new(false));
        let kept = Text(text.to_vec(), Arc::clone(&dropped));
        let answer = json_rpc.answer(Bytes::from_owner(kept), room, None);
        tokio::pin!(answer);
        tokio::select! {
            biased;
            _ = &mut answer => unreachable!("it never ends"),
            () = std::future::ready(()) => {}
        }
        assert!(dropped.load(Ordering::Relaxed), "the text is kept");
        assert!(budget.take(1).is_none(), "its call has not ended");
    }
}
