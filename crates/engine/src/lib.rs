//! The rules of conversational security: bundles, sessions, devices, fan-out, confirmation.
//!
//! Synchronous functions over a [`store::Store`]; time and randomness come in as an [`Env`]. The
//! engine knows no database, no interface format and no clock.

pub mod chat_clock;
pub mod contacts;
mod engine;
pub mod model;
mod own_bundle;
pub mod queries;
pub mod receive;
pub mod sealing;
mod send;
pub mod sessions;
pub mod store;
#[cfg(test)]
mod tests;
pub mod wire;
#[cfg(any(test, feature = "testing"))]
pub mod world;

pub use self::{
    engine::{Engine, PreKeyImport, ReceiveRequest, SendRequest},
    model::{Config, Env},
};
