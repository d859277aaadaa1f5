//! Wire messages, and whom and what they are about.

use crypto_core::{IdentityKey, MessageId};
use engine::model::{MAX_CONFIRM_IDS, MAX_RECIPIENTS, MAX_WIRE_BYTES};
use serde_json::{Value, json};

use super::{
    Form,
    macros::{hex_bytes, hex_schema, opaque},
};
use crate::{
    error::{ErrorKind, RpcError},
    hex::to_hex,
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
        let bytes = hex_bytes(&value).ok_or_else(|| invalid("not 0x and hex digits"))?;
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
        let Value::Array(items) = value else {
            return Err(Self::wrong());
        };
        if items.len() > MAX_CONFIRM_IDS {
            return Err(Self::wrong());
        }
        items
            .iter()
            .map(|item| {
                let bytes: [u8; 32] = hex_bytes(item)?.try_into().ok()?;
                Some(MessageId::from_bytes(bytes))
            })
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(Self::wrong)
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
        let Value::Array(items) = value else {
            return Err(Self::wrong());
        };
        if !(1..=MAX_RECIPIENTS).contains(&items.len()) {
            return Err(Self::wrong());
        }
        let mut keys = Vec::with_capacity(items.len());
        for (place, item) in items.into_iter().enumerate() {
            let key = IdentityKey::read(item).map_err(|error| {
                let message = format!("number {place} is {}", error.message);
                RpcError::new(error.kind, message)
            })?;
            keys.push(key);
        }
        Ok(Self(keys))
    }

    fn write(&self) -> Value {
        self.0.iter().map(Form::write).collect()
    }
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
        for bad in [hex_of((4 << 20) + 1), json!("0x0"), json!("CAFE"), json!(7)] {
            assert_eq!(refused::<Wire>(bad), ErrorKind::InvalidMessage);
        }
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
        for bad in [
            vec![hex_of(32); 10_001].into(),
            json!([hex_of(32), hex_of(31)]),
            json!([hex_of(32), null]),
            hex_of(32),
        ] {
            assert_eq!(refused::<MessageIds>(bad), ErrorKind::InvalidParams);
        }
    }
}
