//! Schedules that once broke an invariant of protocol §7, as scenarios.

use crate::{
    model::Config,
    world::{CrashPoint, MemoryDisks, World, days, hours},
};

/// Runs a scenario in worlds with different keys: which session comes first in byte order is
/// random.
fn in_many_worlds(devices: &[&str], scenario: impl Fn(World<MemoryDisks>)) {
    for keys in 0..16 {
        scenario(World::build(
            MemoryDisks::default(),
            keys,
            devices,
            Config::default(),
        ));
    }
}

/// Bob's device, without the extension, rotates its prekey every day. The first that Alice hears
/// from it in twelve days is its first message. That is twelve days old, and so is what Alice can
/// expect of the version.
#[test]
fn a_withheld_message_does_not_make_the_current_version_a_jump() {
    in_many_worlds(&["alice/phone*", "bob/phone*"], |mut world| {
        world.import("bob/phone", "alice/phone");
        world.send("bob/phone", "alice", "on the way for long");
        world.advance(days(12));
        assert_eq!(world.deliver("alice/phone"), ["on the way for long"]);
        world.lose("bob/phone");
        world.send(
            "alice/phone",
            "bob",
            "to a prekey that was replaced long ago",
        );
        world.assert_converges();
    });
}

/// Bob's clock is a month ahead when he sends, and the message takes three weeks. Its date does not
/// tell when it was sent, and the prekey that Bob has by then is no version jump from the one in
/// it.
#[test]
fn a_late_message_dated_ahead_does_not_make_the_current_version_a_jump() {
    in_many_worlds(&["alice/phone*", "bob/phone*"], |mut world| {
        world.introduce();
        world.clock_ahead("bob/phone", days(30));
        world.send("bob/phone", "alice", "from the future");
        world.advance(days(20));
        // Its prekey is erased by now; its bundle still counts.
        assert!(world.deliver("alice/phone").is_empty());
        world.lose("bob/phone");
        world.assert_converges();
    });
}

/// Bob's clock jumps ahead day after day, and his prekey rotates each time, until Alice rejects its
/// version. They still read each other, and converge on one session when she resets hers.
#[test]
fn a_device_whose_bundles_are_rejected_is_read_and_accepted_again_after_a_reset() {
    in_many_worlds(&["alice/phone", "bob/phone*"], |mut world| {
        world.introduce();
        for _ in 0..14 {
            world.clock_ahead("bob/phone", hours(30));
        }
        world.assert_converges();
        world.send("alice/phone", "bob", "on the old prekey");
        assert_eq!(world.deliver("bob/phone"), ["on the old prekey"]);
        world.send("bob/phone", "alice", "on what I begin");
        assert_eq!(world.deliver("alice/phone"), ["on what I begin"]);
        assert!(world.rejects_bundle_of("alice/phone", "bob/phone"));
        world.reset("alice/phone", "bob");
        world.assert_converges();
        assert!(!world.rejects_bundle_of("alice/phone", "bob/phone"));
    });
}

/// Bob waits for the first answer on the session that Alice resets.
#[test]
fn a_reset_while_the_other_side_waits_for_its_first_answer_converges() {
    in_many_worlds(&["alice/phone", "bob/phone"], |mut world| {
        world.introduce();
        world.send("bob/phone", "alice", "hello");
        assert_eq!(world.deliver("alice/phone"), ["hello"]);
        world.reset("alice/phone", "bob");
        world.assert_converges();
    });
}

/// Alice resets a session that Bob has not received a message of yet; his own session crosses it.
#[test]
fn a_session_that_was_reset_before_it_arrived_is_not_preferred() {
    in_many_worlds(&["alice/phone", "bob/phone"], |mut world| {
        world.introduce();
        world.send("alice/phone", "bob", "from before");
        world.reset("alice/phone", "bob");
        world.send("bob/phone", "alice", "hello");
        assert_eq!(world.deliver("alice/phone"), ["hello"]);
        assert_eq!(world.deliver("bob/phone"), ["from before"]);
        world.assert_converges();
    });
}

