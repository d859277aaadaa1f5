//! How far one message may move a chain, and where a chain ends.

use super::{
    Draws,
    properties::Pair,
    ratchets::{CURVES, LIMITS, established, refusal, with_chain_number, with_previous_count},
};
use crate::*;

#[test]
fn exactly_max_skip_messages_may_be_passed_over_in_the_current_chain() {
    for curve in CURVES {
        let mut pair = Pair::new(curve, 1);
        let sent: Vec<Sealed> = (0..13).map(|_| pair.seal(0, b"x").unwrap()).collect();
        pair.open(1, &sent[0]).unwrap();
        let refused = refusal(&pair, 1, &sent[12].header, &sent[12].ciphertext, &LIMITS);
        assert_eq!(refused, OpenError::TooManySkipped);
        assert!(pair.open(1, &sent[11]).is_ok());
        assert_eq!(pair.kept[1].len(), 10);
    }
}

/// The limit for one message in all holds over both chains together, and over one that has a larger
/// limit of its own.
#[test]
fn exactly_max_steps_messages_may_be_passed_over_in_all() {
    for curve in CURVES {
        let mut pair = established(curve, 2);
        // Five of the chain before are missing, then five of the new one.
        let first = pair.seal(0, b"x").unwrap();
        pair.open(1, &first).unwrap();
        for _ in 0..5 {
            pair.seal(0, b"lost").unwrap();
        }
        let answer = pair.seal(1, b"y").unwrap();
        pair.open(0, &answer).unwrap();
        let sent: Vec<Sealed> = (0..6).map(|_| pair.seal(0, b"z").unwrap()).collect();
        let (header, ciphertext) = (&sent[5].header, &sent[5].ciphertext);
        let tight = SkipLimits {
            max_skip: 10,
            max_steps: 9,
        };
        assert_eq!(
            refusal(&pair, 1, header, ciphertext, &tight),
            OpenError::TooManySkipped
        );
        let exact = SkipLimits {
            max_skip: 10,
            max_steps: 10,
        };
        let opened = pair.ends[1]
            .open(header, &pair.ad, ciphertext, &exact, &mut Draws::seeded(1))
            .unwrap();
        assert_eq!(opened.skipped.len(), 10);

        let tight = SkipLimits {
            max_skip: 10,
            max_steps: 3,
        };
        let mut pair = established(curve, 2);
        let sent: Vec<Sealed> = (0..6).map(|_| pair.seal(0, b"x").unwrap()).collect();
        pair.open(1, &sent[0]).unwrap();
        let refused = refusal(&pair, 1, &sent[5].header, &sent[5].ciphertext, &tight);
        assert_eq!(refused, OpenError::TooManySkipped);
    }
}

/// The rest of the old chain counts against the limit of one step, too.
#[test]
fn the_chain_before_may_miss_max_skip_messages_and_no_more() {
    for (lost, fits) in [(10, true), (11, false)] {
        let mut pair = established(RatchetCurve::X25519, 3);
        let first = pair.seal(0, b"x").unwrap();
        pair.open(1, &first).unwrap();
        for _ in 0..lost {
            pair.seal(0, b"lost").unwrap();
        }
        let answer = pair.seal(1, b"y").unwrap();
        pair.open(0, &answer).unwrap();
        let next = pair.seal(0, b"z").unwrap();
        if fits {
            assert!(pair.open(1, &next).is_ok());
        } else {
            let refused = refusal(&pair, 1, &next.header, &next.ciphertext, &LIMITS);
            assert_eq!(refused, OpenError::TooManySkipped);
        }
    }
}

/// Kept keys are dropped oldest first, so their order is the order of sending.
#[test]
fn skipped_keys_come_in_the_order_of_sending() {
    for curve in CURVES {
        let mut pair = established(curve, 4);
        let old: Vec<Sealed> = (0..4).map(|_| pair.seal(0, b"x").unwrap()).collect();
        pair.open(1, &old[0]).unwrap();
        let answer = pair.seal(1, b"y").unwrap();
        pair.open(0, &answer).unwrap();
        let new: Vec<Sealed> = (0..3).map(|_| pair.seal(0, b"z").unwrap()).collect();
        let opened = pair.ends[1]
            .open(
                &new[2].header,
                &pair.ad,
                &new[2].ciphertext,
                &LIMITS,
                &mut Draws::seeded(1),
            )
            .unwrap();
        let places: Vec<(HeaderKey, u32)> = opened
            .skipped
            .iter()
            .map(|key| (key.header_key, key.n))
            .collect();
        let expected: Vec<(HeaderKey, u32)> = [&old[1], &old[2], &old[3], &new[0], &new[1]]
            .map(|sealed| (sealed.header.key, sealed.header.n))
            .to_vec();
        assert_eq!(places, expected);
    }
}

