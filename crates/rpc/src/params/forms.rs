//! The forms of parameters.

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
pub(super) use opaque;

/// Bytes with a limit of their own.
macro_rules! limited_bytes {
    ($($form:ident, $limit:ident, $what:literal, $takes:literal;)*) => {$(
        impl Form for $form {
            const TAKES: &'static str = $takes;
            const REFUSED: &'static [ErrorKind] = &[ErrorKind::PayloadTooLarge];

            fn schema() -> Value {
                serde_json::json!({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"})
            }

            fn read(value: Value) -> Result<Self, RpcError> {
                let bytes = hex_bytes(&value).ok_or_else(Self::wrong)?;
                if bytes.len() > $limit {
                    return Err(RpcError::new(
                        ErrorKind::PayloadTooLarge,
                        format!("{} has at most {} bytes", $what, $limit),
                    ));
                }
                Ok(Self(bytes))
            }

            fn write(&self) -> Value {
                to_hex(&self.0).into()
            }
        }
    )*};
}
pub(super) use limited_bytes;

use crypto_core::{IdentityKey, InstallationId, MessageId};
use engine::{AccountName, MAX_CONFIRM_IDS, MAX_RECIPIENTS, MAX_REQUEST_ID_CHARS, MAX_WIRE_BYTES};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    Form,
    typed::{self, Fault},
};
use crate::{
    error::{ErrorKind, RpcError},
    hex::{decode_hex, to_hex},
};

/// An encoded wire message, `0x` and hex; at most 4 MiB.
pub struct Wire(pub Vec<u8>);

/// An encoded bundle: hex, or a contact code.
pub struct BundleBytes(pub Vec<u8>);

/// A private key: `0x` and 64 hex digits. Wiped when dropped.
pub struct PrivateKey(pub Zeroizing<[u8; 32]>);

/// Words of a recovery phrase, or its passphrase. Wiped when dropped.
pub struct Secret(pub Zeroizing<String>);

/// An installation id for a new account: one that a bundle may list.
pub struct NewInstallationId(pub InstallationId);

/// A request id: 1 to 128 characters.
pub struct RequestId(pub String);

/// Length of a new recovery phrase.
pub struct Words(pub crypto_core::WordCount);

/// Message ids to confirm.
pub struct MessageIds(pub Vec<MessageId>);

/// Identities to write to: 1 to 1000. One that is named twice gets one message.
pub struct Recipients(pub Vec<IdentityKey>);

/// What is to be logged: 1 to 1024 characters. Whether it is a filter is for the daemon to find
/// out.
pub struct LogFilter(pub String);

/// Longest log filter, in characters: some dozens of directives.
const MAX_FILTER_CHARS: usize = 1024;

/// A span in milliseconds.
pub struct Millis(pub u64);

/// A moment, in milliseconds since the epoch.
pub struct At(pub engine::UnixMillis);

/// A whole number from 0 to 2^32-1.
pub struct Number(pub u32);

/// Length of 32 bytes as `0x` and hex.
pub(super) const SECRET_CHARS: usize = 66;

/// 32 bytes that are secret, from hex. What they are read from is wiped, too.
pub(super) fn secret_hex(value: Value) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let text = string(value).map(Zeroizing::new).ok_or(Fault::Other)?;
    typed::fixed_hex(&text)
}

/// The error for a key or code that is none.
pub(super) fn not_a(kind: ErrorKind, what: &str, fault: Fault) -> RpcError {
    let error = RpcError::new(kind, format!("not a {what}: {}", fault.describe()));
    match fault.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// The bytes of a text of `0x` and hex digits.
pub(super) fn hex_bytes(value: &Value) -> Option<Vec<u8>> {
    decode_hex(value.as_str()?)
}

pub(super) fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

impl Form for Wire {
    const TAKES: &'static str = "a wire message as 0x and hex digits, at most 4 MiB";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidMessage];

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"})
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

impl Form for BundleBytes {
    const TAKES: &'static str = "a bundle as 0x and hex digits, or a contact code";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidBundle];

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": 1})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = value.as_str().ok_or_else(Self::wrong)?;
        typed::bundle(text)
            .map(Self)
            .map_err(|fault| not_a(ErrorKind::InvalidBundle, "bundle", fault))
    }

    fn write(&self) -> Value {
        to_hex(&self.0).into()
    }
}

impl Form for IdentityKey {
    const TAKES: &'static str =
        "a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

    fn schema() -> Value {
        // What is pasted along is no part of the key, and no pattern tells it from a fault.
        serde_json::json!({"type": "string", "minLength": typed::COMPACT_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = value.as_str().ok_or(Fault::Other);
        text.and_then(typed::public_key)
            .map_err(|fault| not_a(ErrorKind::InvalidKey, "public key", fault))
    }

    fn write(&self) -> Value {
        to_hex(self.as_bytes()).into()
    }
}

impl Form for PrivateKey {
    const TAKES: &'static str = "a private key as 0x and 64 hex digits";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": SECRET_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        secret_hex(value)
            .map(Self)
            .map_err(|fault| not_a(ErrorKind::InvalidKey, "private key", fault))
    }

    fn write(&self) -> Value {
        to_hex(self.0.as_slice()).into()
    }
}

impl Form for Secret {
    const TAKES: &'static str = "text";

    fn schema() -> Value {
        serde_json::json!({"type": "string"})
    }

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

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"})
    }

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

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "not": {"const": "none"}})
    }

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

