//! Random schedules among our devices and simulated devices of status-go: they read what devices of
//! status-go alone would have read.
//!
//! A failing schedule is shrunk and shown with the seed of its run. `RATCHETD_SEED` draws others,
//! or those of a run again; `RATCHETD_SCHEDULES` sets how many schedules the long run takes in all.

use std::{collections::BTreeMap, env};

use crypto_core::Suite;
use proptest::prelude::*;

use super::proptest_runner::runner;
use crate::{
    model::Config,
    world::{Exemption, Frontend, Op, OpKind, OpWeights, Population, generate_schedule},
};

/// Devices, and the operations that are drawn.
struct Setup {
    /// One is drawn for each schedule (see [`Population::parse`]).
    populations: &'static [&'static str],
    weights: fn() -> OpWeights,
    config: fn() -> Config,
    /// Two of our devices must end on one session.
    converges: bool,
}

/// The length of a schedule is less than this.
const MAX_OPS: usize = 70;

/// Schedules of each setup in an everyday run.
const EVERYDAY: u32 = 40;

const SETUPS: &[(&str, Setup)] = &[
    ("one device a side", ONE_A_SIDE),
    ("siblings of both makes", SIBLINGS),
    ("two or three devices", TWO_OR_THREE),
    ("clocks", CLOCKS),
    ("resets and restores", RESETS_AND_RESTORES),
    ("reinstalls", REINSTALLS),
    ("ours in the suite of status-go", OURS_ON_SECP256K1),
    ("ours in suite x25519", OURS_ON_X25519),
];

/// Messages, read late, out of order or never.
fn talk() -> OpWeights {
    OpWeights::of(&[
        (30, OpKind::Send),
        (28, OpKind::ReadNext),
        (12, OpKind::ReadAny),
        (3, OpKind::ReadUnconfirmed),
        (4, OpKind::Lose),
        (12, OpKind::WaitHours),
        (1, OpKind::WaitDays),
    ])
}

/// Messages that are all confirmed, for schedules with faults of another kind.
fn confirmed_talk() -> OpWeights {
    OpWeights::of(&[
        (30, OpKind::Send),
        (28, OpKind::ReadNext),
        (12, OpKind::ReadAny),
        (4, OpKind::Lose),
        (10, OpKind::WaitHours),
        (1, OpKind::WaitDays),
    ])
}

const ONE_A_SIDE: Setup = Setup {
    populations: &["o|s"],
    weights: talk,
    config: Config::default,
    converges: false,
};

const SIBLINGS: Setup = Setup {
    populations: &["os|s", "os|o", "os|os"],
    ..ONE_A_SIDE
};

const TWO_OR_THREE: Setup = Setup {
    populations: &["oo|ss", "oos|ss", "sso|os", "ooo|sss"],
    ..ONE_A_SIDE
};

const CLOCKS: Setup = Setup {
    populations: &["o|s", "os|s"],
    weights: || confirmed_talk().and(6, OpKind::Clock),
    ..ONE_A_SIDE
};

const RESETS_AND_RESTORES: Setup = Setup {
    populations: &["o|s", "os|s"],
    weights: || {
        confirmed_talk()
            .and(3, OpKind::Reset)
            .and(4, OpKind::BackUp)
            .and(3, OpKind::RestoreBackup)
    },
    ..ONE_A_SIDE
};

const REINSTALLS: Setup = Setup {
    populations: &["o|s", "os|s", "oo|s"],
    weights: || confirmed_talk().and(4, OpKind::Reinstall),
    ..ONE_A_SIDE
};

const OURS_ON_SECP256K1: Setup = Setup {
    populations: &["o|o"],
    config: only_secp256k1,
    converges: true,
    ..ONE_A_SIDE
};

const OURS_ON_X25519: Setup = Setup {
    populations: &["o|o", "oo|o", "oo|oo"],
    weights: || talk().and(4, OpKind::Reset),
    converges: true,
    ..ONE_A_SIDE
};

fn only_secp256k1() -> Config {
    Config {
        suites: vec![Suite::Secp256k1],
        ..Config::default()
    }
}

/// The totals of a run.
#[derive(Debug, Default)]
struct Count {
    schedules: usize,
    demanded: usize,
    exempt: BTreeMap<Exemption, usize>,
}

/// The random choices of one schedule.
#[derive(Clone, Debug)]
struct Drawn {
    keys: u64,
    population: usize,
    paired: bool,
    sealed: bool,
    frontend: usize,
    all_arrives: bool,
    draws: Vec<[u16; 4]>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let draws = prop::collection::vec(any::<[u16; 4]>(), 1..MAX_OPS);
    let flags = any::<[bool; 3]>();
    (any::<u64>(), any::<usize>(), flags, 0_usize..8, draws).prop_map(
        |(keys, population, [paired, sealed, all_arrives], frontend, draws)| Drawn {
            keys,
            population,
            paired,
            sealed,
            frontend,
            all_arrives,
            draws,
        },
    )
}

