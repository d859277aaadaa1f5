//! The listeners: JSON-RPC by HTTP POST and WebSocket, and events as a stream, on a Unix socket and, when asked, on TCP.

mod accept;
mod body;
mod errors;
mod events;
mod gate;
mod plain;
mod subscriptions;
mod unix;

use std::{collections::HashSet, path::PathBuf, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming};
use jsonrpsee::{
    Methods,
    server::{
        BatchRequestConfig, HttpBody, HttpResponse, PingConfig, ServerConfig, ServerHandle,
        StopHandle, TowerServiceBuilder, middleware::rpc::RpcServiceBuilder, stop_channel, ws,
    },
};
use tokio::task::JoinSet;
use tower::{Service as _, layer::util::Identity};

use self::{
    accept::{Acceptor, bind_tcp},
    body::BODY_TIMEOUT,
    errors::{NamedErrors, too_large, with_data},
    gate::{TcpGate, Token, check_form},
    subscriptions::{Counter, MAX_SUBSCRIPTIONS},
    unix::UnixGate,
};
use crate::{api::Daemon, config::Settings};

/// Largest request (10 MiB): the largest wire message as hex, with room for its envelope.
const MAX_REQUEST_BYTES: u32 = 10 * 1024 * 1024;
/// Answers have no limit of their own: what makes them large is bounded before anything is done. One that was
/// refused for its size would be a message sent to nobody.
const MAX_RESPONSE_BYTES: u32 = u32::MAX;
/// Requests in one batch.
const MAX_BATCH: u32 = 100;
/// A WebSocket is asked this often whether its client is still there,
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// and closed when nothing has come from it for so long: one ping, with time for the answer.
const PING_ANSWER: Duration = Duration::from_secs(40);
/// A stopping daemon waits this long for clients to take their answers.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    stop: ServerHandle,
    accepting: JoinSet<()>,
    socket: PathBuf,
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
}

/// Which checks a connection's requests have to pass.
#[derive(Clone, Debug)]
enum Gate {
    /// The peer's user was checked when it connected.
    Unix,
    /// Each request is checked.
    Tcp(Arc<TcpGate>),
}

impl Server {
    /// Binds the listeners and begins to serve.
    ///
    /// # Errors
    /// One line saying what cannot be bound, and why.
    pub async fn start(
        daemon: Arc<Daemon>,
        methods: Methods,
        settings: &Settings,
    ) -> Result<Self, String> {
        let (stopped, stop) = stop_channel();
        let config = ServerConfig::builder()
            .max_request_body_size(MAX_REQUEST_BYTES)
            .max_response_body_size(MAX_RESPONSE_BYTES)
            .max_connections(settings.rpc.max_connections)
            .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
            .max_subscriptions_per_connection(MAX_SUBSCRIPTIONS)
            .set_id_provider(Counter::default())
            .enable_ws_ping(
                PingConfig::new()
                    .ping_interval(PING_INTERVAL)
                    .inactive_limit(PING_ANSWER),
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
        });
        let acceptor = || {
            let shared = Arc::clone(&shared);
            Acceptor::new(shared, settings.rpc.max_connections, stopped.clone())
        };

        // Everything that can fail comes before the first connection is taken.
        let tcp = match settings.http {
            Some(address) => {
                let gate = TcpGate::new(Token::load(&settings.token_file)?, &settings.rpc);
                Some((bind_tcp(address).await?, gate))
            }
            None => None,
        };
        let listener = unix::bind(settings)?;

        let mut accepting = JoinSet::new();
        let mut addresses = vec![format!("unix:{}", settings.socket.display())];
        accepting.spawn(acceptor().accept_unix(listener, UnixGate::new(&settings.rpc)));
        if let Some(((listener, bound), gate)) = tcp {
            addresses.push(format!("http://{bound}"));
            accepting.spawn(acceptor().accept_tcp(listener, Arc::new(gate)));
        }
        Ok(Self {
            stop,
            accepting,
            socket: settings.socket.clone(),
            addresses,
        })
    }

    /// Takes no more connections and requests, and lets those accepted have their answers.
    pub async fn stop(mut self) {
        // While we still listen, no other daemon takes the socket's name for its own.
        let _ = std::fs::remove_file(&self.socket);
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
    async fn handle(
        &self,
        gate: &Gate,
        request: Request<Incoming>,
        stopped: StopHandle,
    ) -> HttpResponse {
        if let Gate::Tcp(tcp) = gate
            && let Err(status) = tcp.check_source(&request)
        {
            return refused(status);
        }
        if let Some(answer) = plain::answer(self, &request).await {
            return answer;
        }
        if let Gate::Tcp(tcp) = gate
            && let Err(status) = tcp.check_token(&request)
        {
            return refused(status);
        }
        if let Some(stream) = events::answer(self, &request) {
            return stream;
        }
        let is_upgrade = ws::is_upgrade_request(&request);
        if let Err(status) = check_form(&request, is_upgrade) {
            return refused(status);
        }
        let names = Arc::clone(&self.names);
        let middleware = RpcServiceBuilder::new().layer_fn(move |inner| NamedErrors {
            inner,
            methods: Arc::clone(&names),
            websocket: is_upgrade,
        });
        let mut service = self
            .service
            .clone()
            .set_rpc_middleware(middleware)
            .build(self.methods.clone(), stopped);
        if is_upgrade {
            return match service.call(request.map(HttpBody::new)).await {
                Ok(response) => response,
                Err(error) => broken(&*error),
            };
        }
        let (parts, body) = request.into_parts();
        let body = match body::whole(body, MAX_REQUEST_BYTES as usize, BODY_TIMEOUT).await {
            Ok(body) => HttpBody::new(Full::new(body)),
            Err(StatusCode::PAYLOAD_TOO_LARGE) => return too_large(),
            Err(status) => return refused(status),
        };
        match service.call(Request::from_parts(parts, body)).await {
            Ok(response) => with_data(response).await,
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
