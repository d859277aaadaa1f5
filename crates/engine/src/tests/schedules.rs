//! The invariants of protocol §7 under random schedules: messages that are lost, repeated, withheld
//! and forged, clocks that jump, processes that crash, devices that lose their state.
//!
//! A failing schedule is shrunk and shown with the seed of its run. `RATCHETD_SEED` draws others,
//! or those of a run again; `RATCHETD_SCHEDULES` sets how many schedules the long run runs of each
//! setup.

use std::env;

use proptest::prelude::*;

use super::proptest_runner::runner;
use crate::{
    model::Config,
    world::{ActionKind, ActionWeights, MemoryDisks, World},
};

/// Devices, and the actions that are drawn.
struct Setup {
    devices: &'static [&'static str],
    weights: ActionWeights,
    limits: Config,
}

impl Setup {
    fn new(devices: &'static [&'static str], weights: ActionWeights) -> Self {
        Self {
            devices,
            weights,
            limits: Config::default(),
        }
    }
}

/// The length of a schedule is less than this.
const MAX_ACTIONS: usize = 40;

/// Both leave suite x25519-mlkem768 out: what is said of x25519 holds without it, too.
fn one_device_a_side() -> Setup {
    Setup::new(&["alice/phone~~", "bob/phone~~"], ActionWeights::everyday())
}

fn suites_of_status_go() -> Setup {
    Setup::new(&["alice/phone*", "bob/phone*"], ActionWeights::everyday())
}

fn mixed_suites() -> Setup {
    Setup::new(&["alice/phone*", "bob/phone"], ActionWeights::everyday())
}

fn two_devices_a_side() -> Setup {
    Setup::new(
        &["alice/phone", "alice/laptop", "bob/phone", "bob/laptop"],
        ActionWeights::everyday()
            .and(3, ActionKind::Enable)
            .and(1, ActionKind::Disable)
            .and(2, ActionKind::Reset),
    )
}

fn crashes_and_clocks() -> Setup {
    Setup::new(
        &["alice/phone", "bob/phone"],
        ActionWeights::everyday()
            .and(5, ActionKind::CrashSending)
            .and(5, ActionKind::CrashReading)
            .and(3, ActionKind::Restart)
            .and(4, ActionKind::ClockJump)
            .and(3, ActionKind::CorrectClock),
    )
}

fn lost_states() -> Setup {
    Setup::new(
        &["alice/phone", "bob/phone", "carol/phone*"],
        ActionWeights::everyday()
            .and(3, ActionKind::Reinstall)
            .and(2, ActionKind::Reset)
            .and(2, ActionKind::Restart),
    )
}

fn restored_stores() -> Setup {
    Setup::new(
        &["alice/phone", "alice/laptop", "bob/phone", "carol/phone*"],
        ActionWeights::everyday()
            .and(4, ActionKind::BackUp)
            .and(4, ActionKind::RestoreBackup)
            .and(2, ActionKind::Restart)
            .and(1, ActionKind::ClockJump)
            .and(1, ActionKind::Enable),
    )
}

fn contacts() -> Setup {
    Setup::new(
        &["alice/phone", "bob/phone~~", "carol/phone*"],
        ActionWeights::everyday()
            .and(16, ActionKind::Decide)
            .and(2, ActionKind::CrashReading)
            .and(2, ActionKind::Restart)
            .and(1, ActionKind::Reinstall)
            .and(1, ActionKind::BackUp)
            .and(1, ActionKind::RestoreBackup),
    )
}

/// Limits so low that every one of protocol §1 is reached: messages are lost to them, but nothing
/// else.
fn low_limits() -> Setup {
    Setup {
        devices: &["alice/phone", "alice/laptop", "bob/phone"],
        weights: ActionWeights::everyday()
            .and(6, ActionKind::Drop)
            .and(3, ActionKind::Reset)
            .and(2, ActionKind::Enable),
        limits: Config {
            max_sessions_per_device: 3,
            max_sessions_per_identity: 4,
            max_message_keys: 2,
            ..Config::default()
        },
    }
}

