//! What is asked by plain GET: is it alive, is it ready, where is the token, and, with that, what
//! was counted.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{App, Connection, auth::Stranger, ui};
use crate::ops::{dev::Dev, metrics::CONTENT_TYPE};

/// Whether a request is for what needs no token: these, the page, which a browser could not show it
/// for, and which methods a path takes.
pub(super) fn needs_no_token(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => matches!(path, "/livez" | "/readyz" | "/auth" | ui::PATH),
        ref other => other == Method::OPTIONS,
    }
}

pub(super) async fn livez() -> Response {
    json_answer(StatusCode::OK, &json!({"status": "ok"}))
}

/// Where the token is. A path may name a user: to people of other machines it is not told.
pub(super) async fn auth(
    State(app): State<App>,
    Extension(connection): Extension<Arc<Connection>>,
) -> Response {
    let is_told = !app.is_remote || !connection.place.is_strangers();
    let token_file = is_told.then(|| app.token_file.display().to_string());
    json_answer(
        StatusCode::OK,
        &json!({"scheme": "Bearer", "tokenFile": token_file}),
    )
}

pub(super) async fn metrics(State(app): State<App>) -> Response {
    let media_type = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    match app.daemon.render_metrics().await {
        Ok(text) => (media_type, text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, media_type).into_response()
        }
    }
}

/// Ready means that what calls write to can be written, and that a real message was just encrypted,
/// stored and read. What is wrong names accounts and files: a stranger is told that something is.
pub(super) async fn readyz(State(app): State<App>, request: Request) -> Response {
    match Arc::clone(&app.daemon.probe).check().await {
        // That is no reason to be taken for unready, and it is to be seen.
        Ok(()) if app.daemon.dev == Dev::OnRealData => json_answer(
            StatusCode::OK,
            &json!({"status": "ok", "devOnRealData": true}),
        ),
        Ok(()) => json_answer(StatusCode::OK, &json!({"status": "ok"})),
        Err(_) if request.extensions().get::<Stranger>().is_some() => unready(
            "something that calls need cannot be used",
            "ask with the token, or `ratchetd doctor`, which say what",
        ),
        Err(faults) => unready(&faults.to_string(), &faults.hint()),
    }
}

fn unready(reason: &str, hint: &str) -> Response {
    json_answer(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({"status": "failing", "reason": reason, "hint": hint}),
    )
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (status, media_type, format!("{body}\n")).into_response()
}
