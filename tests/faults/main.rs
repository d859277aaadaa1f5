//! Faults: daemons killed under load, disks that fail, power that goes. Whatever happens, no
//! ratchet position is used twice, nothing that was answered is lost, and no message reaches some
//! of its devices only.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test says what it expects by panicking"
)]

mod deaths;
mod disk;
mod kills;
mod ledger;
mod load;
mod moves;
mod places;
mod power;
mod random;
mod run;
mod shim;
mod site;
mod sweep;
mod town;
mod unchanged;
mod weather;

#[path = "../support/mod.rs"]
mod support;
