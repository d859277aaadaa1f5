//! Several devices of one identity: pairing by hand, limits, names, resets (spec 4.1, protocol §7).

use super::*;
use crate::{
    model::{DeviceMetadata, InstallationState, Pairing, SkipReason},
    wire::decode_bundle,
};

/// Two devices of one identity that have met, and a contact of theirs.
fn family() -> (TestDevice, TestDevice, TestDevice) {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    let mut bob = TestDevice::new(2, "bob");
    phone.import_bundle(&laptop.bundle());
    laptop.import_bundle(&phone.bundle());
    phone.import_bundle(&bob.bundle());
    laptop.import_bundle(&bob.bundle());
    (phone, laptop, bob)
}

fn listed(device: &mut TestDevice) -> Vec<String> {
    let bundle = decode_bundle(&device.bundle()).unwrap();
    let entries = bundle.entries.into_iter();
    entries.map(|entry| entry.installation_id).collect()
}

#[test]
fn another_device_of_ours_waits_until_it_is_enabled_and_then_gets_a_copy_of_every_message() {
    let (mut phone, mut laptop, mut bob) = family();
    let before = phone.sent(bob.key, "alone");
    assert_eq!(before.messages.len(), 1);
    assert_eq!(before.skipped[0].reason, SkipReason::Pending);
    assert_eq!(listed(&mut phone), ["x1-phone"]);

    assert_eq!(
        phone.enable(&laptop.id).unwrap().state,
        InstallationState::Active
    );
    assert_eq!(listed(&mut phone), ["x1-laptop", "x1-phone"]);
    let sent = phone.sent(bob.key, "together");
    assert_eq!(sent.skipped, []);
    assert_eq!(sent.messages[1].recipient, Some(phone.key));
    assert_eq!(laptop.read(phone.key, &sent.messages[1]), "together");
    assert_eq!(bob.read(phone.key, &sent.messages[0]), "together");
    // Bob learns of the laptop from the phone's bundle, and writes to both.
    let answer = bob.send(phone.key, "to both");
    assert_eq!(answer.targets.len(), 2);
    assert_eq!(laptop.read(bob.key, &answer), "to both");
    assert_eq!(phone.read(bob.key, &answer), "to both");

    // A message to ourselves goes to the other devices alone.
    let note = phone.sent(phone.key, "a note");
    assert_eq!(note.messages.len(), 1);
    assert_eq!(laptop.read(phone.key, &note.messages[0]), "a note");
    assert_eq!(laptop.sent(laptop.key, "nobody").messages, []);
}

#[test]
fn at_most_three_devices_of_ours_are_enabled_and_disabling_one_makes_room() {
    let mut phone = TestDevice::new(1, "phone");
    let others: Vec<TestDevice> = (0..3)
        .map(|n| {
            let mut other = TestDevice::new(1, &format!("other-{n}"));
            phone.import_bundle(&other.bundle());
            other
        })
        .collect();
    phone.enable(&others[0].id).unwrap();
    phone.enable(&others[1].id).unwrap();
    assert!(phone.enable(&others[1].id).is_ok(), "enabled already");
    let before = listed(&mut phone);
    assert!(matches!(
        phone.enable(&others[2].id),
        Err(PairingError::Limit { limit: 3 })
    ));
    assert_eq!(listed(&mut phone), before);
    let disabled = phone.disable(&others[0].id).unwrap();
    assert_eq!(disabled.state, InstallationState::Disabled);
    assert_eq!(listed(&mut phone), ["x1-other-1", "x1-phone"]);
    phone.enable(&others[2].id).unwrap();
}

#[test]
fn an_unknown_device_is_not_found_and_the_own_device_cannot_be_disabled() {
    let (mut phone, _, bob) = family();
    let unknown = InstallationId::parse("x1-unknown").unwrap();
    assert!(matches!(
        phone.enable(&unknown),
        Err(PairingError::NotFound)
    ));
    assert!(matches!(
        phone.disable(&bob.id),
        Err(PairingError::NotFound)
    ));
    let this = phone.id.clone();
    assert!(phone.enable(&this).unwrap().this_device);
    assert!(matches!(
        phone.disable(&this),
        Err(PairingError::ThisDevice)
    ));
    assert!(matches!(
        phone.reset(bob.key, Some(&unknown)),
        Err(PairingError::NotFound)
    ));
}

#[test]
fn names_stay_through_new_bundles_and_ours_are_shown_too() {
    let (mut phone, mut laptop, _) = family();
    let metadata = DeviceMetadata {
        name: "Kitchen".to_owned(),
        device_type: "laptop".to_owned(),
        push_token: "https://push.example/1".to_owned(),
    };
    for id in [laptop.id.clone(), phone.id.clone()] {
        let named = phone.transact(|engine, store, env| {
            engine.set_metadata(store, env, None, &id, metadata.clone())
        });
        assert_eq!(named.unwrap().device.metadata, metadata);
    }
    pass(&mut [&mut phone, &mut laptop], DAY);
    phone.import_bundle(&laptop.bundle());
    let views = phone
        .engine
        .viewer()
        .installations(&phone.store, phone.now, None)
        .unwrap();
    assert_eq!(views.len(), 2);
    assert!(views[0].this_device);
    assert!(views.iter().all(|view| view.device.metadata == metadata));
    // However many other devices are known.
    phone.engine.config.max_known_devices = 2;
    for n in 0..3 {
        let mut other = TestDevice::new(1, &format!("other-{n}"));
        phone.import_bundle(&other.bundle());
    }
    let this = phone.known(phone.key, &phone.id).unwrap();
    assert_eq!(this.metadata, metadata);
    // The record of our own device adds no recipient and no entry to publish.
    assert_eq!(listed(&mut phone), ["x1-phone"]);
    assert_eq!(phone.sent(phone.key, "x").messages, []);
}

