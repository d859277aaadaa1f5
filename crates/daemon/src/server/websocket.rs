//! A WebSocket: its handshake, its messages, its pings, and its end.

use std::{sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, upgrade};
use hyper_util::rt::TokioIo;
use jsonrpsee::server::{HttpBody, HttpResponse, StopHandle};
use rpc::{ErrorKind, RpcError};
use soketto::{
    Receiver, Sender,
    connection::Error,
    data::ByteSlice125,
    handshake::http::{Server, is_upgrade_request},
};
use tokio::{
    io::BufStream,
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::{
    MAX_CALLS, MAX_REQUEST_BYTES,
    calls::{Answer, Calls},
    connection::Flow,
    errors::NO_ROOM,
    subscriptions::Subscriptions,
};
use crate::ops::budget::{Room, Written};

/// Answers and notifications that wait to be written; those of running calls wait where they are.
const MAX_WAITING_ANSWERS: usize = 32;

type Stream = Compat<BufStream<TokioIo<upgrade::Upgraded>>>;

/// Whether a request asks to speak WebSocket.
pub(super) fn is_asked_for<B>(request: &Request<B>) -> bool {
    // Only a GET asks for one (RFC 6455, 4.1).
    request.method() == hyper::Method::GET && is_upgrade_request(request)
}

/// What a WebSocket needs of the server.
pub(super) struct Served {
    pub(super) calls: Arc<Calls>,
    /// Is told of messages that get no answer.
    pub(super) flow: Arc<Flow>,
    pub(super) ping_interval: Duration,
    /// Held as long as the WebSocket is open.
    pub(super) stopped: StopHandle,
}

/// Answers the handshake, and serves what follows it; none if it is no whole handshake.
pub(super) fn open(mut request: Request<Incoming>, served: Served) -> Option<HttpResponse> {
    let mut handshake = Server::new();
    let response = handshake.receive_request(&request).ok()?;
    let upgraded = upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let stream = BufStream::new(TokioIo::new(upgraded)).compat();
                let mut builder = handshake.into_builder(stream);
                builder.set_max_message_size(MAX_REQUEST_BYTES as usize);
                let (sender, receiver) = builder.finish();
                serve(sender, receiver, served).await;
            }
            Err(error) => tracing::debug!(%error, "a WebSocket was not opened"),
        }
    });
    Some(response.map(|()| HttpBody::empty()))
}

/// What a client sends.
enum Come {
    Message(Vec<u8>),
    Pong,
}

/// The next of it; none at the end. To be waited for until it comes: half a message would be lost otherwise.
async fn next(mut receiver: Receiver<Stream>) -> Option<(Come, Receiver<Stream>)> {
    let mut message = Vec::new();
    let come = match receiver.receive(&mut message).await {
        Ok(soketto::Incoming::Data(_)) => Come::Message(message),
        Ok(soketto::Incoming::Pong(_)) => Come::Pong,
        Ok(soketto::Incoming::Closed(_)) | Err(Error::Closed) => return None,
        Err(error) => {
            tracing::debug!(%error, "a WebSocket broke off");
            return None;
        }
    };
    Some((come, receiver))
}

