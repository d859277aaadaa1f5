//! What is asked by plain GET, without a token: is it alive, is it ready, where is the token.

use hyper::{Method, Request, Response, StatusCode, header};
use jsonrpsee::server::{HttpBody, HttpResponse};
use serde_json::{Value, json};

use super::Shared;

/// Answers the request if it is one of these.
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

/// Ready means that a real message was just encrypted, stored and read.
async fn ready(shared: &Shared) -> HttpResponse {
    let daemon = std::sync::Arc::clone(&shared.daemon);
    let checked = tokio::task::spawn_blocking(move || daemon.probe.check()).await;
    match checked {
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
    let mut response = Response::new(HttpBody::from(format!("{body}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}
