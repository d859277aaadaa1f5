//! The routes, what every answer is given on its way out, and calls by POST.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use super::{
    App, Connection, MAX_REQUEST_BYTES,
    auth::{self, Auth, Token, single},
    body, cors,
    errors::{Refusal, json},
    health,
    host_origin::{self, HostOrigin},
    sse, websocket,
};

/// The routes of TCP, behind the checks that a request has to pass there. The last layer is the
/// first that sees it.
pub(super) fn tcp_router(app: &App, token: Token) -> Router {
    let auth = Auth::new(token, Arc::clone(&app.daemon.metrics));
    let allowed = HostOrigin::new(&app.rpc);
    routes(app)
        .layer(from_fn_with_state(Arc::new(auth), auth::check))
        .layer(cors::layer())
        .layer(from_fn_with_state(Arc::new(allowed), host_origin::check))
}

/// The routes. On the Unix socket who may connect may call.
pub(super) fn routes(app: &App) -> Router {
    let only_get = |handler: axum::routing::MethodRouter<App>| handler.fallback(nothing_there);
    Router::new()
        .route("/", post(call).get(websocket::upgrade).fallback(not_posted))
        .route("/livez", only_get(get(health::livez)))
        .route("/readyz", only_get(get(health::readyz)))
        .route("/auth", only_get(get(health::auth)))
        .route("/metrics", only_get(get(health::metrics)))
        .route("/events", only_get(get(sse::events)))
        .fallback(nothing_there)
        .with_state(Arc::clone(app))
}

async fn nothing_there() -> Refusal {
    Refusal::Path
}

async fn not_posted() -> Refusal {
    Refusal::Method
}

/// Counts an answer on its way out, and closes connections that are not to be used again: a chunked
/// request may have had a content-length too, on which a proxy before us may have split the bytes in
/// another way, so what comes after it is no request (RFC 9112, 6.1). And who has shown no token
/// gives its place back.
pub(super) fn finish(
    app: &App,
    connection: &Connection,
    is_chunked: bool,
    mut response: Response,
) -> Response {
    app.daemon.metrics.answered(response.status());
    if is_chunked || connection.place.is_strangers() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// `POST /`: a request or a batch.
async fn call(State(app): State<App>, request: Request) -> Response {
    if !is_json(request.headers()) {
        return Refusal::ContentType.into_response();
    }
    let timeout = Duration::from_secs(app.rpc.body_timeout_s);
    let budget = &app.daemon.budget;
    match body::whole(request.into_body(), MAX_REQUEST_BYTES, timeout, budget).await {
        Ok((body, room)) => match app.json_rpc.answer(body, room, None).await {
            // It has its room until it is written.
            Some(answer) => json(StatusCode::OK, Bytes::from_owner(answer)),
            None => StatusCode::NO_CONTENT.into_response(),
        },
        Err(refusal) => refusal.into_response(),
    }
}

/// Whether the body is said to be JSON: what a form of another site cannot say.
fn is_json(headers: &HeaderMap) -> bool {
    single(headers, &header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_taken() {
        let taken = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        assert!(taken("application/json") && taken("Application/JSON; charset=utf-8"));
        for simple in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "application/jsonx",
        ] {
            assert!(!taken(simple), "{simple}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
