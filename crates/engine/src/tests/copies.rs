//! For whom a message was, as the copies for our own other devices say.

use crypto_core::{SEAL_OVERHEAD_BYTES, Wiped};

use super::*;
use crate::{
    model::{
        ContactMark, CopyOf, MAX_PAYLOAD_BYTES, MAX_RECIPIENTS, MAX_REQUEST_ID_CHARS,
        MAX_WIRE_BYTES,
    },
    wire::{
        WireEntry, WireMessage, WireRatchetHeader, encode_copy_of, encode_message, inspect_message,
    },
};

type NewDevice = fn(u8, &str) -> TestDevice;
const SUITES: [NewDevice; 2] = [TestDevice::new, TestDevice::plain];

/// Two devices of Alice that have enabled each other, and Bob, whom the phone knows.
fn paired(make: NewDevice) -> (TestDevice, TestDevice, TestDevice) {
    let (mut phone, mut laptop) = (make(1, "phone"), make(1, "laptop"));
    let mut bob = make(2, "bob");
    phone.import_bundle(&laptop.bundle());
    laptop.import_bundle(&phone.bundle());
    phone.enable(&laptop.id).unwrap();
    laptop.enable(&phone.id).unwrap();
    phone.import_bundle(&bob.bundle());
    (phone, laptop, bob)
}

fn copy_in(sent: Sent, me: IdentityKey) -> AddressedMessage {
    let mut messages = sent.messages.into_iter();
    let copy = messages.find(|message| message.recipient == Some(me));
    copy.expect("a copy for the other device")
}

fn copy_of(recipients: &[IdentityKey], request_id: Option<&str>) -> Option<CopyOf> {
    Some(CopyOf {
        recipients: recipients.to_vec(),
        request_id: request_id.map(str::to_owned),
        decision: None,
    })
}

/// The lengths of what the entries of a message say beside it.
fn lengths(message: &AddressedMessage) -> Vec<usize> {
    let found = inspect_message(&message.wire).unwrap();
    found
        .targets
        .iter()
        .map(|target| target.copy_of_bytes)
        .collect()
}

/// The message with this beside it in every entry.
fn beside(message: &AddressedMessage, copy_of: &[u8]) -> Vec<u8> {
    let mut message = WireMessage::decode(&message.wire).unwrap();
    for entry in message.entries.values_mut() {
        entry.copy_of = copy_of.to_vec();
    }
    encode_message(message)
}

fn said_in(message: &AddressedMessage) -> Vec<u8> {
    let message = WireMessage::decode(&message.wire).unwrap();
    let entry = message.entries.into_values().next();
    entry.unwrap().copy_of
}

#[test]
fn a_copy_says_for_whom_the_message_was_and_nobody_else_is_told() {
    for make in SUITES {
        let (mut phone, mut laptop, mut bob) = paired(make);
        let (me, carol) = (phone.key, TestDevice::new(3, "carol").key);
        for (named, id, once) in [
            (vec![bob.key], None, vec![bob.key]),
            (vec![bob.key], Some("r-1"), vec![bob.key]),
            (
                vec![carol, bob.key, carol, me],
                Some("r-2"),
                vec![carol, bob.key, me],
            ),
            (vec![me], None, vec![me]),
        ] {
            let sent = phone.try_send(&named, "text", id).unwrap();
            for message in &sent.messages {
                let is_copy = message.recipient == Some(me);
                let expected = if is_copy {
                    256 + SEAL_OVERHEAD_BYTES
                } else {
                    0
                };
                assert!(lengths(message).iter().all(|length| *length == expected));
                if message.recipient == Some(bob.key) {
                    let received = bob.receive(me, message);
                    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
                    assert_eq!(received.copy_of, None);
                }
            }
            if id.is_some() {
                let again = phone.try_send(&named, "text", id).unwrap();
                assert_eq!(again, sent);
            }
            let copy = copy_in(sent, me);
            // Until it is confirmed, each time.
            for confirm in [false, true] {
                let received = laptop.try_receive(me, &copy.wire, confirm).unwrap();
                assert_eq!(received.duplicate, confirm);
                assert_eq!(received.copy_of, copy_of(&once, id));
            }
        }
    }
}

