//! What time alone changes: expiry, erasure, rotation (protocol §1, §7, spec 2.3, 3.4, 4.3).

use super::*;
use crate::{model::KeyDropped, wire::decode_bundle};

fn erased(events: &[EventKind]) -> usize {
    let erased = |event: &&EventKind| matches!(event, EventKind::SessionErased(_));
    events.iter().filter(erased).count()
}

#[test]
fn an_expired_session_reads_late_mail_for_fourteen_days_and_is_then_gone_with_its_prekey() {
    let (mut alice, mut bob) = established();
    let late: Vec<AddressedMessage> = (0..3)
        .map(|n| alice.send(bob.key, &format!("late {n}")))
        .collect();
    bob.hours(24);
    let names: Vec<EventKind> = bob.events();
    assert!(names.iter().any(|event| matches!(
        event,
        EventKind::BundleRotated {
            version: 2,
            prekey_replaced: true,
            ..
        }
    )));
    assert!(
        names
            .iter()
            .any(|event| matches!(event, EventKind::SessionExpired(_)))
    );
    bob.hours(13 * 24);
    assert_eq!(bob.read(alice.key, &late[0]), "late 0");
    bob.hours(23);
    assert_eq!(bob.read(alice.key, &late[1]), "late 1");
    assert_eq!(erased(&bob.events()), 0);
    // Fourteen days after the rotation, and an hour to be sure of the clock.
    bob.hours(2);
    assert_eq!(erased(&bob.events()), 1);
    assert_eq!(bob.sessions(alice.key).len(), 0);
    let refused = bob.receive(alice.key, &late[2]);
    assert_eq!(
        refused.outcome,
        Outcome::Undecryptable(Reason::SessionNotFound)
    );
    // The advertisement brings both onto one session again.
    alice.now = bob.now;
    alice.receive(bob.key, &refused.reply.unwrap());
    let anew = alice.send(bob.key, "anew");
    assert_eq!(bob.read(alice.key, &anew), "anew");
}

#[test]
fn a_first_message_is_remembered_as_long_as_its_prekey_and_then_finds_none() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let first = alice.send(bob.key, "first");
    bob.read(alice.key, &first);
    let id = first.targets[0].session.unwrap().1;
    // Superseded early, so that it is erased before the prekey it was begun on.
    alice.reset(bob.key, None).unwrap();
    let second = alice.send(bob.key, "second");
    bob.read(alice.key, &second);
    let mut session = bob.store.session(&id).unwrap().unwrap();
    session.standing = Standing::Superseded {
        since: UnixMillis(bob.now.0 - 10 * DAY),
    };
    bob.store.begin().unwrap();
    bob.store.put_session(&session).unwrap();
    bob.store.commit().unwrap();
    // Only its own record is erased: the prekey is still there.
    bob.engine.config.prekey_rotation = std::time::Duration::from_secs(30 * 24 * 3600);
    bob.hours(4 * 24 + 2);
    assert!(bob.store.session(&id).unwrap().is_none());
    assert_eq!(bob.refusal(alice.key, &first), Reason::MessageKeyGone);
    bob.engine.config.prekey_rotation = Config::default().prekey_rotation;
    bob.hours(14 * 24 + 2);
    assert_eq!(bob.refusal(alice.key, &first), Reason::PreKeyNotFound);
    assert!(!bob.store.first_message_seen(&id).unwrap());
}

#[test]
fn a_wall_clock_that_is_far_ahead_erases_nothing_before_a_fortnight_of_running_has_passed() {
    let (alice, mut bob) = established();
    bob.hours(25);
    bob.now = UnixMillis(bob.now.0 + 3650 * DAY);
    bob.hours(13 * 24);
    assert_eq!(bob.sessions(alice.key).len(), 1);
    bob.hours(25);
    assert_eq!(bob.sessions(alice.key).len(), 0);
}

#[test]
fn what_ended_while_the_clock_was_ten_years_ahead_for_a_minute_is_not_kept_for_ten_years() {
    let (alice, mut bob) = established();
    bob.hours(2);
    let right = bob.now;
    bob.now = UnixMillis(right.0 + 3650 * DAY);
    // The prekey is replaced, and the session that was begun on it expires.
    bob.sweep();
    bob.now = right;
    bob.hours(14 * 24 - 2);
    assert_eq!(bob.sessions(alice.key).len(), 1);
    bob.hours(4);
    assert_eq!(bob.sessions(alice.key).len(), 0);
    assert_eq!(bob.store.replaced_own_prekeys().unwrap().len(), 14);
}

#[test]
fn what_ended_while_the_clock_stood_in_1970_is_kept_for_a_fortnight_from_then() {
    let (mut alice, mut bob) = established();
    bob.hours(2);
    let right = bob.now;
    let late = alice.send(bob.key, "late");
    bob.now = UnixMillis(DAY);
    bob.hours(2);
    bob.now = right;
    bob.hours(13 * 24);
    assert_eq!(bob.read(alice.key, &late), "late");
    bob.hours(2 * 24);
    assert_eq!(bob.sessions(alice.key).len(), 0);
}

/// The version of the prekey of Alice's device that Bob knows.
fn version_known(bob: &TestDevice, alice: &TestDevice) -> u32 {
    let known = bob.known(alice.key, &alice.id).unwrap();
    known.prekey.unwrap().version
}

