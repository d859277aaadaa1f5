//! Mixed schedules that once lost a message, told as stories; and what has to hold over a month,
//! and after a restore.
//!
//! Alice's devices are of identity 0, Bob's of identity 1. Where nothing else is said, Alice's is
//! ours and Bob's is like status-go's.

use crypto_core::Suite;

use crate::{
    model::Config,
    world::{ClockFault, DeviceIndex, Frontend, Op, Population},
};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

const ALICE: DeviceIndex = (0, 0);
const BOB: DeviceIndex = (1, 0);

/// A schedule as it is told.
struct Story {
    cast: Population,
    ops: Vec<Op>,
    next: u64,
}

impl Story {
    /// Of these devices (see [`Population::parse`]).
    fn of(devices: &str) -> Self {
        Self {
            cast: Population::parse(devices, false),
            ops: Vec::new(),
            next: 0,
        }
    }

    /// The devices of an identity were paired when they were set up.
    fn of_paired(devices: &str) -> Self {
        Self {
            cast: Population::parse(devices, true),
            ..Self::of(devices)
        }
    }

    /// A device writes to an identity; the message, on its way.
    fn writes(&mut self, from: DeviceIndex, to: usize) -> u64 {
        let n = self.next;
        self.next += 1;
        self.ops.push(Op::Send { from, to, n });
        n
    }

    fn reads(&mut self, at: DeviceIndex, n: u64) {
        self.ops.push(Op::Read {
            at,
            n,
            confirm: true,
        });
    }

    /// A device writes to the identity of another, which reads it at once.
    fn says(&mut self, from: DeviceIndex, to: DeviceIndex) {
        let n = self.writes(from, to.0);
        self.reads(to, n);
    }

    fn hours(&mut self, count: u64) {
        self.ops.push(Op::Advance(count * HOUR_MS));
    }

    fn days(&mut self, count: u64) {
        self.ops.push(Op::Advance(count * DAY_MS));
    }

