//! Older states and copies are told from the newest state.

mod erased;
mod keyed;
mod log;
mod opening;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crypto_core::{SessionId, Suite};
use engine::{
    Config, Engine, Env,
    model::{RollbackKind, SendError, Session, Standing, StoreError, UnixMillis},
    store::{Store as _, StoreRead as _, Transaction as _, contract},
};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use rusqlite::config::DbConfig;
use tempfile::TempDir;

use super::{BEFORE_THE_FOURTEENTH, BEFORE_THE_TENTH, account, name, open, ran};
use crate::{DataDir, Found, Inspector, OpenError, SqliteStore, rekey};

/// A data directory with account `a`.
struct Home {
    scratch: TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self {
            scratch: tempfile::tempdir().unwrap(),
        };
        drop(home.directory().create_account(&account("a")).unwrap());
        home
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    fn accounts(&self) -> PathBuf {
        self.path().join("accounts")
    }

    fn directory(&self) -> DataDir {
        open(&self.path()).unwrap()
    }

    fn open(&self) -> SqliteStore {
        self.directory().open_account(&name("a")).unwrap().1
    }

    fn found(&self) -> Option<RollbackKind> {
        let inspector = Inspector::open(&self.path(), None).unwrap();
        let inspected = inspector.account(&name("a")).unwrap().displaced;
        let found = self.open().displaced();
        assert_eq!(found, inspected);
        found
    }

    /// Copies all files of the accounts over those of the same name in `to`.
    fn copy(&self, to: &Path) {
        copy(&self.accounts(), to);
    }

