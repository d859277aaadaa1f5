//! How KEM prekeys travel: when they ride on messages, who is asked for them, and who answers.

use super::*;

#[test]
fn a_kem_prekey_rides_on_four_messages_and_each_16th_until_its_receiver_does_not_ask() {
    let (mut alice, mut bob) = acquainted();
    let write = |alice: &mut TestDevice, bob: &TestDevice| -> Vec<_> {
        (0..40).map(|_| alice.send(bob.key, "x")).collect()
    };
    let unheard = write(&mut alice, &bob);
    assert_eq!(riding(&unheard), [0, 1, 2, 3, 19, 35]);
    bob.read(alice.key, &unheard[39]);
    let heard = bob.send(alice.key, "heard");
    alice.read(bob.key, &heard);
    assert_eq!(riding(&write(&mut alice, &bob)), [0; 0]);
    // Asked again, even by a message whose request a relay has forged.
    bob.forget_kem(&alice);
    let asking = bob.send(alice.key, "again");
    assert_eq!(wanted(&asking), ["x1-alice"]);
    alice.read(bob.key, &asking);
    assert_eq!(riding(&write(&mut alice, &bob)), [0, 1, 2, 3, 19, 35]);
    // A new one is due again.
    let heard = bob.send(alice.key, "heard");
    let heard = altered(&heard, |message| message.kem_wanted.clear());
    alice.read(bob.key, &heard);
    assert_eq!(riding(&write(&mut alice, &bob)), [0; 0]);
    alice.days(7);
    let renewed = write(&mut alice, &bob);
    assert_eq!(riding(&renewed), [0, 1, 2, 3, 19, 35]);
    assert_eq!(brought(&renewed[0]), [("x1-alice".to_owned(), 8)]);
}

#[test]
fn a_message_that_asks_for_another_device_has_heard_of_this_one() {
    let (mut alice, mut bob) = acquainted();
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    let asking = bob.send(alice.key, "hi");
    let asking = altered(&asking, |it| it.kem_wanted = vec!["x1-other".to_owned()]);
    alice.read(bob.key, &asking);
    assert_eq!(brought(&alice.send(bob.key, "so")), []);
}

#[test]
fn whoever_wrote_first_and_does_not_ask_is_brought_nothing() {
    let (mut alice, mut bob) = acquainted();
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    assert_eq!(brought(&bob.send(alice.key, "hi")), []);
    // A device of status-go is brought none, and asked for none.
    let mut plain = TestDevice::plain(3, "plain");
    alice.import_bundle(&plain.short());
    let message = alice.send(plain.key, "x");
    assert_eq!((brought(&message), wanted(&message)), (vec![], vec![]));
    assert_eq!(suite(&message), Secp256k1);
    assert_eq!(plain.read(alice.key, &message), "x");
}

#[test]
fn dh_messages_bring_all_that_is_held_and_public_ones_none() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    let both = [("x1-phone".to_owned(), 1), ("x1-laptop".to_owned(), 1)];
    let bob = TestDevice::new(2, "bob").key;
    assert_eq!(brought(&phone.send(bob, "by DH")), both);
    let advertised = phone.transact(|engine, store, env| engine.advertise(store, env, &bob, None));
    assert_eq!(brought(&advertised.unwrap()), both);
    let public = phone.transact(|engine, store, env| engine.public_message(store, env, b"x"));
    assert_eq!(brought(&public.unwrap()), []);
    // Of a device that the bundle does not list, none.
    phone.disable(&laptop.id).unwrap();
    assert_eq!(brought(&phone.send(bob, "by DH")), both[..1]);
}

#[test]
fn a_sibling_passes_on_what_it_holds() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    let mut bob = TestDevice::new(2, "bob");
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    phone.import_bundle(&bob.bundle());
    let hello = phone.sent(bob.key, "hello");
    bob.read(phone.key, &hello.messages[0]);
    assert_eq!((bob.held(&phone), bob.held(&laptop)), (Some(1), Some(1)));
    let answer = bob.sent(phone.key, "hi");
    assert!(answer.post_quantum());
    laptop.read(bob.key, &answer.messages[0]);
    phone.read(bob.key, &answer.messages[0]);
}

