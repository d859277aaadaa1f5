//! Schedules in a mixed world that once lost a message, as scenarios; and what has to hold over a
//! month, and after a restore.
//!
//! Alice's devices are of identity 0, Bob's of identity 1. Where nothing else is said, Alice's
//! device is ours and Bob's is one of status-go.

use std::collections::BTreeMap;

use crypto_core::Suite;

use crate::{
    model::Config,
    world::{ClockFault, DeviceIndex, Exemption, Frontend, Op, Population},
};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

const ALICE: DeviceIndex = (0, 0);
const BOB: DeviceIndex = (1, 0);

/// A scenario: a population and its schedule.
struct Scenario {
    cast: Population,
    ops: Vec<Op>,
    next: u64,
}

impl Scenario {
    /// With these devices (see [`Population::parse`]), not paired.
    fn of(devices: &str) -> Self {
        Self {
            cast: Population::parse(devices, false),
            ops: Vec::new(),
            next: 0,
        }
    }

    /// With these devices, those of an identity paired.
    fn of_paired(devices: &str) -> Self {
        Self {
            cast: Population::parse(devices, true),
            ..Self::of(devices)
        }
    }

    /// A device sends to an identity; the number of the message.
    fn sends(&mut self, from: DeviceIndex, to: usize) -> u64 {
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

    /// A device sends to the identity of another, which reads the message at once.
    fn says(&mut self, from: DeviceIndex, to: DeviceIndex) {
        let n = self.sends(from, to.0);
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

    /// Reinstalls a device a minute later: versions count minutes.
    fn reinstalls(&mut self, at: DeviceIndex, same_id: bool) {
        self.ops.push(Op::Advance(61_000));
        self.ops.push(Op::Reinstall { at, same_id });
    }

    /// Checks that all is read that is read in the twin, but for what is exempt; in worlds with
    /// different keys. The messages with each exemption.
    fn exempt(&mut self) -> Vec<BTreeMap<Exemption, usize>> {
        let compare = |seed| {
            self.cast.seed = seed;
            let comparison = self.cast.compare_with_twin(&self.ops);
            assert!(
                comparison.demanded > 0,
                "a scenario in which nothing is read"
            );
            assert!(comparison.losses.is_empty(), "{:#?}", comparison.losses);
            comparison.exempt
        };
        (0..4).map(compare).collect()
    }

    /// Checks that all is read that is read in the twin, but for what is exempt.
    fn loses_nothing(&mut self) {
        self.exempt();
    }

    /// Checks that one message is lost, with this exemption.
    fn loses_one_as(&mut self, exemption: Exemption) {
        for exempt in self.exempt() {
            assert_eq!(exempt, BTreeMap::from([(exemption, 1)]));
        }
    }
}

/// Bob begins, and Alice answers on his session. His prekey rotates, and she begins a session on
/// the new one; he keeps to his own, and she returns to it. Her prekey rotates, so that his session
/// has expired: her next message is for a prekey that she began a session on before.
#[test]
fn an_ordinary_conversation_of_two_days() {
    let mut scenario = Scenario::of("o|s");
    scenario.hours(14);
    // His prekey is made now; this message is never read.
    scenario.sends(BOB, 0);
    scenario.hours(12);
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.hours(13);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    for _ in 0..3 {
        scenario.says(BOB, ALICE);
    }
    scenario.says(ALICE, BOB);
    scenario.hours(10);
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.loses_nothing();
}

/// A week goes by without an answer.
#[test]
fn a_session_that_nobody_answered_for_a_week_goes_on() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.days(8);
    scenario.says(ALICE, BOB);
    scenario.loses_nothing();
}

/// The same, before any of the messages arrives.
#[test]
fn what_was_sent_for_a_week_without_an_answer_opens_when_it_comes() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(BOB, ALICE);
    let first = scenario.sends(ALICE, 1);
    scenario.days(8);
    let second = scenario.sends(ALICE, 1);
    scenario.reads(BOB, second);
    scenario.reads(BOB, first);
    scenario.loses_nothing();
}

/// The same with a thousand messages.
#[test]
fn a_session_on_which_a_thousand_messages_were_not_answered_goes_on() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(BOB, ALICE);
    for _ in 0..1002 {
        scenario.says(ALICE, BOB);
    }
    scenario.loses_nothing();
}

/// Alice resets the sessions with Bob, whose current prekey she has begun one on.
#[test]
fn a_reset_costs_nothing_that_is_sent_after_it() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.then(Op::Reset { at: ALICE, with: 1 });
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.loses_nothing();
}

