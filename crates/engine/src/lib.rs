//! The rules of conversational security: bundles, sessions, devices, fan-out, confirmation.
//!
//! An [`Engine`] is made for one account. Its functions are synchronous, and each takes the
//! [`store::Store`] to work on and an [`Env`] with the time and randomness: the engine knows no
//! database, no interface format and no clock.
//!
//! Rooms, each importing only from those before it: [`model`], [`store`], [`wire`], the engine
//! itself, the bundle we publish, [`sessions`], [`sealing`], [`groups`], sending, [`queries`],
//! [`contacts`], [`receive`], linking.

pub mod chat_clock;
pub mod contacts;
mod engine;
pub mod groups;
mod linking;
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
    engine::{Engine, PreKeyImport, ReceiveRequest, Remembered, SendRequest},
    model::{Config, Env},
    send::{GroupKeyRequest, GroupSendRequest, MembersSendRequest},
};
