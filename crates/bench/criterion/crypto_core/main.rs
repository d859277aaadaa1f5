//! What the cryptography costs: the suites, vodozemac's Olm doing the same work, and the
//! primitives by themselves.
//!
//! All of it is the processor's time. Chains run: what is timed is the next message of a chain,
//! never its setting up. What an operation gives is dropped within its time, secrets wiped.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark says what it expects by panicking"
)]

mod bundles;
mod chains;
#[path = "../cpu_time.rs"]
mod cpu_time;
mod kem;
mod olm;
mod pair;
mod primitives;
mod setup;

use crypto_core::Suite;
use getrandom::SysRng;
use rand_core::UnwrapErr;

use self::cpu_time::{CpuTime, configured};

/// One for each curve.
const SUITES: [Suite; 2] = [Suite::X25519, Suite::Secp256k1];

/// The system's randomness, as the daemon uses it.
const fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn main() {
    let mut criterion = configured(CpuTime);
    chains::seal(&mut criterion);
    chains::open(&mut criterion);
    chains::skip(&mut criterion);
    chains::ping_pong(&mut criterion);
    setup::x3dh(&mut criterion);
    setup::session(&mut criterion);
    kem::kem(&mut criterion);
    bundles::bundle(&mut criterion);
    criterion.final_summary();
}