impl Form for NewInstallationId {
    const TAKES: &'static str = "an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not \"none\" and not digits followed by x1-";

    fn schema() -> Value {
        serde_json::json!({
            "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$",
            "not": {"anyOf": [{"const": "none"}, {"pattern": "^[0-9]+x1-"}]},
        })
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let id = value
            .as_str()
            .and_then(|text| InstallationId::parse(text).ok());
        let id = id.ok_or_else(<Self as Form>::wrong)?;
        if id.may_be_listed() {
            return Ok(Self(id));
        }
        Err(RpcError::new(
            ErrorKind::InvalidParams,
            "digits followed by x1-: nobody else would read the bundles of this device, whose signed bytes could be read in two ways",
        )
        .with_hint("leave it out, and a fresh id is made; or begin it with something else than digits"))
    }

    fn write(&self) -> Value {
        self.0.as_str().into()
    }
}

impl Form for RequestId {
    const TAKES: &'static str = "a request id: text of 1 to 128 characters";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": 1, "maxLength": MAX_REQUEST_ID_CHARS})
    }

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

impl Form for LogFilter {
    const TAKES: &'static str =
        "a level or directives, such as info or daemon=debug, at most 1024 characters";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": 1, "maxLength": MAX_FILTER_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        string(value)
            .filter(|text| (1..=MAX_FILTER_CHARS).contains(&text.chars().count()))
            .map(Self)
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.clone().into()
    }
}

impl Form for Words {
    const TAKES: &'static str = "a number of words: 12 or 24";

    fn schema() -> Value {
        serde_json::json!({"enum": [12, 24]})
    }

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

