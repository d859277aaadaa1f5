//! A WebSocket: its messages, its pings, and its end.
//!
//! One task reads, one writes, and each message is answered in a task of its own. How frames are
//! read and written is the library's; what is ours is how much may be under way, and with what code
//! the WebSocket is closed.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Bytes,
    extract::{
        State, WebSocketUpgrade,
        ws::{
            CloseCode, CloseFrame, Message, WebSocket, close_code,
            rejection::WebSocketUpgradeRejection,
        },
    },
    http::{HeaderMap, Method, header},
    response::{IntoResponse as _, Response},
};
use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use rpc::{ErrorKind, RpcError};
use serde_json::value::RawValue;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tungstenite::error::{Error, ProtocolError};

use super::{
    App, Connection, MAX_REQUEST_BYTES,
    connection::Incoming,
    errors::{NO_ROOM, Purpose, Refusal},
    json_rpc::Subscriptions,
};
use crate::ops::budget::Written;

/// Calls that one WebSocket may have running: as many as an account's queue takes in by default.
const MAX_CALLS: usize = 1024;
/// Messages whose answers are not written yet, at most: past that the client is not read until some
/// are, or they would pile up in memory. More than the calls that may be running: to these much is
/// answered at once.
const MAX_UNANSWERED: usize = MAX_CALLS + 64;
/// Answers and notifications that wait to be written; those of running calls wait where they are.
const MAX_WAITING: usize = 32;
/// Bytes read at once, of however many messages.
const READ_BUFFER: usize = 16 * 1024;
/// What a WebSocket of ours speaks, for clients that want it named: a browser wants to see a
/// subprotocol that it offered.
const SUBPROTOCOL: &str = "ratchetd";

/// Whether a request asks to speak WebSocket. Only a GET asks for one (RFC 6455, 4.1).
pub(super) fn is_asked_for(method: &Method, headers: &HeaderMap) -> bool {
    let has = |name, value: &str| {
        let named = headers.get(name).and_then(|named| named.to_str().ok());
        named.is_some_and(|named| named.to_ascii_lowercase().contains(value))
    };
    method == Method::GET && has(header::CONNECTION, "upgrade") && has(header::UPGRADE, "websocket")
}

/// `GET /`: answers the handshake, and serves what follows it.
pub(super) async fn upgrade(
    State(app): State<App>,
    Extension(connection): Extension<Arc<Connection>>,
    method: Method,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !is_asked_for(&method, &headers) {
        return Refusal::Method(Purpose::Calls).into_response();
    }
    let Ok(upgrade) = upgrade else {
        return Refusal::Handshake.into_response();
    };
    connection.incoming.becomes_websocket();
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .max_message_size(MAX_REQUEST_BYTES)
        .max_frame_size(MAX_REQUEST_BYTES)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a WebSocket was not opened"))
        .on_upgrade(|socket| serve(socket, app, connection))
}

async fn serve(socket: WebSocket, app: App, connection: Arc<Connection>) {
    let incoming = Arc::clone(&connection.incoming);
    let mut stopped = connection.stopped.clone();
    let ping_interval = Duration::from_secs(app.rpc.ping_interval_s);
    let (sink, mut stream) = socket.split();
    let (answers, answered) = mpsc::channel(MAX_WAITING);
    let (notifications, notified) = mpsc::channel(MAX_WAITING);
    let (finish, finished) = oneshot::channel();
    let writer = Writer {
        sink,
        answers: answered,
        notifications: notified,
    };
    let mut writing = tokio::spawn(writer.run(ping_interval, finished));
    // Held by each task that has something to answer.
    let (at_work, mut all_answered) = mpsc::channel::<()>(1);
    let session = Arc::new(Session {
        app,
        incoming,
        calls: Semaphore::new(MAX_CALLS),
        subscriptions: Subscriptions::new(notifications),
        answers,
    });
    let unanswered = Arc::new(Semaphore::new(MAX_UNANSWERED));
    // One ping, with time for the answer.
    let patience = ping_interval + ping_interval / 3;
    let mut heard = Instant::now();
    let closed_with = loop {
        let reading = async {
            let permit = Arc::clone(&unanswered).acquire_owned().await.ok()?;
            Some((stream.next().await?, permit))
        };
        let read = tokio::select! {
            read = reading => read,
            () = sleep_until(heard + patience) => break Some(close_code::POLICY),
            _ = stopped.changed() => break Some(close_code::AWAY),
        };
        let Some((read, permit)) = read else {
            break None;
        };
        heard = Instant::now();
        match read {
            Ok(Message::Text(text)) => session.take(text.into(), permit, &at_work),
            Ok(Message::Binary(bytes)) => session.take(bytes, permit, &at_work),
            Ok(Message::Ping(payload)) => {
                session.incoming.control_ends(payload.len());
                session.flush_pong(permit, &at_work);
            }
            Ok(Message::Pong(payload)) => session.incoming.control_ends(payload.len()),
            // The library answers it.
            Ok(Message::Close(_)) => break None,
            Err(error) => break close_code_for(error),
        }
    };
    drop(at_work);
    if closed_with == Some(close_code::AWAY) {
        // What was taken in has its answer, unless nobody is there for it.
        let gone = async { while let Some(Ok(_)) = stream.next().await {} };
        tokio::select! {
            _ = all_answered.recv() => {}
            () = gone => {}
            _ = &mut writing => {}
        }
    }
    let _ = finish.send(closed_with);
    if !writing.is_finished() {
        let _ = writing.await;
    }
    drop(connection);
}

