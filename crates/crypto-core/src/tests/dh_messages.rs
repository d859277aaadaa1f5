//! DH messages: what does not open, and how it says so.

use crate::*;

fn recipient() -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[1; 32]).unwrap()
}

fn ephemeral() -> EphemeralKeyPair {
    EphemeralKeyPair::from_secret_bytes(&[2; 32]).unwrap()
}

fn sealed(text: &[u8]) -> Vec<u8> {
    dh_message::seal(&ephemeral(), [3; 12], recipient().public(), text).unwrap()
}

#[test]
fn a_changed_message_is_not_authentic() {
    let payload = sealed(b"text");
    for index in 0..payload.len() {
        let mut changed = payload.clone();
        changed[index] ^= 0x10;
        let opened = dh_message::open(&recipient(), ephemeral().public(), &changed);
        assert_eq!(
            opened.err(),
            Some(DhMessageError::Authentication),
            "{index}"
        );
    }
    let longer = [payload.as_slice(), &[0]].concat();
    for wrong in [&payload[..payload.len() - 1], &longer] {
        let opened = dh_message::open(&recipient(), ephemeral().public(), wrong);
        assert_eq!(opened.err(), Some(DhMessageError::Authentication));
    }
}

#[test]
fn a_message_for_someone_else_is_not_authentic() {
    let other = IdentityKeyPair::from_secret_bytes(&[9; 32]).unwrap();
    let opened = dh_message::open(&other, ephemeral().public(), &sealed(b"text"));
    assert_eq!(opened.err(), Some(DhMessageError::Authentication));
}

#[test]
fn an_empty_text_is_a_message_and_one_byte_less_is_none() {
    let payload = sealed(b"");
    assert_eq!(payload.len(), 28);
    let opened = dh_message::open(&recipient(), ephemeral().public(), &payload).unwrap();
    assert!(opened.is_empty());
    let short = dh_message::open(&recipient(), ephemeral().public(), &payload[1..]);
    assert_eq!(short.err(), Some(DhMessageError::Malformed));
}

/// Bytes that a store gave back wrongly are an error, never a key.
#[test]
fn keys_that_are_no_points_are_errors() {
    let broken = EphemeralKey::from_stored([0xff; 33]);
    let opened = dh_message::open(&recipient(), &broken, &sealed(b"text"));
    assert_eq!(opened.err(), Some(DhMessageError::Malformed));
    let broken = IdentityKey::from_stored([2; 33].map(|_| 0xff));
    let result = dh_message::seal(&ephemeral(), [3; 12], &broken, b"text");
    assert_eq!(result.err(), Some(KeyError::Form));
}