    fn sidecars(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.accounts()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|found| found == "epoch"))
            .collect()
    }

    fn database(&self) -> PathBuf {
        self.accounts().join("a.db")
    }

    fn log(&self) -> PathBuf {
        self.accounts().join("a.db-wal")
    }

    /// Everything as it was when `from` was copied, in the very files.
    fn put_back(&self, from: &Path) {
        let sidecars = fs::read_dir(from).unwrap().map(|entry| entry.unwrap());
        let sidecars: Vec<_> = sidecars
            .map(|entry| entry.file_name())
            .filter(|name| name.to_str().unwrap().ends_with(".epoch"))
            .collect();
        let present = self.sidecars().remove(0);
        fs::rename(present, self.accounts().join(&sidecars[0])).unwrap();
        copy(from, &self.accounts());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn commit(store: &mut SqliteStore) -> Result<(), StoreError> {
    let passed = store.timekeeping().unwrap().running.0;
    store.begin()?;
    store.put_timekeeping(&ran(passed + 1))?;
    store.commit()
}

/// Has a new generation drawn, as before the first commit of an opening.
fn draw_generation(store: &mut SqliteStore) {
    store.begin().unwrap();
    store.abort().unwrap();
}

/// A commit that makes a session.
fn add(store: &mut SqliteStore, session: &Session) {
    store.begin().unwrap();
    store.put_session(session).unwrap();
    store.commit().unwrap();
}

/// A session that can be stepped.
fn add_session(store: &mut SqliteStore) {
    add(store, &stepping());
}

fn expired(seed: u8) -> Session {
    let since = UnixMillis(1);
    contract::session(seed, Suite::X25519, Standing::Expired { since })
}

fn stepping() -> Session {
    contract::session(1, Suite::X25519, Standing::Active)
}

/// One step of the session of [`add_session`].
fn step(store: &mut SqliteStore) -> Result<(), StoreError> {
    store.begin()?;
    store.put_session_progress(&stepping())?;
    store.commit()
}

type Commit = fn(&mut SqliteStore) -> Result<(), StoreError>;

/// Whatever a batch writes last, or undoes.
const COMMITS: [(&str, Commit); 6] = [
    ("no step", commit),
    ("a step", step),
    ("a step that was undone", |store| {
        let passed = store.timekeeping()?.running.0;
        store.begin()?;
        store.savepoint()?;
        store.put_session_progress(&stepping())?;
        store.rollback()?;
        store.put_timekeeping(&ran(passed + 1))?;
        store.commit()
    }),
    ("a step before another that was undone", |store| {
        store.begin()?;
        store.put_session_progress(&stepping())?;
        store.savepoint()?;
        store.put_session_progress(&stepping())?;
        store.rollback()?;
        store.commit()
    }),
    ("a session that is removed", |store| {
        store.begin()?;
        store.put_session_progress(&stepping())?;
        store.remove_session(&stepping().id)?;
        store.commit()
    }),
    ("a session that is made", |store| {
        let other = contract::session(2, Suite::Secp256k1, Standing::Active);
        store.begin()?;
        store.remove_session(&stepping().id)?;
        store.put_session(&other)?;
        store.commit()
    }),
];

/// The process ends without closing the store: its sidecar keeps its name.
fn crash(mut store: SqliteStore) {
    store.guard = None;
}

/// The process ends at once: log and all stay as they are.
fn kill(store: SqliteStore) {
    store
        .connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    crash(store);
}

/// Copies the log into the database, as a long one is; whether all of it was copied.
fn copy_log(store: &mut SqliteStore) -> bool {
    let guard = store.guard.as_mut().unwrap();
    guard.checkpoint(&store.connection).is_ok()
}

fn based(store: &SqliteStore) -> u32 {
    let read = "SELECT based FROM epoch";
    store
        .connection
        .query_row(read, (), |row| row.get(0))
        .unwrap()
}

#[test]
fn a_store_that_stays_where_it_is_is_trusted_whatever_ended_the_process() {
    let home = Home::new();
    for _ in 0..3 {
        let mut store = home.open();
        assert_eq!(store.displaced(), None);
        commit(&mut store).unwrap();
        drop(store);
        let mut store = home.open();
        assert_eq!(store.displaced(), None);
        commit(&mut store).unwrap();
        crash(store);
    }
    assert_eq!(home.found(), None);
    assert_eq!(home.sidecars().len(), 1);
    // Moved within its file system, it is the same files.
    fs::rename(home.path(), home.scratch.path().join("moved")).unwrap();
    let moved = open(&home.scratch.path().join("moved")).unwrap();
    let (_, store) = moved.open_account(&name("a")).unwrap();
    assert_eq!(store.displaced(), None);
    assert_eq!(store.found_displaced().unwrap(), None);
}

#[test]
fn an_older_database_is_told_by_a_single_commit() {
    for (what, last) in COMMITS {
        let home = Home::new();
        let old = home.scratch.path().join("old.db");
        let database = home.accounts().join("a.db");
        let mut store = home.open();
        add_session(&mut store);
        crash(store);
        // Into one file, so that it can be copied alone.
        let checkpoint = home.open();
        checkpoint
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
            .unwrap();
        fs::copy(&database, &old).unwrap();
        let mut store = checkpoint;
        last(&mut store).unwrap();
        crash(store);
        for companion in ["a.db-wal", "a.db-shm"] {
            let _ = fs::remove_file(home.accounts().join(companion));
        }
        fs::copy(&old, &database).unwrap();
        assert_eq!(home.found(), Some(RollbackKind::Older), "{what}");
    }
}

#[test]
fn a_log_without_its_last_commit_is_told_whatever_that_wrote() {
    for (what, last) in COMMITS {
        let home = Home::new();
        let mut store = home.open();
        add_session(&mut store);
        for _ in 0..3 {
            step(&mut store).unwrap();
        }
        let before = fs::read(home.log()).unwrap();
        last(&mut store).unwrap();
        kill(store);
        let left = home.scratch.path().join("left");
        home.copy(&left);
        assert_eq!(home.found(), None, "{what}");
        home.put_back(&left);
        fs::write(home.log(), before).unwrap();
        let _ = fs::remove_file(home.accounts().join("a.db-shm"));
        assert_eq!(home.found(), Some(RollbackKind::Older), "{what}");
    }
}

#[test]
fn a_step_of_a_session_writes_one_page() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    let logged = || fs::metadata(home.log()).unwrap().len();
    for sent in 1..=5 {
        let before = logged();
        store.begin().unwrap();
        let stepped = Session { sent, ..stepping() };
        store.put_session_progress(&stepped).unwrap();
        store.commit().unwrap();
        assert_eq!(logged() - before, 24 + 4096);
    }
}

