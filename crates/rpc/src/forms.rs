//! The forms of parameters.

use crypto_core::{IdentityKey, InstallationId, MessageId};
use engine::{
    AccountName, MAX_CONFIRM_IDS, MAX_PAYLOAD_BYTES, MAX_REQUEST_ID_CHARS, MAX_WIRE_BYTES,
    decode_contact_code,
};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    error::{Kind, RpcError},
    params::Form,
};

/// Bytes of a payload, `0x` and hex; at most 1 MiB.
pub struct Payload(pub Vec<u8>);

/// A payload as text; at most 1 MiB of UTF-8.
pub struct Text(pub String);

/// An encoded wire message, `0x` and hex; at most 4 MiB.
pub struct Wire(pub Vec<u8>);

/// An encoded bundle: hex, or a contact code.
pub struct BundleBytes(pub Vec<u8>);

/// A private key: `0x` and 64 hex digits. Wiped when dropped.
pub struct PrivateKey(pub Zeroizing<[u8; 32]>);

/// Words of a recovery phrase, or its passphrase. Wiped when dropped.
pub struct Secret(pub Zeroizing<String>);

/// A request id: 1 to 128 characters.
pub struct RequestId(pub String);

/// Length of a new recovery phrase.
pub struct Words(pub crypto_core::WordCount);

/// Message ids to confirm.
pub struct MessageIds(pub Vec<MessageId>);

/// A span in milliseconds.
pub struct Millis(pub u64);

/// A moment, in milliseconds since the epoch.
pub struct At(pub engine::UnixMillis);

/// A whole number from 0 to 2^32-1.
pub struct Number(pub u32);

/// Decodes `0x` and an even number of hex digits, of either case.
pub(crate) fn from_hex(value: &Value) -> Option<Vec<u8>> {
    const_hex::decode(value.as_str()?.strip_prefix("0x")?).ok()
}

/// `0x` and lowercase hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn too_large(what: &str, limit: usize) -> RpcError {
    RpcError::new(
        Kind::PayloadTooLarge,
        format!("{what} has at most {limit} bytes"),
    )
}

impl Form for Payload {
    const TAKES: &'static str = "bytes as 0x and hex digits, at most 1 MiB";

    fn read(value: Value) -> Result<Self, RpcError> {
        let bytes = from_hex(&value).ok_or_else(Self::wrong)?;
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(too_large("a payload", MAX_PAYLOAD_BYTES));
        }
        Ok(Self(bytes))
    }

    fn write(&self) -> Value {
        to_hex(&self.0).into()
    }
}

impl Form for Text {
    const TAKES: &'static str = "text, at most 1 MiB of UTF-8";

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).ok_or_else(Self::wrong)?;
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(too_large("a text", MAX_PAYLOAD_BYTES));
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
    let hint = "give payload (0x and hex) or text (UTF-8), one of them";
    match (payload, text) {
        (Some(payload), None) => Ok(payload.0),
        (None, Some(text)) => Ok(text.0.into_bytes()),
        (None, None) => Err(RpcError::new(Kind::InvalidParams, "no payload and no text")
            .about("payload")
            .with_hint(hint)),
        (Some(_), Some(_)) => Err(RpcError::new(Kind::InvalidParams, "both payload and text")
            .about("text")
            .with_hint(hint)),
    }
}

impl Form for Wire {
    const TAKES: &'static str = "a wire message as 0x and hex digits, at most 4 MiB";

    fn read(value: Value) -> Result<Self, RpcError> {
        let invalid = |message: &str| RpcError::new(Kind::InvalidMessage, message);
        let bytes = from_hex(&value).ok_or_else(|| invalid("not 0x and hex digits"))?;
        if bytes.len() > MAX_WIRE_BYTES {
            return Err(invalid("larger than 4 MiB"));
        }
        Ok(Self(bytes))
    }

    fn write(&self) -> Value {
        to_hex(&self.0).into()
    }
}

impl Form for BundleBytes {
    const TAKES: &'static str = "a bundle as 0x and hex digits, or a contact code";

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = value.as_str().ok_or_else(Self::wrong)?;
        let bytes = if text.starts_with("0x") {
            from_hex(&value)
        } else {
            decode_contact_code(text)
        };
        bytes
            .filter(|bytes| bytes.len() <= MAX_WIRE_BYTES)
            .map(Self)
            .ok_or_else(|| RpcError::new(Kind::InvalidBundle, "neither hex nor a contact code"))
    }

    fn write(&self) -> Value {
        to_hex(&self.0).into()
    }
}

