//! Sealed messages: the topic they are sent on, and what their signature proves.

use std::sync::Arc;

use envelope::{OpenWith, Padding, SealTo, SymmetricKey, Topic, TopicName, Unopened};

use super::*;
use crate::{
    model::{ContactState, MAX_NEGOTIATED_KEYS, NegotiatedTopic, Seal, SealedEnvelope},
    sealing::UnsealError,
};

impl TestDevice {
    fn seal(&mut self, to: &[IdentityKey], text: &str, seal: Seal) -> Vec<SealedEnvelope> {
        let request = SendRequest {
            recipients: to.to_vec(),
            payload: text.as_bytes().to_vec().into(),
            request_id: None,
            seal: Some(seal),
        };
        let sent = self
            .transact(|engine, store, env| engine.send(store, env, &request))
            .unwrap();
        let envelopes = sent.messages.into_iter();
        envelopes.map(|envelope| envelope.sealed.unwrap()).collect()
    }

    fn seal_to(&mut self, to: IdentityKey, text: &str) -> SealedEnvelope {
        self.seal(&[to], text, Seal::Agreed).remove(0)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<crate::sealing::SignedMessage, UnsealError> {
        let others = self.store.correspondents(MAX_NEGOTIATED_KEYS);
        self.engine.opener().unseal(sealed, &others.unwrap())
    }

    /// The identities that the user wrote to, each with whether its shared secret is stored.
    fn correspondents(&self) -> Vec<(IdentityKey, bool)> {
        let others = self.store.correspondents(MAX_NEGOTIATED_KEYS).unwrap();
        let kept = others.into_iter();
        kept.map(|other| (other.identity, other.shared.is_some()))
            .collect()
    }

    /// Derives the shared secrets that are not stored yet; how many.
    fn derive_pending(&mut self) -> usize {
        let pending: Vec<_> = self.correspondents();
        let pending: Vec<_> = pending.iter().filter(|(_, kept)| !kept).collect();
        for (other, _) in &pending {
            let shared = NegotiatedTopic::derive(&self.engine.account.identity, other).unwrap();
            self.transact(|_, store, _| store.put_negotiated(other, &Arc::new(shared)))
                .unwrap();
        }
        pending.len()
    }

    /// Opens an envelope and receives its message.
    fn take(&mut self, sealed: &[u8]) -> Received {
        if self.unseal(sealed).is_err() {
            self.derive_pending();
        }
        let unsealed = self.unseal(sealed).unwrap();
        let request = ReceiveRequest {
            sender: unsealed.sender,
            message: WireMessage::decode(&unsealed.wire),
            confirm: true,
            sealed: true,
        };
        self.transact(|engine, store, env| engine.receive(store, env, request))
            .unwrap()
    }

    fn take_text(&mut self, sealed: &[u8]) -> String {
        match self.take(sealed).outcome {
            Outcome::Decrypted(text) => String::from_utf8(text.to_vec()).unwrap(),
            other => panic!("not read: {other:?}"),
        }
    }

    fn partitioned(&self) -> Topic {
        TopicName::partitioned(&self.key).topic()
    }

    fn negotiated(&self, other: IdentityKey) -> TopicName {
        TopicName::negotiated(&self.engine.account.identity, &other).unwrap()
    }
}

#[test]
fn the_negotiated_topic_is_used_once_a_message_of_every_targeted_device_has_arrived() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let mut tablet = TestDevice::new(2, "tablet");
    let negotiated = alice.negotiated(bob.key).topic();
    assert_eq!(bob.negotiated(alice.key).topic(), negotiated);
    // By DH: for no device in particular.
    let first = alice.seal_to(bob.key, "by DH");
    assert_eq!(first.topic, bob.partitioned());
    assert_eq!(bob.take_text(&first.envelope), "by DH");
    let bundle = bob.bundle();
    alice.import_bundle(&bundle);
    let second = alice.seal_to(bob.key, "to one device, not heard of");
    assert_eq!(second.topic, bob.partitioned());
    assert_eq!(
        bob.take_text(&second.envelope),
        "to one device, not heard of"
    );
    // Bob has read a message of the only device of Alice that he knows.
    let answer = bob.seal_to(alice.key, "heard");
    assert_eq!(answer.topic, negotiated);
    assert_eq!(alice.take_text(&answer.envelope), "heard");
    assert_eq!(alice.seal_to(bob.key, "agreed").topic, negotiated);
    // A second device of Bob's, from which nothing has arrived yet.
    let id = tablet.id.clone();
    let bundle = tablet.bundle();
    bob.import_bundle(&bundle);
    bob.enable(&id).unwrap();
    let bundle = bob.bundle();
    alice.import_bundle(&bundle);
    let both = alice.seal_to(bob.key, "to both");
    assert_eq!(both.topic, bob.partitioned());
    assert_eq!(tablet.take_text(&both.envelope), "to both");
    let answer = tablet
        .seal(&[alice.key], "me too", Seal::Partitioned)
        .remove(0);
    assert_eq!(alice.take_text(&answer.envelope), "me too");
    let agreed = alice.seal_to(bob.key, "agreed by both");
    assert_eq!(agreed.topic, negotiated);
    assert_eq!(bob.take_text(&agreed.envelope), "agreed by both");
    // A new session does not take that back.
    alice.reset(bob.key, None).unwrap();
    assert_eq!(alice.seal_to(bob.key, "anew").topic, negotiated);
}