#[test]
fn every_change_of_a_device_is_one_event() {
    let (mut phone, mut laptop, _) = family();
    let discovered = phone.events();
    assert!(discovered.contains(&EventKind::InstallationDiscovered {
        device: phone.known(laptop.key, &laptop.id).unwrap().name(),
        own: true,
    }));
    let name = phone.known(laptop.key, &laptop.id).unwrap().name();
    phone.enable(&laptop.id).unwrap();
    phone.enable(&laptop.id).unwrap();
    let events = phone.events();
    assert_eq!(events[0], EventKind::InstallationEnabled(name.clone()));
    assert!(matches!(
        &events[1],
        EventKind::BundleRotated { version: 1, prekey_replaced: false, installations }
            if installations.len() == 2
    ));
    assert_eq!(events.len(), 2);
    phone.disable(&laptop.id).unwrap();
    assert_eq!(phone.events()[0], EventKind::InstallationDisabled(name));
    // A sibling's rotation changes what we publish.
    phone.enable(&laptop.id).unwrap();
    phone.events();
    laptop.later(DAY);
    phone.import_bundle(&laptop.bundle());
    phone.bundle();
    assert!(matches!(
        phone.events()[..],
        [EventKind::BundleRotated { version: 1, .. }]
    ));
}

#[test]
fn a_siblings_version_alone_makes_a_new_bundle() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::plain(1, "laptop"));
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    let version = |phone: &mut TestDevice| {
        let bundle = decode_bundle(&phone.bundle()).unwrap();
        let entries = bundle.entries.iter();
        let laptop = entries.filter(|entry| entry.installation_id == "laptop");
        laptop.map(|entry| entry.version).max()
    };
    assert_eq!(version(&mut phone), Some(1));
    let same = laptop.store.current_own_prekey().unwrap().unwrap().signed;
    laptop.later(HOUR);
    laptop.import(same, None, 5);
    phone.import_bundle(&laptop.bundle());
    assert_eq!(version(&mut phone), Some(5));
}

#[test]
fn a_device_that_the_user_disabled_is_not_forgotten_and_so_cannot_come_back_enabled() {
    let config = Config {
        max_known_devices: 2,
        ..Config::default()
    };
    let mut alice = TestDevice::with(1, "x1-alice", config);
    let mut first = TestDevice::new(2, "first");
    alice.import_bundle(&first.bundle());
    let (key, id) = (first.key, first.id.clone());
    alice
        .transact(|engine, store, env| engine.disable_installation(store, env, Some(&key), &id))
        .unwrap();
    for n in 0..4 {
        let mut other = TestDevice::new(2, &format!("other-{n}"));
        other.later(n + 1);
        alice.import_bundle(&other.bundle());
    }
    alice.import_bundle(&first.bundle());
    let known = alice.known(key, &id).unwrap();
    assert_eq!(known.pairing, Pairing::Disabled);
    assert_eq!(alice.store.devices(&key).unwrap().len(), 2);
}

#[test]
fn a_contact_with_hundreds_of_devices_leaves_no_more_sessions_than_any_other() {
    let config = Config {
        max_known_devices: 3,
        max_sessions_per_identity: 10,
        ..Config::default()
    };
    let mut bob = TestDevice::with(2, "x1-bob", config);
    let bundle = bob.bundle();
    let key = TestDevice::new(1, "any").key;
    for n in 0..40 {
        let mut device = TestDevice::new(1, &format!("device-{n}"));
        device.later(n);
        bob.later(1);
        device.import_bundle(&bundle);
        let hello = device.send(bob.key, "hello");
        assert_eq!(bob.read(key, &hello), "hello");
        assert!(bob.sessions(key).len() <= 10, "{n}");
        assert!(bob.store.devices(&key).unwrap().len() <= 3, "{n}");
    }
}

