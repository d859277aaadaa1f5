//! Schedules that once broke an invariant of protocol §7, told as stories.

use crate::{
    model::Config,
    world::{CrashPoint, MemoryDisks, World, days, hours},
};

/// The same story in worlds with other keys: which session comes first in byte order is drawn by lot.
fn in_many_worlds(devices: &[&str], story: impl Fn(World<MemoryDisks>)) {
    for keys in 0..16 {
        story(World::build(
            MemoryDisks::default(),
            keys,
            devices,
            Config::default(),
        ));
    }
}

/// The plain device of Bob rotates every day; Alice hears of it for the first time in twelve days by a message of
/// the first one. What that message tells is twelve days old, and so is what Alice can expect of the version.
#[test]
fn a_message_that_was_withheld_does_not_make_the_present_prekey_a_leap() {
    in_many_worlds(&["alice/phone*", "bob/phone*"], |mut world| {
        world.import("bob/phone", "alice/phone");
        world.send("bob/phone", "alice", "on the way for long");
        world.later(days(12));
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

/// Bob's clock runs a month ahead when he writes, and the letter takes three weeks: its date says nothing of when it
/// was written, and his prekey of today is no leap from the one in it.
#[test]
fn a_letter_from_the_future_that_came_late_does_not_make_the_present_prekey_a_leap() {
    in_many_worlds(&["alice/phone*", "bob/phone*"], |mut world| {
        world.introduce();
        world.clock_ahead("bob/phone", days(30));
        world.send("bob/phone", "alice", "from the future");
        world.later(days(20));
        // Its prekey is erased by now, and its bundle still counts.
        assert!(world.deliver("alice/phone").is_empty());
        world.lose("bob/phone");
        world.assert_converges();
    });
}

/// Bob's clock leaps day after day, and his prekey with it, until Alice does not believe in its version any more. They read
/// each other all the same, and when she starts over with him they meet on one session.
#[test]
fn who_is_not_believed_is_read_and_met_again_after_a_reset() {
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

/// Bob waits for the first answer on the session that Alice forgets.
#[test]
fn who_starts_over_meets_the_other_again_who_was_still_waiting_for_an_answer() {
    in_many_worlds(&["alice/phone", "bob/phone"], |mut world| {
        world.introduce();
        world.send("bob/phone", "alice", "hello");
        assert_eq!(world.deliver("alice/phone"), ["hello"]);
        world.reset("alice/phone", "bob");
        world.assert_converges();
    });
}

/// Alice forgets a session that Bob has not even heard of yet; his own crosses with it.
#[test]
fn a_session_that_was_forgotten_before_it_arrived_is_not_preferred() {
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

/// Bob reads late what Alice wrote before her clock was set back, and what he wrote himself is read as well.
#[test]
fn a_clock_that_is_set_back_replaces_the_prekey_and_loses_nothing() {
    in_many_worlds(&["alice/phone", "bob/phone"], |mut world| {
        world.introduce();
        world.send("bob/phone", "alice", "on the way");
        world.clock_back("alice/phone", days(3));
        world.send("alice/phone", "bob", "from the past");
        world.later(days(9));
        assert_eq!(world.deliver("alice/phone"), ["on the way"]);
        assert_eq!(world.deliver("bob/phone"), ["from the past"]);
        world.assert_converges();
    });
}

/// The prekey is replaced an hour after the message left; both stay readable for a fortnight from then.
#[test]
fn a_message_is_readable_for_thirteen_days() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.later(hours(23));
    world.send("alice/phone", "bob", "late");
    world.later(days(13) - hours(1));
    assert_eq!(world.deliver("bob/phone"), ["late"]);
    world.assert_converges();
}

/// Erasing cannot be undone: one sweep under a wrong clock erases nothing.
#[test]
fn a_clock_that_runs_ahead_for_an_hour_loses_nothing() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.send("alice/phone", "bob", "to the first prekey");
    world.later(hours(25));
    world.clock_ahead("bob/phone", days(30));
    world.later(hours(1));
    world.clock_back("bob/phone", days(30));
    world.later(hours(2));
    assert_eq!(world.deliver("bob/phone"), ["to the first prekey"]);
    world.assert_converges();
}

/// The sweep that every process begins with is not one of two that lie an hour apart.
#[test]
fn a_device_that_was_off_for_twenty_days_reads_what_waited_for_it() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.turn_off("bob/phone");
    world.later(days(10));
    world.send("alice/phone", "bob", "to a prekey ten days old");
    world.later(days(10));
    assert_eq!(world.deliver("bob/phone"), ["to a prekey ten days old"]);
    world.assert_converges();
}

/// What the frontend had not stored when its daemon died is given again, within the day of protocol §1.
#[test]
fn a_text_that_nobody_stored_is_read_again_half_a_day_later() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.send("alice/phone", "bob", "hello");
    world.deliver_unconfirmed("bob/phone", CrashPoint::AfterCommit);
    assert!(world.texts("bob/phone").is_empty());
    world.later(hours(15));
    assert_eq!(world.deliver("bob/phone"), ["hello"]);
    world.assert_converges();
}

#[test]
fn what_a_process_wrote_and_did_not_commit_never_left_it() {
    let mut world = World::new(&["alice/phone", "bob/phone"]);
    world.introduce();
    world.crash_sending("alice/phone", "bob", "never", CrashPoint::BeforeCommit);
    world.crash_sending("alice/phone", "bob", "nor this", CrashPoint::AfterCommit);
    world.send("alice/phone", "bob", "but this");
    assert_eq!(world.deliver("bob/phone"), ["but this"]);
    world.assert_converges();
}

/// Bob's phone starts over: what is for the old one does not open, its answer tells Alice of the new one.
#[test]
fn a_device_that_lost_its_state_is_heard_of_by_its_first_reply() {
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
