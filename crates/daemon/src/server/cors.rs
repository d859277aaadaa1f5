//! Pages of allowed origins: what a browser has to be told before it lets them call and read (Fetch
//! standard, CORS). Who may call is decided by the other layers alone.

use axum::{
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
            ORIGIN, VARY,
        },
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// What a page may ask for, and with which headers; `last-event-id` is in which an `EventSource`
/// names the last event it had. A browser need not ask again for ten minutes.
const PERMITTED: [(HeaderName, &str); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, content-type, last-event-id",
    ),
    (ACCESS_CONTROL_MAX_AGE, "600"),
];
/// A browser asks by this whether a page of the internet may reach a machine of the local network.
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// The layer that answers a browser's question before a call, and marks answers as readable. It
/// stands behind the check of the origin: whoever comes here may read.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = if is_question(&request) {
        permission(&request)
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        make_readable(&mut response, origin);
    } else {
        vary(&mut response);
    }
    response
}

/// Whether a browser asks before a call of a page. Any other `OPTIONS` is a request as any other.
pub(super) fn is_question(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn permission(request: &Request) -> Response {
    let mut response = (StatusCode::NO_CONTENT, PERMITTED).into_response();
    if request.headers().contains_key(REQUEST_PRIVATE_NETWORK) {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(ALLOW_PRIVATE_NETWORK, yes);
    }
    response
}

/// Lets pages of this origin read an answer.
pub(super) fn make_readable(response: &mut Response, origin: HeaderValue) {
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    vary(response);
}

/// No cache gives the answer for one origin to another.
fn vary(response: &mut Response) {
    let origin = HeaderValue::from_static("origin");
    response.headers_mut().append(VARY, origin);
}
