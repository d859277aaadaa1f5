//! Where things are kept: what the rules need of a store, a write-back cache over one, and a store in
//! memory.

pub(crate) mod bounded_cache;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
pub(crate) mod duplicate;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
mod traits;
mod write_back;

pub use self::{
    bounded_cache::Remembered,
    traits::{Store, StoreError, StoreRead, Transaction},
    write_back::Cached,
};
