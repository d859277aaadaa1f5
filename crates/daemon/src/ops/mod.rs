//! What ties the process to its machine and to the person who runs it: time and randomness, log,
//! metrics, memory, the probe of readiness, and the supervisor that started it.

pub mod budget;
pub(crate) mod build;
pub mod clock;
pub mod dev;
pub mod entropy;
pub mod log;
mod log_queue;
pub mod memory;
pub mod metrics;
pub mod probe;
pub mod supervisor;
