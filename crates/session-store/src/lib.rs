//! SQLite, encrypted by SQLCipher, behind the engine's store interface.
//!
//! Keeps and finds records; knows no rules. One database per account, in a data
//! directory that one process at a time may open.

mod account;
mod data_dir;
mod error;
mod event_log;
mod files;
mod key;
mod lock;
mod read;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use std::marker::PhantomData;

use rusqlite::Connection;

pub use data_dir::DataDir;
pub use error::OpenError;
pub use event_log::{EventLog, KEPT_EVENTS, LoggedEvent};
pub use key::{KDF_FILE, KEY_FILE};

/// A connection that may write.
#[derive(Debug)]
pub enum ReadWrite {}

/// A connection that may not.
#[derive(Debug)]
pub enum ReadOnly {}

/// A connection to an account's database.
#[derive(Debug)]
pub struct Sqlite<Mode> {
    connection: Connection,
    mode: PhantomData<fn() -> Mode>,
}

/// The one connection of an account that writes.
pub type SqliteStore = Sqlite<ReadWrite>;

/// A connection for lists and status, which waits for no write.
pub type SqliteReader = Sqlite<ReadOnly>;

impl<Mode> Sqlite<Mode> {
    const fn new(connection: Connection) -> Self {
        Self {
            connection,
            mode: PhantomData,
        }
    }
}
