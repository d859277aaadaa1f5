//! Errors that the JSON-RPC library makes itself get the same `data` as ours.

use std::{collections::HashSet, future::Future, sync::Arc, time::Instant};

use http_body_util::BodyExt as _;
use hyper::{Response, StatusCode, body::Body as _, header};
use jsonrpsee::{
    MethodResponse,
    core::middleware::{Batch, BatchEntry, BatchEntryErr, Notification},
    server::{HttpBody, middleware::rpc::RpcServiceT},
    types::{Id, Request},
};
use rpc::{Kind, RpcError};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{guarded::Flow, subscriptions};
use crate::{
    api::error_object,
    metrics::{Metrics, UNKNOWN},
};

/// Bodies of the library's own errors are shorter than this.
const MAX_ERROR_BYTES: u64 = 512;

/// What the library answers to notifications, which are to have no answer.
const NO_ANSWER: &[u8] = b"null";

/// Names unknown methods, malformed members of batches and misplaced subscriptions properly.
#[derive(Clone, Debug)]
pub(super) struct NamedErrors<S> {
    pub(super) inner: S,
    pub(super) methods: Arc<HashSet<&'static str>>,
    pub(super) websocket: bool,
    /// One for each call that may be running on this connection.
    pub(super) places: Arc<Semaphore>,
    /// Is told of messages that get no answer.
    pub(super) flow: Arc<Flow>,
    /// Calls are counted where they are run; here, those that are not.
    pub(super) metrics: Arc<Metrics>,
}

fn too_many_calls() -> RpcError {
    RpcError::new(Kind::Busy, "too many calls are running on this WebSocket")
}

fn method_not_found(name: &str) -> RpcError {
    const MAX_SHOWN_CHARS: usize = 64;
    let shown: String = name.chars().take(MAX_SHOWN_CHARS).collect();
    RpcError::new(
        Kind::MethodNotFound,
        format!("there is no method {shown:?}"),
    )
}

impl<S> RpcServiceT for NamedErrors<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Send
        + Sync
        + Clone
        + 'static,
{
    type MethodResponse = MethodResponse;
    type BatchResponse = MethodResponse;
    type NotificationResponse = MethodResponse;

    fn call<'a>(
        &self,
        mut request: Request<'a>,
    ) -> impl Future<Output = Self::MethodResponse> + Send + 'a {
        let method = self.methods.get(request.method_name()).copied();
        let subscribes = method.is_some_and(subscriptions::is_one);
        let refused = match method {
            None => Some(method_not_found(request.method_name())),
            Some(method) if subscribes && !self.websocket => Some(subscriptions::misplaced(method)),
            Some(_) => subscriptions::tidy(&mut request).err(),
        };
        let (inner, metrics) = (self.inner.clone(), Arc::clone(&self.metrics));
        let place = Arc::clone(&self.places).try_acquire_owned();
        async move {
            let refused = refused.or_else(|| place.is_err().then(too_many_calls));
            if let Some(error) = refused {
                metrics.called(method.unwrap_or(UNKNOWN), Some(error.kind));
                return MethodResponse::error(request.id, error_object(&error));
            }
            let id = request.id.clone();
            let began = Instant::now();
            let response = inner.call(request).await;
            let refused = subscriptions::refusal(&response);
            if let Some(method) = method.filter(|_| subscribes) {
                let error = match &refused {
                    Some(error) => Some(error.kind),
                    None => response.as_error_code().map(Kind::of_code),
                };
                metrics.called(method, error);
                metrics.call_took(method, began.elapsed());
            }
            match refused {
                Some(error) => MethodResponse::error(id, error_object(&error)),
                None => response,
            }
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = Self::BatchResponse> + Send + 'a {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let refused = |id, method: Option<&'static str>, error: RpcError| {
            if place.is_ok() {
                self.metrics
                    .called(method.unwrap_or(UNKNOWN), Some(error.kind));
            }
            Err(BatchEntryErr::new(id, error_object(&error)))
        };
        let entries = batch
            .into_iter()
            .map(|entry| match entry {
                Ok(BatchEntry::Call(call)) => match self.methods.get(call.method_name()) {
                    None => {
                        let error = method_not_found(call.method_name());
                        refused(call.id, None, error)
                    }
                    Some(method) if subscriptions::is_one(method) => {
                        refused(call.id, Some(method), subscriptions::misplaced(method))
                    }
                    Some(_) => Ok(BatchEntry::Call(call)),
                },
                Ok(entry) => Ok(entry),
                Err(malformed) => {
                    let (_, id) = malformed.into_parts();
                    let error = RpcError::new(Kind::InvalidRequest, "not a JSON-RPC request");
                    refused(id, None, error)
                }
            })
            .collect::<Vec<_>>();
        let (inner, flow) = (self.inner.clone(), Arc::clone(&self.flow));
        let metrics = Arc::clone(&self.metrics);
        async move {
            let Ok(_place) = place else {
                let error = too_many_calls();
                metrics.called(UNKNOWN, Some(error.kind));
                return MethodResponse::error(Id::Null, error_object(&error));
            };
            let response = inner.batch(Batch::from(entries)).await;
            if response.is_notification() {
                flow.answered();
            }
            response
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        self.flow.answered();
        self.inner.notification(notification)
    }
}

/// The refusal of a request over the limit, with an error for whoever reads it.
pub(super) fn too_large() -> Response<HttpBody> {
    let error = RpcError::new(Kind::InvalidRequest, "the request is too large");
    refused_with(StatusCode::PAYLOAD_TOO_LARGE, &error)
}

/// A refusal with an error in its body, as JSON-RPC has it.
pub(super) fn refused_with(status: StatusCode, error: &RpcError) -> Response<HttpBody> {
    let error = error_object(error);
    let answer = serde_json::json!({"jsonrpc": "2.0", "id": null, "error": error});
    let mut response = Response::new(HttpBody::from(answer.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

/// Requests that are not even JSON-RPC are answered before any method is looked up; their errors get their `data`
/// here. Notifications get no content.
pub(super) async fn with_data(
    response: Response<HttpBody>,
    metrics: &Metrics,
) -> Response<HttpBody> {
    let short = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|bytes| bytes <= MAX_ERROR_BYTES);
    if !short {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(parts, HttpBody::empty());
    };
    let body = body.to_bytes();
    if body.as_ref() == NO_ANSWER {
        let mut response = Response::new(HttpBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    match add_data(&body) {
        Some((kind, completed)) => {
            metrics.called(UNKNOWN, Some(kind));
            let mut parts = parts;
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, HttpBody::from(completed))
        }
        None => Response::from_parts(parts, HttpBody::from(body.to_vec())),
    }
}

/// The kind and the answer with `error.data` complete, if it is an error that lacks it.
fn add_data(body: &[u8]) -> Option<(Kind, Vec<u8>)> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let error = answer.get_mut("error")?.as_object_mut()?;
    if error
        .get("data")
        .is_some_and(|data| data.get("kind").is_some())
    {
        return None;
    }
    let code = error.get("code")?.as_i64()?;
    let kind = if code == i64::from(Kind::ParseError.code()) {
        Kind::ParseError
    } else {
        Kind::InvalidRequest
    };
    error.insert("code".to_owned(), kind.code().into());
    let data = RpcError::new(kind, "").data();
    error.insert("data".to_owned(), serde_json::to_value(data).ok()?);
    Some((kind, serde_json::to_vec(&answer).ok()?))
}
