//! Running SQL statements. Each is prepared once per connection, and those of an account's
//! connections are timed.

use crypto_core::MessageId;
use engine::model::StoreError;
use rusqlite::{Connection, Params, Row};

use crate::{
    connection::{Sqlite, SqliteStore},
    rows::{Columns, failed},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Every row that `sql` gives.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row that `sql` gives.
pub(crate) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}

/// Runs `sql`; the number of rows that it changed.
pub(crate) fn changed(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.execute(params).map_err(failed)
}

impl<Mode> Sqlite<Mode> {
    /// Every row that `sql` gives.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let _lap = self.stopwatch.lap();
        all(&self.connection, sql, params, read)
    }

    /// The first row that `sql` gives.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let _lap = self.stopwatch.lap();
        first(&self.connection, sql, params, read)
    }

    /// The number that `sql` gives.
    pub(crate) fn count(&self, sql: &str, params: impl Params) -> Result<u64> {
        let count = self.first(sql, params, |row| Columns::of(row).count())?;
        Ok(count.unwrap_or(0))
    }
}

impl SqliteStore {
    /// Runs `sql`, whatever it changes.
    pub(crate) fn run(&self, sql: &str, params: impl Params) -> Result<()> {
        self.changed(sql, params).map(drop)
    }

    /// Runs `sql`; the number of rows that it changed.
    pub(crate) fn changed(&self, sql: &str, params: impl Params) -> Result<usize> {
        let _lap = self.stopwatch.lap();
        changed(&self.connection, sql, params)
    }

    /// Runs `sql`, which gives messages and whether each was read; those that were.
    pub(crate) fn messages(&self, sql: &str, params: impl Params) -> Result<Vec<MessageId>> {
        let found = self.all(sql, params, |row| {
            let mut columns = Columns::of(row);
            let message = MessageId::from_bytes(columns.take()?);
            Ok(columns.take::<bool>()?.then_some(message))
        })?;
        Ok(found.into_iter().flatten().collect())
    }
}
