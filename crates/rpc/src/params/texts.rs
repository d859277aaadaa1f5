//! Texts that are taken as they are.

use engine::model::MAX_REQUEST_ID_CHARS;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    Form,
    macros::{opaque, string, texts},
};
use crate::error::RpcError;

/// Longest log filter, in characters: some dozens of directives.
const MAX_FILTER_CHARS: usize = 1024;
/// Longest name of a public chat, in characters. Those of people have some dozens.
const MAX_CHAT_NAME_CHARS: usize = 1024;

/// Words of a recovery phrase, or its passphrase. Wiped when dropped.
pub struct Secret(pub Zeroizing<String>);

/// A request id: 1 to 128 characters.
pub struct RequestId(pub String);

/// What is to be logged: 1 to 1024 characters. Whether it is a filter is for the daemon to find
/// out.
pub struct LogFilter(pub String);

/// The name of a public chat: at most 1024 characters.
#[derive(Debug)]
pub struct ChatName(pub String);

/// The id of a subscription.
#[derive(Debug)]
pub struct Subscription(pub String);

texts! {
    RequestId, 1..=MAX_REQUEST_ID_CHARS, "a request id: text of 1 to 128 characters";
    LogFilter, 1..=MAX_FILTER_CHARS,
        "a level or directives, such as info or daemon=debug, at most 1024 characters";
    ChatName, 0..=MAX_CHAT_NAME_CHARS, "the name of a chat: text, at most 1024 characters";
}

impl Form for Secret {
    const TAKES: &'static str = "text";

    fn schema() -> Value {
        serde_json::json!({"type": "string"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        string(value)
            .map(|text| Self(Zeroizing::new(text)))
            .map_err(|other| Self::wrong(&other))
    }

    fn write(&self) -> Value {
        self.0.as_str().into()
    }
}

impl Form for Subscription {
    const TAKES: &'static str = "the text that event_subscribe answered";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": 1})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        string(value).map(Self).map_err(|other| Self::wrong(&other))
    }

    fn write(&self) -> Value {
        self.0.clone().into()
    }
}

opaque!(Secret, RequestId, LogFilter);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::macros::fixtures::refused, *};
    use crate::error::ErrorKind;

    #[test]
    fn a_chat_name_is_taken_as_it_is_up_to_its_length() {
        for good in ["", " Ünïcode-名前 ", &"ü".repeat(1024)] {
            assert_eq!(ChatName::read(json!(good)).unwrap().0, good);
        }
        for bad in [json!("x".repeat(1025)), json!(1), json!(["status"])] {
            assert!(ChatName::read(bad).is_err());
        }
    }

    #[test]
    fn texts_have_their_limits() {
        for good in [1, 128] {
            assert!(RequestId::read("ü".repeat(good).into()).is_ok());
        }
        for bad in [json!(""), json!("x".repeat(129)), json!(1)] {
            assert_eq!(refused::<RequestId>(bad), ErrorKind::InvalidParams);
        }
        assert_eq!(refused::<Secret>(json!(1)), ErrorKind::InvalidParams);
    }
}
