//! The bearer token: who shows it may call. Checked on every request over TCP before a byte of its
//! body is read.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap,
        header::{self, HeaderName},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use rand_core::Rng as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Connection, errors::Refusal, health, sse, websocket};
use crate::{
    api::{Daemon, event_tickets::EventTickets},
    ops::{
        entropy::entropy,
        metrics::{Listener, Metrics, TurnedAway},
    },
};

/// Random bytes of a token: 256 bits, written as hex.
const TOKEN_BYTES: usize = 32;
/// A token shorter than this can be guessed.
const MIN_TOKEN_CHARS: usize = 16;
/// A token file holds one line.
const MAX_TOKEN_FILE_BYTES: u64 = 4096;
/// What stands before the token where it is offered as a subprotocol of a WebSocket.
const TOKEN_OFFER: &str = "ratchetd.bearer.";

/// The layer that asks for the token.
#[derive(Debug)]
pub(super) struct Auth {
    token: Token,
    tickets: Arc<EventTickets>,
    metrics: Arc<Metrics>,
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
            // Under its name only when it is whole: a power cut leaves no half of a token. tempfile
            // makes files 0600.
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))
                .map_err(|error| wrong(&error))?;
            file.write_all(token.as_bytes())
                .and_then(|()| file.write_all(b"\n"))
                .and_then(|()| file.as_file().sync_all())
                .map_err(|error| wrong(&error))?;
            match file.persist_noclobber(path) {
                Ok(_) => return Ok(Self(token)),
                // A daemon that has the same file, and was started in the same moment.
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(wrong(&error.error)),
            }
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

impl Auth {
    pub(super) fn new(token: Token, daemon: &Daemon) -> Self {
        Self {
            token,
            tickets: Arc::clone(&daemon.event_tickets),
            metrics: Arc::clone(&daemon.metrics),
        }
    }

    /// Whether the request may go on: it needs the token, and its connection one of the places of
    /// those that have it.
    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        self.check(request)?;
        let connection = request.extensions().get::<Arc<Connection>>();
        if connection.is_some_and(|connection| connection.place.may_call()) {
            return Ok(());
        }
        self.metrics.turned_away(Listener::Tcp, TurnedAway::Limit);
        Err(Refusal::Places)
    }

    /// The token, or what stands for it once: an `EventSource` of a page has no headers to put a
    /// token into.
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let ticket = sse::ticket(request).filter(|_| !headers.contains_key(header::AUTHORIZATION));
        match ticket {
            Some(ticket) if self.tickets.redeem(&ticket) => Ok(()),
            Some(_) => Err(Refusal::Ticket),
            None => {
                let is_upgrade = websocket::is_asked_for(request.method(), headers);
                self.check_token(headers, is_upgrade)
            }
        }
    }

    /// The bearer token: in its header, or, since pages cannot set that on a WebSocket, among the
    /// subprotocols it offers.
    fn check_token(&self, headers: &HeaderMap, is_upgrade: bool) -> Result<(), Refusal> {
        let has_header = headers.contains_key(header::AUTHORIZATION);
        let presented = if has_header || !is_upgrade {
            single(headers, &header::AUTHORIZATION).and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then_some(token)
            })
        } else {
            offered(headers).find_map(|offer| offer.strip_prefix(TOKEN_OFFER))
        };
        let refusal = if has_header || presented.is_some() {
            Refusal::WrongToken
        } else {
            Refusal::NoToken
        };
        presented
            .filter(|token| self.token.is(token.trim()))
            .map(|_| ())
            .ok_or(refusal)
    }
}

/// Lets a request pass that has the token, or that needs none. One that needs none and has it gets
/// its connection a place among those that may call all the same.
pub(super) async fn check(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(refusal) = auth.admit(&request) {
        if !health::needs_no_token(request.method(), request.uri().path()) {
            return refusal.into_response();
        }
        request.extensions_mut().insert(Stranger);
    }
    next.run(request).await
}

/// Marks a request that needs no token and has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stranger;

/// The subprotocols that a WebSocket offers.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    single(headers, &header::SEC_WEBSOCKET_PROTOCOL)
        .into_iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// The value of a header that stands exactly once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn auth() -> Auth {
        Auth {
            token: Token(Zeroizing::new(TOKEN.to_owned())),
            tickets: Arc::new(EventTickets::new(Arc::default())),
            metrics: Arc::new(Metrics::new().unwrap()),
        }
    }

    #[test]
    fn the_token_shows_nothing() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains(TOKEN), "{shown}");
        }
        shows_nothing::<Token>(&Token(Zeroizing::new(TOKEN.to_owned())));
        shows_nothing::<Auth>(&auth());
    }

    #[test]
    fn only_the_token_passes() {
        let bearer = format!("Bearer {TOKEN}");
        let passes = |lines: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, value.parse().unwrap());
            }
            auth().check_token(&headers, false).is_ok()
        };
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
    fn daemons_that_make_the_same_token_file_at_once_have_the_same_token() {
        for _ in 0..20 {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("t");
            let together = Barrier::new(4);
            let load = || {
                together.wait();
                Token::load(&path).unwrap()
            };
            let tokens: Vec<Token> = thread::scope(|scope| {
                let loading: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
                loading
                    .into_iter()
                    .map(|loaded| loaded.join().unwrap())
                    .collect()
            });
            let first = tokens.first().unwrap();
            assert!(tokens.iter().all(|token| token.0 == first.0));
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