#[test]
fn a_reset_ends_every_session_and_the_next_message_sets_up_another() {
    let (mut alice, mut bob) = established();
    let before = alice.active(bob.key).unwrap().id;
    let late = bob.send(alice.key, "late");
    alice.events();
    assert_eq!(alice.reset(bob.key, None).unwrap(), 1);
    // With the prekey goes the record of sessions that the other side may have begun on it.
    assert!(matches!(
        alice.events()[..],
        [EventKind::SessionExpired(ref session), EventKind::BundleRotated { version: 2, .. }]
            if session.id == before
    ));
    assert_eq!(alice.reset(bob.key, None).unwrap(), 0);
    let anew = alice.send(bob.key, "anew");
    assert_eq!(mode(&anew), Mode::X3dh);
    assert_eq!(alice.read(bob.key, &late), "late");
    assert_eq!(bob.read(alice.key, &anew), "anew");
    // The reset has forgotten his KEM prekey. He has hers, writes nothing below, and brings it again.
    let answer = bob.send(alice.key, "answer");
    assert_eq!(alice.read(bob.key, &answer), "answer");
    let then = alice.send(bob.key, "then");
    assert_eq!(then.targets[0].session, answer.targets[0].session);
    assert_eq!(bob.read(alice.key, &then), "then");
}

#[test]
fn a_device_that_lost_its_extension_is_believed_again_after_a_reset() {
    let (mut alice, mut bob) = (
        TestDevice::new(1, "alice"),
        TestDevice::with(2, "no-promise", Config::default()),
    );
    alice.import_bundle(&bob.bundle());
    assert!(alice.known(bob.key, &bob.id).unwrap().extension_shown);
    let signed = SignedPreKeyPair::generate(&mut bob.rng);
    bob.later(HOUR);
    bob.import(signed, None, 2);
    let stripped = bob.bundle();
    let refused = alice.import_bundle(&stripped);
    assert_eq!(refused.installations, []);
    alice.reset(bob.key, None).unwrap();
    let believed = alice.import_bundle(&stripped);
    assert!(believed.installations[0].is_newer);
    let message = alice.send(bob.key, "by the other suite");
    assert_eq!(bob.read(alice.key, &message), "by the other suite");
}

#[test]
fn what_a_sibling_lists_after_a_reset_replaces_no_newer_prekey() {
    let (mut phone, mut laptop, _) = family();
    let mut alice = TestDevice::new(3, "alice");
    laptop.enable(&phone.id).unwrap();
    pass(&mut [&mut phone, &mut laptop, &mut alice], DAY);
    alice.import_bundle(&phone.bundle());
    laptop.import_bundle(&alice.bundle());
    alice.reset(phone.key, None).unwrap();
    // The laptop has not heard of the phone's present prekey.
    let of_laptop = laptop.send(alice.key, "listing the phone as it was");
    alice.read(phone.key, &of_laptop);
    let known = alice.known(phone.key, &phone.id).unwrap();
    assert_eq!(known.prekey.unwrap().version, 2);
}

#[test]
fn a_known_contact_whose_devices_cannot_be_reached_gets_no_dh_message() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let (key, id) = (bob.key, bob.id.clone());
    alice
        .transact(|engine, store, env| engine.disable_installation(store, env, Some(&key), &id))
        .unwrap();
    let sent = alice.sent(key, "x");
    assert_eq!(sent.messages, []);
    assert_eq!(sent.skipped[0].reason, SkipReason::Disabled);
}

/// The activity of a device that writes many messages in a second is stored once; one second later
/// it is stored again.
#[test]
fn the_activity_of_a_device_is_noted_to_the_second() {
    let (mut alice, mut bob) = established();
    let active = |alice: &TestDevice, bob: &TestDevice| {
        let known = alice.known(bob.key, &bob.id).unwrap();
        (known.wrote_at, known.last_active_at)
    };
    pass(&mut [&mut alice, &mut bob], 5_000);
    let noted = alice.now;
    for (after, expected) in [(0, noted), (999, noted), (1, UnixMillis(noted.0 + 1_000))] {
        pass(&mut [&mut alice, &mut bob], after);
        let message = bob.send(alice.key, "again");
        assert_eq!(alice.read(bob.key, &message), "again");
        assert_eq!(active(&alice, &bob), (expected, expected));
    }
    // A clock that is set back does not lower the activity, and causes no write.
    alice.now = BEGINNING;
    let message = bob.send(alice.key, "once more");
    alice.read(bob.key, &message);
    assert_eq!(active(&alice, &bob).1, UnixMillis(noted.0 + 1_000));
}

/// Devices that write in the same second stay in order.
#[test]
fn devices_that_write_within_a_second_stay_in_order() {
    let mut bob = TestDevice::new(2, "bob");
    let mut devices: Vec<_> = (0..4)
        .map(|n| TestDevice::new(1, &format!("alice-{n}")))
        .collect();
    let alice = devices[0].key;
    for device in &mut devices {
        device.import_bundle(&bob.bundle());
        let hello = device.send(bob.key, "hello");
        bob.read(alice, &hello);
    }
    for order in [[3, 2, 1, 0], [0, 3, 1, 2], [2, 2, 0, 1]] {
        for number in order {
            bob.later(1);
            devices[number].now = bob.now;
            let message = devices[number].send(bob.key, "me");
            bob.read(alice, &message);
        }
        let copies = bob.send(alice, "to the last three");
        let mut reached: Vec<_> = copies
            .targets
            .iter()
            .map(|target| target.installation.clone().unwrap())
            .collect();
        let mut expected: Vec<_> = order[1..]
            .iter()
            .map(|number| devices[*number].id.clone())
            .collect();
        reached.sort();
        expected.sort();
        assert_eq!(reached, expected);
    }
}
