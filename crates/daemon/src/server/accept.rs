//! Taking connections, and serving each in a task of its own.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::server::StopHandle;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
};

use super::{Gate, Shared, gate::TcpGate, unix::UnixGate};

/// A client has this long to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after an error of accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes the connections of one listener, up to a limit of its own: strangers on TCP cannot use up
/// the places of the socket.
pub(super) struct Acceptor {
    shared: Arc<Shared>,
    connections: Arc<Semaphore>,
    stopped: StopHandle,
}

impl Acceptor {
    pub(super) fn new(shared: Arc<Shared>, max_connections: u32, stopped: StopHandle) -> Self {
        let connections = usize::try_from(max_connections).unwrap_or(usize::MAX);
        Self {
            shared,
            connections: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            stopped,
        }
    }

    pub(super) async fn accept_unix(self, listener: UnixListener, gate: UnixGate) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) if gate.admits(&stream) => self.serve(stream, Gate::Unix),
                Ok(_) => tracing::warn!("a process of another user was turned away"),
                Err(error) => pause_after(&error).await,
            }
        }
    }

    pub(super) async fn accept_tcp(self, listener: TcpListener, gate: Arc<TcpGate>) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are whole when they are written: waiting for more to send only delays them.
                    let _ = stream.set_nodelay(true);
                    self.serve(stream, Gate::Tcp(Arc::clone(&gate)));
                }
                Err(error) => pause_after(&error).await,
            }
        }
    }

    /// Serves one connection; closes it at once if there are too many.
    fn serve<S>(&self, stream: S, gate: Gate)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            tracing::warn!("a connection over the limit was refused");
            return;
        };
        let shared = Arc::clone(&self.shared);
        let stopped = self.stopped.clone();
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
}

pub(super) async fn bind_tcp(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let failed = |error: std::io::Error| format!("cannot listen on http://{address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Out of file descriptors, most likely: taking a breath lets some be closed.
async fn pause_after(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
