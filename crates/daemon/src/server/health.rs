//! What is asked by plain GET: is it alive, is it ready, where is the token, and, with that, what was counted.

use hyper::{Method, Request, Response, StatusCode, header};
use jsonrpsee::server::{HttpBody, HttpResponse};
use serde_json::{Value, json};

use super::Shared;
use crate::ops::{dev::Dev, metrics::CONTENT_TYPE};

/// Answers the request if it is one that needs no token.
pub(super) async fn answer<B>(shared: &Shared, request: &Request<B>) -> Option<HttpResponse> {
    if request.method() != Method::GET {
        return None;
    }
    match request.uri().path() {
        "/livez" => Some(json_answer(StatusCode::OK, &json!({"status": "ok"}))),
        "/readyz" => Some(ready(shared).await),
        "/auth" => {
            let token_file = shared.token_file.display().to_string();
            Some(json_answer(
                StatusCode::OK,
                &json!({"scheme": "Bearer", "tokenFile": token_file}),
            ))
        }
        _ => None,
    }
}

/// Answers the request if it is for the metrics.
pub(super) async fn metrics<B>(shared: &Shared, request: &Request<B>) -> Option<HttpResponse> {
    if request.method() != Method::GET || request.uri().path() != "/metrics" {
        return None;
    }
    let daemon = std::sync::Arc::clone(&shared.daemon);
    let rendered = tokio::task::spawn_blocking(move || daemon.render_metrics()).await;
    Some(match rendered {
        Ok(Ok(text)) => answer_with(StatusCode::OK, CONTENT_TYPE, HttpBody::from(text)),
        failed => {
            tracing::error!(?failed, "the metrics could not be written");
            answer_with(
                StatusCode::INTERNAL_SERVER_ERROR,
                CONTENT_TYPE,
                HttpBody::empty(),
            )
        }
    })
}

/// Ready means that a real message was just encrypted, stored and read.
async fn ready(shared: &Shared) -> HttpResponse {
    let daemon = std::sync::Arc::clone(&shared.daemon);
    let checked = tokio::task::spawn_blocking(move || daemon.probe.check()).await;
    match checked {
        // That is no reason to be taken for unready, and it is to be seen.
        Ok(Ok(())) if shared.daemon.dev == Dev::OnRealData => json_answer(
            StatusCode::OK,
            &json!({"status": "ok", "devOnRealData": true}),
        ),
        Ok(Ok(())) => json_answer(StatusCode::OK, &json!({"status": "ok"})),
        Ok(Err(reason)) => unready(&reason),
        Err(_) => unready("the check failed inside the daemon"),
    }
}

fn unready(reason: &str) -> HttpResponse {
    json_answer(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({"status": "failing", "reason": reason}),
    )
}

fn json_answer(status: StatusCode, body: &Value) -> HttpResponse {
    answer_with(
        status,
        "application/json",
        HttpBody::from(format!("{body}\n")),
    )
}

fn answer_with(status: StatusCode, media_type: &'static str, body: HttpBody) -> HttpResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let media_type = header::HeaderValue::from_static(media_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    response
}
