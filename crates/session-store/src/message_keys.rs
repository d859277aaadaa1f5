//! Message keys: stored ones, a row each in `stored_keys`, and skipped ones, which are kept
//! together in the `gaps` between messages. Both have an age, and the oldest are dropped first.
//!
//! A gap is the run of numbers in one chain that messages have skipped. Its keys are one blob in
//! `gap_keys`, with a slot of [`MESSAGE_KEY_BYTES`] for each number; a used key leaves zeros.

use crypto_core::{HeaderKey, IdentityKey, MessageId, MessageKey, SessionId};
use engine::{
    model::{Gap, MESSAGE_KEY_BYTES, StoreError},
    store::StoreRead as _,
};
use rusqlite::{MAIN_DB, blob::Blob};
use zeroize::Zeroizing;

use crate::{
    connection::{Sqlite, SqliteStore},
    rows::{self, Columns, GAP, failed},
};

type Result<T> = std::result::Result<T, StoreError>;

/// The age of the next row of either kind.
pub(crate) const NEXT_AGE: &str = "(SELECT 1 + max( \
         (SELECT coalesce(max(age), 0) FROM stored_keys), (SELECT coalesce(max(age), 0) FROM gaps)))";

/// The slot of a key that was used.
const USED: [u8; MESSAGE_KEY_BYTES] = [0; MESSAGE_KEY_BYTES];

/// A row of `stored_keys` or `gaps`.
struct Kept {
    age: i64,
    /// Whether it is a gap.
    gap: bool,
    held: u64,
    places: u64,
}

/// Where in a gap the key of a message is.
struct Slot {
    age: i64,
    /// Of the slot in the blob, in bytes.
    offset: usize,
    /// Keys that the gap still has.
    held: u64,
}

impl<Mode> Sqlite<Mode> {
    fn slot_in_gap(&self, session: &SessionId, chain: &HeaderKey, n: u32) -> Result<Option<Slot>> {
        // Gaps of a chain do not overlap: the number is in the next one or in none.
        let next = self.first(
            "SELECT age, last, places, held FROM gaps \
             WHERE session = ?1 AND chain = ?2 AND last >= ?3 ORDER BY last LIMIT 1",
            (session.as_bytes(), chain.as_bytes(), n),
            |row| {
                let mut columns = Columns::of(row);
                let (age, last) = (columns.take()?, columns.number()?);
                Ok((age, last, columns.number()?, columns.count()?))
            },
        )?;
        Ok(next.and_then(|(age, last, places, held)| {
            let slot = places.checked_sub(last.checked_sub(n)?)?.checked_sub(1)?;
            let offset = usize::try_from(slot).ok()? * MESSAGE_KEY_BYTES;
            Some(Slot { age, offset, held })
        }))
    }

    /// Opens the keys of a gap for reading or writing single slots.
    fn keys_of_gap(&self, age: i64, read_only: bool) -> Result<Blob<'_>> {
        let _lap = self.stopwatch.lap();
        self.connection
            .blob_open(MAIN_DB, "gap_keys", "keys", age, read_only)
            .map_err(failed)
    }

    pub(crate) fn key_in_gap(
        &self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<Option<MessageKey>> {
        let Some(slot) = self.slot_in_gap(session, chain, n)? else {
            return Ok(None);
        };
        let mut key = Zeroizing::new(USED);
        let keys = self.keys_of_gap(slot.age, true)?;
        keys.read_at_exact(&mut *key, slot.offset).map_err(failed)?;
        Ok((*key != USED).then(|| MessageKey::from_stored(*key)))
    }
}

