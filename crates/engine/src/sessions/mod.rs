//! Sessions: which of a device's is sent on, when they expire and are erased, and what ends them all.

pub(crate) mod expiry;
pub(crate) mod lifecycle;
mod pairing;
mod rollback;
