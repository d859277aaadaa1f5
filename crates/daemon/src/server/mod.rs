//! The listeners: JSON-RPC by HTTP POST and WebSocket on a Unix socket and, when asked, on TCP.

mod errors;
mod gate;
mod plain;
mod unix;

use std::{
    collections::HashSet, convert::Infallible, net::SocketAddr, path::PathBuf, sync::Arc,
    time::Duration,
};

use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::{
    Methods,
    server::{
        BatchRequestConfig, HttpBody, HttpResponse, ServerConfig, ServerHandle, StopHandle,
        TowerServiceBuilder, middleware::rpc::RpcServiceBuilder, stop_channel, ws,
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    task::JoinSet,
};
use tower::{Service as _, layer::util::Identity};

use self::{
    errors::{NamedErrors, with_data},
    gate::{TcpGate, Token, check_form},
    unix::UnixGate,
};
use crate::{api::Daemon, config::Settings};

/// Largest request (10 MiB): the largest wire message as hex, with room for its envelope.
const MAX_REQUEST_BYTES: u32 = 10 * 1024 * 1024;
/// Largest answer: a batch of the largest requests' answers.
const MAX_RESPONSE_BYTES: u32 = 64 * 1024 * 1024;
/// Requests in one batch.
const MAX_BATCH: u32 = 100;
/// A client has this long to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// A stopping daemon waits this long for clients to take their answers.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after an error of accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
    connections: Arc<Semaphore>,
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
            .build();
        let connections = usize::try_from(settings.rpc.max_connections).unwrap_or(usize::MAX);
        let shared = Arc::new(Shared {
            daemon,
            names: Arc::new(methods.method_names().collect()),
            methods,
            service: jsonrpsee::server::Server::builder()
                .set_config(config)
                .to_service_builder(),
            connections: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            token_file: settings.token_file.clone(),
        });
        let mut accepting = JoinSet::new();

        let listener = unix::bind(settings)?;
        let mut addresses = vec![format!("unix:{}", settings.socket.display())];
        let gate = UnixGate::new(&settings.rpc);
        accepting.spawn(accept_unix(
            Arc::clone(&shared),
            listener,
            gate,
            stopped.clone(),
        ));
        if let Some(address) = settings.http {
            let gate = TcpGate::new(Token::load(&settings.token_file)?, &settings.rpc);
            let (listener, bound) = bind_tcp(address).await?;
            addresses.push(format!("http://{bound}"));
            accepting.spawn(accept_tcp(shared, listener, Arc::new(gate), stopped));
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
        self.accepting.shutdown().await;
        let _ = std::fs::remove_file(&self.socket);
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

async fn bind_tcp(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let failed = |error: std::io::Error| format!("cannot listen on http://{address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn accept_unix(
    shared: Arc<Shared>,
    listener: UnixListener,
    gate: UnixGate,
    stopped: StopHandle,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if gate.admits(&stream) => {
                serve(&shared, stream, Gate::Unix, &stopped);
            }
            Ok(_) => tracing::warn!("a process of another user was turned away"),
            Err(error) => pause_after(&error).await,
        }
    }
}

async fn accept_tcp(
    shared: Arc<Shared>,
    listener: TcpListener,
    gate: Arc<TcpGate>,
    stopped: StopHandle,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are whole when they are written: waiting for more to send only delays them.
                let _ = stream.set_nodelay(true);
                serve(&shared, stream, Gate::Tcp(Arc::clone(&gate)), &stopped);
            }
            Err(error) => pause_after(&error).await,
        }
    }
}

/// Out of file descriptors, most likely: taking a breath lets some be closed.
async fn pause_after(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Serves one connection in a task of its own; closes it at once if there are too many.
fn serve<S>(shared: &Arc<Shared>, stream: S, gate: Gate, stopped: &StopHandle)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(permit) = Arc::clone(&shared.connections).try_acquire_owned() else {
        tracing::warn!("a connection over the limit was refused");
        return;
    };
    let shared = Arc::clone(shared);
    let stopped = stopped.clone();
    tokio::spawn(async move {
        let handler = stopped.clone();
        let service = service_fn(move |request| {
            let (shared, gate, stopped) = (Arc::clone(&shared), gate.clone(), handler.clone());
            async move { Ok::<_, Infallible>(shared.handle(&gate, request, stopped).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let served = tokio::select! {
            served = &mut connection => served,
            () = stopped.shutdown() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection broke off");
        }
        drop(permit);
    });
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
        let is_upgrade = ws::is_upgrade_request(&request);
        if let Err(status) = check_form(&request, is_upgrade) {
            return refused(status);
        }
        let names = Arc::clone(&self.names);
        let middleware = RpcServiceBuilder::new().layer_fn(move |inner| NamedErrors {
            inner,
            methods: Arc::clone(&names),
        });
        let mut service = self
            .service
            .clone()
            .set_rpc_middleware(middleware)
            .build(self.methods.clone(), stopped);
        match service.call(request.map(HttpBody::new)).await {
            Ok(response) if is_upgrade => response,
            Ok(response) => with_data(response).await,
            Err(error) => {
                tracing::error!(%error, "a request could not be served");
                refused(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// An answer without a body: a caller that may not pass learns nothing more.
fn refused(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = status;
    response
}
