//! Who may pass: tokens, hosts, origins, content types. Checked on every HTTP request
//! and every WebSocket upgrade, before the JSON-RPC layer sees anything.

use std::{fs, io::Write as _, path::Path};

use hyper::{
    HeaderMap, Method, Request,
    header::{self, HeaderName, HeaderValue},
    http::uri::Authority,
};
use rand_core::Rng as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::errors::Refusal;
use crate::{config::Rpc, ops::entropy::entropy};

/// Random bytes of a token: 256 bits, written as hex.
const TOKEN_BYTES: usize = 32;
/// A token shorter than this can be guessed.
const MIN_TOKEN_CHARS: usize = 16;
/// A token file holds one line.
const MAX_TOKEN_FILE_BYTES: u64 = 4096;

/// What a WebSocket of ours speaks, for clients that want it named.
const SUBPROTOCOL: &str = "ratchetd";
/// What stands before the token where it is offered as a subprotocol.
const TOKEN_OFFER: &str = "ratchetd.bearer.";

/// Names under which this machine calls itself.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The TCP listener's checks.
#[derive(Debug)]
pub(super) struct TcpGate {
    token: Token,
    hosts: Vec<String>,
    origins: Vec<String>,
}

/// A bearer token. Wiped when dropped, never shown.
pub(super) struct Token(Zeroizing<String>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// Reads the token, or makes one at the first start.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let wrong = |cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
        if !path.exists() {
            let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
            entropy().fill_bytes(bytes.as_mut_slice());
            let token = Zeroizing::new(const_hex::encode(bytes.as_slice()));
            // Under its name only when it is whole: a power cut leaves no half of a token. tempfile makes files 0600.
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))
                .map_err(|error| wrong(&error))?;
            file.write_all(token.as_bytes())
                .and_then(|()| file.write_all(b"\n"))
                .and_then(|()| file.as_file().sync_all())
                .map_err(|error| wrong(&error))?;
            file.persist_noclobber(path)
                .map_err(|error| wrong(&error.error))?;
            return Ok(Self(token));
        }
        let size = fs::metadata(path).map_err(|error| wrong(&error))?.len();
        if size > MAX_TOKEN_FILE_BYTES {
            return Err(wrong(&"too large for a token"));
        }
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| wrong(&error))?;
        let token = text.trim();
        if token.len() < MIN_TOKEN_CHARS || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(&format!(
                "a token is one line of at least {MIN_TOKEN_CHARS} printable characters"
            )));
        }
        Ok(Self(Zeroizing::new(token.to_owned())))
    }

    /// Compares in constant time; the length of a token is no secret.
    fn is(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl TcpGate {
    pub(super) fn new(token: Token, rpc: &Rpc) -> Self {
        let lower = |values: &[String]| values.iter().map(|value| value.to_lowercase()).collect();
        Self {
            token,
            hosts: lower(&rpc.allowed_hosts),
            origins: lower(&rpc.allowed_origins),
        }
    }

    /// The checks that every request has to pass: `Host`, against DNS rebinding, and `Origin`, against pages of other sites.
    pub(super) fn check_source<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let host = single(request.headers(), &header::HOST).ok_or(Refusal::Host)?;
        // A request target with a host of its own counts for more than the header (RFC 9112, 3.2.2).
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

    /// The bearer token: in its header, or, since pages cannot set that on a WebSocket, among the subprotocols it offers.
    pub(super) fn check_token<B>(
        &self,
        request: &Request<B>,
        is_upgrade: bool,
    ) -> Result<(), Refusal> {
        let headers = request.headers();
        let presented = if headers.contains_key(header::AUTHORIZATION) || !is_upgrade {
            single(headers, &header::AUTHORIZATION).and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then_some(token)
            })
        } else {
            offered(headers).find_map(|offer| offer.strip_prefix(TOKEN_OFFER))
        };
        presented
            .filter(|token| self.token.is(token.trim()))
            .map(|_| ())
            .ok_or(Refusal::Token)
    }
}

/// The subprotocol that an answer to this upgrade names: ours, if it is offered. A browser wants to see one that it offered.
pub(super) fn subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let ours = offered(headers).any(|offer| offer == SUBPROTOCOL);
    ours.then(|| HeaderValue::from_static(SUBPROTOCOL))
}

/// The subprotocols that a WebSocket offers.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    single(headers, &header::SEC_WEBSOCKET_PROTOCOL)
        .into_iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// What JSON-RPC takes: POST of JSON to `/`, or an upgrade to WebSocket.
