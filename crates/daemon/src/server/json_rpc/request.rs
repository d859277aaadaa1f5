//! JSON-RPC requests as they stand in the text of a body or of a WebSocket's message.
//!
//! The text is gone over once, and borrowed; parameters are read by the method they are for. No
//! word of the parser's own goes into an error: it would quote the text, which may be a secret.

use jsonrpsee::types::Id;
use rpc::{
    ErrorKind, RpcError,
    json::{Unreadable, entries, shown, string},
    suggest::did_you_mean,
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
        Some(b'{') => Asked::Single(members(text).and_then(request)),
        Some(b'[') => batch(text),
        _ => Asked::Single(Err(match serde_json::from_slice::<&RawValue>(text) {
            Ok(_) => no_request(),
            Err(error) => not_json(text, &error),
        })),
    }
}

fn batch(text: &[u8]) -> Asked<'_> {
    let mut first = Vec::new();
    let mut number: usize = 0;
    let walked = entries(text, |_, entry| {
        if first.len() < MAX_BATCH {
            first.push(entry);
        }
        number = number.saturating_add(1);
    });
    if let Err(error) = walked {
        return Asked::Single(Err(not_json(text, &error)));
    }
    if number == 0 {
        let error = RpcError::new(ErrorKind::InvalidRequest, "the batch is empty");
        return Asked::Single(Err(Malformed::new(error)));
    }
    if number > MAX_BATCH {
        let error = RpcError::new(
            ErrorKind::InvalidRequest,
            format!("the batch has {number} requests; at most {MAX_BATCH} are taken"),
        )
        .with_hint(format!("send batches of at most {MAX_BATCH} requests"));
        return Asked::Single(Err(Malformed::new(error)));
    }
    let each = first.iter().map(|entry| {
        let text = entry.get();
        if !text.starts_with('{') {
            return Err(no_request());
        }
        members(text.as_bytes()).and_then(request)
    });
    Asked::Batch(each.collect())
}

/// The error for a text that is no JSON, with the place where it ceases to be.
fn not_json(text: &[u8], error: &serde_json::Error) -> Malformed<'static> {
    let what = match std::str::from_utf8(text) {
        Err(error) => format!("not UTF-8: byte {} is none of it", error.valid_up_to()),
        Ok(_) if error.is_eof() => "not JSON: it ends in the middle".to_owned(),
        Ok(_) => format!("not JSON: line {}, column {}", error.line(), error.column()),
    };
    Malformed::new(RpcError::new(ErrorKind::ParseError, what))
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

