//! Contacts: what may be sent to them, and what their messages count for.

use super::*;
use crate::{
    model::{ContactMark, ContactPolicy, ContactState, Seal},
    wire::encode_message,
};

impl TestDevice {
    /// The result of a contact method: the wire message, and its envelope if it is sealed.
    fn contact(
        &mut self,
        mark: ContactMark,
        to: IdentityKey,
        seal: Option<Seal>,
    ) -> AddressedMessage {
        // To a post-quantum device no text goes by DH, as all declines do.
        let text = match mark {
            ContactMark::Decline => "",
            ContactMark::Request | ContactMark::Accept => "of contacts",
        };
        self.contact_saying(text, mark, to, seal)
    }

    /// The same with another text, or with none.
    fn contact_saying(
        &mut self,
        text: &str,
        mark: ContactMark,
        to: IdentityKey,
        seal: Option<Seal>,
    ) -> AddressedMessage {
        let request = SendRequest {
            recipients: vec![to],
            payload: text.as_bytes().to_vec().into(),
            request_id: None,
            seal,
        };
        let step = self.transact(|engine, store, env| match mark {
            ContactMark::Request => engine.request_contact(store, env, &request, &to),
            ContactMark::Accept => engine.accept_contact(store, env, &request, &to),
            ContactMark::Decline => engine.decline_contact(store, env, &request, &to, true),
        });
        step.unwrap().sent.messages.remove(0)
    }

    /// All messages of a contact method; the contact itself is told only if it is to be.
    fn decide(
        &mut self,
        step: ContactMark,
        to: IdentityKey,
        text: &str,
        told: bool,
    ) -> Vec<AddressedMessage> {
        let request = SendRequest {
            recipients: vec![to],
            payload: text.as_bytes().to_vec().into(),
            request_id: None,
            seal: None,
        };
        let change = self.transact(|engine, store, env| match step {
            ContactMark::Request => engine.request_contact(store, env, &request, &to),
            ContactMark::Accept => engine.accept_contact(store, env, &request, &to),
            ContactMark::Decline => engine.decline_contact(store, env, &request, &to, told),
        });
        change.unwrap().sent.messages
    }

    /// Receives one, sealed if it is; whether it is to be reported as a request.
    fn is_asked(&mut self, from: IdentityKey, envelope: &AddressedMessage) -> bool {
        let received = self.hear(from, envelope);
        assert!(matches!(
            received.outcome,
            Outcome::Decrypted(_) | Outcome::Contact(_)
        ));
        received.told_request
    }

    /// Receives one, sealed if it is.
    fn hear(&mut self, from: IdentityKey, envelope: &AddressedMessage) -> Received {
        let request = ReceiveRequest {
            sender: from,
            message: WireMessage::decode(&envelope.wire),
            confirm: true,
            sealed: envelope.sealed.is_some(),
        };
        self.transact(|engine, store, env| engine.receive(store, env, request))
            .unwrap()
    }

    fn stands_to(&self, other: IdentityKey) -> ContactState {
        let contact = self.store.contact(&other).unwrap();
        contact.map_or(ContactState::None, |contact| contact.state)
    }

    /// The contact events since the last call: `?` requested, `+` accepted.
    fn contact_events(&mut self) -> String {
        let events = self.events().into_iter();
        events
            .filter_map(|event| match event {
                EventKind::ContactRequested { .. } => Some('?'),
                EventKind::ContactAccepted { by_us: false, .. } => Some('+'),
                _ => None,
            })
            .collect()
    }
}

/// The message after a relay has changed its mark or removed it.
fn marked(envelope: &AddressedMessage, mark: Option<ContactMark>) -> AddressedMessage {
    let message = WireMessage {
        contact: mark,
        ..WireMessage::decode(&envelope.wire).unwrap()
    };
    AddressedMessage {
        wire: encode_message(message),
        ..envelope.clone()
    }
}

/// Two strangers, or two who have each other's bundle.
fn two(acquainted: bool) -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    if acquainted {
        let (hers, his) = (alice.bundle(), bob.bundle());
        alice.import_bundle(&his);
        bob.import_bundle(&hers);
    }
    (alice, bob)
}

