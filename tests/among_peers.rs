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

mod support;

#[path = "among_peers/people.rs"]
mod people;

#[path = "among_peers/one_session.rs"]
mod one_session;

#[path = "among_peers/trials.rs"]
mod trials;

#[path = "among_peers/versions.rs"]
mod versions;

#[path = "among_peers/siblings.rs"]
mod siblings;

#[path = "among_peers/answers.rs"]
mod answers;
