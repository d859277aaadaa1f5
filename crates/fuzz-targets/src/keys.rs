//! Keys, signatures and names in all their forms.

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, RatchetPreKey, Signature, SignedPreKey,
    SignedPreKeyPair,
};
use engine::model::AccountName;
use rpc::params::{Form, PrivateKey, Wire};
use serde_json::Value;

/// Any bytes are read as keys, any text as keys and names. What is read is written, in every form,
/// as what is read the same; of each form there is one way to write a key.
pub fn keys(input: &[u8]) {
    if let Ok(key) = IdentityKey::from_sec1(input) {
        check_key(&key);
        let uncompressed = key.to_uncompressed().expect("a point");
        let same = input == key.as_bytes() || input == uncompressed;
        assert!(same, "two encodings are one key");
    }
    if let Ok(key) = SignedPreKey::from_wire(input) {
        assert_eq!(key.as_bytes(), input);
    }
    if let Ok(key) = RatchetPreKey::from_wire(input) {
        assert_eq!(key.as_bytes(), input);
    }
    if let Ok(signature) = Signature::from_wire(input) {
        assert_eq!(signature.to_bytes(), input);
        let digest = crypto_core::keccak256(&[b"digest"]);
        if let Ok(key) = signature.recover(&digest) {
            check_key(&key);
            assert_eq!(signature.verify(&key, &digest), Ok(()));
        }
    }
    if let Some(secret) = input.first_chunk::<32>() {
        check_private(secret);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        check_text(text);
    }
}

fn check_key(key: &IdentityKey) {
    assert_eq!(IdentityKey::from_wire(key.as_bytes()), Ok(*key));
    let uncompressed = key.to_uncompressed().expect("a point");
    assert_eq!(IdentityKey::from_sec1(&uncompressed), Ok(*key));
    assert_eq!(IdentityKey::from_compact(&key.to_compact()), Ok(*key));
    assert_eq!(<IdentityKey as Form>::read(key.write()).as_ref(), Ok(key));
}

fn check_private(secret: &[u8; 32]) {
    let signed = SignedPreKeyPair::from_secret_bytes(secret);
    match IdentityKeyPair::from_secret_bytes(secret) {
        Ok(pair) => {
            assert_eq!(*pair.secret_bytes(), *secret);
            check_key(pair.public());
            let signed = signed.expect("the same numbers are scalars");
            assert_eq!(signed.public().as_bytes(), pair.public().as_bytes());
        }
        Err(_) => assert!(signed.is_err()),
    }
}

fn check_text(text: &str) {
    if let Ok(key) = IdentityKey::from_compact(text) {
        assert_eq!(key.to_compact(), text, "two texts are one key");
        check_key(&key);
    }
    if let Ok(id) = InstallationId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert!((1..=64).contains(&text.len()));
    }
    if let Ok(name) = AccountName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!(!text.contains('/') && !text.starts_with('.'));
    }
    let value = Value::from(text);
    if let Ok(key) = <IdentityKey as Form>::read(value.clone()) {
        check_key(&key);
    }
    if let Ok(key) = PrivateKey::read(value.clone()) {
        let again = PrivateKey::read(key.write()).map(|again| again.0);
        assert_eq!(again, Ok(key.0));
    }
    if let Ok(wire) = Wire::read(value) {
        assert_eq!(Value::from(text.to_lowercase()), wire.write());
    }
}
