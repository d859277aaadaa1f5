//! At the door: who may pass, with what, how much and how slowly, seen from outside. `docs/api.md` §1, line by line.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test says what it expects by panicking, and why it is passed over; modules share their helpers"
)]

mod support;

#[path = "doors/door.rs"]
mod door;
#[path = "doors/flood.rs"]
mod flood;
#[path = "doors/forms.rs"]
mod forms;
#[path = "doors/pages.rs"]
mod pages;
#[path = "doors/patience.rs"]
mod patience;
#[path = "doors/peers.rs"]
mod peers;
#[path = "doors/sources.rs"]
mod sources;
#[path = "doors/tokens.rs"]
mod tokens;
#[path = "doors/websocket.rs"]
mod websocket;
#[path = "doors/wire.rs"]
mod wire;
