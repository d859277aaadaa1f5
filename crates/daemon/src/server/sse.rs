//! `GET /events`: events as they come, as server-sent events.

use std::{borrow::Cow, collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    response::{IntoResponse as _, Response, Sse, sse::Event},
};
use futures_util::{Stream, stream::unfold};
use rpc::{
    Params as _, RpcError,
    methods::SubscribeParams,
    params::{Cursor, Fields},
    types::EventInfo,
};
use serde_json::Value;

use super::{App, errors::refused_with};
use crate::accounts::events::{AT_ONCE, Reader};

/// A silent stream carries a comment this often: proxies keep it open, and a client that is gone is
/// noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The header in which a client that comes back names the last event it had.
const LAST_EVENT_ID: &str = "last-event-id";
/// Where the query has a ticket in place of the token.
const TICKET: &str = "ticket";
/// Nobody on the way keeps the stream, holds it back until there is more of it, or packs it; the
/// second is what nginx listens to.
const UNTOUCHED: [(HeaderName, &str); 2] = [
    (header::CACHE_CONTROL, "no-store, no-cache, no-transform"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// Answers with the stream.
pub(super) async fn events(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let reader = params(&query, &headers).and_then(|params| app.daemon.reader(params));
    match reader {
        Ok(reader) => (UNTOUCHED, Sse::new(stream(reader))).into_response(),
        Err(error) => refused_with(StatusCode::BAD_REQUEST, &error),
    }
}

/// The ticket with which a request asks for the stream, if it has one, and only one.
pub(super) fn ticket(request: &Request) -> Option<Cow<'_, str>> {
    if request.method() != Method::GET || request.uri().path() != "/events" {
        return None;
    }
    let query = request.uri().query()?.as_bytes();
    let mut tickets = form_urlencoded::parse(query).filter(|(name, _)| name == TICKET);
    match (tickets.next(), tickets.next()) {
        (Some((_, ticket)), None) => Some(ticket),
        _ => None,
    }
}

/// The parameters of `event_subscribe`, from a query. What a client that comes back says of itself
/// counts more.
fn params(query: &str, headers: &HeaderMap) -> Result<SubscribeParams, RpcError> {
    let mut members = Vec::new();
    let query = form_urlencoded::parse(query.as_bytes());
    // A ticket was looked at where there are tokens.
    for (name, value) in query.filter(|(name, _)| name != TICKET) {
        let value = match value.parse::<u64>() {
            _ if value.is_empty() => Value::Null,
            Ok(number) if name == "after" => number.into(),
            _ => Value::from(&*value),
        };
        // Member by member: a name that stands twice is to be seen.
        members.push(format!("{}:{value}", Value::from(&*name)));
    }
    let object = format!("{{{}}}", members.join(","));
    let mut params =
        Fields::parse(Some(&object), SubscribeParams::FIELDS).and_then(SubscribeParams::read)?;
    if let Some(last) = headers.get(LAST_EVENT_ID).filter(|last| !last.is_empty()) {
        let last = last.to_str().ok().and_then(|last| last.parse().ok());
        params.after = Some(Cursor(last.ok_or_else(|| {
            RpcError::invalid("expected the number of an event")
                .about(LAST_EVENT_ID)
                .with_hint("give the `id` of the last event that was seen, or leave the header out")
        })?));
    }
    Ok(params)
}

/// Events as they come, read no faster than they are taken.
fn stream(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    // Where it begins is told at once: who is cut off before the first event comes back there.
    let begin = (reader, VecDeque::new(), true);
    unfold(begin, async |(mut reader, mut read, begins)| {
        if begins {
            return Some((Ok(position(&reader)), (reader, read, false)));
        }
        if read.is_empty() {
            match tokio::time::timeout(KEEP_ALIVE, reader.next(AT_ONCE)).await {
                Ok(Some(Ok(events))) => read.extend(events),
                Ok(Some(Err(error))) => {
                    tracing::warn!(%error, "a stream of events ends");
                    return None;
                }
                Ok(None) => return None,
                Err(_) => return Some((Ok(position(&reader)), (reader, read, false))),
            }
        }
        let event = written(&read.pop_front()?);
        Some((Ok(event), (reader, read, false)))
    })
}

/// A comment that moves the client's cursor on: past the events of other accounts, too.
fn position(reader: &Reader) -> Event {
    Event::default()
        .comment("here")
        .id(reader.cursor().to_string())
}

fn written(event: &EventInfo) -> Event {
    // JSON has no line ends of its own.
    let data = serde_json::to_string(event).unwrap_or_default();
    let id = event.seq.to_string();
    Event::default().id(id).event(event.what.name()).data(data)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::HeaderValue;
    use http_body_util::BodyExt as _;
    use rpc::{
        params::AccountFilter,
        types::{EventData, Lagged},
    };
    use session_store::DataDir;

    use rpc::ErrorKind;

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
        assert_eq!(read("ticket=0f&after=7", None), Ok((None, Some(7))));
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
            ("account=%", None, Some("account")),
            ("account=%2g", None, Some("account")),
            ("account=%ff", None, Some("account")),
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
            &data.accounts().unwrap().into_iter().collect(),
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
        let mut body = Sse::new(stream(reader)).into_response().into_body();
        let mut next = async || {
            let frame = body.frame().await?.unwrap();
            Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
        };
        assert_eq!(next().await.unwrap(), ": here\nid: 0\n\n");
        assert_eq!(
            next().await.unwrap(),
            "id: 1\nevent: lagged\ndata: {\"seq\":1,\"at\":1,\"account\":\"a\",\
             \"type\":\"lagged\",\"data\":{\"hint\":\"one\\ntwo\"}}\n\n"
        );
        for _ in 0..2 {
            assert_eq!(next().await.unwrap(), ": here\nid: 1\n\n");
        }
        hub.stop_waiting();
        while let Some(chunk) = next().await {
            assert!(chunk.starts_with(": "), "{chunk}");
        }
    }
}
