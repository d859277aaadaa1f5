//! Files of wallets that hold a recovery phrase, in clear or encrypted.
//!
//! The key beside the phrase, where there is one, belongs to an account of the wallet. The identity
//! of a chat account is another key, derived from the phrase.

use crypto_core::Mnemonic;
use serde_json::Value;

/// Whether a file holds a phrase, as far as can be told without its password: it is one, or a
/// member's name says so.
pub(super) fn holds_phrase(text: &str) -> bool {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => says_so(&value),
        Err(_) => is_phrase(text),
    }
}

fn is_phrase(text: &str) -> bool {
    Mnemonic::parse(text).is_ok()
}

fn says_so(value: &Value) -> bool {
    match value {
        Value::String(text) => is_phrase(text),
        Value::Array(items) => items.iter().any(says_so),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let is_named = name.contains("mnemonic")
                || (name.contains("phrase") && !name.contains("passphrase"));
            let is_kind = name == "type" && value.as_str() == Some("mnemonic");
            (is_named && holds_something(value)) || is_kind || says_so(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn holds_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
