//! What a relay, a stranger or a malicious contact can send, and what it must not achieve.

use proptest::prelude::*;

use super::*;
use crate::{
    model::{MAX_BUNDLES_LOOKED_AT, MAX_KEM_PREKEYS_PER_BUNDLE, WarningKind},
    wire::{WireMessage, encode_message},
};

fn changed(envelope: &AddressedMessage, change: impl FnOnce(&mut WireMessage)) -> Vec<u8> {
    let mut message = WireMessage::decode(&envelope.wire).unwrap();
    change(&mut message);
    encode_message(message)
}

fn outcome(device: &mut TestDevice, from: IdentityKey, wire: &[u8]) -> Outcome {
    device.try_receive(from, wire, true).unwrap().outcome
}

/// The identity whose public key is the negative of this one's: the same `x`, the other `y`.
fn negated(key: IdentityKey) -> IdentityKey {
    let mut negative = key.to_bytes();
    negative[0] ^= 1;
    IdentityKey::from_wire(&negative).unwrap()
}

#[test]
fn a_message_claimed_by_another_identity_or_its_negative_stays_shut() {
    for plain in [false, true] {
        let (mut alice, mut bob) = if plain {
            (TestDevice::plain(1, "alice"), TestDevice::plain(2, "bob"))
        } else {
            (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"))
        };
        meet(&mut alice, &mut bob);
        let message = alice.send(bob.key, "mine");
        let before = bob.fingerprint();
        for claimed in [
            TestDevice::new(3, "mallory").key,
            negated(alice.key),
            bob.key,
        ] {
            let refused = outcome(&mut bob, claimed, &message.wire);
            assert!(!matches!(refused, Outcome::Decrypted(_)), "{claimed:?}");
        }
        assert_eq!(bob.fingerprint(), before);
        assert_eq!(bob.read(alice.key, &message), "mine");
    }
}

#[test]
fn a_negated_sender_cannot_ride_on_an_unanswered_session() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let first = alice.send(bob.key, "first");
    let second = alice.send(bob.key, "second");
    bob.read(alice.key, &first);
    let negative = negated(alice.key);
    assert_eq!(
        outcome(&mut bob, negative, &second.wire),
        Outcome::Undecryptable(Reason::AuthenticationFailed)
    );
    assert_eq!(bob.read(alice.key, &second), "second");
}

