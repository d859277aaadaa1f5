//! What the ratchet refuses: headers, keys and stored states of another form, changed messages.

use std::collections::BTreeSet;

use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use rand_core::{TryCryptoRng, TryRng};
use sha2::Sha256;

use super::{
    Draws,
    properties::{Pair, curves},
};
use crate::{ratchet::chain::ChainKey, *};

pub(super) const CURVES: [RatchetCurve; 2] = [RatchetCurve::X25519, RatchetCurve::Secp256k1];
pub(super) const LIMITS: SkipLimits = SkipLimits {
    max_skip: 10,
    max_steps: 20,
};

/// Randomness that must not be asked for.
pub(super) struct NoDraws;

impl TryRng for NoDraws {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("drawn before the message was authentic")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("drawn before the message was authentic")
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        panic!("drawn before the message was authentic")
    }
}

impl TryCryptoRng for NoDraws {}

/// What the ratchet says to a message it must refuse; it must draw nothing, and stay as it is.
pub(super) fn refusal(
    pair: &Pair,
    end: usize,
    header: &Header,
    ciphertext: &[u8],
    limits: &SkipLimits,
) -> OpenError {
    let before = pair.ends[end].to_bytes();
    let opened = pair.ends[end].open(header, &pair.ad, ciphertext, limits, &mut NoDraws);
    assert_eq!(*pair.ends[end].to_bytes(), *before);
    opened.expect_err("opened what had to be refused")
}

/// A state that is said to follow a chain of this length: to send honest MACs over lies.
pub(super) fn with_previous_count(ratchet: &SessionRatchet, count: u32) -> SessionRatchet {
    let mut dh = ratchet.dh_bytes().to_vec();
    // After version, curve, chains, root and own pair.
    let at = 3 + 32 + 32 + ratchet.curve().header_key_bytes();
    dh[at..at + 4].copy_from_slice(&count.to_be_bytes());
    SessionRatchet::from_parts(&dh, &ratchet.chain_bytes()).unwrap()
}

/// A state of which one chain, the sending one first, has come this far, with the key it had.
pub(super) fn with_chain_number(
    ratchet: &SessionRatchet,
    chain: usize,
    number: u32,
) -> SessionRatchet {
    let mut chains = ratchet.chain_bytes().to_vec();
    let at = chain * 36 + 32;
    chains[at..at + 4].copy_from_slice(&number.to_be_bytes());
    SessionRatchet::from_parts(&ratchet.dh_bytes(), &chains).unwrap()
}

/// A session in which both ends have heard of each other.
pub(super) fn established(curve: RatchetCurve, seed: u64) -> Pair {
    let mut pair = Pair::new(curve, seed);
    for end in [0, 1] {
        let sealed = pair.seal(end, b"hello").unwrap();
        pair.open(1 - end, &sealed).unwrap();
    }
    pair
}

/// The initiator's ratchet after X3DH gave this secret.
fn initiator(curve: RatchetCurve, shared: SharedKey) -> SessionRatchet {
    let signed = SignedPreKeyPair::from_secret_bytes(&[1; 32]).unwrap();
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[4; 32]);
    let identity = IdentityKeyPair::from_secret_bytes(&[2; 32]).unwrap();
    let prekey = VerifiedPreKey::from_stored(
        *identity.public(),
        *signed.public(),
        Some(*ratchet.public()),
    );
    SessionRatchet::initiate(&shared, &prekey, curve, &mut Draws::seeded(1)).unwrap()
}

/// No chain is stepped for what is too short to be a message, whatever its header says.
#[test]
fn the_length_is_looked_at_first() {
    for curve in CURVES {
        let mut pair = Pair::new(curve, 15);
        let sealed = pair.seal(0, b"").unwrap();
        assert_eq!(sealed.ciphertext.len(), SEAL_OVERHEAD_BYTES);
        let header = Header {
            n: u32::MAX,
            ..sealed.header
        };
        let short = &sealed.ciphertext[1..];
        assert_eq!(
            refusal(&pair, 1, &header, short, &LIMITS),
            OpenError::Malformed
        );
        assert_eq!(pair.open(1, &sealed).unwrap(), b"");
    }
}

