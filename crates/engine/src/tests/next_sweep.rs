//! When the next sweep is due (protocol §7): no sweep before it changes anything, and whoever
//! sweeps only then erases as one does who sweeps every hour.

use std::{mem, time::Duration};

use proptest::prelude::*;

use super::{proptest_runner::runner, *};
use crate::model::{KeyDropped, SWEEP_INTERVAL, Timekeeping};

impl TestDevice {
    fn next_sweep(&mut self) -> Duration {
        let env = Env {
            now: self.now,
            running: self.running,
            rng: &mut self.rng,
        };
        self.engine.next_sweep(&self.store, &env).unwrap()
    }

    /// Takes the engine, as when the account is closed, and makes it again. Gives what it
    /// remembered.
    fn reopen(&mut self) -> crate::Remembered {
        let config = self.engine.config.clone();
        let fresh = Engine::new(self.engine.account().clone(), config.clone());
        let remembered = mem::replace(&mut self.engine, fresh).into_remembered();
        self.engine =
            Engine::remembering(self.engine.account().clone(), config, remembered.clone());
        remembered
    }

    /// The device of another process on the same store.
    fn restart(&mut self) {
        self.engine = Engine::new(self.engine.account().clone(), self.engine.config.clone());
        self.running = Duration::ZERO;
    }

    fn copy(&mut self) -> Self {
        let remembered = self.reopen();
        Self {
            engine: Engine::remembering(
                self.engine.account().clone(),
                self.engine.config.clone(),
                remembered,
            ),
            store: self.store.backup().unwrap(),
            rng: SplitMix64(self.rng.0),
            now: self.now,
            running: self.running,
            key: self.key,
            id: self.id.clone(),
        }
    }

    /// Everything in the store but its clocks.
    fn records(&self) -> Vec<String> {
        let mut store = self.store.backup().unwrap();
        store.begin().unwrap();
        store.put_timekeeping(&Timekeeping::default()).unwrap();
        store.commit().unwrap();
        store.contents()
    }

    /// Whether a sweep after this time would change more than the clocks of the store.
    fn sweep_would_change(&mut self, after: Duration) -> bool {
        let mut copy = self.copy();
        copy.wait(after);
        let before = copy.records();
        copy.sweep();
        copy.records() != before
    }

    fn wait(&mut self, span: Duration) {
        self.later(u64::try_from(span.as_millis()).unwrap());
    }

    /// Two sweeps that agree, and the events so far.
    fn settle(&mut self) -> Vec<EventKind> {
        self.sweep();
        self.hours(1);
        self.events()
    }

    /// Waits until a sweep is due that does something: it is, and none before it. Gives how long
    /// that took, and the events.
    fn until_due(&mut self) -> (Duration, Vec<EventKind>) {
        let due = self.next_sweep();
        if let Some(before) = due.checked_sub(Duration::from_millis(1)) {
            assert!(!self.sweep_would_change(before));
        }
        assert!(self.sweep_would_change(due));
        self.wait(due);
        self.sweep();
        (due, self.events())
    }

    /// Lets a daemon run this long that sweeps only when that is due, and closes the account in
    /// between; gives how often it swept.
    fn run_as_told(&mut self, span: Duration) -> usize {
        let end = self.running + span;
        let mut sweeps = 0;
        loop {
            let due = self.next_sweep();
            self.reopen();
            if self.running + due > end {
                self.wait(end - self.running);
                return sweeps;
            }
            self.wait(due);
            self.sweep();
            sweeps += 1;
        }
    }
}

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

const MOMENT: Duration = Duration::from_millis(1);

/// A device whose prekey is not replaced within the times of these tests.
fn seldom_rotating(mut device: TestDevice) -> TestDevice {
    device.engine.config.prekey_rotation = hours(60 * 24);
    device
}

