//! ratchetd, the daemon: configuration, listeners, account workers, commands.
//!
//! The only crate that reads the operating system's time and randomness.

pub mod accounts;
pub mod api;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod conformance;
pub mod dev;
pub mod entropy;
pub mod events;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod probe;
pub mod qr;
pub mod server;
pub mod supervisor;
pub mod terminal;
pub mod timers;
pub mod topic_keys;
pub mod worker;