/// Alice's backup is restored. It lacks the session that she began on Bob's prekey since.
#[test]
fn what_is_sent_after_a_restore_is_read() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(BOB, ALICE);
    scenario.then(Op::BackUp(ALICE));
    scenario.says(ALICE, BOB);
    scenario.then(Op::RestoreBackup(ALICE));
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.loses_nothing();
}

/// Alice has a device of each implementation, paired. Both send to Bob at once, so that the
/// sessions for their copies cross. The day after, ours sends again: its own prekey has rotated,
/// that of the other has not.
#[test]
fn copies_for_an_own_device_of_status_go_are_read_the_day_after_they_crossed() {
    let (ours, theirs) = ((0, 0), (0, 1));
    let mut scenario = Scenario::of_paired("os|s");
    let one = scenario.sends(theirs, 1);
    let other = scenario.sends(ours, 1);
    scenario.reads(theirs, other);
    scenario.reads(ours, one);
    scenario.hours(25);
    for _ in 0..2 {
        let n = scenario.sends(ours, 1);
        scenario.reads(theirs, n);
        let n = scenario.sends(theirs, 1);
        scenario.reads(ours, n);
    }
    scenario.loses_nothing();
}

/// Bob has one device of each implementation, not paired. That of status-go signs its bundle with
/// every message, ours once a day, so that the newest bundle always lists the other device alone.
/// Ours sends every day, and so is not stale.
#[test]
fn a_device_that_writes_every_day_is_written_to_whatever_its_siblings_list() {
    let (ours, theirs) = ((1, 0), (1, 1));
    let mut scenario = Scenario::of("o|os");
    scenario.hours(5);
    for _ in 0..9 {
        scenario.says(theirs, ALICE);
        scenario.hours(1);
        scenario.says(ours, ALICE);
        scenario.hours(23);
    }
    let n = scenario.sends(ALICE, 1);
    scenario.reads(ours, n);
    scenario.reads(theirs, n);
    scenario.loses_nothing();
}

/// The first message of Bob's device of ours takes a week, and newer bundles of his other device
/// arrive before it.
#[test]
fn a_device_whose_first_message_was_late_is_written_to() {
    let (ours, theirs) = ((1, 0), (1, 1));
    let mut scenario = Scenario::of("o|os");
    scenario.cast.sealed = true;
    let late = scenario.sends(ours, 1 - ours.0);
    scenario.hours(1);
    scenario.says(theirs, ALICE);
    scenario.days(8);
    scenario.reads(ALICE, late);
    scenario.says(ALICE, ours);
    scenario.loses_nothing();
}

/// Two devices of ours that may only use the suite of status-go.
#[test]
fn two_of_ours_in_the_suite_of_status_go_talk() {
    let mut scenario = Scenario::of("o|o");
    scenario.cast.config = only_secp256k1();
    scenario.says(ALICE, BOB);
    for _ in 0..4 {
        scenario.says(BOB, ALICE);
        scenario.says(ALICE, BOB);
        scenario.hours(13);
    }
    scenario.loses_nothing();
}

/// Alice's clock is in 2038 for some hours. Her first prekey was replaced a day before, not two
/// weeks ago.
#[test]
fn a_clock_in_2038_for_some_hours_erases_nothing() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.hours(26);
    let late = scenario.sends(BOB, 0);
    scenario.then(Op::Clock(ALICE, ClockFault::In2038));
    scenario.hours(3);
    scenario.then(Op::Clock(ALICE, ClockFault::None));
    scenario.hours(1);
    scenario.reads(ALICE, late);
    scenario.says(BOB, ALICE);
    scenario.loses_nothing();
}

/// Alice's clock is at the epoch for a moment, which replaces her prekey, and then right: the
/// prekey was replaced just now.
#[test]
fn a_clock_at_the_epoch_for_a_moment_erases_nothing() {
    let mut scenario = Scenario::of("o|s");
    scenario.hours(3);
    scenario.says(ALICE, BOB);
    let late = scenario.sends(BOB, 0);
    scenario.then(Op::Clock(ALICE, ClockFault::From1970));
    scenario.then(Op::Clock(ALICE, ClockFault::None));
    scenario.hours(2);
    scenario.reads(ALICE, late);
    scenario.says(BOB, ALICE);
    scenario.loses_nothing();
}

