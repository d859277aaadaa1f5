//! Opening a database: its key, its pragmas, its schema.

use std::{path::Path, sync::Once};

use rusqlite::{Connection, OpenFlags};

use crate::{error::OpenError, files::sync_directory, key::StoreKey};

/// A schema's history; `user_version` counts how much of it a database has.
pub(crate) type Schema = &'static [&'static str];

/// Of an account's database.
pub(crate) const ACCOUNT: Schema = &[
    include_str!("../../../migrations/0001_initial.sql"),
    include_str!("../../../migrations/0002_time_and_events.sql"),
    include_str!("../../../migrations/0003_epoch.sql"),
    include_str!("../../../migrations/0004_contacts.sql"),
    include_str!("../../../migrations/0005_dated_prekeys.sql"),
];
/// Of the event log.
pub(crate) const EVENT_LOG: Schema = &[include_str!("../../../migrations/events/0001_initial.sql")];
/// Statements kept prepared: all there are.
const STATEMENT_CACHE: usize = 64;
/// How long a reader waits for the writer's short exclusive moments, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5000;

/// Opens a database for reading and writing and brings its schema up to date.
pub(crate) fn open_writer(
    path: &Path,
    key: &StoreKey,
    schema: Schema,
) -> Result<Connection, OpenError> {
    let mut connection = open(path, key)?;
    // WAL: readers do not wait for the writer. FULL: a commit that returned has reached the disk.
    // secure_delete: an erased key leaves no bytes behind in free pages.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;",
        )
        .map_err(|error| unusable(path, &error))?;
    migrate(path, &mut connection, schema)?;
    // The log is there now. SQLite waits for its name as well, but takes no notice if the disk does not get it: all commits
    // would be lost with that name.
    sync_directory(path)?;
    Ok(connection)
}

/// Opens a database for reading only.
pub(crate) fn open_reader(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    let connection = open(path, key)?;
    // A reader of a WAL database takes part in its shared memory, so the file is opened for writing; this forbids it.
    connection
        .execute_batch("PRAGMA query_only = ON;")
        .map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

/// Opens an empty file that a database is to be copied into.
pub(crate) fn open_copy(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    open(path, key)
}

/// Lets one thread open a first connection alone. SQLite counts itself as ready before it has readied SQLCipher: a thread
/// that opens a database in that moment finds no cipher and is refused its key.
fn prepare_library() {
    static READY: Once = Once::new();
    // Should this fail, so does the connection that is opened next, and says why.
    READY.call_once(|| drop(Connection::open_in_memory()));
}

fn open(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    prepare_library();
    // Without CREATE: a file that SQLite made itself would have the mode of the umask.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
    // The key goes first: before any statement that reads the file.
    connection
        .execute_batch(&key.pragma())
        .map_err(|error| unusable(path, &error))?;
    connection
        .execute_batch(&format!(
            "PRAGMA cipher_log_level = NONE;
             PRAGMA cipher_memory_security = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;
             PRAGMA busy_timeout = {BUSY_TIMEOUT_MS};"
        ))
        .map_err(|error| unusable(path, &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // The first read: a wrong key shows here.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| {
            row.get::<_, i64>(0)
        })
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotReadable {
                path: path.to_owned(),
            },
            _ => unusable(path, &error),
        })?;
    Ok(connection)
}

fn migrate(path: &Path, connection: &mut Connection, schema: Schema) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| unusable(path, &error);
    let transaction = connection.transaction().map_err(failed)?;
    let version: i64 = transaction
        .query_row("PRAGMA user_version", (), |row| row.get(0))
        .map_err(failed)?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > schema.len() {
        return Err(OpenError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known: schema.len(),
        });
    }
    for migration in schema.iter().skip(done) {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    if done < schema.len() {
        transaction
            .execute_batch(&format!("PRAGMA user_version = {}", schema.len()))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn unusable(path: &Path, error: &rusqlite::Error) -> OpenError {
    OpenError::Database {
        path: path.to_owned(),
        cause: error.to_string(),
    }
}
