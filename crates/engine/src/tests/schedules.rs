//! The invariants of protocol §7 under schedules drawn by lot: what is sent, lost, repeated, withheld, forged,
//! and when clocks jump, processes die and devices start over.
//!
//! A failing schedule is shrunk and shown with the seed of its run; `RATCHETD_SEED` repeats a run,
//! `RATCHETD_SCHEDULES` sets how many schedules the long run takes from each mix.

use std::env;

use proptest::prelude::*;

use super::proptest_runner::runner;
use crate::{
    model::Config,
    world::{ActionKind, ActionWeights, MemoryDisks, World},
};

/// Devices, and what may happen to them.
struct Course {
    devices: &'static [&'static str],
    mix: ActionWeights,
    limits: Config,
}

/// Steps of a schedule, at most.
const STEPS: usize = 40;

fn one_device_a_side() -> Course {
    Course {
        devices: &["alice/phone", "bob/phone"],
        mix: ActionWeights::everyday(),
        limits: Config::default(),
    }
}

fn suites_of_status_go() -> Course {
    Course {
        devices: &["alice/phone*", "bob/phone*"],
        mix: ActionWeights::everyday(),
        limits: Config::default(),
    }
}

fn mixed_suites() -> Course {
    Course {
        devices: &["alice/phone*", "bob/phone"],
        mix: ActionWeights::everyday(),
        limits: Config::default(),
    }
}

fn two_devices_a_side() -> Course {
    Course {
        devices: &["alice/phone", "alice/laptop", "bob/phone", "bob/laptop"],
        mix: ActionWeights::everyday()
            .and(3, ActionKind::Enable)
            .and(1, ActionKind::Disable)
            .and(2, ActionKind::Reset),
        limits: Config::default(),
    }
}

fn crashes_and_clocks() -> Course {
    Course {
        devices: &["alice/phone", "bob/phone"],
        mix: ActionWeights::everyday()
            .and(5, ActionKind::CrashSending)
            .and(5, ActionKind::CrashReading)
            .and(3, ActionKind::Restart)
            .and(4, ActionKind::ClockJump)
            .and(3, ActionKind::CorrectClock),
        limits: Config::default(),
    }
}

fn lost_states() -> Course {
    Course {
        devices: &["alice/phone", "bob/phone", "carol/phone*"],
        mix: ActionWeights::everyday()
            .and(3, ActionKind::Reinstall)
            .and(2, ActionKind::Reset)
            .and(2, ActionKind::Restart),
        limits: Config::default(),
    }
}

fn stores_put_back() -> Course {
    Course {
        devices: &["alice/phone", "alice/laptop", "bob/phone", "carol/phone*"],
        mix: ActionWeights::everyday()
            .and(4, ActionKind::BackUp)
            .and(4, ActionKind::RestoreBackup)
            .and(2, ActionKind::Restart)
            .and(1, ActionKind::ClockJump)
            .and(1, ActionKind::Enable),
        limits: Config::default(),
    }
}

/// So little room that every limit of protocol §1 is met: messages are lost to it, but nothing else.
fn little_room() -> Course {
    Course {
        devices: &["alice/phone", "alice/laptop", "bob/phone"],
        mix: ActionWeights::everyday()
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

/// Lets so many schedules of a course happen.
fn run(course: &Course, schedules: u32) {
    let (mut runner, seed) = runner(schedules);
    let mix = course.mix.clone();
    let steps = any::<[u16; 4]>().prop_map(move |numbers| mix.action(numbers));
    // One schedule in four begins among strangers.
    let schedule = (
        any::<u64>(),
        0_u8..4,
        prop::collection::vec(steps, 1..STEPS),
    );
    let outcome = runner.run(&schedule, |(keys, known, steps)| {
        let mut world = World::build(
            MemoryDisks::default(),
            keys,
            course.devices,
            course.limits.clone(),
        );
        if known > 0 {
            world.introduce();
        }
        world.run(&steps);
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
fn stores_that_are_put_back_keep_the_invariants() {
    run(&stores_put_back(), 1000);
}

#[test]
fn little_room_costs_nothing_but_messages() {
    run(&little_room(), 1000);
}

/// `RATCHETD_SCHEDULES=100000 cargo test -p engine --release -- --ignored many_schedules`
#[test]
#[ignore = "takes hours"]
fn many_schedules_keep_the_invariants() {
    let schedules = env::var("RATCHETD_SCHEDULES").map_or(10_000, |count| {
        count.parse().expect("RATCHETD_SCHEDULES is a number")
    });
    for course in [
        one_device_a_side(),
        suites_of_status_go(),
        mixed_suites(),
        two_devices_a_side(),
        crashes_and_clocks(),
        lost_states(),
        stores_put_back(),
        little_room(),
    ] {
        run(&course, schedules);
    }
}
