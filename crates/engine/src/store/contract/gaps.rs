//! Gaps: the keys of messages that were skipped together.

use crypto_core::{HeaderKey, IdentityKey, MessageId, MessageKey, SessionId, Suite, Wiped};

use super::{key, session};
use crate::{
    model::{Gap, RunningTime, Session, Standing, StoredKey, UnixMillis},
    store::{StoreRead, Transaction},
};

/// The gap before message `last` of a chain, with a key of this seed for each place.
#[must_use]
pub fn gap(of: (SessionId, IdentityKey), chain: HeaderKey, last: u32, seeds: &[u8]) -> Gap {
    let (session, peer) = of;
    let keys = seeds.iter().flat_map(|seed| [*seed; 32]).collect();
    Gap {
        session,
        peer,
        chain,
        last,
        answered: false,
        keys: Wiped::new(keys),
    }
}

const CHAIN: HeaderKey = HeaderKey::X25519([7; 32]);
const OTHER: HeaderKey = HeaderKey::Secp256k1([2; 33]);

fn id(seed: u8) -> SessionId {
    SessionId::from_bytes([seed; 32])
}

fn of(seed: u8, peer: u8) -> (SessionId, IdentityKey) {
    (id(seed), key(peer))
}

fn put_sessions(store: &mut impl Transaction, of: impl IntoIterator<Item = (u8, u8)>) {
    for (seed, peer) in of {
        let since = UnixMillis(1);
        let record = session(seed, Suite::X25519, Standing::Superseded { since });
        let record = Session {
            peer: key(peer),
            ..record
        };
        store.put_session(&record).expect("put");
    }
}

/// Every byte of the gaps of a session, oldest first.
fn bytes(store: &impl StoreRead, session: u8) -> Vec<String> {
    let gaps = store.gaps(&id(session)).expect("read");
    gaps.iter()
        .map(|gap| format!("{gap:?}{:?}", *gap.keys))
        .collect()
}

fn put(store: &mut impl Transaction, gap: &Gap) {
    store.put_gap(gap).expect("put");
}

pub(super) fn gaps_round_trip_and_are_found(store: &mut impl Transaction) {
    store.begin().expect("begin");
    let mut first = gap(of(1, 2), CHAIN, 5, &[1, 2, 3]);
    assert!(store.put_gap(&first).is_err(), "of no session");
    put_sessions(store, [(1, 2), (3, 2)]);
    assert!(!store.has_stored_keys(&id(1)).expect("read"));
    let second = gap(of(1, 2), CHAIN, 9, &[4]);
    let third = gap(of(1, 2), OTHER, 0, &[5]);
    for gap in [&first, &second, &third] {
        put(store, gap);
    }
    assert!(store.has_stored_keys(&id(1)).expect("read"));
    assert!(!store.has_stored_keys(&id(3)).expect("read"));
    let seed = |store: &dyn StoreRead, session, chain, n| {
        let found = store.skipped_key(&id(session), &chain, n).expect("read");
        found.map(|key| key.secret_bytes()[0])
    };
    for (n, found) in [
        (2, None),
        (3, Some(1)),
        (5, Some(3)),
        (6, None),
        (8, None),
        (9, Some(4)),
        (10, None),
    ] {
        assert_eq!(seed(store, 1, CHAIN, n), found, "{n}");
    }
    assert_eq!(seed(store, 1, OTHER, 0), Some(5));
    assert_eq!(seed(store, 3, CHAIN, 5), None);
    // Using a key does not change the age of its gap.
    for n in [4, 4, 6, 2] {
        let erased = store.erase_skipped_key(&id(1), &CHAIN, n);
        erased.expect("erase");
    }
    first.take(4).expect("a key");
    let whole = |gaps: &[&Gap]| -> Vec<String> {
        gaps.iter()
            .map(|gap| format!("{gap:?}{:?}", *gap.keys))
            .collect()
    };
    assert_eq!(bytes(store, 1), whole(&[&first, &second, &third]));
    assert_eq!(seed(store, 1, CHAIN, 4), None);
    assert_eq!(seed(store, 1, CHAIN, 5), Some(3));
    first.answered = true;
    put(store, &first);
    assert_eq!(bytes(store, 1), whole(&[&first, &second, &third]));
    assert_eq!(store.stored_key_count(&id(1)).expect("read"), 4);
    assert_eq!(store.counts().expect("read").stored_keys, 4);
    // A gap is removed with its last key.
    let erased = store.erase_skipped_key(&id(1), &CHAIN, 9);
    erased.expect("erase");
    assert_eq!(bytes(store, 1), whole(&[&first, &third]));
    assert_eq!(store.stored_key_count(&id(1)).expect("read"), 3);
    // Gaps are removed with their session.
    store.remove_session(&id(1)).expect("remove");
    assert_eq!(store.counts().expect("read").stored_keys, 0);
    assert!(bytes(store, 1).is_empty());
    store.commit().expect("commit");
}

