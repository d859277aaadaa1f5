//! At the door: who may pass, with what, how much and how slowly, seen from outside. `docs/api.md` §1, line by line.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test says what it expects by panicking, and why it is passed over; modules share their helpers"
)]

mod door;
mod flood;
mod forms;
mod pages;
mod patience;
mod peers;
mod sources;
mod tokens;
mod websocket;
mod wire;
