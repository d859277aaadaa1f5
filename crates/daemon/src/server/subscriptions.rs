//! Subscriptions to events: tasks that write to the WebSocket they were begun on.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use rpc::{ErrorKind, RpcError, types::EventInfo};
use serde::Serialize;
use tokio::{sync::mpsc, task::AbortHandle};

use super::websocket::Outgoing;
use crate::accounts::events::{AT_ONCE, Reader};

/// Subscriptions of one WebSocket: one for each of a frontend's accounts, and some.
const MAX_SUBSCRIPTIONS: usize = 32;

/// The subscriptions of one WebSocket. They end with it.
#[derive(Debug)]
pub(super) struct Subscriptions {
    answers: mpsc::Sender<Outgoing>,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    /// Names are numbers: they count on their own connection only, so they may be guessed.
    last: u64,
    tasks: HashMap<String, AbortHandle>,
}

impl Subscriptions {
    /// None yet; answers and notifications go here.
    pub(super) fn new(answers: mpsc::Sender<Outgoing>) -> Self {
        Self {
            answers,
            running: Mutex::default(),
        }
    }

    /// Begins one: sends the answer made of its name, and then events as they come.
    ///
    /// # Errors
    /// `busy` if there are as many as may be.
    pub(super) fn begin(
        &self,
        reader: Reader,
        answer: impl FnOnce(&String) -> String,
    ) -> Result<(), RpcError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.tasks.retain(|_, task| !task.is_finished());
        if running.tasks.len() >= MAX_SUBSCRIPTIONS {
            return Err(RpcError::new(
                ErrorKind::Busy,
                format!("a WebSocket has at most {MAX_SUBSCRIPTIONS} subscriptions"),
            )
            .with_hint("end one with event_unsubscribe, or subscribe to all accounts at once with account \"*\""));
        }
        running.last = running.last.saturating_add(1);
        let name = format!("events-{}", running.last);
        let answer = answer(&name);
        let notifying = notify(reader, name.clone(), answer, self.answers.clone());
        let task = tokio::spawn(notifying).abort_handle();
        running.tasks.insert(name, task);
        Ok(())
    }

    /// Ends one; whether there was one of this name.
    pub(super) fn end(&self, name: &str) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(task) = running.tasks.remove(name) else {
            return false;
        };
        let was_running = !task.is_finished();
        task.abort();
        was_running
    }
}

/// An event as it is sent.
#[derive(Serialize)]
struct Notification<'a> {
    jsonrpc: &'static str,
    method: &'static str,
    params: Notified<'a>,
}

#[derive(Serialize)]
struct Notified<'a> {
    subscription: &'a str,
    result: &'a EventInfo,
}

impl<'a> Notification<'a> {
    fn of(subscription: &'a str, result: &'a EventInfo) -> Self {
        Self {
            jsonrpc: "2.0",
            method: "event_notification",
            params: Notified {
                subscription,
                result,
            },
        }
    }
}

/// Sends the answer, and events as they come, no faster than they are taken.
async fn notify(mut reader: Reader, name: String, answer: String, answers: mpsc::Sender<Outgoing>) {
    if answers.send(Outgoing::Notification(answer)).await.is_err() {
        return;
    }
    loop {
        let read = tokio::select! {
            read = reader.next(AT_ONCE) => read,
            () = answers.closed() => return,
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
            let Ok(notification) = serde_json::to_string(&Notification::of(&name, &event)) else {
                return;
            };
            if answers
                .send(Outgoing::Notification(notification))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// The error for one that came where notifications cannot follow it.
pub(super) fn misplaced(method: &str) -> RpcError {
    RpcError::new(
        ErrorKind::InvalidRequest,
        format!("{method} works over a WebSocket only, and not in a batch"),
    )
    .with_hint("open a WebSocket and send it as a request of its own; without one, use event_list with waitMs, or GET /events")
}
