//! Post-quantum devices: nothing is written to them in a weaker way.

use super::*;

#[test]
fn nothing_is_written_below_to_a_post_quantum_device() {
    let (mut alice, mut bob) = without_key();
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(!sent.post_quantum());
    assert_eq!(sent.skipped.len(), 1);
    assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
    assert_eq!(sent.messages.len(), 1);
    assert_asks(&sent.messages[0], &["x1-bob"]);
    assert_eq!(alice.sessions(bob.key).len(), 1, "no new session");
    // Both find back, and the same request id sends.
    let reply = bob.receive(alice.key, &sent.messages[0]).reply.unwrap();
    alice.receive(bob.key, &reply);
    assert_eq!(arrivals(&mut alice), 1);
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(sent.post_quantum());
    assert_eq!(bob.read(alice.key, &sent.messages[0]), "secret");
    let again = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert_eq!(again, sent);

    // Nor on a session below that he has begun.
    let (mut alice, mut bob) = post_quantum();
    bob.reset(alice.key, None).unwrap();
    let below = stripped(&bob.send(alice.key, "below"));
    assert_eq!(suite(&below), X25519);
    let received = alice.receive(bob.key, &below);
    assert_eq!(warnings(&received), [WarningKind::BelowPostQuantum]);
    assert!(!alice.active(bob.key).unwrap().post_quantum);
    alice.forget_kem(&bob);
    let asking = alice.sent(bob.key, "secret");
    assert_eq!(asking.skipped[0].reason, SkipReason::KemKeyMissing);
    assert_asks(&asking.messages[0], &["x1-bob"]);
}

#[test]
fn our_own_devices_get_a_copy_of_a_text_when_it_is_sent() {
    let (mut alice, mut bob) = without_key();
    let mut laptop = TestDevice::new(1, "laptop");
    alice.import_bundle(&laptop.bundle());
    alice.enable(&laptop.id).unwrap();
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert_eq!(sent.messages.len(), 1);
    assert_asks(&sent.messages[0], &["x1-bob"]);
    let reply = bob.receive(alice.key, &sent.messages[0]).reply.unwrap();
    alice.receive(bob.key, &reply);
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(sent.post_quantum());
    let [to_bob, copy] = &sent.messages[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(bob.read(alice.key, to_bob), "secret");
    assert_eq!(laptop.read(alice.key, copy), "secret");
}

#[test]
fn a_device_left_out_is_asked_for_with_the_copies_for_its_siblings() {
    let mut alice = TestDevice::new(1, "alice");
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    laptop.import_bundle(&phone.bundle());
    laptop.enable(&phone.id).unwrap();
    alice.import_bundle(&phone.bundle());
    let hello = alice.send(phone.key, "hello");
    assert_eq!(hello.targets.len(), 2);
    for device in [&mut phone, &mut laptop] {
        device.read(alice.key, &hello);
        let answer = device.sent(alice.key, "hi");
        alice.read(device.key, &answer.messages[0]);
    }
    alice.forget_kem(&phone);
    phone.later(DAY);
    alice.import_bundle(&phone.short());
    let sent = alice.sent(phone.key, "to the laptop");
    assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
    assert_eq!(sent.messages[0].targets.len(), 1);
    assert_eq!(wanted(&sent.messages[0]), ["x1-phone"]);
}

#[test]
fn a_device_is_post_quantum_once_a_message_was_read_while_its_kem_prekey_was_held() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.bundle());
    let hello = bob.send(alice.key, "hello");
    alice.read(bob.key, &stripped(&hello));
    let state = |alice: &TestDevice, bob: &TestDevice| {
        let view = alice.engine.viewer();
        let views = view.installations(&alice.store, alice.now, Some(&bob.key));
        let view = views.unwrap().remove(0);
        (view.post_quantum, view.kem_version)
    };
    assert_eq!(state(&alice, &bob), (PostQuantumState::None, None));
    alice.import_bundle(&bob.bundle());
    assert_eq!(state(&alice, &bob), (PostQuantumState::Offered, Some(1)));
    alice.events();
    for _ in 0..2 {
        let again = bob.send(alice.key, "again");
        alice.read(bob.key, &again);
    }
    assert_eq!(state(&alice, &bob), (PostQuantumState::Required, Some(1)));
    let told = |event: &EventKind| matches!(event, EventKind::PostQuantum(_));
    assert_eq!(alice.events().iter().filter(|event| told(event)).count(), 1);
    // A message below does not show it.
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    assert!(bob.held(&alice).is_some() && !bob.marks(&alice));
}

