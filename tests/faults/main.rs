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

mod disk;
mod fault_injector;
mod host;
mod invariant_log;
mod kills;
mod load;
mod no_writes;
mod population;
mod power;
mod random;
mod run;
mod shim;
mod sweep_accounts;
mod sweep_commands;
mod sweep_messages;
mod sweep_power_cuts;

#[path = "../support/mod.rs"]
mod support;
