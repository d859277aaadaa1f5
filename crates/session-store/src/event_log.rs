//! The daemon's event log: the events of all accounts, in one sequence, the newest of each.
//!
//! An account's store keeps its events until they are here. Both sides are durable, and neither knows of the
//! other's commit: the log remembers how far it has taken over each account, so that every event is in it once.

use std::path::{Path, PathBuf};

use engine::model::{AccountName, Event, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior};

use crate::{
    rows::{Columns, corrupt, failed, failed_io, integer},
    wal,
};

/// Events of one account that are kept; its oldest go first, and none of another's. Weeks of a busy
/// account, in a few megabytes.
pub const KEPT_EVENTS: u64 = 10_000;
/// Numbers set aside at once for events that are not written: one commit for so many of them, and no more
/// numbers are left out when the process is killed.
const NUMBERS_AT_ONCE: u64 = 1_000;

/// Numbers passed over when a store was put back: more events than there are between a backup and its use.
const NUMBERS_PASSED_OVER: u64 = 1_000_000;

type Result<T> = std::result::Result<T, StoreError>;

/// The log of one data directory.
#[derive(Debug)]
pub struct EventLog {
    connection: Connection,
    path: PathBuf,
    state: State,
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its number. Later events have higher ones; no number is given twice.
    pub seq: u64,
    /// Whose.
    pub account: AccountName,
    /// What happened.
    pub event: Event,
}

/// Where the sequence stands. Replaced only once the database says the same.
#[derive(Clone, Copy, Debug)]
struct State {
    /// The newest number given.
    newest: u64,
    /// The newest number that the database says is given: past `newest`, those set aside.
    reserved: u64,
    /// The newest number given to an event that is not written.
    unwritten_through: u64,
}

/// Where the events of one account stand.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    /// The number in its store of the last event taken over; 0 if there is none.
    last: u64,
    /// How many events there are.
    kept: u64,
    /// The newest event dropped to make room.
    dropped_through: u64,
}

impl State {
    fn read(row: &Row<'_>) -> Result<Self> {
        let mut columns = Columns::of(row);
        let newest = columns.count()?;
        Ok(Self {
            newest,
            reserved: newest,
            unwritten_through: columns.count()?,
        })
    }
}

impl EventLog {
    /// On this connection to the database at `path`.
    pub(crate) fn new(connection: Connection, path: &Path) -> Result<Self> {
        let state = connection
            .query_row("SELECT newest, unwritten_through FROM state", (), |row| {
                Ok(State::read(row))
            })
            .map_err(failed)??;
        Ok(Self {
            connection,
            path: path.to_owned(),
            state,
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
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT dropped_through FROM sources \
                 WHERE dropped_through > ?1 AND dropped_through <= ?2 \
                     AND (?3 IS NULL OR account = ?3) \
                 ORDER BY dropped_through DESC LIMIT 1",
            )
            .map_err(failed)?;
        let name = account.map(AccountName::as_str);
        statement
            .query_row((integer(after), integer(through), name), |row| {
                Ok(Columns::of(row).count())
            })
            .optional()
            .map_err(failed)?
            .transpose()
    }

    /// The newest number given to an event that was not written; 0 if there was none. After a crash, the
    /// highest that may have been.
    #[must_use]
    pub const fn unwritten_through(&self) -> u64 {
        self.state.unwritten_through
    }

    /// Takes over events of `account`, with their numbers in its store, rising. What was taken over before is
    /// passed over. They are durable when this returns; it gives the number of those that were new.
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
            run(
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

    /// Gives a number to an event that is told but not written. It will not be given again, whenever the process ends.
    ///
    /// # Errors
    /// [`StoreError`] if no more numbers could be set aside.
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
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement
            .query((
                integer(after),
                integer(limit as u64),
                account.map(AccountName::as_str),
            ))
            .map_err(failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut columns = Columns::of(row);
            let seq = columns.count()?;
            let account = account_name(&columns.take::<String>()?)?;
            let event = Event::from_bytes(&columns.take::<Vec<u8>>()?)?;
            found.push(LoggedEvent {
                seq,
                account,
                event,
            });
        }
        Ok(found)
    }

    /// The accounts that events were taken over of.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>> {
        let mut statement = self
            .connection
            .prepare("SELECT account FROM sources ORDER BY account")
            .map_err(failed)?;
        let names = statement
            .query_map((), |row| row.get::<_, String>(0))
            .map_err(failed)?;
        names
            .map(|name| account_name(&name.map_err(failed)?))
            .collect()
    }

