//! Pages of allowed origins: what a browser has to be told before it lets them call and read (Fetch
//! standard, CORS). Who may call is decided by the other layers alone.

use std::time::Duration;

use axum::http::{
    HeaderName, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(600);
/// The header in which an `EventSource` names the last event it had.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static(super::sse::LAST_EVENT_ID);

/// The layer that answers `OPTIONS` and marks answers as readable. It stands behind the check of
/// the origin: whoever comes here may read.
pub(super) fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, LAST_EVENT_ID])
        .allow_private_network(true)
        .max_age(MAX_AGE)
        .vary([ORIGIN])
}
