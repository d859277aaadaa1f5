//! What is a key, and what only looks like one.

use super::Draws;
use crate::*;

/// The order of secp256k1's group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

fn alice() -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[0x11; 32]).unwrap()
}

#[test]
fn only_thirty_three_compressed_bytes_are_a_key_on_the_wire() {
    let good = alice().public().to_bytes();
    assert_eq!(IdentityKey::from_wire(&good), Ok(*alice().public()));
    let uncompressed = alice().public().to_uncompressed().unwrap();
    for length in [0, 1, 32] {
        assert_eq!(IdentityKey::from_wire(&good[..length]), Err(KeyError::Form));
    }
    let longer = [good.as_slice(), &[0]].concat();
    for bad in [uncompressed.as_slice(), &longer] {
        assert_eq!(SignedPreKey::from_wire(bad), Err(KeyError::Form));
    }
    // 05 is SEC1's "compact" tag: 33 bytes as well, and the same point to a lenient reader.
    for tag in [0, 1, 4, 5, 6, 7, 0x82] {
        let mut bad = good;
        bad[0] = tag;
        assert_eq!(EphemeralKey::from_wire(&bad), Err(KeyError::Form), "{tag}");
        assert_eq!(IdentityKey::from_sec1(&bad), Err(KeyError::Form), "{tag}");
    }
    // No point has x = 0, nor x = 5; the last is no field element.
    let mut five = [0; 33];
    five[32] = 5;
    for mut bad in [[0; 33], five, [0xff; 33]] {
        bad[0] = 2;
        assert_eq!(IdentityKey::from_wire(&bad), Err(KeyError::NotOnCurve));
        assert_eq!(IdentityKey::from_sec1(&bad), Err(KeyError::NotOnCurve));
    }
}

#[test]
fn an_uncompressed_key_must_lie_on_the_curve() {
    let good = alice().public().to_uncompressed().unwrap();
    assert_eq!(IdentityKey::from_sec1(&good), Ok(*alice().public()));
    let mut off = good;
    off[64] ^= 1;
    assert_eq!(IdentityKey::from_sec1(&off), Err(KeyError::NotOnCurve));
    for tag in [2, 3, 5, 6, 7] {
        let mut hybrid = good;
        hybrid[0] = tag;
        assert!(IdentityKey::from_sec1(&hybrid).is_err(), "{tag}");
    }
    assert_eq!(IdentityKey::from_sec1(&[0]), Err(KeyError::Form));
}

#[test]
fn scalars_are_above_zero_and_below_the_order() {
    let mut last = ORDER;
    last[31] -= 1;
    assert!(IdentityKeyPair::from_secret_bytes(&last).is_ok());
    let mut above = ORDER;
    above[31] += 1;
    for bad in [[0; 32], ORDER, above, [0xff; 32]] {
        let pair = SignedPreKeyPair::from_secret_bytes(&bad);
        assert_eq!(pair.err(), Some(KeyError::NotOnCurve));
        let public = *alice().public();
        assert!(IdentityKeyPair::from_stored(&bad, public).is_err());
    }
}

/// Recorded conversations replay a draw as the private key itself; invalid draws are passed over,
/// not folded.
#[test]
fn a_draw_is_the_private_key_itself() {
    let mut draws = Draws::of(&[[0; 32], ORDER, [0xff; 32], [5; 32]]);
    let pair = EphemeralKeyPair::generate(&mut draws);
    assert_eq!(*pair.secret_bytes(), [5; 32]);
    assert_eq!(
        pair.public(),
        EphemeralKeyPair::from_secret_bytes(&[5; 32])
            .unwrap()
            .public()
    );
    let pair = RatchetPreKeyPair::generate(&mut Draws::of(&[[0xff; 32]]));
    assert_eq!(*pair.secret_bytes(), [0xff; 32]);
    assert_eq!(
        pair.public(),
        RatchetPreKeyPair::from_secret_bytes(&[0xff; 32]).public()
    );
}

