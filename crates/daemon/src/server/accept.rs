//! Taking connections, and serving each in a task of its own.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::Router;
use engine::model::Trouble;
use hyper::{
    Request, body,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, UnixListener, UnixStream},
    sync::watch,
};

use super::{
    App, Connection,
    connection::{ConnectionStream, Held, Socket, dismiss},
    connection_limits::{Callers, Entered, HasToGo, Place, Strangers},
    errors::Refusal,
    http::{Asked, finish},
    unix::AllowedUids,
};
use crate::ops::metrics::{Listener, TurnedAway};

/// Largest head of a request: what strangers on TCP can make each connection hold.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Header lines of a request.
const MAX_HEADERS: usize = 100;
/// Connections to the socket that are told at the same time why they are not served; one more is
/// closed without a word.
const MAX_DISMISSED: u32 = 16;
/// Pause after an error of accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections turned away are told of this often: a flood of them is not to become a flood of
/// lines.
const REFUSALS_EVERY: Duration = Duration::from_secs(10);

/// Takes the connections of one listener, up to a limit of its own: strangers on TCP cannot use up
/// the places of the socket, nor those of who has the token.
pub(super) struct Acceptor {
    app: App,
    router: TowerToHyperService<Router>,
    callers: Callers,
    dismissed: Callers,
    refusals: Refusals,
    stopped: watch::Receiver<bool>,
}

impl Acceptor {
    pub(super) fn new(app: App, router: Router, stopped: watch::Receiver<bool>) -> Self {
        Self {
            callers: Callers::new(app.rpc.max_connections),
            dismissed: Callers::new(MAX_DISMISSED),
            app,
            router: TowerToHyperService::new(router),
            refusals: Refusals::default(),
            stopped,
        }
    }

    /// Whoever may connect may call.
    pub(super) async fn accept_unix(self, listener: UnixListener, allowed: AllowedUids) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) if allowed.admits(&stream) => match self.callers.place() {
                    Some(place) => self.serve(stream, Listener::Unix, place, HasToGo::never()),
                    None => self.dismiss(stream, TurnedAway::Limit, Refusal::Places),
                },
                Ok((stream, _)) => self.dismiss(stream, TurnedAway::Peer, Refusal::Peer),
                Err(error) => pause_after(&error).await,
            }
        }
    }

    /// Everybody is a stranger until it shows the token.
    pub(super) async fn accept_tcp(self, listener: TcpListener) {
        let strangers = Strangers::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are whole when they are written: waiting for more to send only delays
                    // them.
                    let _ = stream.set_nodelay(true);
                    let Some(entered) = strangers.enter(&self.callers).await else {
                        return;
                    };
                    let Entered {
                        place,
                        has_to_go,
                        for_another,
                    } = entered;
                    if for_another {
                        self.turn_away(Listener::Tcp, TurnedAway::GaveWay);
                    }
                    self.serve(stream, Listener::Tcp, place, has_to_go);
                }
                Err(error) => pause_after(&error).await,
            }
        }
    }

    /// Serves one connection, until it ends or has to go.
    fn serve<S>(&self, stream: S, listener: Listener, place: Place, mut has_to_go: HasToGo)
    where
        S: Socket,
    {
        let header_timeout = Duration::from_secs(self.app.rpc.header_timeout_s);
        let write_timeout = Duration::from_secs(self.app.rpc.write_timeout_s);
        let held = Held {
            place: Arc::new(place),
            open: Arc::new(self.app.daemon.metrics.connected(listener)),
            has_to_go: has_to_go.clone(),
        };
        let place = Arc::clone(&held.place);
        let budget = self.app.daemon.budget.clone();
        let stream = ConnectionStream::new(stream, write_timeout, held, budget);
        let connection = Arc::new(Connection {
            place,
            incoming: stream.incoming(),
            stopped: self.stopped.clone(),
        });
        let mut stopped = self.stopped.clone();
        let (app, router) = (Arc::clone(&self.app), self.router.clone());
        tokio::spawn(async move {
            let service = service_fn(move |mut request: Request<body::Incoming>| {
                let asked = Asked::of(&request);
                request.extensions_mut().insert(Arc::clone(&connection));
                let answer = router.call(request);
                let (app, connection) = (Arc::clone(&app), Arc::clone(&connection));
                async move {
                    let answer = answer.await;
                    answer.map(|response| finish(&app, &connection, asked, response))
                }
            });
            let connection = http1::Builder::new()
                // Who has sent its request may say so, and is answered.
                .half_close(true)
                .timer(TokioTimer::new())
                .header_read_timeout(header_timeout)
                .max_buf_size(MAX_HEAD_BYTES)
                .max_headers(MAX_HEADERS)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            tokio::pin!(connection);
            let served = tokio::select! {
                served = &mut connection => served,
                _ = stopped.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
                // What it is about to be answered is lost with it.
                () = has_to_go.told() => return,
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }

    /// Tells a client of the socket why it is not served, if there is a place for that.
    fn dismiss(&self, stream: UnixStream, reason: TurnedAway, refusal: Refusal) {
        self.turn_away(Listener::Unix, reason);
        let Some(place) = self.dismissed.place() else {
            return;
        };
        tokio::spawn(async move {
            dismiss(stream, &refusal).await;
            drop(place);
        });
    }

    fn turn_away(&self, listener: Listener, reason: TurnedAway) {
        self.app.daemon.metrics.turned_away(listener, reason);
        self.refusals.tell(match reason {
            TurnedAway::Peer => "processes of other users",
            TurnedAway::Limit => "connections over the limit",
            TurnedAway::GaveWay => "connections without the token, for newer ones,",
        });
    }
}

/// Tells of connections that were turned away, now and then and with their number.
#[derive(Default)]
struct Refusals(Mutex<Refused>);

#[derive(Default)]
struct Refused {
    told_at: Option<Instant>,
    untold: u64,
}

impl Refusals {
    fn tell(&self, whose: &str) {
        if let Some(refused) = self.count(Instant::now()) {
            tracing::warn!(refused, "{whose} are turned away");
        }
    }

    /// Counts one; how many there were since the last line, if it is time for the next.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.untold = refused.untold.saturating_add(1);
        let quiet = refused
            .told_at
            .is_some_and(|told_at| now.duration_since(told_at) < REFUSALS_EVERY);
        if quiet {
            return None;
        }
        refused.told_at = Some(now);
        Some(std::mem::take(&mut refused.untold))
    }
}

pub(super) async fn bind_tcp(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let failed = |error: std::io::Error| format!("cannot listen on http://{address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Out of file descriptors, most likely: taking a breath lets some be closed.
async fn pause_after(error: &std::io::Error) {
    let advice = session_store::trouble(error).map(Trouble::advice);
    tracing::warn!(%error, advice, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_one_line_in_ten_seconds_with_their_number() {
        let refusals = Refusals::default();
        let start = Instant::now();
        assert_eq!(refusals.count(start), Some(1));
        for _ in 0..1000 {
            assert_eq!(refusals.count(start + REFUSALS_EVERY / 2), None);
        }
        assert_eq!(refusals.count(start + REFUSALS_EVERY), Some(1001));
        assert_eq!(refusals.count(start + REFUSALS_EVERY), None);
    }
}
