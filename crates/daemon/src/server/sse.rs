//! `GET /events`: events as they come, as server-sent events.

use std::{
    convert::Infallible,
    fmt::Write as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Bytes, Frame},
    header::{self, HeaderValue},
};
use jsonrpsee::server::{HttpBody, HttpResponse};
use rpc::{
    ErrorKind, Params as _, RpcError,
    methods::SubscribeParams,
    params::{Cursor, Fields},
    types::EventInfo,
};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{Shared, errors::refused_with};
use crate::accounts::events::{AT_ONCE, Reader};

/// A silent stream carries a comment this often: proxies keep it open, and a client that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The header in which a client that comes back names the last event it had.
const LAST_EVENT_ID: &str = "last-event-id";

/// Answers the request if it is for the stream.
pub(super) fn answer<B>(shared: &Shared, request: &Request<B>) -> Option<HttpResponse> {
    if request.method() != Method::GET || request.uri().path() != "/events" {
        return None;
    }
    let query = request.uri().query().unwrap_or_default();
    let reader = params(query, request.headers()).and_then(|params| shared.daemon.reader(params));
    Some(match reader {
        Ok(reader) => streamed(Stream::start(reader, KEEP_ALIVE)),
        Err(error) => refused_with(StatusCode::BAD_REQUEST, &error),
    })
}

fn streamed(stream: Stream) -> HttpResponse {
    let mut response = Response::new(HttpBody::new(stream));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// The parameters of `event_subscribe`, from a query. What a client that comes back says of itself counts more.
fn params(query: &str, headers: &HeaderMap) -> Result<SubscribeParams, RpcError> {
    let mut members = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let value = match value.parse::<u64>() {
            _ if value.is_empty() => Value::Null,
            Ok(number) if name == "after" => number.into(),
            _ => value.into(),
        };
        // Member by member: a name that stands twice is to be seen.
        members.push(format!("{}:{value}", Value::from(name)));
    }
    let object = format!("{{{}}}", members.join(","));
    let mut params =
        Fields::parse(Some(&object), SubscribeParams::FIELDS).and_then(SubscribeParams::read)?;
    if let Some(last) = headers.get(LAST_EVENT_ID).filter(|last| !last.is_empty()) {
        let last = last.to_str().ok().and_then(|last| last.parse().ok());
        params.after = Some(Cursor(last.ok_or_else(|| {
            RpcError::new(ErrorKind::InvalidParams, "expected the number of an event")
                .about(LAST_EVENT_ID)
                .with_hint("give the `id` of the last event that was seen, or leave the header out")
        })?));
    }
    Ok(params)
}

/// Undoes the percent-encoding of a query.
fn decoded(text: &str) -> Result<String, RpcError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let high_and_low = digit().zip(digit());
                let value = high_and_low.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                value.ok_or_else(not_a_query)?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| not_a_query())
}

fn not_a_query() -> RpcError {
    RpcError::new(
        ErrorKind::InvalidParams,
        "the query is not percent-encoded UTF-8",
    )
}

/// The body of the answer. A task of its own reads the events, no faster than they are taken, and ends when
/// this is dropped.
struct Stream(mpsc::Receiver<Bytes>);

