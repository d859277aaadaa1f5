//! Running requests and writing answers, the same over HTTP and over a WebSocket.

use std::{sync::Arc, time::Instant};

use hyper::body::Bytes;
use rpc::{
    ErrorKind, Method as _, Params as _, RpcError,
    methods::{EventSubscribe, EventUnsubscribe, SubscribeParams, UnsubscribeParams},
    params::Fields,
};

use super::{
    json_rpc::{self, Asked, Malformed, Request},
    subscriptions::{Subscriptions, misplaced},
};
use crate::{
    api::{Answering, Daemon, Methods, failed, succeeded},
    ops::{
        budget::{Room, Written},
        metrics::UNKNOWN,
    },
};

/// Longest part of a method's name from outside that is shown.
const MAX_SHOWN_CHARS: usize = 64;

/// The methods, and what they work on.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) daemon: Arc<Daemon>,
    pub(super) methods: Methods,
}

/// What comes of a text.
pub(super) enum Answer {
    /// Notifications have none.
    None,
    /// This, and the room that it has until it is written.
    Text(Written),
    /// It is on its way already: it has to come before the events of its subscription.
    Sent,
}

/// What comes of a request once its parameters are read.
enum Begun {
    /// A call, which runs when this is waited for.
    Runs(Answering),
    /// An answer, at once.
    Answered(String),
    /// The answer of a subscription, which is on its way.
    Sent,
    /// Nothing: it has no answer.
    Notification,
}

impl Calls {
    /// Answers a request or a batch, which has its room until it is answered. The text of a
    /// request is dropped when its parameters were read; that of a batch, whose requests are run
    /// one after another, when the last of them was answered. Subscriptions are those of the
    /// WebSocket it came on, if it did.
    pub(super) async fn answer(
        &self,
        text: Bytes,
        room: Room,
        on: Option<&Subscriptions>,
    ) -> Answer {
        let room = Arc::new(room);
        let begun = match json_rpc::read(&text) {
            Asked::Single(Ok(request)) => self.begin(request, &room, on),
            Asked::Single(Err(malformed)) => Begun::Answered(self.refuse(&malformed)),
            Asked::Batch(entries) => return self.answer_all(entries, &room).await,
        };
        drop(text);
        match begun {
            Begun::Runs(answering) => Answer::Text(self.written(answering.await)),
            Begun::Answered(answer) => Answer::Text(self.written(answer)),
            Begun::Sent => Answer::Sent,
            Begun::Notification => Answer::None,
        }
    }

