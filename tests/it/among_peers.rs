//! Conversations with devices of status-go, and of ours with each other, that once lost messages
//! without a word: each told as a story over the interface of a daemon (protocol §3, §7).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test says what it expects by panicking; modules share their helpers"
)]

mod people;

mod one_session;

mod trials;

mod versions;

mod siblings;

mod answers;
