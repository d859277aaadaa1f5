//! A keyed digest over the rows that ratchets run from.
//!
//! SQLCipher's MAC binds a page to its position in the file but not to a time: a single older page
//! that is put back passes for the newest. So each row that counts a commit also has the sum,
//! modulo 2^256, of a MAC over each row of the tables below, and the sum is compared with the rows
//! when the store is opened. It is a sum rather than a hash of all rows so that a commit pays only
//! for the rows it changes: their old MACs are subtracted and their new ones added. An exclusive or
//! would do the same, but a row that is on two pages at once would cancel itself out. Nobody
//! without the key of the store sees a MAC or the sum, or can have one computed, so nobody can
//! choose another set of rows that has the same sum.
//!
//! Temporary triggers on the writing connection report each changed row, whichever statement
//! changes it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crypto_bigint::U256;
use hmac::{Hmac, Mac as _};
use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};
use sha2::Sha256;

use super::keys::Key;

/// A sum of MACs.
pub(super) type Sum = [u8; 32];

/// The tables, with the columns that are under the MAC: all that a ratchet and its lifecycle
/// consist of. The columns that count commits are left out.
const TABLES: [(&str, &str); 2] = [
    (
        "sessions",
        "age, id, peer, installation, role, signed_pre_key, ratchet_pre_key, shared, ephemeral, \
         standing, standing_since, lost_to, overtaking, overtaking_advances, ratchet, retired, \
         created_at, kem_id, kem_ciphertext, suite",
    ),
    (
        "session_chains",
        "age, chains, last_sent_at, last_received_at, sent, received, advances",
    ),
];

/// The SQL function that the triggers call: 1 or -1 for a row that is added or removed, the number
/// of its table, its columns.
const FUNCTION: &str = "ratchet_row";

/// The digest of an open store.
#[derive(Clone)]
pub(super) struct Digest(Arc<Mutex<State>>);

struct State {
    /// Keyed, and nothing else.
    mac: Hmac<Sha256>,
    /// Over the rows as they are.
    sum: U256,
    /// Over the rows as they were when the batch began.
    batch: U256,
    /// Over the rows as they were when the call began.
    call: U256,
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl Digest {
    /// Reads all rows, and from here on follows what this connection writes.
    pub(super) fn follow(connection: &Connection, key: &Key) -> rusqlite::Result<Self> {
        let mac = key.mac();
        let sum = sum_of(connection, &mac)?;
        let digest = Self(Arc::new(Mutex::new(State {
            mac,
            sum,
            batch: sum,
            call: sum,
        })));
        let followed = digest.clone();
        connection.create_scalar_function(
            FUNCTION,
            -1,
            FunctionFlags::SQLITE_UTF8,
            move |context: &Context<'_>| {
                followed.moved(context);
                Ok(rusqlite::types::Null)
            },
        )?;
        for (number, (table, columns)) in TABLES.iter().enumerate() {
            let call = |sign: i8, row: &str| {
                format!(
                    "SELECT {FUNCTION}({sign}, {number}, {row}.{});",
                    columns.replace(", ", &format!(", {row}."))
                )
            };
            let (gone, come) = (call(-1, "old"), call(1, "new"));
            connection.execute_batch(&format!(
                "CREATE TEMP TRIGGER {table}_come AFTER INSERT ON main.{table} BEGIN {come} END;
                 CREATE TEMP TRIGGER {table}_gone AFTER DELETE ON main.{table} BEGIN {gone} END;
                 CREATE TEMP TRIGGER {table}_moved AFTER UPDATE OF {columns} ON main.{table}
                     BEGIN {gone} {come} END;"
            ))?;
        }
        Ok(digest)
    }

    /// Ignores poisoning: nothing under the lock can panic half way.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self, context: &Context<'_>) {
        let mut state = self.state();
        let mut values = (0..context.len()).map(|at| context.get_raw(at));
        let comes = values.next() == Some(ValueRef::Integer(1));
        let mac = mac_of(&state.mac, values);
        state.sum = if comes {
            state.sum.wrapping_add(&mac)
        } else {
            state.sum.wrapping_sub(&mac)
        };
    }

    pub(super) fn sum(&self) -> Sum {
        self.state().sum.to_be_bytes().into()
    }

    /// A batch begins, or was committed: the present sum stays.
    pub(super) fn keep(&self) {
        let mut state = self.state();
        state.batch = state.sum;
    }

    /// The batch is undone.
    pub(super) fn undo(&self) {
        let mut state = self.state();
        state.sum = state.batch;
    }

    /// A call begins.
    pub(super) fn begin_call(&self) {
        let mut state = self.state();
        state.call = state.sum;
    }

    /// The call is undone.
    pub(super) fn undo_call(&self) {
        let mut state = self.state();
        state.sum = state.call;
    }
}

/// The sum over the rows that are there.
pub(super) fn sum(connection: &Connection, key: &Key) -> rusqlite::Result<Sum> {
    sum_of(connection, &key.mac()).map(|sum| sum.to_be_bytes().into())
}

fn sum_of(connection: &Connection, mac: &Hmac<Sha256>) -> rusqlite::Result<U256> {
    let mut sum = U256::ZERO;
    for (number, (table, columns)) in (0..).zip(TABLES) {
        let mut statement = connection.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let count = statement.column_count();
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let mut values = vec![ValueRef::Integer(number)];
            for at in 0..count {
                values.push(row.get_ref(at)?);
            }
            sum = sum.wrapping_add(&mac_of(mac, values.into_iter()));
        }
    }
    Ok(sum)
}

/// The MAC of a row: over its table and its columns, each with its type and length.
fn mac_of<'a>(keyed: &Hmac<Sha256>, values: impl Iterator<Item = ValueRef<'a>>) -> U256 {
    let mut mac = keyed.clone();
    for value in values {
        let mut part = |kind: u8, bytes: &[u8]| {
            mac.update(&[kind]);
            mac.update(&(bytes.len() as u64).to_le_bytes());
            mac.update(bytes);
        };
        match value {
            ValueRef::Null => part(0, &[]),
            ValueRef::Integer(number) => part(1, &number.to_le_bytes()),
            ValueRef::Real(number) => part(2, &number.to_le_bytes()),
            ValueRef::Text(text) => part(3, text),
            ValueRef::Blob(bytes) => part(4, bytes),
        }
    }
    U256::from_be_slice(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ACCOUNT;

    #[test]
    fn every_column_of_a_session_is_under_the_sum_but_those_that_count_commits() {
        let connection = Connection::open_in_memory().unwrap();
        for migration in ACCOUNT {
            connection.execute_batch(migration).unwrap();
        }
        for (table, columns) in TABLES {
            let mut statement = connection
                .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")
                .unwrap();
            let names = statement.query_map([table], |row| row.get::<_, String>(0));
            let mut names: Vec<_> = names.unwrap().map(Result::unwrap).collect();
            names.retain(|name| !["commits", "digest"].contains(&name.as_str()));
            assert_eq!(names.join(", "), columns, "{table}");
        }
    }
}