#[test]
fn an_empty_payload_goes_on_a_ratchet_and_nowhere_else() {
    let (mut alice, mut bob) = established();
    let empty = alice.send(bob.key, "");
    assert_eq!(bob.read(alice.key, &empty), "");

    // By DH it would be an advertisement, and in public nothing at all.
    let carol = TestDevice::new(3, "carol");
    let refused = alice.try_send(&[carol.key], "", None);
    assert!(matches!(refused, Err(SendError::EmptyPayload)));
    let before = bob.fingerprint();
    let refused = bob.try_send(&[alice.key, carol.key], "", Some("r"));
    assert!(matches!(refused, Err(SendError::EmptyPayload)));
    assert_eq!(bob.fingerprint(), before, "all targets or none");
    assert!(bob.try_send(&[alice.key], "", Some("r")).is_ok());
    let refused = alice.transact(|engine, store, env| engine.public_message(store, env, b""));
    assert!(matches!(refused, Err(SendError::EmptyPayload)));
    // An advertisement that is meant as one can be made.
    let advertised =
        alice.transact(|engine, store, env| engine.advertise(store, env, &carol.key, None));
    assert_eq!(mode(&advertised.unwrap()), Mode::Dh);
}

#[test]
fn crossing_requests_are_reported_at_both_ends_and_accept_where_they_prove_their_sender() {
    for (acquainted, seal, way) in [
        (false, None, Mode::Dh),
        (false, Some(Seal::Agreed), Mode::Dh),
        (true, None, Mode::X3dh),
        (true, Some(Seal::Agreed), Mode::X3dh),
    ] {
        let (mut alice, mut bob) = two(acquainted);
        let hers = alice.contact(ContactMark::Request, bob.key, seal);
        bob.later(1);
        let his = bob.contact(ContactMark::Request, alice.key, seal);
        assert_eq!((mode(&hers), mode(&his)), (way, way));
        let proven = acquainted || seal.is_some();
        let (hers_from, his_from) = (alice.key, bob.key);
        for (one, from, message) in [(&mut alice, his_from, his), (&mut bob, hers_from, hers)] {
            let told = one.is_asked(from, &message);
            assert_eq!(told, !proven, "told without being written: {way:?}");
            let (state, events) = if proven {
                (ContactState::Accepted, "?+")
            } else {
                (ContactState::RequestSent, "")
            };
            assert_eq!(one.stands_to(from), state, "{way:?} {seal:?}");
            assert_eq!(one.contact_events(), events, "{way:?} {seal:?}");
        }
    }
}

#[test]
fn a_decline_goes_by_dh_and_accepts_nobody() {
    for (acquainted, seal) in [
        (false, None),
        (true, None),
        (false, Some(Seal::Agreed)),
        (true, Some(Seal::Agreed)),
    ] {
        let (mut alice, mut bob) = two(acquainted);
        let asked = alice.contact(ContactMark::Request, bob.key, seal);
        bob.is_asked(alice.key, &asked);
        pass(&mut [&mut alice, &mut bob], DAY);
        // With a text, which is below the post-quantum suite.
        bob.engine.config.suites = vec![crypto_core::Suite::X25519];
        let declined = bob.contact_saying("no", ContactMark::Decline, alice.key, seal);
        assert_eq!(mode(&declined), Mode::Dh);
        assert!(!alice.is_asked(bob.key, &declined));
        assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
        assert_eq!(alice.contact_events(), "");
        // A device that sent no request does not take it for one, either.
        let mut tablet = TestDevice::new(1, "tablet");
        assert!(!tablet.is_asked(bob.key, &declined));
        assert_eq!(tablet.stands_to(bob.key), ContactState::None);
        // If the relay removes the mark, it is a message that proves no sender.
        if seal.is_none() {
            assert!(alice.is_asked(bob.key, &marked(&declined, None)));
            assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
        }
    }
}

