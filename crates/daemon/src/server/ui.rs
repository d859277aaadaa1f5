//! `GET /ui`: a page that shows what the daemon holds, and changes nothing. `clients/typescript/ui`
//! builds it.

use std::net::SocketAddr;

use axum::{
    extract::State,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    response::{IntoResponse as _, Response},
};

use super::{App, errors::Refusal};

/// Where the page is.
pub(super) const PATH: &str = "/ui";
/// The page, with its script and style. It is the same in every daemon: nothing of this one is in
/// it.
const PAGE: &str = include_str!("../../ui/page.html");
/// What comes with the page. Its script and style run by their hashes, and nothing else does; it
/// may ask this daemon alone, stands in no frame, and is kept nowhere.
const HEADERS: [(HeaderName, &str); 8] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CONTENT_SECURITY_POLICY, include_str!("../../ui/policy.txt")),
    (X_FRAME_OPTIONS, "DENY"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Whether the page can be served with this TCP listener.
///
/// # Errors
/// One line: a browser reaches no Unix socket, and people type the token into the page, which must
/// not go over a network in clear.
pub(super) fn check(tcp: Option<SocketAddr>) -> Result<(), String> {
    match tcp {
        Some(address) if address.ip().is_loopback() => Ok(()),
        Some(address) => Err(format!(
            "rpc.ui (--ui): other machines can reach {address}, and the token is typed into the page: listen on 127.0.0.1, and forward a port to it"
        )),
        None => Err(
            "rpc.ui (--ui): a browser reaches the page over TCP alone: add --http 127.0.0.1:8645"
                .to_owned(),
        ),
    }
}

pub(super) async fn page(State(app): State<App>) -> Response {
    if app.rpc.ui {
        (HEADERS, PAGE).into_response()
    } else {
        Refusal::NoPage.into_response()
    }
}