async fn serve(sender: Sender<Stream>, receiver: Receiver<Stream>, served: Served) {
    let Served {
        calls,
        flow,
        ping_interval,
        stopped,
    } = served;
    let (answers, written) = mpsc::channel(MAX_WAITING_ANSWERS);
    let (finish, finished) = oneshot::channel();
    let mut writing = tokio::spawn(write(sender, written, ping_interval, finished));
    // Held by each task that has something to answer.
    let (at_work, mut all_answered) = mpsc::channel::<()>(1);
    let session = Arc::new(Session {
        calls,
        flow,
        places: Semaphore::new(MAX_CALLS),
        subscriptions: Subscriptions::new(answers.clone()),
        answers,
    });
    // One ping, with time for the answer.
    let patience = ping_interval + ping_interval / 3;
    let mut heard = Instant::now();
    let mut reading = Box::pin(next(receiver));
    let stopping = stopped.clone().shutdown();
    tokio::pin!(stopping);
    let mut is_stopping = false;
    while !is_stopping {
        let come = tokio::select! {
            come = &mut reading => come,
            () = sleep_until(heard + patience) => None,
            () = &mut stopping => {
                is_stopping = true;
                break;
            }
        };
        let Some((come, receiver)) = come else { break };
        reading.set(next(receiver));
        heard = Instant::now();
        if let Come::Message(message) = come {
            let mut room = session.flow.room_read_into();
            // What there is no room for is given up before anything else is done with it.
            let taken = room.resize(message.len()).then_some((message, room));
            let (session, at_work) = (Arc::clone(&session), at_work.clone());
            tokio::spawn(async move {
                session.take(taken).await;
                drop(at_work);
            });
        }
    }
    drop(at_work);
    if is_stopping {
        // What was taken in has its answer, unless nobody is there for it.
        let gone = async {
            while let Some((_, receiver)) = reading.as_mut().await {
                reading.set(next(receiver));
            }
        };
        tokio::select! {
            _ = all_answered.recv() => {}
            () = gone => {}
            _ = &mut writing => {}
        }
    }
    let _ = finish.send(());
    if !writing.is_finished() {
        let _ = writing.await;
    }
    drop(stopped);
}

/// One WebSocket's side of its calls.
struct Session {
    calls: Arc<Calls>,
    flow: Arc<Flow>,
    /// One for each call that may be running.
    places: Semaphore,
    subscriptions: Subscriptions,
    answers: mpsc::Sender<Outgoing>,
}

/// An answer or a notification. An answer has its room until it is written; notifications are
/// small, and as many as may wait.
pub(super) enum Outgoing {
    Answer(Written),
    Notification(String),
}

impl Session {
    /// Answers a message, if there was room for it. When the connection is closed nobody waits
    /// for that any more; what a call does goes on.
    async fn take(&self, message: Option<(Vec<u8>, Room)>) {
        let busy = |message| {
            self.calls
                .refuse_all(RpcError::new(ErrorKind::Busy, message))
        };
        let answer = match (message, self.places.try_acquire()) {
            (Some((text, room)), Ok(_place)) => tokio::select! {
                answer = self.calls.answer(text.into(), room, Some(&self.subscriptions)) => answer,
                () = self.answers.closed() => return,
            },
            (Some(_), Err(_)) => busy("too many calls are running on this WebSocket"),
            (None, _) => busy(NO_ROOM),
        };
        match answer {
            Answer::Text(answer) => {
                let _ = self.answers.send(Outgoing::Answer(answer)).await;
            }
            Answer::None => self.flow.answered(),
            Answer::Sent => {}
        }
    }
}

/// Writes answers, notifications and pings, until it is told to finish; then what still waits, and the close.
async fn write(
    mut sender: Sender<Stream>,
    mut answers: mpsc::Receiver<Outgoing>,
    ping_interval: Duration,
    mut finished: oneshot::Receiver<()>,
) {
    let mut pings = interval(ping_interval);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let written = tokio::select! {
            // However much there is to write: without pings its client would be taken for gone.
            biased;
            _ = &mut finished => break,
            _ = pings.tick() => write_ping(&mut sender).await,
            answer = answers.recv() => match answer {
                Some(answer) => write_text(&mut sender, answer).await,
                None => break,
            },
        };
        if let Err(error) = written {
            tracing::debug!(%error, "a WebSocket cannot be written to");
            return;
        }
    }
    answers.close();
    while let Some(answer) = answers.recv().await {
        if write_text(&mut sender, answer).await.is_err() {
            return;
        }
    }
    let _ = sender.close().await;
}

async fn write_text(sender: &mut Sender<Stream>, text: Outgoing) -> Result<(), Error> {
    let (text, _room) = match text {
        Outgoing::Answer(Written { text, room }) => (text, Some(room)),
        Outgoing::Notification(text) => (text, None),
    };
    sender.send_text_owned(text).await?;
    sender.flush().await
}

async fn write_ping(sender: &mut Sender<Stream>) -> Result<(), Error> {
    // It says nothing, which is not too long.
    if let Ok(nothing) = ByteSlice125::try_from(&[][..]) {
        sender.send_ping(nothing).await?;
    }
    sender.flush().await
}
