//! Pages of allowed origins: what a browser has to be told before it lets them call and read (Fetch standard, CORS).
//!
//! Who may call is decided by the gate alone. A page of an origin that is not allowed is refused before this, and is told
//! nothing.

use hyper::{
    Method, Request, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use jsonrpsee::server::HttpResponse;

use super::{Gate, auth::single, errors::empty};

/// What pages may ask: calls, events, metrics, the state of the daemon.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// What they may send along.
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, last-event-id");
/// How long a browser need not ask again, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// With these a browser asks, and is answered, whether a page of the network may reach this machine.
const ASKS_FOR_LOCAL: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOWS_LOCAL: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The origin of the page that asks over TCP, if it is allowed. On the Unix socket there are no pages.
pub(super) fn origin<B>(gate: &Gate, request: &Request<B>) -> Option<HeaderValue> {
    let Gate::Tcp(tcp) = gate else {
        return None;
    };
    tcp.check_source(request).ok()?;
    single(request.headers(), &header::ORIGIN)?;
    request.headers().get(header::ORIGIN).cloned()
}

/// Answers the question that a browser puts before a call with a token. It carries none itself.
pub(super) fn preflight<B>(gate: &Gate, request: &Request<B>) -> Option<HttpResponse> {
    let asks = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || origin(gate, request).is_none() {
        return None;
    }
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if request.headers().contains_key(ASKS_FOR_LOCAL) {
        headers.insert(ALLOWS_LOCAL, HeaderValue::from_static("true"));
    }
    Some(response)
}

/// Lets a page of this origin, which is allowed, read the answer.
pub(super) fn let_read(page: HeaderValue, response: &mut HttpResponse) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(header::VARY, HeaderValue::from_name(header::ORIGIN));
}