#[test]
fn what_a_copy_says_opens_out_of_order() {
    for make in SUITES {
        let (mut phone, mut laptop, bob) = paired(make);
        let me = phone.key;
        let copies: Vec<_> = (0..3)
            .map(|n| {
                let id = format!("r-{n}");
                let sent = phone.try_send(&[bob.key], "text", Some(&id)).unwrap();
                copy_in(sent, me)
            })
            .collect();
        for n in [2, 0, 1] {
            let received = laptop.receive(me, &copies[n]);
            assert_eq!(
                received.copy_of,
                copy_of(&[bob.key], Some(&format!("r-{n}")))
            );
        }
    }
}

#[test]
fn the_copies_of_contact_steps_say_whose_they_are() {
    for make in SUITES {
        let (mut phone, mut laptop, mut bob) = paired(make);
        let (me, to) = (phone.key, bob.key);
        let mut request = SendRequest {
            recipients: vec![to],
            payload: b"text".to_vec().into(),
            request_id: None,
            seal: None,
        };
        for (id, mark) in [
            ("r-1", ContactMark::Request),
            ("r-2", ContactMark::Accept),
            ("r-3", ContactMark::Decline),
        ] {
            request.request_id = Some(id.to_owned());
            let step = phone.transact(|engine, store, env| match mark {
                ContactMark::Request => engine.request_contact(store, env, &request, &to),
                ContactMark::Accept => engine.accept_contact(store, env, &request, &to),
                ContactMark::Decline => engine.decline_contact(store, env, &request, &to, true),
            });
            let sent = step.unwrap().sent;
            assert_eq!(bob.receive(me, &sent.messages[0]).copy_of, None);
            let copy = laptop.receive(me, &copy_in(sent, me));
            let decision = copy.copy_of.as_ref().and_then(|copy| copy.decision);
            assert_eq!(decision.map(|decision| decision.step), Some(mark), "{id}");
            let said = copy_of(&[to], Some(id)).map(|copy| CopyOf { decision, ..copy });
            assert_eq!(copy.copy_of, said, "{id}");
        }
    }
}

/// A relay can take away what a copy says, and no more: the message and all that it changes are
/// the same.
#[test]
fn what_is_damaged_moved_or_taken_away_costs_the_message_nothing() {
    for make in SUITES {
        let (mut phone, mut laptop, bob) = paired(make);
        let me = phone.key;
        // What a copy says of whom the user has written to is no news.
        laptop.send(bob.key, "written here as well");
        let mut send = |id: &str| {
            let sent = phone.try_send(&[bob.key], "text", Some(id)).unwrap();
            copy_in(sent, me)
        };
        let (first, second) = (send("r-1"), send("r-2"));
        let field = said_in(&first);
        let mut fields: Vec<Vec<u8>> = (0..field.len())
            .step_by(7)
            .map(|at| {
                let mut field = field.clone();
                field[at] ^= 1;
                field
            })
            .collect();
        fields.push(Vec::new());
        fields.push(said_in(&second));
        fields.push(field[..SEAL_OVERHEAD_BYTES - 1].to_vec());
        fields.push([field.as_slice(), &[0]].concat());
        fields.push(vec![0; 1024 * 1024]);
        // Each time from the same state.
        let (state, seed) = (laptop.store.backup().unwrap(), laptop.rng.0);
        let mut read = |wire: &[u8]| {
            laptop.store = state.backup().unwrap();
            laptop.rng = SplitMix64(seed);
            let received = laptop.try_receive(me, wire, false).unwrap();
            (received, laptop.store.contents())
        };
        let (intact, contents) = read(&first.wire);
        assert_eq!(intact.copy_of, copy_of(&[bob.key], Some("r-1")));
        for field in fields {
            let (received, changed) = read(&beside(&first, &field));
            assert_eq!(received.outcome, intact.outcome);
            assert_eq!(received.copy_of, None);
            assert!(received.warnings.is_empty(), "{:?}", received.warnings);
            assert!(changed == contents, "the message changed something else");
        }
        // In the other message it says nothing, either.
        let (received, _) = read(&beside(&second, &field));
        assert!(matches!(received.outcome, Outcome::Decrypted(_)));
        assert_eq!(received.copy_of, None);
    }
}

