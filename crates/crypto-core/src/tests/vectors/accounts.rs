//! Recorded phrases with their seeds and chat keys, and compact keys.

use super::{bytes, entries, file};
use crate::*;

/// Ours are stricter than status-go's import, which takes any text, and kinder: a phrase of other
/// spacing or case is the same phrase here, and another account there.
#[test]
fn recorded_phrases() {
    let file = file("trust-account");
    let mut languages = std::collections::BTreeSet::new();
    for entry in entries(&file, "mnemonics") {
        let text = entry["mnemonic"].as_str().unwrap();
        let name = entry["name"].as_str().unwrap();
        let refused = match name {
            "bad-checksum" => Some(MnemonicError::Checksum),
            "not-a-word" => Some(MnemonicError::UnknownWord(12)),
            "13-words" => Some(MnemonicError::WordCount(13)),
            _ => None,
        };
        let parsed = Mnemonic::parse(text);
        assert_eq!(parsed.as_ref().err().copied(), refused, "{name}");
        let Ok(mnemonic) = parsed else { continue };
        languages.insert(entry["language"].as_str().unwrap());
        assert_eq!(mnemonic.has_checksum(), entry["language"] != "Russian");
        let passphrase = entry["passphrase"].as_str().unwrap_or("");
        let pair = mnemonic.chat_key(passphrase).unwrap();
        let recorded = match name {
            "double-space" | "trailing-space" | "uppercase" => &file["mnemonics"][0],
            _ => entry,
        };
        let seed = mnemonic.seed(passphrase).to_vec();
        assert_eq!(seed, bytes(&recorded["seed"]), "{name}");
        let secret = pair.secret_bytes().to_vec();
        assert_eq!(secret, bytes(&recorded["privateKey"]), "{name}");
        let compact = recorded["compressedKey"].as_str().unwrap();
        assert_eq!(pair.public().to_compact(), compact, "{name}");
        let public = pair.public().to_uncompressed().unwrap().to_vec();
        assert_eq!(public, bytes(&recorded["publicKey"]), "{name}");
    }
    assert_eq!(languages.len(), 8, "{languages:?}");
}

#[test]
fn recorded_compact_keys() {
    let file = file("trust-account");
    for entry in entries(&file, "compressedKeys") {
        let public = IdentityKey::from_sec1(&bytes(&entry["publicKey"])).unwrap();
        let text = entry["compressedKey"].as_str().unwrap();
        assert_eq!(public.to_compact(), text);
        assert_eq!(IdentityKey::from_compact(text), Ok(public));
        assert_eq!(public.to_bytes().to_vec(), bytes(&entry["compressed"]));
        // Of the many forms that status-go reads, one is a key here.
        let base16 = entry["base16"].as_str().unwrap();
        assert_eq!(IdentityKey::from_compact(base16), Err(KeyError::Form));
    }
    for entry in entries(&file, "compressedKeysBad") {
        let input = entry["input"].as_str().unwrap();
        let ours = input.starts_with('z') && entry.get("publicKey").is_some();
        assert_eq!(IdentityKey::from_compact(input).is_ok(), ours, "{entry}");
    }
}
