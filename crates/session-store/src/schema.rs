//! Opening a database: its key, its pragmas, its schema.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    sync::Once,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{error::OpenError, rollback_guard, store_key::StoreKey, trouble};

/// A schema's history; `user_version` counts how much of it a database has.
pub(crate) type Schema = &'static [&'static str];

/// Of an account's database.
pub(crate) const ACCOUNT: Schema = &[
    include_str!("../../../migrations/0001_initial.sql"),
    include_str!("../../../migrations/0002_time_and_events.sql"),
    include_str!("../../../migrations/0003_epoch.sql"),
    include_str!("../../../migrations/0004_contacts.sql"),
    include_str!("../../../migrations/0005_dated_prekeys.sql"),
    include_str!("../../../migrations/0006_checkpoints.sql"),
    include_str!("../../../migrations/0007_clocks.sql"),
    include_str!("../../../migrations/0008_session_chains.sql"),
    include_str!("../../../migrations/0009_counted_chains.sql"),
    include_str!("../../../migrations/0010_contact_requests.sql"),
    include_str!("../../../migrations/0011_sessions_among_peers.sql"),
    include_str!("../../../migrations/0012_peers.sql"),
    include_str!("../../../migrations/0013_keyed_witnesses.sql"),
    include_str!("../../../migrations/0014_gaps.sql"),
    include_str!("../../../migrations/0015_unused.sql"),
];
/// Of the event log.
pub(crate) const EVENT_LOG: Schema = &[
    include_str!("../../../migrations/events/0001_initial.sql"),
    include_str!("../../../migrations/events/0002_kept_of_each_account.sql"),
];
/// Statements kept prepared: all there are.
const STATEMENT_CACHE: usize = 64;
/// How long a reader waits for the writer's short exclusive moments.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a database for reading and writing and brings its schema up to date. The name of its log may not be on the disk
/// yet: SQLite waits for it as well, but takes no notice if the disk does not get it, and all commits would be
/// lost with that name. Whoever commits has to wait for it first.
pub(crate) fn open_writer(
    path: &Path,
    key: &StoreKey,
    schema: Schema,
) -> Result<Connection, OpenError> {
    make_writer(path, open(path, key)?, schema)
}

/// Opens an account's database as [`open_writer`] does. Nothing of its log is copied into it.
pub(crate) fn open_held(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    let connection = open(path, key)?;
    leave_log(&connection)
        .and_then(|()| connection.execute_batch("PRAGMA wal_autocheckpoint = 0;"))
        .map_err(|error| unusable(path, &error))?;
    make_writer(path, connection, ACCOUNT)
}

/// Has the log left beside the database when the last connection to it is closed.
fn leave_log(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map(drop)
}

fn make_writer(
    path: &Path,
    mut connection: Connection,
    schema: Schema,
) -> Result<Connection, OpenError> {
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
    Ok(connection)
}

/// Opens a database for reading only.
pub(crate) fn open_reader(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    let connection = open(path, key)?;
    // A reader of a WAL database takes part in its shared memory, so the file is opened for writing; this forbids it. That
    // does not keep it from copying the log into the database when it is the last to close it.
    leave_log(&connection)
        .and_then(|()| connection.execute_batch("PRAGMA query_only = ON;"))
        .map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

/// Opens an empty file that a database is to be copied into.
pub(crate) fn open_copy(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    open(path, key)
}

/// Opens a database's own file for reading, as if there were no log beside it.
pub(crate) fn open_alone(path: &Path, key: &StoreKey) -> rusqlite::Result<Connection> {
    prepare_library();
    let mut uri = OsString::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(OsStr::from_bytes(std::slice::from_ref(byte)));
            }
            _ => uri.push(format!("%{byte:02x}")),
        }
    }
    // Immutable: SQLite looks for no log, and takes no lock.
    uri.push("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(Path::new(&uri), flags)?;
    connection.execute_batch(&key.pragma())?;
    // A file that the log was being copied into may be shorter than it says; that is no reason not to read it.
    connection.execute_batch(
        "PRAGMA cipher_log_level = NONE;
         PRAGMA cipher_memory_security = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA writable_schema = ON;",
    )?;
    Ok(connection)
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
        .execute_batch(
            "PRAGMA cipher_log_level = NONE;
             PRAGMA cipher_memory_security = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;",
        )
        .and_then(|()| connection.busy_timeout(BUSY_TIMEOUT))
        .map_err(|error| unusable(path, &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // A plan holds whatever is bound to it. Otherwise each new value has SQLite prepare a statement anew that a partial
    // index might serve.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| unusable(path, &error))?;
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
        rollback_guard::forget_digest(&transaction).map_err(failed)?;
        transaction
            .execute_batch(&format!("PRAGMA user_version = {}", schema.len()))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn unusable(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match trouble::of_database(&path, error) {
        Some(trouble) => OpenError::Refused { path, trouble },
        None => OpenError::Database {
            path,
            cause: error.to_string(),
        },
    }
}
