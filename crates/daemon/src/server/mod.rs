//! The listeners: JSON-RPC by HTTP POST and WebSocket, and events as a stream, on a Unix socket
//! and, when asked, on TCP.
//!
//! A connection is accepted (`accept`), has a place among the others (`connection_limits`), and its
//! bytes are watched over (`connection`). hyper serves its requests by the routes of axum (`http`).
//! On TCP they pass layers first: `host_origin`, `cors`, `auth`. What a request or a WebSocket's
//! message says goes to `json_rpc`.

mod accept;
mod auth;
mod body;
mod connection;
mod connection_limits;
mod cors;
mod errors;
mod health;
mod host_origin;
mod http;
mod json_rpc;
mod socket_activation;
mod sse;
mod ui;
mod unix;
mod websocket;

use std::{path::PathBuf, sync::Arc, time::Duration};

use jsonrpsee::Methods;
use listenfd::ListenFd;
use tokio::{sync::watch, task::JoinSet};

pub use self::websocket::close_code_for;
use self::{
    accept::{Acceptor, bind_tcp},
    auth::Token,
    connection::Incoming,
    connection_limits::Place,
    json_rpc::JsonRpc,
    socket_activation::Passed,
    unix::{AllowedUids, SocketFile},
};
use crate::{
    api::Daemon,
    config::{Rpc, Settings},
};

/// Largest request (10 MiB): the largest wire message as hex, with room for its envelope.
const MAX_REQUEST_BYTES: usize = 10 << 20;
/// A stopping daemon waits this long for clients to take their answers.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    accepting: JoinSet<()>,
    /// The socket's file, if we have made it.
    socket: Option<SocketFile>,
    /// Where it can be reached, one line each.
    pub addresses: Vec<String>,
}

/// What every request is answered with.
#[derive(Debug)]
struct AppState {
    daemon: Arc<Daemon>,
    json_rpc: JsonRpc,
    token_file: PathBuf,
    /// Whether other machines can reach the TCP listener.
    is_remote: bool,
    rpc: Rpc,
}

type App = Arc<AppState>;

/// The connection that a request came on.
#[derive(Debug)]
struct Connection {
    place: Arc<Place>,
    incoming: Arc<Incoming>,
    /// Changes when the daemon stops. Held as long as the connection, or the WebSocket that it
    /// became, is open.
    stopped: watch::Receiver<bool>,
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
        let (stop, stopped) = watch::channel(false);
        let json_rpc = JsonRpc {
            daemon: Arc::clone(&daemon),
            methods,
        };
        // Everything that can fail comes before the first connection is taken.
        let passed = Passed::take(listeners, settings)?;
        let http = settings.listen_on().map_err(|error| error.to_string())?;
        let tcp = match (passed.tcp, http) {
            (Some(listening), _) => Some(listening),
            (None, Some(address)) => Some(bind_tcp(address).await?),
            (None, None) => None,
        };
        if settings.rpc.ui {
            ui::check(tcp.as_ref().map(|(_, address)| *address))?;
        }
        let app = Arc::new(AppState {
            daemon,
            json_rpc,
            token_file: settings.token_file.clone(),
            is_remote: tcp.as_ref().is_some_and(|(_, at)| !at.ip().is_loopback()),
            rpc: settings.rpc.clone(),
        });
        let token = match tcp {
            Some(_) => Some(Token::load(&settings.token_file)?),
            None => None,
        };
        let (listener, place, socket) = match passed.unix {
            // Its file is of whoever passed it, and stays.
            Some((listener, place)) => (listener, place, None),
            None => {
                let place = std::path::absolute(&settings.socket);
                let place = place.as_ref().unwrap_or(&settings.socket);
                let place = place.display().to_string();
                let (listener, file) = unix::bind(settings).await?;
                (listener, place, Some(file))
            }
        };

        let mut accepting = JoinSet::new();
        let mut addresses = vec![format!("unix:{place}")];
        let acceptor = |router| Acceptor::new(Arc::clone(&app), router, stopped.clone());
        let unix = acceptor(http::routes(&app));
        accepting.spawn(unix.accept_unix(listener, AllowedUids::new(&settings.rpc)));
        if let (Some((listener, bound)), Some(token)) = (tcp, token) {
            addresses.push(format!("http://{bound}"));
            if app.rpc.ui {
                tracing::info!(
                    page = format!("http://{bound}{}", ui::PATH),
                    "serving a page"
                );
            }
            accepting.spawn(acceptor(http::tcp_router(&app, token)).accept_tcp(listener));
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
            socket.remove().await;
        }
        self.accepting.shutdown().await;
        self.stop.send_replace(true);
        // Every open connection holds a receiver; the last to go wakes this.
        if tokio::time::timeout(DRAIN_TIMEOUT, self.stop.closed())
            .await
            .is_err()
        {
            tracing::warn!("some clients did not take their answers in time");
        }
    }
}
