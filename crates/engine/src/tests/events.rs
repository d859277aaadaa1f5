//! The events that sessions and keys cause.

use super::{
    bundles::resigned,
    sessions::{id, strip_bundles, two_unanswered},
    *,
};
use crate::model::MAX_DISCOVERIES_TOLD;

/// The session events since the last call.
fn session_events(device: &mut TestDevice) -> Vec<(&'static str, crypto_core::SessionId)> {
    let events = device.events().into_iter();
    events
        .filter_map(|event| match event {
            EventKind::SessionEstablished(session) => Some(("established", session.id)),
            EventKind::SessionSuperseded(session) => Some(("superseded", session.id)),
            EventKind::SessionReactivated(session) => Some(("reactivated", session.id)),
            EventKind::SessionExpired(session) => Some(("expired", session.id)),
            EventKind::SessionErased(session) => Some(("erased", session.id)),
            _ => None,
        })
        .collect()
}

#[test]
fn every_change_of_a_session_is_an_event_at_its_end() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let hello = alice.send(bob.key, "hello");
    let first = id(&hello);
    assert_eq!(session_events(&mut alice), [], "nobody has answered");
    bob.read(alice.key, &hello);
    assert_eq!(session_events(&mut bob), [("established", first)]);
    let hi = bob.send(alice.key, "hi");
    alice.read(bob.key, &hi);
    assert_eq!(session_events(&mut alice), [("established", first)]);

    let (mut alice, mut bob, mut first, mut second) = two_unanswered(1);
    assert_eq!(session_events(&mut alice), [("superseded", id(&first[0]))]);
    strip_bundles(first.iter_mut().chain(&mut second));
    bob.engine.config.max_sessions_per_device = 2;
    for envelope in [&second[0], &first[0]] {
        bob.read(alice.key, envelope);
    }
    session_events(&mut bob);
    // One of them is active; the other is reactivated by what arrives on it.
    let active = bob.active(alice.key).unwrap().id;
    let (back, on_it) = if active == id(&first[0]) {
        (id(&second[0]), &second)
    } else {
        (id(&first[0]), &first)
    };
    for envelope in &on_it[1..3] {
        bob.read(alice.key, envelope);
    }
    assert_eq!(
        session_events(&mut bob),
        [("superseded", active), ("reactivated", back)]
    );
    // A third session, where two have room.
    alice.engine.config.unanswered_messages = 0;
    let third = alice.send(bob.key, "third");
    bob.read(alice.key, &third);
    assert_eq!(
        session_events(&mut bob),
        [
            ("erased", active),
            ("superseded", back),
            ("established", id(&third)),
        ]
    );
}

#[test]
fn an_unconfirmed_key_that_is_dropped_is_an_event() {
    let (mut alice, mut bob) = established();
    bob.engine.config.max_message_keys = 2;
    let read: Vec<_> = (0..3)
        .map(|n| alice.send(bob.key, &format!("{n}")))
        .collect();
    bob.events();
    for envelope in &read {
        bob.try_receive(alice.key, &envelope.wire, false).unwrap();
    }
    assert_eq!(
        bob.events(),
        [EventKind::MessageKeyDropped {
            message: read[0].targets[0].message,
            why: crate::model::KeyDropped::Limit,
        }]
    );
}

/// A bundle with the greatest number of devices, all of them new.
fn crowd(device: &mut TestDevice, number: u32) -> Vec<u8> {
    resigned(2, &device.bundle(), |raw| {
        let entry = raw.entries.remove(0);
        raw.entries
            .extend((0..MAX_DISCOVERIES_TOLD).map(|n| crypto_core::RawEntry {
                installation_id: format!("crowd-{number}-{n:02}"),
                ratchet_pre_key: Vec::new(),
                ratchet_signature: Vec::new(),
                ..entry.clone()
            }));
    })
}

#[test]
fn new_devices_of_an_identity_are_events_up_to_a_daily_limit_and_all_are_imported() {
    let (mut alice, mut bob, mut carol) = (
        TestDevice::new(1, "alice"),
        TestDevice::new(2, "bob"),
        TestDevice::new(3, "carol"),
    );
    let discovered = |alice: &mut TestDevice| {
        let told = alice.events().into_iter();
        told.filter(|event| matches!(event, EventKind::InstallationDiscovered { .. }))
            .count()
    };
    let most = MAX_DISCOVERIES_TOLD as usize;
    alice.events();
    for number in 0..5 {
        let imported = alice.import_bundle(&crowd(&mut bob, number));
        let new = imported.installations.iter().filter(|entry| entry.is_new);
        assert_eq!(new.count(), most);
        let last = InstallationId::parse(&format!("crowd-{number}-31")).unwrap();
        assert!(alice.known(bob.key, &last).is_some());
    }
    assert_eq!(discovered(&mut alice), most);
    // The limit is for each identity.
    alice.import_bundle(&carol.bundle());
    assert_eq!(discovered(&mut alice), 1);
    // The next day has as many events again, as has a day that begins because the clock was set
    // back.
    for hours in [24, -48] {
        let moved = BEGINNING.0.saturating_add_signed(hours * 3_600_000);
        (alice.now, bob.now) = (UnixMillis(moved), UnixMillis(moved));
        let number = u32::try_from(hours + 100).unwrap();
        alice.import_bundle(&crowd(&mut bob, number));
        alice.import_bundle(&crowd(&mut bob, number + 1));
        assert_eq!(discovered(&mut alice), most, "{hours}");
    }
}
