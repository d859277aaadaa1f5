//! The accounts of this daemon: their registry, the thread of each, their events, and what is kept
//! in memory for them.

mod check;
pub mod events;
mod gauges;
pub mod registry;
pub mod sweeps;
pub mod topic_keys;
pub mod worker;
