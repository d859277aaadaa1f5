//! A typed client, over the Unix socket or TCP.

use std::path::PathBuf;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpStream, UnixStream};
use zeroize::Zeroizing;

use crate::{error::ErrorData, methods::Method, params::Params as _};

/// Largest answer read: a batch of the largest messages.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Where a daemon listens.
#[derive(Debug)]
pub enum Address {
    /// Its Unix socket.
    Unix(PathBuf),
    /// Its TCP address, `host:port`, with the token it asks for.
    Tcp {
        /// `host:port`.
        authority: String,
        /// The bearer token.
        token: Token,
    },
}

/// A bearer token. Wiped when dropped, and never shown.
pub struct Token(pub Zeroizing<String>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A client of one daemon. Each call opens a connection of its own.
#[derive(Debug)]
pub struct Client {
    address: Address,
}

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No daemon answers there.
    #[error("no daemon answers at {address}: {cause}; start one with `ratchetd serve`")]
    Connect {
        /// Where.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The daemon refused the request before it looked at it.
    #[error("the daemon refused the request: {status}{}", if *status == StatusCode::UNAUTHORIZED { "; the token is missing or wrong" } else { "" })]
    Refused {
        /// The HTTP status.
        status: StatusCode,
    },
    /// The connection broke, or what came back is no answer.
    #[error("the daemon's answer cannot be read: {0}")]
    Answer(String),
    /// The daemon answered with an error.
    #[error("{message}")]
    Call {
        /// The JSON-RPC code.
        code: i64,
        /// What is wrong.
        message: String,
        /// The stable kind, the parameter and the hint, if the answer had them.
        data: Option<ErrorData>,
    },
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Option<Value>,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct AnswerError {
    code: i64,
    message: String,
    data: Option<Value>,
}

impl Client {
    /// A client of the daemon at `address`.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self { address }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call<M: Method>(&self, params: M::Params) -> Result<M::Reply, ClientError> {
        let result = self
            .call_raw(M::NAME, Value::Object(params.write()))
            .await?;
        serde_json::from_value(result).map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// Calls a method by name, with parameters as they are.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call_raw(&self, method: &str, params: Value) -> Result<Value, ClientError> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let body = self.post(request.to_string().into_bytes()).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| ClientError::Answer(error.to_string()))?;
        match answer.error {
            None => Ok(answer.result.unwrap_or(Value::Null)),
            Some(error) => Err(ClientError::Call {
                code: error.code,
                message: error.message,
                data: error
                    .data
                    .and_then(|data| serde_json::from_value(data).ok()),
            }),
        }
    }

    async fn post(&self, body: Vec<u8>) -> Result<Bytes, ClientError> {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len());
        match &self.address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(|cause| self.unreachable(cause))?;
                exchange(stream, request.header(header::HOST, "localhost"), body).await
            }
            Address::Tcp { authority, token } => {
                let stream = TcpStream::connect(authority)
                    .await
                    .map_err(|cause| self.unreachable(cause))?;
                let bearer = Zeroizing::new(format!("Bearer {}", token.0.as_str()));
                let request = request
                    .header(header::HOST, authority)
                    .header(header::AUTHORIZATION, bearer.as_str());
                exchange(stream, request, body).await
            }
        }
    }

    fn unreachable(&self, cause: std::io::Error) -> ClientError {
        let address = match &self.address {
            Address::Unix(path) => path.display().to_string(),
            Address::Tcp { authority, .. } => authority.clone(),
        };
        ClientError::Connect { address, cause }
    }
}

async fn exchange<S>(
    stream: S,
    request: hyper::http::request::Builder,
    body: Vec<u8>,
) -> Result<Bytes, ClientError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| ClientError::Answer(error.to_string());
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ClientError::Answer(error.to_string()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    if status != StatusCode::OK {
        return Err(ClientError::Refused { status });
    }
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| ClientError::Answer(error.to_string()))?
        .to_bytes();
    connection.abort();
    Ok(body)
}
