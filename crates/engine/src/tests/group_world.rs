//! The invariants of groups and of their keys (protocol §10, §11) in the simulated world: with
//! engines, stores, crashes, clocks that jump, a member of status-go and one who forges.

use proptest::prelude::*;

use super::proptest_runner::runner;
use crate::world::{GroupStepWeights, GroupWorld, MemoryDisks};

const SCHEDULES: u32 = 150;
const MAX_STEPS: usize = 80;

#[test]
fn groups_and_their_keys_keep_the_invariants() {
    let (mut runner, seed) = runner(SCHEDULES);
    let weights = GroupStepWeights::of_groups();
    let step = any::<[u16; 5]>().prop_map(|numbers| weights.step(numbers));
    let schedule = (any::<u64>(), prop::collection::vec(step, 1..MAX_STEPS));
    let outcome = runner.run(&schedule, |(keys, steps)| {
        GroupWorld::build(MemoryDisks::default(), keys).run(&steps);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("RATCHETD_SEED={seed}\n{failure}");
    }
}