#[test]
fn a_first_message_under_the_negated_sender_does_not_lock_the_sender_out() {
    let (mut alice, mut bob) = (TestDevice::plain(1, "alice"), TestDevice::plain(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let first = alice.send(bob.key, "first");
    let second = alice.send(bob.key, "second");
    let bare = changed(&first, |message| message.bundles.clear());
    let negative = negated(alice.key);
    // In this suite only a bundle tells the two apart.
    let taken = outcome(&mut bob, negative, &bare);
    assert!(matches!(taken, Outcome::Decrypted(_)));
    assert_eq!(bob.read(alice.key, &first), "first");
    assert_eq!(bob.read(alice.key, &second), "second");
    assert_eq!(bob.sessions(negative).len(), 0);
    let answer = bob.send(alice.key, "answer");
    assert_eq!(alice.read(bob.key, &answer), "answer");
    // The other way round it never opens, whatever is known of the sender.
    let mut other = TestDevice::plain(3, "bob-too");
    alice.import_bundle(&other.bundle());
    let [first, second] = ["first", "second"].map(|text| {
        let sent = alice.send(other.key, text);
        changed(&sent, |message| message.bundles.clear())
    });
    assert!(matches!(
        outcome(&mut other, alice.key, &first),
        Outcome::Decrypted(_)
    ));
    assert!(!matches!(
        outcome(&mut other, negative, &second),
        Outcome::Decrypted(_)
    ));
    let third = alice.send(bob.key, "third");
    let before = bob.fingerprint();
    assert!(!matches!(
        outcome(&mut bob, negative, &third.wire),
        Outcome::Decrypted(_)
    ));
    assert_eq!(bob.fingerprint(), before);
}

#[test]
fn somebody_who_holds_a_key_and_its_negative_cannot_swap_a_session_between_them() {
    // The secrets 1 and n - 1.
    let mut one = [0; 32];
    one[31] = 1;
    let minus_one = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36,
        0x41, 0x40,
    ];
    let [mut plus, mut minus] = [(one, "plus"), (minus_one, "minus")].map(|(secret, id)| {
        let mut device = TestDevice::plain(1, id);
        device.engine.account.identity =
            IdentityKeyPair::from_secret_bytes(&secret).unwrap().into();
        device.key = *device.engine.account.identity.public();
        device.store = MemoryStore::default();
        let signed = SignedPreKeyPair::generate(&mut device.rng);
        device.import(signed, None, 1);
        device
    });
    let mut bob = TestDevice::plain(2, "bob");
    plus.import_bundle(&bob.bundle());
    bob.import_bundle(&plus.bundle());
    bob.import_bundle(&minus.bundle());
    let first = plus.send(bob.key, "first");
    let second = plus.send(bob.key, "second");
    bob.read(plus.key, &first);
    let before = bob.fingerprint();
    assert!(!matches!(
        outcome(&mut bob, minus.key, &second.wire),
        Outcome::Decrypted(_)
    ));
    assert_eq!(bob.fingerprint(), before);
    assert_eq!(bob.read(plus.key, &second), "second");
}

#[test]
fn a_message_of_millions_of_entries_is_refused_for_their_number() {
    // Field 101, length 0: an entry in three bytes. The message has one of its own.
    check_crowded(&[0xaa, 0x06, 0x00], crate::wire::MAX_ENTRIES - 1);
}

#[test]
fn a_message_of_millions_of_bundles_is_refused_for_their_number() {
    // Field 3, length 0: a bundle in two bytes. The message has one of its own.
    check_crowded(&[0x1a, 0x00], crate::wire::MAX_BUNDLES - 1);
}

/// A message is read with as many of these as the limit allows, but not with one more, nor with as
/// many as fit in its size.
fn check_crowded(addition: &[u8], most: usize) {
    let (mut alice, mut bob) = established();
    let message = alice.send(bob.key, "x").wire;
    let crowded = |additions| [message.as_slice(), &addition.repeat(additions)].concat();
    let room = (crate::model::MAX_WIRE_BYTES - message.len()) / addition.len();
    for additions in [room, most + 1] {
        let refused = bob.try_receive(alice.key, &crowded(additions), true);
        assert!(matches!(refused, Err(ReceiveError::NotAMessage(_))));
    }
    let read = bob.try_receive(alice.key, &crowded(most), true).unwrap();
    assert!(matches!(read.outcome, Outcome::Decrypted(_)));
}

#[test]
fn replies_are_limited_and_a_forgery_gets_none() {
    let (mut alice, mut bob) = established();
    let lost = alice.send(bob.key, "x");
    bob.store = MemoryStore::default();
    let refused = bob.receive(alice.key, &lost);
    assert_eq!(
        refused.outcome,
        Outcome::Undecryptable(Reason::SessionNotFound)
    );
    assert!(refused.reply.is_some());
    assert!(bob.receive(alice.key, &lost).reply.is_none());
    bob.later(2 * HOUR);
    assert!(bob.receive(alice.key, &lost).reply.is_some());

    let (mut alice, mut bob) = established();
    let forged = changed(&alice.send(bob.key, "x"), |message| {
        let entry = message.entries.values_mut().next().unwrap();
        *entry.payload.last_mut().unwrap() ^= 1;
    });
    let refused = bob.try_receive(alice.key, &forged, true).unwrap();
    assert_eq!(
        refused.outcome,
        Outcome::Undecryptable(Reason::AuthenticationFailed)
    );
    assert!(refused.reply.is_none());
}

#[test]
fn what_provokes_a_reply_writes_nothing_about_the_stranger() {
    let mut bob = TestDevice::new(2, "bob");
    bob.bundle();
    let mut stranger = TestDevice::new(9, "stranger");
    let mut other = TestDevice::new(8, "other");
    stranger.import_bundle(&other.bundle());
    let misdirected = changed(&stranger.send(other.key, "x"), |message| {
        message.bundles.clear()
    });
    let before = bob.store.counts().unwrap();
    let received = bob.try_receive(stranger.key, &misdirected, false).unwrap();
    assert!(received.reply.is_some());
    assert_eq!(bob.store.counts().unwrap(), before);
}

#[test]
fn a_forgery_makes_no_new_prekey_where_no_reply_is_permitted() {
    let (mut alice, mut bob) = established();
    let forged = changed(&alice.send(bob.key, "x"), |message| {
        let entry = message.entries.values_mut().next().unwrap();
        *entry.payload.last_mut().unwrap() ^= 1;
    });
    // The session is expired, so that one more advertisement may be due.
    bob.reset(alice.key, None).unwrap();
    // A message for another device uses up the reply, shortly before the prekey has to be replaced.
    let mut other = TestDevice::new(8, "other");
    alice.import_bundle(&other.bundle());
    let elsewhere = alice.send(other.key, "y");
    let made_at = |bob: &TestDevice| bob.store.own_bundle().unwrap().unwrap().prekey_created_at;
    bob.now = UnixMillis(made_at(&bob).0 + 24 * HOUR - 1);
    let refused = bob.try_receive(alice.key, &elsewhere.wire, true).unwrap();
    assert!(refused.reply.is_some());
    let before = made_at(&bob);
    bob.later(1);
    let refused = bob.try_receive(alice.key, &forged, true).unwrap();
    assert_eq!(
        refused.outcome,
        Outcome::Undecryptable(Reason::AuthenticationFailed)
    );
    assert!(refused.reply.is_none());
    assert_eq!(made_at(&bob), before);
    // As soon as a reply is permitted it carries the new prekey.
    bob.later(2 * HOUR);
    let refused = bob.try_receive(alice.key, &forged, true).unwrap();
    assert!(refused.reply.is_some());
    assert_eq!(made_at(&bob), bob.now);
}

#[test]
fn a_message_that_names_no_session_is_tried_on_eight_and_is_no_forgery_if_it_is_of_the_ninth() {
    let mut bob = TestDevice::new(2, "bob");
    let bundle = bob.bundle();
    let mut turned = Vec::new();
    for start in 0..=u64::try_from(crate::model::MAX_SESSION_TRIALS).unwrap() {
        bob.later(1000);
        let mut alice = TestDevice::new(1, "alice");
        alice.rng = SplitMix64(1000 + start);
        alice.now = bob.now;
        alice.import_bundle(&bundle);
        let first = alice.send(bob.key, "first");
        assert_eq!(bob.read(alice.key, &first), "first");
        let answer = bob.send(alice.key, "answer");
        assert_eq!(alice.read(bob.key, &answer), "answer");
        // On a ratchet key that Bob has not seen, and without the id of its session.
        turned.push((alice.key, alice.send(bob.key, "turned")));
    }
    let before = bob.fingerprint();
    let (alice, ninth) = &turned[0];
    let refused = bob.try_receive(*alice, &ninth.wire, true).unwrap();
    assert_eq!(
        refused.outcome,
        Outcome::Undecryptable(Reason::SessionNotFound)
    );
    assert!(refused.reply.is_some());
    assert_eq!(bob.fingerprint(), before);
    let (alice, eighth) = &turned[1];
    assert_eq!(bob.read(*alice, eighth), "turned");
}

#[test]
fn only_a_few_of_hundreds_of_bundles_in_a_message_are_verified_wherever_it_is_inspected() {
    let (mut alice, mut bob) = established();
    let bundle = alice.bundle();
    let crowded = changed(&alice.send(bob.key, "read me"), |message| {
        message.bundles = vec![bundle; 680];
    });
    let message = WireMessage::decode(&crowded).unwrap();
    let inspected = message.inspect();
    let looked_at = inspected.bundles.iter().filter(|bundle| bundle.is_ok());
    assert_eq!(looked_at.count(), MAX_BUNDLES_LOOKED_AT);
    assert_eq!(inspected.bundles.len(), 680);
    let last = inspected.bundles.last().unwrap();
    assert!(last.as_ref().unwrap_err().contains("not looked at"));
    // The account is given the inspected message.
    let request = ReceiveRequest {
        sender: alice.key,
        message: Ok(message),
        confirm: false,
        sealed: false,
    };
    let explained = bob
        .transact(|engine, store, env| engine.explain(store, env, request, inspected.clone()))
        .unwrap();
    assert_eq!(explained.message, inspected);
    assert!(matches!(explained.received.outcome, Outcome::Decrypted(_)));
}

#[test]
fn foreign_and_invalid_bundles_do_not_make_a_message_fail() {
    let (mut alice, mut bob) = established();
    let foreign = TestDevice::new(9, "stranger").bundle();
    let mut broken = alice.bundle();
    *broken.last_mut().unwrap() ^= 1;
    let message = changed(&alice.send(bob.key, "read me"), |message| {
        let own = message.bundles.clone();
        message.bundles = vec![foreign.clone(), broken, vec![0xff; 3]];
        for _ in 0..5 {
            message.bundles.extend(own.clone());
        }
    });
    let received = bob.try_receive(alice.key, &message, true).unwrap();
    let kinds: Vec<_> = received
        .warnings
        .iter()
        .map(|warning| warning.kind)
        .collect();
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    for kind in [
        WarningKind::ForeignBundle,
        WarningKind::InvalidBundle,
        WarningKind::TooManyBundles,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
    assert!(
        bob.known(
            TestDevice::new(9, "stranger").key,
            &TestDevice::new(9, "stranger").id
        )
        .is_none()
    );
}

#[test]
fn a_message_is_read_again_until_it_is_confirmed_also_after_a_crash() {
    let (mut alice, mut bob) = established();
    let message = alice.send(bob.key, "keep me");
    let first = bob.try_receive(alice.key, &message.wire, false).unwrap();
    assert!(!first.duplicate);
    bob.store.crash();
    let again = bob.try_receive(alice.key, &message.wire, false).unwrap();
    assert!(again.duplicate && again.message == first.message);
    assert!(matches!(again.outcome, Outcome::Decrypted(_)));
    let id = first.message.unwrap();
    let confirm = |bob: &mut TestDevice| {
        bob.transact(|engine, store, _| engine.confirm(store, &[id]))
            .unwrap()
    };
    assert_eq!((confirm(&mut bob), confirm(&mut bob)), (1, 0));
    assert_eq!(bob.refusal(alice.key, &message), Reason::AlreadyRead);
}

#[test]
fn a_message_that_was_never_read_cannot_be_confirmed_away() {
    let (mut alice, mut bob) = established();
    let skipped = alice.send(bob.key, "skipped");
    let read = alice.send(bob.key, "read");
    bob.read(alice.key, &read);
    let id = skipped.targets[0].message;
    let confirmed = bob
        .transact(|engine, store, _| engine.confirm(store, &[id]))
        .unwrap();
    assert_eq!(confirmed, 0);
    assert_eq!(bob.read(alice.key, &skipped), "skipped");
}

/// A message of arbitrary parts.
fn noisy_message() -> impl Strategy<Value = (WireMessage, Vec<u8>)> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..70);
    let entry = (
        prop::option::of((bytes(), bytes(), bytes(), bytes())),
        prop::option::of((bytes(), any::<u32>(), any::<u32>(), bytes())),
        prop::option::of(bytes()),
        prop::option::of((any::<u32>(), 0..3_u32, bytes(), bytes(), bytes())),
        bytes(),
        bytes(),
    )
        .prop_map(
            |(x3dh, dr, dh, hr, payload, copy_of)| crate::wire::WireEntry {
                x3dh: x3dh.map(
                    |(key, id, kem_id, kem_ciphertext)| crate::wire::WireX3dhHeader {
                        key,
                        id,
                        kem_id,
                        kem_ciphertext,
                    },
                ),
                dr: dr.map(|(key, n, pn, id)| crate::wire::WireRatchetHeader { key, n, pn, id }),
                dh,
                hr: hr.map(|(deprecated_key, number, group, key, keys)| {
                    crate::wire::WireGroupHeader {
                        deprecated_key,
                        number,
                        group,
                        key,
                        keys,
                    }
                }),
                payload,
                copy_of,
            },
        );
    let names = prop_oneof![Just("x1-bob".to_owned()), Just("none".to_owned()), ".{0,4}"];
    (
        ".{0,8}",
        prop::collection::vec(bytes(), 0..3),
        prop::collection::btree_map(names, entry, 0..3),
        prop_oneof![4 => Just(Vec::new()), 1 => bytes()],
        (0..5_u32).prop_map(crate::model::ContactMark::from_code::<u32>),
        prop::collection::vec(".{0,8}", 0..=MAX_KEM_PREKEYS_PER_BUNDLE),
        bytes(),
    )
        .prop_map(
            |(installation, bundles, entries, public, contact, kem_wanted, raw)| {
                let message = WireMessage {
                    installation,
                    bundles,
                    entries,
                    public,
                    contact,
                    kem_wanted,
                };
                (message, raw)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No input panics, opens or changes a session.
    #[test]
    fn noise_changes_nothing((message, raw) in noisy_message()) {
        let (alice, mut bob) = established();
        let before = bob.fingerprint();
        for wire in [encode_message(message), raw] {
            let result = bob.try_receive(alice.key, &wire, true);
            let opened = matches!(result, Ok(Received { outcome: Outcome::Decrypted(_), .. }));
            prop_assert!(!opened);
            let _ = crate::wire::inspect_message(&wire);
            let _ = crate::wire::inspect_bundle(&wire);
        }
        prop_assert_eq!(bob.fingerprint(), before);
    }

    /// With a byte changed anywhere, a real message opens to its own text or not at all, and the
    /// original still opens.
    #[test]
    fn changed_bytes_never_give_another_text(
        plain in any::<bool>(),
        first in any::<bool>(),
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let (mut alice, mut bob) = if plain {
            (TestDevice::plain(1, "alice"), TestDevice::plain(2, "bob"))
        } else {
            (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"))
        };
        if first {
            alice.import_bundle(&bob.bundle());
        } else {
            meet(&mut alice, &mut bob);
        }
        let message = alice.send(bob.key, "the text");
        let mut wire = message.wire.clone();
        let index = at.index(wire.len());
        wire[index] ^= change;
        if let Ok(Received { outcome: Outcome::Decrypted(text), .. }) =
            bob.try_receive(alice.key, &wire, false)
        {
            prop_assert_eq!(text.as_slice(), b"the text");
        }
        prop_assert_eq!(bob.read(alice.key, &message), "the text");
    }
}
