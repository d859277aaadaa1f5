//! Whoever can write the files and has no key puts parts of an older state among the newest.

use super::*;

/// Bytes of a page, and of a log before its first page and before each of them.
const PAGE: usize = 4096;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Bytes of a sidecar of a version that did not authenticate it, and where the count is.
const UNKEYED: u64 = 64;
const COUNT: std::ops::Range<usize> = 48..64;

/// What the database's own file says of the chains, to whoever has the key.
fn steps(home: &Home) -> u64 {
    let (_, store) = home.directory().open_account(&name("a")).unwrap();
    let sessions = store.sessions(None).unwrap();
    sessions.iter().map(|session| session.sent).sum()
}

/// Sends on the session of [`add_session`].
fn send(store: &mut SqliteStore, sent: u64) {
    let session = Session { sent, ..stepping() };
    store.begin().unwrap();
    store.put_session_progress(&session).unwrap();
    store.commit().unwrap();
}

#[test]
fn a_page_that_was_put_back_among_the_newest_is_told() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    drop(store);
    let old = fs::read(home.database()).unwrap();
    let mut store = home.open();
    send(&mut store, 7);
    drop(store);
    let new = fs::read(home.database()).unwrap();
    let sidecar = home.sidecars().remove(0);
    let marked = fs::read(&sidecar).unwrap();
    let (mut told, mut stale) = (0, 0);
    // The first page has the schema, and no row.
    for page in (PAGE..old.len()).step_by(PAGE) {
        let range = page..page + PAGE;
        if old[range.clone()] == new[range.clone()] {
            continue;
        }
        let mut mixed = new.clone();
        mixed[range.clone()].copy_from_slice(&old[range]);
        fs::write(home.database(), &mixed).unwrap();
        assert_eq!(home.found(), Some(RollbackKind::Older), "{page}");
        told += 1;
        stale += u32::from(steps(&home) != 7);
        fs::write(home.database(), &new).unwrap();
        fs::write(&sidecar, &marked).unwrap();
        let _ = fs::remove_file(home.log());
    }
    assert!(told >= 2 && stale == 1, "{told} {stale}");
    assert_eq!(home.found(), None);
}

#[test]
fn the_newest_count_of_the_log_put_into_the_file_without_the_log_is_told() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    drop(store);
    let mut store = home.open();
    for sent in 1..=3 {
        send(&mut store, sent);
    }
    commit(&mut store).unwrap();
    kill(store);
    let log = fs::read(home.log()).unwrap();
    let pages = fs::read(home.database()).unwrap();
    // The count is on the page that the last commit wrote last.
    let frames = log[LOG_HEADER..].chunks_exact(FRAME_HEADER + PAGE);
    let mut told = 0;
    for frame in frames {
        let number = u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize;
        let range = (number - 1) * PAGE..number * PAGE;
        let mut mixed = pages.clone();
        mixed[range.clone()].copy_from_slice(&frame[FRAME_HEADER..]);
        fs::write(home.database(), &mixed).unwrap();
        let _ = fs::remove_file(home.log());
        let _ = fs::remove_file(home.accounts().join("a.db-shm"));
        assert_eq!(home.found(), Some(RollbackKind::Older), "{number}");
        told += 1;
    }
    assert!(told > 3, "{told}");
}

/// An older state in the very files, its sidecar under the name that it had, and then `forge`
/// at that.
fn put_back_with(forge: impl Fn(&Home, &Path)) -> Option<RollbackKind> {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    drop(store);
    let old = fs::read(home.database()).unwrap();
    let old_sidecar = home.sidecars().remove(0);
    let old_count = fs::read(&old_sidecar).unwrap()[COUNT].to_vec();
    let mut store = home.open();
    send(&mut store, 7);
    drop(store);
    fs::write(home.database(), old).unwrap();
    fs::rename(home.sidecars().remove(0), &old_sidecar).unwrap();
    let mut marked = fs::read(&old_sidecar).unwrap();
    marked[COUNT].copy_from_slice(&old_count);
    fs::write(&old_sidecar, &marked).unwrap();
    forge(&home, &old_sidecar);
    home.found()
}

