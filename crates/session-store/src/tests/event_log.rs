//! The event log: one sequence that survives everything, and holds every event once.

use crypto_core::MessageId;
use engine::{
    model::{AccountName, Event, EventKind, KeyDropped},
    store::{Store as _, StoreRead as _, Transaction as _},
};

use super::*;
use crate::{
    EventLog, KEPT_EVENTS, SqliteStore,
    data_dir::EVENTS,
    schema::{EVENT_LOG, open_writer},
};

/// Event number `number` of some account, told apart by its time.
fn event(number: u64) -> (u64, Event) {
    let event = Event {
        at: UnixMillis(number),
        kind: EventKind::MessageKeyDropped {
            message: MessageId::from_bytes([7; 32]),
            why: KeyDropped::Limit,
        },
    };
    (number, event)
}

fn events(numbers: std::ops::RangeInclusive<u64>) -> Vec<(u64, Event)> {
    numbers.map(event).collect()
}

/// What the log holds after `after`: sequence numbers, with the numbers that the events had.
fn held(log: &EventLog, account: Option<&AccountName>, after: u64) -> Vec<(u64, u64)> {
    let page = log.page(after, account, 100_000).unwrap();
    page.iter()
        .map(|logged| (logged.seq, logged.event.at.0))
        .collect()
}

#[test]
fn accounts_share_one_sequence_and_each_can_be_read_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let mut log = open(scratch.path()).unwrap().event_log().unwrap();
    let (alice, bob) = (name("alice"), name("bob"));
    log.append(&alice, &events(1..=2)).unwrap();
    log.append(&bob, &events(1..=1)).unwrap();
    log.append(&alice, &events(3..=3)).unwrap();
    assert_eq!(held(&log, None, 0), [(1, 1), (2, 2), (3, 1), (4, 3)]);
    assert_eq!(held(&log, Some(&alice), 1), [(2, 2), (4, 3)]);
    assert_eq!(held(&log, Some(&bob), 3), []);
    let page = log.page(1, None, 2).unwrap();
    let whose: Vec<&str> = page.iter().map(|logged| logged.account.as_str()).collect();
    assert_eq!(whose, ["alice", "bob"]);
    assert_eq!(page[0].event, event(2).1);
}

/// Hands over what waits in a store, as a worker does.
fn take_over(log: &mut EventLog, store: &SqliteStore) {
    log.append(&name("alice"), &store.events(100).unwrap())
        .unwrap();
}

#[test]
fn an_event_is_in_the_log_once_wherever_the_process_is_killed() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("alice")).unwrap();
    let mut log = directory.event_log().unwrap();
    store.begin().unwrap();
    for number in 1..=2 {
        store.append_event(&event(number).1).unwrap();
    }
    store.commit().unwrap();
    take_over(&mut log, &store);
    // Killed before they were erased from the store: they are handed over again, with one that came
    // since.
    drop((log, store, directory));
    let directory = open(scratch.path()).unwrap();
    let (_, mut store) = directory.open_account(&name("alice")).unwrap();
    let mut log = directory.event_log().unwrap();
    store.begin().unwrap();
    store.append_event(&event(3).1).unwrap();
    store.commit().unwrap();
    take_over(&mut log, &store);
    store.begin().unwrap();
    store.remove_events_up_to(3).unwrap();
    store.append_event(&event(4).1).unwrap();
    store.commit().unwrap();
    take_over(&mut log, &store);
    assert_eq!(held(&log, None, 0), [(1, 1), (2, 2), (3, 3), (4, 4)]);
}

#[test]
fn the_newest_ten_thousand_of_each_account_are_kept_and_the_numbers_go_on() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut log = directory.event_log().unwrap();
    let (alice, bob, carol) = (name("alice"), name("bob"), name("carol"));
    let dropped = |log: &EventLog, account| log.dropped(0, u64::MAX, account).unwrap();
    log.append(&bob, &events(1..=1)).unwrap();
    log.append(&alice, &events(1..=KEPT_EVENTS)).unwrap();
    assert_eq!(dropped(&log, None), None);
    log.append(&alice, &events(KEPT_EVENTS + 1..=KEPT_EVENTS + 3))
        .unwrap();
    assert_eq!(dropped(&log, Some(&alice)), Some(4));
    // Events that are not written push out none that are, and nobody those of another.
    for _ in 0..5 {
        log.number_unwritten().unwrap();
    }
    log.append(&bob, &events(2..=2)).unwrap();
    drop(log);
    let mut log = directory.event_log().unwrap();
    let newest = log.newest();
    log.append(&bob, &events(3..=3)).unwrap();
    let of_bob = [(1, 1), (KEPT_EVENTS + 10, 2), (newest + 1, 3)];
    assert_eq!(held(&log, Some(&bob), 0), of_bob);
    assert_eq!(dropped(&log, Some(&bob)), None);
    let of_alice = held(&log, Some(&alice), 0);
    assert_eq!(of_alice.len() as u64, KEPT_EVENTS);
    assert_eq!(of_alice[0], (5, 4));
    // More at once than are kept.
    log.append(&carol, &events(1..=KEPT_EVENTS + 2)).unwrap();
    let of_carol = held(&log, Some(&carol), 0);
    assert_eq!(of_carol.len() as u64, KEPT_EVENTS);
    assert_eq!(of_carol[0], (newest + 4, 3));
    assert_eq!(held(&log, Some(&alice), 0), of_alice);
    assert_eq!(dropped(&log, None), Some(newest + 3));
    assert_eq!(log.dropped(0, newest, None).unwrap(), Some(4));
    assert_eq!(log.dropped(4, newest, None).unwrap(), None);
}