    fn then(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// What devices of status-go would have read, all read; in worlds with several keys.
    fn loses_nothing(&mut self) {
        for seed in 0..4 {
            self.cast.seed = seed;
            let comparison = self.cast.compare_with_twin(&self.ops);
            assert!(comparison.demanded > 0, "a story in which nothing is read");
            assert!(comparison.losses.is_empty(), "{:#?}", comparison.losses);
        }
    }
}

/// Bob begins, and Alice answers on his session. His prekey rotates, and she begins one on the new
/// one; he keeps to his own, and she follows him back. Hers rotates, so that his has expired: what
/// she sends now is for a prekey that she began a session on before.
#[test]
fn an_ordinary_conversation_of_two_days() {
    let mut story = Story::of("o|s");
    story.hours(14);
    // His prekey is made now; nobody ever reads this.
    story.writes(BOB, 0);
    story.hours(12);
    story.says(ALICE, BOB);
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.hours(13);
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    for _ in 0..3 {
        story.says(BOB, ALICE);
    }
    story.says(ALICE, BOB);
    story.hours(10);
    story.says(ALICE, BOB);
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.loses_nothing();
}

/// A week goes by without an answer.
#[test]
fn a_session_that_nobody_answered_for_a_week_goes_on() {
    let mut story = Story::of("o|s");
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.days(8);
    story.says(ALICE, BOB);
    story.loses_nothing();
}

/// The same, before any of it arrives.
#[test]
fn what_was_sent_for_a_week_without_an_answer_opens_when_it_comes() {
    let mut story = Story::of("o|s");
    story.says(BOB, ALICE);
    let first = story.writes(ALICE, 1);
    story.days(8);
    let second = story.writes(ALICE, 1);
    story.reads(BOB, second);
    story.reads(BOB, first);
    story.loses_nothing();
}

/// So do a thousand messages.
#[test]
fn a_session_on_which_a_thousand_messages_were_not_answered_goes_on() {
    let mut story = Story::of("o|s");
    story.says(BOB, ALICE);
    for _ in 0..1002 {
        story.says(ALICE, BOB);
    }
    story.loses_nothing();
}

/// Alice starts over with Bob, whose prekey is the one she began on before.
#[test]
fn a_reset_costs_nothing_that_is_sent_after_it() {
    let mut story = Story::of("o|s");
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.then(Op::Reset { at: ALICE, with: 1 });
    story.says(ALICE, BOB);
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.loses_nothing();
}

/// Alice's backup is put back: it knows nothing of the session that she began on Bob's prekey
/// since.
#[test]
fn what_is_sent_after_a_restore_is_read() {
    let mut story = Story::of("o|s");
    story.says(BOB, ALICE);
    story.then(Op::BackUp(ALICE));
    story.says(ALICE, BOB);
    story.then(Op::RestoreBackup(ALICE));
    story.says(ALICE, BOB);
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.loses_nothing();
}

/// Alice has a device of each make, paired. Both write to Bob at once, so that the sessions for
/// their copies cross, and the day after ours writes again: its own prekey has rotated, that of the
/// other has not.
#[test]
fn copies_for_an_own_device_of_status_go_are_read_the_day_after_they_crossed() {
    let (ours, theirs) = ((0, 0), (0, 1));
    let mut story = Story::of_paired("os|s");
    let one = story.writes(theirs, 1);
    let other = story.writes(ours, 1);
    story.reads(theirs, other);
    story.reads(ours, one);
    story.hours(25);
    for _ in 0..2 {
        let n = story.writes(ours, 1);
        story.reads(theirs, n);
        let n = story.writes(theirs, 1);
        story.reads(ours, n);
    }
    story.loses_nothing();
}

/// Bob has one device of each make, not paired: that of status-go signs its bundle with every
/// message, and ours once a day, so that the newest always lists the other alone. Ours writes every
/// day, and is no stale device for that.
#[test]
fn a_device_that_writes_every_day_is_written_to_whatever_its_siblings_list() {
    let (ours, theirs) = ((1, 0), (1, 1));
    let mut story = Story::of("o|os");
    story.hours(5);
    for _ in 0..9 {
        story.says(theirs, ALICE);
        story.hours(1);
        story.says(ours, ALICE);
        story.hours(23);
    }
    let n = story.writes(ALICE, 1);
    story.reads(ours, n);
    story.reads(theirs, n);
    story.loses_nothing();
}

/// What Bob's device of ours wrote first took a week, and newer bundles of his other device came
/// before it.
#[test]
fn a_device_whose_first_message_was_late_is_written_to() {
    let (ours, theirs) = ((1, 0), (1, 1));
    let mut story = Story::of("o|os");
    story.cast.sealed = true;
    let late = story.writes(ours, 1 - ours.0);
    story.hours(1);
    story.says(theirs, ALICE);
    story.days(8);
    story.reads(ALICE, late);
    story.says(ALICE, ours);
    story.loses_nothing();
}

/// Two of ours that are kept to the suite of status-go write to each other in it.
#[test]
fn two_of_ours_in_the_suite_of_status_go_talk() {
    let mut story = Story::of("o|o");
    story.cast.config = only_secp256k1();
    story.says(ALICE, BOB);
    for _ in 0..4 {
        story.says(BOB, ALICE);
        story.says(ALICE, BOB);
        story.hours(13);
    }
    story.loses_nothing();
}

/// Alice's clock is in 2038 for some hours. Her first prekey was replaced a day before, which is no
/// two weeks ago.
#[test]
fn a_clock_in_2038_for_some_hours_erases_nothing() {
    let mut story = Story::of("o|s");
    story.says(ALICE, BOB);
    story.says(BOB, ALICE);
    story.hours(26);
    let late = story.writes(BOB, 0);
    story.then(Op::Clock(ALICE, ClockFault::In2038));
    story.hours(3);
    story.then(Op::Clock(ALICE, ClockFault::None));
    story.hours(1);
    story.reads(ALICE, late);
    story.says(BOB, ALICE);
    story.loses_nothing();
}

/// Alice's clock is at the epoch for a moment, which replaces her prekey, and then right: it was
/// replaced just now.
#[test]
fn a_clock_at_the_epoch_for_a_moment_erases_nothing() {
    let mut story = Story::of("o|s");
    story.hours(3);
    story.says(ALICE, BOB);
    let late = story.writes(BOB, 0);
    story.then(Op::Clock(ALICE, ClockFault::From1970));
    story.then(Op::Clock(ALICE, ClockFault::None));
    story.hours(2);
    story.reads(ALICE, late);
    story.says(BOB, ALICE);
    story.loses_nothing();
}

/// Bob's device of ours loses its state twice in a day and starts under its old id: its versions
/// begin at the same number each time, and Alice has to believe them.
#[test]
fn a_device_that_is_set_up_again_under_its_old_id_is_believed() {
    for devices in ["o|o", "s|o"] {
        let mut story = Story::of(devices);
        story.says(BOB, ALICE);
        story.says(ALICE, BOB);
        for _ in 0..2 {
            story.hours(2);
            let same_id = true;
            story.then(Op::Reinstall { at: BOB, same_id });
            for _ in 0..2 {
                story.says(BOB, ALICE);
                story.says(ALICE, BOB);
            }
        }
        let unread = story.cast.converse_after(&story.ops, 2).unread;
        assert!(unread.is_empty(), "{devices}: {unread:#?}");
    }
}

/// The same of Bob's device, which is like status-go's: its versions begin at one again. Envelopes
/// are signed, so that even a DH message proves whose it is.
#[test]
fn a_device_of_status_go_that_is_set_up_again_under_its_old_id_is_believed() {
    let mut story = Story::of("o|s");
    story.cast.sealed = true;
    story.says(BOB, ALICE);
    story.hours(26);
    story.says(BOB, ALICE);
    story.says(BOB, ALICE);
    let same_id = true;
    story.then(Op::Reinstall { at: BOB, same_id });
    story.says(BOB, ALICE);
    story.says(ALICE, BOB);
    story.loses_nothing();
}

/// Alice is not answered, and begins session after session on one prekey; what she wrote arrives in
/// the wrong order, so that Bob answers on the first of them.
#[test]
fn an_answer_on_the_oldest_of_many_sessions_on_one_prekey_is_read() {
    const UNANSWERED: u64 = 3;
    let mut story = Story::of("o|o");
    story.cast.config.unanswered_messages = UNANSWERED;
    story.says(BOB, ALICE);
    let mut on_the_way = Vec::new();
    for _ in 0..7 {
        on_the_way.push(story.writes(ALICE, 1));
        for _ in 1..UNANSWERED {
            story.writes(ALICE, 1);
        }
    }
    for n in on_the_way.into_iter().rev() {
        story.reads(BOB, n);
    }
    story.says(BOB, ALICE);
    story.loses_nothing();
}

/// Repeatable numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A month in which both write several times a day, each before reading what has come, and nothing
/// is lost.
fn month(cast: Population, numbers: &mut Numbers) -> Story {
    let mut story = Story {
        cast,
        ops: Vec::new(),
        next: 0,
    };
    let mut waiting = [Vec::new(), Vec::new()];
    for _ in 0..30 {
        for _ in 0..2 + numbers.below(4) {
            story.hours(1 + numbers.below(8));
            for at in [ALICE, BOB] {
                if numbers.below(3) > 0 {
                    for _ in 0..=numbers.below(2) {
                        let n = story.writes(at, 1 - at.0);
                        waiting[1 - at.0].push(n);
                    }
                    for n in std::mem::take(&mut waiting[at.0]) {
                        story.reads(at, n);
                    }
                }
            }
        }
    }
    for at in [ALICE, BOB] {
        for n in std::mem::take(&mut waiting[at.0]) {
            story.reads(at, n);
        }
    }
    story
}

#[test]
fn in_a_month_in_which_both_write_before_they_read_nothing_is_lost() {
    for seed in 1..=4 {
        let mut story = month(Population::parse("o|s", false), &mut Numbers(seed));
        story.cast.seed = seed;
        let comparison = story.cast.compare_with_twin(&story.ops);
        let sent = usize::try_from(story.next).expect("few");
        assert!(
            sent > 150 && comparison.demanded == sent,
            "{sent}: {comparison:?}"
        );
        assert!(comparison.exempt.is_empty(), "{:?}", comparison.exempt);
        let lost = comparison.losses.len();
        assert_eq!(
            lost, 0,
            "seed {seed}: of {sent}, first {:?}",
            comparison.losses[0]
        );
    }
}

/// Something is said, a backup is made, something more is said, and the backup is put back. Both
/// frontends do what `nextAction` says and nothing else.
fn restored(devices: &str, restored: DeviceIndex, seed: u64) -> Story {
    let mut numbers = Numbers(seed);
    let mut story = Story {
        cast: Population::parse(devices, false).with_frontend(Frontend::FollowsNextAction),
        ops: Vec::new(),
        next: 0,
    };
    story.cast.seed = seed;
    for (most, then) in [(4, Op::BackUp(restored)), (6, Op::RestoreBackup(restored))] {
        for _ in 0..numbers.below(most) {
            let (from, to) = if numbers.below(2) == 0 {
                (ALICE, BOB)
            } else {
                (BOB, ALICE)
            };
            let n = story.writes(from, to.0);
            if numbers.below(4) > 0 {
                story.reads(to, n);
            }
            if numbers.below(4) == 0 {
                story.hours(1 + numbers.below(40));
            }
        }
        story.then(then);
    }
    story
}

/// How many restores are tried of each kind.
const RESTORES: u64 = 40;

#[test]
fn two_messages_each_way_after_a_restore_ours_read_everything_of_each_other() {
    for at in [ALICE, BOB] {
        for seed in 0..RESTORES {
            let story = restored("o|o", at, seed);
            let after = story.cast.converse_after(&story.ops, 2);
            assert!(after.unread.is_empty(), "{seed}: {:#?}", after.unread);
            assert!(after.diverging.is_empty(), "{seed}: {:?}", after.diverging);
        }
    }
}

/// status-go may go on with a session that the restored device has lost until its own prekey is
/// replaced. What it is sent it reads at once.
#[test]
fn two_messages_each_way_after_a_restore_status_go_reads_everything() {
    for (devices, ours) in [("o|s", ALICE), ("s|o", BOB)] {
        for seed in 0..RESTORES {
            let story = restored(devices, ours, seed);
            let mut unread = story.cast.converse_after(&story.ops, 2).unread;
            unread.retain(|loss| loss.from == ours);
            assert!(unread.is_empty(), "{devices} {seed}: {unread:#?}");
        }
    }
}

#[test]
fn a_day_and_two_messages_each_way_after_a_restore_everything_of_status_go_is_read() {
    for (devices, ours) in [("o|s", ALICE), ("s|o", BOB)] {
        for seed in 0..RESTORES {
            let mut story = restored(devices, ours, seed);
            // It has to hear of the restored device, and to be due for a new prekey.
            story.says(ours, if ours == ALICE { BOB } else { ALICE });
            story.hours(25);
            let unread = story.cast.converse_after(&story.ops, 2).unread;
            assert!(unread.is_empty(), "{devices} {seed}: {unread:#?}");
        }
    }
}

fn only_secp256k1() -> Config {
    Config {
        suites: vec![Suite::Secp256k1],
        ..Config::default()
    }
}
