//! The daemon's event log: the newest events of every account, numbered in one sequence.
//!
//! An account's store keeps its events until they are here. Both commits are durable but
//! independent, so the log remembers the last event that it took over from each account: every
//! event is in it once.

use std::path::{Path, PathBuf};

use engine::model::{AccountName, Event, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    query::{all, changed, first},
    rows::{Columns, corrupt, failed, integer},
    wal,
};

/// Events that are kept of one account; then its oldest are dropped, never another account's. Weeks
/// of a busy account, in a few megabytes.
pub const KEPT_EVENTS: u64 = 10_000;
/// Numbers reserved at once for events that are not written: one commit for so many of them. As
/// many are skipped at most when the process is killed.
const NUMBERS_AT_ONCE: u64 = 1_000;

/// Numbers skipped when a store was restored: more than there are events between a backup and its
/// use.
const NUMBERS_SKIPPED: u64 = 1_000_000;

type Result<T> = std::result::Result<T, StoreError>;

/// The log of one data directory.
#[derive(Debug)]
pub struct EventLog {
    connection: Connection,
    path: PathBuf,
    state: State,
}

/// An event with its number in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its number. Later events have higher ones, and no number is given twice.
    pub seq: u64,
    /// The account that it happened to.
    pub account: AccountName,
    /// What happened.
    pub event: Event,
}

/// The state of the sequence. Replaced only after the database has the same.
#[derive(Clone, Copy, Debug)]
struct State {
    /// The newest number given.
    newest: u64,
    /// The newest number that the database counts as given; those above `newest` are reserved.
    reserved: u64,
    /// The newest number given to an event that is not written.
    unwritten_through: u64,
}

/// What the log has of one account.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    /// The number in the account's store of the last event taken over; 0 if there is none.
    last: u64,
    /// How many of its events are in the log.
    kept: u64,
    /// The newest event dropped to make room.
    dropped_through: u64,
}

impl EventLog {
    /// The log on this connection to the database at `path`.
    pub(crate) fn new(connection: Connection, path: &Path) -> Result<Self> {
        let sql = "SELECT newest, unwritten_through FROM state";
        let state = first(&connection, sql, (), |row| {
            let mut columns = Columns::of(row);
            let newest = columns.count()?;
            Ok(State {
                newest,
                reserved: newest,
                unwritten_through: columns.count()?,
            })
        })?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            state: state.ok_or_else(|| corrupt("no state of the log"))?,
        })
    }

    /// The newest number given.
    #[must_use]
    pub const fn newest(&self) -> u64 {
        self.state.newest
    }

    /// The newest event after `after` and not after `through` that was dropped to make room, of one
    /// account or of all; `None` if none was.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub fn dropped(
        &self,
        after: u64,
        through: u64,
        account: Option<&AccountName>,
    ) -> Result<Option<u64>> {
        let name = account.map(AccountName::as_str);
        first(
            &self.connection,
            "SELECT dropped_through FROM sources \
             WHERE dropped_through > ?1 AND dropped_through <= ?2 \
                 AND (?3 IS NULL OR account = ?3) \
             ORDER BY dropped_through DESC LIMIT 1",
            (integer(after), integer(through), name),
            |row| Columns::of(row).count(),
        )
    }

    /// The newest number given to an event that was not written; 0 if there was none. After a
    /// crash, the highest that may have been.
    #[must_use]
    pub const fn unwritten_through(&self) -> u64 {
        self.state.unwritten_through
    }

    /// Takes over events of `account` with their numbers in its store, in order. Those that were
    /// taken over before are skipped. All are durable when this returns the number of new ones.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was taken over then.
    pub fn append(&mut self, account: &AccountName, events: &[(u64, Event)]) -> Result<u64> {
        let mut state = self.state;
        let newest = state.newest;
        let transaction = begin(&mut self.connection)?;
        let mut source = Source::of(&transaction, account)?;
        for (number, event) in events {
            if *number <= source.last {
                continue;
            }
            source.last = *number;
            state.newest = state.newest.saturating_add(1);
            source.kept = source.kept.saturating_add(1);
            changed(
                &transaction,
                "INSERT INTO events (seq, account, event) VALUES (?1, ?2, ?3)",
                (integer(state.newest), account.as_str(), event.to_bytes()),
            )?;
        }
        if state.newest == self.state.newest {
            return Ok(0);
        }
        source.drop_oldest(&transaction, account)?;
        source.write(&transaction, account)?;
        state.reserved = state.reserved.max(state.newest);
        write_state(&transaction, &state)?;
        transaction.commit().map_err(failed)?;
        self.state = state;
        Ok(state.newest.saturating_sub(newest))
    }

    /// Gives a number to an event that subscribers get but that is not written. The number is not
    /// given again, even after a crash.
    ///
    /// # Errors
    /// [`StoreError`] if no more numbers could be reserved.
    pub fn number_unwritten(&mut self) -> Result<u64> {
        let mut state = self.state;
        state.newest = state.newest.saturating_add(1);
        state.unwritten_through = state.newest;
        if state.newest > state.reserved {
            state.reserved = state.newest.saturating_add(NUMBERS_AT_ONCE - 1);
            let transaction = begin(&mut self.connection)?;
            write_state(&transaction, &state)?;
            transaction.commit().map_err(failed)?;
        }
        self.state = state;
        Ok(state.newest)
    }

    /// Writes what is there anyway, and waits until it is on the disk: whether events could be
    /// taken over now.
    ///
    /// # Errors
    /// [`StoreError`] if they could not.
    pub fn check_writing(&self) -> Result<()> {
        let mut other = self.state;
        other.reserved = other.reserved.saturating_add(1);
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(failed)?;
        // There and back: SQLite does not write a page on which nothing has changed meanwhile.
        write_state(&transaction, &other)?;
        write_state(&transaction, &self.state)?;
        transaction.commit().map_err(failed)
    }

    /// The first events after `after`, of one account or of all, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn page(
        &self,
        after: u64,
        account: Option<&AccountName>,
        limit: usize,
    ) -> Result<Vec<LoggedEvent>> {
        let sql = match account {
            Some(_) => {
                "SELECT seq, account, event FROM events WHERE seq > ?1 AND account = ?3 \
                 ORDER BY seq LIMIT ?2"
            }
            None => {
                "SELECT seq, account, event FROM events WHERE seq > ?1 AND ?3 IS NULL \
                 ORDER BY seq LIMIT ?2"
            }
        };
        let name = account.map(AccountName::as_str);
        let params = (integer(after), integer(limit as u64), name);
        all(&self.connection, sql, params, |row| {
            let mut columns = Columns::of(row);
            Ok(LoggedEvent {
                seq: columns.count()?,
                account: columns.account_name()?,
                event: Event::from_bytes(&columns.take::<Vec<u8>>()?)?,
            })
        })
    }

    /// The accounts from which events were taken over.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>> {
        let sql = "SELECT account FROM sources ORDER BY account";
        all(&self.connection, sql, (), |row| {
            Columns::of(row).account_name()
        })
    }

    /// Erases everything about an account. Its numbers may start from 1 again.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was erased then.
    pub fn forget(&mut self, account: &AccountName) -> Result<()> {
        let transaction = begin(&mut self.connection)?;
        let name = [account.as_str()];
        let events = changed(&transaction, "DELETE FROM events WHERE account = ?1", name)?;
        let sources = changed(&transaction, "DELETE FROM sources WHERE account = ?1", name)?;
        if events == 0 && sources == 0 {
            return Ok(());
        }
        transaction.commit().map_err(failed)?;
        // The pages that held them are overwritten, but the WAL still has them.
        wal::erase(&self.connection, &self.path, || self.check_writing())
    }

    /// Takes over the events of an account from its lowest number again: its store was restored,
    /// and numbers them from there. Events in the log stay. The log may have been restored as well,
    /// so numbers are skipped, as if those given since had been of events that are not written.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn take_over_anew(&mut self, account: &AccountName) -> Result<()> {
        let mut state = self.state;
        state.newest = state.newest.saturating_add(NUMBERS_SKIPPED);
        state.unwritten_through = state.newest;
        state.reserved = state.reserved.max(state.newest);
        let transaction = begin(&mut self.connection)?;
        let name = [account.as_str()];
        changed(
            &transaction,
            "UPDATE sources SET last = 0 WHERE account = ?1",
            name,
        )?;
        write_state(&transaction, &state)?;
        transaction.commit().map_err(failed)?;
        self.state = state;
        Ok(())
    }

    /// Gives back reserved numbers and closes the log. After a crash those are skipped.
    ///
    /// # Errors
    /// [`StoreError`] if that could not be written.
    pub fn close(mut self) -> Result<()> {
        self.state.reserved = self.state.newest;
        wal::erase(&self.connection, &self.path, || self.check_writing())?;
        self.connection.close().map_err(|(_, error)| failed(error))
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)
}