#[test]
fn an_acceptance_counts_at_once_by_ratchet_or_sealed() {
    for (acquainted, seal) in [(true, None), (false, Some(Seal::Agreed))] {
        let (mut alice, mut bob) = two(acquainted);
        // The clock of the accepting side is slow: the acceptance is explicit, and need not be
        // dated.
        bob.now = UnixMillis(BEGINNING.0 - HOUR);
        let asked = alice.contact(ContactMark::Request, bob.key, seal);
        bob.is_asked(alice.key, &asked);
        let accepted = bob.contact(ContactMark::Accept, alice.key, seal);
        assert!(!alice.is_asked(bob.key, &accepted));
        assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);
        assert_eq!(alice.contact_events(), "+");
    }
    // By DH and not sealed it proves no sender.
    let (mut alice, mut bob) = two(false);
    alice.contact(ContactMark::Request, bob.key, None);
    let accepted = bob.contact(ContactMark::Accept, alice.key, None);
    assert!(!alice.is_asked(bob.key, &accepted));
    assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
}

/// Alice has declined Bob, with whom she has sessions, and now sends him a request.
fn asked_after_all() -> (TestDevice, TestDevice, AddressedMessage) {
    let (mut alice, mut bob) = established();
    let older = bob.send(alice.key, "before");
    pass(&mut [&mut alice, &mut bob], 1);
    alice.contact(ContactMark::Decline, bob.key, None);
    alice.contact(ContactMark::Request, bob.key, None);
    alice.events();
    (alice, bob, older)
}

#[test]
fn a_message_that_may_be_older_than_the_request_does_not_answer_it() {
    let (mut alice, mut bob, older) = asked_after_all();
    assert!(alice.is_asked(bob.key, &older), "she may accept it by hand");
    assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
    // His bundle is older than the request: nothing proves when this was written.
    let undated = bob.send(alice.key, "after");
    assert!(alice.is_asked(bob.key, &undated));
    assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
    assert_eq!(alice.contact_events(), "");
    // A second request does not make an answer to the first one an older message.
    pass(&mut [&mut alice, &mut bob], DAY);
    let dated = bob.send(alice.key, "with a new bundle");
    pass(&mut [&mut alice, &mut bob], 1);
    alice.contact(ContactMark::Request, bob.key, None);
    assert!(!alice.is_asked(bob.key, &dated));
    assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);
    assert_eq!(alice.contact_events(), "+");
}

#[test]
fn an_answer_on_a_session_begun_since_the_request_needs_no_date() {
    // Begun by us: after a reset the request itself begins one.
    let (mut alice, mut bob) = established();
    pass(&mut [&mut alice, &mut bob], 1);
    alice.contact(ContactMark::Decline, bob.key, None);
    alice.reset(bob.key, None).unwrap();
    let asked = alice.contact(ContactMark::Request, bob.key, None);
    bob.is_asked(alice.key, &asked);
    let answer = bob.send(alice.key, "yes");
    let without_bundle = WireMessage {
        bundles: Vec::new(),
        ..WireMessage::decode(&answer.wire).unwrap()
    };
    let answer = AddressedMessage {
        wire: encode_message(without_bundle),
        ..answer
    };
    assert!(!alice.is_asked(bob.key, &answer));
    assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);

    // Begun by the other, on a prekey of ours that was made since.
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.bundle();
    pass(&mut [&mut alice, &mut bob], 1);
    let asked = alice.contact(ContactMark::Request, bob.key, None);
    bob.is_asked(alice.key, &asked);
    let answer = bob.send(alice.key, "yes");
    assert_eq!(mode(&answer), Mode::X3dh);
    assert!(!alice.is_asked(bob.key, &answer));
    assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);
}

#[test]
fn a_relay_that_changes_the_mark_of_an_unsealed_message_accepts_no_declined_contact() {
    // A relay can pass an old message that it withheld off as an acceptance: the identity is
    // proven, its answer is not.
    let (mut alice, bob, older) = asked_after_all();
    assert!(!alice.is_asked(bob.key, &marked(&older, Some(ContactMark::Accept))));
    assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);
    // It can also remove the mark of an acceptance, which is then reported as a message of the
    // contact.
    let (mut alice, mut bob, _) = asked_after_all();
    let accepted = bob.contact(ContactMark::Accept, alice.key, None);
    assert!(alice.is_asked(bob.key, &marked(&accepted, None)));
    assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
    // An unknown number is no mark.
    let (mut alice, bob, older) = asked_after_all();
    let mut wire = older.wire.clone();
    wire.extend([0x80, 0x01, 9]);
    assert!(alice.is_asked(bob.key, &AddressedMessage { wire, ..older }));
    assert_eq!(alice.stands_to(bob.key), ContactState::RequestSent);
}