#[test]
fn a_pair_reads_back_from_its_parts() {
    let stored = IdentityKeyPair::from_stored(&alice().secret_bytes(), *alice().public()).unwrap();
    let digest = keccak256(&[b"text"]);
    assert_eq!(stored.sign_digest(&digest), alice().sign_digest(&digest));
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[6; 32]);
    let stored = RatchetPreKeyPair::from_stored(&ratchet.secret_bytes(), *ratchet.public());
    assert_eq!(stored.public(), ratchet.public());
    assert_eq!(*stored.secret_bytes(), *ratchet.secret_bytes());
}

/// A broken store gives errors, not panics and not secrets.
#[test]
fn stored_keys_that_are_no_points_fail_where_they_are_used() {
    let broken = [0xff; 33];
    assert!(IdentityKey::from_stored(broken).to_uncompressed().is_err());
    let ephemeral = EphemeralKeyPair::from_secret_bytes(&[2; 32]).unwrap();
    let prekey = SignedPreKeyPair::from_secret_bytes(&[3; 32]).unwrap();
    let identity = *alice().public();
    for (identity, signed) in [
        (IdentityKey::from_stored(broken), *prekey.public()),
        (identity, SignedPreKey::from_stored(broken)),
    ] {
        let peer = VerifiedPreKey::from_stored(identity, signed, None);
        assert!(x3dh::initiate(&alice(), &ephemeral, &peer, None).is_err());
    }
    let (ok, bad) = (*ephemeral.public(), EphemeralKey::from_stored(broken));
    assert!(x3dh::respond(&alice(), &prekey, &identity, &ok, None).is_ok());
    assert!(x3dh::respond(&alice(), &prekey, &identity, &bad, None).is_err());
    let peer = IdentityKey::from_stored(broken);
    assert!(x3dh::respond(&alice(), &prekey, &peer, &ok, None).is_err());
}

/// v 2 and 3 stand for an x coordinate beyond the group's order. Such signatures can be made up,
/// with a key that recovers from them; Ethereum's know 0 and 1 alone.
#[test]
fn signatures_with_an_overflown_x_coordinate_are_refused() {
    let digest = keccak256(&[b"text"]);
    for r in 1..=40 {
        for v in [2, 3] {
            let mut made_up = [0; SIGNATURE_BYTES];
            made_up[31] = r;
            made_up[63] = 1;
            made_up[64] = v;
            let signature = Signature::from_wire(&made_up).unwrap();
            assert_eq!(signature.recover(&digest), Err(SignatureError), "{r} {v}");
        }
    }
}

#[test]
fn signatures_of_another_length_or_without_numbers_are_refused() {
    let signature = alice().sign_digest(&[1; 32]).to_bytes();
    for length in [0, 64] {
        assert!(Signature::from_wire(&signature[..length]).is_err());
    }
    assert!(Signature::from_wire(&[signature.as_slice(), &[0]].concat()).is_err());
    for (r, s) in [
        ([0; 32], [1; 32]),
        ([1; 32], [0; 32]),
        (ORDER, [1; 32]),
        ([1; 32], ORDER),
    ] {
        let bytes = [r.as_slice(), &s, &[0]].concat();
        let signature = Signature::from_wire(&bytes).unwrap();
        assert_eq!(signature.recover(&[1; 32]), Err(SignatureError));
    }
    let other = IdentityKeyPair::from_secret_bytes(&[0x12; 32]).unwrap();
    let signature = alice().sign_digest(&[1; 32]);
    assert_eq!(
        signature.verify(other.public(), &[1; 32]),
        Err(SignatureError)
    );
    assert_eq!(
        signature.verify(alice().public(), &[2; 32]),
        Err(SignatureError)
    );
}

