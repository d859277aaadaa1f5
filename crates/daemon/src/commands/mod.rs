//! The subcommands.

pub mod call;
pub mod conformance;
pub mod demo;
pub mod serve;