#[test]
fn a_message_below_gives_a_warning_only_from_a_post_quantum_device() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.short());
    alice.import_bundle(&bob.bundle());
    let below = [bob.send(alice.key, "1"), bob.send(alice.key, "2")];
    assert_eq!(warnings(&alice.receive(bob.key, &below[0])), []);
    exchange(&mut alice, &mut bob);
    assert!(alice.marks(&bob));
    let warned = warnings(&alice.receive(bob.key, &below[1]));
    assert_eq!(warned, [WarningKind::BelowPostQuantum]);
    alice.engine.config.suites = vec![X25519];
    assert_eq!(warnings(&alice.receive(bob.key, &below[1])), []);
}

#[test]
fn a_reset_forgets_the_kem_prekey_and_the_mark() {
    let (mut alice, mut bob) = post_quantum();
    let mut laptop = TestDevice::new(2, "laptop");
    laptop.import_bundle(&bob.bundle());
    laptop.enable(&bob.id).unwrap();
    alice.reset(bob.key, Some(&bob.id)).unwrap();
    let known = alice.known(bob.key, &bob.id).unwrap();
    assert_eq!(known.kem_state(), KemState::None);
    assert_eq!(known.post_quantum_state(), PostQuantumState::None);
    let below = alice.send(bob.key, "below");
    assert_eq!(suite(&below), X25519);
    // What a sibling holds of it may be of a program that is gone.
    laptop.import_bundle(&alice.short());
    let of_laptop = laptop.send(alice.key, "hello");
    assert_eq!(brought(&of_laptop).len(), 2);
    alice.read(laptop.key, &of_laptop);
    assert_eq!((alice.held(&bob), alice.held(&laptop)), (None, Some(1)));
    let of_bob = bob.send(alice.key, "hello");
    let of_bob = altered(&of_bob, |message| message.bundles = vec![bob.bundle()]);
    alice.read(bob.key, &of_bob);
    assert_eq!(alice.held(&bob), Some(1));
}

#[test]
fn a_device_that_was_set_up_again_is_asked_for_its_new_kem_prekeys() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.days(20);
    pass(&mut [&mut alice], 20 * DAY);
    alice.import_bundle(&bob.bundle());
    bob.import_bundle(&alice.bundle());
    exchange(&mut alice, &mut bob);
    assert_eq!(alice.held(&bob), Some(15));
    let mut anew = TestDevice::new(2, "bob");
    anew.rng = SplitMix64(99);
    anew.now = bob.now;
    anew.later(HOUR);
    alice.later(HOUR);
    anew.import_bundle(&alice.bundle());
    let hello = anew.send(alice.key, "hello");
    let received = alice.receive(bob.key, &hello);
    assert!(received.post_quantum);
    assert!(warnings(&received).contains(&WarningKind::VersionWentBack));
    assert_eq!(alice.held(&bob), None);
    let again = anew.send(alice.key, "again");
    alice.read(bob.key, &again);
    assert_eq!(alice.held(&bob), Some(1));
}

