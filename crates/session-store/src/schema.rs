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

/// The migrations of a database, in order; its `user_version` counts those it has.
pub(crate) type Schema = &'static [&'static str];

/// The migrations of an account's database.
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
    include_str!("../../../migrations/0016_confirmed_messages.sql"),
    include_str!("../../../migrations/0017_topics_and_contacts.sql"),
    include_str!("../../../migrations/0018_groups.sql"),
    include_str!("../../../migrations/0019_closed_group_keys.sql"),
    include_str!("../../../migrations/0020_kem_prekeys.sql"),
    include_str!("../../../migrations/0021_suites_of_sessions.sql"),
];
/// The migrations of the event log.
pub(crate) const EVENT_LOG: Schema = &[
    include_str!("../../../migrations/events/0001_initial.sql"),
    include_str!("../../../migrations/events/0002_kept_of_each_account.sql"),
];
/// The migrations of the registry of accounts.
pub(crate) const REGISTRY: Schema = &[
    include_str!("../../../migrations/registry/0001_initial.sql"),
    include_str!("../../../migrations/registry/0002_sessions_by_suite.sql"),
];
/// Prepared statements that are kept: more than there are.
const STATEMENT_CACHE: usize = 128;
/// How long a connection waits for a lock: the writer holds exclusive ones for moments.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a database for reading and writing and brings its schema up to date. The caller has to
/// sync the directory before it relies on a commit: SQLite ignores an error in writing the WAL's
/// name, and all commits would be lost with that name.
pub(crate) fn open_writer(
    path: &Path,
    key: &StoreKey,
    schema: Schema,
) -> Result<Connection, OpenError> {
    make_writer(path, open(path, key)?, schema)
}

/// Opens an account's database as [`open_writer`] does, but checkpoints nothing of its WAL.
pub(crate) fn open_without_checkpoints(
    path: &Path,
    key: &StoreKey,
) -> Result<Connection, OpenError> {
    let connection = open(path, key)?;
    leave_log(&connection)
        .and_then(|()| connection.execute_batch("PRAGMA wal_autocheckpoint = 0;"))
        .map_err(|error| unusable(path, &error))?;
    make_writer(path, connection, ACCOUNT)
}

/// Leaves the WAL beside the database when the last connection to it is closed.
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
    // A reader of a WAL database writes its shared memory, so the file is opened for writing and
    // writing forbidden here. That would not keep the last reader from a checkpoint when it closes.
    leave_log(&connection)
        .and_then(|()| connection.execute_batch("PRAGMA query_only = ON;"))
        .map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

/// Opens an empty file that a database is to be copied into.
pub(crate) fn open_copy(path: &Path, key: &StoreKey) -> Result<Connection, OpenError> {
    open(path, key)
}

/// Opens the main file of a database for reading, as if there were no WAL beside it.
pub(crate) fn open_main_file(path: &Path, key: &StoreKey) -> rusqlite::Result<Connection> {
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
    // Immutable: SQLite looks for no WAL and takes no lock.
    uri.push("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(Path::new(&uri), flags)?;
    connection.execute_batch(&key.pragma())?;
    // An interrupted checkpoint can leave the file shorter than its header says: read it all the
    // same, which SQLite does with a writable schema.
    connection.execute_batch(
        "PRAGMA cipher_log_level = NONE;
         PRAGMA cipher_memory_security = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA writable_schema = ON;",
    )?;
    Ok(connection)
}

/// Initialises the library in one thread. SQLite counts itself as initialised before SQLCipher is:
/// a thread that opens a database in that moment finds no cipher, and its key is refused.
fn prepare_library() {
    static READY: Once = Once::new();
    // If this fails, so does the connection that is opened next, and says why.
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
    // Query plans do not depend on bound values. Otherwise SQLite prepares a statement again for
    // each new value, if a partial index might serve it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| unusable(path, &error))?;
    // The first read shows a wrong key.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| {
            row.get::<_, i64>(0)
        })
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotReadable(path.to_owned()),
            _ => unusable(path, &error),
        })?;
    Ok(connection)
}

/// How many of the migrations of its schema a database has.
///
/// # Errors
/// [`OpenError::NewerSchema`] if it has more than there are.
pub(crate) fn migrations_done(
    connection: &Connection,
    path: &Path,
    schema: Schema,
) -> Result<usize, OpenError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", (), |row| row.get(0))
        .map_err(|error| unusable(path, &error))?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    if done > schema.len() {
        return Err(OpenError::NewerSchema {
            path: path.to_owned(),
            found,
            known: schema.len(),
        });
    }
    Ok(done)
}

fn migrate(path: &Path, connection: &mut Connection, schema: Schema) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| unusable(path, &error);
    let transaction = connection.transaction().map_err(failed)?;
    let done = migrations_done(&transaction, path, schema)?;
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
