//! The rules of conversational security: bundles, sessions, devices, fan-out, confirmation.
//!
//! Synchronous functions over a [`Store`]; time and randomness come in as an
//! [`Env`]. The engine knows no database, no interface format and no clock.

mod accept;
mod account;
mod adopt;
mod answer;
mod attempt;
mod cached;
mod clocks;
mod config;
mod contacts;
mod copies;
mod copy;
mod displaced;
mod engine;
mod error;
mod event;
mod explain;
mod first_message;
mod gap;
mod inspect;
mod memo;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
mod own_prekeys;
mod pairing;
mod ratchet_message;
mod receive;
mod records;
mod remembered;
mod replies;
mod retired;
#[cfg(any(test, feature = "testing"))]
pub mod rewrite;
mod route;
mod sealing;
mod send;
mod standing;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod store_contract;
mod sweep;
mod targets;
#[cfg(test)]
mod tests;
mod time;
mod trouble;
mod view;
mod wire;
#[cfg(any(test, feature = "testing"))]
pub mod world;

pub use account::*;
pub use answer::*;
pub use cached::Cached;
pub use clocks::*;
pub use config::*;
pub use contacts::*;
pub use displaced::Displaced;
pub use engine::*;
pub use error::*;
pub use event::{DeviceName, Event, EventKind, KeyDropped, SessionName};
pub use explain::*;
pub use gap::*;
pub use inspect::*;
pub use records::*;
pub use remembered::Remembered;
pub use retired::*;
pub use sealing::*;
pub use store::*;
pub use sweep::SWEEP_INTERVAL;
pub use time::*;
pub use trouble::Trouble;
pub use view::*;
pub use wire::{
    MAX_BUNDLE_BYTES, MAX_CONTACT_CODE_CHARS, WireMessage, decode_contact_code, encode_contact_code,
};
