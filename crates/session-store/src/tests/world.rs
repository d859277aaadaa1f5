//! The simulated world of the engine on real databases: a process that dies leaves its files as they are, and
//! the next one opens them.

use engine::{
    Account, AccountName, Config,
    world::{Home, Kind, Mix, World},
};
use proptest::prelude::*;

use super::open;
use crate::{DataDir, SqliteStore};

/// The databases of all devices of a world, in one directory.
struct OnDisk {
    directory: DataDir,
    _scratch: tempfile::TempDir,
}

impl OnDisk {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        Self {
            directory: open(scratch.path()).unwrap(),
            _scratch: scratch,
        }
    }
}

impl Home for OnDisk {
    type Store = SqliteStore;

    fn create(&mut self, account: &Account) -> SqliteStore {
        self.directory.create_account(account).unwrap()
    }

    fn reopen(&mut self, name: &AccountName, store: SqliteStore) -> SqliteStore {
        // In the middle of a batch, if that is where the process died.
        drop(store);
        self.directory.open_account(name).unwrap().1
    }
}

fn mix() -> Mix {
    Mix::everyday()
        .and(3, Kind::DieSending)
        .and(3, Kind::DieReading)
        .and(2, Kind::Restart)
        .and(1, Kind::Jump)
        .and(1, Kind::SetClock)
        .and(1, Kind::LoseState)
        .and(1, Kind::Enable)
        .and(1, Kind::Reset)
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
        steps in prop::collection::vec(any::<[u16; 4]>().prop_map(|drawn| mix().step(drawn)), 1..24),
    ) {
        let devices = ["alice/phone", "alice/laptop", "bob/phone*"];
        let mut world = World::build(OnDisk::new(), keys, &devices, Config::default());
        if known > 0 {
            world.introduce();
        }
        world.live(&steps);
    }
}

#[test]
fn what_was_read_and_not_confirmed_is_read_again_after_the_process_died() {
    use engine::world::Fate;
    let devices = ["alice/phone", "bob/phone"];
    let mut world = World::build(OnDisk::new(), 1, &devices, Config::default());
    world.introduce();
    world.send("alice/phone", "bob", "hello");
    world.deliver_unconfirmed("bob/phone", Fate::DiesAfterCommit);
    assert!(world.texts("bob/phone").is_empty());
    assert_eq!(world.deliver("bob/phone"), ["hello"]);
    world.settles();
}