#[test]
fn at_most_four_are_asked_for_and_read() {
    let mut alice = TestDevice::new(1, "alice");
    alice.engine.config.max_devices = 8;
    for n in 0..6 {
        alice.import_bundle(&TestDevice::new(2, &format!("bob-{n}")).short());
    }
    let bob = TestDevice::new(2, "bob-0").key;
    let message = alice.send(bob, "x");
    assert_eq!(message.targets.len(), 6);
    // Field 17, 8 bytes.
    let field = [&[0x8a, 0x01, 8][..], b"x1-bob-"].concat();
    let asked_for = |envelope: &AddressedMessage| {
        let places = envelope.wire.windows(field.len());
        places.filter(|place| *place == field).count()
    };
    assert_eq!(asked_for(&message), MAX_KEM_PREKEYS_PER_BUNDLE);
    let advertised = alice.transact(|engine, store, env| engine.advertise(store, env, &bob, None));
    assert_eq!(asked_for(&advertised.unwrap()), MAX_KEM_PREKEYS_PER_BUNDLE);
    let crowded = altered(&message, |message| {
        message.kem_wanted = (0..9).map(|n| n.to_string()).collect();
    });
    assert_eq!(wanted(&crowded), ["0", "1", "2", "3"]);
}

#[test]
fn names_in_field_16_are_asked_for_as_well_and_a_number_there_is_the_contact_mark() {
    let mut alice = TestDevice::new(1, "alice");
    let message = alice.send(TestDevice::new(2, "bob").key, "x");
    let with_field_16 = |field: &[u8]| {
        let wire = [
            message.wire.as_slice(),
            &[0x80 | field[0], 0x01],
            &field[1..],
        ]
        .concat();
        WireMessage::decode(&wire).unwrap()
    };
    let named = with_field_16(&[2, 4, b'n', b'a', b'm', b'e']);
    assert_eq!(
        (named.kem_wanted, named.contact),
        (vec!["name".to_owned()], None)
    );
    let marked = with_field_16(&[0, 1]);
    assert_eq!(marked.kem_wanted, [""; 0]);
    assert_eq!(marked.contact, Some(ContactMark::Request));
}

#[test]
fn after_a_rollback_a_kem_prekey_that_was_lost_is_replaced() {
    let (mut alice, mut bob) = post_quantum();
    bob.transact(|engine, store, env| {
        engine.expire_all_sessions(store, env, crate::model::RollbackKind::Older)
    })
    .unwrap();
    let version = bob.kept()[0];
    assert!(version > 1_000);
    let message = bob.send(alice.key, "anew");
    assert_eq!(brought(&message), [("x1-bob".to_owned(), version)]);
    alice.read(bob.key, &message);
    assert_eq!(alice.held(&bob), Some(version));
    let answer = alice.send(bob.key, "answer");
    assert_eq!(bob.read(alice.key, &answer), "answer");
}

#[test]
fn an_asking_advertisement_is_answered_within_the_limits_and_writes_nothing() {
    let (mut alice, mut bob) = without_key();
    let asking = alice.send(bob.key, "secret");
    assert_asks(&asking, &["x1-bob"]);
    bob.receive(alice.key, &asking);
    bob.later(2 * HOUR);
    bob.short();
    let before = bob.store.contents();
    let received = bob.receive(alice.key, &asking);
    assert_eq!(received.outcome, Outcome::Bundle);
    let reply = received.reply.unwrap();
    assert_eq!(brought(&reply), [("x1-bob".to_owned(), 15)]);
    assert!(bob.receive(alice.key, &asking).reply.is_none());
    bob.later(2 * HOUR);
    for nothing in [&[][..], &["x1-other"], &["bob"]] {
        let other = altered(&asking, |message| {
            message.kem_wanted = nothing.iter().map(|&name| name.to_owned()).collect();
        });
        assert!(bob.receive(alice.key, &other).reply.is_none());
    }
    assert!(bob.receive(alice.key, &asking).reply.is_some());
    // Nor where the suite is left out.
    bob.later(2 * HOUR);
    bob.engine.config.suites = vec![X25519];
    assert!(bob.receive(alice.key, &asking).reply.is_none());
    assert_eq!(bob.store.contents(), before);
}
