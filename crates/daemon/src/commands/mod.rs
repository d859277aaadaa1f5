//! The subcommands.

pub mod backup;
pub mod call;
pub mod child;
pub mod conformance;
pub mod demo;
pub mod doctor;
pub mod events;
pub mod health;
pub mod link;
pub mod manual;
pub mod output;
pub mod qr;
pub mod reach;
pub mod rekey;
pub mod serve;
pub mod terminal;
pub mod usage;
pub mod verify;

/// Why a command was not done: one line saying what is wrong and what to do.
pub type Failure = Box<dyn std::error::Error>;
