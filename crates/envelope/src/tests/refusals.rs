//! What does not open, and why.

use super::{Draws, party};
use crate::*;

const NONE: Padding<'_> = Padding::Given(&[]);

fn key() -> SymmetricKey {
    SymmetricKey::from_bytes(&[7; 32]).unwrap()
}

fn to_bob(plaintext: &[u8]) -> Vec<u8> {
    let mut rng = Draws::seeded(1);
    asymmetric::seal(&mut rng, party(2).public(), plaintext).unwrap()
}

fn reason(with: OpenWith<'_>, envelope: &[u8]) -> Option<Unopened> {
    open(with, envelope).err()
}

/// Anyone who knows the recipient's key can make these, with a MAC that holds.
#[test]
fn nothing_under_a_valid_mac_is_too_short_to_refuse() {
    let bob = party(2);
    let with = OpenWith::Recipient(&bob);
    let empty = to_bob(&[]);
    assert_eq!(empty.len(), 113);
    assert_eq!(reason(with, &empty), Some(Unopened::Malformed));
    assert!(open(with, &to_bob(&[0])).is_ok());
    assert_eq!(to_bob(&[0]).len(), MIN_ASYMMETRIC_BYTES);
    let key = key();
    let empty = symmetric::seal(&mut Draws::seeded(1), &key, &[]);
    assert_eq!(
        reason(OpenWith::Key(&key), &empty),
        Some(Unopened::Malformed)
    );
    let one = symmetric::seal(&mut Draws::seeded(1), &key, &[0]);
    assert_eq!(one.len(), MIN_SYMMETRIC_BYTES);
    assert!(open(OpenWith::Key(&key), &one).is_ok());
}

#[test]
fn the_length_decides_before_anything_else() {
    let bob = party(2);
    let key = key();
    let (good, keyed) = (
        to_bob(&[1; 80]),
        symmetric::seal(&mut Draws::seeded(1), &key, &[1; 80]),
    );
    for length in 0..good.len() {
        let expected = if length < 114 {
            Unopened::Malformed
        } else {
            Unopened::AuthenticationFailed
        };
        let got = reason(OpenWith::Recipient(&bob), &good[..length]);
        assert_eq!(got, Some(expected), "{length}");
    }
    for length in 0..keyed.len() {
        let expected = if length < 29 {
            Unopened::Malformed
        } else {
            Unopened::AuthenticationFailed
        };
        let got = reason(OpenWith::Key(&key), &keyed[..length]);
        assert_eq!(got, Some(expected), "{length}");
    }
}

#[test]
fn the_ephemeral_key_is_an_uncompressed_point() {
    let bob = party(2);
    let good = to_bob(&[1; 80]);
    let with = OpenWith::Recipient(&bob);
    assert_eq!(reason(with, &good), None);
    for tag in [0, 1, 2, 3, 5, 6, 7, 0x84] {
        let mut bad = good.clone();
        bad[0] = tag;
        assert_eq!(reason(with, &bad), Some(Unopened::Malformed), "{tag}");
    }
    for fill in [0, 0xff] {
        let mut bad = good.clone();
        bad[1..65].fill(fill);
        assert_eq!(reason(with, &bad), Some(Unopened::Malformed), "{fill}");
    }
    // A compressed key, and all that follows 32 bytes earlier: long enough, and of the other form.
    let compressed = [&party(4).public().to_bytes(), &good[65..]].concat();
    assert_eq!(reason(with, &compressed), Some(Unopened::Malformed));
}

#[test]
fn other_keys_do_not_open() {
    let other = SymmetricKey::from_bytes(&[8; 32]).unwrap();
    let keyed = symmetric::seal(&mut Draws::seeded(1), &key(), &[1; 80]);
    let failed = Some(Unopened::AuthenticationFailed);
    assert_eq!(reason(OpenWith::Key(&other), &keyed), failed);
    let good = to_bob(&[1; 80]);
    assert_eq!(reason(OpenWith::Recipient(&party(3)), &good), failed);
    assert_eq!(reason(OpenWith::Key(&other), &good), failed);
}