pub(super) fn check_form<B>(request: &Request<B>, is_upgrade: bool) -> Result<(), Refusal> {
    if request.uri().path() != "/" {
        return Err(Refusal::Path);
    }
    if is_upgrade {
        return Ok(());
    }
    if request.method() != Method::POST {
        return Err(Refusal::Method);
    }
    let is_json = single(request.headers(), &header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    if is_json {
        Ok(())
    } else {
        Err(Refusal::ContentType)
    }
}

/// The value of a header that stands exactly once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
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

    const TOKEN: &str = "0123456789abcdef";

    fn gate() -> TcpGate {
        TcpGate::new(
            Token(Zeroizing::new(TOKEN.to_owned())),
            &Rpc {
                allowed_hosts: vec!["Box.Example".to_owned(), "ratchetd:8645".to_owned()],
                allowed_origins: vec!["https://chat.example".to_owned()],
                ..Rpc::default()
            },
        )
    }

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::post("/");
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
            let checked = gate().check_source(&request(&[("host", host)]));
            assert_eq!(checked.is_ok(), passes, "{host}");
        }
        assert!(gate().check_source(&request(&[])).is_err());
        let twice = request(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(gate().check_source(&twice).is_err());
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
            assert_eq!(gate().check_source(&request).is_ok(), passes, "{origin}");
        }
    }

    #[test]
    fn the_token_shows_nothing() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains(TOKEN), "{shown}");
        }
        shows_nothing::<Token>(&Token(Zeroizing::new(TOKEN.to_owned())));
        shows_nothing::<TcpGate>(&gate());
    }

    #[test]
    fn only_the_token_passes() {
        let bearer = format!("Bearer {TOKEN}");
        let passes =
            |headers: &[(&str, &str)]| gate().check_token(&request(headers), false).is_ok();
        assert!(passes(&[("authorization", &bearer)]));
        assert!(passes(&[("authorization", &format!("bearer {TOKEN}"))]));
        assert!(!passes(&[]));
        assert!(!passes(&[("authorization", TOKEN)]));
        assert!(!passes(&[("authorization", &format!("Basic {TOKEN}"))]));
        assert!(!passes(&[("authorization", &format!("Bearer {TOKEN}0"))]));
        assert!(!passes(&[("authorization", "Bearer ")]));
        assert!(!passes(&[
            ("authorization", &bearer),
            ("authorization", &bearer)
        ]));
    }

    /// What a comparison takes cannot be measured here: that it is the library's, can.
    #[test]
    fn tokens_are_compared_in_constant_time_and_in_one_place() {
        let (source, _) = include_str!("auth.rs").split_once("#[cfg(test)]").unwrap();
        let (before, rest) = source.split_once("fn is(").unwrap();
        let (body, after) = rest.split_once("\n    }\n").unwrap();
        assert!(body.contains("self.0.as_bytes().ct_eq(presented.as_bytes()).into()"));
        assert!(!body.contains("==") && !body.contains("if "), "{body}");
        let elsewhere = format!("{before}{after}");
        assert_eq!(elsewhere.matches("self.token").count(), 1);
        assert!(elsewhere.contains("self.token.is("));
    }

    #[test]
    fn only_json_posted_to_the_root_is_taken() {
        let check = |method: &str, path: &str, content_type: &str| {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("content-type", content_type)
                .body(())
                .unwrap();
            check_form(&request, false)
        };
        assert_eq!(check("POST", "/", "application/json"), Ok(()));
        assert_eq!(
            check("POST", "/", "Application/JSON; charset=utf-8"),
            Ok(())
        );
        assert_eq!(check("POST", "/x", "application/json"), Err(Refusal::Path));
        assert_eq!(check("PUT", "/", "application/json"), Err(Refusal::Method));
        for simple in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "application/jsonx",
        ] {
            assert_eq!(
                check("POST", "/", simple),
                Err(Refusal::ContentType),
                "{simple}"
            );
        }
    }

    #[test]
    fn a_token_is_made_once_for_us_alone_and_short_ones_are_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t");
        let made = Token::load(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(*Token::load(&path).unwrap().0, *made.0);
        assert_eq!(made.0.len(), 64);
        for bad in ["short", "", "has spaces in it, so it is none"] {
            fs::write(&path, bad).unwrap();
            assert!(Token::load(&path).is_err(), "{bad}");
        }
    }
}
