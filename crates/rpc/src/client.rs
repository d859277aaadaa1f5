//! A typed client, over the Unix socket or TCP.

use std::{error::Error, io, path::PathBuf, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};
use zeroize::Zeroizing;

use crate::{error::ErrorData, methods::Method, params::Params as _};

/// Largest answer read: a batch of the largest messages.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A daemon that has not answered by then hangs: the longest call waits for a minute on purpose.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

/// Said of a connection that ended where an answer was due.
pub const CLOSED: &str = "the daemon closed the connection without an answer, as it does to users that are not in rpc.allowed_uids, above rpc.max_connections, and when it ends; its log says which";

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
    #[error(
        "no daemon answers at {address}: {cause}; {}",
        connect_hint(address, cause)
    )]
    Connect {
        /// Where.
        address: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The connection ended before an answer came. The call may have been made.
    #[error("{CLOSED}")]
    Closed,
    /// The daemon refused the request before it looked at it.
    #[error("the daemon refused the request: {status}{}", refusal_hint(*status))]
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

/// What a refusal means that came without an error of its own.
fn refusal_hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "; the token is missing or wrong",
        StatusCode::PAYLOAD_TOO_LARGE => {
            "; the request is too large, and the same one will be refused again: send less at once"
        }
        _ => "",
    }
}

/// A daemon that runs under another user is not started by starting a second one.
fn connect_hint(address: &str, cause: &io::Error) -> String {
    if cause.kind() == io::ErrorKind::PermissionDenied {
        "call as the daemon's own user, or widen the socket with `--socket-mode`".to_owned()
    } else if address.contains('/') {
        "start one with `ratchetd serve`".to_owned()
    } else {
        format!("start one with `ratchetd serve --http {address}`")
    }
}

#[derive(Serialize)]
struct Call<'a, P> {
    jsonrpc: &'static str,
    id: u32,
    method: &'a str,
    params: &'a P,
}

