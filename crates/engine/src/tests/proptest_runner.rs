//! A `proptest` runner for random schedules. `RATCHETD_SEED` repeats a run.

use std::{
    env,
    hash::{BuildHasher as _, Hasher as _, RandomState},
};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A runner of this many schedules, and its seed.
pub(super) fn runner(schedules: u32) -> (TestRunner, u64) {
    let seed = env::var("RATCHETD_SEED").map_or_else(
        |_| RandomState::new().build_hasher().finish(),
        |seed| seed.parse().expect("RATCHETD_SEED is a number"),
    );
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