#[test]
fn a_batch_that_changed_nothing_writes_no_byte() {
    let nothing: [(&str, Commit); 4] = [
        ("nothing", |store| {
            store.begin()?;
            store.commit()
        }),
        ("reading", |store| {
            store.begin()?;
            store.savepoint()?;
            store.sessions(None)?;
            store.release()?;
            store.commit()
        }),
        ("what is not there", |store| {
            store.begin()?;
            store.savepoint()?;
            store.remove_session(&SessionId::from_bytes([9; 32]))?;
            store.remove_events_up_to(1)?;
            store.release()?;
            store.commit()
        }),
        ("what was undone", |store| {
            store.begin()?;
            store.savepoint()?;
            store.put_session_progress(&stepping())?;
            store.remove_session(&stepping().id)?;
            store.rollback()?;
            store.commit()
        }),
    ];
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    let files = || {
        let changed = |path: PathBuf| {
            let found = fs::metadata(path).unwrap();
            (found.len(), found.modified().unwrap())
        };
        [home.database(), home.log(), home.sidecars().remove(0)].map(changed)
    };
    for (what, batch) in nothing {
        let before = files();
        batch(&mut store).unwrap();
        assert!(store.check_open().is_err(), "{what}");
        assert_eq!(files(), before, "{what}");
    }
    step(&mut store).unwrap();
    kill(store);
    assert_eq!(home.found(), None);
}

#[test]
fn a_log_that_was_lost_is_told() {
    let home = Home::new();
    let mut store = home.open();
    commit(&mut store).unwrap();
    // The last reader of a log folds it into the database: what a crash leaves is copied before
    // that.
    let left = home.scratch.path().join("left");
    home.copy(&left);
    drop(store);
    copy(&left, &home.accounts());
    fs::remove_file(home.accounts().join("a.db-wal")).unwrap();
    let _ = fs::remove_file(home.accounts().join("a.db-shm"));
    assert_eq!(home.found(), Some(RollbackKind::Older));
}

#[test]
fn a_copy_put_back_over_the_present_files_is_told_by_the_mark_that_is_left() {
    for made_while_open in [false, true] {
        let home = Home::new();
        let backup = home.scratch.path().join("backup");
        let mut store = home.open();
        commit(&mut store).unwrap();
        if !made_while_open {
            drop(store);
            home.copy(&backup);
            store = home.open();
        } else {
            home.copy(&backup);
        }
        commit(&mut store).unwrap();
        drop(store);
        copy(&backup, &home.accounts());
        assert_eq!(home.sidecars().len(), 2);
        assert_eq!(home.found(), Some(RollbackKind::Older), "{made_while_open}");
    }
}

#[test]
fn a_copy_elsewhere_is_told_and_the_original_goes_on() {
    let home = Home::new();
    let mut store = home.open();
    commit(&mut store).unwrap();
    drop(store);
    let copied = Home {
        scratch: tempfile::tempdir().unwrap(),
    };
    drop(copied.directory());
    fs::copy(
        home.path().join(crate::KEY_FILE),
        copied.path().join(crate::KEY_FILE),
    )
    .unwrap();
    home.copy(&copied.accounts());
    assert_eq!(copied.found(), Some(RollbackKind::Elsewhere));
    assert_eq!(home.found(), None);
}

#[test]
fn a_store_without_a_readable_mark_is_told() {
    type Harm = fn(&Path);
    let harms: [Harm; 5] = [
        |sidecar| fs::remove_file(sidecar).unwrap(),
        |sidecar| fs::write(sidecar, "").unwrap(),
        |sidecar| fs::write(sidecar, [0; 64]).unwrap(),
        |sidecar| {
            let mut bytes = fs::read(sidecar).unwrap();
            bytes[48] ^= 1;
            fs::write(sidecar, bytes).unwrap();
        },
        |sidecar| {
            let mut bytes = fs::read(sidecar).unwrap();
            bytes.push(0);
            fs::write(sidecar, bytes).unwrap();
        },
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let home = Home::new();
        harm(&home.sidecars()[0]);
        assert_eq!(home.found(), Some(RollbackKind::Unmarked), "{number}");
    }
}

