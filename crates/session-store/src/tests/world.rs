//! The simulated world of the engine on real databases: a process that dies leaves its files as
//! they are, and the next one opens them.

use std::{fs, path::PathBuf};

use engine::{
    Config,
    model::{Account, AccountName, RollbackKind, UnixMillis},
    store::Transaction as _,
    world::{ActionKind, ActionWeights, Disks, GroupStepWeights, GroupWorld, World},
};
use proptest::prelude::*;

use super::{account, open};
use crate::{DataDir, Found, SqliteStore};

/// The databases of all devices of a world, in one directory.
struct SqliteDisks {
    directory: DataDir,
    scratch: tempfile::TempDir,
}

impl SqliteDisks {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        Self {
            directory: open(scratch.path()).unwrap(),
            scratch,
        }
    }
}

impl SqliteDisks {
    fn backup_of(&self, name: &AccountName) -> PathBuf {
        self.scratch.path().join(format!("backup-{name}"))
    }

    /// The database, what SQLite keeps beside it, and its sidecar.
    fn files_of(&self, name: &AccountName) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.scratch.path().join("accounts")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let own = format!("{name}.");
        paths
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.starts_with(&own)
            })
            .collect()
    }
}

impl Disks for SqliteDisks {
    type Store = SqliteStore;

    fn create(&mut self, account: &Account) -> SqliteStore {
        self.directory.create_account(account).unwrap()
    }

    fn reopen(&mut self, name: &AccountName, store: SqliteStore) -> SqliteStore {
        // In the middle of a batch, if that is where the process died.
        drop(store);
        self.directory.open_account(name).unwrap().1
    }

    fn back_up(&mut self, name: &AccountName, _: &SqliteStore) {
        let backup = self.backup_of(name);
        let _ = fs::remove_dir_all(&backup);
        fs::create_dir_all(&backup).unwrap();
        for file in self.files_of(name) {
            fs::copy(&file, backup.join(file.file_name().unwrap())).unwrap();
        }
    }

    fn restore_backup(
        &mut self,
        name: &AccountName,
        store: &mut SqliteStore,
    ) -> Option<RollbackKind> {
        let backup = fs::read_dir(self.backup_of(name)).ok()?;
        // Otherwise the backup may be of the newest state, which is no older one.
        store.begin().unwrap();
        store.abort().unwrap();
        // Some store, so that this one is closed.
        let place = account(&format!("place-{}", self.files_of(name).len()));
        let other = self.directory.create_account(&place).unwrap();
        drop(std::mem::replace(store, other));
        for file in self.files_of(name) {
            if file.extension().is_some_and(|found| found != "epoch") {
                fs::remove_file(file).unwrap();
            }
        }
        for file in backup {
            let file = file.unwrap();
            let to = self.scratch.path().join("accounts").join(file.file_name());
            fs::copy(file.path(), to).unwrap();
        }
        *store = self.directory.open_account(name).unwrap().1;
        self.directory.remove_account(&place.name).unwrap();
        store.displaced()
    }

    fn accept_restored(&mut self, store: &mut SqliteStore, at: UnixMillis, how: RollbackKind) {
        store.settle(Found { at, how }).unwrap();
    }
}

fn mix() -> ActionWeights {
    ActionWeights::everyday()
        .and(3, ActionKind::CrashSending)
        .and(3, ActionKind::CrashReading)
        .and(2, ActionKind::Restart)
        .and(1, ActionKind::ClockJump)
        .and(1, ActionKind::CorrectClock)
        .and(1, ActionKind::Reinstall)
        .and(1, ActionKind::BackUp)
        .and(2, ActionKind::RestoreBackup)
        .and(1, ActionKind::Enable)
        .and(1, ActionKind::Reset)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_invariants_hold_on_disk(
        keys in any::<u64>(),
        known in 0_u8..4,
        steps in prop::collection::vec(any::<[u16; 4]>().prop_map(|drawn| mix().action(drawn)), 1..24),
    ) {
        let devices = ["alice/phone", "alice/laptop", "bob/phone*"];
        let mut world = World::build(SqliteDisks::new(), keys, &devices, Config::default());
        if known > 0 {
            world.introduce();
        }
        world.run(&steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn groups_and_their_keys_keep_the_invariants_on_disk(
        keys in any::<u64>(),
        steps in prop::collection::vec(
            any::<[u16; 5]>().prop_map(|drawn| GroupStepWeights::of_groups().step(drawn)),
            1..60,
        ),
    ) {
        GroupWorld::build(SqliteDisks::new(), keys).run(&steps);
    }
}

#[test]
fn what_was_read_and_not_confirmed_is_read_again_after_the_process_died() {
    use engine::world::CrashPoint;
    let devices = ["alice/phone", "bob/phone"];
    let mut world = World::build(SqliteDisks::new(), 1, &devices, Config::default());
    world.introduce();
    world.send("alice/phone", "bob", "hello");
    world.deliver_unconfirmed("bob/phone", CrashPoint::AfterCommit);
    assert!(world.texts("bob/phone").is_empty());
    assert_eq!(world.deliver("bob/phone"), ["hello"]);
    world.assert_converges();
}