#[test]
fn a_log_of_before_accounts_were_counted_apart_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let (alice, bob) = (name("alice"), name("bob"));
    let mut log = directory.event_log().unwrap();
    log.append(&alice, &events(1..=KEPT_EVENTS)).unwrap();
    log.append(&bob, &events(1..=2)).unwrap();
    log.take_over_anew(&bob).unwrap();
    drop(log);
    let path = scratch.path().join(EVENTS);
    let connection = open_writer(&path, directory.key(), EVENT_LOG).unwrap();
    connection
        .execute_batch(
            "ALTER TABLE sources DROP COLUMN kept;
             ALTER TABLE sources DROP COLUMN dropped_through;
             ALTER TABLE state ADD COLUMN dropped_through INTEGER NOT NULL DEFAULT 0;
             UPDATE state SET dropped_through = 3;
             DELETE FROM events WHERE seq <= 3;
             DELETE FROM sources WHERE account = 'bob';
             PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(connection);
    let mut log = directory.event_log().unwrap();
    assert_eq!(log.dropped(0, u64::MAX, None).unwrap(), Some(3));
    assert_eq!(log.accounts().unwrap(), [alice.clone(), bob.clone()]);
    // There is room for three, and not for a fourth.
    log.append(&alice, &events(KEPT_EVENTS + 1..=KEPT_EVENTS + 3))
        .unwrap();
    assert_eq!(held(&log, Some(&alice), 0)[0], (4, 4));
    log.append(&alice, &events(KEPT_EVENTS + 4..=KEPT_EVENTS + 4))
        .unwrap();
    assert_eq!(held(&log, Some(&alice), 0)[0], (5, 5));
    assert_eq!(held(&log, Some(&bob), 0).len(), 2);
}

#[test]
fn no_number_is_given_twice_and_none_is_left_out_without_need() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let alice = name("alice");
    let mut log = directory.event_log().unwrap();
    log.append(&alice, &events(1..=1)).unwrap();
    drop(log);
    // Killed: everything was written.
    let mut log = directory.event_log().unwrap();
    assert_eq!((log.newest(), log.unwritten_through()), (1, 0));
    assert_eq!(log.number_unwritten().unwrap(), 2);
    log.append(&alice, &events(2..=2)).unwrap();
    assert_eq!(log.number_unwritten().unwrap(), 4);
    log.close().unwrap();
    // Closed: it is known exactly what was given.
    let mut log = directory.event_log().unwrap();
    assert_eq!((log.newest(), log.unwritten_through()), (4, 4));
    assert_eq!(log.number_unwritten().unwrap(), 5);
    assert_eq!(log.number_unwritten().unwrap(), 6);
    log.append(&alice, &events(3..=3)).unwrap();
    drop(log);
    // Killed: up to a thousand may have been told of.
    let mut log = directory.event_log().unwrap();
    assert_eq!((log.newest(), log.unwritten_through()), (1004, 1004));
    log.append(&alice, &events(4..=4)).unwrap();
    assert_eq!(held(&log, None, 4), [(7, 3), (1005, 4)]);
    // More written than were set aside, then killed.
    assert_eq!(log.number_unwritten().unwrap(), 1006);
    log.append(&alice, &events(5..=2005)).unwrap();
    drop(log);
    let mut log = directory.event_log().unwrap();
    assert_eq!((log.newest(), log.unwritten_through()), (3007, 1006));
    assert_eq!(log.number_unwritten().unwrap(), 3008);
}

#[test]
fn what_is_forgotten_is_gone_and_its_numbers_begin_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let (alice, bob) = (name("alice"), name("bob"));
    let mut log = directory.event_log().unwrap();
    log.append(&alice, &events(1..=5)).unwrap();
    log.append(&bob, &events(1..=1)).unwrap();
    log.forget(&alice).unwrap();
    log.forget(&name("nobody")).unwrap();
    assert_eq!(log.accounts().unwrap(), std::slice::from_ref(&bob));
    assert_eq!(held(&log, None, 0), [(6, 1)]);
    log.append(&alice, &events(1..=1)).unwrap();
    assert_eq!(held(&log, None, 0), [(6, 1), (7, 1)]);
    // What was forgotten no longer counts among those kept.
    log.append(&alice, &events(2..=KEPT_EVENTS)).unwrap();
    assert_eq!(log.dropped(0, u64::MAX, None).unwrap(), None);
}

#[test]
fn the_log_is_ours_alone_and_under_the_key() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = tempfile::tempdir().unwrap();
    let directory = open_with(scratch.path(), "swordfish").unwrap();
    let mut log = directory.event_log().unwrap();
    log.append(&name("alice"), &events(1..=1)).unwrap();
    for file in ["events.db", "events.db-wal", "events.db-shm"] {
        let path = scratch.path().join(file);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        let bytes = std::fs::read(&path).unwrap();
        for shown in [&b"SQLite format 3"[..], b"alice", &[7; 32]] {
            let found = bytes.windows(shown.len()).any(|window| window == shown);
            assert!(!found, "{file}");
        }
    }
}
