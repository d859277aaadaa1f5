//! Running requests and writing answers, the same over HTTP and over a WebSocket.

use std::{sync::Arc, time::Instant};

use rpc::{
    Kind, Method as _, Params as _, RpcError,
    methods::{EventSubscribe, EventUnsubscribe, SubscribeParams, UnsubscribeParams},
    params::Fields,
};

use super::{
    requests::{self, Asked, Malformed, Request},
    subscriptions::{Subscriptions, misplaced},
};
use crate::{
    api::{Daemon, Methods, failed, succeeded},
    metrics::UNKNOWN,
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
#[derive(Debug)]
pub(super) enum Answer {
    /// Notifications have none.
    None,
    /// This.
    Text(String),
    /// It is on its way already: it has to come before the events of its subscription.
    Sent,
}

impl Calls {
    /// Answers a request or a batch. Subscriptions are those of the WebSocket it came on, if it did.
    pub(super) async fn answer(&self, text: &[u8], on: Option<&Subscriptions>) -> Answer {
        match requests::read(text) {
            Asked::Single(Ok(request)) => self.run(request, on).await,
            Asked::Single(Err(malformed)) => Answer::Text(self.refuse(&malformed)),
            Asked::Batch(entries) => {
                let mut answers = Vec::new();
                for (index, entry) in entries.into_iter().enumerate() {
                    let answer = match entry {
                        // The rest of a batch is not begun any more: a hundred slow calls would outlast the stop.
                        Ok(request) if index > 0 && self.daemon.is_stopping() => {
                            self.not_begun(&request)
                        }
                        Ok(request) => self.run(request, None).await,
                        Err(malformed) => Answer::Text(self.refuse(&malformed)),
                    };
                    if let Answer::Text(answer) = answer {
                        answers.push(answer);
                    }
                }
                if answers.is_empty() {
                    return Answer::None;
                }
                Answer::Text(format!("[{}]", answers.join(",")))
            }
        }
    }

    /// The answer to a text for which there is no room.
    pub(super) fn refuse_all(&self, error: RpcError) -> Answer {
        Answer::Text(self.refuse(&Malformed::new(error)))
    }

    fn not_begun(&self, request: &Request<'_>) -> Answer {
        let Some(id) = request.id else {
            return Answer::None;
        };
        let error = RpcError::new(Kind::ShuttingDown, "the daemon is stopping");
        Answer::Text(self.refuse(&Malformed { id, error }))
    }

    fn refuse(&self, malformed: &Malformed<'_>) -> String {
        let metrics = &self.daemon.metrics;
        metrics.called(UNKNOWN, Some(malformed.error.kind));
        failed(malformed.id, &malformed.error)
    }

    /// Runs one request, unless it is a notification.
    async fn run(&self, request: Request<'_>, on: Option<&Subscriptions>) -> Answer {
        let Some(id) = request.id else {
            return Answer::None;
        };
        if request.method == EventSubscribe::NAME {
            return self.subscribe(id, request.params, on);
        }
        if request.method == EventUnsubscribe::NAME {
            return Answer::Text(self.unsubscribe(id, request.params, on));
        }
        let answering = self
            .methods
            .run(&request.method, &self.daemon, id, request.params);
        match answering {
            Some(answering) => Answer::Text(answering.await),
            None => {
                let error = method_not_found(&request.method);
                Answer::Text(self.refuse(&Malformed { id, error }))
            }
        }
    }

    fn subscribe(&self, id: &str, params: Option<&str>, on: Option<&Subscriptions>) -> Answer {
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
            Ok(()) => Answer::Sent,
            Err(error) => Answer::Text(failed(id, &error)),
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
        Kind::MethodNotFound,
        format!("there is no method {shown:?}"),
    )
}
