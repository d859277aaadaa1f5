//! What the log gives back of what was erased.

use std::collections::BTreeSet;

use crypto_core::{AssociatedData, KEM_SEED_BYTES};
use engine::model::{GroupId, OwnPreKey};

use super::*;
use crate::{schema::open_main_file, store_key::StoreKey, wal};

/// Bytes of a page, and of a log before its first page and before each of them.
const PAGE: usize = 4096;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The chains of the only session, as [`on_the_disk`] finds them.
fn chains_on_the_disk(home: &Home) -> BTreeSet<Vec<u8>> {
    on_the_disk(home, "SELECT chains FROM session_chains")
}

/// What `sql` gives first, wherever whoever has the key of the stores finds it: in the database and
/// in every page that its log holds, whether SQLite still takes that for a part of it or not.
fn on_the_disk(home: &Home, sql: &str) -> BTreeSet<Vec<u8>> {
    let key = StoreKey::load_known(&home.path(), None).unwrap();
    let copy = home.scratch.path().join("copy.db");
    let read = |pages: &[u8]| -> Option<Vec<u8>> {
        fs::write(&copy, pages).unwrap();
        let connection = open_main_file(&copy, &key).ok()?;
        connection.query_row(sql, (), |row| row.get(0)).ok()
    };
    let database = fs::read(home.database()).unwrap();
    let log = fs::read(home.log()).unwrap_or_default();
    let frames = log.get(LOG_HEADER..).unwrap_or_default();
    let mut found: BTreeSet<_> = read(&database).into_iter().collect();
    for frame in frames.chunks_exact(FRAME_HEADER + PAGE) {
        let number = u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize;
        let mut pages = database.clone();
        if let Some(at) = number.checked_sub(1).map(|before| before * PAGE) {
            pages.resize(pages.len().max(at + PAGE), 0);
            pages[at..at + PAGE].copy_from_slice(&frame[FRAME_HEADER..]);
            found.extend(read(&pages));
        }
    }
    found
}

/// Steps a session as often as messages are sent on it.
fn send(store: &mut SqliteStore, session: &mut Session, messages: usize) {
    for _ in 0..messages {
        let ratchet = session.ratchet.duplicate();
        session.ratchet = ratchet.seal(&AssociatedData::empty(), b"text").unwrap().0;
        store.begin().unwrap();
        store.put_session_progress(session).unwrap();
        store.commit().unwrap();
    }
}

#[test]
fn a_chain_that_was_passed_is_in_no_file_at_rest_and_at_the_end() {
    for crashed_before in [false, true] {
        let home = Home::new();
        let mut session = contract::initiated(1, Suite::X25519);
        let mut store = home.open();
        add(&mut store, &session);
        // It has the database open all the time, and asks it nothing.
        let reader = home.directory().reader(&name("a")).unwrap();
        send(&mut store, &mut session, 30);
        assert!(chains_on_the_disk(&home).len() > 20);
        if crashed_before {
            kill(store);
            assert!(chains_on_the_disk(&home).len() > 20);
            store = home.open();
        } else {
            store.release_memory().unwrap();
        }
        let newest = |session: &Session| BTreeSet::from([session.ratchet.chain_bytes().to_vec()]);
        assert_eq!(chains_on_the_disk(&home), newest(&session));
        assert_eq!(fs::metadata(home.log()).unwrap().len(), 0);

        send(&mut store, &mut session, 30);
        drop(reader);
        drop(store);
        assert!(!home.log().exists());
        assert_eq!(chains_on_the_disk(&home), newest(&session));
        assert_eq!(home.found(), None);
    }
}

#[test]
fn a_store_rests_once_for_what_was_committed_and_is_the_newest_state_wherever_it_is_killed() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    let first = home.sidecars();
    store.release_memory().unwrap();
    let second = home.sidecars();
    assert_ne!(first, second);
    let changed = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before = (changed(&home.database()), changed(&second[0]));
    store.release_memory().unwrap();
    assert_eq!(home.sidecars(), second);
    let after = (changed(&home.database()), changed(&second[0]));
    assert_eq!(before, after);
    kill(store);
    assert_eq!(home.found(), None);
    let mut store = home.open();
    step(&mut store).unwrap();
    store.release_memory().unwrap();
    step(&mut store).unwrap();
    kill(store);
    assert_eq!(home.found(), None);
}

