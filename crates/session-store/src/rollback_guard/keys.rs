//! The keys of the rollback guard, which an account's own database holds.
//!
//! They are random and not derived from the stores' key: that one can change, and a database under
//! another key, or from a backup, still has the same state. An old page that is put back can bring
//! back an old key only together with an equally old count and sum.

use std::fmt;

use hmac::{Hmac, KeyInit as _};
use rusqlite::{
    Connection,
    types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef},
};
use sha2::Sha256;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;

/// A key. Secret.
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; KEY_BYTES]>::column_result(value).map(|key| Self(Zeroizing::new(key)))
    }
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_slice())))
    }
}

impl Key {
    /// A new key from SQLite's generator, which is seeded by the system's.
    pub(super) fn draw(connection: &Connection) -> rusqlite::Result<Self> {
        connection.query_row("SELECT randomblob(32)", (), |row| row.get(0))
    }

    pub(super) fn mac(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        Hmac::new_from_slice(self.0.as_slice()).expect("every length is a key")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::digest::Digest, *};
    use crate::{schema::ACCOUNT, tests::shows_nothing};

    #[test]
    fn no_key_of_a_witness_shows_itself() {
        let key = Key(Zeroizing::new([0xa5; KEY_BYTES]));
        shows_nothing::<Key>(&key);
        let connection = Connection::open_in_memory().unwrap();
        for migration in ACCOUNT {
            connection.execute_batch(migration).unwrap();
        }
        shows_nothing::<Digest>(&Digest::follow(&connection, &key).unwrap());
    }
}