    /// Answers the requests of a batch, one after another.
    async fn answer_all(
        &self,
        entries: Vec<Result<Request<'_>, Malformed<'_>>>,
        room: &Arc<Room>,
    ) -> Answer {
        // Each has its room from when it is made: the others may take long.
        let mut answers = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let begun = match entry {
                // The rest of a batch is not begun any more: a hundred slow calls would outlast the
                // stop.
                Ok(request) if index > 0 && self.daemon.is_stopping() => self.not_begun(&request),
                Ok(request) => self.begin(request, room, None),
                Err(malformed) => Begun::Answered(self.refuse(&malformed)),
            };
            match begun {
                Begun::Runs(answering) => answers.push(self.written(answering.await)),
                Begun::Answered(answer) => answers.push(self.written(answer)),
                Begun::Sent | Begun::Notification => {}
            }
        }
        if answers.is_empty() {
            return Answer::None;
        }
        let texts: Vec<&str> = answers.iter().map(|answer| &*answer.text).collect();
        let whole = format!("[{}]", texts.join(","));
        drop(answers);
        Answer::Text(self.written(whole))
    }

    /// The answer to a text for which there is no room.
    pub(super) fn refuse_all(&self, error: RpcError) -> Answer {
        Answer::Text(self.written(self.refuse(&Malformed::new(error))))
    }

    /// An answer, with as much room as there is for it.
    fn written(&self, text: String) -> Written {
        Written {
            room: self.daemon.budget.owe(text.len()),
            text,
        }
    }

    fn not_begun(&self, request: &Request<'_>) -> Begun {
        let Some(id) = request.id else {
            return Begun::Notification;
        };
        let error = RpcError::new(ErrorKind::ShuttingDown, "the daemon is stopping");
        Begun::Answered(self.refuse(&Malformed { id, error }))
    }

    fn refuse(&self, malformed: &Malformed<'_>) -> String {
        let metrics = &self.daemon.metrics;
        metrics.called(UNKNOWN, Some(malformed.error.kind));
        failed(malformed.id, &malformed.error)
    }

    /// Reads the parameters of a request, unless it is a notification. What comes of it has
    /// nothing of the text any more.
    fn begin(&self, request: Request<'_>, room: &Arc<Room>, on: Option<&Subscriptions>) -> Begun {
        let Some(id) = request.id else {
            return Begun::Notification;
        };
        if request.method == EventSubscribe::NAME {
            return self.subscribe(id, request.params, on);
        }
        if request.method == EventUnsubscribe::NAME {
            return Begun::Answered(self.unsubscribe(id, request.params, on));
        }
        let answering = self
            .methods
            .run(&request.method, &self.daemon, id, request.params, room);
        answering.map_or_else(
            || {
                let error = method_not_found(&request.method);
                Begun::Answered(self.refuse(&Malformed { id, error }))
            },
            Begun::Runs,
        )
    }

    fn subscribe(&self, id: &str, params: Option<&str>, on: Option<&Subscriptions>) -> Begun {
        let began = Instant::now();
        let begun = on
            .ok_or_else(|| misplaced(EventSubscribe::NAME))
            .and_then(|on| {
                let params = Fields::parse(params, SubscribeParams::FIELDS)?;
                let reader = self.daemon.reader(SubscribeParams::read(params)?)?;
                on.begin(reader, |name| succeeded(id, name))
            });
        self.count(EventSubscribe::NAME, began, &begun);
        match begun {
            Ok(()) => Begun::Sent,
            Err(error) => Begun::Answered(failed(id, &error)),
        }
    }

    fn unsubscribe(&self, id: &str, params: Option<&str>, on: Option<&Subscriptions>) -> String {
        let began = Instant::now();
        let ended = on
            .ok_or_else(|| misplaced(EventUnsubscribe::NAME))
            .and_then(|on| {
                let params = Fields::parse(params, UnsubscribeParams::FIELDS)?;
                Ok(on.end(&UnsubscribeParams::read(params)?.subscription.0))
            });
        self.count(EventUnsubscribe::NAME, began, &ended);
        match ended {
            Ok(ended) => succeeded(id, &ended),
            Err(error) => failed(id, &error),
        }
    }

    /// The other methods are counted where they are run.
    fn count<T>(&self, method: &'static str, began: Instant, result: &Result<T, RpcError>) {
        let metrics = &self.daemon.metrics;
        metrics.called(method, result.as_ref().err().map(|error| error.kind));
        metrics.call_took(method, began.elapsed());
    }
}

fn method_not_found(name: &str) -> RpcError {
    let shown: String = name.chars().take(MAX_SHOWN_CHARS).collect();
    RpcError::new(
        ErrorKind::MethodNotFound,
        format!("there is no method {shown:?}"),
    )
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::*;
    use crate::{api::tests::daemon, ops::budget::Budget};

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
        let mut methods = Methods::default();
        methods.register::<rpc::methods::SystemVersion, _, _>(|_, _| pending());
        let calls = Calls {
            daemon: daemon(&directory),
            methods,
        };
        let text = br#"{"jsonrpc":"2.0","id":1,"method":"system_version","params":{}}"#;
        let budget = Budget::new(text.len());
        let room = budget.take(text.len()).unwrap();
        let dropped = Arc::new(AtomicBool::new(false));
        let kept = Text(text.to_vec(), Arc::clone(&dropped));
        let answer = calls.answer(Bytes::from_owner(kept), room, None);
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
