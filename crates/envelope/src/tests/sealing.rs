//! What is written: lengths, padding, draws, limits.

use super::{Draws, party};
use crate::*;

const NONE: Padding<'_> = Padding::Given(&[]);

fn key() -> SymmetricKey {
    SymmetricKey::from_bytes(&[7; 32]).unwrap()
}

/// Random padding fills up to a multiple of 256, by a whole block where nothing is missing.
#[test]
fn every_length_is_filled_up_to_the_next_block() {
    let mut rng = Draws::seeded(1);
    for signer in [None, Some(party(1))] {
        let signature = if signer.is_some() { 65 } else { 0 };
        for length in (0..=520).chain([65_535, 65_536]) {
            let payload = vec![1; length];
            let written =
                payload::write(&mut rng, signer.as_ref(), &payload, Padding::Random).unwrap();
            let width = match length {
                0..=255 => 1,
                256..=65_535 => 2,
                _ => 3,
            };
            let raw = 1 + width + length + signature;
            assert_eq!(written.len(), (raw / 256 + 1) * 256, "{length}");
            assert_eq!(written[0], width as u8 | if signature > 0 { 4 } else { 0 });
        }
    }
}

/// The whole plaintext is allocated once: growing would leave parts of it in freed memory.
#[test]
fn a_plaintext_does_not_move() {
    let mut rng = Draws::seeded(1);
    let signer = party(1);
    for (signer, padding) in [
        (None, Padding::Random),
        (Some(&signer), Padding::Random),
        (Some(&signer), NONE),
        (None, Padding::Given(&[1; 700])),
    ] {
        let written = payload::write(&mut rng, signer, &[1; 300], padding).unwrap();
        assert_eq!(written.capacity(), written.len());
    }
}

#[test]
fn the_draws_come_in_their_documented_order() {
    let recipient = party(2);
    let padding = vec![3; 256 - 2 - 5];
    // Zero is no scalar: the key is drawn again.
    let told = [padding.clone(), vec![0; 32], vec![4; 32], vec![5; 16]];
    let mut draws = Draws::of(told);
    let to = SealTo::Recipient(recipient.public());
    let sealed = seal(&mut draws, to, None, b"hello", Padding::Random).unwrap();
    assert!(draws.told.is_empty());
    let ephemeral = party(4).public().to_uncompressed().unwrap();
    assert_eq!(sealed.as_bytes()[..65], ephemeral);
    assert_eq!(sealed.as_bytes()[65..81], [5; 16]);
    let opened = open(OpenWith::Recipient(&recipient), sealed.as_bytes()).unwrap();
    assert_eq!(*opened.padding, padding);

    let mut draws = Draws::of([padding, vec![6; 12]]);
    let sealed = seal(
        &mut draws,
        SealTo::Key(&key()),
        None,
        b"hello",
        Padding::Random,
    );
    let sealed = sealed.unwrap().into_bytes();
    assert!(draws.told.is_empty());
    assert_eq!(sealed[sealed.len() - 12..], [6; 12]);
}

#[test]
fn two_envelopes_of_one_payload_have_nothing_in_common() {
    let mut rng = Draws::seeded(1);
    let recipient = party(2);
    for to in [SealTo::Recipient(recipient.public()), SealTo::Key(&key())] {
        let [one, other] = [(); 2].map(|()| {
            let sealed = seal(&mut rng, to, None, b"hello", NONE).unwrap();
            sealed.into_bytes()
        });
        assert_ne!(one[1..33], other[1..33]);
        assert_ne!(one[one.len() - 12..], other[other.len() - 12..]);
    }
}

#[test]
fn what_is_too_large_is_not_sealed() {
    let mut rng = Draws::seeded(1);
    let key = key();
    let mut most = |payload: &[u8], padding: Padding<'_>| {
        let sealed = seal(&mut rng, SealTo::Key(&key), None, payload, padding);
        sealed.map(|sealed| sealed.as_bytes().len())
    };
    let large = vec![1; MAX_PAYLOAD_BYTES + 1];
    let expected = 4 + MAX_PAYLOAD_BYTES + 28;
    assert_eq!(most(&large[1..], NONE), Ok(expected));
    let error = SealError::PayloadTooLarge(MAX_PAYLOAD_BYTES + 1);
    assert_eq!(most(&large, NONE), Err(error));
    let padding = &large[..MAX_PADDING_BYTES + 1];
    assert!(most(b"", Padding::Given(&padding[1..])).is_ok());
    let error = SealError::PaddingTooLarge(MAX_PADDING_BYTES + 1);
    assert_eq!(most(b"", Padding::Given(padding)), Err(error));
}

#[test]
fn a_recipient_that_is_no_point_is_an_error() {
    let broken = crypto_core::IdentityKey::from_stored([0xff; 33]);
    let mut rng = Draws::seeded(1);
    let sealed = seal(&mut rng, SealTo::Recipient(&broken), None, b"", NONE);
    assert!(matches!(sealed, Err(SealError::Recipient(_))));
}

#[test]
fn a_symmetric_key_is_thirty_two_bytes_and_not_zero() {
    for length in [0, 16, 31, 33, 64] {
        assert!(SymmetricKey::from_bytes(&vec![1; length]).is_err());
    }
    assert!(SymmetricKey::from_bytes(&[0; 32]).is_err());
    for at in [0, 31] {
        let mut bytes = [0; 32];
        bytes[at] = 0x80;
        let key = SymmetricKey::from_bytes(&bytes).unwrap();
        assert_eq!(*key.secret_bytes(), bytes);
    }
}

/// Whoever can open an envelope can pass its inside on under the signer's name: known, and not to
/// be forgotten.
#[test]
fn the_recipient_is_not_signed() {
    let (alice, bob, carol) = (party(1), party(2), party(3));
    let mut rng = Draws::seeded(1);
    let to_bob = seal(
        &mut rng,
        SealTo::Recipient(bob.public()),
        Some(&alice),
        b"for Bob",
        Padding::Random,
    );
    let inside = asymmetric::open(&bob, to_bob.unwrap().as_bytes()).unwrap();
    let to_carol = asymmetric::seal(&mut rng, carol.public(), &inside).unwrap();
    let opened = open(OpenWith::Recipient(&carol), &to_carol).unwrap();
    assert_eq!(opened.signer.as_ref(), Some(alice.public()));
}