#[derive(Deserialize)]
struct Answer {
    /// Null is a result; only a missing one is none.
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<AnswerError>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
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
    pub async fn call<M: Method>(&self, params: M::Params) -> Result<M::Output, ClientError> {
        let result = self.call_raw(M::NAME, &params.write()).await?;
        serde_json::from_value(result).map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// Calls a method by name, with parameters as they are written.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call_raw(
        &self,
        method: &str,
        params: &(impl Serialize + Sync),
    ) -> Result<Value, ClientError> {
        let call = Call {
            jsonrpc: "2.0",
            id: 1,
            method,
            params,
        };
        let request =
            serde_json::to_vec(&call).map_err(|error| ClientError::Answer(error.to_string()))?;
        let late = || {
            let seconds = ANSWER_TIMEOUT.as_secs();
            ClientError::Answer(format!("none came in {seconds} seconds"))
        };
        let body = tokio::time::timeout(ANSWER_TIMEOUT, self.post(request))
            .await
            .unwrap_or_else(|_| Err(late()))?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| ClientError::Answer(error.to_string()))?;
        match (answer.error, answer.result) {
            (None, Some(result)) => Ok(result),
            (None, None) => Err(ClientError::Answer(
                "neither a result nor an error".to_owned(),
            )),
            (Some(error), _) => Err(ClientError::Call {
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

    fn unreachable(&self, cause: io::Error) -> ClientError {
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
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ClientError::Answer(error.to_string()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| ClientError::Answer(error.to_string()))?
        .to_bytes();
    connection.abort();
    // Most refusals hold an error that says what to do.
    let says_why = || serde_json::from_slice::<Answer>(&body).is_ok_and(|it| it.error.is_some());
    if status != StatusCode::OK && !says_why() {
        return Err(ClientError::Refused { status });
    }
    Ok(body)
}

/// The error for a connection that broke before the answer began.
fn broken(error: hyper::Error) -> ClientError {
    let of_system = || {
        let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
        causes.find_map(|cause| cause.downcast_ref::<io::Error>())
    };
    let was_closed = |cause: &io::Error| {
        matches!(
            cause.kind(),
            io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
        )
    };
    if error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || of_system().is_some_and(was_closed)
    {
        ClientError::Closed
    } else {
        ClientError::Answer(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::{
        io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
        net::{TcpListener, UnixListener},
        task::JoinHandle,
    };

    use super::*;
    use crate::{
        error::ErrorKind,
        methods::{AccountOnly, AdvanceTimeParams, BundleGet, DevAdvanceTime},
        params::Millis,
    };

    /// Answers one request with `answer`, and gives what was asked: head and body.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        mut stream: S,
        status: &str,
        answer: &str,
    ) -> (String, Value) {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}",
                    answer.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                return (head.to_ascii_lowercase(), body);
            }
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "{text}");
        }
    }

    struct Daemon {
        client: Client,
        asked: JoinHandle<(String, Value)>,
        _directory: tempfile::TempDir,
    }

    /// A daemon on a Unix socket that gives this one answer.
    fn daemon(status: &'static str, answer: impl Into<String>) -> Daemon {
        let answer = answer.into();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let asked = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, status, &answer).await
        });
        Daemon {
            client: Client::new(Address::Unix(path)),
            asked,
            _directory: directory,
        }
    }

    #[tokio::test]
    async fn a_typed_call_goes_out_by_name_and_comes_back_typed() {
        let daemon = daemon("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":{"now":12}}"#);
        let params = AdvanceTimeParams { ms: Millis(5) };
        let clock = daemon.client.call::<DevAdvanceTime>(params).await.unwrap();
        assert_eq!(clock.now, 12);
        let (head, body) = daemon.asked.await.unwrap();
        assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(head.contains("host: localhost"), "{head}");
        assert!(!head.contains("authorization"), "{head}");
        assert_eq!(
            body,
            json!({"jsonrpc": "2.0", "id": 1, "method": "dev_advanceTime", "params": {"ms": 5}})
        );
    }

    fn shows_nothing<T: std::fmt::Debug>(value: &T) {
        let shown = format!("{value:?} {value:#?}");
        assert!(!shown.contains("swordfish"), "{shown}");
    }

    #[tokio::test]
    async fn over_tcp_the_token_goes_along_and_a_wrong_one_is_told_from_a_bad_call() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let asked = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, "401 Unauthorized", "").await
        });
        let token = Token(Zeroizing::new("swordfish".to_owned()));
        shows_nothing::<Token>(&token);
        let host = format!("host: {authority}");
        let client = Client::new(Address::Tcp { authority, token });
        shows_nothing::<Client>(&client);
        let error = client
            .call_raw("account_list", &json!([]))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ClientError::Refused { status } if status == StatusCode::UNAUTHORIZED)
        );
        assert!(error.to_string().contains("token"), "{error}");
        let (head, _) = asked.await.unwrap();
        assert!(head.contains("authorization: bearer swordfish"), "{head}");
        assert!(head.contains(&host), "{head}");
    }

    #[tokio::test]
    async fn an_error_comes_with_its_kind_field_and_hint() {
        let daemon = daemon(
            "200 OK",
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1101,"message":"there is no such account",
                "data":{"kind":"account_not_found","field":"account","hint":"make one"}}}"#,
        );
        let error = daemon
            .client
            .call::<BundleGet>(AccountOnly { account: None })
            .await
            .unwrap_err();
        let ClientError::Call {
            code,
            message,
            data,
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!((code, message.as_str()), (1101, "there is no such account"));
        let data = data.unwrap();
        assert_eq!(data.kind, ErrorKind::AccountNotFound);
        assert_eq!(data.field.as_deref(), Some("account"));
        assert_eq!(data.hint, "make one");
    }

    #[tokio::test]
    async fn a_refusal_that_says_why_is_told_as_it_is() {
        let why = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"too large",
            "data":{"kind":"invalid_request","hint":"send less"}}}"#;
        for (body, told) in [
            (why, "too large"),
            ("", "send less at once"),
            ("<html>", "send less at once"),
            ("{}", "413"),
        ] {
            let daemon = daemon("413 Payload Too Large", body);
            let error = daemon.client.call_raw("x", &Value::Null).await.unwrap_err();
            assert!(error.to_string().contains(told), "{body}: {error}");
        }
    }

    #[tokio::test]
    async fn null_is_a_result_and_nothing_at_all_is_not() {
        let null = daemon("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":null}"#);
        let result = null.client.call_raw("x", &Value::Null).await.unwrap();
        assert_eq!(result, Value::Null);
        for answer in [r#"{"jsonrpc":"2.0","id":1}"#, "[]", "", "<html>", "{"] {
            let daemon = daemon("200 OK", answer);
            let error = daemon.client.call_raw("x", &Value::Null).await.unwrap_err();
            assert!(
                matches!(error, ClientError::Answer(_)),
                "{answer} {error:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_result_of_another_shape_is_no_answer() {
        let daemon = daemon("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":{"now":-1}}"#);
        let params = AdvanceTimeParams { ms: Millis(5) };
        let error = daemon
            .client
            .call::<DevAdvanceTime>(params)
            .await
            .unwrap_err();
        assert!(matches!(error, ClientError::Answer(_)), "{error:?}");
    }

    #[tokio::test]
    async fn without_a_daemon_the_error_says_how_to_start_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let client = Client::new(Address::Unix(path.clone()));
        let error = client.call_raw("x", &Value::Null).await.unwrap_err();
        assert!(matches!(error, ClientError::Connect { .. }), "{error:?}");
        let shown = error.to_string();
        assert!(shown.contains("ratchetd serve"), "{shown}");
        assert!(shown.contains(path.to_str().unwrap()), "{shown}");
    }

    #[tokio::test]
    async fn a_connection_that_is_closed_is_not_taken_for_a_missing_daemon() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let client = Client::new(Address::Unix(path));
        // Closed at once, after the head, and in the middle of a request that is too long to be
        // sent in one go.
        for (read, sent) in [(0, 10), (1, 10), (1000, 8 << 20)] {
            let params = json!({"text": "x".repeat(sent)});
            let call = client.call_raw("x", &params);
            let serve = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = vec![0; read];
                stream.read_exact(&mut bytes).await.unwrap();
            };
            let (error, ()) = tokio::join!(call, serve);
            let error = error.unwrap_err();
            assert!(matches!(error, ClientError::Closed), "{read}: {error:?}");
        }
    }

    /// A daemon that has read enough answers, and reads no further.
    #[tokio::test]
    async fn a_refusal_that_comes_while_the_request_is_sent_is_told_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let client = Client::new(Address::Unix(path));
        let params = json!({"text": "x".repeat(16 << 20)});
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 1000]).await.unwrap();
            let answer = b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        };
        let (error, ()) = tokio::join!(client.call_raw("x", &params), serve);
        let error = error.unwrap_err();
        assert!(error.to_string().contains("send less at once"), "{error:?}");
    }

    #[test]
    fn a_socket_of_another_user_is_not_taken_for_a_missing_daemon() {
        let error = ClientError::Connect {
            address: "/run/x".to_owned(),
            cause: std::io::ErrorKind::PermissionDenied.into(),
        };
        assert!(!error.to_string().contains("ratchetd serve"), "{error}");
    }
}