impl SqliteStore {
    pub(crate) fn erase_key_in_gap(
        &self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<()> {
        let Some(slot) = self.slot_in_gap(session, chain, n)? else {
            return Ok(());
        };
        let mut key = Zeroizing::new(USED);
        let mut keys = self.keys_of_gap(slot.age, false)?;
        keys.read_at_exact(&mut *key, slot.offset).map_err(failed)?;
        if *key == USED {
            return Ok(());
        }
        if slot.held <= 1 {
            drop(keys);
            return self.run("DELETE FROM gaps WHERE age = ?1", [slot.age]);
        }
        keys.write_at(&USED, slot.offset).map_err(failed)?;
        self.run("UPDATE gaps SET held = held - 1 WHERE age = ?1", [slot.age])
    }

    pub(crate) fn write_gap(&self, gap: &Gap) -> Result<()> {
        let (session, chain) = (gap.session.as_bytes(), gap.chain.as_bytes());
        let (places, held) = (gap.places(), gap.held());
        let updated = self.first(
            "UPDATE gaps SET answered = ?4, places = ?5, held = ?6 \
             WHERE session = ?1 AND chain = ?2 AND last = ?3 RETURNING age",
            (session, chain, gap.last, gap.answered, places, held),
            |row| Columns::of(row).take::<i64>(),
        )?;
        let keys = gap.keys.as_slice();
        if let Some(age) = updated {
            return self.run("UPDATE gap_keys SET keys = ?2 WHERE age = ?1", (age, keys));
        }
        self.run(
            &format!(
                "INSERT INTO gaps (age, session, chain, last, peer, answered, places, held) \
                 VALUES ({NEXT_AGE}, ?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            ),
            (
                session,
                chain,
                gap.last,
                gap.peer.as_bytes(),
                gap.answered,
                places,
                held,
            ),
        )?;
        let age = self.connection.last_insert_rowid();
        self.run(
            "INSERT INTO gap_keys (age, keys) VALUES (?1, ?2)",
            (age, keys),
        )
    }

    /// The rows of a session, oldest first.
    fn kept_by(&self, session: &SessionId) -> Result<Vec<Kept>> {
        self.all(
            "SELECT age, 0, 1, 0 FROM stored_keys WHERE session = ?1 \
             UNION ALL SELECT age, 1, held, places FROM gaps WHERE session = ?1 ORDER BY 1",
            [session.as_bytes()],
            |row| {
                let mut columns = Columns::of(row);
                Ok(Kept {
                    age: columns.take()?,
                    gap: columns.take()?,
                    held: columns.count()?,
                    places: columns.count()?,
                })
            },
        )
    }

    pub(crate) fn drop_oldest_keys_of(
        &self,
        session: &SessionId,
        keep: u32,
        places: u32,
    ) -> Result<Vec<MessageId>> {
        let (keep, places) = (u64::from(keep), u64::from(places));
        let mut held = self.stored_key_count(session)?;
        let mut taken = self.count(
            "SELECT coalesce(sum(places), 0) FROM gaps WHERE session = ?1",
            [session.as_bytes()],
        )?;
        let mut dropped = Vec::new();
        if held <= keep && taken <= places {
            return Ok(dropped);
        }
        for kept in self.kept_by(session)? {
            let excess = held.saturating_sub(keep);
            match kept.gap {
                false if excess > 0 => dropped.append(&mut self.messages(
                    "DELETE FROM stored_keys WHERE age = ?1 \
                     RETURNING message, read_at IS NOT NULL",
                    [kept.age],
                )?),
                true if taken > places || (excess > 0 && excess >= kept.held) => {
                    self.run("DELETE FROM gaps WHERE age = ?1", [kept.age])?;
                }
                true if excess > 0 => {
                    self.keep_newest_of_gap(kept.age, kept.held - excess)?;
                    break;
                }
                _ => continue,
            }
            held = held.saturating_sub(kept.held);
            taken = taken.saturating_sub(kept.places);
        }
        Ok(dropped)
    }

    fn keep_newest_of_gap(&self, age: i64, keep: u64) -> Result<()> {
        let found = self.first(
            &format!("SELECT {GAP} FROM gaps JOIN gap_keys USING (age) WHERE age = ?1"),
            [age],
            rows::gap,
        )?;
        let Some(mut gap) = found else {
            return Ok(());
        };
        gap.keep_newest(u32::try_from(keep).unwrap_or(u32::MAX));
        self.write_gap(&gap)
    }

    pub(crate) fn drop_oldest_gaps(
        &self,
        peer: Option<&IdentityKey>,
        gaps: u32,
        places: u32,
    ) -> Result<()> {
        // Answered by an index alone.
        let unanswered = match peer {
            Some(_) => "FROM gaps WHERE answered = 0 AND peer = ?1",
            None => "FROM gaps WHERE answered = 0 AND ?1 IS NULL",
        };
        let peer = peer.map(IdentityKey::as_bytes);
        let there = self.first(
            &format!("SELECT count(*), coalesce(sum(places), 0) {unanswered}"),
            [peer],
            |row| {
                let mut columns = Columns::of(row);
                Ok((columns.count()?, columns.count()?))
            },
        )?;
        let (mut left, mut taken) = there.unwrap_or_default();
        let (gaps, places) = (u64::from(gaps), u64::from(places));
        if left <= gaps && taken <= places {
            return Ok(());
        }
        // Each gap has one slot at least.
        let at_most = left.saturating_sub(gaps).max(taken.saturating_sub(places));
        let oldest = self.all(
            &format!("SELECT age, places {unanswered} ORDER BY age LIMIT ?2"),
            (peer, rows::integer(at_most)),
            |row| {
                let mut columns = Columns::of(row);
                Ok((columns.take::<i64>()?, columns.count()?))
            },
        )?;
        for (age, its_places) in oldest {
            if left <= gaps && taken <= places {
                break;
            }
            self.run("DELETE FROM gaps WHERE age = ?1", [age])?;
            left -= 1;
            taken = taken.saturating_sub(its_places);
        }
        Ok(())
    }
}