#[test]
fn a_text_by_dh_is_refused_where_a_device_is_post_quantum() {
    let (mut alice, mut bob) = post_quantum();
    let step = |alice: &mut TestDevice, to, text: &str, mark| {
        let request = SendRequest {
            recipients: vec![to],
            payload: text.as_bytes().to_vec().into(),
            request_id: None,
            seal: None,
        };
        let step = alice.transact(|engine, store, env| match mark {
            ContactMark::Decline => engine.decline_contact(store, env, &request, &to, true),
            _ => engine.request_contact(store, env, &request, &to),
        });
        step.map(|change| change.sent.messages)
    };
    let decline = ContactMark::Decline;
    let refused = step(&mut alice, bob.key, "no, because", decline);
    assert!(matches!(refused, Err(SendError::SuiteForbidden { .. })));
    let declined = step(&mut alice, bob.key, "", decline).unwrap();
    assert_eq!(declined[0].targets[0].mode, Mode::Dh);
    let received = bob.receive(alice.key, &declined[0]);
    assert_eq!(received.outcome, Outcome::Contact(decline));
    // While the suite is in use.
    alice.engine.config.suites = vec![X25519];
    assert!(step(&mut alice, bob.key, "no, because", decline).is_ok());
    // With this suite alone, to anybody.
    alice.engine.config.suites = vec![X25519MlKem768];
    let carol = TestDevice::new(3, "carol").key;
    let refused = step(&mut alice, carol, "no, because", decline);
    assert!(matches!(refused, Err(SendError::SuiteForbidden { .. })));
    let contact = alice.engine.viewer().contact(&alice.store, &carol).unwrap();
    assert_eq!(contact.state, ContactState::None, "nothing is recorded");
    assert!(step(&mut alice, carol, "", decline).is_ok());
}

#[test]
fn a_contact_step_is_sent_and_copied_once_a_kem_prekey_is_there() {
    let only = [X25519MlKem768];
    for known in [false, true] {
        let mut alice = TestDevice::using(1, "alice", &only);
        let mut laptop = TestDevice::using(1, "laptop", &only);
        let mut bob = TestDevice::using(2, "bob", &only);
        alice.import_bundle(&laptop.bundle());
        alice.enable(&laptop.id).unwrap();
        if known {
            alice.import_bundle(&bob.bundle());
            alice.forget_kem(&bob);
        }
        let peer = bob.key;
        let request = SendRequest {
            recipients: vec![peer],
            payload: b"I am Alice".to_vec().into(),
            request_id: None,
            seal: None,
        };
        let ask = |alice: &mut TestDevice| {
            let change = alice
                .transact(|engine, store, env| engine.request_contact(store, env, &request, &peer));
            change.unwrap()
        };
        let asked = ask(&mut alice);
        assert_eq!(asked.contact.state, ContactState::RequestSent);
        let [asking] = &asked.sent.messages[..] else {
            panic!("nothing but the advertisement: {asked:?}")
        };
        assert_asks(asking, &[if known { "x1-bob" } else { "none" }]);
        let reply = bob.receive(alice.key, asking).reply.unwrap();
        alice.receive(bob.key, &reply);
        let asked = ask(&mut alice);
        assert!(asked.sent.post_quantum());
        let [to_bob, copy] = &asked.sent.messages[..] else {
            panic!("{asked:?}")
        };
        assert_eq!(bob.read(alice.key, to_bob), "I am Alice");
        let copied = laptop.receive(alice.key, copy).copy_of.unwrap();
        assert_eq!(copied.recipients, [bob.key]);
    }
}

#[test]
fn nothing_goes_by_dh_where_a_device_that_is_left_out_would_read_it() {
    let (mut alice, mut bob) = post_quantum();
    let mut plain = TestDevice::plain(2, "plain");
    alice.import_bundle(&plain.bundle());
    alice.send(bob.key, "on a session");
    alice.reset(bob.key, Some(&plain.id)).unwrap();
    // The other one has a copy of its own.
    let sent = alice.send(bob.key, "by DH");
    let by_dh = sent.targets.iter().map(|it| it.mode == Mode::Dh);
    assert_eq!(by_dh.filter(|it| *it).count(), 1);
    assert_eq!(sent.targets.len(), 2);
    assert!(bob.receive(alice.key, &sent).post_quantum);
    assert_eq!(plain.read(alice.key, &sent), "by DH");
    // And now none.
    alice.forget_kem(&bob);
    bob.later(DAY);
    alice.import_bundle(&bob.short());
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    let reasons: Vec<_> = sent.skipped.iter().map(|it| it.reason).collect();
    assert_eq!(reasons, [SkipReason::KemKeyMissing; 2]);
    assert_asks(&sent.messages[0], &["x1-bob"]);
    let reply = bob.receive(alice.key, &sent.messages[0]).reply.unwrap();
    alice.receive(bob.key, &reply);
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert_eq!(sent.skipped, []);
    assert!(bob.receive(alice.key, &sent.messages[0]).post_quantum);
    assert_eq!(plain.read(alice.key, &sent.messages[0]), "secret");
}