impl Stream {
    fn start(reader: Reader, keep_alive: Duration) -> Self {
        let (chunks, body) = mpsc::channel(1);
        tokio::spawn(send(reader, keep_alive, chunks));
        Self(body)
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.0.poll_recv(context);
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

async fn send(mut reader: Reader, keep_alive: Duration, chunks: mpsc::Sender<Bytes>) {
    loop {
        let read = tokio::select! {
            read = tokio::time::timeout(keep_alive, reader.next(AT_ONCE)) => read,
            () = chunks.closed() => return,
        };
        let chunk = match read {
            Ok(Some(Ok(events))) => written(&events),
            Ok(Some(Err(error))) => {
                tracing::warn!(%error, "a stream of events ends");
                return;
            }
            Ok(None) => return,
            // The client comes back with this id: past the events of other accounts, too.
            Err(_) => format!(": still here\nid: {}\n\n", reader.cursor()),
        };
        if chunks.send(chunk.into()).await.is_err() {
            return;
        }
    }
}

fn written(events: &[EventInfo]) -> String {
    let mut text = String::new();
    for event in events {
        // JSON has no line ends of its own.
        let data = serde_json::to_string(event).unwrap_or_default();
        let (id, kind) = (event.seq, event.what.name());
        let _ = write!(text, "id: {id}\nevent: {kind}\ndata: {data}\n\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt as _;
    use rpc::{
        params::AccountFilter,
        types::{EventData, Lagged},
    };
    use session_store::DataDir;

    use super::*;
    use crate::{
        accounts::events::EventHub,
        ops::{clock::Clock, entropy::entropy, metrics::Metrics},
    };

    fn read(
        query: &str,
        last: Option<&'static str>,
    ) -> Result<(Option<String>, Option<u64>), RpcError> {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert(LAST_EVENT_ID, HeaderValue::from_static(last));
        }
        let params = params(query, &headers)?;
        let account = params.account.map(|account| match account {
            AccountFilter::All => "*".to_owned(),
            AccountFilter::One(name) => name.as_str().to_owned(),
        });
        Ok((account, params.after.map(|after| after.0)))
    }

    #[test]
    fn a_query_says_what_the_parameters_of_a_subscription_say() {
        let some = |account: &str, after| (Some(account.to_owned()), after);
        assert_eq!(read("", None), Ok((None, None)));
        assert_eq!(read("account=&after=", None), Ok((None, None)));
        assert_eq!(read("after=7&account=a", None), Ok(some("a", Some(7))));
        assert_eq!(read("account=7", None), Ok(some("7", None)));
        assert_eq!(read("account=%2A&", None), Ok(some("*", None)));
        assert_eq!(read("%61ccount=*&after=%30", None), Ok(some("*", Some(0))));
        assert_eq!(read("after=7", Some("9")), Ok((None, Some(9))));
        assert_eq!(read("after=7", Some("")), Ok((None, Some(7))));
    }

    #[test]
    fn a_query_that_is_wrong_is_blamed_on_what_is_wrong_in_it() {
        for (query, last, field) in [
            ("after=-1", None, Some("after")),
            ("after=x", None, Some("after")),
            ("after=18446744073709551616", None, Some("after")),
            ("account=A", None, Some("account")),
            ("account=a+b", None, Some("account")),
            ("account=a&account=a", None, Some("account")),
            ("bogus", None, Some("bogus")),
            ("\"x\":1=2", None, Some("\"x\":1")),
            ("", Some("x"), Some(LAST_EVENT_ID)),
            ("account=%", None, None),
            ("account=%2", None, None),
            ("account=%2g", None, None),
            ("account=%+1", None, None),
            ("account=%ff", None, None),
        ] {
            let error = read(query, last).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParams, "{query}");
            assert_eq!(error.field.as_deref(), field, "{query}");
        }
    }

    /// Time stands still while the log is read, and passes when there is nothing else to do.
    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_shows_that_it_is_there_and_where() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
        let hub = EventHub::open(
            &data,
            Arc::new(Clock::default()),
            Arc::new(Metrics::new().unwrap()),
        )
        .unwrap();
        let event = EventInfo {
            seq: 0,
            at: 1,
            account: Some("a".to_owned()),
            what: EventData::Lagged(Lagged {
                hint: "one\ntwo".to_owned(),
            }),
        };
        hub.publish_unwritten(event);
        let hub = Arc::new(hub);
        let reader = Reader::new(Arc::clone(&hub), None, 0);
        let mut stream = Stream::start(reader, Duration::from_secs(15));
        let mut next = async || {
            let frame = stream.frame().await?.unwrap();
            Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
        };
        assert_eq!(
            next().await.unwrap(),
            "id: 1\nevent: lagged\ndata: {\"seq\":1,\"at\":1,\"account\":\"a\",\
             \"type\":\"lagged\",\"data\":{\"hint\":\"one\\ntwo\"}}\n\n"
        );
        for _ in 0..2 {
            assert_eq!(next().await.unwrap(), ": still here\nid: 1\n\n");
        }
        hub.stop_waiting();
        while let Some(chunk) = next().await {
            assert!(chunk.starts_with(": "), "{chunk}");
        }
    }
}