#[test]
fn what_is_behind_the_last_commit_is_overwritten_before_the_log_is_cut_off() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    for _ in 0..10 {
        step(&mut store).unwrap();
    }
    assert!(copy_log(&mut store));
    commit(&mut store).unwrap();
    // A reader of the newest state keeps it from being cut off, and goes on reading.
    let reader = home.directory().reader(&name("a")).unwrap();
    reader.connection.execute_batch("BEGIN").unwrap();
    assert_eq!(reader.timekeeping(), Ok(ran(1)));
    let before = fs::read(home.log()).unwrap();
    let pages = wal::checkpoint(&store.connection).unwrap().unwrap();
    wal::erase_rest(&store.connection, &home.database(), pages).unwrap();
    let after = fs::read(home.log()).unwrap();
    let end = LOG_HEADER + usize::try_from(pages).unwrap() * (FRAME_HEADER + PAGE);
    assert!(before.len() == after.len() && end < after.len(), "{pages}");
    assert!(before[..end] == after[..end]);
    assert!(before[end..].iter().any(|byte| *byte != 0));
    assert!(after[end..].iter().all(|byte| *byte == 0));
    assert_eq!(reader.session_count(&stepping().peer), Ok(1));
    step(&mut store).unwrap();
    kill(store);
    drop(reader);
    assert_eq!(home.found(), None);
}

#[test]
fn a_reader_puts_off_the_erasing_and_keeps_nobody_from_the_store() {
    let home = Home::new();
    let mut session = contract::initiated(1, Suite::X25519);
    let mut store = home.open();
    add(&mut store, &session);
    let reader = home.directory().reader(&name("a")).unwrap();
    reader.connection.execute_batch("BEGIN").unwrap();
    assert_eq!(reader.session_count(&session.peer), Ok(1));
    send(&mut store, &mut session, 5);
    assert!(store.release_memory().is_err());
    send(&mut store, &mut session, 5);
    assert!(chains_on_the_disk(&home).len() > 5);
    reader.connection.execute_batch("COMMIT").unwrap();
    store.release_memory().unwrap();
    assert_eq!(chains_on_the_disk(&home).len(), 1);
    kill(store);
    assert_eq!(home.found(), None);
}

#[test]
fn a_seed_that_was_erased_is_in_no_file_at_rest() {
    for replaced in [false, true] {
        let home = Home::new();
        let mut store = home.open();
        let prekey = |kem: &[u8]| OwnPreKey {
            kem: kem.iter().copied().map(contract::own_kem_prekey).collect(),
            ..contract::own_prekey(5, true, None)
        };
        let seeds = |home: &Home| -> BTreeSet<Vec<u8>> {
            let columns = on_the_disk(home, "SELECT kem FROM own_prekeys");
            let seed = |kem: &[u8]| kem[..KEM_SEED_BYTES].to_vec();
            columns
                .iter()
                .flat_map(|kem| kem.chunks(100).map(seed))
                .collect()
        };
        let seed = |seed| vec![seed; KEM_SEED_BYTES];
        store.begin().unwrap();
        store.put_own_prekey(&prekey(&[4, 3])).unwrap();
        store.commit().unwrap();
        store.begin().unwrap();
        if replaced {
            store.put_own_prekey(&prekey(&[4])).unwrap();
        } else {
            let removed = prekey(&[]);
            store.remove_own_prekey(removed.signed.public()).unwrap();
        }
        store.commit().unwrap();
        assert_eq!(seeds(&home), BTreeSet::from([seed(3), seed(4)]));
        store.release_memory().unwrap();
        let left = if replaced {
            BTreeSet::from([seed(4)])
        } else {
            BTreeSet::new()
        };
        assert_eq!(seeds(&home), left);
    }
}

#[test]
fn a_group_key_that_was_erased_is_in_no_file_at_rest() {
    let group = GroupId::new(b"group").unwrap();
    let key = contract::group_key(&group, 7, 1, None);
    for with_its_group in [false, true] {
        let home = Home::new();
        let mut store = home.open();
        let keys = |home: &Home| on_the_disk(home, "SELECT key FROM group_keys");
        store.begin().unwrap();
        store.put_group_key(&key).unwrap();
        store.commit().unwrap();
        store.begin().unwrap();
        if with_its_group {
            store.remove_group(&group).unwrap();
        } else {
            store.remove_group_key(&group, &key.id).unwrap();
        }
        store.commit().unwrap();
        assert_eq!(keys(&home), BTreeSet::from([key.key.to_vec()]));
        store.release_memory().unwrap();
        assert!(keys(&home).is_empty());
    }
}