/// Two devices, and all that may go wrong between them beside a relay that meddles with KEM
/// prekeys.
fn post_quantum_pair() -> Setup {
    Setup::new(
        &["alice/phone", "bob/phone"],
        ActionWeights::everyday()
            .and(16, ActionKind::Relay)
            .and(2, ActionKind::CrashSending)
            .and(2, ActionKind::CrashReading)
            .and(2, ActionKind::ClockJump)
            .and(2, ActionKind::Reset)
            .and(1, ActionKind::Reinstall)
            .and(1, ActionKind::BackUp)
            .and(1, ActionKind::RestoreBackup),
    )
}

/// Devices of several programs, which are updated.
fn post_quantum() -> Setup {
    Setup::new(
        &["alice/phone", "alice/laptop~", "bob/phone~~", "carol/phone"],
        ActionWeights::everyday()
            .and(12, ActionKind::Relay)
            .and(4, ActionKind::Update)
            .and(2, ActionKind::Enable)
            .and(2, ActionKind::Reset)
            .and(1, ActionKind::Reinstall),
    )
}

/// Runs this many random schedules of a setup.
fn run(setup: &Setup, schedules: u32) {
    let (mut runner, seed) = runner(schedules);
    let actions = any::<[u16; 4]>().prop_map(|numbers| setup.weights.action(numbers));
    // In one schedule of four the devices do not know each other yet, in one more they know no KEM
    // prekeys.
    let schedule = (
        any::<u64>(),
        0_u8..4,
        prop::collection::vec(actions, 1..MAX_ACTIONS),
    );
    let outcome = runner.run(&schedule, |(keys, known, actions)| {
        let mut world = World::build(
            MemoryDisks::default(),
            keys,
            setup.devices,
            setup.limits.clone(),
        );
        match known {
            0 => {}
            1 => world.introduce(),
            _ => world.introduce_fully(),
        }
        world.run(&actions);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("RATCHETD_SEED={seed}\n{failure}");
    }
}

#[test]
fn one_device_a_side_keeps_the_invariants() {
    run(&one_device_a_side(), 2500);
}

#[test]
fn the_suite_of_status_go_keeps_the_invariants() {
    run(&suites_of_status_go(), 1500);
}

#[test]
fn mixed_suites_keep_the_invariants() {
    run(&mixed_suites(), 1500);
}

#[test]
fn two_devices_a_side_keep_the_invariants() {
    run(&two_devices_a_side(), 1000);
}

#[test]
fn crashes_and_jumping_clocks_keep_the_invariants() {
    run(&crashes_and_clocks(), 2000);
}

#[test]
fn lost_states_keep_the_invariants() {
    run(&lost_states(), 1000);
}

#[test]
fn restored_stores_keep_the_invariants() {
    run(&restored_stores(), 1000);
}

#[test]
fn contacts_that_ask_and_are_answered_keep_the_invariants() {
    run(&contacts(), 1500);
}

#[test]
fn low_limits_cost_nothing_but_messages() {
    run(&low_limits(), 1000);
}

#[test]
fn two_devices_keep_the_invariants_of_the_post_quantum_suite() {
    run(&post_quantum_pair(), 4500);
}

#[test]
fn old_and_new_programs_keep_the_invariants_of_the_post_quantum_suite() {
    run(&post_quantum(), 2500);
}

/// `RATCHETD_SCHEDULES=100000 cargo test -p engine --release -- --ignored many_schedules`
#[test]
#[ignore = "takes hours"]
fn many_schedules_keep_the_invariants() {
    let schedules = env::var("RATCHETD_SCHEDULES").map_or(10_000, |count| {
        count.parse().expect("RATCHETD_SCHEDULES is a number")
    });
    for setup in [
        one_device_a_side(),
        suites_of_status_go(),
        mixed_suites(),
        two_devices_a_side(),
        crashes_and_clocks(),
        lost_states(),
        restored_stores(),
        contacts(),
        low_limits(),
        post_quantum_pair(),
        post_quantum(),
    ] {
        run(&setup, schedules);
    }
}
