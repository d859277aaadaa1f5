//! Recorded phrases with their chat keys, and compact keys.

use super::{bytes, entries, file};
use crate::*;

#[test]
fn mnemonics_and_compact_keys() {
    let file = file("trust-account");
    for entry in entries(&file, "mnemonics") {
        let text = entry["mnemonic"].as_str().unwrap();
        let name = entry["name"].as_str().unwrap();
        // Ours are stricter than status-go's import, which takes any text.
        let phrase = entry["language"] == "English"
            && !["bad-checksum", "not-a-word", "13-words"].contains(&name);
        let parsed = Mnemonic::parse(text);
        assert_eq!(parsed.is_ok(), phrase, "{name}");
        // A phrase of other spacing or case is the same phrase here, and another account there.
        let Some(mnemonic) = parsed.ok().filter(|read| read.phrase().as_str() == text) else {
            continue;
        };
        let passphrase = entry["passphrase"].as_str().unwrap_or("");
        let pair = mnemonic.chat_key(passphrase).unwrap();
        let secret = pair.secret_bytes().to_vec();
        assert_eq!(secret, bytes(&entry["privateKey"]), "{name}");
        let compact = entry["compressedKey"].as_str().unwrap();
        assert_eq!(pair.public().to_compact(), compact, "{name}");
    }
    for entry in entries(&file, "compressedKeys") {
        let public = IdentityKey::from_sec1(&bytes(&entry["publicKey"])).unwrap();
        let text = entry["compressedKey"].as_str().unwrap();
        assert_eq!(public.to_compact(), text);
        assert_eq!(IdentityKey::from_compact(text), Ok(public));
    }
    for entry in entries(&file, "compressedKeysBad") {
        let input = entry["input"].as_str().unwrap();
        let ours = input.starts_with('z') && entry.get("publicKey").is_some();
        assert_eq!(IdentityKey::from_compact(input).is_ok(), ours, "{entry}");
    }
}
