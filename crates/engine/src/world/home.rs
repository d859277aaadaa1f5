//! Where the devices of a world keep their stores.

use crate::{Account, AccountName, Transaction, memory::MemoryStore};

/// The disks of a world: a place for the store of every device.
pub trait Home {
    /// What is kept there.
    type Store: Transaction;

    /// Makes the empty store of a new device.
    fn create(&mut self, account: &Account) -> Self::Store;

    /// The device's process has ended, whatever it was doing, and the next one opens its store: what
    /// was not committed is gone.
    fn reopen(&mut self, name: &AccountName, store: Self::Store) -> Self::Store;
}

/// Stores in memory, with the contract of a disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

impl Home for InMemory {
    type Store = MemoryStore;

    fn create(&mut self, _: &Account) -> MemoryStore {
        MemoryStore::default()
    }

    fn reopen(&mut self, _: &AccountName, mut store: MemoryStore) -> MemoryStore {
        store.crash();
        store
    }
}