impl Form for IdentityKey {
    const TAKES: &'static str =
        "a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…";

    fn read(value: Value) -> Result<Self, RpcError> {
        let invalid = || RpcError::new(Kind::InvalidKey, "not a public key");
        let text = value.as_str().ok_or_else(invalid)?;
        let key = if text.starts_with('z') {
            Self::from_compact(text)
        } else {
            Self::from_sec1(&from_hex(&value).ok_or_else(invalid)?)
        };
        key.map_err(|_| invalid())
    }

    fn write(&self) -> Value {
        to_hex(self.as_bytes()).into()
    }
}

impl Form for PrivateKey {
    const TAKES: &'static str = "a private key as 0x and 64 hex digits";

    fn read(value: Value) -> Result<Self, RpcError> {
        let bytes = Zeroizing::new(from_hex(&value).unwrap_or_default());
        let key = bytes.as_slice().try_into().map(Zeroizing::new);
        key.map(Self)
            .map_err(|_| RpcError::new(Kind::InvalidKey, "not a private key"))
    }

    fn write(&self) -> Value {
        to_hex(self.0.as_slice()).into()
    }
}

impl Form for Secret {
    const TAKES: &'static str = "text";

    fn read(value: Value) -> Result<Self, RpcError> {
        string(value)
            .map(|text| Self(Zeroizing::new(text)))
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.as_str().into()
    }
}

impl Form for AccountName {
    const TAKES: &'static str =
        "an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_str()
            .and_then(|text| Self::parse(text).ok())
            .ok_or_else(<Self as Form>::wrong)
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }
}

impl Form for InstallationId {
    const TAKES: &'static str =
        "an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not \"none\"";

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_str()
            .and_then(|text| Self::parse(text).ok())
            .ok_or_else(<Self as Form>::wrong)
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }
}

impl Form for RequestId {
    const TAKES: &'static str = "a request id: text of 1 to 128 characters";

    fn read(value: Value) -> Result<Self, RpcError> {
        string(value)
            .filter(|text| (1..=MAX_REQUEST_ID_CHARS).contains(&text.chars().count()))
            .map(Self)
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.clone().into()
    }
}

impl Form for Words {
    const TAKES: &'static str = "a number of words: 12 or 24";

    fn read(value: Value) -> Result<Self, RpcError> {
        match value.as_u64() {
            Some(12) => Ok(Self(crypto_core::WordCount::Twelve)),
            Some(24) => Ok(Self(crypto_core::WordCount::TwentyFour)),
            _ => Err(Self::wrong()),
        }
    }

    fn write(&self) -> Value {
        match self.0 {
            crypto_core::WordCount::Twelve => 12.into(),
            crypto_core::WordCount::TwentyFour => 24.into(),
        }
    }
}

impl Form for MessageIds {
    const TAKES: &'static str = "an array of at most 10000 message ids, each 0x and 64 hex digits";

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
                let bytes: [u8; 32] = from_hex(item)?.try_into().ok()?;
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

impl Form for Millis {
    const TAKES: &'static str = "a whole number of milliseconds, not negative";

    fn read(value: Value) -> Result<Self, RpcError> {
        value.as_u64().map(Self).ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Form for At {
    const TAKES: &'static str = "a time in whole milliseconds since the epoch";

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_u64()
            .map(|at| Self(engine::UnixMillis(at)))
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.0.into()
    }
}

impl Form for Number {
    const TAKES: &'static str = "a whole number from 0 to 4294967295";

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .map(Self)
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Form for bool {
    const TAKES: &'static str = "true or false";

    fn read(value: Value) -> Result<Self, RpcError> {
        value.as_bool().ok_or_else(<Self as Form>::wrong)
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

/// Parameters hold secrets and payloads: their `Debug` shows none of them.
macro_rules! opaque {
    ($($form:ident),*) => {
        $(impl std::fmt::Debug for $form {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($form), "(..)"))
            }
        })*
    };
}

opaque!(
    Payload,
    Text,
    Wire,
    BundleBytes,
    PrivateKey,
    Secret,
    RequestId,
    Words,
    MessageIds,
    Millis,
    At,
    Number
);
