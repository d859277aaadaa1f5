//! A `proptest` runner for random schedules.

use std::env;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed of an ordinary run. It is the same each time, so that a change is judged by what it
/// changed; `tests/long.sh` draws a new one.
const SEED: u64 = 29;

/// A runner of this many schedules, and its seed, which `RATCHETD_SEED` sets.
pub(super) fn runner(schedules: u32) -> (TestRunner, u64) {
    let seed = env::var("RATCHETD_SEED").map_or(SEED, |seed| {
        seed.parse().expect("RATCHETD_SEED is a number")
    });
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: schedules,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    (TestRunner::new_with_rng(config, rng), seed)
}