#[test]
fn a_count_that_the_power_took_away_accuses_nobody() {
    let home = Home::new();
    let before = home.open();
    let old = fs::read(&home.sidecars()[0]).unwrap();
    let mut store = before;
    for _ in 0..3 {
        commit(&mut store).unwrap();
    }
    crash(store);
    fs::write(&home.sidecars()[0], old).unwrap();
    assert_eq!(home.found(), None);
}

#[test]
fn a_renaming_that_a_crash_cut_off_accuses_nobody_even_twice() {
    let home = Home::new();
    let mut name = home.sidecars().remove(0);
    for _ in 0..3 {
        let mut store = home.open();
        assert_eq!(store.displaced(), None);
        draw_generation(&mut store);
        crash(store);
        let new = home.sidecars().remove(0);
        assert_ne!(name, new);
        // A generation was drawn, and the file did not get its name; the next opening gives it that
        // first.
        fs::rename(&new, &name).unwrap();
        name = new;
    }
    assert_eq!(home.found(), None);
}

#[test]
fn a_store_of_a_version_that_kept_no_witnesses_is_trusted_once() {
    let home = Home::new();
    let store = home.open();
    store
        .connection
        .execute_batch(&format!("{BEFORE_THE_TENTH} DROP TABLE epoch; DROP TABLE contacts; DROP TABLE clocks; ALTER TABLE devices DROP COLUMN dated_at;
             DROP TABLE session_chains;
             ALTER TABLE sessions ADD COLUMN last_sent_at INTEGER;
             ALTER TABLE sessions ADD COLUMN last_received_at INTEGER;
             ALTER TABLE sessions ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE sessions ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE sessions ADD COLUMN advances INTEGER NOT NULL DEFAULT 0;
             PRAGMA user_version = 2;"))
        .unwrap();
    crash(store);
    fs::remove_file(&home.sidecars()[0]).unwrap();
    let inspector = Inspector::open(&home.path(), None).unwrap();
    let inspected = inspector.account(&name("a")).unwrap();
    assert_eq!(inspected.pending_migrations, 19);
    let backup = home.scratch.path().join("backup");
    home.copy(&backup);
    assert_eq!(home.found(), None);
    copy(&backup, &home.accounts());
    assert_eq!(home.found(), Some(RollbackKind::Older));
}

#[test]
fn a_store_that_counted_in_one_row_alone_goes_on() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    commit(&mut store).unwrap();
    let as_before = format!(
        "{BEFORE_THE_TENTH} ALTER TABLE session_chains DROP COLUMN commits; PRAGMA user_version = 8"
    );
    store.connection.execute_batch(&as_before).unwrap();
    kill(store);
    let left = home.scratch.path().join("left");
    home.copy(&left);
    assert_eq!(home.found(), None);
    let mut store = home.open();
    step(&mut store).unwrap();
    kill(store);
    assert_eq!(home.found(), None);
    home.put_back(&left);
    assert_eq!(home.found(), None);
}

#[test]
fn a_displaced_store_is_read_and_not_written_until_it_is_settled() {
    let home = Home::new();
    let mut store = home.open();
    commit(&mut store).unwrap();
    drop(store);
    fs::remove_file(&home.sidecars()[0]).unwrap();
    let found = Found {
        at: UnixMillis(7),
        how: RollbackKind::Unmarked,
    };

    let mut store = home.open();
    assert_eq!(store.timekeeping(), Ok(ran(1)));
    assert_eq!(commit(&mut store), Err(StoreError::RolledBack));
    // Settled, and undone: as if nothing had been.
    store.begin().unwrap();
    store.settle(found).unwrap();
    store.abort().unwrap();
    assert_eq!(commit(&mut store), Err(StoreError::RolledBack));
    drop(store);
    assert!(home.found().is_some());

    let mut store = home.open();
    store.begin().unwrap();
    store.settle(found).unwrap();
    store.commit().unwrap();
    assert_eq!(store.displaced(), None);
    commit(&mut store).unwrap();
    assert_eq!(store.timekeeping(), Ok(ran(2)));
    crash(store);
    assert_eq!(home.sidecars().len(), 1);
    let store = home.open();
    assert_eq!(store.displaced(), None);
    // It is remembered, and told again by whoever asks.
    assert_eq!(store.found_displaced(), Ok(Some(found)));
}

#[test]
fn another_state_put_in_place_of_an_open_one_is_never_built_upon() {
    // The file replaced by another.
    let home = Home::new();
    let database = home.accounts().join("a.db");
    let mut store = home.open();
    commit(&mut store).unwrap();
    let other = home.scratch.path().join("other");
    fs::copy(&database, &other).unwrap();
    fs::rename(&other, &database).unwrap();
    assert_eq!(commit(&mut store), Err(StoreError::RolledBack));
    // Nor later, should the file come back.
    assert_eq!(commit(&mut store), Err(StoreError::RolledBack));

    // Its content replaced, or another program that writes to it.
    for (what, next) in COMMITS {
        let home = Home::new();
        let mut store = home.open();
        add_session(&mut store);
        commit(&mut store).unwrap();
        let other = rusqlite_writer(&home);
        other
            .execute("UPDATE epoch SET commits = commits + 1", ())
            .unwrap();
        drop(other);
        assert_eq!(next(&mut store), Err(StoreError::RolledBack), "{what}");
        assert_eq!(store.timekeeping(), Ok(ran(1)));
    }
}

#[test]
fn an_open_store_whose_pages_were_replaced_is_not_built_upon_once_they_are_read_again() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    assert!(copy_log(&mut store));
    let old = fs::read(home.database()).unwrap();
    step(&mut store).unwrap();
    step(&mut store).unwrap();
    assert!(copy_log(&mut store));
    // In the very file, as `cp` does.
    fs::write(home.database(), old).unwrap();
    assert_eq!(store.release_memory(), Err(StoreError::RolledBack));
    assert_eq!(step(&mut store), Err(StoreError::RolledBack));
}

