//! Names and places of topics, and how a QR code is drawn.

use envelope::ContentTopic;
use serde_json::Value;

use super::forms::string;
use crate::{error::RpcError, params::Form, types::QrFormat};

/// Longest name of a public chat, in characters. Those of people have some dozens.
const MAX_CHAT_NAME_CHARS: usize = 1024;

/// The name of a public chat: at most 1024 characters, taken as they are.
#[derive(Debug)]
pub struct ChatName(pub String);

impl Form for ChatName {
    const TAKES: &'static str = "the name of a chat: text, at most 1024 characters";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "maxLength": MAX_CHAT_NAME_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        string(value)
            .filter(|text| text.chars().count() <= MAX_CHAT_NAME_CHARS)
            .map(Self)
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.clone().into()
    }
}

impl Form for ContentTopic {
    const TAKES: &'static str = "a content topic: /waku/1/0x, eight hex digits and /rfc26";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^/waku/1/0x[0-9a-fA-F]{8}/rfc26$"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_str()
            .and_then(|text| Self::parse(text).ok())
            .ok_or_else(<Self as Form>::wrong)
    }

    fn write(&self) -> Value {
        self.to_string().into()
    }
}

impl Form for QrFormat {
    const TAKES: &'static str = "svg or text";

    fn schema() -> Value {
        serde_json::json!({"enum": ["svg", "text"]})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        serde_json::from_value(value).map_err(|_| <Self as Form>::wrong())
    }

    fn write(&self) -> Value {
        self.name().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn formats_are_those_two_in_lower_case() {
        for good in ["svg", "text"] {
            assert_eq!(QrFormat::read(json!(good)).unwrap().write(), json!(good));
        }
        for bad in [json!("SVG"), json!("png"), json!(""), json!(0)] {
            assert!(QrFormat::read(bad).is_err());
        }
    }
}