/// The error for a string that no text can hold.
fn unreadable(what: Unreadable, about: &str) -> RpcError {
    let error = invalid(what.describe(), about);
    match what.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Checks the members of a request one by one, so that an error can name the one that is wrong.
fn request(members: Members<'_>) -> Result<Request<'_>, Malformed<'_>> {
    let id = members.id.map(read_id).transpose();
    let refused = |error| {
        let id = id.as_ref().ok().and_then(Option::as_ref);
        Err(Malformed {
            id: id.cloned().unwrap_or(Id::Null),
            error,
        })
    };
    if let Some(error) = members.wrong {
        return refused(error);
    }
    if let Err(error) = &id {
        return refused(error.clone());
    }
    if !matches!(members.version.and_then(string), Some(Ok(version)) if version == "2.0") {
        return refused(
            invalid("this is JSON-RPC 2.0", "jsonrpc").with_hint("give \"jsonrpc\":\"2.0\""),
        );
    }
    let method = match members.method.and_then(string) {
        Some(Ok(method)) => method.into_owned(),
        Some(Err(what)) => return refused(unreadable(what, "method")),
        None => {
            return refused(
                invalid("a request names its method, as a string", "method")
                    .with_hint(ErrorKind::MethodNotFound.hint()),
            );
        }
    };
    Ok(Request {
        id: id.unwrap_or_default(),
        method,
        params: members.params.map(RawValue::get),
    })
}

fn read_id(id: &RawValue) -> Result<Id<'_>, RpcError> {
    if let Some(Err(what)) = string(id) {
        return Err(unreadable(what, "id"));
    }
    serde_json::from_str(id.get()).map_err(|_| {
        invalid(
            "an id is a string, a whole number from 0 to 2^64-1, or null",
            "id",
        )
        .with_hint("number the requests from 1: the answer has the same id")
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

fn members(text: &[u8]) -> Result<Members<'_>, Malformed<'_>> {
    let mut members = Members::default();
    let walked = entries(text, |name, value| {
        if let Some(name) = name
            && let Err(error) = members.put(name, value)
        {
            members.wrong.get_or_insert(error);
        }
    });
    walked.map_err(|error| not_json(text, &error))?;
    Ok(members)
}

impl<'a> Members<'a> {
    fn put(&mut self, name: &RawValue, value: &'a RawValue) -> Result<(), RpcError> {
        let name = match string(name) {
            Some(Ok(name)) => name,
            _ => {
                let what = Unreadable::HalfSurrogateInName;
                return Err(unreadable(what, &shown(name.get())));
            }
        };
        let member = match &*name {
            "jsonrpc" => &mut self.version,
            "id" => &mut self.id,
            "method" => &mut self.method,
            "params" => &mut self.params,
            _ => return Err(unknown(&name)),
        };
        if member.replace(value).is_some() {
            return Err(
                invalid("given twice", &name).with_hint("give each member of the request once")
            );
        }
        Ok(())
    }
}

fn unknown(name: &str) -> RpcError {
    let meant = did_you_mean(name, MEMBERS).map(|meant| format!("{meant} "));
    invalid("a request has no such member", &shown(name)).with_hint(format!(
        "{}its members are: {}",
        meant.unwrap_or_default(),
        MEMBERS.join(", ")
    ))
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
            ("\"\\ud83d\\ude00\"", Id::Str("😀".into())),
            ("\"\"", Id::Str("".into())),
            ("null", Id::Null),
        ] {
            let text = format!("{{\"jsonrpc\":\"2.0\", \"id\" : {id} ,\"method\":\"m\"}}");
            assert_eq!(single(&text).unwrap().id, Some(read));
        }
        let wrong = [
            "-3",
            "1.5",
            "1e400",
            "-0",
            "1.0",
            "18446744073709551616",
            "\"\\ud83d\"",
            "\"\\ude00\\ud83d\"",
        ];
        for id in wrong {
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
            // Half of a surrogate pair is no text.
            (
                "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"m\\ud800\"}",
                "1",
                "method",
            ),
            (
                "{\"id\":1,\"jsonrpc\":\"2.0\\ud800\",\"method\":\"m\"}",
                "1",
                "jsonrpc",
            ),
            (
                "{\"id\":1,\"jsonrpc\":\"2.0\",\"m\\udfff\":\"m\",\"method\":\"m\"}",
                "1",
                "\"m\\udfff\"",
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
    fn escapes_in_names_and_values_mean_what_they_stand_for() {
        let text = r#"{"json\u0072pc":"2\u002e0","\u0069d":"\u0031","m\u0065thod":"\u006d","p\u0061rams":{}}"#;
        let request = single(text).unwrap();
        assert_eq!(request.id, Some(Id::Str("1".into())));
        assert_eq!((request.method.as_str(), request.params), ("m", Some("{}")));
    }

    #[test]
    fn a_text_is_taken_apart_however_deep_its_parameters_are() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{deep}}}");
        assert_eq!(single(&text).unwrap().params, Some(&*deep));
        let Asked::Batch(entries) = read(deep.as_bytes()) else {
            panic!("a batch");
        };
        assert_eq!(entries.len(), 1);
        assert!(entries.iter().all(Result::is_err));
    }

    #[test]
    fn where_a_text_ceases_to_be_json_is_said() {
        for (text, place) in [
            ("", "ends in the middle"),
            ("{\"id\":", "ends in the middle"),
            ("[1, 2", "ends in the middle"),
            ("{\n  \"id\": 01}", "line 2, column 10"),
            ("{'id': 1}", "line 1, column 2"),
            ("{\"id\":1,}", "line 1, column 9"),
            ("{\"id\":NaN}", "line 1, column 7"),
            ("{\"id\":\"\\x\"}", "line 1, column 9"),
            ("secret", "line 1, column 1"),
        ] {
            let error = single(text).unwrap_err().error;
            assert!(error.message.ends_with(place), "{text}: {error}");
        }
        let Asked::Single(Err(malformed)) = read(b"{\"id\":\"\xff\"}") else {
            panic!("not UTF-8");
        };
        assert!(
            malformed.error.message.contains("byte 7"),
            "{:?}",
            malformed.error
        );
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