/// The code that tells a WebSocket's client what was wrong with what it sent (RFC 6455, 7.4.1), by
/// the error of reading it; none if the client is gone.
#[must_use]
pub fn close_code_for(error: axum::Error) -> Option<CloseCode> {
    tracing::debug!(%error, "a WebSocket broke off");
    let error = error.into_inner().downcast::<Error>().ok()?;
    match *error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(close_code::PROTOCOL),
        Error::Utf8(_) => Some(close_code::INVALID),
        Error::Capacity(_) => Some(close_code::SIZE),
        _ => None,
    }
}

/// One WebSocket's side of its calls.
struct Session {
    app: App,
    incoming: Arc<Incoming>,
    /// One for each call that may be running.
    calls: Semaphore,
    subscriptions: Subscriptions,
    answers: mpsc::Sender<Outgoing>,
}

/// What the writer is sent. Each holds its message's part in those that may be unanswered until it
/// is written.
enum Outgoing {
    Answer(Written, OwnedSemaphorePermit),
    /// The library has put the pong among what it writes next.
    Pong(OwnedSemaphorePermit),
}

impl Session {
    /// Answers a message in a task of its own, if there is room for it.
    fn take(
        self: &Arc<Self>,
        text: Bytes,
        permit: OwnedSemaphorePermit,
        at_work: &mpsc::Sender<()>,
    ) {
        let mut room = self.incoming.message_ends();
        // What there is no room for is given up before anything else is done with it.
        let taken = room.resize(text.len()).then_some((text, room));
        let (session, at_work) = (Arc::clone(self), at_work.clone());
        tokio::spawn(async move {
            let json_rpc = &session.app.json_rpc;
            let busy = |message| json_rpc.refuse_unread(RpcError::new(ErrorKind::Busy, message));
            let answer = match (taken, session.calls.try_acquire()) {
                (Some((text, room)), Ok(_running)) => tokio::select! {
                    answer = json_rpc.answer(text, room, Some(&session.subscriptions)) => answer,
                    // Nobody waits for the answer any more; what the call does goes on.
                    () = session.answers.closed() => None,
                },
                (Some(_), Err(_)) => Some(busy("too many calls are running on this WebSocket")),
                (None, _) => Some(busy(NO_ROOM)),
            };
            if let Some(answer) = answer {
                let _ = session.answers.send(Outgoing::Answer(answer, permit)).await;
            }
            drop(at_work);
        });
    }

    /// Has the pong written that the library made.
    fn flush_pong(self: &Arc<Self>, permit: OwnedSemaphorePermit, at_work: &mpsc::Sender<()>) {
        let (answers, at_work) = (self.answers.clone(), at_work.clone());
        tokio::spawn(async move {
            let _ = answers.send(Outgoing::Pong(permit)).await;
            drop(at_work);
        });
    }
}

/// The writing half of a WebSocket, and what it writes.
struct Writer {
    sink: SplitSink<WebSocket, Message>,
    answers: mpsc::Receiver<Outgoing>,
    notifications: mpsc::Receiver<Box<RawValue>>,
}

impl Writer {
    /// Writes what there is to write, and closes.
    async fn run(
        mut self,
        ping_interval: Duration,
        finished: oneshot::Receiver<Option<CloseCode>>,
    ) {
        if let Err(error) = self.write_until(ping_interval, finished).await {
            tracing::debug!(%error, "a WebSocket cannot be written to");
        }
        // Also where nothing more may be written because the client has closed: the answer of the
        // library to its close may wait here.
        let _ = self.sink.close().await;
    }

    /// Writes answers, notifications and pings, until it is told to finish; then what still waits,
    /// and the close with its code.
    async fn write_until(
        &mut self,
        ping_interval: Duration,
        mut finished: oneshot::Receiver<Option<CloseCode>>,
    ) -> Result<(), axum::Error> {
        let mut pings = interval(ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let closed_with = loop {
            tokio::select! {
                // However much there is to write: without pings its client would be taken for gone.
                biased;
                closed_with = &mut finished => break closed_with.ok().flatten(),
                _ = pings.tick() => self.sink.send(Message::Ping(Bytes::new())).await,
                Some(answer) = self.answers.recv() => self.write(answer).await,
                Some(text) = self.notifications.recv() => self.notify(text).await,
            }?;
        };
        self.answers.close();
        self.notifications.close();
        while let Some(answer) = self.answers.recv().await {
            self.write(answer).await?;
        }
        while let Some(text) = self.notifications.recv().await {
            self.notify(text).await?;
        }
        if let Some(code) = closed_with {
            let reason = "".into();
            let close = Message::Close(Some(CloseFrame { code, reason }));
            self.sink.send(close).await?;
        }
        Ok(())
    }

    async fn write(&mut self, answer: Outgoing) -> Result<(), axum::Error> {
        match answer {
            Outgoing::Answer(Written { text, room }, _permit) => {
                let written = self.sink.send(Message::Text(text.into())).await;
                drop(room);
                written
            }
            Outgoing::Pong(_permit) => self.sink.flush().await,
        }
    }

    async fn notify(&mut self, text: Box<RawValue>) -> Result<(), axum::Error> {
        let text = String::from(Box::<str>::from(text));
        self.sink.send(Message::Text(text.into())).await
    }
}
