//! JSON-RPC requests as they stand in the text of a body or of a WebSocket's message.
//!
//! The text is gone over once, and borrowed; parameters are read by the method they are for. No
//! word of the parser's own goes into an error: it would quote the text, which may be a secret.

use std::{borrow::Cow, fmt};

use jsonrpsee::types::Id;
use rpc::{ErrorKind, RpcError, params::shown};
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::MAX_BATCH;

/// The members of a request object.
const MEMBERS: [&str; 4] = ["jsonrpc", "id", "method", "params"];

/// What a text asks for.
pub(super) enum Asked<'a> {
    /// One request.
    Single(Result<Request<'a>, Malformed<'a>>),
    /// Several, each on its own.
    Batch(Vec<Result<Request<'a>, Malformed<'a>>>),
}

/// A request that may be looked up and run.
#[derive(Debug)]
pub(super) struct Request<'a> {
    /// None: it is a notification, and has no answer.
    pub(super) id: Option<Id<'a>>,
    /// The name of a method, or what is given for one.
    pub(super) method: String,
    /// An object or an array, if it is any good.
    pub(super) params: Option<&'a str>,
}

/// What is no request, and the id to answer it with.
#[derive(Debug)]
pub(super) struct Malformed<'a> {
    pub(super) id: Id<'a>,
    pub(super) error: RpcError,
}

impl Malformed<'_> {
    pub(super) fn new(error: RpcError) -> Self {
        Self {
            id: Id::Null,
            error,
        }
    }
}

/// Takes a text apart.
pub(super) fn read(text: &[u8]) -> Asked<'_> {
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Asked::Single(match serde_json::from_slice(text) {
            Ok(members) => request(members),
            Err(_) => Err(not_json()),
        }),
        Some(b'[') => match serde_json::from_slice(text) {
            Ok(entries) => batch(&entries),
            Err(_) => Asked::Single(Err(not_json())),
        },
        _ => Asked::Single(Err(match serde_json::from_slice::<IgnoredAny>(text) {
            Ok(_) => no_request(),
            Err(_) => not_json(),
        })),
    }
}

fn batch<'a>(entries: &Entries<'a>) -> Asked<'a> {
    if entries.number == 0 {
        let error = RpcError::new(ErrorKind::InvalidRequest, "the batch is empty");
        return Asked::Single(Err(Malformed::new(error)));
    }
    if entries.number > MAX_BATCH {
        let error = RpcError::new(
            ErrorKind::InvalidRequest,
            format!(
                "the batch has {} requests; at most {MAX_BATCH} are taken",
                entries.number
            ),
        )
        .with_hint(format!("send batches of at most {MAX_BATCH} requests"));
        return Asked::Single(Err(Malformed::new(error)));
    }
    let each = entries.first.iter().map(|entry| {
        let members = serde_json::from_str(entry.get()).map_err(|_| no_request())?;
        request(members)
    });
    Asked::Batch(each.collect())
}

fn not_json() -> Malformed<'static> {
    Malformed::new(RpcError::new(ErrorKind::ParseError, "not JSON"))
}

fn no_request() -> Malformed<'static> {
    Malformed::new(RpcError::new(
        ErrorKind::InvalidRequest,
        "not a request object",
    ))
}

fn invalid(message: impl Into<String>, about: &str) -> RpcError {
    RpcError::new(ErrorKind::InvalidRequest, message).about(about)
}