#[test]
fn a_new_account_is_swept_at_once_then_for_the_time_and_then_when_the_prekey_is_due() {
    let mut bob = TestDevice::new(2, "bob");
    assert_eq!(bob.until_due().0, Duration::ZERO);
    // Nothing is due, but the last sweep was the only one.
    assert_eq!(bob.next_sweep(), SWEEP_INTERVAL);
    bob.wait(hours(1));
    assert_eq!(bob.next_sweep(), Duration::ZERO);
    bob.sweep();
    let (after, events) = bob.until_due();
    assert_eq!(after, hours(23));
    assert!(matches!(events[..], [EventKind::BundleRotated { .. }]));
    // In another process the time is to be confirmed anew.
    bob.restart();
    assert_eq!(bob.next_sweep(), SWEEP_INTERVAL);
}

#[test]
fn a_stale_device_is_due_when_it_becomes_so() {
    let mut alice = seldom_rotating(TestDevice::new(1, "alice"));
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    alice.import_bundle(&phone.bundle());
    laptop.later(HOUR);
    alice.import_bundle(&laptop.bundle());
    let name = alice.known(phone.key, &phone.id).unwrap().name();
    alice.settle();
    let (after, events) = alice.until_due();
    assert!(after > hours(6 * 24) && after <= hours(7 * 24));
    assert_eq!(events, [EventKind::InstallationStale(name)]);
    assert_eq!(alice.next_sweep(), hours(60 * 24) - hours(1) - after);
}

#[test]
fn an_unconfirmed_key_and_an_answer_are_due_after_a_day_of_running() {
    let (mut alice, bob) = established();
    let mut bob = seldom_rotating(bob);
    bob.settle();
    let read = alice.send(bob.key, "read");
    bob.try_receive(alice.key, &read.wire, false).unwrap();
    let (after, events) = bob.until_due();
    assert_eq!(after, hours(24) + MOMENT);
    let dropped = EventKind::MessageKeyDropped {
        message: read.targets[0].message,
        why: KeyDropped::Unconfirmed,
    };
    assert_eq!(events, [dropped]);
    bob.try_send(&[alice.key], "once", Some("r")).unwrap();
    // The wall clock is no part of it.
    bob.now = UnixMillis(bob.now.0 + DAY);
    assert_eq!(bob.until_due().0, hours(24) + MOMENT);
    assert_eq!(bob.store.stored_answer("r").unwrap(), None);
}

#[test]
fn an_erasure_is_due_when_the_settled_time_says_so() {
    let (alice, bob) = established();
    let mut bob = seldom_rotating(bob);
    bob.settle();
    bob.reset(alice.key, None).unwrap();
    bob.events();
    let (after, events) = bob.until_due();
    assert_eq!(after, hours(14 * 24));
    assert!(matches!(events[..], [EventKind::SessionErased(_)]));
    // With it goes the prekey that was replaced then.
    assert!(bob.store.replaced_own_prekeys().unwrap().is_empty());

    // After a weekend in which the machine was off, two sweeps have to agree on the time.
    bob.engine.config.prekey_rotation = hours(24);
    bob.sweep();
    bob.engine.config.prekey_rotation = hours(60 * 24);
    assert_eq!(bob.store.replaced_own_prekeys().unwrap().len(), 1);
    bob.restart();
    bob.now = UnixMillis(bob.now.0 + 2 * DAY);
    bob.settle();
    assert_eq!(bob.until_due().0, hours(12 * 24));
    assert!(bob.store.replaced_own_prekeys().unwrap().is_empty());
}

#[test]
fn what_has_to_be_recorded_is_due_at_once() {
    let (_, bob) = established();
    let mut bob = seldom_rotating(bob);
    bob.settle();
    // As of a version that did not record it with the prekey.
    let signed = SignedPreKeyPair::generate(&mut bob.rng);
    bob.import(signed, None, 9);
    bob.events();
    let (after, events) = bob.until_due();
    assert_eq!(after, Duration::ZERO);
    assert!(matches!(events[..], [EventKind::SessionExpired(_)]));
}

