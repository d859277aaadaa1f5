//! The contract on SQLite, and everything around it: files, keys, locks.

mod backup;
mod directory;
mod event_log;
mod flood;
mod gap_costs;
mod migrations;
mod model;
mod registry;
mod rekey;
mod restore_account;
mod rollback_guard;
mod skipped;
mod store;
mod world;
mod writable;

use std::path::Path;

use crypto_core::{IdentityKeyPair, InstallationId};
use engine::model::{Account, AccountName, RunningTime, Timekeeping, UnixMillis};
use getrandom::SysRng;
use rand_core::UnwrapErr;

use crate::{DataDir, OpenError};

fn open(path: &Path) -> Result<DataDir, OpenError> {
    DataDir::open(path, None, &mut UnwrapErr(SysRng))
}

fn open_with(path: &Path, passphrase: &str) -> Result<DataDir, OpenError> {
    DataDir::open(path, Some(passphrase.as_bytes()), &mut UnwrapErr(SysRng))
}

/// Holds that what has a secret of bytes 0xa5 does not show it.
pub(crate) fn shows_nothing<T: std::fmt::Debug>(value: &T) {
    let shown = format!("{value:?} {value:#?}").to_lowercase();
    assert!(!shown.contains("a5a5") && !shown.contains("165"), "{shown}");
}

macro_rules! before_the_twentieth {
    () => {
        "
    DROP TABLE device_kem_keys;
    ALTER TABLE own_prekeys DROP COLUMN kem;
    ALTER TABLE own_bundle DROP COLUMN kem_installation;
    ALTER TABLE own_bundle DROP COLUMN kem_version;
    ALTER TABLE own_bundle DROP COLUMN kem_signature;
    ALTER TABLE own_bundle DROP COLUMN kem_key;
    ALTER TABLE devices DROP COLUMN kem_version;
    ALTER TABLE devices DROP COLUMN kem_signature;
    ALTER TABLE devices DROP COLUMN kem_shown;
    ALTER TABLE devices DROP COLUMN post_quantum;
    ALTER TABLE devices DROP COLUMN kem_only_from_itself;
    ALTER TABLE devices DROP COLUMN kem_deliveries;
    DROP TRIGGER IF EXISTS temp.sessions_come;
    DROP TRIGGER IF EXISTS temp.sessions_gone;
    DROP TRIGGER IF EXISTS temp.sessions_moved;
    DROP INDEX sessions_by_suite;
    ALTER TABLE sessions DROP COLUMN suite;
    ALTER TABLE sessions DROP COLUMN kem_id;
    ALTER TABLE sessions DROP COLUMN kem_ciphertext;"
    };
}

/// Takes the migrations from the twentieth on back, as far as the layout goes.
const BEFORE_THE_TWENTIETH: &str = before_the_twentieth!();

macro_rules! before_the_fourteenth {
    () => {
        concat!(
            before_the_twentieth!(),
            "
    DROP TABLE group_setters;
    DROP TABLE group_messages;
    DROP TABLE erased_group_keys;
    DROP TABLE group_keys;
    DROP TABLE forgotten_groups;
    DROP TABLE group_events;
    DROP TABLE groups;
    DROP INDEX peers_listened;
    DROP INDEX peers_listened_for_replies;
    ALTER TABLE peers DROP COLUMN listened;
    ALTER TABLE contacts DROP COLUMN asked;
    ALTER TABLE contacts DROP COLUMN decided_at;
    ALTER TABLE stored_keys DROP COLUMN read_tag;
    DROP TABLE confirmed_messages;
    ALTER TABLE devices ADD COLUMN first_seen_at INTEGER NOT NULL DEFAULT 0;
    DROP TABLE gap_keys;
    DROP TABLE gaps;"
        )
    };
}

/// Takes the migrations from the fourteenth on back, as far as the layout goes.
const BEFORE_THE_FOURTEENTH: &str = before_the_fourteenth!();

/// The same from the tenth on.
const BEFORE_THE_TENTH: &str = concat!(
    before_the_fourteenth!(),
    "
    UPDATE epoch SET commits =
        max(commits, (SELECT coalesce(max(commits), 0) FROM session_chains));
    ALTER TABLE session_chains DROP COLUMN digest;
    ALTER TABLE epoch DROP COLUMN digest;
    ALTER TABLE epoch DROP COLUMN digest_key;
    ALTER TABLE epoch DROP COLUMN witness_key;
    DROP TABLE negotiated_keys;
    DROP INDEX peers_written_to;
    ALTER TABLE peers DROP COLUMN written_at;
    ALTER TABLE peers DROP COLUMN discoveries_since;
    ALTER TABLE peers DROP COLUMN discoveries_told;
    ALTER TABLE contacts DROP COLUMN requested_at;
    ALTER TABLE devices DROP COLUMN signed_ns;
    ALTER TABLE devices DROP COLUMN begun;
    ALTER TABLE devices DROP COLUMN any_version;
    ALTER TABLE devices DROP COLUMN former;
    ALTER TABLE devices DROP COLUMN refused_version;
    ALTER TABLE devices DROP COLUMN went_back_at;
    ALTER TABLE devices RENAME COLUMN wrote_at TO last_seen_at;
    ALTER TABLE timekeeping RENAME TO running_time;
    ALTER TABLE running_time DROP COLUMN settled;
    ALTER TABLE running_time DROP COLUMN ahead_since;
    ALTER TABLE running_time DROP COLUMN put_back_at;"
);

/// The clocks of a store on which daemons have run this long, in milliseconds.
fn ran(running: u64) -> Timekeeping {
    Timekeeping {
        running: RunningTime(running),
        ..Timekeeping::default()
    }
}

fn name(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn account(called: &str) -> Account {
    Account {
        name: name(called),
        identity: IdentityKeyPair::from_secret_bytes(&[0xa7; 32])
            .unwrap()
            .into(),
        installation: InstallationId::parse("x1-this-very-device").unwrap(),
        fresh_installation: true,
        created_at: UnixMillis(1_700_000_000_000),
    }
}