/// Bob seals a message to Alice with what only her own devices may say, under the right key.
#[test]
fn nobody_but_our_own_devices_is_believed() {
    for make in SUITES {
        let (mut alice, mut bob) = (make(1, "alice"), make(2, "bob"));
        meet(&mut alice, &mut bob);
        let session = bob.active(alice.key).unwrap();
        let ad = bob.engine.associated_data(&session);
        let says = encode_copy_of(&copy_of(&[bob.key], Some("r-1")).unwrap());
        let (_, sealed) = session.ratchet.seal_copy(&ad, b"text", &says).unwrap();
        let entry = WireEntry {
            dr: Some(WireRatchetHeader {
                key: sealed.header.key.as_bytes().to_vec(),
                n: sealed.header.n,
                pn: sealed.header.pn,
                id: session.signed_pre_key.to_bytes().to_vec(),
            }),
            payload: sealed.ciphertext,
            copy_of: sealed.copy_of.unwrap(),
            ..WireEntry::default()
        };
        let wire = encode_message(WireMessage {
            installation: bob.id.as_str().to_owned(),
            entries: [(alice.id.as_str().to_owned(), entry)].into(),
            ..WireMessage::default()
        });
        let received = alice.try_receive(bob.key, &wire, false).unwrap();
        assert_eq!(
            received.outcome,
            Outcome::Decrypted(Wiped::new(b"text".to_vec()))
        );
        assert_eq!(received.copy_of, None);
    }
}

/// By DH there is no message key to seal it with, and nothing that proves the sender.
#[test]
fn a_copy_by_dh_does_not_say_for_whom_it_was() {
    let (mut phone, mut laptop, bob) = paired(TestDevice::plain);
    let me = phone.key;
    phone.sent(bob.key, "first");
    phone.reset(me, Some(&laptop.id)).unwrap();
    let copy = copy_in(phone.sent(bob.key, "by DH"), me);
    assert_eq!(mode(&copy), Mode::Dh);
    assert_eq!(lengths(&copy), [0]);
    let received = laptop.receive(me, &copy);
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    assert_eq!(received.copy_of, None);
}

/// The list of the largest group fits beside the largest payload, for both other devices.
#[test]
fn the_largest_group_fits_beside_the_largest_payload() {
    let (mut phone, mut laptop, bob) = paired(TestDevice::new);
    let mut tablet = TestDevice::new(1, "tablet");
    phone.import_bundle(&tablet.bundle());
    phone.enable(&tablet.id).unwrap();
    let request = |recipients| SendRequest {
        recipients,
        payload: vec![7; MAX_PAYLOAD_BYTES].into(),
        request_id: Some("\u{10ffff}".repeat(MAX_REQUEST_ID_CHARS)),
        seal: None,
    };
    let sent = phone
        .transact(|engine, store, env| engine.send(store, env, &request(vec![bob.key])))
        .unwrap();
    let copy = copy_in(sent, phone.key);
    let largest = encode_copy_of(&CopyOf {
        recipients: vec![bob.key; MAX_RECIPIENTS],
        request_id: Some("\u{10ffff}".repeat(MAX_REQUEST_ID_CHARS)),
        decision: None,
    });
    let more = largest.len() * copy.targets.len();
    assert_eq!(copy.targets.len(), 2);
    assert!(copy.wire.len() + more < MAX_WIRE_BYTES);
    let received = laptop.receive(phone.key, &copy);
    assert_eq!(received.copy_of.unwrap().recipients, [bob.key]);
}