    fn schema() -> Value {
        serde_json::json!({"type": "array", "maxItems": MAX_CONFIRM_IDS, "items": {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}})
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
        serde_json::json!({"type": "array", "minItems": 1, "maxItems": MAX_RECIPIENTS, "items": IdentityKey::schema()})
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

impl Form for Millis {
    const TAKES: &'static str = "a whole number of milliseconds, not negative";

    fn schema() -> Value {
        serde_json::json!({"type": "integer", "minimum": 0})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value.as_u64().map(Self).ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Form for At {
    const TAKES: &'static str = "a time in whole milliseconds since the epoch";

    fn schema() -> Value {
        serde_json::json!({"type": "integer", "minimum": 0})
    }

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

    fn schema() -> Value {
        serde_json::json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
    }

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

    fn schema() -> Value {
        serde_json::json!({"type": "boolean"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value.as_bool().ok_or_else(<Self as Form>::wrong)
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

opaque!(
    Wire,
    BundleBytes,
    PrivateKey,
    Secret,
    NewInstallationId,
    RequestId,
    LogFilter,
    Words,
    MessageIds,
    Recipients,
    Millis,
    At,
    Number
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The generator of the group, in every form the interface takes.
    const COMPRESSED: &str = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const UNCOMPRESSED: &str = "0x0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    fn refused<T: Form>(value: Value) -> ErrorKind {
        let shown = value.to_string().chars().take(80).collect::<String>();
        let Err(error) = T::read(value) else {
            panic!("{shown} was taken");
        };
        assert!(!error.hint.is_empty() && error.field.is_none(), "{shown}");
        error.kind
    }

    fn hex_of(bytes: usize) -> Value {
        format!("0x{}", "00".repeat(bytes)).into()
    }

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

    #[test]
    fn a_wire_message_may_have_four_mebibytes_and_no_byte_more() {
        assert!(Wire::read(hex_of(4 << 20)).is_ok());
        for bad in [hex_of((4 << 20) + 1), json!("0x0"), json!("CAFE"), json!(7)] {
            assert_eq!(refused::<Wire>(bad), ErrorKind::InvalidMessage);
        }
    }

    #[test]
    fn a_bundle_comes_as_hex_or_as_a_contact_code() {
        let code = engine::encode_contact_code(&[1, 2, 250]);
        for good in [json!("0x0102FA"), json!(code)] {
            assert_eq!(BundleBytes::read(good).unwrap().0, [1, 2, 250]);
        }
        for bad in [json!("0x0"), json!("not a code!"), hex_of((4 << 20) + 1)] {
            assert_eq!(refused::<BundleBytes>(bad), ErrorKind::InvalidBundle);
        }
        assert_eq!(
            refused::<BundleBytes>(json!(["0x00"])),
            ErrorKind::InvalidParams
        );
    }

    #[test]
    fn a_public_key_is_taken_in_three_forms() {
        let key = <IdentityKey as Form>::read(COMPRESSED.into()).unwrap();
        for form in [
            UNCOMPRESSED.into(),
            key.to_compact().into(),
            Form::write(&key),
        ] {
            assert_eq!(<IdentityKey as Form>::read(form).unwrap(), key);
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused_by_its_own_kind() {
        let off_curve = UNCOMPRESSED.replace("d4b8", "d4b9");
        for bad in [
            json!(""),
            json!(off_curve),
            json!(COMPRESSED.replace("0x02", "0x05")),
            json!(COMPRESSED.replace("0x02", "0x04")),
            json!(UNCOMPRESSED.replace("0x04", "0x06")),
            json!(COMPRESSED.trim_start_matches("0x")),
            json!(format!("{COMPRESSED}00")),
            json!("0x00"),
            json!("0x02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            json!("zQ3sh"),
            json!("z"),
            json!(format!("zQ3sh{}", "1".repeat(100_000))),
            json!(1),
            json!([COMPRESSED]),
        ] {
            assert_eq!(refused::<IdentityKey>(bad), ErrorKind::InvalidKey);
        }
    }

    #[test]
    fn a_private_key_has_32_bytes() {
        assert_eq!(PrivateKey::read(hex_of(32)).unwrap().0.as_slice(), [0; 32]);
        for bad in [
            hex_of(31),
            hex_of(33),
            json!("0x"),
            json!("00".repeat(32)),
            json!(1),
        ] {
            assert_eq!(refused::<PrivateKey>(bad), ErrorKind::InvalidKey);
        }
    }

    #[test]
    fn small_forms_have_their_limits() {
        for good in [1, 128] {
            assert!(RequestId::read("ü".repeat(good).into()).is_ok());
        }
        for bad in [json!(""), json!("x".repeat(129)), json!(1)] {
            assert_eq!(refused::<RequestId>(bad), ErrorKind::InvalidParams);
        }
        for good in [12, 24] {
            assert_eq!(Words::read(json!(good)).unwrap().write(), json!(good));
        }
        for bad in [json!(15), json!("12"), json!(12.0), json!(-12)] {
            assert_eq!(refused::<Words>(bad), ErrorKind::InvalidParams);
        }
        for bad in [json!(-1), json!(1.5), json!("1"), json!(true), json!(1e30)] {
            assert_eq!(refused::<Millis>(bad.clone()), ErrorKind::InvalidParams);
            assert_eq!(refused::<At>(bad.clone()), ErrorKind::InvalidParams);
            assert_eq!(refused::<Number>(bad), ErrorKind::InvalidParams);
        }
        assert_eq!(Millis::read(json!(u64::MAX)).unwrap().0, u64::MAX);
        assert_eq!(Number::read(json!(u32::MAX)).unwrap().0, u32::MAX);
        assert_eq!(
            refused::<Number>(json!(1_u64 << 32)),
            ErrorKind::InvalidParams
        );
        for bad in [json!(0), json!("true")] {
            assert_eq!(refused::<bool>(bad), ErrorKind::InvalidParams);
        }
        for bad in ["", "Alice", "../x", ".a"] {
            assert_eq!(refused::<AccountName>(json!(bad)), ErrorKind::InvalidParams);
        }
        for bad in ["", "none", "a b"] {
            assert_eq!(
                refused::<InstallationId>(json!(bad)),
                ErrorKind::InvalidParams
            );
            assert_eq!(
                refused::<NewInstallationId>(json!(bad)),
                ErrorKind::InvalidParams
            );
        }
        // Of others, any that a bundle may list is named; a new device must be one that they read.
        assert!(<InstallationId as Form>::read(json!("7x1-phone")).is_ok());
        let error = NewInstallationId::read(json!("7x1-phone")).unwrap_err();
        assert!(error.message.contains("bundles"), "{error}");
        assert!(NewInstallationId::read(json!("x1-7")).is_ok());
        assert_eq!(refused::<Secret>(json!(1)), ErrorKind::InvalidParams);
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

    #[test]
    fn debug_shows_no_secret_and_no_payload() {
        fn shows_nothing<T: std::fmt::Debug>(value: T) {
            let shown = format!("{value:?} {value:#?}");
            let hidden = !shown.contains("swordfish") && !shown.contains("42");
            assert!(hidden, "{shown}");
        }
        let secret = || "swordfish".to_owned();
        shows_nothing::<Text>(Text(secret()));
        shows_nothing::<Secret>(Secret(Zeroizing::new(secret())));
        shows_nothing::<RequestId>(RequestId(secret()));
        shows_nothing::<PrivateKey>(PrivateKey(Zeroizing::new([42; 32])));
        shows_nothing::<Payload>(Payload(vec![42; 4]));
        let metadata = json!({"name": secret(), "deviceType": "", "pushToken": "42"});
        shows_nothing::<Metadata>(Metadata::read(metadata).unwrap());
    }
}