#[test]
fn each_topic_can_be_asked_for_and_copies_for_ourselves_go_by_our_own() {
    let (mut alice, mut bob) = established();
    let mut tablet = TestDevice::new(1, "tablet");
    let (bundle, id) = (tablet.bundle(), tablet.id.clone());
    alice.import_bundle(&bundle);
    alice.enable(&id).unwrap();
    for (seal, topic) in [
        (Seal::Agreed, alice.negotiated(bob.key).topic()),
        (Seal::Negotiated, alice.negotiated(bob.key).topic()),
        (Seal::Partitioned, bob.partitioned()),
    ] {
        let sealed = alice.seal(&[bob.key], "hi", seal);
        let topics: Vec<_> = sealed.iter().map(|sealed| sealed.topic).collect();
        assert_eq!(topics, [topic, alice.partitioned()], "{seal:?}");
        let [to_bob, own] = sealed.try_into().unwrap();
        assert_eq!(bob.take_text(&to_bob.envelope), "hi");
        assert_eq!(tablet.take_text(&own.envelope), "hi");
    }
    // To an identity of which nothing is known.
    let carol = TestDevice::new(3, "carol");
    let forced = alice.seal(&[carol.key], "psst", Seal::Negotiated).remove(0);
    assert_eq!(forced.topic, carol.negotiated(alice.key).topic());
    // Carol knows no peer yet, but she knows the topic that she listens to.
    assert_eq!(
        carol.unseal(&forced.envelope).unwrap_err(),
        UnsealError::Unopened(Unopened::AuthenticationFailed)
    );
    let key = carol.negotiated(alice.key).symmetric_key().unwrap();
    let opened = carol.engine.opener().unseal_with(&key, &forced.envelope);
    assert_eq!(opened.unwrap().sender, alice.key);
}

#[test]
fn a_large_group_derives_a_few_keys_at_a_time() {
    let mut alice = TestDevice::new(1, "alice");
    let mut members: Vec<_> = (2..8)
        .map(|number| TestDevice::new(number, "member"))
        .collect();
    for member in &mut members {
        meet(&mut alice, member);
    }
    let keys: Vec<_> = members.iter().map(|member| member.key).collect();
    let mut negotiated = Vec::new();
    for _ in 0..2 {
        let sealed = alice.seal(&keys, "all", Seal::Agreed);
        let by_negotiated = |(sealed, member): (&SealedEnvelope, &TestDevice)| {
            sealed.topic == member.negotiated(alice.key).topic()
        };
        negotiated.push(
            sealed
                .iter()
                .zip(&members)
                .filter(|pair| by_negotiated(*pair))
                .count(),
        );
        for (sealed, member) in sealed.iter().zip(&mut members) {
            assert_eq!(member.take_text(&sealed.envelope), "all");
        }
    }
    assert_eq!(negotiated, [4, 6]);
}

#[test]
fn a_retry_gives_the_same_envelope_and_another_way_of_sealing_is_another_request() {
    let (mut alice, bob) = established();
    let mut send = |seal| {
        let request = SendRequest {
            recipients: vec![bob.key],
            payload: b"once".to_vec().into(),
            request_id: Some("r".to_owned()),
            seal,
        };
        alice.transact(|engine, store, env| engine.send(store, env, &request))
    };
    let first = send(Some(Seal::Agreed)).unwrap();
    assert!(first.messages[0].sealed.is_some());
    assert_eq!(send(Some(Seal::Agreed)).unwrap(), first);
    for other in [None, Some(Seal::Partitioned), Some(Seal::Negotiated)] {
        assert!(matches!(send(other), Err(SendError::RequestIdReused)));
    }
}

