//! The listeners: JSON-RPC by HTTP POST and WebSocket, and events as a stream, on a Unix socket and, when asked, on TCP.

mod accept;
mod body;
mod errors;
mod events;
mod frames;
mod gate;
mod guarded;
mod pages;
mod passed;
mod plain;
mod subscriptions;
mod unix;

use std::{collections::HashSet, path::PathBuf, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header};
use jsonrpsee::{
    Methods,
    server::{
        BatchRequestConfig, HttpBody, HttpResponse, PingConfig, ServerConfig, ServerHandle,
        StopHandle, TowerServiceBuilder, middleware::rpc::RpcServiceBuilder, stop_channel, ws,
    },
};
use listenfd::ListenFd;
use tokio::{sync::Semaphore, task::JoinSet};
use tower::{Service as _, layer::util::Identity};

use self::{
    accept::{Acceptor, bind_tcp},
    errors::{NamedErrors, too_large, with_data},
    gate::{TcpGate, Token, check_form},
    guarded::Flow,
    passed::Passed,
    subscriptions::{Counter, MAX_SUBSCRIPTIONS},
    unix::UnixGate,
};
use crate::{
    api::Daemon,
    config::{Rpc, Settings},
    metrics::Listener,
};

/// Largest request (10 MiB): the largest wire message as hex, with room for its envelope.
const MAX_REQUEST_BYTES: u32 = 10 * 1024 * 1024;
/// Answers have no limit of their own: what makes them large is bounded before anything is done. One that was
/// refused for its size would be a message sent to nobody.
const MAX_RESPONSE_BYTES: u32 = u32::MAX;
/// Requests in one batch.
const MAX_BATCH: u32 = 100;
/// Calls that one WebSocket may have running: as many as an account's queue takes in by default.
const MAX_CALLS: usize = 1024;
/// Answers and notifications of one WebSocket that wait to be written; those of running calls wait where they are.
const MAX_WAITING_ANSWERS: u32 = 32;
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
    methods: Methods,
    names: Arc<HashSet<&'static str>>,
    service: TowerServiceBuilder<Identity, Identity>,
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
        let ping_interval = Duration::from_secs(settings.rpc.ping_interval_s);
        let config = ServerConfig::builder()
            .max_request_body_size(MAX_REQUEST_BYTES)
            .max_response_body_size(MAX_RESPONSE_BYTES)
            // Each listener counts its own, in Acceptor.
            .max_connections(u32::MAX)
            .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
            .max_subscriptions_per_connection(MAX_SUBSCRIPTIONS)
            .set_message_buffer_capacity(MAX_WAITING_ANSWERS)
            .set_id_provider(Counter::default())
            .enable_ws_ping(
                PingConfig::new()
                    .ping_interval(ping_interval)
                    // One ping, with time for the answer.
                    .inactive_limit(ping_interval + ping_interval / 3),
            )
            .build();
        let shared = Arc::new(Shared {
            daemon,
            names: Arc::new(methods.method_names().collect()),
            methods,
            service: jsonrpsee::server::Server::builder()
                .set_config(config)
                .to_service_builder(),
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
                let place = settings.socket.display().to_string();
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
        gate: &Gate,
        request: Request<Incoming>,
        stopped: StopHandle,
        flow: &Arc<Flow>,
    ) -> HttpResponse {
        let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let page = pages::origin(gate, &request);
        let mut response = self.answer(gate, request, stopped, flow).await;
        if let Some(page) = page {
            pages::let_read(page, &mut response);
        }
        self.daemon.metrics.answered(response.status());
        if is_chunked {
            // It may have had a content-length too, on which a proxy before us may have split the bytes in another
            // way. What comes after it is no request (RFC 9112, 6.1).
            let close = header::HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    async fn answer(
        &self,
        gate: &Gate,
        request: Request<Incoming>,
        stopped: StopHandle,
        flow: &Arc<Flow>,
    ) -> HttpResponse {
        if let Gate::Tcp(tcp) = gate
            && let Err(status) = tcp.check_source(&request)
        {
            return refused(status);
        }
        if let Some(answer) = pages::preflight(gate, &request) {
            return answer;
        }
        if let Some(answer) = plain::answer(self, &request).await {
            return answer;
        }
        // Only a GET asks for one (RFC 6455, 4.1).
        let is_upgrade = request.method() == Method::GET && ws::is_upgrade_request(&request);
        if let Gate::Tcp(tcp) = gate
            && let Err(status) = tcp.check_token(&request, is_upgrade)
        {
            return refused(status);
        }
        if let Some(stream) = events::answer(self, &request) {
            return stream;
        }
        if let Some(metrics) = plain::metrics(self, &request).await {
            return metrics;
        }
        if let Err(status) = check_form(&request, is_upgrade) {
            return refused(status);
        }
        let names = Arc::clone(&self.names);
        let places = Arc::new(Semaphore::new(MAX_CALLS));
        let (flow, metrics) = (Arc::clone(flow), Arc::clone(&self.daemon.metrics));
        let middleware = RpcServiceBuilder::new().layer_fn(move |inner| NamedErrors {
            inner,
            methods: Arc::clone(&names),
            websocket: is_upgrade,
            places: Arc::clone(&places),
            flow: Arc::clone(&flow),
            metrics: Arc::clone(&metrics),
        });
        let mut service = self
            .service
            .clone()
            .set_rpc_middleware(middleware)
            .build(self.methods.clone(), stopped);
        if is_upgrade {
            let subprotocol = gate::subprotocol(request.headers());
            return match service.call(request.map(HttpBody::new)).await {
                Ok(mut response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    if let Some(name) = subprotocol {
                        let headers = response.headers_mut();
                        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
                    }
                    response
                }
                // The library answers a handshake that is none with 200.
                Ok(_) => refused(StatusCode::BAD_REQUEST),
                Err(error) => broken(&*error),
            };
        }
        let (mut parts, body) = request.into_parts();
        // Checked already; the library knows fewer ways of writing it.
        let json = header::HeaderValue::from_static("application/json");
        parts.headers.insert(header::CONTENT_TYPE, json);
        let timeout = Duration::from_secs(self.rpc.body_timeout_s);
        let body = match body::whole(body, MAX_REQUEST_BYTES as usize, timeout).await {
            Ok(body) => HttpBody::new(Full::new(body)),
            Err(StatusCode::PAYLOAD_TOO_LARGE) => return too_large(),
            Err(status) => return refused(status),
        };
        match service.call(Request::from_parts(parts, body)).await {
            Ok(response) => with_data(response, &self.daemon.metrics).await,
            Err(error) => broken(&*error),
        }
    }
}

fn broken(error: &(dyn std::error::Error + Send + Sync)) -> HttpResponse {
    tracing::error!(%error, "a request could not be served");
    refused(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An answer without a body: a caller that may not pass learns nothing more.
fn refused(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = status;
    response
}
