//! Wire messages, and whom and what they are about.

use std::ops::RangeInclusive;

use crypto_core::{IdentityKey, MessageId};
use engine::model::{MAX_CONFIRM_IDS, MAX_RECIPIENTS, MAX_WIRE_BYTES};
use serde_json::{Value, json};

use super::{
    Form,
    macros::{hex_bytes, hex_schema, opaque, string},
};
use crate::{
    error::{ErrorKind, RpcError},
    hex::{decode_hex, to_hex},
};

/// An encoded wire message, `0x` and hex; at most 4 MiB.
pub struct Wire(pub Vec<u8>);

/// Message ids to confirm.
pub struct MessageIds(pub Vec<MessageId>);

/// Identities to write to: 1 to 1000. One that is named twice gets one message.
pub struct Recipients(pub Vec<IdentityKey>);

impl Form for Wire {
    const TAKES: &'static str = "a wire message as 0x and hex digits, at most 4 MiB";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidMessage];

    fn schema() -> Value {
        hex_schema()
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let invalid = |message: &str| RpcError::new(ErrorKind::InvalidMessage, message);
        let text = string(value).map_err(|value| Self::wrong(&value))?;
        let bytes =
            decode_hex(&text).map_err(|fault| invalid(&format!("not a wire message: {fault}")))?;
        if bytes.len() > MAX_WIRE_BYTES {
            return Err(invalid("larger than 4 MiB"));
        }
        Ok(Self(bytes))
    }

    fn write(&self) -> Value {
        to_hex(&self.0).into()
    }
}

impl Form for MessageIds {
    const TAKES: &'static str = "an array of at most 10000 message ids, each 0x and 64 hex digits";

    fn schema() -> Value {
        json!({"type": "array", "maxItems": MAX_CONFIRM_IDS, "items": {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let items = items::<Self>(value, 0..=MAX_CONFIRM_IDS)?;
        let ids = items.iter().enumerate().map(|(place, item)| {
            message_id(item).map_err(|found| {
                RpcError::invalid(format!("expected {MESSAGE_ID}, found {found}"))
                    .about(&format!("[{place}]"))
                    .with_hint(format!("give {MESSAGE_ID}"))
            })
        });
        ids.collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> Value {
        self.0
            .iter()
            .map(|id| Value::from(to_hex(id.as_bytes())))
            .collect()
    }
}

impl Form for Recipients {
    const TAKES: &'static str = "an array of 1 to 1000 public keys";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey, ErrorKind::PayloadTooLarge];

    fn schema() -> Value {
        json!({"type": "array", "minItems": 1, "maxItems": MAX_RECIPIENTS, "items": IdentityKey::schema()})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        keys::<Self>(value, 1..=MAX_RECIPIENTS).map(Self)
    }

    fn write(&self) -> Value {
        self.0.iter().map(Form::write).collect()
    }
}

/// The public keys of an array that has so many of them.
pub(super) fn keys<T: Form>(
    value: Value,
    many: RangeInclusive<usize>,
) -> Result<Vec<IdentityKey>, RpcError> {
    let items = items::<T>(value, many)?.into_iter();
    let keys = items.enumerate().map(|(place, item)| {
        IdentityKey::read(item).map_err(|error| error.about(&format!("[{place}]")))
    });
    keys.collect()
}

/// The items of an array that has so many of them.
fn items<T: Form>(value: Value, many: RangeInclusive<usize>) -> Result<Vec<Value>, RpcError> {
    match value {
        Value::Array(items) if many.contains(&items.len()) => Ok(items),
        other => Err(T::wrong(&other)),
    }
}

/// What one message id is, in words.
const MESSAGE_ID: &str = "a message id: 0x and 64 hex digits";

/// A message id, or what was found in its place.
fn message_id(value: &Value) -> Result<MessageId, String> {
    let bytes = hex_bytes(value)?;
    let id = <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| format!("{} hex digits", 2 * bytes.len()))?;
    Ok(MessageId::from_bytes(id))
}

opaque!(Wire, MessageIds, Recipients);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::macros::fixtures::{hex_of, refused},
        *,
    };

    #[test]
    fn a_wire_message_may_have_four_mebibytes_and_no_byte_more() {
        assert!(Wire::read(hex_of(4 << 20)).is_ok());
        for bad in [hex_of((4 << 20) + 1), json!("0x0"), json!("CAFE")] {
            assert_eq!(refused::<Wire>(bad), ErrorKind::InvalidMessage);
        }
        assert_eq!(refused::<Wire>(json!(7)), ErrorKind::InvalidParams);
    }

    #[test]
    fn message_ids_are_32_bytes_each_and_not_without_end() {
        assert_eq!(MessageIds::read(json!([])).unwrap().0.len(), 0);
        assert_eq!(
            MessageIds::read(vec![hex_of(32); 10_000].into())
                .unwrap()
                .0
                .len(),
            10_000
        );
        for bad in [vec![hex_of(32); 10_001].into(), hex_of(32)] {
            assert_eq!(refused::<MessageIds>(bad), ErrorKind::InvalidParams);
        }
    }

    #[test]
    fn the_item_that_is_wrong_is_named() {
        for (bad, message) in [
            (hex_of(31), "found 62 hex digits"),
            (json!(null), "found null"),
            (json!("0x0g"), "found no hex digit as character 4"),
        ] {
            let error = MessageIds::read(json!([hex_of(32), bad])).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("[1]"));
            assert!(error.message.contains(message), "{error}");
        }
        let pair = crypto_core::IdentityKeyPair::from_secret_bytes(&[1; 32]).unwrap();
        let key = Form::write(pair.public());
        for (bad, kind) in [
            (json!("0x02"), ErrorKind::InvalidKey),
            (json!(7), ErrorKind::InvalidParams),
        ] {
            let error = Recipients::read(json!([key, key, bad])).unwrap_err();
            assert_eq!((error.field.as_deref(), error.kind), (Some("[2]"), kind));
        }
        for (bad, message) in [(json!([]), "found an array of 0"), (key, "found a string")] {
            let error = Recipients::read(bad).unwrap_err();
            assert!(error.message.ends_with(message), "{error}");
        }
    }
}
