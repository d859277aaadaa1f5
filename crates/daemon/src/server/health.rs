//! What is asked by plain GET: is it alive, is it ready, where is the token, and, with that, what
//! was counted.

use axum::{
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::App;
use crate::ops::{dev::Dev, metrics::CONTENT_TYPE};

/// Whether a request is for what needs no token.
pub(super) fn needs_no_token(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && matches!(path, "/livez" | "/readyz" | "/auth")
}

pub(super) async fn livez() -> Response {
    json_answer(StatusCode::OK, &json!({"status": "ok"}))
}

pub(super) async fn auth(State(app): State<App>) -> Response {
    let token_file = app.token_file.display().to_string();
    json_answer(
        StatusCode::OK,
        &json!({"scheme": "Bearer", "tokenFile": token_file}),
    )
}

pub(super) async fn metrics(State(app): State<App>) -> Response {
    let daemon = app.daemon.clone();
    let rendered = tokio::task::spawn_blocking(move || daemon.render_metrics()).await;
    let media_type = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    match rendered {
        Ok(Ok(text)) => (media_type, text).into_response(),
        failed => {
            tracing::error!(?failed, "the metrics could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, media_type).into_response()
        }
    }
}

/// Ready means that a real message was just encrypted, stored and read.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let daemon = app.daemon.clone();
    let checked = tokio::task::spawn_blocking(move || daemon.probe.check()).await;
    match checked {
        // That is no reason to be taken for unready, and it is to be seen.
        Ok(Ok(())) if app.daemon.dev == Dev::OnRealData => json_answer(
            StatusCode::OK,
            &json!({"status": "ok", "devOnRealData": true}),
        ),
        Ok(Ok(())) => json_answer(StatusCode::OK, &json!({"status": "ok"})),
        Ok(Err(reason)) => unready(&reason),
        Err(_) => unready("the check failed inside the daemon"),
    }
}

fn unready(reason: &str) -> Response {
    json_answer(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({"status": "failing", "reason": reason}),
    )
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (status, media_type, format!("{body}\n")).into_response()
}