#[test]
fn a_mark_that_was_written_without_its_key_is_told() {
    assert_eq!(put_back_with(|_, _| ()), Some(RollbackKind::Unmarked));
    // As a version wrote it that did not authenticate it.
    let cut = |_: &Home, sidecar: &Path| {
        let file = fs::OpenOptions::new().write(true).open(sidecar).unwrap();
        file.set_len(UNKEYED).unwrap();
    };
    assert_eq!(put_back_with(cut), Some(RollbackKind::Unmarked));
    // That of another account, which is where it was made.
    let exchanged = |home: &Home, sidecar: &Path| {
        drop(home.directory().create_account(&account("b")).unwrap());
        let of_b = |path: &PathBuf| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("b.")
        };
        let other = home.sidecars().into_iter().find(of_b).unwrap();
        fs::rename(other, sidecar).unwrap();
    };
    assert_eq!(put_back_with(exchanged), Some(RollbackKind::Unmarked));
}

#[test]
fn a_state_that_was_given_up_does_not_come_back_under_the_mark_of_its_successor() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    drop(store);
    let backup = fs::read(home.database()).unwrap();
    let mut store = home.open();
    for sent in 1..=20 {
        send(&mut store, sent);
    }
    drop(store);
    let given_up = fs::read(home.database()).unwrap();
    let its_sidecar = home.sidecars().remove(0);
    // A backup takes its place, which counts from further back.
    fs::remove_file(&its_sidecar).unwrap();
    fs::write(home.database(), backup).unwrap();
    let mut store = home.open();
    let (at, how) = (UnixMillis(7), store.displaced().unwrap());
    store.begin().unwrap();
    store.settle(Found { at, how }).unwrap();
    store.commit().unwrap();
    drop(store);
    assert_eq!(home.found(), None);
    fs::write(home.database(), given_up).unwrap();
    fs::rename(home.sidecars().remove(0), its_sidecar).unwrap();
    assert_eq!(home.found(), Some(RollbackKind::Unmarked));
}

#[test]
fn whatever_writes_the_rows_is_followed_and_what_is_undone_is_not() {
    for (what, batch) in COMMITS {
        let home = Home::new();
        let mut store = home.open();
        add_session(&mut store);
        batch(&mut store).unwrap();
        // Batches that fail, are given up, or lose a call.
        store.begin().unwrap();
        store.savepoint().unwrap();
        store.put_session(&expired(9)).unwrap();
        store.rollback().unwrap();
        commit_open(&mut store);
        store.begin().unwrap();
        store.put_session(&expired(8)).unwrap();
        store.abort().unwrap();
        commit(&mut store).unwrap();
        kill(store);
        assert_eq!(home.found(), None, "{what}");
    }
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    // Two sessions cannot be active with one device: of the statement that fails nothing counts.
    let rival = Session {
        id: SessionId::from_bytes([77; 32]),
        ..stepping()
    };
    store.begin().unwrap();
    store.savepoint().unwrap();
    assert!(store.put_session(&rival).is_err());
    store.release().unwrap();
    commit_open(&mut store);
    kill(store);
    assert_eq!(home.found(), None);
}

/// Commits a batch that is open, with a change.
fn commit_open(store: &mut SqliteStore) {
    store.put_timekeeping(&ran(99)).unwrap();
    store.commit().unwrap();
}

#[test]
fn a_store_that_authenticated_nothing_is_brought_up_to_date_and_is_told_from_then_on() {
    let home = Home::new();
    let mut store = home.open();
    add_session(&mut store);
    commit(&mut store).unwrap();
    store
        .connection
        .execute_batch(&format!(
            "{BEFORE_THE_FOURTEENTH}
             UPDATE epoch SET commits =
                 max(commits, (SELECT max(commits) FROM session_chains));
             ALTER TABLE session_chains DROP COLUMN digest;
             ALTER TABLE epoch DROP COLUMN digest;
             ALTER TABLE epoch DROP COLUMN digest_key;
             ALTER TABLE epoch DROP COLUMN witness_key;
             PRAGMA user_version = 12;"
        ))
        .unwrap();
    kill(store);
    let sidecar = home.sidecars().remove(0);
    let file = fs::OpenOptions::new().write(true).open(&sidecar).unwrap();
    file.set_len(UNKEYED).unwrap();
    assert_eq!(home.found(), None);
    let sidecar = home.sidecars().remove(0);
    let marked = fs::read(&sidecar).unwrap();
    assert_eq!(marked.len(), 96);
    assert_eq!(home.found(), None);
    // From then on the file is asked for its MAC, and the rows for their sum.
    let sidecar = home.sidecars().remove(0);
    let file = fs::OpenOptions::new().write(true).open(&sidecar).unwrap();
    file.set_len(UNKEYED).unwrap();
    assert_eq!(home.found(), Some(RollbackKind::Unmarked));
}
