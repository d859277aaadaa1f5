//! Keystore files as parameters.

use crypto_core::keystore::Keystore;
use serde_json::Value;

use super::{Form, macros::opaque};
use crate::{error::RpcError, keystore::read_keystore_file};

/// A keystore file that was read, as its own JSON or as text.
pub struct KeystoreFile {
    text: String,
    /// What it holds.
    pub keystore: Keystore,
}

impl Form for KeystoreFile {
    const TAKES: &'static str =
        "a keystore file (Web3 Secret Storage, version 3) as an object or as text";

    fn schema() -> Value {
        serde_json::json!({"type": ["object", "string"]})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = match value {
            Value::String(text) => text,
            Value::Object(_) => value.to_string(),
            _ => return Err(Self::wrong(&value)),
        };
        match read_keystore_file(&text) {
            Ok(keystore) => Ok(Self { text, keystore }),
            Err(error) => Err(RpcError {
                field: None,
                ..error.into()
            }),
        }
    }

    fn write(&self) -> Value {
        self.text.as_str().into()
    }
}

opaque!(KeystoreFile);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_file_is_taken_as_an_object_and_as_text() {
        let vectors: Value = serde_json::from_str(include_str!(
            "../../../../tests/vectors/trust-keystore.json"
        ))
        .unwrap();
        for case in vectors["good"].as_array().unwrap() {
            let object = case["keystore"].clone();
            let read = KeystoreFile::read(object.clone()).unwrap();
            let as_text = KeystoreFile::read(json!(object.to_string())).unwrap();
            assert_eq!(read.keystore, as_text.keystore);
            let again = KeystoreFile::read(read.write()).unwrap();
            assert_eq!(again.keystore, read.keystore);
        }
    }

    #[test]
    fn a_file_is_not_shown() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(
                !shown.contains("ciphertext") && !shown.contains("aes"),
                "{shown}"
            );
        }
        let vectors: Value = serde_json::from_str(include_str!(
            "../../../../tests/vectors/trust-keystore.json"
        ))
        .unwrap();
        let read = KeystoreFile::read(vectors["good"][0]["keystore"].clone()).unwrap();
        shows_nothing::<KeystoreFile>(&read);
    }

    #[test]
    fn what_is_none_says_what_to_do() {
        for wrong in [json!(7), json!("{}"), json!({"version": 1}), json!([])] {
            let error = KeystoreFile::read(wrong.clone()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParams);
            assert!(error.hint.len() > 20, "{wrong}: {}", error.hint);
            assert_ne!(error.hint, error.message, "{wrong}");
        }
    }
}