/// Checks the members of a request one by one, so that an error can name the one that is wrong.
fn request<'a>(members: Members<'a>) -> Result<Request<'a>, Malformed<'a>> {
    let id = members
        .id
        .map(|id| serde_json::from_str::<Id<'a>>(id.get()));
    let refused = |error| {
        let id = id.as_ref().and_then(|id| id.as_ref().ok());
        Err(Malformed {
            id: id.cloned().unwrap_or(Id::Null),
            error,
        })
    };
    if let Some(error) = members.wrong {
        return refused(error);
    }
    if matches!(id, Some(Err(_))) {
        return refused(
            invalid(
                "an id is a string, a whole number from 0 to 2^64-1, or null",
                "id",
            )
            .with_hint("number the requests from 1: the answer has the same id"),
        );
    }
    if members
        .version
        .is_none_or(|version| version.get() != "\"2.0\"")
    {
        return refused(
            invalid("this is JSON-RPC 2.0", "jsonrpc").with_hint("give \"jsonrpc\":\"2.0\""),
        );
    }
    let method = members.method.map(RawValue::get).unwrap_or_default();
    let Ok(method) = serde_json::from_str(method) else {
        return refused(
            invalid("a request names its method, as a string", "method")
                .with_hint(ErrorKind::MethodNotFound.hint()),
        );
    };
    Ok(Request {
        id: id.and_then(Result::ok),
        method,
        params: members.params.map(RawValue::get),
    })
}

/// The members of an object as they stand.
#[derive(Default)]
struct Members<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    /// The first member that is unknown or stands twice.
    wrong: Option<RpcError>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members::default();
                while let Some((Name(name), value)) =
                    map.next_entry::<Name<'de>, &'de RawValue>()?
                {
                    let known = match &*name {
                        "jsonrpc" => Some(&mut members.version),
                        "id" => Some(&mut members.id),
                        "method" => Some(&mut members.method),
                        "params" => Some(&mut members.params),
                        _ => None,
                    };
                    let twice = known.and_then(|member| member.replace(value)).is_some();
                    if twice || !MEMBERS.contains(&&*name) {
                        members.wrong.get_or_insert_with(|| wrong(&name, twice));
                    }
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

fn wrong(name: &str, twice: bool) -> RpcError {
    let name = shown(name);
    if twice {
        return invalid("given twice", &name).with_hint("give each member of the request once");
    }
    invalid("a request has no such member", &name)
        .with_hint(format!("its members are: {}", MEMBERS.join(", ")))
}

/// The name of a member, borrowed unless it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The first elements of an array, and how many there are.
struct Entries<'a> {
    /// One more than are taken at most, of however many.
    first: Vec<&'a RawValue>,
    number: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;

        impl<'de> Visitor<'de> for Array {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries<'de>, A::Error> {
                let mut first = Vec::new();
                while first.len() < MAX_BATCH
                    && let Some(entry) = seq.next_element()?
                {
                    first.push(entry);
                }
                let mut number = first.len();
                while number >= MAX_BATCH && seq.next_element::<IgnoredAny>()?.is_some() {
                    number = number.saturating_add(1);
                }
                Ok(Entries { first, number })
            }
        }

        deserializer.deserialize_seq(Array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(text: &str) -> Result<Request<'_>, Malformed<'_>> {
        match read(text.as_bytes()) {
            Asked::Single(request) => request,
            Asked::Batch(_) => panic!("{text}"),
        }
    }

    #[test]
    fn an_id_is_a_string_a_whole_number_or_null_and_another_is_refused() {
        for (id, read) in [
            ("1", Id::Number(1)),
            ("18446744073709551615", Id::Number(u64::MAX)),
            ("\"x\"", Id::Str("x".into())),
            ("\"\\u0041\\n\"", Id::Str("A\n".into())),
            ("\"\"", Id::Str("".into())),
            ("null", Id::Null),
        ] {
            let text = format!("{{\"jsonrpc\":\"2.0\", \"id\" : {id} ,\"method\":\"m\"}}");
            assert_eq!(single(&text).unwrap().id, Some(read));
        }
        for id in ["-3", "1.5", "1e400", "-0", "1.0", "18446744073709551616"] {
            let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"m\"}}");
            let malformed = single(&text).unwrap_err();
            assert_eq!(malformed.id, Id::Null, "{id}");
            assert_eq!(malformed.error.field.as_deref(), Some("id"), "{id}");
        }
        let text = "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\": [1, 2]}";
        let request = single(text).unwrap();
        assert_eq!((request.id, request.params), (None, Some("[1, 2]")));
    }

    #[test]
    fn what_is_wrong_in_a_request_is_named_under_its_id() {
        for (text, id, field) in [
            ("{\"id\":1}", "1", "jsonrpc"),
            (
                "{\"id\":1,\"jsonrpc\":2.0,\"method\":\"m\"}",
                "1",
                "jsonrpc",
            ),
            (
                "{\"id\":1,\"jsonrpc\":\"1.0\",\"method\":\"m\"}",
                "1",
                "jsonrpc",
            ),
            ("{\"id\":9,\"jsonrpc\":\"2.0\"}", "9", "method"),
            ("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":7}", "1", "method"),
            (
                "{\"id\":[1],\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
                "null",
                "id",
            ),
            (
                "{\"id\":{},\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
                "null",
                "id",
            ),
            (
                "{\"id\":true,\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
                "null",
                "id",
            ),
            (
                "{\"id\":\"a\",\"jsonrpc\":\"2.0\",\"method\":\"m\",\"param\":{}}",
                "\"a\"",
                "param",
            ),
            // A misspelt id does not make a notification.
            (
                "{\"ID\":1,\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
                "null",
                "ID",
            ),
            (
                "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"m\",\"method\":\"m\"}",
                "1",
                "method",
            ),
            (
                "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"m\",\"m\\u0065thod\":\"m\"}",
                "1",
                "method",
            ),
        ] {
            let malformed = single(text).unwrap_err();
            assert_eq!(malformed.error.kind, ErrorKind::InvalidRequest, "{text}");
            let id: Id<'_> = serde_json::from_str(id).unwrap();
            assert_eq!(malformed.id, id, "{text}");
            assert_eq!(malformed.error.field.as_deref(), Some(field), "{text}");
        }
    }

    #[test]
    fn what_is_no_request_at_all_is_told_from_what_is_no_json() {
        for (text, kind) in [
            ("", ErrorKind::ParseError),
            ("{", ErrorKind::ParseError),
            ("{\"id\":1} x", ErrorKind::ParseError),
            ("[1", ErrorKind::ParseError),
            ("secret", ErrorKind::ParseError),
            ("7", ErrorKind::InvalidRequest),
            ("\"secret\"", ErrorKind::InvalidRequest),
            ("[]", ErrorKind::InvalidRequest),
        ] {
            let malformed = single(text).unwrap_err();
            assert_eq!(
                (malformed.error.kind, malformed.id),
                (kind, Id::Null),
                "{text}"
            );
            assert!(!format!("{:?}", malformed.error).contains("secret"));
        }
        assert!(matches!(
            read(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"),
            Asked::Single(Err(Malformed { error, .. })) if error.kind == ErrorKind::ParseError
        ));
    }

    #[test]
    fn a_batch_is_taken_apart_up_to_its_limit() {
        let batch = |requests: usize| format!("[{}]", vec!["7"; requests].join(","));
        for requests in [1, MAX_BATCH] {
            let text = batch(requests);
            let Asked::Batch(entries) = read(text.as_bytes()) else {
                panic!("a batch of {requests}");
            };
            assert_eq!(entries.len(), requests);
        }
        for requests in [MAX_BATCH + 1, 3 * MAX_BATCH] {
            let text = batch(requests);
            let malformed = single(&text).unwrap_err();
            let message = malformed.error.message;
            assert!(message.contains(&requests.to_string()), "{message}");
        }
    }
}
