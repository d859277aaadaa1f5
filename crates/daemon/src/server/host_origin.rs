//! The `Host` and the `Origin` of a request over TCP: names of this machine against DNS rebinding,
//! allowed origins against pages of other sites.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{self, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use rpc::json::shown;

use super::{auth::single, cors, errors::Refusal};
use crate::config::{Rpc, sources};

/// Names under which this machine calls itself.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// Origins whose refusal is logged, each once: a page cannot flood the log.
const MAX_LOGGED_ORIGINS: usize = 32;

/// The layer that asks for both.
#[derive(Debug)]
pub(super) struct HostOrigin {
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Whether there is a page of our own.
    ui: bool,
    logged: Logged,
}

impl HostOrigin {
    /// What the settings allow, in which names are in lowercase.
    pub(super) fn new(rpc: &Rpc) -> Self {
        Self {
            hosts: rpc.allowed_hosts.clone(),
            origins: rpc.allowed_origins.clone(),
            ui: rpc.ui,
            logged: Logged::default(),
        }
    }

    /// The checks that every request has to pass: `Host`, against DNS rebinding, and `Origin`,
    /// against pages of other sites.
    fn allow<B>(&self, request: &http::Request<B>) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = single(headers, &header::HOST).ok_or(Refusal::Host)?;
        // A request target with a host of its own counts for more than the header (RFC 9112,
        // 3.2.2).
        let target = request.uri().authority().map(Authority::as_str);
        if !self.is_ours(host) || !target.is_none_or(|target| self.is_ours(target)) {
            return Err(Refusal::Host);
        }
        if let Some(origin) = headers.get(header::ORIGIN) {
            let allowed = single(headers, &header::ORIGIN)
                .map(str::to_lowercase)
                .is_some_and(|origin| self.origins.contains(&origin) || self.is_own(host, &origin));
            if !allowed {
                let origin = String::from_utf8_lossy(origin.as_bytes());
                return Err(Refusal::Origin(shown(&origin)));
            }
        }
        Ok(())
    }

    /// Whether this is the origin of our own page, on this machine: that to which the request is
    /// sent. A page cannot choose the `Host` that its browser names, and so be of the same.
    fn is_own(&self, host: &str, origin: &str) -> bool {
        let host = host.to_lowercase();
        self.ui
            && LOOPBACK_HOSTS.contains(&without_port(&host))
            && origin.strip_prefix("http://") == Some(&host)
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
    let refusal = match allowed.allow(&request) {
        Ok(()) => return next.run(request).await,
        Err(refusal) => refusal,
    };
    let Refusal::Origin(origin) = &refusal else {
        return refusal.into_response();
    };
    allowed.logged.log(&named(origin));
    let mut response = refusal.into_response();
    // The page may read that it is refused, and nothing else. It is not told that it may send more
    // than any page may: the question before a call stays without an answer.
    let origin = request.headers().get(header::ORIGIN);
    if let Some(origin) = origin.filter(|_| !cors::is_question(&request)) {
        cors::make_readable(&mut response, origin.clone());
    }
    response
}

/// What the log calls an origin. The header can hold anything, a misplaced secret too: only what
/// has the form of an origin is shown.
fn named(origin: &str) -> String {
    sources::origin(origin).unwrap_or_else(|_| "of no form".to_owned())
}

/// The origins whose refusal was logged.
#[derive(Debug, Default)]
struct Logged(Mutex<BTreeSet<String>>);

impl Logged {
    fn log(&self, origin: &str) {
        let Some(left) = self.take(origin) else {
            return;
        };
        tracing::warn!(
            origin,
            "a page was refused: if it is yours, allow its origin with --allow-origin or in rpc.allowed_origins"
        );
        if left == 0 {
            tracing::warn!("pages of further origins are refused without a line");
        }
    }

    /// Takes note of an origin; how many more may be logged, if this one is to be.
    fn take(&self, origin: &str) -> Option<usize> {
        let mut origins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = MAX_LOGGED_ORIGINS.checked_sub(origins.len() + 1)?;
        origins.insert(origin.to_owned()).then_some(left)
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
            allowed_hosts: vec!["box.example".to_owned(), "ratchetd:8645".to_owned()],
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

    #[test]
    fn our_own_page_passes_on_this_machine_alone_and_only_if_there_is_one() {
        for (host, origin, passes) in [
            ("127.0.0.1:8645", "http://127.0.0.1:8645", true),
            ("LocalHost:9000", "http://localhost:9000", true),
            ("[::1]:8645", "http://[::1]:8645", true),
            // Another server of this machine, and a name that leads here.
            ("127.0.0.1:8645", "http://127.0.0.1:3000", false),
            ("127.0.0.1:8645", "http://localhost:8645", false),
            ("127.0.0.1:8645", "https://127.0.0.1:8645", false),
            ("localhost", "http://localhost:8645", false),
            ("box.example", "http://box.example", false),
        ] {
            let request = request(&[("host", host), ("origin", origin)]);
            assert!(allowed().allow(&request).is_err(), "{origin}");
            let with_page = HostOrigin {
                ui: true,
                ..allowed()
            };
            assert_eq!(with_page.allow(&request).is_ok(), passes, "{origin}");
        }
    }

    #[test]
    fn each_refused_origin_is_logged_once_and_of_very_many_only_some() {
        let logged = Logged::default();
        assert_eq!(logged.take("https://a"), Some(MAX_LOGGED_ORIGINS - 1));
        assert_eq!(logged.take("https://a"), None);
        let lines = (0..10 * MAX_LOGGED_ORIGINS)
            .filter_map(|number| logged.take(&format!("https://{number}")));
        assert_eq!(lines.min(), Some(0));
        assert_eq!(logged.0.lock().unwrap().len(), MAX_LOGGED_ORIGINS);
    }
}