/// An envelope around a wire message, sealed and signed with any key pair.
fn sealed_by(signer: Option<u8>, to: SealTo<'_>, wire: &[u8]) -> Vec<u8> {
    let pair = signer.map(|seed| IdentityKeyPair::from_secret_bytes(&[seed; 32]).unwrap());
    envelope::seal(&mut SplitMix64(9), to, pair.as_ref(), wire, Padding::Random)
        .unwrap()
        .into_bytes()
}

#[test]
fn the_sender_is_the_signer_and_unsigned_envelopes_are_refused() {
    let (mut alice, mut bob) = established();
    let message = alice.send(bob.key, "of Alice");
    let to_bob = bob.key;
    let to_bob = SealTo::Recipient(&to_bob);
    let before = bob.fingerprint();
    let unsigned = sealed_by(None, to_bob, &message.wire);
    assert_eq!(bob.unseal(&unsigned).unwrap_err(), UnsealError::Unsigned);
    // Mallory puts the message of Alice into an envelope of his own.
    let forged = sealed_by(Some(66), to_bob, &message.wire);
    let received = bob.take(&forged);
    assert_ne!(received.sender, alice.key);
    assert!(matches!(
        received.outcome,
        Outcome::Undecryptable(Reason::SessionNotFound | Reason::AuthenticationFailed)
    ));
    assert_eq!(bob.fingerprint(), before);
    // That Mallory was sent a reply is all that is remembered.
    assert!(received.reply.is_some() && bob.listened().contains(&received.sender));
    // A payload that is no wire message is an outcome as well.
    let received = bob.take(&sealed_by(Some(66), to_bob, b"no message"));
    assert_eq!(received.outcome, Outcome::Undecryptable(Reason::Malformed));
    // The genuine envelope opens all the same.
    let honest = sealed_by(Some(1), to_bob, &message.wire);
    let received = bob.take(&honest);
    assert_eq!((received.sender, received.authenticated), (alice.key, true));
}

#[test]
fn the_signature_proves_the_sender_of_what_has_no_session_but_accepts_nobody() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let by_dh = alice.seal_to(bob.key, "hello");
    let plain = bob.unseal(&by_dh.envelope).unwrap();
    let received = bob.try_receive(alice.key, &plain.wire, true).unwrap();
    assert!(!received.authenticated && received.told_request);
    assert!(
        bob.store.contact(&alice.key).unwrap().is_none(),
        "nothing proves it"
    );
    let received = bob.take(&by_dh.envelope);
    assert!(received.authenticated && !received.forward_secrecy);
    let state = |bob: &TestDevice| {
        bob.store
            .contact(&alice.key)
            .unwrap()
            .map(|contact| contact.state)
    };
    assert_eq!(state(&bob), Some(ContactState::RequestReceived));
    // Another identity sends a request to Bob, who received a DH message before: the old message,
    // replayed, accepts nothing.
    let mut carol = TestDevice::new(3, "carol");
    let old = carol.seal_to(bob.key, "an old letter");
    let request = SendRequest {
        recipients: vec![carol.key],
        payload: b"be my contact".to_vec().into(),
        request_id: None,
        seal: None,
    };
    bob.transact(|engine, store, env| engine.request_contact(store, env, &request, &carol.key))
        .unwrap();
    bob.take(&old.envelope);
    let contact = bob.store.contact(&carol.key).unwrap().unwrap();
    assert_eq!(contact.state, ContactState::RequestSent);
}

#[test]
fn a_reply_comes_sealed_when_the_message_did() {
    let (mut alice, mut bob) = established();
    let mut lost = TestDevice::new(2, "reinstalled");
    let sealed = alice
        .seal(&[bob.key], "to the old device", Seal::Partitioned)
        .remove(0);
    assert!(matches!(
        bob.take(&sealed.envelope).outcome,
        Outcome::Decrypted(_)
    ));
    let received = lost.take(&sealed.envelope);
    assert_eq!(
        received.outcome,
        Outcome::NotTargeted(Reason::OtherInstallation)
    );
    let reply = received.reply.unwrap().sealed.unwrap();
    assert_eq!(reply.topic, alice.partitioned());
    let taken = alice.take(&reply.envelope);
    assert_eq!((taken.sender, taken.outcome), (bob.key, Outcome::Bundle));
    assert_eq!(taken.new_installations, [lost.id.clone()]);
    // And not when the message did not.
    let mut other = TestDevice::new(2, "third");
    let plain = alice.unseal_as_bob(&sealed.envelope, 2);
    let received = other.try_receive(alice.key, &plain, true).unwrap();
    assert!(received.reply.unwrap().sealed.is_none());
}