#[test]
fn what_a_wrong_clock_has_dated_is_due_at_the_next_sweep_that_can_tell() {
    let (alice, bob) = established();
    let mut bob = seldom_rotating(bob);
    bob.settle();
    let right = bob.now;
    bob.now = UnixMillis(right.0 + 3650 * DAY);
    bob.reset(alice.key, None).unwrap();
    bob.now = right;
    bob.restart();
    bob.sweep();
    assert_eq!(bob.until_due().0, SWEEP_INTERVAL);
    // The prekey that was made by that clock was replaced an hour before.
    assert_eq!(bob.until_due().0, hours(14 * 24 - 1));
    assert_eq!(bob.until_due().0, hours(1));
    assert_eq!(bob.sessions(alice.key).len(), 0);
}

#[test]
fn a_clock_that_is_far_ahead_is_watched_every_hour_while_something_waits_for_it() {
    let (alice, bob) = established();
    let mut bob = seldom_rotating(bob);
    bob.settle();
    bob.reset(alice.key, None).unwrap();
    bob.restart();
    bob.now = UnixMillis(bob.now.0 + 30 * DAY);
    let sweeps = bob.run_as_told(hours(14 * 24 - 1));
    assert_eq!(sweeps, 14 * 24 - 1);
    assert_eq!(bob.sessions(alice.key).len(), 1);
    bob.run_as_told(hours(2));
    assert_eq!(bob.sessions(alice.key).len(), 0);
}

#[test]
fn an_account_that_is_closed_between_few_sweeps_erases_as_one_that_is_swept_each_hour() {
    let (alice, mut bob) = established();
    let mut hourly = bob.copy();
    let sweeps = bob.run_as_told(hours(60 * 24));
    // Rotation and erasure, each day.
    assert!(sweeps <= 2 * 60 + 2, "{sweeps}");
    hourly.hours(60 * 24);
    for device in [&bob, &hourly] {
        assert_eq!(device.sessions(alice.key).len(), 0);
        let kept = device.store.replaced_own_prekeys().unwrap().len();
        assert!((14..=15).contains(&kept), "{kept}");
        let settled = device.store.timekeeping().unwrap().settled;
        assert!(device.now.since(settled) <= hours(25));
    }
}

#[test]
fn a_daemon_that_runs_for_hours_each_day_still_erases() {
    let (alice, mut bob) = established();
    for _ in 0..40 {
        bob.restart();
        // Confirmed, and what is due by then.
        let sweeps = bob.run_as_told(hours(3));
        assert!(sweeps <= 6, "{sweeps}");
        bob.now = UnixMillis(bob.now.0 + 21 * HOUR);
    }
    assert_eq!(bob.sessions(alice.key).len(), 0);
    let kept = bob.store.replaced_own_prekeys().unwrap().len();
    assert!((14..=16).contains(&kept), "{kept}");
}

#[test]
fn the_running_time_goes_on_while_the_account_is_closed() {
    let (mut alice, bob) = established();
    let mut bob = seldom_rotating(bob);
    bob.settle();
    let read = alice.send(bob.key, "read");
    bob.try_receive(alice.key, &read.wire, false).unwrap();
    bob.wait(hours(20));
    bob.reopen();
    bob.wait(hours(4));
    assert_eq!(bob.next_sweep(), MOMENT);
}