impl Source {
    fn of(transaction: &Transaction<'_>, account: &AccountName) -> Result<Self> {
        let source = first(
            transaction,
            "SELECT last, kept, dropped_through FROM sources WHERE account = ?1",
            [account.as_str()],
            |row| {
                let mut columns = Columns::of(row);
                Ok(Self {
                    last: columns.count()?,
                    kept: columns.count()?,
                    dropped_through: columns.count()?,
                })
            },
        )?;
        Ok(source.unwrap_or_default())
    }

    fn write(&self, transaction: &Transaction<'_>, account: &AccountName) -> Result<()> {
        changed(
            transaction,
            "INSERT OR REPLACE INTO sources (account, last, kept, dropped_through) \
             VALUES (?1, ?2, ?3, ?4)",
            (
                account.as_str(),
                integer(self.last),
                integer(self.kept),
                integer(self.dropped_through),
            ),
        )
        .map(drop)
    }

    fn drop_oldest(&mut self, transaction: &Transaction<'_>, account: &AccountName) -> Result<()> {
        let Some(before_last) = self.kept.checked_sub(KEPT_EVENTS + 1) else {
            return Ok(());
        };
        let newest_dropped = first(
            transaction,
            "SELECT seq FROM events WHERE account = ?1 ORDER BY seq LIMIT 1 OFFSET ?2",
            (account.as_str(), integer(before_last)),
            |row| Columns::of(row).count(),
        )?;
        self.dropped_through =
            newest_dropped.ok_or_else(|| corrupt("fewer events than counted"))?;
        changed(
            transaction,
            "DELETE FROM events WHERE account = ?1 AND seq <= ?2",
            (account.as_str(), integer(self.dropped_through)),
        )?;
        self.kept = KEPT_EVENTS;
        Ok(())
    }
}

fn write_state(transaction: &Transaction<'_>, state: &State) -> Result<()> {
    // Reserved numbers are given to unwritten events without another write of the state.
    let unwritten_through = if state.reserved > state.newest {
        state.reserved
    } else {
        state.unwritten_through
    };
    changed(
        transaction,
        "UPDATE state SET newest = ?1, unwritten_through = ?2",
        (integer(state.reserved), integer(unwritten_through)),
    )?;
    Ok(())
}