    /// Erases the events of an account, and that there was one: its numbers may begin anew.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was erased then.
    pub fn forget(&mut self, account: &AccountName) -> Result<()> {
        let transaction = begin(&mut self.connection)?;
        let name = [account.as_str()];
        let events = run(&transaction, "DELETE FROM events WHERE account = ?1", name)?;
        let sources = run(&transaction, "DELETE FROM sources WHERE account = ?1", name)?;
        if events == 0 && sources == 0 {
            return Ok(());
        }
        transaction.commit().map_err(failed)?;
        // The pages that held them are overwritten; the log still holds them.
        self.erase_log()
    }

    /// Takes over the events of an account from its lowest number on: its store was put back, and numbers them anew.
    /// What was taken over before stays. This log may have been put back with it: numbers that were given since are
    /// passed over, as if their events had not been written.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn take_over_anew(&mut self, account: &AccountName) -> Result<()> {
        let mut state = self.state;
        state.newest = state.newest.saturating_add(NUMBERS_PASSED_OVER);
        state.unwritten_through = state.newest;
        state.reserved = state.reserved.max(state.newest);
        let transaction = begin(&mut self.connection)?;
        let name = [account.as_str()];
        run(
            &transaction,
            "UPDATE sources SET last = 0 WHERE account = ?1",
            name,
        )?;
        write_state(&transaction, &state)?;
        transaction.commit().map_err(failed)?;
        self.state = state;
        Ok(())
    }

    /// Gives back the numbers set aside, and closes the log. After a crash they are left out.
    ///
    /// # Errors
    /// [`StoreError`] if that could not be written.
    pub fn close(mut self) -> Result<()> {
        self.state.reserved = self.state.newest;
        self.erase_log()?;
        self.connection.close().map_err(|(_, error)| failed(error))
    }
}

impl EventLog {
    /// Writes the state, so that the log is begun anew, and erases what it held before.
    fn erase_log(&mut self) -> Result<()> {
        wal::copy(&self.connection).map_err(failed)?;
        let transaction = begin(&mut self.connection)?;
        write_state(&transaction, &self.state)?;
        transaction.commit().map_err(failed)?;
        match wal::copy(&self.connection).map_err(failed)? {
            Some(pages) => {
                wal::cut_off(&self.connection, &self.path, pages).map_err(|error| failed_io(&error))
            }
            None => Ok(()),
        }
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)
}

fn run(transaction: &Transaction<'_>, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
    let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
    statement.execute(params).map_err(failed)
}

fn account_name(name: &str) -> Result<AccountName> {
    AccountName::parse(name).map_err(|_| corrupt("an account name"))
}

impl Source {
    fn of(transaction: &Transaction<'_>, account: &AccountName) -> Result<Self> {
        let mut statement = transaction
            .prepare_cached("SELECT last, kept, dropped_through FROM sources WHERE account = ?1")
            .map_err(failed)?;
        let source = statement
            .query_row([account.as_str()], |row| {
                let mut columns = Columns::of(row);
                Ok((columns.count(), columns.count(), columns.count()))
            })
            .optional()
            .map_err(failed)?;
        let Some((last, kept, dropped_through)) = source else {
            return Ok(Self::default());
        };
        Ok(Self {
            last: last?,
            kept: kept?,
            dropped_through: dropped_through?,
        })
    }

    fn write(&self, transaction: &Transaction<'_>, account: &AccountName) -> Result<()> {
        run(
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
        let mut statement = transaction
            .prepare_cached(
                "SELECT seq FROM events WHERE account = ?1 ORDER BY seq LIMIT 1 OFFSET ?2",
            )
            .map_err(failed)?;
        self.dropped_through = statement
            .query_row((account.as_str(), integer(before_last)), |row| {
                Ok(Columns::of(row).count())
            })
            .map_err(failed)??;
        run(
            transaction,
            "DELETE FROM events WHERE account = ?1 AND seq <= ?2",
            (account.as_str(), integer(self.dropped_through)),
        )?;
        self.kept = KEPT_EVENTS;
        Ok(())
    }
}

fn write_state(transaction: &Transaction<'_>, state: &State) -> Result<()> {
    // Numbers set aside are given without another write.
    let unwritten_through = if state.reserved > state.newest {
        state.reserved
    } else {
        state.unwritten_through
    };
    run(
        transaction,
        "UPDATE state SET newest = ?1, unwritten_through = ?2",
        (integer(state.reserved), integer(unwritten_through)),
    )?;
    Ok(())
}
