//! First messages of this suite: what binds them, and in which order they are checked.

use super::*;

/// Every byte of the X3DH header of a message, each with a bit changed.
fn header_changes(envelope: &AddressedMessage) -> Vec<AddressedMessage> {
    let mut changes = Vec::new();
    for place in 0..33 + 33 + 32 + KEM_CIPHERTEXT_BYTES {
        changes.push(with_header(envelope, |header| {
            let mut bytes = [
                &mut header.key,
                &mut header.id,
                &mut header.kem_id,
                &mut header.kem_ciphertext,
            ]
            .into_iter()
            .flatten();
            *bytes.nth(place).unwrap() ^= 1 << (place % 8);
            assert_eq!(bytes.count(), 1185 - place);
        }));
    }
    // The signs of both keys.
    changes.push(with_header(envelope, |header| header.key[0] ^= 1));
    changes.push(with_header(envelope, |header| header.id[0] ^= 1));
    // Another suite, and other forms.
    changes.push(with_header(envelope, |header| {
        header.kem_id.clear();
        header.kem_ciphertext.clear();
    }));
    changes.push(with_header(envelope, |header| header.kem_id.clear()));
    changes.push(with_header(envelope, |header| {
        header.kem_ciphertext.clear()
    }));
    changes.push(with_header(envelope, |header| header.kem_id.push(0)));
    changes.push(with_header(envelope, |header| {
        header.kem_ciphertext.push(0)
    }));
    changes
}

#[test]
fn a_first_message_with_any_bit_of_its_header_changed_opens_nothing() {
    let (mut alice, mut bob) = acquainted();
    let [first, second] = ["first", "second"].map(|text| alice.send(bob.key, text));
    // Known or not, its session is another one.
    for message in [&first, &second] {
        let before = bob.store.contents();
        for changed in header_changes(message) {
            let refused = bob.receive(alice.key, &changed);
            assert!(matches!(refused.outcome, Outcome::Undecryptable(_)));
            assert!(bob.store.contents() == before);
        }
        bob.receive(alice.key, message);
    }
    assert_eq!(bob.sessions(alice.key).len(), 1);
    assert_eq!(bob.sessions(alice.key)[0].received, 2);
}

#[test]
fn what_is_wrong_with_a_first_message_is_told_in_the_order_of_the_checks() {
    let (mut alice, mut bob) = acquainted();
    let first = alice.send(bob.key, "first");
    let other = with_header(&first, |header| header.kem_ciphertext[500] ^= 1);
    assert_eq!(bob.refusal(alice.key, &other), Reason::AuthenticationFailed);
    let strange = with_header(&first, |header| header.kem_id[3] ^= 1);
    let received = bob.receive(alice.key, &strange);
    assert_eq!(
        received.outcome,
        Outcome::Undecryptable(Reason::PreKeyNotFound)
    );
    assert_eq!(brought(&received.reply.unwrap()).len(), 1);
    let explained = bob.explained(alice.key, &strange);
    let state = explained.kem_pre_key.unwrap().1;
    assert_eq!(state, KemPreKeyState::NotOurs);
    let cut = with_header(&first, |header| header.kem_id.truncate(31));
    assert_eq!(bob.refusal(alice.key, &cut), Reason::Malformed);
    // On the other curve.
    let turned = altered(&first, |message| {
        let entry = message.entries.values_mut().next().unwrap();
        let x3dh = entry.x3dh.clone().unwrap();
        entry.dr.as_mut().unwrap().key = x3dh.key;
    });
    assert_eq!(bob.refusal(alice.key, &turned), Reason::Malformed);
    bob.engine.config.suites = vec![X25519];
    assert_eq!(bob.refusal(alice.key, &cut), Reason::Malformed);
    assert_eq!(bob.refusal(alice.key, &strange), Reason::SuiteForbidden);
    assert_eq!(bob.refusal(alice.key, &first), Reason::SuiteForbidden);
    bob.engine.config.suites = vec![X25519MlKem768];
    assert_eq!(bob.read(alice.key, &first), "first");
    // Its session is erased, and does not come back.
    let id = bob.sessions(alice.key)[0].id;
    bob.transact(|_, store, _| store.remove_session(&id))
        .unwrap();
    assert_eq!(bob.refusal(alice.key, &first), Reason::MessageKeyGone);
    bob.engine.config.max_first_messages = 1;
    let mut anew = TestDevice::new(1, "alice");
    anew.rng = SplitMix64(5);
    anew.import_bundle(&bob.bundle());
    let second = anew.send(bob.key, "second");
    assert_eq!(bob.refusal(alice.key, &second), Reason::TooManySessions);
}

#[test]
fn a_first_message_to_a_kem_prekey_that_its_signed_prekey_does_not_keep_finds_no_prekey() {
    let (mut alice, mut bob) = acquainted();
    bob.days(7);
    // The newer KEM prekey, which the older signed prekey does not keep.
    let mut known = alice.known(bob.key, &bob.id).unwrap();
    let held = known.kem.held.as_mut().unwrap();
    held.key = KemPreKey::from_stored(&bob.kem_of_bundle().key).unwrap();
    alice
        .transact(|_, store, _| store.put_device(&known))
        .unwrap();
    let first = alice.send(bob.key, "x");
    assert_eq!(bob.refusal(alice.key, &first), Reason::PreKeyNotFound);
}

#[test]
fn the_header_is_repeated_until_the_answer_and_what_it_took_is_dropped_then() {
    let (mut alice, mut bob) = acquainted();
    let x3dh = |message: &AddressedMessage| {
        let message = WireMessage::decode(&message.wire).unwrap();
        message.entries.into_values().next().unwrap().x3dh
    };
    let messages: Vec<_> = (0..3).map(|_| alice.send(bob.key, "x")).collect();
    let first = x3dh(&messages[0]).unwrap();
    assert_eq!(first.kem_ciphertext.len(), KEM_CIPHERTEXT_BYTES);
    for message in &messages {
        let header = x3dh(message).unwrap();
        assert_eq!(header.kem_id, first.kem_id);
        assert_eq!(header.kem_ciphertext, first.kem_ciphertext);
    }
    // Any of them sets the session up.
    bob.read(alice.key, &messages[2]);
    assert!(alice.sessions(bob.key)[0].kem.is_some());
    let answer = bob.send(alice.key, "hi");
    alice.read(bob.key, &answer);
    assert!(alice.sessions(bob.key)[0].kem.is_none());
    assert!(x3dh(&alice.send(bob.key, "so")).is_none());
    bob.read(alice.key, &messages[0]);
    // No m serves twice.
    let other = x3dh(&alice.new_session_with(&bob)).unwrap();
    assert_eq!(other.kem_id, first.kem_id);
    assert_ne!(other.kem_ciphertext, first.kem_ciphertext);
}

#[test]
fn a_message_without_x3dh_header_is_read_on_sessions_of_both_suites_of_the_curve() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    let below = alice.send(bob.key, "below");
    bob.read(alice.key, &stripped(&below));
    let answer = bob.send(alice.key, "answer");
    alice.read(bob.key, &stripped(&answer));
    alice.import_bundle(&bob.bundle());
    let above = alice.send(bob.key, "above");
    // On the same prekey of Bob.
    let late = bob.send(alice.key, "late");
    bob.read(alice.key, &above);
    let answer = bob.send(alice.key, "answer");
    for (message, expected) in [(&answer, true), (&late, false)] {
        assert_eq!(mode(message), Mode::Ratchet);
        let received = alice.receive(bob.key, message);
        assert!(matches!(received.outcome, Outcome::Decrypted(_)));
        assert_eq!(received.post_quantum, expected);
    }
}
