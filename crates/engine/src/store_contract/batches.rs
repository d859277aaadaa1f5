//! What is kept of a batch, and what is not.

use crypto_core::{SessionId, Suite};

use super::records::session;
use crate::{Counts, Standing, StoreRead, Transaction, UnixMillis};

pub(super) fn a_rollback_undoes_one_call_and_an_abort_all(store: &mut impl Transaction) {
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

/// A store that lost its place says so, instead of committing a part.
pub(super) fn a_batch_goes_in_turn(store: &mut impl Transaction) {
    assert!(store.check_open().is_err());
    assert!(store.savepoint().is_err());
    assert!(store.release().is_err());
    assert!(store.rollback().is_err());
    assert!(store.commit().is_err());
    store.begin().expect("begin");
    assert!(store.begin().is_err());
    store.check_open().expect("open");
    assert!(store.release().is_err());
    assert!(store.rollback().is_err());
    store.savepoint().expect("savepoint");
    store.rollback().expect("rollback");
    store.commit().expect("commit");
}
