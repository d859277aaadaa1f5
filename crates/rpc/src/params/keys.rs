//! Keys and bundles, which people paste.

use crypto_core::{IdentityKey, KEM_SEED_BYTES};
use envelope::SymmetricKey;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    Form,
    macros::{opaque, string},
    pasted::{self, Fault},
};
use crate::{
    error::{ErrorKind, RpcError},
    hex::to_hex,
};

/// An encoded bundle: hex, or a contact code.
pub struct BundleBytes(pub Vec<u8>);

/// A private key: `0x` and 64 hex digits. Wiped when dropped.
pub struct PrivateKey(pub Zeroizing<[u8; 32]>);

/// The private seed of a KEM prekey, d ‖ z: `0x` and 128 hex digits. Wiped when dropped.
pub struct KemSeed(pub Zeroizing<[u8; KEM_SEED_BYTES]>);

/// A symmetric key: `0x` and 64 hex digits, not all zero. Wiped when dropped.
pub struct SymKey(pub SymmetricKey);

/// Length of 32 bytes as `0x` and hex.
const SECRET_CHARS: usize = 66;
/// Length of a seed as `0x` and hex.
const SEED_CHARS: usize = 2 + 2 * KEM_SEED_BYTES;

/// Bytes that are secret, from hex. What they are read from is wiped, too.
fn secret_hex<T: Form, const N: usize>(
    value: Value,
    what: &str,
) -> Result<Zeroizing<[u8; N]>, RpcError> {
    let text = string(value).map_err(|other| T::wrong(&other))?;
    pasted::fixed_hex(&Zeroizing::new(text))
        .map_err(|fault| not_a(ErrorKind::InvalidKey, what, fault))
}

/// The error for a key or code that is none.
fn not_a(kind: ErrorKind, what: &str, fault: Fault) -> RpcError {
    let error = RpcError::new(kind, format!("not a {what}: {}", fault.describe()));
    match fault.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

impl Form for BundleBytes {
    const TAKES: &'static str = "a bundle as 0x and hex digits, or a contact code";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidBundle];

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| Self::wrong(&other))?;
        pasted::bundle(&text)
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
        json!({"type": "string", "minLength": pasted::COMPACT_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| <Self as Form>::wrong(&other))?;
        pasted::public_key(&text).map_err(|fault| not_a(ErrorKind::InvalidKey, "public key", fault))
    }

    fn write(&self) -> Value {
        to_hex(self.as_bytes()).into()
    }
}

impl Form for PrivateKey {
    const TAKES: &'static str = "a private key as 0x and 64 hex digits";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

    fn schema() -> Value {
        json!({"type": "string", "minLength": SECRET_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        secret_hex::<Self, 32>(value, "private key").map(Self)
    }

    fn write(&self) -> Value {
        to_hex(self.0.as_slice()).into()
    }
}

impl Form for KemSeed {
    const TAKES: &'static str = "the seed of a KEM prekey, d and z, as 0x and 128 hex digits";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

    fn schema() -> Value {
        json!({"type": "string", "minLength": SEED_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        secret_hex::<Self, KEM_SEED_BYTES>(value, "seed of a KEM prekey")
            .map(Self)
            .map_err(|error| error.with_hint(format!("give {}", Self::TAKES)))
    }

    fn write(&self) -> Value {
        to_hex(self.0.as_slice()).into()
    }
}

impl Form for SymKey {
    const TAKES: &'static str = "a symmetric key as 0x and 64 hex digits, not all zero";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

    fn schema() -> Value {
        json!({"type": "string", "minLength": SECRET_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let hint = |error: RpcError| error.with_hint(format!("give {}", Self::TAKES));
        let bytes = secret_hex::<Self, 32>(value, "symmetric key").map_err(hint)?;
        SymmetricKey::from_bytes(bytes.as_slice())
            .map(Self)
            .map_err(|error| hint(RpcError::new(ErrorKind::InvalidKey, error.to_string())))
    }

    fn write(&self) -> Value {
        to_hex(self.0.secret_bytes()).into()
    }
}

opaque!(BundleBytes, PrivateKey, KemSeed, SymKey);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::macros::fixtures::{hex_of, refused},
        *,
    };

    /// The generator of the group, in every form the interface takes.
    const COMPRESSED: &str = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const UNCOMPRESSED: &str = "0x0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    #[test]
    fn a_bundle_comes_as_hex_or_as_a_contact_code() {
        let code = engine::wire::encode_contact_code(&[1, 2, 250]);
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
        ] {
            assert_eq!(refused::<IdentityKey>(bad), ErrorKind::InvalidKey);
        }
    }

    #[test]
    fn what_is_no_string_is_no_parameter_of_a_key() {
        for bad in [json!(1), json!([COMPRESSED]), json!({}), json!(true)] {
            for kind in [
                refused::<IdentityKey>(bad.clone()),
                refused::<PrivateKey>(bad.clone()),
                refused::<SymKey>(bad.clone()),
                refused::<KemSeed>(bad.clone()),
                refused::<BundleBytes>(bad),
            ] {
                assert_eq!(kind, ErrorKind::InvalidParams);
            }
        }
    }

    #[test]
    fn a_private_key_has_32_bytes() {
        assert_eq!(PrivateKey::read(hex_of(32)).unwrap().0.as_slice(), [0; 32]);
        for bad in [hex_of(31), hex_of(33), json!("0x"), json!("00".repeat(32))] {
            assert_eq!(refused::<PrivateKey>(bad), ErrorKind::InvalidKey);
        }
    }

    #[test]
    fn the_seed_of_a_kem_prekey_has_64_bytes() {
        assert_eq!(KemSeed::read(hex_of(64)).unwrap().0.as_slice(), [0; 64]);
        for bad in [hex_of(32), hex_of(63), hex_of(65), json!("0x")] {
            assert_eq!(refused::<KemSeed>(bad), ErrorKind::InvalidKey);
        }
    }

    #[test]
    fn a_symmetric_key_has_32_bytes_that_are_not_all_zero() {
        assert!(SymKey::read(json!(format!("0x{}", "01".repeat(32)))).is_ok());
        for bad in [
            format!("0x{}", "00".repeat(32)),
            format!("0x{}", "01".repeat(31)),
            "01".repeat(32),
        ] {
            let refused = SymKey::read(json!(bad)).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::InvalidKey);
        }
    }
}