#[test]
fn a_message_of_a_declined_contact_imports_and_reports_nothing() {
    let (mut alice, mut bob, mut tablet) = (
        TestDevice::new(1, "alice"),
        TestDevice::new(2, "bob"),
        TestDevice::new(2, "tablet"),
    );
    alice.engine.config.contacts = ContactPolicy::Request;
    bob.import_bundle(&alice.bundle());
    let please = bob.send(alice.key, "please");
    let mut message = WireMessage::decode(&please.wire).unwrap();
    message.bundles.push(tablet.bundle());
    let with_news = AddressedMessage {
        wire: encode_message(message),
        ..please
    };
    alice.decide(ContactMark::Decline, bob.key, "", false);
    alice.events();
    let before = alice.fingerprint();
    let received = alice.receive(bob.key, &with_news);
    assert_eq!(
        received.outcome,
        Outcome::Undecryptable(Reason::Declined),
        "{received:?}"
    );
    assert_eq!(received.new_installations, []);
    assert_eq!(received.warnings, []);
    assert_eq!(alice.events(), []);
    assert_eq!(alice.fingerprint(), before);
    // Once the contact is accepted, the same message imports its bundle.
    alice.contact(ContactMark::Accept, bob.key, None);
    let received = alice.receive(bob.key, &with_news);
    assert_eq!(received.new_installations, [bob.id, tablet.id]);
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
}

/// Alice and Bob, who know each other's bundle, with Alice in this state towards Bob. If she has
/// declined, he may have asked her before.
fn standing(state: ContactState, he_asked: bool) -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = two(true);
    if he_asked {
        let asked = bob.contact(ContactMark::Request, alice.key, None);
        alice.is_asked(bob.key, &asked);
    }
    let step = match state {
        ContactState::None | ContactState::RequestReceived => None,
        ContactState::RequestSent => Some(ContactMark::Request),
        ContactState::Accepted => Some(ContactMark::Accept),
        ContactState::Declined => Some(ContactMark::Decline),
    };
    if let Some(step) = step {
        alice.contact(step, bob.key, None);
    }
    assert_eq!(alice.stands_to(bob.key), state);
    alice.events();
    (alice, bob)
}

#[test]
fn each_decision_of_the_user_leads_where_the_table_says_and_its_message_says_the_same() {
    use ContactState::{Accepted, Declined, None, RequestReceived, RequestSent};
    for (from, he_asked, after_request) in [
        (None, false, RequestSent),
        (RequestSent, false, RequestSent),
        (RequestReceived, true, Accepted),
        (Accepted, false, Accepted),
        (Declined, false, RequestSent),
        (Declined, true, Accepted),
    ] {
        for (step, to) in [
            (ContactMark::Request, after_request),
            (ContactMark::Accept, Accepted),
            (ContactMark::Decline, Declined),
        ] {
            let (mut alice, bob) = standing(from, he_asked);
            let told = alice.contact(step, bob.key, Option::None);
            assert_eq!(alice.stands_to(bob.key), to, "{from:?} {step:?}");
            let said = WireMessage::decode(&told.wire).unwrap().contact;
            let expected = match to {
                RequestSent => ContactMark::Request,
                Declined => ContactMark::Decline,
                _ => ContactMark::Accept,
            };
            assert_eq!(said, Some(expected), "{from:?} {step:?}");
            let by_us =
                |event: &EventKind| matches!(event, EventKind::ContactAccepted { by_us: true, .. });
            let accepted = alice.events().iter().filter(|event| by_us(event)).count();
            let expected = usize::from(to == Accepted && from != Accepted);
            assert_eq!(accepted, expected, "{from:?} {step:?}");
        }
    }
}