pub(super) fn the_oldest_gaps_and_keys_of_a_session_are_dropped_first(
    store: &mut impl Transaction,
) {
    store.begin().expect("begin");
    put_sessions(store, [(1, 2), (3, 2)]);
    let read = |store: &mut dyn crate::store::Store, seed: u8| {
        let read = StoredKey {
            message: MessageId::from_bytes([seed; 32]),
            session: id(1),
            key: MessageKey::from_stored([seed; 32]),
            read_at: Some(RunningTime(1)),
            read: None,
        };
        store.put_stored_key(&read).expect("put");
        read.message
    };
    put(store, &gap(of(1, 2), CHAIN, 5, &[1, 2, 3, 4]));
    let message = read(store, 10);
    put(store, &gap(of(1, 2), CHAIN, 9, &[5, 6, 7]));
    put(store, &gap(of(3, 2), CHAIN, 9, &[5]));
    let drop = |store: &mut dyn crate::store::Store, keep, places| {
        let dropped = store.drop_oldest_stored_keys(&id(1), keep, places);
        (dropped.expect("drop"), store.gaps(&id(1)).expect("read"))
    };
    let left = |gaps: &[Gap]| -> Vec<(u32, u32)> {
        gaps.iter().map(|gap| (gap.last, gap.held())).collect()
    };
    let (dropped, gaps) = drop(store, 8, 7);
    assert_eq!((dropped, left(&gaps)), (vec![], vec![(5, 4), (9, 3)]));
    // The oldest keys of the oldest gap.
    let (dropped, gaps) = drop(store, 6, 7);
    assert_eq!((dropped, left(&gaps)), (vec![], vec![(5, 2), (9, 3)]));
    let found = [3, 4].map(|n| {
        store
            .skipped_key(&id(1), &CHAIN, n)
            .expect("read")
            .is_some()
    });
    assert_eq!(found, [false, true]);
    // The key that was read meanwhile is newer.
    let (dropped, gaps) = drop(store, 4, 7);
    assert_eq!((dropped, left(&gaps)), (vec![], vec![(9, 3)]));
    let (dropped, gaps) = drop(store, 2, 7);
    assert_eq!((dropped, left(&gaps)), (vec![message], vec![(9, 2)]));
    // Places count whether their keys were used or not, and a key that was read counts as none.
    let erased = store.erase_skipped_key(&id(1), &CHAIN, 8);
    erased.expect("erase");
    read(store, 11);
    put(store, &gap(of(1, 2), OTHER, 1, &[8, 9]));
    let (dropped, gaps) = drop(store, 9, 4);
    assert_eq!((dropped, gaps.len()), (vec![], 2));
    let (dropped, gaps) = drop(store, 9, 3);
    assert_eq!((dropped, left(&gaps)), (vec![], vec![(1, 2)]));
    assert_eq!(store.stored_key_count(&id(1)).expect("read"), 3);
    assert_eq!(store.stored_key_count(&id(3)).expect("read"), 1);
    store.commit().expect("commit");
}

pub(super) fn the_oldest_unanswered_gaps_are_dropped_first(store: &mut impl Transaction) {
    store.begin().expect("begin");
    put_sessions(store, [(1, 2), (3, 2), (4, 5)]);
    put(store, &gap(of(1, 2), CHAIN, 1, &[1, 2]));
    put(store, &gap(of(4, 5), CHAIN, 1, &[1, 2]));
    let answered = Gap {
        answered: true,
        ..gap(of(3, 2), CHAIN, 1, &[1, 2])
    };
    put(store, &answered);
    put(store, &gap(of(3, 2), CHAIN, 3, &[3, 4]));
    put(store, &gap(of(1, 2), CHAIN, 4, &[3, 4, 5]));
    let drop = |store: &mut dyn crate::store::Store, peer: Option<u8>, gaps, places| {
        let peer = peer.map(key);
        let dropped = store.drop_oldest_unanswered(peer.as_ref(), gaps, places);
        dropped.expect("drop");
        [1, 3, 4].map(|seed| {
            let left = store.gaps(&id(seed)).expect("read");
            left.iter().map(|gap| gap.last).collect::<Vec<_>>()
        })
    };
    let all = [vec![1, 4], vec![1, 3], vec![1]];
    assert_eq!(drop(store, None, 4, 9), all);
    assert_eq!(drop(store, Some(2), 3, 7), all);
    assert_eq!(drop(store, Some(5), 1, 2), all);
    let without = [vec![4], vec![1, 3], vec![1]];
    assert_eq!(drop(store, Some(2), 3, 6), without);
    assert_eq!(drop(store, Some(2), 2, 5), without);
    let without = [vec![4], vec![1, 3], vec![]];
    assert_eq!(drop(store, None, 2, 9), without);
    // A gap of a peer that was answered since does not count.
    assert_eq!(drop(store, None, 1, 9), [vec![4], vec![1], vec![]]);
    assert_eq!(drop(store, None, 9, 2), [vec![], vec![1], vec![]]);
    store.commit().expect("commit");
}
