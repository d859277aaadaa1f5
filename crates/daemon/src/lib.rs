//! ratchetd, the daemon: configuration, listeners, account workers, commands.
//!
//! The only crate that reads the operating system's time and randomness.

pub mod accounts;
pub mod api;
pub mod cli;
pub mod commands;
pub mod config;
pub mod conformance;
pub mod ops;
pub mod server;
