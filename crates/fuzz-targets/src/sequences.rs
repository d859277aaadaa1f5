//! Sequences of operations of two to four devices in a simulated world.

use engine::{
    Config,
    world::{ActionKind, ActionWeights, MemoryDisks, World},
};

use crate::Seed;

/// Steps of one sequence; what follows is ignored.
const MAX_STEPS: usize = 48;
/// Bytes of one step: what happens, at which device, and two numbers more.
const STEP_BYTES: usize = 5;

/// Who is in the world, and what a seed calls them. A star marks devices like those of status-go.
/// A tilde marks an older program of ours, and two the suite x25519-mlkem768 left out.
const POPULATIONS: [(&str, &[&str]); 8] = [
    ("two phones", &["alice/phone", "bob/phone"]),
    ("two phones of status-go", &["alice/phone*", "bob/phone*"]),
    ("status-go and a phone", &["alice/phone*", "bob/phone"]),
    (
        "two devices and a phone",
        &["alice/phone", "alice/laptop", "bob/phone"],
    ),
    (
        "three people",
        &["alice/phone", "bob/phone", "carol/phone*"],
    ),
    (
        "two people of two devices",
        &["alice/phone", "alice/laptop", "bob/phone", "bob/laptop*"],
    ),
    ("old and new", &["alice/phone", "bob/phone~"]),
    (
        "all programs",
        &["alice/phone", "alice/laptop~", "bob/phone~~", "carol/phone"],
    ),
];
/// How they begin, by the second byte: whether they know each other, friends with their KEM
/// prekeys, and under what limits.
const STARTS: [&str; 4] = ["strangers", "acquainted", "friends", "little room"];

/// Runs a sequence in a world, whose oracle checks every action against protocol §7.
///
/// The first byte names the population, the second the limits and whether they know each other, the
/// third the keys.
pub fn sequences(input: &[u8]) {
    let [population, start, keys, steps @ ..] = input else {
        return;
    };
    let Some((_, population)) = POPULATIONS.get(usize::from(*population) % POPULATIONS.len())
    else {
        return;
    };
    let limits = if start % 4 == 3 {
        low_limits()
    } else {
        Config::default()
    };
    let weights = everything();
    let steps: Vec<_> = steps
        .chunks_exact(STEP_BYTES)
        .take(MAX_STEPS)
        .filter_map(|step| <[u8; STEP_BYTES]>::try_from(step).ok())
        .map(|[kind, at, which, low, high]| {
            let more = u16::from_le_bytes([low, high]);
            weights.action([kind.into(), at.into(), which.into(), more])
        })
        .collect();
    let mut world = World::build(MemoryDisks::default(), u64::from(*keys), population, limits);
    match start % 4 {
        0 => {}
        2 => world.introduce_fully(),
        _ => world.introduce(),
    }
    world.run(&steps);
}

/// Sends and deliveries of each population, and then whatever the numbers say; and what a relay
/// does to KEM prekeys, while they age and end.
#[must_use]
pub fn sequence_seeds() -> Vec<Seed> {
    // Each population twice, with two of the starts.
    let starts = STARTS.iter().zip(0..).cycle();
    let starts = starts.clone().take(8).chain(starts.skip(1));
    let casts = POPULATIONS.iter().cycle();
    let mut seeds = Vec::new();
    for (number, ((population, _), (start, mode))) in (0..16_u8).zip(casts.zip(starts)) {
        let mut seed = vec![number, mode, number];
        for step in 0..24_u8 {
            let kind = match step % 3 {
                0 => SEND,
                1 => DELIVER,
                _ => step.wrapping_mul(37).wrapping_add(number.wrapping_mul(11)),
            };
            seed.extend([kind, step / 2 + number, step, step.wrapping_mul(5), 0]);
        }
        seeds.push((format!("{population}, {start}"), seed));
    }
    for (population, (cast, _)) in (0_u8..).zip(POPULATIONS) {
        for (fault, what) in [(0, "stripped"), (2, "swapped"), (3, "replayed")] {
            let mut seed = vec![population, 1, population];
            seed.extend([RELAY, 0, 1, fault, 0]);
            for days in [5_u8, 12, 13, 14, 15] {
                // A message each way, and then days until KEM prekeys age, and end.
                seed.extend([SEND, 0, 1, 0, 0, DELIVER, 1, 0, 0, 0]);
                seed.extend([SEND, 1, 0, 0, 0, DELIVER, 0, 0, 0, 0]);
                seed.extend([WAIT, 0, 0, days, 0]);
            }
            seeds.push((format!("{cast}, {what}"), seed));
        }
    }
    seeds
}

/// Bytes of kinds of steps, as [`everything`] weighs them.
const SEND: u8 = 0;
const DELIVER: u8 = 33;
const WAIT: u8 = 76;
const RELAY: u8 = 129;

/// Every kind of step, so that the number of a kind is its byte.
fn everything() -> ActionWeights {
    ActionWeights::everyday()
        .and(5, ActionKind::CrashSending)
        .and(5, ActionKind::CrashReading)
        .and(3, ActionKind::Restart)
        .and(4, ActionKind::ClockJump)
        .and(3, ActionKind::CorrectClock)
        .and(3, ActionKind::Enable)
        .and(2, ActionKind::Disable)
        .and(3, ActionKind::Reset)
        .and(2, ActionKind::Reinstall)
        .and(2, ActionKind::BackUp)
        .and(2, ActionKind::RestoreBackup)
        .and(8, ActionKind::Relay)
        .and(3, ActionKind::Update)
}

/// Limits so low that those of protocol §1 are reached.
fn low_limits() -> Config {
    Config {
        max_sessions_per_device: 3,
        max_sessions_per_identity: 4,
        max_message_keys: 2,
        ..Config::default()
    }
}