/// Bob's device, of ours, is reinstalled twice in a day under its old id. Its versions start from
/// the same number each time, and Alice has to accept them.
#[test]
fn a_device_that_is_set_up_again_under_its_old_id_is_believed() {
    for devices in ["o|o", "s|o"] {
        let mut scenario = Scenario::of(devices);
        scenario.says(BOB, ALICE);
        scenario.says(ALICE, BOB);
        for _ in 0..2 {
            scenario.hours(2);
            let same_id = true;
            scenario.then(Op::Reinstall { at: BOB, same_id });
            for _ in 0..2 {
                scenario.says(BOB, ALICE);
                scenario.says(ALICE, BOB);
            }
        }
        let unread = scenario.cast.converse_after(&scenario.ops, 2).unread;
        assert!(unread.is_empty(), "{devices}: {unread:#?}");
    }
}

/// The same with a device of status-go, whose versions start from one again. Envelopes are signed,
/// so that even a DH message proves its sender.
#[test]
fn a_device_of_status_go_that_is_set_up_again_under_its_old_id_is_believed() {
    let mut scenario = Scenario::of("o|s");
    scenario.cast.sealed = true;
    scenario.says(BOB, ALICE);
    scenario.hours(26);
    scenario.says(BOB, ALICE);
    scenario.says(BOB, ALICE);
    let same_id = true;
    scenario.then(Op::Reinstall { at: BOB, same_id });
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.loses_nothing();
}

/// Alice's first device is set up again under new ids, three times in a day. Bob writes to the
/// three devices whose bundles have the latest dates. Her second device made its bundle before all
/// that, and then writes to him, or answers a message that was not for it.
#[test]
fn a_device_that_writes_or_answers_is_written_to_before_those_that_did_so_earlier() {
    let (first, second) = ((0, 0), (0, 1));
    for answers in [false, true] {
        let mut scenario = Scenario::of("oo|s");
        for _ in 0..3 {
            scenario.hours(1);
            scenario.reinstalls(first, false);
            scenario.says(first, BOB);
        }
        scenario.hours(1);
        if answers {
            scenario.says(BOB, second);
        } else {
            scenario.says(second, BOB);
        }
        scenario.says(BOB, second);
        scenario.loses_nothing();
    }
}

/// Bob's device of status-go is set up again under new ids, and writes under three of them. Under
/// the fourth it only answers a message that was not for it. Alice writes to the three that wrote,
/// dead as they are, until the fourth writes as well.
#[test]
fn a_device_that_only_answered_is_written_to_after_three_that_wrote_once_it_writes_itself() {
    let mut scenario = Scenario::of("o|s");
    for _ in 0..3 {
        scenario.says(ALICE, BOB);
        scenario.says(BOB, ALICE);
        scenario.hours(1);
        scenario.reinstalls(BOB, false);
    }
    scenario.says(ALICE, BOB);
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.loses_one_as(Exemption::OverLimit);
}

/// Bob's device of status-go replaces its prekey, and is reinstalled under its old id: its versions
/// start again. Envelopes are signed. A message of it that is for Alice's other device alone proves
/// to ours as well that the lower version comes from the device itself.
#[test]
fn a_sealed_message_for_another_device_proves_a_lower_version() {
    let (ours, theirs) = ((0, 0), (0, 1));
    let mut scenario = Scenario::of("os|s");
    scenario.cast.sealed = true;
    scenario.says(BOB, ours);
    scenario.hours(25);
    scenario.says(BOB, ours);
    scenario.reinstalls(BOB, true);
    scenario.says(theirs, BOB);
    scenario.says(BOB, ours);
    scenario.says(ours, BOB);
    scenario.loses_nothing();
}

/// Alice's device is reinstalled under its old id. Bob hears of its new prekey from her other device
/// of status-go, and then gets the last message of before. He begins on the lower version, which
/// nobody has the key of any more; her device's reply tells him of the new one.
#[test]
fn a_message_of_before_a_reinstall_has_status_go_begin_on_the_prekey_of_before() {
    let mut scenario = Scenario::of_paired("os|s");
    scenario.hours(24);
    let late = scenario.sends(ALICE, 1);
    scenario.reinstalls(ALICE, true);
    scenario.says((0, 1), BOB);
    scenario.reads(BOB, late);
    scenario.says(BOB, ALICE);
    scenario.says(BOB, ALICE);
    scenario.loses_one_as(Exemption::FormerPreKey);
}

