//! Batches: what is kept of them, and what is undone.

use crypto_core::{MessageId, SessionId, Suite};

use super::records::session;
use crate::{
    model::{Counts, Standing, UnixMillis},
    store::{StoreRead, Transaction},
};

pub(super) fn a_rollback_undoes_one_call_and_an_abort_the_batch(store: &mut impl Transaction) {
    let count = |store: &dyn StoreRead| store.counts().expect("read").sessions;
    let superseded = Standing::Superseded {
        since: UnixMillis(1),
    };
    let put = |store: &mut dyn Transaction, seed| {
        store
            .put_session(&session(seed, Suite::X25519, superseded))
            .expect("put");
    };
    store.begin().expect("begin");
    for (seed, keep) in [(1, true), (2, false), (3, true)] {
        store.savepoint().expect("savepoint");
        put(store, seed);
        if keep {
            store.release().expect("release");
        } else {
            store.rollback().expect("rollback");
        }
    }
    assert!(store.has_changed().expect("open"));
    store.commit().expect("commit");
    assert_eq!(count(store), 2);
    assert!(
        store
            .session(&SessionId::from_bytes([2; 32]))
            .expect("read")
            .is_none()
    );

    store.begin().expect("begin");
    store.savepoint().expect("savepoint");
    put(store, 4);
    store.release().expect("release");
    store.abort().expect("abort");
    assert_eq!(count(store), 2);
    // An abort with nothing begun is no error: it is what follows a failed begin.
    store.abort().expect("abort");
    assert_eq!(
        store.counts().expect("read"),
        Counts {
            sessions: 2,
            ..Counts::default()
        }
    );
}

/// A store that is called out of turn returns an error, instead of committing a part.
pub(super) fn batch_calls_out_of_turn_are_errors(store: &mut impl Transaction) {
    assert!(store.check_open().is_err());
    assert!(store.savepoint().is_err());
    assert!(store.release().is_err());
    assert!(store.rollback().is_err());
    assert!(store.commit().is_err());
    assert!(store.has_changed().is_err());
    store.begin().expect("begin");
    assert!(store.begin().is_err());
    store.check_open().expect("open");
    assert!(store.release().is_err());
    assert!(store.rollback().is_err());
    store.savepoint().expect("savepoint");
    store.rollback().expect("rollback");
    store.commit().expect("commit");
}

/// Writes that are undone and removals of nothing are no changes, not even next to a call that is
/// kept.
pub(super) fn a_batch_that_keeps_no_write_has_no_changes(store: &mut impl Transaction) {
    let superseded = Standing::Superseded {
        since: UnixMillis(1),
    };
    let mut changed_by = |puts: &[bool]| {
        store.begin().expect("begin");
        for keep in puts {
            store.savepoint().expect("savepoint");
            let put = store.put_session(&session(1, Suite::X25519, superseded));
            put.expect("put");
            if *keep {
                store.release().expect("release");
            } else {
                store.rollback().expect("rollback");
            }
            store.savepoint().expect("savepoint");
            store.counts().expect("read");
            let removed = store.remove_stored_key(&MessageId::from_bytes([1; 32]));
            removed.expect("nothing to remove");
            store.release().expect("release");
        }
        let changed = store.has_changed().expect("open");
        store.commit().expect("commit");
        assert!(store.has_changed().is_err());
        changed
    };
    assert!(!changed_by(&[]));
    assert!(!changed_by(&[false]));
    assert!(!changed_by(&[false, false]));
    assert!(changed_by(&[true, false]));
    assert!(changed_by(&[false, true, false]));
}
