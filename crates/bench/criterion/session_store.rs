//! What the store costs on a file: records read and written, in the processor's time; commits,
//! which wait for the disk, by the clock, and beside them a commit of SQLite alone.

#![allow(
    clippy::expect_used,
    reason = "a benchmark says what it expects by panicking"
)]

mod cpu_time;
mod fleet;

use std::{hint::black_box, path::Path};

use criterion::{
    BenchmarkId, Criterion,
    measurement::{Measurement as _, WallTime},
};
use engine::{
    model::Session,
    store::{Store as _, StoreRead as _, Transaction as _},
};
use rusqlite::Connection;
use session_store::{DataDir, SqliteStore};

use self::{
    cpu_time::{CpuTime, configured},
    fleet::{Party, account, rng},
};

/// Sessions in the store.
const SESSIONS: usize = 1000;
/// Steps of one commit: one, and as many as a worker takes at once.
const BATCHES: [usize; 2] = [1, 64];

fn main() {
    let mut of_processor = configured(CpuTime);
    let mut of_clock = configured(WallTime);
    // Beside what was built: where that lies is a disk, as a rule, and the system's temporary
    // directory need not be.
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let place = scratch.path().join("data");
    let directory = DataDir::open(&place, None, &mut rng()).expect("a directory");
    let account = account();
    let store = directory.create_account(&account).expect("a store");
    let mut me = Party::new(account, store);
    me.meet(SESSIONS, 1);
    let sessions = me.store.sessions(None).expect("a store");
    records(&mut of_processor, &mut me.store, &sessions);
    commits(&mut of_clock, &mut me.store, &sessions);
    bare(&mut of_clock, scratch.path());
    of_clock.final_summary();
}

/// One session read, and one written into a transaction that is open and has room for a batch.
fn records(criterion: &mut Criterion<CpuTime>, store: &mut SqliteStore, sessions: &[Session]) {
    let mut group = criterion.benchmark_group("store");
    group.bench_function("load", |bencher| {
        let mut next = sessions.iter().cycle();
        bencher.iter(|| {
            let session = next.next().expect("a session");
            let device = session.installation.as_ref().expect("a device");
            store
                .active_session(black_box(&session.peer), device)
                .expect("a store")
        });
    });
    group.bench_function("save", |bencher| {
        let mut next = sessions.iter().cycle();
        bencher.iter_custom(|iterations| {
            let mut left = usize::try_from(iterations).expect("few");
            let mut taken = CpuTime.zero();
            while left > 0 {
                let steps = left.min(BATCHES[1]);
                store.begin().expect("a store");
                let start = CpuTime.start();
                for session in next.by_ref().take(steps) {
                    store.put_session(black_box(session)).expect("a store");
                }
                taken += CpuTime.end(start);
                // Undone they would have to be read again.
                store.commit().expect("a store");
                left -= steps;
            }
            taken
        });
    });
    group.finish();
}

/// A batch of steps, each in a savepoint of its own, and its commit.
fn commits(criterion: &mut Criterion, store: &mut SqliteStore, sessions: &[Session]) {
    let mut group = criterion.benchmark_group("commit");
    for steps in BATCHES {
        group.bench_function(BenchmarkId::new("steps", steps), |bencher| {
            let mut next = sessions.iter().cycle();
            bencher.iter(|| {
                store.begin().expect("a store");
                for session in next.by_ref().take(steps) {
                    store.savepoint().expect("a store");
                    store.put_session(session).expect("a store");
                    store.release().expect("a store");
                }
                store.commit().expect("a store");
            });
        });
    }
    group.finish();
}

/// The floor: one row of one table changed, durably, in plain and under SQLCipher.
fn bare(criterion: &mut Criterion, scratch: &Path) {
    let mut group = criterion.benchmark_group("commit");
    for (name, key) in [
        ("bare", String::new()),
        (
            "bare-encrypted",
            format!("PRAGMA key = \"x'{}'\";", "5a".repeat(32)),
        ),
    ] {
        let connection = Connection::open(scratch.join(name)).expect("a database");
        connection
            .execute_batch(&format!(
                "{key}
                 PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 CREATE TABLE rows (id INTEGER PRIMARY KEY, state BLOB NOT NULL) STRICT;
                 INSERT INTO rows VALUES (1, x'00');"
            ))
            .expect("a table");
        group.bench_function(name, |bencher| {
            let mut update = connection
                .prepare("UPDATE rows SET state = ?1 WHERE id = 1")
                .expect("a statement");
            // As long as the state of a ratchet.
            let mut state = [0; 200];
            bencher.iter(|| {
                state = state.map(|byte: u8| byte.wrapping_add(1));
                update.execute([&state]).expect("a change")
            });
        });
    }
    group.finish();
}
