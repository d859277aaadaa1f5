//! SQLite, encrypted by SQLCipher, behind the engine's store interface.
//!
//! Keeps and finds records; knows no rules. There is one database per account, in a data directory
//! ([`DataDir`]) that one process at a time may open, with an event log and a registry of the
//! accounts. [`SqliteStore`] is the one connection of an account that writes, [`SqliteReader`] one
//! that reads. A rollback guard detects older states and copies. Backups and restores take one
//! account or all; another key and read-only inspection work on whole directories.

mod account;
mod archive;
mod backup;
mod bare_commit;
mod commit;
mod connection;
mod data_dir;
mod device_rows;
mod error;
mod event_log;
mod files;
mod groups;
mod inspect;
mod lock;
mod message_keys;
mod query;
mod read;
mod registry;
mod rekey;
mod restore;
mod restore_account;
mod rollback_guard;
mod rows;
mod schema;
mod session_rows;
mod stats;
mod stopwatch;
mod store_key;
#[cfg(test)]
mod tests;
mod trouble;
mod wal;
mod writable;
mod write;

pub use archive::MAX_KEY_BYTES;
pub use backup::{KeyInBackup, back_up, back_up_to};
pub use bare_commit::BareCommit;
pub use connection::{ReadOnly, ReadWrite, Sqlite, SqliteReader, SqliteStore};
pub use data_dir::DataDir;
pub use error::OpenError;
pub use event_log::{EventLog, KEPT_EVENTS, LoggedEvent};
pub use inspect::{InspectedAccount, Inspector, Unfinished, holder, is_data_directory, unfinished};
pub use registry::{AccountFacts, FileStamp, Registry, RegistryEntry, Resting};
pub use rekey::rekey;
pub use restore::{read_key_file, restore};
pub use restore_account::restore_account;
pub use rollback_guard::Found;
pub use stats::{MAX_COUNTED, SessionsBySuite, StoreStats};
pub use store_key::{KDF_FILE, KEY_FILE};
pub use trouble::of_io as trouble;
pub use writable::{Unwritable, unwritable};
