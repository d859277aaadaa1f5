//! The routes, what every answer is given on its way out, and calls by POST.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    extract::{Request, State},
    http::{self, HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get, post},
};

use super::{
    App, Connection, MAX_REQUEST_BYTES,
    auth::{self, Auth, Token, single},
    body, cors,
    errors::{ALL_METHODS, Purpose, Refusal, json},
    health,
    host_origin::{self, HostOrigin},
    sse, ui, websocket,
};

/// The routes of TCP, behind the checks that a request has to pass there. The last layer is the
/// first that sees it.
pub(super) fn tcp_router(app: &App, token: Token) -> Router {
    let auth = Auth::new(token, &app.daemon);
    let allowed = HostOrigin::new(&app.rpc);
    routes(app)
        .layer(from_fn_with_state(Arc::new(auth), auth::check))
        .layer(from_fn(cors::answer))
        .layer(from_fn_with_state(Arc::new(allowed), host_origin::check))
}

/// The routes. On the Unix socket who may connect may call.
pub(super) fn routes(app: &App) -> Router {
    let calls = for_others(post(call).get(websocket::upgrade), Purpose::Calls);
    // A HEAD is answered as a GET, without the body.
    let reads = |handler| for_others(handler, Purpose::Reads);
    Router::new()
        .route("/", calls)
        .route("/livez", reads(get(health::livez)))
        .route("/readyz", reads(get(health::readyz)))
        .route("/auth", reads(get(health::auth)))
        .route("/metrics", reads(get(health::metrics)))
        .route("/events", reads(get(sse::events)))
        .route(ui::PATH, reads(get(ui::page)))
        .fallback(nothing_there)
        .with_state(Arc::clone(app))
}

/// Answers the other methods of a path: which there are, and that this is none of them.
fn for_others(router: MethodRouter<App>, purpose: Purpose) -> MethodRouter<App> {
    router
        .options(async move || allowed(purpose.methods()))
        .fallback(async move || Refusal::Method(purpose))
}

fn allowed(methods: &'static str) -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, methods)]).into_response()
}

async fn nothing_there(method: Method, target: Uri) -> Response {
    if method == Method::OPTIONS && target.path() == "*" {
        return allowed(ALL_METHODS);
    }
    Refusal::Path.into_response()
}

/// What of a request decides whether its connection is used again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    is_post: bool,
    is_chunked: bool,
    has_body: bool,
}

impl Asked {
    pub(super) fn of<B: HttpBody>(request: &http::Request<B>) -> Self {
        Self {
            is_post: request.method() == Method::POST,
            is_chunked: request.headers().contains_key(header::TRANSFER_ENCODING),
            has_body: !request.body().is_end_stream(),
        }
    }

    /// Whether this is an answer to it that did not wait for its body. Calls are answered with
    /// success whatever becomes of them, and nothing else has a use for a body.
    fn is_unread(self, answer: &Response) -> bool {
        self.has_body && !(self.is_post && answer.status().is_success())
    }
}

/// Counts an answer on its way out, and closes connections that are not to be used again: a chunked
/// request may have had a content-length too, on which a proxy before us may have split the bytes in
/// another way, so what comes after it is no request (RFC 9112, 6.1). Behind a body that was not
/// read there is none either. And who has shown no token gives its place back.
pub(super) fn finish(
    app: &App,
    connection: &Connection,
    asked: Asked,
    mut response: Response,
) -> Response {
    app.daemon.metrics.answered(response.status());
    let is_over = asked.is_chunked || asked.is_unread(&response);
    if is_over || connection.place.is_strangers() {
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