/// Bob's device of status-go replaces its prekey, and is reinstalled under its old id. Its bundle
/// with the higher version reaches Alice after the one with the lower version, and she takes it for
/// news. With the next message that proves the lower one she goes back to it.
#[test]
fn a_higher_version_from_before_a_reinstall_costs_what_is_sent_until_the_lower_one_is_proven() {
    let mut scenario = Scenario::of("o|s");
    scenario.sends(BOB, 0);
    scenario.hours(25);
    let late = scenario.sends(BOB, 0);
    scenario.reinstalls(BOB, true);
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.reads(ALICE, late);
    scenario.says(ALICE, BOB);
    scenario.says(BOB, ALICE);
    scenario.says(ALICE, BOB);
    scenario.loses_one_as(Exemption::FormerPreKey);
}

/// Alice's first device is reinstalled under its old id. A reply of the second one would tell Bob
/// of its prekey, but is the second within two hours, and withheld. Then that device loses its
/// state.
#[test]
fn a_reply_that_the_limits_withheld_costs_what_is_sent_before_the_next() {
    let (first, second) = ((0, 0), (0, 1));
    let mut scenario = Scenario::of_paired("oo|s");
    scenario.says(first, BOB);
    scenario.reinstalls(second, false);
    let for_others = [scenario.sends(BOB, 0), scenario.sends(BOB, 0)];
    scenario.reads(second, for_others[0]);
    scenario.reinstalls(first, true);
    scenario.reads(second, for_others[1]);
    scenario.reinstalls(second, true);
    let lost = scenario.sends(BOB, 0);
    scenario.reads(first, lost);
    scenario.loses_one_as(Exemption::ReplyWithheld);
}

/// Bob is reinstalled, and Alice under a new id. Her frontend withholds the reply to what he sent
/// to her old one. So he knows of none of her devices when he writes next, which needs no reply,
/// and of one that is gone when he writes again.
#[test]
fn a_reply_that_a_device_withheld_costs_what_is_sent_after_it_was_reinstalled() {
    let mut scenario = Scenario::of("o|s");
    scenario.cast = scenario.cast.with_frontend(Frontend::SendsNoReplies);
    scenario.says(ALICE, BOB);
    let for_old_id = scenario.sends(BOB, 0);
    scenario.reinstalls(BOB, true);
    scenario.reinstalls(ALICE, false);
    let late = scenario.sends(ALICE, 1);
    scenario.reads(ALICE, for_old_id);
    scenario.reinstalls(ALICE, false);
    scenario.says(BOB, ALICE);
    scenario.reads(BOB, late);
    scenario.says(BOB, ALICE);
    scenario.loses_one_as(Exemption::ReplyWithheld);
}

/// Alice is reinstalled under her old id, and begins again on the prekey of Bob on which she began
/// before. Her earlier message arrives after that.
#[test]
fn what_was_sent_before_a_reinstall_under_an_old_id_is_lost_after_what_was_sent_since() {
    let mut scenario = Scenario::of("o|s");
    scenario.says(ALICE, BOB);
    let answers = [scenario.sends(BOB, 0), scenario.sends(BOB, 0)];
    // Her prekey is replaced, and with it the session that he began.
    scenario.hours(25);
    scenario.reads(ALICE, answers[0]);
    let before = scenario.sends(ALICE, 1);
    scenario.reinstalls(ALICE, true);
    scenario.reads(ALICE, answers[1]);
    scenario.says(ALICE, BOB);
    scenario.reads(BOB, before);
    scenario.loses_one_as(Exemption::FormerRatchet);
}

/// Alice has a device of each implementation, paired. Bob is reinstalled under his old id. The
/// reply of her device of ours lists the prekey of the other one, on which he began a session
/// before.
#[test]
fn a_session_that_status_go_begins_again_under_its_old_id_is_dead_to_another_device_of_status_go() {
    let (ours, theirs) = ((0, 0), (0, 1));
    let mut scenario = Scenario::of_paired("os|s");
    scenario.says(ours, BOB);
    scenario.hours(25);
    let before = scenario.sends(BOB, 0);
    scenario.reinstalls(BOB, true);
    scenario.reads(ours, before);
    let after = scenario.sends(BOB, 0);
    scenario.reads(ours, after);
    scenario.reads(theirs, before);
    scenario.reads(theirs, after);
    scenario.loses_one_as(Exemption::OldId);
}

/// Alice gets no answer, and begins session after session on one prekey. Her messages arrive in the
/// wrong order, so that Bob answers on the first session.
#[test]
fn an_answer_on_the_oldest_of_many_sessions_on_one_prekey_is_read() {
    const UNANSWERED: u64 = 3;
    let mut scenario = Scenario::of("o|o");
    scenario.cast.config.unanswered_messages = UNANSWERED;
    scenario.says(BOB, ALICE);
    let mut on_the_way = Vec::new();
    for _ in 0..7 {
        on_the_way.push(scenario.sends(ALICE, 1));
        for _ in 1..UNANSWERED {
            scenario.sends(ALICE, 1);
        }
    }
    for n in on_the_way.into_iter().rev() {
        scenario.reads(BOB, n);
    }
    scenario.says(BOB, ALICE);
    scenario.loses_nothing();
}