#[test]
fn a_group_key_is_withheld_like_a_text_and_given_under_the_same_request_id() {
    let (mut alice, mut bob) = without_key();
    let group = GroupId::new(&[7; 33]).unwrap();
    let (me, peer) = (alice.key, bob.key);
    alice
        .transact(|engine, store, _| engine.trust_group_setters(store, &group, &[me]))
        .unwrap();
    let give = |alice: &mut TestDevice, fresh: bool| {
        let request = GroupKeyRequest {
            group: group.clone(),
            recipients: Some(vec![peer]),
            request_id: Some(format!("{fresh}")),
            seal: None,
        };
        let given = alice.transact(|engine, store, env| {
            if fresh {
                engine.create_group_key(store, env, &request)
            } else {
                engine.share_group_key(store, env, &request)
            }
        });
        given.unwrap()
    };
    let made = give(&mut alice, true);
    assert_asks(&made.sent.messages[0], &["x1-bob"]);
    assert_eq!(give(&mut alice, true), made, "no second key is made");
    let asking = give(&mut alice, false).sent.messages.remove(0);
    assert_asks(&asking, &["x1-bob"]);
    let reply = bob.receive(alice.key, &asking).reply.unwrap();
    alice.receive(bob.key, &reply);
    let shared = give(&mut alice, false);
    assert_eq!(shared.key, made.key);
    assert_eq!(suite(&shared.sent.messages[0]), X25519MlKem768);
}

#[test]
fn our_own_devices_get_no_weaker_copy() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    let mut bob = TestDevice::new(2, "bob");
    phone.import_bundle(&laptop.short());
    phone.enable(&laptop.id).unwrap();
    laptop.import_bundle(&phone.short());
    laptop.enable(&phone.id).unwrap();
    phone.import_bundle(&bob.bundle());
    let sent = phone.sent(bob.key, "hello");
    assert_eq!(suite(&sent.messages[0]), X25519MlKem768);
    assert_eq!(suite(&sent.messages[1]), X25519);
    assert!(!sent.post_quantum(), "one weak copy gives the text away");
    phone.import_bundle(&laptop.bundle());
    laptop.import_bundle(&phone.bundle());
    assert!(phone.sent(bob.key, "hello").post_quantum());
    exchange_own(&mut phone, &mut laptop);
    assert!(phone.marks(&laptop));
    // The laptop's KEM prekey is lost.
    phone.forget_kem(&laptop);
    laptop.days(1);
    phone.later(DAY);
    phone.import_bundle(&laptop.short());
    let sent = phone.try_send(&[bob.key], "x", Some("1")).unwrap();
    assert_eq!(suite(&sent.messages[0]), X25519MlKem768);
    assert_asks(&sent.messages[1], &["x1-laptop"]);
    assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
    // What was sent to others is not sent twice.
    assert_eq!(phone.try_send(&[bob.key], "x", Some("1")).unwrap(), sent);
    let note = phone.try_send(&[phone.key], "note", Some("2")).unwrap();
    assert_asks(&note.messages[0], &["x1-laptop"]);
    let reply = laptop.receive(phone.key, &note.messages[0]).reply.unwrap();
    phone.receive(phone.key, &reply);
    let note = phone.try_send(&[phone.key], "note", Some("2")).unwrap();
    assert_eq!(laptop.read(phone.key, &note.messages[0]), "note");
}

fn exchange_own(phone: &mut TestDevice, laptop: &mut TestDevice) {
    let note = phone.sent(phone.key, "note").messages.remove(0);
    laptop.read(phone.key, &note);
    let note = laptop.sent(phone.key, "note").messages.remove(0);
    phone.read(phone.key, &note);
}