#[test]
fn whom_the_user_wrote_to_first_does_not_ask_by_answering() {
    for says in [None, Some(ContactMark::Request), Some(ContactMark::Accept)] {
        let (mut alice, mut bob) = two(true);
        let first = alice.send(bob.key, "I write first");
        assert!(
            !bob.is_asked(alice.key, &first),
            "it is proven, and written"
        );
        assert_eq!(bob.stands_to(alice.key), ContactState::RequestReceived);
        let answer = match says {
            None => bob.send(alice.key, "and I answer"),
            Some(mark) => bob.contact(mark, alice.key, None),
        };
        assert!(!alice.is_asked(bob.key, &answer));
        // Who says that it asks, or accepts somebody that did not ask, does ask.
        let (state, events) = match says {
            None => (ContactState::None, ""),
            Some(_) => (ContactState::RequestReceived, "?"),
        };
        assert_eq!(alice.stands_to(bob.key), state, "{says:?}");
        assert_eq!(alice.contact_events(), events, "{says:?}");
    }
    // Nor by what proves nobody.
    let (mut alice, mut bob) = two(false);
    alice.send(bob.key, "I write first");
    let answer = bob.send(alice.key, "by DH");
    assert!(!alice.is_asked(bob.key, &answer));
    assert_eq!(alice.stands_to(bob.key), ContactState::None);
}

#[test]
fn what_a_stranger_writes_asks_and_is_written_down_where_it_proves_who_it_is() {
    for says in [None, Some(ContactMark::Request), Some(ContactMark::Accept)] {
        for proven in [true, false] {
            let (mut alice, mut bob) = two(proven);
            let message = match says {
                None => bob.send(alice.key, "hello"),
                Some(mark) => bob.contact(mark, alice.key, None),
            };
            assert_eq!(alice.is_asked(bob.key, &message), !proven, "{says:?}");
            let (state, events) = if proven {
                (ContactState::RequestReceived, "?")
            } else {
                (ContactState::None, "")
            };
            assert_eq!(alice.stands_to(bob.key), state, "{says:?} {proven}");
            assert_eq!(alice.contact_events(), events, "{says:?} {proven}");
        }
    }
}

#[test]
fn nothing_that_comes_later_changes_what_was_asked_or_accepted() {
    for (state, he_asked) in [
        (ContactState::RequestReceived, true),
        (ContactState::Accepted, true),
        (ContactState::Accepted, false),
    ] {
        for says in [
            None,
            Some(ContactMark::Request),
            Some(ContactMark::Accept),
            Some(ContactMark::Decline),
        ] {
            let (mut alice, mut bob) = standing(state, he_asked);
            let message = match says {
                None => bob.send(alice.key, "again"),
                Some(mark) => bob.contact(mark, alice.key, None),
            };
            assert!(!alice.is_asked(bob.key, &message));
            assert_eq!(alice.stands_to(bob.key), state, "{says:?}");
            assert_eq!(alice.contact_events(), "", "{says:?}");
        }
    }
}

#[test]
fn nothing_of_a_declined_contact_is_read_under_either_policy_until_it_is_accepted() {
    for policy in ContactPolicy::ALL {
        for says in [
            None,
            Some(ContactMark::Request),
            Some(ContactMark::Accept),
            Some(ContactMark::Decline),
        ] {
            let (mut alice, mut bob) = standing(ContactState::Declined, true);
            alice.engine.config.contacts = *policy;
            let message = match says {
                None => bob.send(alice.key, "please"),
                Some(mark) => bob.contact(mark, alice.key, None),
            };
            let before = alice.fingerprint();
            let received = alice.hear(bob.key, &message);
            assert_eq!(received.outcome, Outcome::Undecryptable(Reason::Declined));
            assert_eq!((received.contact, received.told_request), (None, false));
            assert_eq!(alice.fingerprint(), before, "{policy} {says:?}");
            alice.contact(ContactMark::Accept, bob.key, None);
            assert!(!alice.is_asked(bob.key, &message));
        }
    }
}

#[test]
fn a_request_after_a_decline_is_accepted_by_whoever_declined_it() {
    // Bob asks, Alice declines him, and later asks him: he is told that she accepts.
    let (mut alice, mut bob) = standing(ContactState::Declined, true);
    assert_eq!(bob.stands_to(alice.key), ContactState::RequestSent);
    let asked = alice.contact(ContactMark::Request, bob.key, None);
    assert!(!bob.is_asked(alice.key, &asked));
    assert_eq!(bob.stands_to(alice.key), ContactState::Accepted);
    assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);
    // Bob has declined her in turn, and she has not heard of it: asking again accepts as well.
    bob.contact(ContactMark::Decline, alice.key, None);
    let asked = bob.contact(ContactMark::Request, alice.key, None);
    assert_eq!(bob.stands_to(alice.key), ContactState::Accepted);
    assert!(!alice.is_asked(bob.key, &asked));
    assert_eq!(alice.stands_to(bob.key), ContactState::Accepted);
}

