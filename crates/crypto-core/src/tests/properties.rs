//! Properties of two ratchets that talk, on both curves.

use proptest::prelude::*;

use super::{Draws, ratchets::with_chain_number};
use crate::*;

const LIMITS: SkipLimits = SkipLimits {
    max_skip: 10,
    max_steps: 20,
};

/// Two ends of a session, and what is on its way.
pub(super) struct Pair {
    pub(super) ends: [SessionRatchet; 2],
    /// Keys each end has kept, by chain and number.
    pub(super) kept: [Vec<(HeaderKey, u32, MessageKey)>; 2],
    rng: Draws,
    pub(super) ad: AssociatedData,
}

impl Pair {
    pub(super) fn new(curve: RatchetCurve, seed: u64) -> Self {
        let mut rng = Draws::seeded(seed);
        let identity = IdentityKeyPair::generate(&mut rng);
        let signed = SignedPreKeyPair::generate(&mut rng);
        let ratchet = RatchetPreKeyPair::generate(&mut rng);
        let verified = VerifiedPreKey::from_stored(
            *identity.public(),
            *signed.public(),
            Some(*ratchet.public()),
        );
        let shared = SharedKey::from_stored([seed as u8; 32]);
        let initiator = SessionRatchet::initiate(&shared, &verified, curve, &mut rng).unwrap();
        let own = OwnPreKeys {
            signed: &signed,
            ratchet: Some(&ratchet),
        };
        let responder = SessionRatchet::respond(&shared, own, curve).unwrap();
        Self {
            ends: [initiator, responder],
            kept: [Vec::new(), Vec::new()],
            rng,
            ad: AssociatedData::from_bytes(b"who with whom".to_vec()),
        }
    }

    pub(super) fn duplicate(&self, end: usize) -> SessionRatchet {
        let end = &self.ends[end];
        SessionRatchet::from_parts(&end.dh_bytes(), &end.chain_bytes()).unwrap()
    }

    /// Every step goes through the stored form, as in a daemon.
    pub(super) fn seal(&mut self, end: usize, text: &[u8]) -> Result<Sealed, SealError> {
        let (next, sealed) = self.duplicate(end).seal(&self.ad, text)?;
        self.ends[end] = next;
        Ok(sealed)
    }

    pub(super) fn open(&mut self, end: usize, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let header = &sealed.header;
        let stored = self.kept[end]
            .iter()
            .position(|(key, n, _)| (*key, *n) == (header.key, header.n));
        if let Some(index) = stored {
            let plaintext = self.ends[end].open_stored(
                &self.kept[end][index].2,
                header,
                &self.ad,
                &sealed.ciphertext,
            )?;
            self.kept[end].remove(index);
            return Ok(plaintext.to_vec());
        }
        let opened = self.duplicate(end).open(
            header,
            &self.ad,
            &sealed.ciphertext,
            &LIMITS,
            &mut self.rng,
        )?;
        self.ends[end] = opened.ratchet;
        self.kept[end].extend(
            opened
                .skipped
                .into_iter()
                .map(|skipped| (skipped.header_key, skipped.n, skipped.key)),
        );
        Ok(opened.plaintext.to_vec())
    }
}