/// The MAC is honest; the sender lies about how much it sent before.
#[test]
fn a_previous_count_below_what_was_received_is_refused() {
    for curve in CURVES {
        let mut pair = established(curve, 5);
        for _ in 0..2 {
            let sealed = pair.seal(0, b"x").unwrap();
            pair.open(1, &sealed).unwrap();
        }
        let answer = pair.seal(1, b"y").unwrap();
        pair.open(0, &answer).unwrap();
        let lying = |pn| {
            let (_, sealed) = with_previous_count(&pair.ends[0], pn)
                .seal(&pair.ad, b"z")
                .unwrap();
            assert_eq!(sealed.header.pn, pn);
            sealed
        };
        for pn in [0, 1] {
            let sealed = lying(pn);
            let refused = refusal(&pair, 1, &sealed.header, &sealed.ciphertext, &LIMITS);
            assert_eq!(refused, OpenError::BadPreviousCount);
        }
        // The same with the true number opens: it is the number alone that was wrong.
        let sealed = lying(2);
        assert!(pair.open(1, &sealed).is_ok());
    }
}

/// There is no chain before the first message to a responder, so none can have had messages.
#[test]
fn the_first_message_in_has_nothing_before_it() {
    for curve in CURVES {
        let pair = Pair::new(curve, 6);
        let (_, sealed) = with_previous_count(&pair.ends[0], 1)
            .seal(&pair.ad, b"x")
            .unwrap();
        let refused = refusal(&pair, 1, &sealed.header, &sealed.ciphertext, &LIMITS);
        assert_eq!(refused, OpenError::BadPreviousCount);
    }
}

/// The last number that is used is `u32::MAX - 1`; after it both ends stop, and neither wraps to 0.
#[test]
fn both_ends_of_a_chain_stop_before_its_numbers_wrap() {
    for curve in CURVES {
        let mut pair = established(curve, 7);
        let sealed = pair.seal(0, b"x").unwrap();
        pair.open(1, &sealed).unwrap();
        // Both ends skip ahead alike: one chain key, one number.
        pair.ends[0] = with_chain_number(&pair.ends[0], 0, u32::MAX - 1);
        pair.ends[1] = with_chain_number(&pair.ends[1], 1, u32::MAX - 1);
        let last = pair.seal(0, b"last").unwrap();
        assert_eq!(last.header.n, u32::MAX - 1);
        assert_eq!(pair.open(1, &last).unwrap(), b"last");
        assert_eq!(pair.seal(0, b"more").err(), Some(SealError::ChainExhausted));
        let beyond = Header {
            n: u32::MAX,
            ..last.header
        };
        let refused = refusal(&pair, 1, &beyond, &last.ciphertext, &LIMITS);
        assert_eq!(refused, OpenError::ChainExhausted);
    }
}

/// Refused before a key is computed, however wide the limits are set.
#[test]
fn the_number_beyond_the_last_ends_a_new_chain_too() {
    let limits = SkipLimits {
        max_skip: u32::MAX,
        max_steps: u32::MAX,
    };
    for curve in CURVES {
        let mut pair = Pair::new(curve, 8);
        let sealed = pair.seal(0, b"x").unwrap();
        let beyond = Header {
            n: u32::MAX,
            ..sealed.header
        };
        let refused = refusal(&pair, 1, &beyond, &sealed.ciphertext, &limits);
        assert_eq!(refused, OpenError::ChainExhausted);
    }
}

/// Two numbers that are each within a wide limit do not wrap below the limit for both.
#[test]
fn the_sum_of_both_chains_does_not_wrap() {
    let limits = SkipLimits {
        max_skip: u32::MAX,
        max_steps: 20,
    };
    for curve in CURVES {
        let mut pair = established(curve, 14);
        let sealed = pair.seal(0, b"x").unwrap();
        let header = Header {
            n: 1 << 31,
            pn: (1 << 31) + 1,
            ..sealed.header
        };
        let refused = refusal(&pair, 1, &header, &sealed.ciphertext, &limits);
        assert_eq!(refused, OpenError::TooManySkipped);
    }
}
