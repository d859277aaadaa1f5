//! The content of a message: bytes or text.

use engine::model::MAX_PAYLOAD_BYTES;
use serde_json::Value;

use super::{
    Form,
    macros::{limited_bytes, opaque, string},
};
use crate::error::{ErrorKind, RpcError};

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
        let text = string(value).map_err(|other| Self::wrong(&other))?;
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
        (None, None) => Err(RpcError::invalid("no payload and no text")
            .about("payload")
            .with_hint(hint)),
        (Some(_), Some(_)) => Err(RpcError::invalid("both payload and text")
            .about("text")
            .with_hint(hint)),
    }
}

opaque!(Payload, Text);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::macros::fixtures::{hex_of, refused},
        *,
    };

    #[test]
    fn bytes_are_one_prefix_and_pairs_of_digits_of_either_case() {
        assert_eq!(Payload::read(json!("0x")).unwrap().0, b"");
        assert_eq!(Payload::read(json!("0x00aBFf")).unwrap().0, [0, 0xab, 0xff]);
        for bad in [
            json!(""),
            json!("00ab"),
            json!("0X00"),
            json!("0x0"),
            json!("0x0g"),
            json!("0x0x00"),
            json!(" 0x00"),
            json!("0x00 "),
            json!("0x\u{ff10}\u{ff10}"),
            json!(0),
            json!([0]),
            json!({"0x": 0}),
        ] {
            assert_eq!(refused::<Payload>(bad), ErrorKind::InvalidParams);
        }
        let bytes: crate::types::Hex = serde_json::from_value(json!("0x00AB")).unwrap();
        assert_eq!(serde_json::to_value(bytes).unwrap(), json!("0x00ab"));
        assert!(serde_json::from_value::<crate::types::Hex>(json!("0x0x00")).is_err());
    }

    #[test]
    fn a_payload_may_have_a_mebibyte_and_no_byte_more() {
        assert!(Payload::read(hex_of(1 << 20)).is_ok());
        assert_eq!(
            refused::<Payload>(hex_of((1 << 20) + 1)),
            ErrorKind::PayloadTooLarge
        );
        assert!(Text::read("x".repeat(1 << 20).into()).is_ok());
        assert_eq!(
            refused::<Text>("x".repeat((1 << 20) + 1).into()),
            ErrorKind::PayloadTooLarge
        );
        // Bytes count, not characters.
        assert_eq!(
            refused::<Text>("ü".repeat((1 << 19) + 1).into()),
            ErrorKind::PayloadTooLarge
        );
        assert_eq!(refused::<Text>(json!(1)), ErrorKind::InvalidParams);
    }

    #[test]
    fn payload_and_text_are_one_or_the_other() {
        let payload = || Some(Payload(vec![0xff]));
        let text = || Some(Text("ü".to_owned()));
        assert_eq!(one_payload(payload(), None).unwrap(), [0xff]);
        assert_eq!(one_payload(None, text()).unwrap(), "ü".as_bytes());
        assert_eq!(one_payload(None, Some(Text(String::new()))).unwrap(), b"");
        for (error, field) in [
            (one_payload(None, None), "payload"),
            (one_payload(payload(), text()), "text"),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParams);
            assert_eq!(error.field.as_deref(), Some(field));
        }
    }
}
