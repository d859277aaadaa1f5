//! What the sources, the documents and the interface say of each other: the rules of the
//! architecture, the commands and names in the documents, closed sets, secrets, the OpenRPC document
//! and what a release is made of.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test says what it expects by panicking"
)]

mod architecture;
mod closed_sets;
mod documents;
mod openrpc;
mod release;
mod secrets;
mod sources;

#[path = "../support/mod.rs"]
mod support;
