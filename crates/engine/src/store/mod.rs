//! Where things are kept: what the rules need of a store, a write-back cache over one, and a store in
//! memory.

pub(crate) mod bounded_cache;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
mod record_event;
mod traits;
mod write_back;

pub(crate) use self::record_event::{record_event, record_new_session};
pub use self::{
    bounded_cache::BoundedCache,
    traits::{Store, StoreRead, Transaction},
    write_back::WriteBack,
};