impl Setup {
    fn population(&self, drawn: &Drawn) -> Population {
        // Most frontends send their replies.
        let frontend = match drawn.frontend {
            0..3 => Frontend::SendsReplies,
            3..6 => Frontend::FollowsNextAction,
            6 => Frontend::SendsSomeReplies,
            _ => Frontend::SendsNoReplies,
        };
        let described = self.populations[drawn.population % self.populations.len()];
        let mut population = Population::parse(described, drawn.paired).with_frontend(frontend);
        population.sealed = drawn.sealed;
        population.config = (self.config)();
        population.seed = drawn.keys;
        population
    }

    fn schedule(&self, population: &Population, drawn: &Drawn) -> Vec<Op> {
        let counts: Vec<usize> = population.devices.iter().map(Vec::len).collect();
        generate_schedule(&counts, &(self.weights)(), &drawn.draws, drawn.all_arrives)
    }

    /// Runs this many schedules; if one fails, the seed and the shrunk schedule.
    fn run(&self, schedules: u32) -> Result<Count, String> {
        let (mut runner, seed) = runner(schedules);
        let count = std::cell::RefCell::new(Count::default());
        let outcome = runner.run(&drawn(), |drawn| {
            let population = self.population(&drawn);
            let schedule = self.schedule(&population, &drawn);
            let comparison = population.compare_with_twin(&schedule);
            if let Some(loss) = comparison.losses.first() {
                return Err(TestCaseError::fail(format!("{loss:?}")));
            }
            if self.converges {
                let after = population.converse_after(&schedule, 2);
                if !after.unread.is_empty() || !after.diverging.is_empty() {
                    return Err(TestCaseError::fail(format!("{after:?}")));
                }
            }
            let mut count = count.borrow_mut();
            count.schedules += 1;
            count.demanded += comparison.demanded;
            for (exemption, times) in comparison.exempt {
                *count.exempt.entry(exemption).or_default() += times;
            }
            Ok(())
        });
        match outcome {
            Ok(()) => Ok(count.into_inner()),
            Err(proptest::test_runner::TestError::Fail(reason, drawn)) => {
                let population = self.population(&drawn);
                let steps: Vec<String> = self
                    .schedule(&population, &drawn)
                    .iter()
                    .map(|op| format!("  {op:?}"))
                    .collect();
                Err(format!(
                    "RATCHETD_SEED={seed}\n{reason}\n{:?}, paired {}\n{}",
                    population.devices,
                    population.paired,
                    steps.join("\n")
                ))
            }
            Err(aborted) => Err(aborted.to_string()),
        }
    }
}

fn everyday(setup: &Setup) {
    if let Err(failure) = setup.run(EVERYDAY) {
        panic!("{failure}");
    }
}

#[test]
fn one_device_a_side_reads_what_status_go_would_have_read() {
    everyday(&ONE_A_SIDE);
}

#[test]
fn siblings_of_both_makes_read_what_status_go_would_have_read() {
    everyday(&SIBLINGS);
}

#[test]
fn two_or_three_devices_read_what_status_go_would_have_read() {
    everyday(&TWO_OR_THREE);
}

#[test]
fn devices_with_wrong_clocks_read_what_status_go_would_have_read() {
    everyday(&CLOCKS);
}

#[test]
fn resets_and_restores_cost_nothing_that_status_go_would_have_read() {
    everyday(&RESETS_AND_RESTORES);
}

#[test]
fn reinstalled_devices_read_what_status_go_would_have_read() {
    everyday(&REINSTALLS);
}

#[test]
fn two_of_ours_in_the_suite_of_status_go_read_what_it_would_have_read() {
    everyday(&OURS_ON_SECP256K1);
}

#[test]
fn ours_read_whatever_is_lost_or_late_around_it() {
    everyday(&OURS_ON_X25519);
}

/// `RATCHETD_SCHEDULES=20000 cargo test -p engine --release -- --ignored many_mixed_schedules`
#[test]
#[ignore = "takes minutes"]
fn many_mixed_schedules_read_what_status_go_would_have_read() {
    let schedules: u32 = env::var("RATCHETD_SCHEDULES").map_or(20_000, |count| {
        count.parse().expect("RATCHETD_SCHEDULES is a number")
    });
    let each = schedules / u32::try_from(SETUPS.len()).expect("few setups");
    let mut failures = Vec::new();
    for (name, setup) in SETUPS {
        match setup.run(each) {
            Ok(count) => println!(
                "{name}: {} schedules, messages: {} read, but for {:?}",
                count.schedules, count.demanded, count.exempt
            ),
            Err(failure) => {
                println!("{name}: {failure}");
                failures.push(*name);
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}