pub(super) fn curves() -> impl Strategy<Value = RatchetCurve> {
    prop_oneof![Just(RatchetCurve::X25519), Just(RatchetCurve::Secp256k1)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is sent, lost, reordered or repeated within the limits: each message opens exactly
    /// once, to its own text, and no place of a chain is ever sealed twice.
    #[test]
    fn messages_open_once_in_any_order(
        curve in curves(),
        seed in any::<u64>(),
        steps in prop::collection::vec((0_usize..2, 0_u8..4, any::<prop::sample::Index>()), 1..60),
    ) {
        let mut pair = Pair::new(curve, seed);
        let first = pair.seal(0, b"first").unwrap();
        prop_assert_eq!(pair.open(1, &first).unwrap(), b"first");
        let mut on_the_way: [Vec<(Sealed, Vec<u8>)>; 2] = [Vec::new(), Vec::new()];
        let mut opened: Vec<(usize, Sealed)> = vec![(1, first)];
        let mut places = std::collections::BTreeSet::new();
        for (number, (end, action, which)) in steps.into_iter().enumerate() {
            match action {
                0 | 1 => {
                    let text = format!("message {number}").into_bytes();
                    let sealed = pair.seal(end, &text).unwrap();
                    prop_assert!(places.insert((sealed.header.key, sealed.header.n)));
                    // At most 8 outstanding each way keeps every gap below the limit.
                    on_the_way[1 - end].push((sealed, text));
                    if on_the_way[1 - end].len() > 8 {
                        on_the_way[1 - end].remove(0);
                    }
                }
                2 if !on_the_way[end].is_empty() => {
                    let index = which.index(on_the_way[end].len());
                    let (sealed, text) = on_the_way[end].remove(index);
                    match pair.open(end, &sealed) {
                        Ok(plaintext) => {
                            prop_assert_eq!(plaintext, text);
                            opened.push((end, sealed));
                        }
                        // More than ten were dropped before it: refused, and said so.
                        Err(error) => prop_assert_eq!(error, OpenError::TooManySkipped),
                    }
                }
                _ => {
                    let (end, sealed) = &opened[which.index(opened.len())];
                    prop_assert!(pair.open(*end, sealed).is_err(), "opened twice");
                }
            }
        }
    }

    /// A message changed anywhere does not open, and the attempt leaves the state as it was and
    /// draws no randomness.
    #[test]
    fn changed_messages_stay_shut_and_leave_no_trace(
        curve in curves(),
        seed in any::<u64>(),
        text in prop::collection::vec(any::<u8>(), 0..40),
        bit in any::<prop::sample::Index>(),
        turns in 0_usize..3,
    ) {
        let mut pair = Pair::new(curve, seed);
        for turn in 0..turns {
            let sealed = pair.seal(turn % 2, b"turn").unwrap();
            pair.open(1 - turn % 2, &sealed).unwrap();
        }
        let (from, to) = (turns % 2, 1 - turns % 2);
        let sealed = pair.seal(from, &text).unwrap();
        let before = pair.ends[to].to_bytes();

        let mut changed = sealed.clone();
        let index = bit.index(changed.ciphertext.len() * 8);
        changed.ciphertext[index / 8] ^= 1 << (index % 8);
        prop_assert_eq!(pair.open(to, &changed), Err(OpenError::Authentication));

        for (n, pn) in [(1, 0), (0, 1), (5, 5)] {
            let mut changed = sealed.clone();
            changed.header.n = changed.header.n.wrapping_add(n);
            changed.header.pn = changed.header.pn.wrapping_add(pn);
            prop_assert!(pair.open(to, &changed).is_err());
        }
        let ad = AssociatedData::from_bytes(b"others".to_vec());
        let other = pair.duplicate(to).open(&sealed.header, &ad, &sealed.ciphertext, &LIMITS, &mut Draws::seeded(0));
        prop_assert_eq!(other.err(), Some(OpenError::Authentication));
        for cut in 0..SEAL_OVERHEAD_BYTES {
            let mut short = sealed.clone();
            short.ciphertext.truncate(cut);
            prop_assert_eq!(pair.open(to, &short), Err(OpenError::Malformed));
        }
        prop_assert_eq!(&*pair.ends[to].to_bytes(), &*before);
        prop_assert_eq!(pair.open(to, &sealed).unwrap(), text);
    }

    /// Bytes that are not a state are refused, never misread; a state reads back as it was.
    #[test]
    fn states_are_read_strictly(
        curve in curves(),
        seed in any::<u64>(),
        noise in prop::collection::vec(any::<u8>(), 0..260),
        cut in any::<prop::sample::Index>(),
    ) {
        let _ = SessionRatchet::from_parts(&noise, &noise);
        let pair = Pair::new(curve, seed);
        for end in &pair.ends {
            let (dh, chains) = (end.dh_bytes(), end.chain_bytes());
            let read = SessionRatchet::from_parts(&dh, &chains).unwrap();
            prop_assert_eq!(&*read.to_bytes(), &*end.to_bytes());
            prop_assert_eq!(&*end.duplicate().to_bytes(), &*end.to_bytes());
            let refused = |dh: &[u8], chains: &[u8]| SessionRatchet::from_parts(dh, chains).is_err();
            prop_assert!(refused(&dh[..cut.index(dh.len())], &chains));
            prop_assert!(refused(&[dh.as_slice(), &[0]].concat(), &chains));
            prop_assert!(refused(&dh, &[chains.as_slice(), &[0]].concat()));
            if !chains.is_empty() {
                prop_assert!(refused(&dh, &chains[..cut.index(chains.len())]));
            }
        }
    }

    /// Anything can stand in a header.
    #[test]
    fn no_header_panics(
        curve in curves(),
        key in prop::collection::vec(any::<u8>(), 31..35),
        n in prop_oneof![any::<u32>(), Just(u32::MAX), 0_u32..12],
        pn in prop_oneof![any::<u32>(), Just(u32::MAX), 0_u32..12],
        ciphertext in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let Ok(key) = HeaderKey::from_wire(&key) else { return Ok(()) };
        let pair = Pair::new(curve, 1);
        let header = Header { key, n, pn };
        for end in &pair.ends {
            let opened = end.open(&header, &pair.ad, &ciphertext, &LIMITS, &mut Draws::seeded(0));
            prop_assert!(opened.is_err());
        }
    }
}

/// Exactly as many as allowed may be passed over, and not one more, in one chain and over both.
#[test]
fn the_limits_on_passed_over_messages_are_exact() {
    for curve in [RatchetCurve::X25519, RatchetCurve::Secp256k1] {
        let mut pair = Pair::new(curve, 7);
        let sent: Vec<Sealed> = (0..13).map(|_| pair.seal(0, b"x").unwrap()).collect();
        assert_eq!(pair.open(1, &sent[11]), Err(OpenError::TooManySkipped));
        assert!(pair.open(1, &sent[10]).is_ok());
        assert_eq!(pair.kept[1].len(), 10);
        assert_eq!(pair.open(1, &sent[10]), Err(OpenError::KeyGone));

        // Old chain: 11 and 12 are missing; a new chain of 10 more is at the limit of one step.
        let answer = pair.seal(1, b"y").unwrap();
        pair.open(0, &answer).unwrap();
        let sent: Vec<Sealed> = (0..12).map(|_| pair.seal(0, b"z").unwrap()).collect();
        assert_eq!(pair.open(1, &sent[11]), Err(OpenError::TooManySkipped));
        assert!(pair.open(1, &sent[10]).is_ok());
        assert_eq!(pair.kept[1].len(), 22);
    }
}

/// A chain ends in an error; its numbers never wrap.
#[test]
fn a_chain_of_all_numbers_ends_in_an_error() {
    for curve in [RatchetCurve::X25519, RatchetCurve::Secp256k1] {
        let pair = Pair::new(curve, 3);
        let last = with_chain_number(&pair.ends[0], 0, u32::MAX);
        assert_eq!(
            last.seal(&pair.ad, b"x").err(),
            Some(SealError::ChainExhausted)
        );
    }
}

/// The responder has nothing to send on before it has heard anything.
#[test]
fn the_responder_waits_for_the_first_message() {
    for curve in [RatchetCurve::X25519, RatchetCurve::Secp256k1] {
        let mut pair = Pair::new(curve, 3);
        assert_eq!(pair.seal(1, b"x").err(), Some(SealError::NoSendingChain));
    }
}

/// The tolerated first chain on secp256k1: a status-go responder may send on SK before it has
/// heard of our pair.
#[test]
fn a_message_on_the_shared_key_is_read_on_secp256k1_only() {
    for curve in [RatchetCurve::X25519, RatchetCurve::Secp256k1] {
        let pair = Pair::new(curve, 5);
        assert_eq!(
            pair.ends[0].receiving_key().is_some(),
            curve == RatchetCurve::Secp256k1
        );
        assert_eq!(pair.ends[1].receiving_key(), None);
    }
    let pair = Pair::new(RatchetCurve::Secp256k1, 5);
    let (_, key) = crate::ratchet::chain::ChainKey::from_stored([5; 32]).step();
    let header = Header {
        key: pair.ends[0].receiving_key().unwrap(),
        n: 0,
        pn: 0,
    };
    let (ciphertext, _) = key.seal(&header, &pair.ad, b"early", None);
    let opened = pair.ends[0]
        .open(
            &header,
            &pair.ad,
            &ciphertext,
            &LIMITS,
            &mut Draws::seeded(0),
        )
        .unwrap();
    assert_eq!(*opened.plaintext, b"early");
}
