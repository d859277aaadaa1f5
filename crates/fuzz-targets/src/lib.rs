//! What the fuzzers run: for each parser a function that takes any bytes, and one for sequences of
//! operations.
//!
//! A function returns if all is well and panics where a property does not hold. `fuzz/` gives them
//! to libFuzzer; `tests/corpora.rs` runs the inputs that are kept, on any toolchain.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a property that does not hold is told by panicking"
)]

mod bundle;
mod config;
mod contact_code;
mod device;
mod envelope;
mod group;
mod group_key;
mod keys;
mod keystore;
mod link;
mod mlkem;
mod parameters;
mod phrase;
mod receive;
mod sequences;
mod wire;

pub use self::{
    bundle::{bundle, bundle_seeds},
    config::config,
    contact_code::contact_code,
    envelope::{envelope, envelope_seeds},
    group::{group, group_seeds},
    group_key::{group_key, group_key_seeds},
    keys::keys,
    keystore::keystore,
    link::{link, link_seeds},
    mlkem::mlkem,
    parameters::{parameter_seeds, parameters},
    phrase::phrase,
    receive::{receive, receive_seeds},
    sequences::{sequence_seeds, sequences},
    wire::wire,
};

/// An input that fuzzing begins with, under a name that says what it is.
pub type Seed = (String, Vec<u8>);

/// A target: its name, which is that of its corpus too, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("wire", wire),
    ("receive", receive),
    ("bundle", bundle),
    ("contact_code", contact_code),
    ("keys", keys),
    ("keystore", keystore),
    ("phrase", phrase),
    ("config", config),
    ("parameters", parameters),
    ("envelope", envelope),
    ("group", group),
    ("group_key", group_key),
    ("link", link),
    ("mlkem", mlkem),
    ("sequences", sequences),
];
