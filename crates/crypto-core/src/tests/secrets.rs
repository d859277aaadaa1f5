//! What `Debug` shows of secrets: nothing.

use super::Draws;
use crate::{
    ratchet::chain::{ChainKey, RootKey},
    *,
};

const SECRET: [u8; 32] = [0xa5; 32];

/// Neither hex nor decimal bytes of the secret.
fn shows_nothing(value: &dyn std::fmt::Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        let lower = shown.to_lowercase();
        assert!(!lower.contains("a5a5") && !lower.contains("165"), "{shown}");
        assert!(shown.len() < 80, "{shown}");
    }
}

#[test]
fn no_secret_type_shows_its_secret() {
    shows_nothing(&IdentityKeyPair::from_secret_bytes(&SECRET).unwrap());
    shows_nothing(&SignedPreKeyPair::from_secret_bytes(&SECRET).unwrap());
    shows_nothing(&EphemeralKeyPair::from_secret_bytes(&SECRET).unwrap());
    shows_nothing(&RatchetPreKeyPair::from_secret_bytes(&SECRET));
    shows_nothing(&SharedKey::from_stored(SECRET));
    shows_nothing(&MessageKey::from_stored(SECRET));
    shows_nothing(&RootKey::from_stored(SECRET));
    shows_nothing(&ChainKey::from_stored(SECRET));
    shows_nothing(&Mnemonic::generate(
        WordCount::TwentyFour,
        &mut Draws::of(&[SECRET]),
    ));
    let signed = SignedPreKeyPair::from_secret_bytes(&SECRET).unwrap();
    let own = OwnPreKeys {
        signed: &signed,
        ratchet: None,
    };
    let ratchet =
        SessionRatchet::respond(&SharedKey::from_stored(SECRET), own, Suite::Secp256k1).unwrap();
    shows_nothing(&ratchet);
}
