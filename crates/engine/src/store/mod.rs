//! Where records are kept.
//!
//! [`Store`] is what the rules need of a database, and [`Transaction`] how several calls become one
//! durable commit. [`WriteBack`] caches over any such store; [`BoundedCache`] is for values that
//! can be computed again. `memory` is a store for tests, and `contract` the tests that every store
//! has to pass.

pub(crate) mod bounded_cache;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
mod record_event;
mod traits;
mod write_back;

pub(crate) use self::record_event::{record_dropped_keys, record_event, record_new_session};
pub use self::{
    bounded_cache::BoundedCache,
    traits::{Store, StoreRead, Transaction},
    write_back::WriteBack,
};