#[test]
fn ratchet_prekeys_have_one_spelling() {
    let good = RatchetPreKeyPair::from_secret_bytes(&[6; 32])
        .public()
        .to_bytes();
    assert!(RatchetPreKey::from_wire(&good).is_ok());
    let mut high = good;
    high[31] |= 0x80;
    assert_eq!(RatchetPreKey::from_wire(&high), Err(KeyError::Form));
    assert_eq!(RatchetPreKey::from_wire(&good[..31]), Err(KeyError::Form));
    let longer = [good.as_slice(), &[0]].concat();
    assert_eq!(RatchetPreKey::from_wire(&longer), Err(KeyError::Form));
}

/// Of two crossed sessions both ends must choose the same one: first in byte order, most
/// significant byte first. What is kept of a secret for that are its first bytes and no others.
#[test]
fn shared_keys_are_ordered_by_their_first_bytes() {
    let prefix = |first: u8, eighth: u8, ninth: u8| {
        let mut bytes = [0; 32];
        (bytes[0], bytes[7], bytes[8]) = (first, eighth, ninth);
        SharedKey::from_stored(bytes).prefix()
    };
    assert!(prefix(1, 9, 0) < prefix(2, 0, 0));
    assert!(prefix(1, 1, 0) < prefix(1, 0x80, 0));
    assert_eq!(prefix(1, 1, 2), prefix(1, 1, 3));
    assert_eq!(prefix(1, 2, 3).as_bytes(), &[1, 0, 0, 0, 0, 0, 0, 2]);
}

/// X3DH sees x coordinates alone, so a flipped sign byte must not make a twin of a session.
#[test]
fn a_negated_ephemeral_key_names_the_same_session() {
    let [alice, bob] = [1, 2].map(|n| IdentityKeyPair::from_secret_bytes(&[n; 32]).unwrap());
    let prekey = SignedPreKeyPair::from_secret_bytes(&[3; 32]).unwrap();
    let ephemeral = EphemeralKeyPair::from_secret_bytes(&[4; 32]).unwrap();
    let mut negated = ephemeral.public().to_bytes();
    negated[0] ^= 1;
    let negated = EphemeralKey::from_wire(&negated).unwrap();
    let id = |ephemeral: &EphemeralKey| {
        SessionId::derive(&SessionParties {
            initiator: alice.public(),
            responder: bob.public(),
            installations: SessionInstallations::Secp256k1,
            signed_pre_key: prekey.public(),
            ephemeral,
        })
    };
    let secret = |ephemeral| {
        let shared = x3dh::respond(&bob, &prekey, alice.public(), ephemeral, None).unwrap();
        *shared.secret_bytes()
    };
    assert_eq!(secret(ephemeral.public()), secret(&negated));
    assert_eq!(id(ephemeral.public()), id(&negated));
}

#[test]
fn suites_have_fixed_names_and_bytes() {
    for (suite, name, byte, curve) in [
        (Suite::X25519, "x25519", 1, RatchetCurve::X25519),
        (Suite::Secp256k1, "secp256k1", 2, RatchetCurve::Secp256k1),
        (
            Suite::X25519MlKem768,
            "x25519-mlkem768",
            3,
            RatchetCurve::X25519,
        ),
    ] {
        assert_eq!((suite.name(), suite.byte()), (name, byte));
        assert_eq!(Suite::from_name(name), Some(suite));
        assert_eq!(Suite::from_byte(byte), Some(suite));
        assert_eq!(suite.curve(), curve);
        assert_eq!(suite.is_post_quantum(), byte == 3);
    }
    assert_eq!(Suite::from_name("X25519"), None);
    assert_eq!((Suite::from_byte(0), Suite::from_byte(4)), (None, None));
    let names = Suite::ALL.map(Suite::name);
    assert_eq!(names, ["x25519-mlkem768", "x25519", "secp256k1"]);
}