#[test]
fn a_header_key_of_the_other_curve_is_malformed() {
    for curve in CURVES {
        let mut pair = Pair::new(curve, 9);
        let sealed = pair.seal(0, b"x").unwrap();
        let key = match curve {
            RatchetCurve::X25519 => HeaderKey::Secp256k1([2; 33]),
            RatchetCurve::Secp256k1 => HeaderKey::X25519([2; 32]),
        };
        // A count that would be refused on its own: the curve is looked at first.
        let header = Header {
            key,
            pn: 9,
            ..sealed.header
        };
        let refused = refusal(&pair, 1, &header, &sealed.ciphertext, &LIMITS);
        assert_eq!(refused, OpenError::Malformed);
        let stored = MessageKey::from_stored([1; 32]);
        let opened = pair.ends[1].open_stored(&stored, &header, &pair.ad, &sealed.ciphertext);
        assert_eq!(opened.err(), Some(OpenError::Malformed));
    }
}

#[test]
fn header_keys_that_give_no_secret_are_malformed() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut off_curve = [0xff; 33];
    off_curve[0] = 2;
    for (curve, key) in [
        (RatchetCurve::X25519, HeaderKey::X25519([0; 32])),
        (RatchetCurve::X25519, HeaderKey::X25519(one)),
        (RatchetCurve::Secp256k1, HeaderKey::Secp256k1(off_curve)),
        (RatchetCurve::Secp256k1, HeaderKey::Secp256k1([4; 33])),
    ] {
        let mut pair = Pair::new(curve, 10);
        let sealed = pair.seal(0, b"x").unwrap();
        let header = Header {
            key,
            ..sealed.header
        };
        let refused = refusal(&pair, 1, &header, &sealed.ciphertext, &LIMITS);
        assert_eq!(refused, OpenError::Malformed, "{key:?}");
    }
}

#[test]
fn curve25519_needs_the_ratchet_prekey_at_both_ends() {
    let signed = SignedPreKeyPair::from_secret_bytes(&[1; 32]).unwrap();
    let identity = IdentityKeyPair::from_secret_bytes(&[2; 32]).unwrap();
    let prekey = VerifiedPreKey::from_stored(*identity.public(), *signed.public(), None);
    let shared = SharedKey::from_stored([3; 32]);
    let initiated = SessionRatchet::initiate(&shared, &prekey, RatchetCurve::X25519, &mut NoDraws);
    assert_eq!(initiated.err(), Some(KeyError::NoRatchetPreKey));
    let own = OwnPreKeys {
        signed: &signed,
        ratchet: None,
    };
    let responded = SessionRatchet::respond(&shared, own, RatchetCurve::X25519);
    assert_eq!(responded.err(), Some(KeyError::NoRatchetPreKey));
}

/// A sealed message made from the specification alone, with an IV of our choice: the recipient
/// takes it from the wire. All of it counts the blocks.
#[test]
fn the_iv_is_the_one_on_the_wire() {
    let before_low_half_overflows = |blocks: u64| {
        let mut iv = [0x77; 16];
        iv[8..].copy_from_slice(&(u64::MAX - blocks).to_be_bytes());
        iv
    };
    let blocks_before = [0, 1, 2, 3, 4, 63, 64, 65].map(before_low_half_overflows);
    for iv in [[0x77; 16], [0xff; 16], [0; 16]]
        .into_iter()
        .chain(blocks_before)
    {
        for bytes in [0, 1, 16, 17, 48, 64, 1024, 5000] {
            check_opens_with_iv(iv, &vec![0x74; bytes]);
        }
    }
}

fn check_opens_with_iv(iv: [u8; 16], text: &[u8]) {
    let message_key = [9; 32];
    let ad = AssociatedData::from_bytes(b"who with whom".to_vec());
    let key = HeaderKey::X25519([5; 32]);
    let header = Header {
        key,
        n: 0x0102_0304,
        pn: 7,
    };
    let mut keys = [0; 80];
    Hkdf::<Sha256>::new(Some(&[0; 32]), &message_key)
        .expand(b"pcwSByyx2CRdryCffXJwy7xgVZWtW5Sh", &mut keys)
        .unwrap();
    let mut body = text.to_vec();
    Ctr128BE::<Aes256>::new_from_slices(&keys[..32], &iv)
        .unwrap()
        .apply_keystream(&mut body);
    let mac = Hmac::<Sha256>::new_from_slice(&keys[32..64])
        .unwrap()
        .chain_update(b"who with whom")
        .chain_update([4, 3, 2, 1, 7, 0, 0, 0])
        .chain_update([5; 32])
        .chain_update(iv)
        .chain_update(&body)
        .finalize()
        .into_bytes();
    let ciphertext = [iv.as_slice(), &body, &mac].concat();
    let pair = Pair::new(RatchetCurve::X25519, 11);
    let stored = MessageKey::from_stored(message_key);
    let opened = pair.ends[0]
        .open_stored(&stored, &header, &ad, &ciphertext)
        .unwrap();
    assert_eq!(*opened, text);
}

