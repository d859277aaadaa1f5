//! Where the simulated devices keep their stores, and how these are backed up and restored.

use std::collections::BTreeMap;

use crate::{
    model::{Account, AccountName, RollbackKind, UnixMillis},
    store::{Transaction, memory::MemoryStore},
};

/// The disks of a world: one store for each device.
pub trait Disks {
    /// The store of one device.
    type Store: Transaction;

    /// Makes the empty store of a new device.
    fn create(&mut self, account: &Account) -> Self::Store;

    /// The device's process has ended, perhaps within a batch, and the next one opens its store.
    /// What was not committed is gone.
    fn reopen(&mut self, name: &AccountName, store: Self::Store) -> Self::Store;

    /// Backs up the store, which stays open. The backup replaces an earlier one.
    fn back_up(&mut self, name: &AccountName, store: &Self::Store);

    /// Between two processes of the device, replaces its store by the backup; what the store
    /// noticed of that. `None`, without any change, if there is no backup.
    fn restore_backup(
        &mut self,
        name: &AccountName,
        store: &mut Self::Store,
    ) -> Option<RollbackKind>;

    /// Makes the restored store the newest state of its account, within the open batch.
    fn accept_restored(&mut self, store: &mut Self::Store, at: UnixMillis, how: RollbackKind);
}

/// Stores in memory.
#[derive(Debug, Default)]
pub struct MemoryDisks {
    backups: BTreeMap<AccountName, MemoryStore>,
}

impl Disks for MemoryDisks {
    type Store = MemoryStore;

    fn create(&mut self, _: &Account) -> MemoryStore {
        MemoryStore::default()
    }

    fn reopen(&mut self, _: &AccountName, mut store: MemoryStore) -> MemoryStore {
        store.crash();
        store
    }

    fn back_up(&mut self, name: &AccountName, store: &MemoryStore) {
        let backup = store.backup().expect("a copy");
        self.backups.insert(name.clone(), backup);
    }

    fn restore_backup(
        &mut self,
        name: &AccountName,
        store: &mut MemoryStore,
    ) -> Option<RollbackKind> {
        *store = self.backups.get(name)?.backup().expect("a copy");
        Some(RollbackKind::Older)
    }

    fn accept_restored(&mut self, _: &mut MemoryStore, _: UnixMillis, _: RollbackKind) {}
}
