//! What the sweep reads from a store, timekeeping, chat clocks, and events.

use crypto_core::{SessionId, Suite};

use super::records::{installation, key, own_prekey, prekey, session};
use crate::{
    model::{
        ChatKey, DeviceName, Event, EventKind, Role, RunningTime, Session, Standing, Timekeeping,
        UnixMillis,
    },
    store::{StoreRead, Transaction},
};

pub(super) fn chat_clocks_round_trip(store: &mut impl Transaction) {
    store.begin().expect("begin");
    assert_eq!(store.chat_clock(&ChatKey::of("a")).expect("read"), None);
    let highest = i64::MAX.unsigned_abs();
    for (chat, clock) in [("a", 7), ("b", highest), ("a", 8), ("", 0)] {
        let chat = ChatKey::of(chat);
        store.put_chat_clock(&chat, clock).expect("put");
        assert_eq!(store.chat_clock(&chat).expect("read"), Some(clock));
    }
    assert_eq!(store.chat_clock_count().expect("read"), 3);
    store.commit().expect("commit");
    let kept = store.chat_clock(&ChatKey::of("b")).expect("read");
    assert_eq!(kept, Some(highest));
}

pub(super) fn records_due_for_erasure_are_found(store: &mut impl Transaction) {
    store.begin().expect("begin");
    for (seed, replaced_at) in [(5, Some(UnixMillis(9))), (6, None)] {
        let record = own_prekey(seed, true, replaced_at);
        store.put_own_prekey(&record).expect("put");
    }
    let replaced = store.replaced_own_prekeys().expect("read");
    assert_eq!(replaced, [(prekey(5), UnixMillis(9))]);
    store.remove_own_prekey(&prekey(5)).expect("remove");
    assert!(store.replaced_own_prekeys().expect("read").is_empty());
    assert!(store.own_prekey(&prekey(5)).expect("read").is_none());

    let at = |since: u64| Standing::Superseded {
        since: UnixMillis(since),
    };
    let expired = Standing::Expired {
        since: UnixMillis(8),
    };
    for (seed, standing, role) in [
        (1, Standing::Active, Role::Responder),
        (2, at(7), Role::Responder),
        (3, at(9), Role::Initiator),
        (4, expired, Role::Responder),
    ] {
        let record = session(seed, Suite::X25519, standing);
        store
            .put_session(&Session {
                role,
                signed_pre_key: prekey(6),
                ..record
            })
            .expect("put");
    }
    let id = |seed: u8| SessionId::from_bytes([seed; 32]);
    let ids = |sessions: Vec<Session>| sessions.iter().map(|found| found.id).collect::<Vec<_>>();
    let ended = |store: &dyn StoreRead, cutoff, limit| {
        ids(store
            .sessions_ended_by(UnixMillis(cutoff), limit)
            .expect("read"))
    };
    assert_eq!(ended(store, 6, 9), []);
    assert_eq!(ended(store, 8, 9), [id(4), id(2)]);
    assert_eq!(ended(store, 9, 9), [id(4), id(3), id(2)]);
    assert_eq!(ended(store, 9, 1).len(), 1);
    let on = prekey(6);
    let unexpired = |store: &dyn StoreRead, limit| {
        ids(store.unexpired_on_own_prekey(&on, limit).expect("read"))
    };
    assert_eq!(unexpired(store, 9), [id(2), id(1)]);
    assert_eq!(unexpired(store, 1).len(), 1);
    let with_anyone = |limit| ids(store.unexpired_sessions(limit).expect("read"));
    let expired = ids(store.sessions(None).expect("read"))
        .into_iter()
        .filter(|id| !with_anyone(9).contains(id));
    assert_eq!(expired.collect::<Vec<_>>(), [id(4)]);
    assert_eq!(with_anyone(1).len(), 1);

    assert_eq!(store.timekeeping().expect("read"), Timekeeping::default());
    let first = Timekeeping {
        running: RunningTime(3),
        settled: UnixMillis(8),
        ahead_since: Some(RunningTime(2)),
        rolled_back_at: Some(UnixMillis(7)),
    };
    let second = Timekeeping {
        running: RunningTime(4),
        settled: UnixMillis(9),
        ahead_since: None,
        rolled_back_at: None,
    };
    for time in [first, second] {
        store.put_timekeeping(&time).expect("put");
        assert_eq!(store.timekeeping().expect("read"), time);
    }
    store.commit().expect("commit");
}

pub(super) fn events_stay_in_order_until_removed(store: &mut impl Transaction) {
    let name = DeviceName {
        identity: key(2),
        installation: installation("a"),
    };
    let event = |at: u64| Event {
        at: UnixMillis(at),
        kind: EventKind::InstallationStale(name.clone()),
    };
    store.begin().expect("begin");
    for at in [3, 1, 2] {
        store.append_event(&event(at)).expect("append");
    }
    let numbers = |store: &dyn StoreRead| -> Vec<u64> {
        let events = store.events(9).expect("read");
        events.iter().map(|(number, _)| *number).collect()
    };
    let events = store.events(2).expect("read");
    let kept: Vec<Event> = events.iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(kept, [event(3), event(1)]);
    let before = numbers(store);
    assert!(before.is_sorted());
    store
        .remove_events_up_to(before.last().copied().unwrap_or(0))
        .expect("remove");
    assert!(numbers(store).is_empty());
    // Numbers are not used twice, even when all events are gone.
    store.append_event(&event(4)).expect("append");
    assert!(numbers(store).first() > before.last());
    store.commit().expect("commit");
}