#[test]
fn the_length_of_a_header_key_tells_its_curve() {
    for (curve, length) in [(RatchetCurve::X25519, 32), (RatchetCurve::Secp256k1, 33)] {
        let key = HeaderKey::from_wire(&vec![2; length]).unwrap();
        assert_eq!(key.curve(), curve);
        assert_eq!(curve.header_key_bytes(), length);
    }
    for length in [0, 31, 34, 65] {
        assert_eq!(HeaderKey::from_wire(&vec![2; length]), Err(KeyError::Form));
    }
}

/// Twice the group's order less s: what anyone can make of a signature who sees it.
fn with_the_other_s(signature: &Signature) -> Signature {
    let mut bytes = signature.to_bytes();
    let mut borrow = 0;
    for (byte, order) in bytes[32..64].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    bytes[64] ^= 1;
    Signature::from_wire(&bytes).unwrap()
}

#[test]
fn high_s_is_accepted_where_it_is_asked_for_and_nowhere_else() {
    for number in 0..20 {
        let digest = keccak256(&[&[number]]);
        let low = alice().sign_digest(&digest);
        let high = with_the_other_s(&low);
        assert_eq!(low.recover_any_s(&digest), Ok(*alice().public()));
        assert_eq!(high.recover_any_s(&digest), Ok(*alice().public()));
        assert_eq!(high.recover(&digest), Err(SignatureError));
        for v in [2, 3, 4, 27, 28, 255] {
            let mut other = low.to_bytes();
            other[64] = v;
            let other = Signature::from_wire(&other).unwrap();
            assert_eq!(other.recover_any_s(&digest), Err(SignatureError), "{v}");
        }
    }
    for (r, s) in [
        ([0; 32], [1; 32]),
        ([1; 32], [0; 32]),
        (ORDER, [1; 32]),
        ([1; 32], ORDER),
    ] {
        let signature = Signature::from_wire(&[r.as_slice(), &s, &[0]].concat()).unwrap();
        assert_eq!(signature.recover_any_s(&[1; 32]), Err(SignatureError));
    }
}

#[test]
fn both_ends_agree_on_one_secret() {
    let bob = IdentityKeyPair::from_secret_bytes(&[2; 32]).unwrap();
    let secret = alice().agree(bob.public()).unwrap();
    let same = bob.agree(alice().public()).unwrap();
    assert_eq!(secret.secret_bytes(), same.secret_bytes());
    let ephemeral = EphemeralKeyPair::from_secret_bytes(&[3; 32]).unwrap();
    let uncompressed = ephemeral.public_uncompressed().unwrap();
    assert_eq!(
        IdentityKey::from_sec1(&uncompressed).unwrap().as_bytes(),
        ephemeral.public().as_bytes()
    );
    let sent = ephemeral.agree(bob.public()).unwrap();
    let read = bob.agree_uncompressed(&uncompressed).unwrap();
    assert_eq!(sent.secret_bytes(), read.secret_bytes());
    assert_ne!(sent.secret_bytes(), secret.secret_bytes());
    for tag in [0, 2, 3, 5, 6, 7] {
        let mut other = uncompressed;
        other[0] = tag;
        let refused = bob.agree_uncompressed(&other).err();
        assert_eq!(refused, Some(KeyError::Form), "{tag}");
    }
    let mut off = uncompressed;
    off[64] ^= 1;
    let mut infinity = [0; UNCOMPRESSED_KEY_BYTES];
    infinity[0] = 4;
    let mut beyond = [0xff; UNCOMPRESSED_KEY_BYTES];
    beyond[0] = 4;
    for bad in [off, infinity, beyond] {
        let refused = bob.agree_uncompressed(&bad).err();
        assert_eq!(refused, Some(KeyError::NotOnCurve));
    }
    let broken = IdentityKey::from_stored([0xff; 33]);
    assert!(alice().agree(&broken).is_err());
    assert!(ephemeral.agree(&broken).is_err());
}