#[test]
fn a_stored_key_opens_its_own_message_alone() {
    let mut pair = Pair::new(RatchetCurve::Secp256k1, 12);
    let sent: Vec<Sealed> = (0..3).map(|_| pair.seal(0, b"x").unwrap()).collect();
    pair.open(1, &sent[2]).unwrap();
    let (_, _, key) = &pair.kept[1][0];
    let open = |sealed: &Sealed, ciphertext: &[u8]| {
        pair.ends[1].open_stored(key, &sealed.header, &pair.ad, ciphertext)
    };
    assert!(open(&sent[0], &sent[0].ciphertext).is_ok());
    let other = open(&sent[1], &sent[1].ciphertext);
    assert_eq!(other.err(), Some(OpenError::Authentication));
    let short = open(&sent[0], &sent[0].ciphertext[..SEAL_OVERHEAD_BYTES - 1]);
    assert_eq!(short.err(), Some(OpenError::Malformed));
}

/// The second byte of a stored state was that of the suite when there was one for each curve.
#[test]
fn stored_states_name_their_curve_by_the_bytes_1_and_2() {
    for (curve, byte) in [(RatchetCurve::X25519, 1), (RatchetCurve::Secp256k1, 2)] {
        let dh = established(curve, 13).ends[0].dh_bytes();
        assert_eq!(dh[..3], [2, byte, 3]);
        let own = curve.header_key_bytes();
        // Both header keys are of the curve's length.
        assert_eq!(dh.len(), 3 + 32 + 32 + own + 4 + own);
    }
}

#[test]
fn stored_states_of_another_version_or_curve_or_with_odd_chains_are_refused() {
    for curve in CURVES {
        let end = &established(curve, 13).ends[0];
        let with = |at: usize, byte: u8| {
            let mut dh = end.dh_bytes().to_vec();
            dh[at] = byte;
            SessionRatchet::from_parts(&dh, &end.chain_bytes()).is_ok()
        };
        assert!(with(0, 2));
        assert!(!with(0, 1) && !with(0, 3));
        assert!(!with(1, 0) && !with(1, 3));
        // Of the other curve the lengths do not fit.
        assert!(!with(1, 3 - curve.byte()));
        assert!(with(2, 3));
        assert!(!with(2, 0) && !with(2, 1) && !with(2, 2) && !with(2, 4) && !with(2, 7));
        assert!(!with(2, 11));
    }
}

/// Who reads the initiator's store must not be able to open what it sent before the first answer:
/// SK and the first ratchet key give every key of the first chain. On secp256k1 the initiator
/// also reads on a chain that begins as SK.
#[test]
fn the_initiator_keeps_no_shared_key() {
    let shared = [0x5a; 32];
    for curve in CURVES {
        let ratchet = initiator(curve, SharedKey::from_stored(shared));
        let kept = ratchet.to_bytes();
        assert!(!kept.windows(16).any(|part| part == &shared[..16]));
        let read = SessionRatchet::from_parts(&ratchet.dh_bytes(), &ratchet.chain_bytes());
        assert_eq!(*read.unwrap().to_bytes(), *kept);
    }
}

/// The chain that begins as SK opens from any place in it, its first key being derived ahead, and
/// each message once.
#[test]
fn the_chain_that_begins_as_the_shared_key_opens_in_any_order() {
    let shared = [0x5a; 32];
    let key = initiator(RatchetCurve::Secp256k1, SharedKey::from_stored(shared))
        .receiving_key()
        .unwrap();
    let ad = AssociatedData::empty();
    let seal = |n: u32| {
        let mut chain = ChainKey::from_stored(shared);
        for _ in 0..n {
            chain = chain.step().0;
        }
        let header = Header { key, n, pn: 0 };
        let (ciphertext, copy_of) = chain.step().1.seal(&header, &ad, &[n as u8], None);
        Sealed {
            header,
            ciphertext,
            copy_of,
        }
    };
    let limits = SkipLimits {
        max_skip: 5,
        max_steps: 5,
    };
    for (first, passed) in [(0, 0), (1, 1), (3, 3)] {
        let start = initiator(RatchetCurve::Secp256k1, SharedKey::from_stored(shared));
        let sealed = seal(first);
        let opened = start
            .open(
                &sealed.header,
                &ad,
                &sealed.ciphertext,
                &limits,
                &mut Draws::seeded(1),
            )
            .unwrap();
        assert_eq!(*opened.plaintext, [first as u8]);
        assert_eq!(opened.skipped.len(), passed);
        assert!(!start.is_same_dh_step(&opened.ratchet));
        for skipped in &opened.skipped {
            let late = seal(skipped.n);
            let read = start.open_stored(&skipped.key, &late.header, &ad, &late.ciphertext);
            assert_eq!(*read.unwrap(), [skipped.n as u8]);
        }
        let again = opened.ratchet.open(
            &sealed.header,
            &ad,
            &sealed.ciphertext,
            &limits,
            &mut Draws::seeded(1),
        );
        assert_eq!(again.err(), Some(OpenError::KeyGone));
    }
}