/// The signature is looked at before the size, as the networks' own reader does; and the length
/// before both.
#[test]
fn insides_are_refused_in_one_order() {
    let outcome = |inside: &[u8]| payload::read(inside).err();
    let signed = |head: &[u8]| [head, &[0; 65]].concat();
    assert_eq!(outcome(&[]), Some(Unopened::Malformed));
    assert_eq!(outcome(&signed(&[])), None, "unsigned: the flags are 0");
    assert_eq!(outcome(&signed(&[5])), Some(Unopened::Malformed));
    assert_eq!(outcome(&signed(&[5, 0])), Some(Unopened::BadSignature));
    assert_eq!(outcome(&signed(&[5, 200])), Some(Unopened::BadSignature));
    assert_eq!(outcome(&signed(&[7, 0])), Some(Unopened::BadSignature));
    for unsigned in [&[1][..], &[2, 0], &[3, 0, 0], &[1, 1], &[2, 0, 1], &[3; 40]] {
        assert_eq!(outcome(unsigned), Some(Unopened::Malformed), "{unsigned:?}");
    }
    for unsigned in [
        &[0][..],
        &[1, 0],
        &[2, 0, 0],
        &[3, 0, 0, 0],
        &[3, 1, 0, 0, 9],
    ] {
        assert_eq!(outcome(unsigned), None, "{unsigned:?}");
    }
}

/// A signature that is good over a size beyond the end, or without room for its size.
#[test]
fn signed_sizes_do_not_reach_into_the_signature() {
    let alice = party(1);
    let outcome = |head: &[u8]| {
        let signature = alice.sign_digest(&crypto_core::keccak256(&[head]));
        payload::read(&[head, &signature.to_bytes()].concat())
    };
    for head in [
        &[5, 1][..],
        &[5, 65],
        &[7, 0],
        &[6, 0xff, 0xff, 9],
        &[7, 0, 0],
    ] {
        assert_eq!(outcome(head).err(), Some(Unopened::Malformed), "{head:?}");
    }
    for (head, payload) in [(&[5, 1, 9][..], &[9][..]), (&[4, 9], &[])] {
        let opened = outcome(head).unwrap();
        assert_eq!(*opened.payload, payload);
        assert_eq!(opened.signer.as_ref(), Some(alice.public()), "{head:?}");
    }
}

/// Identities sign bundles with the key and the digest that envelopes are signed with.
#[test]
fn a_signed_bundle_is_no_signed_envelope() {
    let alice = party(1);
    let mut signed_bits = 0;
    for first in (0_u8..128).map(char::from) {
        let id = format!("{first}b-4e7f");
        if crypto_core::InstallationId::parse(&id).is_err() {
            continue;
        }
        signed_bits += u32::from(id.as_bytes()[0] & 4 != 0);
        let entry = crypto_core::RawEntry {
            installation_id: id.clone(),
            signed_pre_key: party(2).public().to_bytes().to_vec(),
            version: 7,
            ..crypto_core::RawEntry::default()
        };
        let timestamp = 1_700_000_000_000_000_000;
        let signature = crypto_core::sign_bundle(&alice, std::slice::from_ref(&entry), timestamp);
        let signed = [
            id.as_bytes(),
            &entry.signed_pre_key,
            b"7",
            timestamp.to_string().as_bytes(),
        ]
        .concat();
        // These are the bytes that the signature is of.
        let recovered = signature.recover_any_s(&crypto_core::keccak256(&[&signed]));
        assert_eq!(recovered.as_ref(), Ok(alice.public()));
        let inside = [&signed[..], &signature.to_bytes()].concat();
        assert_eq!(
            payload::read(&inside).err(),
            Some(Unopened::Malformed),
            "{first}"
        );
    }
    assert!(
        signed_bits > 20,
        "{signed_bits} of them would say that they are signed"
    );
}

#[test]
fn every_bit_above_the_third_is_refused() {
    for flags in 0..=u8::MAX {
        let opened = payload::read(&[flags, 0, 0, 0]);
        let unsigned = flags & 4 == 0;
        assert_eq!(opened.is_ok(), flags < 8 && unsigned, "{flags:#x}");
        if flags >= 8 {
            assert_eq!(opened.err(), Some(Unopened::Malformed), "{flags:#x}");
        }
    }
}

#[test]
fn every_reason_has_its_name() {
    for (reason, name) in [
        (Unopened::Malformed, "malformed"),
        (Unopened::AuthenticationFailed, "authentication_failed"),
        (Unopened::BadSignature, "bad_signature"),
    ] {
        assert_eq!(reason.name(), name);
    }
    let key = key();
    let sealed = seal(&mut Draws::seeded(1), SealTo::Key(&key), None, b"", NONE).unwrap();
    assert_eq!(sealed.as_bytes().len(), 30);
}
