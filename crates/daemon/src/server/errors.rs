//! Requests that never come to be JSON-RPC: what is answered to them, and what that says to do.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jsonrpsee::types::Id;
use rpc::{ErrorKind, RpcError};

use super::{MAX_REQUEST_BYTES, json_rpc::failed};

/// Said of a request for which the budget has no room.
pub(super) const NO_ROOM: &str =
    "the requests and answers that are under way have all the room there is";
/// The methods of every path together, for `OPTIONS *`.
pub(super) const ALL_METHODS: &str = "GET, HEAD, OPTIONS, POST";

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Calls are posted to it. It is also where WebSockets are opened, by a GET that is no read.
    Calls,
    /// It is read.
    Reads,
}

impl Purpose {
    /// The methods that it takes, for the header `allow`.
    pub(super) const fn methods(self) -> &'static str {
        match self {
            Self::Calls => "OPTIONS, POST",
            Self::Reads => "GET, HEAD, OPTIONS",
        }
    }
}

/// Why a request is refused before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its `Host` is none of ours.
    Host,
    /// The page that sent it is of no allowed origin: this one, cut to a length fit for an error.
    Origin(String),
    /// It came on the socket, from a process of another user.
    Peer,
    /// It has no token.
    NoToken,
    /// It has a token that is not ours.
    WrongToken,
    /// It has a ticket in place of the token, which is none, used or over.
    Ticket,
    /// As many connections of such as may call are open as may be.
    Places,
    /// What waits already has all the room there is.
    Busy,
    /// There is nothing at its path.
    Path,
    /// The page that it asks for is not served.
    NoPage,
    /// Its path takes other methods.
    Method(Purpose),
    /// It says of its body that it is no JSON.
    ContentType,
    /// It asks for a WebSocket, and leaves out what belongs to that.
    Handshake,
    /// Its body is over the limit.
    TooLarge,
    /// Its body did not come in time.
    Slow,
    /// Its body broke off.
    BrokenOff,
}

impl Refusal {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Host | Self::Origin(_) | Self::Peer => StatusCode::FORBIDDEN,
            Self::NoToken | Self::WrongToken | Self::Ticket => StatusCode::UNAUTHORIZED,
            Self::Places | Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Path | Self::NoPage => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Handshake | Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// What is wrong, and what to do. It tells a stranger nothing that the documents do not: of
    /// the token's file its usual name and not its path, in which a user may be named.
    pub(super) fn error(&self) -> RpcError {
        let (message, hint) = match self {
            Self::Host => (
                "the Host of the request is not a name of this machine",
                "call http://localhost or http://127.0.0.1, or list the name in rpc.allowed_hosts",
            ),
            Self::Origin(origin) => return foreign(origin),
            Self::Peer => (
                "processes of this user may not call",
                "call as the daemon's own user, or list the number of this one in rpc.allowed_uids",
            ),
            Self::NoToken => (
                "the request has no token",
                "send the header `authorization: Bearer TOKEN`: the token is in rpc.token in the daemon's data directory, or in the file of --token-file",
            ),
            Self::WrongToken => (
                "the token is wrong",
                "read it again: it is in rpc.token in the daemon's data directory, or in the file of --token-file",
            ),
            Self::Ticket => (
                "the ticket is used or over, or was none",
                "a ticket opens one stream, soon after it was made: call event_ticket for another, and go on after the last event with `after`",
            ),
            Self::Places => (
                "as many connections are open as may be",
                "nothing was done: close some that you do not need, or raise rpc.max_connections",
            ),
            Self::Busy => (NO_ROOM, ErrorKind::Busy.hint()),
            Self::Path => (
                "there is nothing at this path",
                "POST calls to /; GET has /livez, /readyz, /auth, /events and /metrics",
            ),
            Self::NoPage => (
                "this daemon serves no page",
                "start it with --ui and --http 127.0.0.1:8645, or with `ui = true` below [rpc]",
            ),
            Self::Method(Purpose::Calls) => (
                "calls are sent by POST",
                "POST a JSON-RPC request to /, or GET it with the headers of a WebSocket's handshake",
            ),
            Self::Method(Purpose::Reads) => (
                "this path is read by GET",
                "GET it, or POST a JSON-RPC request to /",
            ),
            Self::ContentType => (
                "the content-type is not application/json",
                "send the header `content-type: application/json`: curl -H 'content-type: application/json' …",
            ),
            Self::Handshake => (
                "the WebSocket's handshake is not whole",
                "it needs `sec-websocket-version: 13` and a `sec-websocket-key` of 16 bytes in base64",
            ),
            Self::TooLarge => {
                const { assert!(MAX_REQUEST_BYTES == 10 << 20) };
                (
                    "the request is larger than 10 MiB",
                    "the same again is refused again: send less at once; a payload is at most 1 MiB, a wire message 4 MiB, and a batch may be sent in parts",
                )
            }
            Self::Slow => (
                "the body of the request did not come in time",
                "send as many bytes as content-length says, within rpc.body_timeout_s",
            ),
            Self::BrokenOff => (
                "the body of the request broke off",
                "send as many bytes as content-length says, or whole chunks",
            ),
        };
        let kind = match self {
            Self::Places | Self::Busy => ErrorKind::Busy,
            _ => ErrorKind::InvalidRequest,
        };
        RpcError::new(kind, message).with_hint(hint)
    }

