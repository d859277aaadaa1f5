//! The first databases of a process. A test of its own, because every process has but one first moment.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

use std::{sync::Barrier, thread};

use getrandom::{SysRng, rand_core::UnwrapErr};
use session_store::DataDir;

/// Threads that open their first database at once.
const THREADS: u64 = 16;

#[test]
fn the_first_databases_of_a_process_can_be_opened_by_many_threads_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let directories: Vec<DataDir> = (0..THREADS)
        .map(|number| {
            let path = scratch.path().join(number.to_string());
            DataDir::open(&path, None, &mut UnwrapErr(SysRng)).unwrap()
        })
        .collect();
    let start = Barrier::new(directories.len());
    thread::scope(|scope| {
        for directory in &directories {
            scope.spawn(|| {
                start.wait();
                directory.event_log().unwrap();
            });
        }
    });
}