/// What a message moves is in the chains alone, so that they are all that has to be written; a DH
/// step changes the rest.
#[test]
fn messages_change_the_chains_and_dh_steps_the_rest() {
    for curve in CURVES {
        let mut pair = established(curve, 14);
        for (from, is_new_step) in [(0, true), (0, false), (1, true), (1, false), (0, true)] {
            let sender = pair.duplicate(from);
            let receiver = pair.duplicate(1 - from);
            let sealed = pair.seal(from, b"text").unwrap();
            let sent = &pair.ends[from];
            assert!(sent.is_same_dh_step(&sender));
            assert_eq!(*sent.dh_bytes(), *sender.dh_bytes());
            assert_ne!(*sent.chain_bytes(), *sender.chain_bytes());
            pair.open(1 - from, &sealed).unwrap();
            let received = &pair.ends[1 - from];
            assert_eq!(received.is_same_dh_step(&receiver), !is_new_step);
            assert_eq!(*received.dh_bytes() == *receiver.dh_bytes(), !is_new_step);
            assert_ne!(*received.chain_bytes(), *receiver.chain_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Keys are under the MAC byte for byte: also where the changed key gives the same secret, as
    /// with the sign of a secp256k1 point or bit 255 of an X25519 key.
    #[test]
    fn no_bit_of_a_header_key_can_be_changed(
        curve in curves(),
        seed in any::<u64>(),
        turns in 0_usize..3,
        bit in any::<prop::sample::Index>(),
    ) {
        let mut pair = Pair::new(curve, seed);
        for turn in 0..turns {
            let sealed = pair.seal(turn % 2, b"turn").unwrap();
            pair.open(1 - turn % 2, &sealed).unwrap();
        }
        let (from, to) = (turns % 2, 1 - turns % 2);
        let sealed = pair.seal(from, b"text").unwrap();
        let same_secret = match curve {
            RatchetCurve::X25519 => 255,
            RatchetCurve::Secp256k1 => 0,
        };
        for bit in [same_secret, bit.index(sealed.header.key.as_bytes().len() * 8)] {
            let mut key = sealed.header.key.as_bytes().to_vec();
            key[bit / 8] ^= 1 << (bit % 8);
            let header = Header { key: HeaderKey::from_wire(&key).unwrap(), ..sealed.header };
            let refused = refusal(&pair, to, &header, &sealed.ciphertext, &LIMITS);
            if bit == same_secret {
                prop_assert_eq!(refused, OpenError::Authentication);
            }
        }
        prop_assert_eq!(pair.open(to, &sealed).unwrap(), b"text");
    }

    /// The IV comes from the message key: two equal ones would be one key used twice.
    #[test]
    fn no_message_key_seals_twice(
        curve in curves(),
        seed in any::<u64>(),
        turns in prop::collection::vec(1_usize..5, 1..8),
    ) {
        let mut pair = Pair::new(curve, seed);
        let mut ivs = BTreeSet::new();
        for (turn, count) in turns.into_iter().enumerate() {
            let from = turn % 2;
            for _ in 0..count {
                let sealed = pair.seal(from, b"one text for all").unwrap();
                prop_assert!(ivs.insert(sealed.ciphertext[..16].to_vec()));
                pair.open(1 - from, &sealed).unwrap();
            }
        }
    }

    /// A state changed anywhere is refused or is a state; opening and sealing with it does not
    /// panic.
    #[test]
    fn broken_states_do_not_panic(
        curve in curves(),
        seed in any::<u64>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut pair = established(curve, seed);
        let sealed = pair.seal(0, b"text").unwrap();
        let dh_length = pair.ends[1].dh_bytes().len();
        let mut bytes = pair.ends[1].to_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let (dh, chains) = bytes.split_at(dh_length);
        if let Ok(ratchet) = SessionRatchet::from_parts(dh, chains) {
            prop_assert_eq!(ratchet.to_bytes().to_vec(), bytes);
            let _ = ratchet.open(&sealed.header, &pair.ad, &sealed.ciphertext, &LIMITS, &mut Draws::seeded(1));
            let _ = ratchet.seal(&pair.ad, b"text");
        }
    }
}