    /// The whole answer as it goes over a connection, which is closed then.
    pub(super) fn to_http(&self) -> String {
        let (status, body) = (self.status(), text(&self.error()));
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    }
}

/// The error for a page of this origin.
fn foreign(origin: &str) -> RpcError {
    let message = format!("pages of the origin {origin:?} may not call");
    // What pages of files and in sandboxes have cannot be told apart.
    let hint = if origin == "null" {
        "serve the page by http or https, from an origin that can be allowed with --allow-origin or rpc.allowed_origins".to_owned()
    } else {
        "if the page is yours, start the daemon with --allow-origin and this origin, or list it in rpc.allowed_origins; trying again is of no use until then".to_owned()
    };
    RpcError::new(ErrorKind::InvalidRequest, message).with_hint(hint)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = refused_with(self.status(), &self.error());
        let more = match self {
            Self::Method(purpose) => Some((header::ALLOW, purpose.methods())),
            Self::NoToken => Some((header::WWW_AUTHENTICATE, "Bearer realm=\"ratchetd\"")),
            Self::WrongToken | Self::Ticket => Some((
                header::WWW_AUTHENTICATE,
                "Bearer realm=\"ratchetd\", error=\"invalid_token\"",
            )),
            _ => None,
        };
        if let Some((name, value)) = more {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A refusal with an error in its body, as JSON-RPC has it.
pub(super) fn refused_with(status: StatusCode, error: &RpcError) -> Response {
    json(status, text(error))
}

fn text(error: &RpcError) -> String {
    failed(Id::Null, error).into_json().get().to_owned()
}

/// An answer of JSON.
pub(super) fn json(status: StatusCode, text: impl Into<Body>) -> Response {
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (status, media_type, text.into()).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ops::metrics::REFUSALS;

    /// All but the one whose error is that of its kind.
    fn refused() -> [Refusal; 17] {
        [
            Refusal::Host,
            Refusal::Origin("https://chat.example".to_owned()),
            Refusal::Origin("null".to_owned()),
            Refusal::Peer,
            Refusal::NoToken,
            Refusal::WrongToken,
            Refusal::Ticket,
            Refusal::Places,
            Refusal::Path,
            Refusal::NoPage,
            Refusal::Method(Purpose::Calls),
            Refusal::Method(Purpose::Reads),
            Refusal::ContentType,
            Refusal::Handshake,
            Refusal::TooLarge,
            Refusal::Slow,
            Refusal::BrokenOff,
        ]
    }

    #[test]
    fn every_status_of_a_refusal_is_counted_from_zero_and_there_are_no_others() {
        let refused = refused();
        let all = refused.iter().chain(&[Refusal::Busy]);
        let statuses: BTreeSet<StatusCode> = all.map(|refusal| refusal.status()).collect();
        assert_eq!(statuses, REFUSALS.into());
    }

    #[test]
    fn every_refusal_says_what_to_do_and_where_the_token_is_without_its_path() {
        for refusal in refused() {
            let error = refusal.error();
            assert_ne!(error.hint, error.kind.hint(), "{refusal:?}");
            let named = error
                .hint
                .contains("rpc.token in the daemon's data directory");
            let about_token = matches!(refusal, Refusal::NoToken | Refusal::WrongToken);
            assert_eq!(named, about_token, "{refusal:?}");
        }
        assert_eq!(Refusal::Busy.error().hint, ErrorKind::Busy.hint());
    }

    #[test]
    fn an_answer_written_by_hand_is_http() {
        let text = Refusal::Places.to_http();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
            "{head}"
        );
        let length = format!("content-length: {}", body.len());
        assert!(head.lines().any(|line| line == length), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["data"]["kind"], "busy");
    }
}
