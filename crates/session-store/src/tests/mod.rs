//! The contract on SQLite, and everything around it: files, keys, locks.

mod backup;
mod directory;
mod epoch;
mod event_log;
mod flood;
mod migrations;
mod model;
mod rekey;
mod store;
mod world;

use std::path::Path;

use crypto_core::{IdentityKeyPair, InstallationId};
use engine::{Account, AccountName, UnixMillis};
use getrandom::SysRng;
use rand_core::UnwrapErr;

use crate::{DataDir, OpenError};

fn open(path: &Path) -> Result<DataDir, OpenError> {
    DataDir::open(path, None, &mut UnwrapErr(SysRng))
}

fn open_with(path: &Path, passphrase: &str) -> Result<DataDir, OpenError> {
    DataDir::open(path, Some(passphrase.as_bytes()), &mut UnwrapErr(SysRng))
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