impl TestDevice {
    /// What the identity of this number finds in an envelope.
    fn unseal_as_bob(&self, sealed: &[u8], identity: u8) -> Vec<u8> {
        let pair = IdentityKeyPair::from_secret_bytes(&[identity; 32]).unwrap();
        envelope::open(OpenWith::Recipient(&pair), sealed)
            .unwrap()
            .payload
            .to_vec()
    }
}

#[test]
fn damaged_and_strange_envelopes_have_reasons_and_change_nothing() {
    let (mut alice, mut bob) = established();
    let asymmetric = alice
        .seal(&[bob.key], "hi", Seal::Partitioned)
        .remove(0)
        .envelope;
    let symmetric = alice
        .seal(&[bob.key], "hi", Seal::Negotiated)
        .remove(0)
        .envelope;
    bob.derive_pending();
    let before = bob.fingerprint();
    let reason = |bob: &TestDevice, bytes: &[u8]| match bob.unseal(bytes) {
        Err(UnsealError::Unopened(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let strange = SymmetricKey::from_password("another topic");
    let carol = *IdentityKeyPair::from_secret_bytes(&[3; 32])
        .unwrap()
        .public();
    for (bytes, expected) in [
        (Vec::new(), Unopened::Malformed),
        (vec![7; 28], Unopened::Malformed),
        (vec![7; 29], Unopened::AuthenticationFailed),
        (
            sealed_by(Some(66), SealTo::Key(&strange), b"x"),
            Unopened::AuthenticationFailed,
        ),
        (
            sealed_by(Some(66), SealTo::Recipient(&carol), b"x"),
            Unopened::AuthenticationFailed,
        ),
    ] {
        assert_eq!(reason(&bob, &bytes), expected, "{} bytes", bytes.len());
    }
    for whole in [&asymmetric, &symmetric] {
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x20;
            // A changed key of the sender's is no point; anything else fails the MAC.
            let expected = [Unopened::AuthenticationFailed, Unopened::Malformed];
            assert!(expected.contains(&reason(&bob, &damaged)), "byte {at}");
        }
        let cut = &whole[..whole.len() - 1];
        assert_eq!(reason(&bob, cut), Unopened::AuthenticationFailed);
    }
    let mut off_curve = asymmetric.clone();
    off_curve[40] ^= 1;
    assert_eq!(reason(&bob, &off_curve), Unopened::Malformed);
    assert_eq!(bob.fingerprint(), before);
    assert_eq!(bob.take_text(&asymmetric), "hi");
    assert_eq!(bob.take_text(&symmetric), "hi");
}

/// An envelope of the least length, without a recipient.
const JUNK: [u8; 60] = [1; 60];

#[test]
fn the_keys_of_those_the_user_wrote_to_are_tried_and_each_is_derived_once() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let junk = |alice: &TestDevice| alice.unseal(&JUNK).unwrap_err();
    let strange = UnsealError::Unopened(Unopened::AuthenticationFailed);
    // A stranger whose devices are known, and who was sent the reply that its message is due.
    let mut stranger = TestDevice::new(3, "stranger");
    alice.import_bundle(&stranger.bundle());
    stranger.import_bundle(&alice.bundle());
    let on_the_old_prekey = stranger.seal_to(alice.key, "late");
    pass(&mut [&mut alice, &mut bob, &mut stranger], DAY);
    alice.bundle();
    assert!(alice.take(&on_the_old_prekey.envelope).reply.is_some());
    let peer = alice.store.peer(&stranger.key).unwrap().unwrap();
    assert!(peer.last_sent_at.is_some());
    assert_eq!(alice.correspondents(), []);
    assert_eq!(junk(&alice), strange);
    // With the first sealed message that the user sends, the shared secret is derived and stored.
    alice.import_bundle(&bob.bundle());
    let first = alice.seal_to(bob.key, "hello");
    assert_eq!(alice.correspondents(), [(bob.key, true)]);
    assert_eq!(junk(&alice), strange);
    bob.take_text(&first.envelope);
    let answer = bob.seal_to(alice.key, "hi");
    assert_eq!(answer.topic, bob.negotiated(alice.key).topic());
    assert_eq!(alice.unseal(&answer.envelope).unwrap().sender, bob.key);
    // It outlives the process: another engine on the same store derives nothing.
    let before = alice.fingerprint();
    alice.engine = TestDevice::new(1, "alice").engine;
    assert_eq!(alice.unseal(&answer.envelope).unwrap().sender, bob.key);
    assert_eq!(alice.derive_pending(), 0);
    assert_eq!(alice.fingerprint(), before);
    // For an identity that was written to without an envelope only its own key is missing; the
    // others are found without it.
    let carol = TestDevice::new(7, "carol");
    alice.send(carol.key, "not sealed");
    assert_eq!(junk(&alice), UnsealError::KeysPending);
    assert_eq!(alice.unseal(&answer.envelope).unwrap().sender, bob.key);
    assert_eq!(alice.derive_pending(), 1);
    assert_eq!(junk(&alice), strange);
}

impl TestDevice {
    /// The identities whose negotiated topic the device listens to.
    fn listened(&self) -> Vec<IdentityKey> {
        let page = self.engine.viewer().listened(&self.store, None, 100);
        let peers = page.unwrap().peers.into_iter();
        peers.map(|peer| peer.identity).collect()
    }

    /// What events have told of it since the last call.
    fn topic_events(&mut self) -> Vec<(IdentityKey, bool)> {
        let events = self.events().into_iter();
        events
            .filter_map(|event| match event {
                EventKind::TopicChanged { identity, listened } => Some((identity, listened)),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn an_answer_by_the_negotiated_topic_is_listened_for_since_the_message_that_it_answers() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let bundle = bob.bundle();
    alice.import_bundle(&bundle);
    assert_eq!(alice.listened(), [], "nobody can have heard of her");
    // In the call that makes the message, and so in its commit.
    let first = alice.seal_to(bob.key, "hello");
    assert_eq!(alice.listened(), [bob.key]);
    assert_eq!(alice.topic_events(), [(bob.key, true)]);
    assert_eq!(bob.take_text(&first.envelope), "hello");
    assert_eq!(bob.listened(), [], "he has not written");
    let answer = bob.seal_to(alice.key, "hello yourself");
    assert_eq!(answer.topic, bob.negotiated(alice.key).topic());
    assert_eq!(alice.take_text(&answer.envelope), "hello yourself");
    assert_eq!(bob.topic_events(), [(alice.key, true)]);
    // It is told of once.
    alice.seal_to(bob.key, "again");
    assert_eq!(alice.topic_events(), []);
    // Messages that are not sealed can be answered there as well, and what fails can not.
    let mut carol = TestDevice::new(3, "carol");
    carol.send(bob.key, "not sealed");
    assert_eq!(carol.listened(), [bob.key]);
    let before = carol.fingerprint();
    assert!(carol.try_send(&[alice.key], "", None).is_err());
    assert_eq!(carol.fingerprint(), before);
}

#[test]
fn a_declined_contact_is_listened_to_no_more_until_it_is_asked_or_accepted_again() {
    let (mut alice, mut bob) = established();
    alice.events();
    let decide = |alice: &mut TestDevice, to: IdentityKey, step: &str| {
        let request = SendRequest {
            recipients: vec![to],
            // To a post-quantum device no text goes by DH, as all declines do.
            payload: if step.starts_with("decline") {
                Vec::new().into()
            } else {
                b"hi".to_vec().into()
            },
            request_id: None,
            seal: None,
        };
        alice
            .transact(|engine, store, env| match step {
                "decline" => engine.decline_contact(store, env, &request, &to, false),
                "decline and say so" => engine.decline_contact(store, env, &request, &to, true),
                "accept" => engine.accept_contact(store, env, &request, &to),
                _ => engine.request_contact(store, env, &request, &to),
            })
            .unwrap();
    };
    for (step, listened, told) in [
        ("decline", false, true),
        ("decline", false, false),
        ("accept", true, true),
        ("decline and say so", false, true),
        ("request", true, true),
        ("accept", true, false),
    ] {
        decide(&mut alice, bob.key, step);
        let expected: &[_] = if listened { &[bob.key] } else { &[] };
        assert_eq!(alice.listened(), expected, "{step}");
        let expected: &[_] = if told { &[(bob.key, listened)] } else { &[] };
        assert_eq!(alice.topic_events(), expected, "{step}");
    }
    // Under the open policy a declined contact can be written to: as a member of a group.
    decide(&mut alice, bob.key, "decline");
    alice.events();
    let message = alice.send(bob.key, "to all");
    assert_eq!(bob.read(alice.key, &message), "to all");
    assert_eq!((alice.listened(), alice.topic_events()), (vec![], vec![]));
    // Somebody who was never written to is on the list only once that has been done.
    let carol = TestDevice::new(3, "carol");
    decide(&mut alice, carol.key, "decline");
    assert_eq!(alice.topic_events(), []);
    decide(&mut alice, carol.key, "request");
    assert_eq!(alice.topic_events(), [(carol.key, true)]);
}

/// Bob's old device is known to Alice, and his new one is not.
fn reply_to(alice: &mut TestDevice, old: &mut TestDevice, new: &mut TestDevice) -> Received {
    let bundle = old.bundle();
    alice.import_bundle(&bundle);
    let sealed = alice.seal_to(old.key, "to the old device");
    new.take(&sealed.envelope)
}

#[test]
fn a_reply_is_listened_behind_if_its_envelope_proves_whom_it_is_for_and_strangers_are_bounded() {
    // status-go takes a reply for a message of this device, and answers by the negotiated topic.
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let mut recovered = TestDevice::new(2, "recovered");
    let received = reply_to(&mut alice, &mut bob, &mut recovered);
    assert!(received.reply.is_some());
    assert_eq!(recovered.listened(), [alice.key]);
    assert_eq!(recovered.topic_events(), [(alice.key, true)]);
    // Without an envelope nothing proves the sender, and nothing is written.
    let mut other = TestDevice::new(2, "other");
    let message = alice.send(bob.key, "not sealed");
    let before = other.fingerprint();
    let received = other.try_receive(alice.key, &message.wire, true).unwrap();
    assert!(received.reply.is_some());
    assert_eq!((other.listened(), other.fingerprint()), (vec![], before));
    // Strangers add so many topics to the list and no more; the user adds any.
    let strangers = (0..crate::sealing::MAX_LISTENED_FOR_REPLIES).map(|number| {
        let mut secret = [9; 32];
        secret[..8].copy_from_slice(&number.to_be_bytes());
        *IdentityKeyPair::from_secret_bytes(&secret)
            .unwrap()
            .public()
    });
    let mut flooded = TestDevice::new(2, "flooded");
    for stranger in strangers {
        let peer = crate::model::Peer {
            listened: true,
            ..crate::model::Peer::new(stranger)
        };
        flooded
            .transact(|_, store, _| store.put_peer(&peer))
            .unwrap();
    }
    let listens = |device: &TestDevice| {
        let peer = device.store.peer(&alice.key).unwrap();
        peer.is_some_and(|peer| peer.listened)
    };
    let mut writer = TestDevice::new(1, "alice");
    assert!(
        reply_to(&mut writer, &mut bob, &mut flooded)
            .reply
            .is_some()
    );
    assert!(!listens(&flooded));
    flooded.send(alice.key, "of the user");
    assert!(listens(&flooded));
}

#[test]
fn an_advertisement_is_listened_behind_and_our_own_identity_is_not_told_of() {
    let (mut alice, bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    for to in [bob.key, alice.key] {
        alice
            .transact(|engine, store, env| engine.advertise(store, env, &to, None))
            .unwrap();
    }
    assert_eq!(alice.listened(), [bob.key]);
    assert_eq!(alice.topic_events(), [(bob.key, true)]);
}

#[test]
fn the_list_comes_in_parts_of_which_each_says_where_the_next_begins() {
    let mut alice = TestDevice::new(1, "alice");
    let mut others: Vec<_> = (2..9)
        .map(|number| TestDevice::new(number, "other").key)
        .collect();
    for other in &others {
        alice.send(*other, "hello");
    }
    others.sort_unstable();
    let declined = others.remove(3);
    let request = SendRequest {
        recipients: vec![declined],
        payload: Vec::new().into(),
        request_id: None,
        seal: None,
    };
    alice
        .transact(|engine, store, env| {
            engine.decline_contact(store, env, &request, &declined, false)
        })
        .unwrap();
    for limit in 1..9 {
        let (mut found, mut after, mut parts) = (Vec::new(), None, 0);
        loop {
            let viewer = alice.engine.viewer();
            let page = viewer
                .listened(&alice.store, after.as_ref(), limit)
                .unwrap();
            assert!(page.peers.len() <= limit);
            found.extend(page.peers.iter().map(|peer| peer.identity));
            parts += 1;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, others, "{limit}");
        assert_eq!(parts, 7_usize.div_ceil(limit), "{limit}");
    }
}
