//! The listeners: JSON-RPC by HTTP POST and WebSocket, and events as a stream, on a Unix socket and, when asked, on TCP.

mod accept;
mod auth;
mod body;
mod calls;
mod connection;
mod connection_limits;
mod cors;
mod errors;
mod frames;
mod health;
mod json_rpc;
mod socket_activation;
mod sse;
mod subscriptions;
mod unix;
mod websocket;

use std::{path::PathBuf, sync::Arc, time::Duration};

use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    header,
};
use jsonrpsee::server::{HttpResponse, ServerHandle, StopHandle, stop_channel};
use listenfd::ListenFd;
use tokio::task::JoinSet;

use self::{
    accept::{Acceptor, bind_tcp},
    auth::{TcpGate, Token, check_form},
    calls::{Answer, Calls},
    connection::Flow,
    connection_limits::Place,
    errors::{Refusal, empty, json},
    socket_activation::Passed,
    unix::UnixGate,
    websocket::Served,
};
use crate::{
    api::{Daemon, Methods},
    config::{Rpc, Settings},
    ops::metrics::{Listener, TurnedAway},
};

/// Largest request (10 MiB): the largest wire message as hex, with room for its envelope.
const MAX_REQUEST_BYTES: u32 = 10 * 1024 * 1024;
/// Requests in one batch.
const MAX_BATCH: usize = 100;
/// Calls that one WebSocket may have running: as many as an account's queue takes in by default.
const MAX_CALLS: usize = 1024;
/// A stopping daemon waits this long for clients to take their answers.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    stop: ServerHandle,
    accepting: JoinSet<()>,
    /// The socket's file, if it is ours to remove.
    socket: Option<PathBuf>,
    /// Where it can be reached, one line each.
    pub addresses: Vec<String>,
}

/// What every connection needs.
#[derive(Debug)]
struct Shared {
    daemon: Arc<Daemon>,
    calls: Arc<Calls>,
    token_file: PathBuf,
    rpc: Rpc,
}

/// Which checks a connection's requests have to pass.
#[derive(Clone, Debug)]
enum Gate {
    /// The peer's user was checked when it connected.
    Unix,
    /// Each request is checked.
    Tcp(Arc<TcpGate>),
}

/// A connection's requests: what they have to pass, and what they share.
#[derive(Clone, Debug)]
struct Caller {
    gate: Gate,
    place: Arc<Place>,
    flow: Arc<Flow>,
}

impl Gate {
    const fn listener(&self) -> Listener {
        match self {
            Self::Unix => Listener::Unix,
            Self::Tcp(_) => Listener::Tcp,
        }
    }
}

impl Server {
    /// Binds the listeners that were not passed to us, and begins to serve.
    ///
    /// # Errors
    /// One line saying what cannot be bound, and why.
    pub async fn start(
        daemon: Arc<Daemon>,
        methods: Methods,
        settings: &Settings,
        listeners: ListenFd,
    ) -> Result<Self, String> {
        let (stopped, stop) = stop_channel();
        let calls = Calls {
            daemon: Arc::clone(&daemon),
            methods,
        };
        let shared = Arc::new(Shared {
            daemon,
            calls: Arc::new(calls),
            token_file: settings.token_file.clone(),
            rpc: settings.rpc.clone(),
        });
        let acceptor = || {
            let shared = Arc::clone(&shared);
            Acceptor::new(shared, stopped.clone())
        };

        // Everything that can fail comes before the first connection is taken.
        let passed = Passed::take(listeners, settings)?;
        let tcp = match (passed.tcp, settings.http) {
            (Some(listening), _) => Some(listening),
            (None, Some(address)) => Some(bind_tcp(address).await?),
            (None, None) => None,
        };
        let gate = match tcp {
            Some(_) => Some(TcpGate::new(
                Token::load(&settings.token_file)?,
                &settings.rpc,
            )),
            None => None,
        };
        let (listener, place, socket) = match passed.unix {
            // Its file is of whoever passed it, and stays.
            Some((listener, place)) => (listener, place, None),
            None => {
                let place = std::path::absolute(&settings.socket);
                let place = place.as_ref().unwrap_or(&settings.socket);
                let place = place.display().to_string();
                (unix::bind(settings)?, place, Some(settings.socket.clone()))
            }
        };

        let mut accepting = JoinSet::new();
        let mut addresses = vec![format!("unix:{place}")];
        accepting.spawn(acceptor().accept_unix(listener, UnixGate::new(&settings.rpc)));
        if let (Some((listener, bound)), Some(gate)) = (tcp, gate) {
            addresses.push(format!("http://{bound}"));
            accepting.spawn(acceptor().accept_tcp(listener, Arc::new(gate)));
        }
        Ok(Self {
            stop,
            accepting,
            socket,
            addresses,
        })
    }

