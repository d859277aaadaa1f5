//! The uncompressed form of public keys, computed once for each of them.
//!
//! Keys are stored and sent compressed. The interface gives them uncompressed, which takes a square
//! root in the field of the curve: more time than encrypting a message takes, and nearly every
//! answer contains a key.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use crypto_core::IdentityKey;

/// Keys whose long form is remembered, about 100 bytes each: four groups of the largest size. When
/// there are more, all are forgotten, so that no order of their use has to be kept.
const MAX_REMEMBERED: usize = 4096;

static REMEMBERED: LazyLock<Mutex<HashMap<IdentityKey, [u8; 65]>>> = LazyLock::new(Mutex::default);

/// The 65 bytes of a key; `None` if it is no point of the curve.
pub(super) fn uncompressed(identity: &IdentityKey) -> Option<[u8; 65]> {
    let known = || REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().get(identity) {
        return Some(*found);
    }
    let found = identity.to_uncompressed().ok()?;
    let mut known = known();
    if known.len() >= MAX_REMEMBERED {
        known.clear();
    }
    known.insert(*identity, found);
    Some(found)
}

#[cfg(test)]
mod tests {
    use crypto_core::IdentityKeyPair;

    use super::*;

    #[test]
    fn a_key_has_its_own_long_form_however_many_others_were_asked_for() {
        let key = |number: u32| {
            let mut secret = [1; 32];
            secret[..4].copy_from_slice(&number.to_be_bytes());
            *IdentityKeyPair::from_secret_bytes(&secret)
                .unwrap()
                .public()
        };
        let many = u32::try_from(MAX_REMEMBERED).unwrap() + 10;
        for number in (0..many).chain(0..10) {
            let key = key(number);
            let found = uncompressed(&key).unwrap();
            assert_eq!(IdentityKey::from_sec1(&found).unwrap(), key);
        }
        assert!(REMEMBERED.lock().unwrap().len() <= MAX_REMEMBERED);
        assert_eq!(uncompressed(&IdentityKey::from_stored([0xff; 33])), None);
    }
}
