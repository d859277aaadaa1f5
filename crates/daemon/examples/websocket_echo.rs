//! An echo on the WebSocket stack of the daemon, for suites that judge how one keeps to RFC 6455.
//!
//! It has the daemon's library, buffers and close codes; a message may have 16 MiB, since suites send
//! as much.

#![allow(
    clippy::print_stdout,
    reason = "a program to be run by hand says where it listens"
)]

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    routing::any,
};
use daemon::server::close_code_for;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;

const LARGEST: usize = 16 << 20;

async fn echo(mut socket: WebSocket) {
    while let Some(read) = socket.recv().await {
        let answer = match read {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => message,
            Ok(_) => continue,
            Err(error) => match close_code_for(error) {
                Some(code) => Message::Close(Some(CloseFrame {
                    code,
                    reason: "".into(),
                })),
                None => return,
            },
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:9001").await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let upgrade = async |upgrade: WebSocketUpgrade| {
        upgrade
            .read_buffer_size(16 * 1024)
            .max_message_size(LARGEST)
            .max_frame_size(LARGEST)
            .on_upgrade(echo)
    };
    let router = TowerToHyperService::new(Router::new().fallback(any(upgrade)));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let served = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), router.clone())
            .with_upgrades();
        tokio::spawn(served);
    }
}