/// Bob reads late what Alice sent before her clock was set back, and what he sent himself is read
/// as well.
#[test]
fn a_clock_that_is_set_back_replaces_the_prekey_and_loses_nothing() {
    in_many_worlds(&["alice/phone", "bob/phone"], |mut world| {
        world.introduce();
        world.send("bob/phone", "alice", "on the way");
        world.clock_back("alice/phone", days(3));
        world.send("alice/phone", "bob", "from the past");
        world.advance(days(9));
        assert_eq!(world.deliver("alice/phone"), ["on the way"]);
        assert_eq!(world.deliver("bob/phone"), ["from the past"]);
        world.assert_converges();
    });
}

/// The prekey is replaced an hour after the message left; it stays readable for two weeks from
/// then.
#[test]
fn a_message_is_readable_for_thirteen_days() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.advance(hours(23));
    world.send("alice/phone", "bob", "late");
    world.advance(days(13) - hours(1));
    assert_eq!(world.deliver("bob/phone"), ["late"]);
    world.assert_converges();
}

/// Erasure is final: one sweep under a wrong clock erases nothing.
#[test]
fn a_clock_that_runs_ahead_for_an_hour_loses_nothing() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.send("alice/phone", "bob", "to the first prekey");
    world.advance(hours(25));
    world.clock_ahead("bob/phone", days(30));
    world.advance(hours(1));
    world.clock_back("bob/phone", days(30));
    world.advance(hours(2));
    assert_eq!(world.deliver("bob/phone"), ["to the first prekey"]);
    world.assert_converges();
}

/// The sweep at the start of a process is not one of the two, an hour apart, that erasure needs.
#[test]
fn a_device_that_was_off_for_twenty_days_reads_what_waited_for_it() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.turn_off("bob/phone");
    world.advance(days(10));
    world.send("alice/phone", "bob", "to a prekey ten days old");
    world.advance(days(10));
    assert_eq!(world.deliver("bob/phone"), ["to a prekey ten days old"]);
    world.assert_converges();
}

/// A text that the frontend had not stored when its daemon crashed is returned again, within the
/// day of protocol §1.
#[test]
fn an_unconfirmed_text_is_read_again_half_a_day_later() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.send("alice/phone", "bob", "hello");
    world.deliver_unconfirmed("bob/phone", CrashPoint::AfterCommit);
    assert!(world.texts("bob/phone").is_empty());
    world.advance(hours(15));
    assert_eq!(world.deliver("bob/phone"), ["hello"]);
    world.assert_converges();
}

#[test]
fn what_a_crashed_process_did_not_commit_was_never_sent() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.crash_sending("alice/phone", "bob", "never", CrashPoint::BeforeCommit);
    world.crash_sending("alice/phone", "bob", "nor this", CrashPoint::AfterCommit);
    world.send("alice/phone", "bob", "but this");
    assert_eq!(world.deliver("bob/phone"), ["but this"]);
    world.assert_converges();
}

/// Bob's phone is reinstalled: messages for the old one do not open, and the reply to them tells
/// Alice of the new one.
#[test]
fn a_reinstalled_device_is_discovered_by_its_first_reply() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.send("alice/phone", "bob", "hello");
    world.reinstall("bob/phone");
    assert_eq!(world.deliver("bob/phone"), [""; 0]);
    world.deliver_all();
    world.send("alice/phone", "bob", "are you there?");
    assert_eq!(world.deliver("bob/phone"), ["are you there?"]);
    world.assert_converges();
}

/// Carol's clock is set back by more than a day, so that her prekey lies in the future and is
/// replaced. It is kept from the time that had passed already, not from the one on the clock.
#[test]
fn a_prekey_that_is_replaced_by_a_clock_that_was_set_back_is_kept_as_long_as_any() {
    for carol in ["carol/phone", "carol/phone~", "carol/phone*"] {
        in_many_worlds(&["alice/phone", carol], |mut world| {
            world.introduce();
            world.send("alice/phone", "carol", "for thirteen days");
            world.advance(hours(1));
            world.clock_back("carol/phone", hours(30));
            world.advance(hours(308));
            assert_eq!(world.deliver("carol/phone"), ["for thirteen days"]);
        });
    }
}