#[test]
fn a_clock_that_is_set_back_does_not_bring_a_replaced_prekey_back() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let late = alice.send(bob.key, "late");
    pass(&mut [&mut alice, &mut bob], 25 * HOUR);
    bob.sweep();
    let newer = alice.send(bob.key, "newer");
    // To his clock the later bundle is of the day after tomorrow, the older one soon of today.
    bob.now = UnixMillis(bob.now.0 - 31 * HOUR);
    bob.read(alice.key, &newer);
    assert_eq!(version_known(&bob, &alice), 2);
    bob.later(6 * HOUR + HOUR / 2);
    bob.read(alice.key, &late);
    assert_eq!(version_known(&bob, &alice), 2);
}

#[test]
fn a_peer_whose_clock_is_ahead_has_no_replaced_prekey_brought_back() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    alice.now = UnixMillis(alice.now.0 + 30 * HOUR);
    let late = alice.send(bob.key, "late");
    pass(&mut [&mut alice, &mut bob], 25 * HOUR);
    bob.sweep();
    let newer = alice.send(bob.key, "newer");
    bob.read(alice.key, &newer);
    assert_eq!(version_known(&bob, &alice), 2);
    bob.read(alice.key, &late);
    assert_eq!(version_known(&bob, &alice), 2);
}

#[test]
fn an_answer_to_a_request_id_is_kept_for_a_day_of_running_whatever_the_clock_shows() {
    let (mut alice, bob) = established();
    let once = |alice: &mut TestDevice| alice.try_send(&[bob.key], "once", Some("r")).unwrap();
    let first = once(&mut alice);
    let right = alice.now;
    for wrong in [right.0 + 3650 * DAY, DAY, right.0] {
        alice.now = UnixMillis(wrong);
        alice.hours(7);
        assert_eq!(once(&mut alice), first);
    }
    alice.hours(4);
    assert_ne!(once(&mut alice), first);
}

#[test]
fn a_late_sweep_changes_no_outcome() {
    let (mut alice, mut bob) = established();
    let late = alice.send(bob.key, "late");
    pass(&mut [&mut alice, &mut bob], 40 * DAY);
    // Without a sweep it counts as expired all the same, and still reads.
    assert_eq!(bob.read(alice.key, &late), "late");
    let anew = bob.send(alice.key, "anew");
    assert_eq!(mode(&anew), Mode::X3dh);
    bob.sweep();
    bob.hours(1);
    assert_eq!(alice.read(bob.key, &anew), "anew");
}

#[test]
fn a_key_that_is_never_confirmed_goes_after_a_day_of_running_and_not_by_the_wall_clock() {
    let (mut alice, mut bob) = established();
    let read = alice.send(bob.key, "read");
    let id = read.targets[0].message;
    let again = |bob: &mut TestDevice| {
        let received = bob.try_receive(alice.key, &read.wire, false).unwrap();
        matches!(received.outcome, Outcome::Decrypted(_))
    };
    assert!(again(&mut bob));
    bob.sweep();
    bob.events();
    // The machine sleeps for a week.
    bob.now = UnixMillis(bob.now.0 + 7 * DAY);
    bob.sweep();
    assert!(again(&mut bob));
    // The daemon is stopped after half a day and runs again: its monotonic clock starts again, the
    // account's running time goes on.
    bob.hours(12);
    let account = std::mem::replace(&mut bob.engine, TestDevice::new(9, "other").engine).account;
    bob.engine = Engine::new(account, Config::default());
    // The account is opened after the new daemon has run for a while.
    bob.running = std::time::Duration::from_secs(1000 * 3600);
    bob.hours(11);
    assert!(again(&mut bob));
    bob.events();
    bob.hours(3);
    assert!(bob.events().contains(&EventKind::MessageKeyDropped {
        message: id,
        why: KeyDropped::Unconfirmed,
    }));
    assert!(!again(&mut bob));
}

#[test]
fn the_prekey_rotates_by_the_sweep_alone_and_erased_ones_leave_at_most_a_fortnight() {
    let mut bob = TestDevice::new(2, "bob");
    bob.sweep();
    let first = bob.bundle();
    bob.hours(30 * 24);
    let version = decode_bundle(&bob.bundle()).unwrap().entries[0].version;
    assert_eq!(version, 31);
    assert_ne!(bob.bundle(), first);
    let kept = bob.store.replaced_own_prekeys().unwrap().len();
    assert!((14..=15).contains(&kept), "{kept}");
}

#[test]
fn a_device_that_becomes_stale_and_active_again_is_one_event_each() {
    let mut alice = TestDevice::new(1, "alice");
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    alice.import_bundle(&phone.bundle());
    laptop.later(HOUR);
    alice.import_bundle(&laptop.bundle());
    alice.events();
    alice.hours(7 * 24 - 1);
    let name = alice.known(phone.key, &phone.id).unwrap().name();
    let stale = EventKind::InstallationStale(name.clone());
    assert!(!alice.events().contains(&stale));
    alice.hours(5);
    let told = alice.events();
    assert_eq!(told.iter().filter(|event| **event == stale).count(), 1);
    phone.now = alice.now;
    alice.import_bundle(&phone.bundle());
    let active = EventKind::InstallationActive(name);
    assert!(alice.events().contains(&active));
    phone.later(1);
    alice.import_bundle(&phone.bundle());
    assert!(!alice.events().contains(&active));
}
