//! The life of sessions (protocol §7).
//!
//! `lifecycle` decides which session of a device is active, `expiry` does what time alone does,
//! `next_sweep` tells when there is something of that to do, `rollback` expires all sessions of a
//! store that was put back, and `pairing` does what the user decides about devices.
//!
//! The standings of a session: it is *active* (at most one per device), *superseded* (it only
//! reads, and can become active again) or *expired* (it only reads, for good), and is erased 14
//! days after it stopped being active.

pub(crate) mod expiry;
pub(crate) mod lifecycle;
mod next_sweep;
mod pairing;
mod rollback;
