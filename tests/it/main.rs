//! End to end: the real binary in a process of its own, spoken to over its sockets. One module a
//! topic, all in one binary, so that what they share is compiled and linked once.
//!
//! The tests of all modules run side by side in this process. None changes what they share: the
//! environment, the working directory, limits of the process. Where a daemon has to find one of
//! these changed, it is changed in the daemon's process.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "a test says what it expects by panicking, and why it is passed over"
)]

mod among_peers;
mod at_rest;
mod backup;
mod commands;
mod conformance;
mod contacts;
mod containers;
mod conversation;
mod devices;
mod doctor;
mod doors;
mod envelopes;
mod errors;
mod events;
mod explain;
mod group_keys;
mod groups;
mod hosting;
mod identity;
mod keystores;
mod life_of_a_session;
mod linking;
mod listeners;
mod membership;
mod metrics;
mod operation;
mod output;
mod post_quantum;
mod process;
mod rekey;
mod rollback;
mod sealed;
mod supervised;
mod warnings;

#[path = "../support/mod.rs"]
mod support;