#[test]
fn a_message_that_says_only_what_it_is_to_a_contact_is_no_empty_text() {
    for seal in [None, Some(Seal::Agreed)] {
        let (mut alice, mut bob) = two(true);
        for mark in [ContactMark::Request, ContactMark::Accept] {
            let message = alice.contact_saying("", mark, bob.key, seal);
            let received = bob.hear(alice.key, &message);
            assert_eq!(received.outcome, Outcome::Contact(mark));
            assert_eq!(received.contact, Some(mark));
            assert!(received.message.is_some() && received.authenticated);
        }
        // A decline goes by DH, where an empty message is an advertisement if it says nothing.
        let declined = alice.contact_saying("", ContactMark::Decline, bob.key, seal);
        assert_eq!(mode(&declined), Mode::Dh);
        let received = bob.hear(alice.key, &declined);
        assert_eq!(received.outcome, Outcome::Contact(ContactMark::Decline));
        assert!(received.message.is_some());
        assert_eq!(received.authenticated, seal.is_some());
        let bare = AddressedMessage {
            sealed: None,
            ..marked(&declined, None)
        };
        assert_eq!(bob.hear(alice.key, &bare).outcome, Outcome::Bundle);
        // With a text it is a text, and says what it is as well. It is below the post-quantum suite.
        alice.engine.config.suites = vec![crypto_core::Suite::X25519];
        let declined = alice.contact_saying("no", ContactMark::Decline, bob.key, seal);
        let received = bob.hear(alice.key, &declined);
        assert!(matches!(received.outcome, Outcome::Decrypted(_)));
        assert_eq!(received.contact, Some(ContactMark::Decline));
    }
}

/// Two devices of Alice, paired, and one of Bob; all know each other's bundles.
fn two_of_alice() -> (TestDevice, TestDevice, TestDevice) {
    let (mut phone, mut laptop, mut bob) = (
        TestDevice::new(1, "phone"),
        TestDevice::new(1, "laptop"),
        TestDevice::new(2, "bob"),
    );
    let (phones, laptops, his) = (phone.bundle(), laptop.bundle(), bob.bundle());
    phone.import_bundle(&laptops);
    laptop.import_bundle(&phones);
    phone.enable(&laptop.id).unwrap();
    laptop.enable(&phone.id).unwrap();
    phone.import_bundle(&his);
    laptop.import_bundle(&his);
    let both = phone.bundle();
    bob.import_bundle(&both);
    (phone, laptop, bob)
}

/// The copy for our own devices among the messages of a call.
fn copy(messages: &[AddressedMessage], own: IdentityKey) -> AddressedMessage {
    let mut messages = messages.iter();
    let copy = messages.find(|message| message.recipient == Some(own));
    copy.expect("a copy").clone()
}

#[test]
fn what_is_decided_on_one_device_is_so_on_the_others_as_well() {
    for (step, text, told, state, events) in [
        (ContactMark::Request, "", true, ContactState::RequestSent, 0),
        (ContactMark::Accept, "", true, ContactState::Accepted, 1),
        (
            ContactMark::Accept,
            "welcome",
            true,
            ContactState::Accepted,
            1,
        ),
        (ContactMark::Decline, "", false, ContactState::Declined, 0),
        (ContactMark::Decline, "no", true, ContactState::Declined, 0),
    ] {
        let (mut phone, mut laptop, bob) = two_of_alice();
        let sent = phone.decide(step, bob.key, text, told);
        assert_eq!(sent.len(), 1 + usize::from(told), "{step:?}");
        laptop.events();
        let received = laptop.hear(phone.key, &copy(&sent, phone.key));
        assert_eq!(received.contact, Some(step));
        if text.is_empty() {
            assert_eq!(received.outcome, Outcome::Contact(step));
        } else {
            assert!(matches!(received.outcome, Outcome::Decrypted(_)));
        }
        assert_eq!(received.copy_of.unwrap().recipients, [bob.key]);
        assert_eq!(laptop.stands_to(bob.key), state, "{step:?}");
        let by_us =
            |event: &EventKind| matches!(event, EventKind::ContactAccepted { by_us: true, .. });
        let accepted = laptop.events().iter().filter(|event| by_us(event)).count();
        assert_eq!(accepted, events, "{step:?}");
    }
}

