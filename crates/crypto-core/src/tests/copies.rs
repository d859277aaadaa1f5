//! What a copy for our own devices has sealed beside its message.

use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;

use super::{
    Draws,
    properties::{Pair, curves},
    ratchets::{CURVES, LIMITS, established},
};
use crate::*;

const AD: &[u8] = b"who with whom";
const KEY: [u8; 32] = [9; 32];
const TEXT: &[u8] = b"text";
const COPY_OF: &[u8] = b"for whom it was";

fn header() -> Header {
    Header {
        key: HeaderKey::X25519([5; 32]),
        n: 0x0102_0304,
        pn: 7,
    }
}

fn sealed(text: &[u8], copy_of: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let ad = AssociatedData::from_bytes(AD.to_vec());
    let (text, copy_of) = MessageKey::from_stored(KEY).seal(&header(), &ad, text, Some(copy_of));
    (text, copy_of.unwrap())
}

/// The specification alone (protocol §5), in other words than the code.
#[test]
fn a_copy_is_sealed_as_the_specification_says() {
    let mut keys = [0; 80];
    Hkdf::<Sha256>::new(Some(&[0; 32]), &KEY)
        .expand(b"ratchetd/copy-of/1", &mut keys)
        .unwrap();
    let (enc, auth, iv) = (&keys[..32], &keys[32..64], &keys[64..]);
    let mut body = COPY_OF.to_vec();
    Ctr128BE::<Aes256>::new_from_slices(enc, iv)
        .unwrap()
        .apply_keystream(&mut body);
    let mac = Hmac::<Sha256>::new_from_slice(auth)
        .unwrap()
        .chain_update(AD)
        .chain_update([4, 3, 2, 1, 7, 0, 0, 0])
        .chain_update([5; 32])
        .chain_update(iv)
        .chain_update(&body)
        .finalize()
        .into_bytes();
    assert_eq!(sealed(TEXT, COPY_OF).1, [iv, &body, &mac].concat());
}

/// Two texts under one key and IV would give each other away.
#[test]
fn a_copy_leaves_its_message_as_it_is_and_shares_neither_key_nor_iv_with_it() {
    let ad = AssociatedData::from_bytes(AD.to_vec());
    let (message, copy_of) = sealed(TEXT, COPY_OF);
    let key = MessageKey::from_stored(KEY);
    assert_eq!(
        key.seal(&header(), &ad, TEXT, None),
        (message.clone(), None)
    );
    let (zeros, zeros_beside) = sealed(&[0; 64], &[0; 64]);
    let parts =
        |sealed: &[u8]| [&sealed[..16], &sealed[16..48], &sealed[48..80]].map(<[u8]>::to_vec);
    for (one, other) in parts(&zeros).iter().zip(parts(&zeros_beside)) {
        assert_ne!(*one, other);
    }
    // Nor does one pass for the other.
    let key = MessageKey::from_stored(KEY);
    assert!(key.open(&header(), &ad, &copy_of).is_err());
    assert!(key.open_copy_of(&header(), &ad, &message).is_none());
}

#[test]
fn what_a_copy_says_opens_with_its_own_message_alone() {
    for curve in CURVES {
        let mut pair = established(curve, 21);
        let mut seal = |text: &[u8], copy_of: &[u8]| {
            let (next, sealed) = pair
                .duplicate(0)
                .seal_copy(&pair.ad, text, copy_of)
                .unwrap();
            pair.ends[0] = next;
            sealed
        };
        let (first, second) = (seal(b"one", b"for Bob"), seal(b"two", b"for Carol"));
        let open = |end: &SessionRatchet, sealed: &Sealed| {
            let mut rng = Draws::seeded(1);
            end.open(
                &sealed.header,
                &pair.ad,
                &sealed.ciphertext,
                &LIMITS,
                &mut rng,
            )
            .unwrap()
        };
        let opened = open(&pair.ends[1], &second);
        let [skipped] = opened.skipped.as_slice() else {
            panic!("one message is skipped");
        };
        let ad = &pair.ad;
        for (key, own, other, says) in [
            (&opened.used, &second, &first, b"for Carol".as_slice()),
            // A key that was stored is the same.
            (&skipped.key, &first, &second, b"for Bob"),
        ] {
            let field = own.copy_of.as_deref().unwrap();
            let header = own.header;
            assert_eq!(*key.open_copy_of(&header, ad, field).unwrap(), says);
            // Again, and again: nothing is used up.
            assert_eq!(*key.open_copy_of(&header, ad, field).unwrap(), says);
            let moved = other.copy_of.as_deref().unwrap();
            assert!(key.open_copy_of(&header, ad, moved).is_none());
            for header in [
                Header {
                    n: header.n + 1,
                    ..header
                },
                Header {
                    pn: header.pn + 1,
                    ..header
                },
                Header {
                    key: pair.ends[0].receiving_key().unwrap(),
                    ..header
                },
            ] {
                assert!(key.open_copy_of(&header, ad, field).is_none());
            }
            assert!(
                key.open_copy_of(&header, &AssociatedData::empty(), field)
                    .is_none()
            );
            for length in [0, 16, SEAL_OVERHEAD_BYTES - 1, field.len() - 1] {
                assert!(key.open_copy_of(&header, ad, &field[..length]).is_none());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever does not have the key of the message changes nothing of what a copy says, not even
    /// by a bit.
    #[test]
    fn changed_copies_stay_shut(
        curve in curves(),
        seed in any::<u64>(),
        copy_of in prop::collection::vec(any::<u8>(), 0..600),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let pair = Pair::new(curve, seed);
        let (_, sealed) = pair.duplicate(0).seal_copy(&pair.ad, b"text", &copy_of).unwrap();
        let opened = pair.ends[1]
            .open(&sealed.header, &pair.ad, &sealed.ciphertext, &LIMITS, &mut Draws::seeded(2))
            .unwrap();
        let mut field = sealed.copy_of.unwrap();
        let read = opened.used.open_copy_of(&sealed.header, &pair.ad, &field).unwrap();
        prop_assert_eq!(&*read, &copy_of);
        let at = at.index(field.len());
        field[at] ^= 1 << bit;
        prop_assert!(opened.used.open_copy_of(&sealed.header, &pair.ad, &field).is_none());
    }
}