/// A linear congruential generator.
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

/// A month in which both send several times a day, each before reading what has arrived.
fn month(cast: Population, numbers: &mut Numbers) -> Scenario {
    let mut scenario = Scenario {
        cast,
        ops: Vec::new(),
        next: 0,
    };
    let mut waiting = [Vec::new(), Vec::new()];
    for _ in 0..30 {
        for _ in 0..2 + numbers.below(4) {
            scenario.hours(1 + numbers.below(8));
            for at in [ALICE, BOB] {
                if numbers.below(3) > 0 {
                    for _ in 0..=numbers.below(2) {
                        let n = scenario.sends(at, 1 - at.0);
                        waiting[1 - at.0].push(n);
                    }
                    for n in std::mem::take(&mut waiting[at.0]) {
                        scenario.reads(at, n);
                    }
                }
            }
        }
    }
    for at in [ALICE, BOB] {
        for n in std::mem::take(&mut waiting[at.0]) {
            scenario.reads(at, n);
        }
    }
    scenario
}

#[test]
fn in_a_month_in_which_both_write_before_they_read_nothing_is_lost() {
    for seed in 1..=4 {
        let mut scenario = month(Population::parse("o|s", false), &mut Numbers(seed));
        scenario.cast.seed = seed;
        let comparison = scenario.cast.compare_with_twin(&scenario.ops);
        let sent = usize::try_from(scenario.next).expect("few");
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

/// Some messages, a backup, more messages, and a restore. Both frontends do what `nextAction` says
/// and nothing else.
fn restored(devices: &str, restored: DeviceIndex, seed: u64) -> Scenario {
    let mut numbers = Numbers(seed);
    let mut scenario = Scenario {
        cast: Population::parse(devices, false).with_frontend(Frontend::FollowsNextAction),
        ops: Vec::new(),
        next: 0,
    };
    scenario.cast.seed = seed;
    for (most, then) in [(4, Op::BackUp(restored)), (6, Op::RestoreBackup(restored))] {
        for _ in 0..numbers.below(most) {
            let (from, to) = if numbers.below(2) == 0 {
                (ALICE, BOB)
            } else {
                (BOB, ALICE)
            };
            let n = scenario.sends(from, to.0);
            if numbers.below(4) > 0 {
                scenario.reads(to, n);
            }
            if numbers.below(4) == 0 {
                scenario.hours(1 + numbers.below(40));
            }
        }
        scenario.then(then);
    }
    scenario
}

/// How many restores of each kind are tried.
const RESTORES: u64 = 40;

#[test]
fn two_messages_each_way_after_a_restore_ours_read_everything_of_each_other() {
    for at in [ALICE, BOB] {
        for seed in 0..RESTORES {
            let scenario = restored("o|o", at, seed);
            let after = scenario.cast.converse_after(&scenario.ops, 2);
            assert!(after.unread.is_empty(), "{seed}: {:#?}", after.unread);
            assert!(after.diverging.is_empty(), "{seed}: {:?}", after.diverging);
        }
    }
}

/// status-go may go on with a session that the restored device has lost, until its own prekey is
/// replaced. It reads what it is sent at once.
#[test]
fn two_messages_each_way_after_a_restore_status_go_reads_everything() {
    for (devices, ours) in [("o|s", ALICE), ("s|o", BOB)] {
        for seed in 0..RESTORES {
            let scenario = restored(devices, ours, seed);
            let mut unread = scenario.cast.converse_after(&scenario.ops, 2).unread;
            unread.retain(|loss| loss.from == ours);
            assert!(unread.is_empty(), "{devices} {seed}: {unread:#?}");
        }
    }
}

#[test]
fn a_day_and_two_messages_each_way_after_a_restore_everything_of_status_go_is_read() {
    for (devices, ours) in [("o|s", ALICE), ("s|o", BOB)] {
        for seed in 0..RESTORES {
            let mut scenario = restored(devices, ours, seed);
            // It has to hear from the restored device, and to be due for a new prekey.
            scenario.says(ours, if ours == ALICE { BOB } else { ALICE });
            scenario.hours(25);
            let unread = scenario.cast.converse_after(&scenario.ops, 2).unread;
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