/// A second connection that may write, as no ratchetd opens it.
fn rusqlite_writer(home: &Home) -> rusqlite::Connection {
    let directory = home.directory();
    let reader = directory.reader(&name("a")).unwrap();
    let mut reader = std::mem::ManuallyDrop::new(reader);
    reader
        .connection
        .execute_batch("PRAGMA query_only = OFF")
        .unwrap();
    std::mem::replace(
        &mut reader.connection,
        rusqlite::Connection::open_in_memory().unwrap(),
    )
}

#[test]
fn marks_of_accounts_that_are_not_there_are_erased_and_others_names_are_left_alone() {
    let home = Home::new();
    let stray = home.accounts().join("b.0123456789abcdef.epoch");
    fs::write(&stray, "").unwrap();
    let kept = ["a.epoch", "a.xyz.epoch", "a.0123456789ABCDEF.epoch"];
    for file in kept {
        fs::write(home.accounts().join(file), "").unwrap();
    }
    // Its sidecar is not taken for one of the account `a`.
    drop(home.directory().create_account(&account("a.b")).unwrap());
    assert!(!stray.exists());
    assert_eq!(home.found(), None);
    for file in kept {
        assert!(home.accounts().join(file).exists(), "{file}");
    }
    home.directory().remove_account(&name("a")).unwrap();
    let left: Vec<_> = home.sidecars();
    assert_eq!(left.len(), 1 + kept.len());
    // The next account of the name begins with a sidecar of its own.
    drop(home.directory().create_account(&account("a")).unwrap());
    assert_eq!(home.found(), None);
}

#[test]
fn a_damaged_store_that_cannot_begin_anew_says_so_and_does_not_try_for_ever() {
    let home = Home::new();
    let (account, mut store) = home.directory().open_account(&name("a")).unwrap();
    add_session(&mut store);
    // As if an index and its table were of different times.
    store
        .connection
        .execute_batch(
            "CREATE TRIGGER stays BEFORE UPDATE ON sessions BEGIN SELECT RAISE(IGNORE); END;",
        )
        .unwrap();
    let mut engine = Engine::new(account, Config::default());
    let mut env = Env {
        now: UnixMillis(5),
        running: Duration::ZERO,
        rng: &mut UnwrapErr(SysRng),
    };
    store.begin().unwrap();
    let begun = engine.expire_all_sessions(&mut store, &mut env, RollbackKind::Older);
    assert!(
        matches!(begun, Err(SendError::Store(StoreError::Corrupt(_)))),
        "{begun:?}"
    );
}