#[test]
fn of_decisions_that_cross_between_devices_the_later_one_holds() {
    for (first, second, state) in [
        (
            ContactMark::Accept,
            ContactMark::Decline,
            ContactState::Declined,
        ),
        (
            ContactMark::Decline,
            ContactMark::Accept,
            ContactState::Accepted,
        ),
    ] {
        let (mut phone, mut laptop, bob) = two_of_alice();
        let on_phone = phone.decide(first, bob.key, "", true);
        pass(&mut [&mut phone, &mut laptop], 1);
        let on_laptop = laptop.decide(second, bob.key, "", true);
        laptop.hear(phone.key, &copy(&on_phone, phone.key));
        phone.hear(phone.key, &copy(&on_laptop, phone.key));
        assert_eq!(phone.stands_to(bob.key), state);
        assert_eq!(laptop.stands_to(bob.key), state);
    }
    // A device whose clock is far ahead does not have the last word for ever.
    let (mut phone, mut laptop, bob) = two_of_alice();
    phone.now = phone
        .now
        .after(std::time::Duration::from_secs(30 * 24 * 60 * 60));
    let on_phone = phone.decide(ContactMark::Accept, bob.key, "", true);
    laptop.hear(phone.key, &copy(&on_phone, phone.key));
    assert_eq!(laptop.stands_to(bob.key), ContactState::Accepted);
    laptop.later(1);
    laptop.decide(ContactMark::Decline, bob.key, "", false);
    assert_eq!(laptop.stands_to(bob.key), ContactState::Declined);
}

#[test]
fn a_relay_that_marks_a_copy_decides_nothing() {
    let (mut phone, mut laptop, bob) = two_of_alice();
    let sent = phone.try_send(&[bob.key], "just a text", None).unwrap();
    let forged = marked(&copy(&sent.messages, phone.key), Some(ContactMark::Decline));
    let received = laptop.hear(phone.key, &forged);
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    assert_eq!(received.contact, None);
    assert_eq!(laptop.stands_to(bob.key), ContactState::None);
}

#[test]
fn who_answers_what_was_written_or_asked_on_another_device_answers_here_as_well() {
    // The user wrote first, on the phone.
    let (mut phone, mut laptop, mut bob) = two_of_alice();
    let sent = phone.try_send(&[bob.key], "hello", None).unwrap();
    laptop.hear(phone.key, &copy(&sent.messages, phone.key));
    let answer = bob.send(phone.key, "hello yourself");
    assert!(!laptop.is_asked(bob.key, &answer));
    assert_eq!(laptop.stands_to(bob.key), ContactState::None);
    assert!(!laptop.store.peer(&bob.key).unwrap().unwrap().listened);
    // The user asked, on the phone.
    let (mut phone, mut laptop, mut bob) = two_of_alice();
    let sent = phone.decide(ContactMark::Request, bob.key, "", true);
    laptop.hear(phone.key, &copy(&sent, phone.key));
    let accepted = bob.contact(ContactMark::Accept, phone.key, None);
    assert!(!laptop.is_asked(bob.key, &accepted));
    assert_eq!(laptop.stands_to(bob.key), ContactState::Accepted);
    // The answer came before the copy.
    let (mut phone, mut laptop, mut bob) = two_of_alice();
    let sent = phone.decide(ContactMark::Request, bob.key, "", true);
    let accepted = bob.contact(ContactMark::Accept, phone.key, None);
    assert!(!laptop.is_asked(bob.key, &accepted));
    assert_eq!(laptop.stands_to(bob.key), ContactState::RequestReceived);
    laptop.hear(phone.key, &copy(&sent, phone.key));
    assert_eq!(laptop.stands_to(bob.key), ContactState::Accepted);
}