/// What happens to Alice between two looks at when her next sweep is due.
#[derive(Clone, Copy, Debug)]
enum Act {
    Send { named: bool },
    Answer { confirm: bool },
    Skip,
    Reset,
    BundleOfPhone,
    BundleOfLaptop,
    Wait(u64),
    Jump(i64),
    Sweep,
    SweepWhenDue,
    Reopen,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let minutes = prop_oneof![0_u64..70, 0_u64..60 * 40, 0_u64..60 * 24 * 20];
    let jump = prop_oneof![-90_i64..90, -5000_i64..5000, -6_000_000_i64..6_000_000];
    prop_oneof![
        2 => any::<bool>().prop_map(|named| Act::Send { named }),
        3 => any::<bool>().prop_map(|confirm| Act::Answer { confirm }),
        1 => Just(Act::Skip),
        1 => Just(Act::Reset),
        1 => Just(Act::BundleOfPhone),
        1 => Just(Act::BundleOfLaptop),
        4 => minutes.prop_map(Act::Wait),
        1 => jump.prop_map(Act::Jump),
        4 => Just(Act::Sweep),
        6 => Just(Act::SweepWhenDue),
        1 => Just(Act::Reopen),
        1 => Just(Act::Restart),
    ]
}

struct Trio {
    alice: TestDevice,
    phone: TestDevice,
    laptop: TestDevice,
    number: u32,
}

impl Trio {
    fn act(&mut self, act: Act) {
        let Self {
            alice,
            phone,
            laptop,
            number,
        } = self;
        *number += 1;
        match act {
            Act::Send { named } => {
                let id = number.to_string();
                let sent = alice.try_send(&[phone.key], "text", named.then_some(&*id));
                for message in sent.unwrap().messages {
                    phone.receive(alice.key, &message);
                }
            }
            Act::Answer { confirm } => {
                let answer = phone.send(alice.key, "text");
                alice.try_receive(phone.key, &answer.wire, confirm).unwrap();
            }
            Act::Skip => drop(phone.send(alice.key, "lost")),
            Act::Reset => drop(alice.reset(phone.key, None)),
            Act::BundleOfPhone => drop(alice.import_bundle(&phone.bundle())),
            Act::BundleOfLaptop => drop(alice.import_bundle(&laptop.bundle())),
            Act::Wait(minutes) => pass(&mut [alice, phone, laptop], minutes * 60_000),
            Act::Jump(minutes) => {
                let now = i64::try_from(alice.now.0).unwrap() + minutes * 60_000;
                alice.now = UnixMillis(u64::try_from(now).unwrap());
            }
            Act::Sweep => alice.sweep(),
            Act::SweepWhenDue => {
                let due = u64::try_from(alice.next_sweep().as_millis()).unwrap();
                pass(&mut [alice, phone, laptop], due);
                alice.sweep();
            }
            Act::Reopen => drop(alice.reopen()),
            Act::Restart => alice.restart(),
        }
    }
}

/// No sweep before the due one changes anything, and the due one does, unless it is due for the
/// time alone.
fn check(alice: &mut TestDevice) {
    let due = alice.next_sweep();
    let cap = alice.engine.config.prekey_rotation;
    assert!(due <= cap);
    for early in [Duration::ZERO, due / 3, due.saturating_sub(MOMENT)] {
        let early = Duration::from_millis(u64::try_from(early.as_millis()).unwrap());
        assert!(
            early >= due || !alice.sweep_would_change(early),
            "{early:?} of {due:?}"
        );
    }
    let last = alice.engine.sweeps.comparable_in(alice.running).last();
    let repeated = last.map_or(SWEEP_INTERVAL, |(comparable_in, _)| comparable_in);
    assert!(
        due == cap || due == repeated || alice.sweep_would_change(due),
        "{due:?}"
    );
}

#[test]
fn a_sweep_changes_nothing_before_it_is_due_whatever_happened() {
    let (mut runner, seed) = runner(250);
    let schedule = prop::collection::vec(act(), 1..30);
    let outcome = runner.run(&schedule, |acts| {
        let (mut alice, mut phone) = established();
        let laptop = TestDevice::new(2, "laptop");
        alice.import_bundle(&phone.bundle());
        let mut trio = Trio {
            alice,
            phone,
            laptop,
            number: 0,
        };
        for act in acts {
            trio.act(act);
            check(&mut trio.alice);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("RATCHETD_SEED={seed}\n{failure}");
    }
}
