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

/// Why a request is refused before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its `Host` is none of ours.
    Host,
    /// The page that sent it is of no allowed origin.
    Origin,
    /// It has not the token.
    Token,
    /// It has the token, and as many connections of such as may be are open.
    Places,
    /// What waits already has all the room there is.
    Busy,
    /// There is nothing at its path.
    Path,
    /// It is no POST.
    Method,
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
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Places | Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Handshake | Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// What is wrong, and what to do. It tells a stranger nothing that the documents do not; who
    /// lacks the token is told nothing.
    fn error(self) -> Option<RpcError> {
        let (message, hint) = match self {
            Self::Host => (
                "the Host of the request is not a name of this machine",
                "call http://localhost or http://127.0.0.1, or list the name in rpc.allowed_hosts",
            ),
            Self::Origin => (
                "pages of this origin may not call",
                "list the page's origin in rpc.allowed_origins",
            ),
            Self::Token => return None,
            Self::Places => (
                "as many connections are open as may be",
                "nothing was done: close some that you do not need, or raise rpc.max_connections",
            ),
            Self::Busy => (NO_ROOM, ErrorKind::Busy.hint()),
            Self::Path => (
                "there is nothing at this path",
                "POST calls to /; GET has /livez, /readyz, /auth, /events and /metrics",
            ),
            Self::Method => (
                "calls are sent by POST",
                "POST a JSON-RPC request to /, or GET it with the headers of a WebSocket's handshake",
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
                    "send less at once: a payload is at most 1 MiB, a wire message 4 MiB, and a batch may be sent in parts",
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
        Some(RpcError::new(kind, message).with_hint(hint))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Some(error) = self.error() else {
            return self.status().into_response();
        };
        let mut response = refused_with(self.status(), &error);
        if self == Self::Method {
            let post = HeaderValue::from_static("POST");
            response.headers_mut().insert(header::ALLOW, post);
        }
        response
    }
}

/// A refusal with an error in its body, as JSON-RPC has it.
pub(super) fn refused_with(status: StatusCode, error: &RpcError) -> Response {
    json(status, failed(Id::Null, error).into_json().get().to_owned())
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

    /// All but the two whose errors are those of their kind, or none.
    const REFUSED: [Refusal; 10] = [
        Refusal::Host,
        Refusal::Origin,
        Refusal::Places,
        Refusal::Path,
        Refusal::Method,
        Refusal::ContentType,
        Refusal::Handshake,
        Refusal::TooLarge,
        Refusal::Slow,
        Refusal::BrokenOff,
    ];

    #[test]
    fn every_status_of_a_refusal_is_counted_from_zero_and_there_are_no_others() {
        let all = REFUSED.iter().chain(&[Refusal::Token, Refusal::Busy]);
        let statuses: BTreeSet<StatusCode> = all.map(|refusal| refusal.status()).collect();
        assert_eq!(statuses, REFUSALS.into());
    }

    #[test]
    fn every_refusal_but_one_says_what_to_do() {
        for refusal in REFUSED {
            let error = refusal.error().unwrap();
            assert_ne!(error.hint, error.kind.hint(), "{refusal:?}");
        }
        assert_eq!(Refusal::Token.error(), None);
    }
}
