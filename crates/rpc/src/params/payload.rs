//! The content of a message: bytes or text.

use engine::MAX_PAYLOAD_BYTES;
use serde_json::Value;

use super::forms::{hex_bytes, limited_bytes, opaque, string};
use crate::{
    error::{ErrorKind, RpcError},
    hex::to_hex,
    params::Form,
};

/// Bytes of a payload, `0x` and hex; at most 1 MiB.
pub struct Payload(pub Vec<u8>);

/// A payload as text; at most 1 MiB of UTF-8.
pub struct Text(pub String);

limited_bytes! {
    Payload, MAX_PAYLOAD_BYTES, "a payload", "bytes as 0x and hex digits, at most 1 MiB";
}

impl Form for Text {
    const TAKES: &'static str = "text, at most 1 MiB of UTF-8";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::PayloadTooLarge];

    fn schema() -> Value {
        serde_json::json!({"type": "string"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).ok_or_else(Self::wrong)?;
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(RpcError::new(
                ErrorKind::PayloadTooLarge,
                format!("a text has at most {MAX_PAYLOAD_BYTES} bytes"),
            ));
        }
        Ok(Self(text))
    }

    fn write(&self) -> Value {
        self.0.clone().into()
    }
}

/// A payload comes as bytes or as text, exactly one of them.
///
/// # Errors
/// [`RpcError`] if it is both or neither.
pub fn one_payload(payload: Option<Payload>, text: Option<Text>) -> Result<Vec<u8>, RpcError> {
    one_of(payload.map(|payload| payload.0), text)
}

/// The same, of bytes with a limit of their own.
pub(super) fn one_of(payload: Option<Vec<u8>>, text: Option<Text>) -> Result<Vec<u8>, RpcError> {
    let hint = "give payload (0x and hex) or text (UTF-8), one of them";
    match (payload, text) {
        (Some(payload), None) => Ok(payload),
        (None, Some(text)) => Ok(text.0.into_bytes()),
        (None, None) => Err(
            RpcError::new(ErrorKind::InvalidParams, "no payload and no text")
                .about("payload")
                .with_hint(hint),
        ),
        (Some(_), Some(_)) => Err(
            RpcError::new(ErrorKind::InvalidParams, "both payload and text")
                .about("text")
                .with_hint(hint),
        ),
    }
}

opaque!(Payload, Text);
