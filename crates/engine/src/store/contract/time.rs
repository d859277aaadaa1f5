//! What the sweep reads from a store, timekeeping, chat clocks, and events.

use crypto_core::{MessageId, MessageKey, SessionId, Suite};

use super::records::{installation, key, own_prekey, prekey, session};
use crate::{
    model::{
        ChatKey, Device, DeviceName, Event, EventKind, Role, RunningTime, Session, Standing,
        StoredAnswer, StoredKey, SweepDates, Timekeeping, UnixMillis,
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

pub(super) fn sweep_dates_are_found(store: &mut impl Transaction) {
    let found = |store: &dyn StoreRead| store.sweep_dates(&key(2)).expect("read");
    assert_eq!(found(store), SweepDates::default());
    store.begin().expect("begin");
    ends_are_found(store);
    stale_timers_are_found(store);
    let before = found(store);
    for (seed, read_at) in [(20, None), (21, Some(9)), (22, Some(7)), (23, Some(8))] {
        let key = StoredKey {
            message: MessageId::from_bytes([seed; 32]),
            session: SessionId::from_bytes([1; 32]),
            key: MessageKey::from_stored([seed; 32]),
            read_at: read_at.map(RunningTime),
            read: None,
        };
        store.put_stored_key(&key).expect("put");
    }
    for at in [6, 5] {
        let answer = StoredAnswer {
            input: [1; 32],
            reply: vec![2],
            at: RunningTime(at),
        };
        let put = store.put_stored_answer(&at.to_string(), &answer);
        put.expect("put");
    }
    let with_keys_and_answers = SweepDates {
        first_unconfirmed: Some(RunningTime(7)),
        first_answer: Some(RunningTime(5)),
        ..before
    };
    assert_eq!(found(store), with_keys_and_answers);
    store.commit().expect("commit");
    assert_eq!(found(store), with_keys_and_answers);
}

/// The ends of sessions and own prekeys, in a store that holds none.
fn ends_are_found(store: &mut impl Transaction) {
    let ends = |store: &dyn StoreRead| {
        let dates = store.sweep_dates(&key(2)).expect("read");
        let of = |end: Option<UnixMillis>| end.map(|end| end.0);
        (of(dates.first_end), of(dates.last_end))
    };
    let superseded = |since| Standing::Superseded {
        since: UnixMillis(since),
    };
    let expired = |since| Standing::Expired {
        since: UnixMillis(since),
    };
    for (standing, seed, expected) in [
        (Standing::Active, 1, (None, None)),
        (superseded(7), 2, (Some(7), Some(7))),
        (expired(9), 3, (Some(7), Some(9))),
        (expired(8), 4, (Some(7), Some(9))),
    ] {
        let record = session(seed, Suite::X25519, standing);
        store.put_session(&record).expect("put");
        assert_eq!(ends(store), expected);
    }
    for (replaced_at, seed, expected) in [
        (None, 5, (Some(7), Some(9))),
        (Some(12), 6, (Some(7), Some(12))),
        (Some(4), 7, (Some(4), Some(12))),
    ] {
        let record = own_prekey(seed, true, replaced_at.map(UnixMillis));
        store.put_own_prekey(&record).expect("put");
        assert_eq!(ends(store), expected);
    }
    let unrecorded = |store: &dyn StoreRead| {
        let dates = store.sweep_dates(&key(2)).expect("read");
        dates.expiry_unrecorded
    };
    // On a prekey of theirs, on the current one, on one that is gone, or expired; then on a
    // replaced one.
    for (seed, role, prekey_of, standing, expected) in [
        (30, Role::Initiator, 6, superseded(7), false),
        (31, Role::Responder, 5, superseded(7), false),
        (32, Role::Responder, 8, superseded(7), false),
        (33, Role::Responder, 6, expired(7), false),
        (34, Role::Responder, 6, superseded(7), true),
    ] {
        let record = Session {
            role,
            signed_pre_key: prekey(prekey_of),
            ..session(seed, Suite::X25519, standing)
        };
        store.put_session(&record).expect("put");
        assert_eq!(unrecorded(store), expected, "{role:?} {prekey_of}");
    }
    // Undone with the call.
    store.savepoint().expect("savepoint");
    for prekey_of in [5, 6, 7] {
        let removed = store.remove_own_prekey(&prekey(prekey_of));
        removed.expect("remove");
    }
    assert!(!unrecorded(store));
    assert_eq!(ends(store), (Some(7), Some(9)));
    store.rollback().expect("rollback");
    assert!(unrecorded(store));
    assert_eq!(ends(store), (Some(4), Some(12)));
}

/// The stale timers of devices, in a store that holds none. Its last end is 12.
fn stale_timers_are_found(store: &mut impl Transaction) {
    let timers = |store: &dyn StoreRead| {
        let dates = store.sweep_dates(&key(2)).expect("read");
        let of = |at: Option<UnixMillis>| at.map(|at| at.0);
        (of(dates.first_omission), of(dates.last_end))
    };
    let device = |owner, id, since: Option<u64>, stale_told| Device {
        omitted_since: since.map(UnixMillis),
        stale_told,
        ..Device::met(key(owner), installation(id), false, UnixMillis(1))
    };
    for (record, expected) in [
        (device(3, "a", None, false), (None, Some(12))),
        // One of our own, and one that was told of, count as timers only.
        (device(2, "b", Some(3), false), (None, Some(12))),
        (device(3, "c", Some(13), true), (None, Some(13))),
        (device(3, "d", Some(8), false), (Some(8), Some(13))),
        (device(4, "e", Some(7), false), (Some(7), Some(13))),
    ] {
        store.put_device(&record).expect("put");
        assert_eq!(timers(store), expected);
    }
    // In a call that has read the device before, as every call does.
    store.savepoint().expect("savepoint");
    assert_eq!(store.devices(&key(4)).expect("read").len(), 1);
    let told = device(4, "e", Some(7), true);
    store.put_device(&told).expect("put");
    assert_eq!(timers(store), (Some(8), Some(13)));
    store.release().expect("release");
    assert_eq!(timers(store), (Some(8), Some(13)));
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
