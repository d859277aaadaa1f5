//! A durable commit and nothing else, for benchmarks: no call that writes can be faster.

use std::path::Path;

use engine::model::StoreError;
use rand_core::CryptoRng;
use rusqlite::Connection;

use crate::{
    error::OpenError,
    files::create_file,
    query::changed,
    schema::{Schema, open_writer},
    store_key::StoreKey,
};

const FILE: &str = "bare-commit.db";
const SCHEMA: Schema =
    &["CREATE TABLE commits (number INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT"];
/// A small row: a commit writes whole pages, one for this.
const VALUE: [u8; 32] = [0x5a; 32];

/// A scratch database, encrypted and durable as an account's is, whose commits can be timed.
#[derive(Debug)]
pub struct BareCommit {
    connection: Connection,
}

impl BareCommit {
    /// Makes the database in `directory`, with a key file beside it.
    ///
    /// # Errors
    /// [`OpenError`] if there is one already, or it cannot be made.
    pub fn open(directory: &Path, rng: &mut dyn CryptoRng) -> Result<Self, OpenError> {
        let path = directory.join(FILE);
        create_file(&path).map_err(OpenError::io(&path))?;
        let key = StoreKey::load(directory, None, rng)?;
        let connection = open_writer(&path, &key, SCHEMA)?;
        Ok(Self { connection })
    }

    /// Writes a row and waits until it is on the disk.
    ///
    /// # Errors
    /// [`StoreError`] if it is not.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        changed(&self.connection, "BEGIN IMMEDIATE", ())?;
        changed(
            &self.connection,
            "INSERT INTO commits (value) VALUES (?1)",
            [VALUE],
        )?;
        changed(&self.connection, "COMMIT", ()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rand_core::UnwrapErr;

    use super::*;

    #[test]
    fn its_rows_are_as_durable_and_as_secret_as_an_accounts() {
        let directory = tempfile::tempdir().unwrap();
        let mut rng = UnwrapErr(getrandom::SysRng);
        let mut bare = BareCommit::open(directory.path(), &mut rng).unwrap();
        for _ in 0..3 {
            bare.commit().unwrap();
        }
        let setting = |sql: &str| -> String {
            let read = bare
                .connection
                .query_row(sql, (), |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", read.unwrap())
        };
        assert_eq!(setting("SELECT count(*) FROM commits"), "Integer(3)");
        assert_eq!(setting("PRAGMA journal_mode"), "Text(\"wal\")");
        assert_eq!(setting("PRAGMA synchronous"), "Integer(2)");
        let log = fs::read(directory.path().join("bare-commit.db-wal")).unwrap();
        assert!(!log.windows(VALUE.len()).any(|window| window == VALUE));
        let second = BareCommit::open(directory.path(), &mut rng);
        assert!(matches!(second, Err(OpenError::Io { .. })), "{second:?}");
    }
}
