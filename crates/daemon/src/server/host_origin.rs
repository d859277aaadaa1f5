//! The `Host` and the `Origin` of a request over TCP: names of this machine against DNS rebinding,
//! allowed origins against pages of other sites.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{auth::single, errors::Refusal};
use crate::config::Rpc;

/// Names under which this machine calls itself.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The layer that asks for both.
#[derive(Debug)]
pub(super) struct HostOrigin {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl HostOrigin {
    pub(super) fn new(rpc: &Rpc) -> Self {
        let lower = |values: &[String]| values.iter().map(|value| value.to_lowercase()).collect();
        Self {
            hosts: lower(&rpc.allowed_hosts),
            origins: lower(&rpc.allowed_origins),
        }
    }

    /// The checks that every request has to pass: `Host`, against DNS rebinding, and `Origin`,
    /// against pages of other sites.
    fn allow<B>(&self, request: &axum::http::Request<B>) -> Result<(), Refusal> {
        let host = single(request.headers(), &header::HOST).ok_or(Refusal::Host)?;
        // A request target with a host of its own counts for more than the header (RFC 9112,
        // 3.2.2).
        let target = request.uri().authority().map(Authority::as_str);
        if !self.is_ours(host) || !target.is_none_or(|target| self.is_ours(target)) {
            return Err(Refusal::Host);
        }
        if request.headers().contains_key(header::ORIGIN) {
            let allowed = single(request.headers(), &header::ORIGIN)
                .map(str::to_lowercase)
                .is_some_and(|origin| self.origins.contains(&origin));
            if !allowed {
                return Err(Refusal::Origin);
            }
        }
        Ok(())
    }

    /// Whether a host, with or without a port, is one of this machine's names.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        let name = without_port(&host);
        LOOPBACK_HOSTS.contains(&name)
            || self
                .hosts
                .iter()
                .any(|allowed| *allowed == host || allowed == name)
    }
}

/// Refuses a request of another host or origin before anything else is looked at.
pub(super) async fn check(
    State(allowed): State<Arc<HostOrigin>>,
    request: Request,
    next: Next,
) -> Response {
    match allowed.allow(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> HostOrigin {
        HostOrigin::new(&Rpc {
            allowed_hosts: vec!["Box.Example".to_owned(), "ratchetd:8645".to_owned()],
            allowed_origins: vec!["https://chat.example".to_owned()],
            ..Rpc::default()
        })
    }

    fn request(headers: &[(&str, &str)]) -> axum::http::Request<()> {
        let mut request = axum::http::Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn hosts_that_are_not_ours_are_refused() {
        for (host, passes) in [
            ("localhost", true),
            ("LOCALHOST:8645", true),
            ("127.0.0.1:1", true),
            ("[::1]:8645", true),
            ("box.example", true),
            ("box.example:99", true),
            ("ratchetd:8645", true),
            ("ratchetd:8646", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:8645", false),
            ("", false),
        ] {
            let checked = allowed().allow(&request(&[("host", host)]));
            assert_eq!(checked.is_ok(), passes, "{host}");
        }
        assert!(allowed().allow(&request(&[])).is_err());
        let twice = request(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(allowed().allow(&twice).is_err());
    }

    #[test]
    fn origins_pass_only_if_they_are_allowed() {
        for (origin, passes) in [
            ("https://chat.example", true),
            ("https://CHAT.example", true),
            ("https://chat.example:444", false),
            ("http://chat.example", false),
            ("https://chat.example.evil", false),
            ("null", false),
            ("", false),
        ] {
            let request = request(&[("host", "localhost"), ("origin", origin)]);
            assert_eq!(allowed().allow(&request).is_ok(), passes, "{origin}");
        }
    }
}