    /// Takes no more connections and requests, and lets those accepted have their answers.
    pub async fn stop(mut self) {
        // While we still listen, no other daemon takes the socket's name for its own.
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
        self.accepting.shutdown().await;
        let _ = self.stop.stop();
        // Every open connection holds a handle; the last to go wakes this.
        if tokio::time::timeout(DRAIN_TIMEOUT, self.stop.stopped())
            .await
            .is_err()
        {
            tracing::warn!("some clients did not take their answers in time");
        }
    }
}

impl Shared {
    /// Answers a request.
    async fn handle(
        &self,
        caller: &Caller,
        request: Request<Incoming>,
        stopped: StopHandle,
    ) -> HttpResponse {
        let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let page = cors::origin(&caller.gate, &request);
        let mut response = self.answer(caller, request, stopped).await;
        if let Some(page) = page {
            cors::let_read(page, &mut response);
        }
        self.daemon.metrics.answered(response.status());
        // A chunked request may have had a content-length too, on which a proxy before us may have
        // split the bytes in another way. What comes after it is no request (RFC 9112, 6.1). And a
        // stranger gives its place back.
        if is_chunked || caller.place.is_strangers() {
            let close = header::HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    async fn answer(
        &self,
        caller: &Caller,
        request: Request<Incoming>,
        stopped: StopHandle,
    ) -> HttpResponse {
        let gate = &caller.gate;
        if let Gate::Tcp(tcp) = gate
            && let Err(refusal) = tcp.check_source(&request)
        {
            return refusal.response();
        }
        let is_upgrade = websocket::is_asked_for(&request);
        let admitted = self.admit(caller, &request, is_upgrade);
        if let Some(answer) = cors::preflight(gate, &request) {
            return answer;
        }
        if let Some(answer) = health::answer(self, &request).await {
            return answer;
        }
        if let Err(refusal) = admitted {
            return refusal.response();
        }
        if let Some(stream) = sse::answer(self, &request) {
            return stream;
        }
        if let Some(metrics) = health::metrics(self, &request).await {
            return metrics;
        }
        if let Err(refusal) = check_form(&request, is_upgrade) {
            return refusal.response();
        }
        if is_upgrade {
            return self.upgrade(request, stopped, &caller.flow);
        }
        let timeout = Duration::from_secs(self.rpc.body_timeout_s);
        let limit = MAX_REQUEST_BYTES as usize;
        let budget = &self.daemon.budget;
        match body::whole(request.into_body(), limit, timeout, budget).await {
            Ok((body, room)) => match self.calls.answer(body, room, None).await {
                // It has its room until it is written.
                Answer::Text(text) => json(StatusCode::OK, Bytes::from_owner(text)),
                Answer::None | Answer::Sent => empty(StatusCode::NO_CONTENT),
            },
            Err(refusal) => refusal.response(),
        }
    }

    /// Whether the request may go on: on TCP it needs the token, and its connection one of the
    /// places of those that have it.
    fn admit<B>(
        &self,
        caller: &Caller,
        request: &Request<B>,
        is_upgrade: bool,
    ) -> Result<(), Refusal> {
        let Gate::Tcp(tcp) = &caller.gate else {
            return Ok(());
        };
        tcp.check_token(request, is_upgrade)?;
        if caller.place.may_call() {
            return Ok(());
        }
        self.daemon
            .metrics
            .turned_away(Listener::Tcp, TurnedAway::Limit);
        Err(Refusal::Places)
    }

    fn upgrade(
        &self,
        request: Request<Incoming>,
        stopped: StopHandle,
        flow: &Arc<Flow>,
    ) -> HttpResponse {
        let subprotocol = auth::subprotocol(request.headers());
        let served = Served {
            calls: Arc::clone(&self.calls),
            flow: Arc::clone(flow),
            ping_interval: Duration::from_secs(self.rpc.ping_interval_s),
            stopped,
        };
        let Some(mut response) = websocket::open(request, served) else {
            return Refusal::Handshake.response();
        };
        if let Some(name) = subprotocol {
            let headers = response.headers_mut();
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
        }
        response
    }
}
