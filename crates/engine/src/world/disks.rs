//! Where the devices of a world keep their stores.

use std::collections::BTreeMap;

use crate::{
    model::{Account, AccountName, RollbackKind, UnixMillis},
    store::{Transaction, memory::MemoryStore},
};

/// The disks of a world: a place for the store of every device.
pub trait Disks {
    /// What is kept there.
    type Store: Transaction;

    /// Makes the empty store of a new device.
    fn create(&mut self, account: &Account) -> Self::Store;

    /// The device's process has ended, whatever it was doing, and the next one opens its store: what
    /// was not committed is gone.
    fn reopen(&mut self, name: &AccountName, store: Self::Store) -> Self::Store;

    /// Makes a backup of the store, which stays open; it takes the place of an earlier one.
    fn back_up(&mut self, name: &AccountName, store: &Self::Store);

    /// The device's process has ended, the backup is put in the place of the store, and the next process opens it;
    /// `None` if there is no backup, and nothing has happened.
    fn restore_backup(
        &mut self,
        name: &AccountName,
        store: &mut Self::Store,
    ) -> Option<RollbackKind>;

    /// Makes the store that was put back the newest one, in the batch that is open.
    fn accept_restored(&mut self, store: &mut Self::Store, at: UnixMillis, how: RollbackKind);
}

/// Stores in memory, with the contract of a disk.
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
