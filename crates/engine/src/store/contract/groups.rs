//! Groups: their logs, their keys, and what was read under these.

use crypto_core::{GroupEventId, GroupKeyId, MessageId, Wiped, hash_ratchet::GROUP_KEY_BYTES};

use super::records::key;
use crate::{
    model::{
        ForgottenGroup, GROUP_SIGNATURE_BYTES, GroupEntry, GroupId, GroupKey, GroupMessage,
        GroupRecord, StoreError, UnixMillis,
    },
    store::{StoreRead, Transaction},
};

/// The group of this name.
pub(super) fn group(name: &str) -> GroupId {
    GroupId::new(name.as_bytes()).expect("a group id")
}

fn event_id(seed: u8) -> GroupEventId {
    GroupEventId::from_bytes([seed; 32])
}

fn key_id(seed: u8) -> GroupKeyId {
    GroupKeyId::from_bytes([seed; 32])
}

fn message_id(seed: u8) -> MessageId {
    MessageId::from_bytes([seed; 32])
}

/// A record of a group.
#[must_use]
pub fn group_record(group: &GroupId, taken_up: u64, accepted: bool) -> GroupRecord {
    GroupRecord {
        group: group.clone(),
        accepted,
        taken_up: UnixMillis(taken_up),
        clock: taken_up + 1,
        kept_bytes: taken_up + 2,
        kept_events: u32::from(accepted) + 3,
    }
}

/// An event of a log, which ended as many memberships as `ended` has bytes.
#[must_use]
pub fn group_entry(seed: u8, event: &[u8], ended: &[u8]) -> GroupEntry {
    GroupEntry {
        id: event_id(seed),
        signer: key(2),
        signature: [seed; GROUP_SIGNATURE_BYTES],
        event: event.to_vec(),
        ended: ended.iter().copied().map(event_id).collect(),
    }
}

/// A key of a group, that was not replaced if `replaced_at` is `None`.
#[must_use]
pub fn group_key(group: &GroupId, seed: u8, timestamp: u64, replaced_at: Option<u64>) -> GroupKey {
    GroupKey {
        group: group.clone(),
        id: key_id(seed),
        timestamp,
        key: Wiped::new([seed; GROUP_KEY_BYTES]),
        set_by: key(2),
        added_at: UnixMillis(timestamp / 2),
        highest: u32::from(seed),
        closed: false,
        replaced_at: replaced_at.map(UnixMillis),
    }
}

fn read_under(key: &GroupKey, message: u8, confirmed: bool) -> GroupMessage {
    GroupMessage {
        message: message_id(message),
        group: key.group.clone(),
        key: key.id,
        confirmed,
    }
}

fn key_text(key: &GroupKey) -> String {
    format!("{key:?} {:?}", *key.key)
}

fn keys_text(keys: &[GroupKey]) -> Vec<String> {
    keys.iter().map(key_text).collect()
}

/// Everything that a store has of a group, in its order, secrets included.
pub fn group_facts(store: &impl StoreRead, group: &GroupId) -> Vec<String> {
    let mut facts = vec![
        format!("{:?}", store.group(group).expect("read")),
        format!("{:?}", store.group_log(group).expect("read")),
        format!("{:?}", store.forgotten_group(group).expect("read")),
        format!("{:?}", store.erased_group_keys(group).expect("read")),
        format!("{:?}", store.group_setters(group).expect("read")),
    ];
    facts.extend(keys_text(&store.group_keys(group).expect("read")));
    facts
}

/// Whether each of these messages is recorded as read; if it is, whether it was confirmed.
fn read(store: &impl StoreRead, messages: impl IntoIterator<Item = u8>) -> Vec<Option<bool>> {
    let found = |message| store.group_message(&message_id(message)).expect("read");
    let messages = messages.into_iter().map(found);
    messages
        .map(|message| message.map(|message| message.confirmed))
        .collect()
}

pub(super) fn groups_round_trip_in_order(store: &mut impl Transaction) {
    let names = ["c", "a", "b"].map(group);
    let [first, second, third] = &names;
    let counts = |store: &dyn StoreRead| store.group_counts().expect("read");
    assert_eq!(counts(store), (0, 0));
    store.begin().expect("begin");
    for accepted in [false, true] {
        for (group, taken_up) in [(first, 5), (second, 5), (third, 4)] {
            let record = group_record(group, taken_up, accepted && taken_up == 5);
            store.put_group(&record).expect("put");
            assert_eq!(store.group(group).expect("read"), Some(record));
            // Its log is there while the record is replaced.
            if !accepted {
                let entry = group_entry(1, b"event", &[]);
                store.put_group_entry(group, &entry).expect("put");
            }
            assert_eq!(store.group_log(group).expect("read").len(), 1);
        }
    }
    assert_eq!(counts(store), (3, 1));
    let groups = store.groups().expect("read").into_iter();
    let order: Vec<GroupId> = groups.map(|record| record.group).collect();
    assert_eq!(order, [third, second, first].map(Clone::clone));
    store.remove_group(first).expect("remove");
    assert_eq!(store.group(first).expect("read"), None);
    assert_eq!(counts(store), (2, 1));
    store.commit().expect("commit");
}

pub(super) fn logs_round_trip(store: &mut impl Transaction) {
    let (here, elsewhere) = (group("a"), group("b"));
    store.begin().expect("begin");
    store.savepoint().expect("savepoint");
    let written = store.put_group_entry(&here, &group_entry(1, b"", &[]));
    assert!(matches!(written, Err(StoreError::Corrupt(_))));
    store.rollback().expect("rollback");
    for (group, accepted) in [(&here, true), (&elsewhere, false)] {
        let record = group_record(group, 1, accepted);
        store.put_group(&record).expect("put");
    }
    let large = vec![7; 512 * 1024];
    let entries = [
        group_entry(1, b"", &[]),
        group_entry(2, &large, &[9]),
        group_entry(3, b"event", &[9, 8]),
    ];
    for entry in entries.iter().rev() {
        store.put_group_entry(&here, entry).expect("put");
    }
    let other = group_entry(2, b"other", &[]);
    store.put_group_entry(&elsewhere, &other).expect("put");
    let log = |store: &dyn StoreRead, group| store.group_log(group).expect("read");
    assert!(log(store, &here) == entries);
    for entry in &entries {
        let found = store.group_entry(&here, &entry.id).expect("read");
        assert!(found.as_ref() == Some(entry));
    }
    let [first, second, third] = entries;
    let more_ended = group_entry(3, b"event", &[9, 8, 7]);
    store.put_group_entry(&here, &more_ended).expect("put");
    assert_ne!(more_ended, third);
    store.remove_group_entry(&here, &second.id).expect("remove");
    assert_eq!(store.group_entry(&here, &second.id).expect("read"), None);
    assert_eq!(log(store, &here), [first, more_ended]);
    assert_eq!(log(store, &elsewhere), [other]);
    store.commit().expect("commit");
}

pub(super) fn the_groups_forgotten_first_are_dropped_first(store: &mut impl Transaction) {
    let names = ["a", "b", "c", "d"].map(group);
    store.begin().expect("begin");
    for (group, at) in names.iter().zip([4, 3, 3, 1]) {
        let forgotten = |newest| ForgottenGroup {
            group: group.clone(),
            newest,
            at: UnixMillis(at),
        };
        for newest in [9, 8 + at] {
            let put = store.put_forgotten_group(&forgotten(newest));
            put.expect("put");
            let found = store.forgotten_group(group).expect("read");
            assert_eq!(found, Some(forgotten(newest)));
        }
    }
    let kept = |store: &dyn StoreRead| {
        let found = |group| store.forgotten_group(group).expect("read").is_some();
        names.each_ref().map(found)
    };
    for (limit, expected) in [
        (4, [true; 4]),
        (3, [true, true, true, false]),
        (2, [true, false, true, false]),
    ] {
        store.keep_forgotten_groups(limit).expect("keep");
        assert_eq!(kept(store), expected);
    }
    store.remove_forgotten_group(&names[0]).expect("remove");
    assert_eq!(kept(store), [false, false, true, false]);
    store.commit().expect("commit");
}

pub(super) fn group_keys_round_trip_and_are_found(store: &mut impl Transaction) {
    let names = ["a", "b", "c"].map(group);
    let [one, two, none] = &names;
    let keys = [
        group_key(one, 4, 20, None),
        group_key(one, 3, 20, Some(9)),
        group_key(one, 5, 10, Some(7)),
        group_key(two, 4, 30, Some(8)),
    ];
    store.begin().expect("begin");
    for key in keys.iter().rev() {
        store.put_group_key(key).expect("put");
        let found = store.group_key(&key.group, &key.id).expect("read");
        assert_eq!(found.as_ref().map(key_text), Some(key_text(key)));
    }
    assert!(store.group_key(two, &key_id(5)).expect("read").is_none());
    let of = |store: &dyn StoreRead, group| keys_text(&store.group_keys(group).expect("read"));
    assert_eq!(of(store, one), keys_text(&keys[..3]));
    assert_eq!(of(store, two), keys_text(&keys[3..]));
    assert!(of(store, none).is_empty());
    let groups = |after, limit| store.groups_with_keys(after, limit).expect("read");
    assert_eq!(groups(None, 9), names[..2]);
    assert_eq!(groups(None, 1), names[..1]);
    assert_eq!(groups(Some(one), 9), names[1..2]);
    assert!(groups(Some(two), 9).is_empty());

    let replaced = |found: Result<Vec<GroupKey>, StoreError>| {
        let found = found.expect("read").into_iter();
        let mut found: Vec<_> = found.map(|key| key.replaced_at.map(|at| at.0)).collect();
        found.sort_unstable();
        found
    };
    let by = |cutoff, limit| replaced(store.group_keys_replaced_by(UnixMillis(cutoff), limit));
    assert_eq!(by(6, 9), []);
    assert_eq!(by(8, 9), [Some(7), Some(8)]);
    assert_eq!(by(8, 1).len(), 1);
    let after = |at, limit| replaced(store.group_keys_replaced_after(UnixMillis(at), limit));
    assert_eq!(after(9, 9), []);
    assert_eq!(after(7, 9), [Some(8), Some(9)]);
    assert_eq!(after(7, 1).len(), 1);
    let dates = store.sweep_dates(&key(2)).expect("read");
    let ends = (dates.first_end, dates.last_end);
    assert_eq!(ends, (Some(UnixMillis(7)), Some(UnixMillis(9))));

    // What was read under it is there while it is replaced.
    let message = read_under(&keys[0], 1, false);
    store.put_group_message(&message, 9).expect("put");
    let used = GroupKey {
        highest: u32::MAX,
        closed: true,
        replaced_at: Some(UnixMillis(11)),
        ..group_key(one, 4, 20, None)
    };
    store.put_group_key(&used).expect("put");
    assert_eq!(of(store, one).first(), Some(&key_text(&used)));
    assert_eq!(read(store, [1]), [Some(false)]);
    store.commit().expect("commit");
}

pub(super) fn an_erased_group_key_leaves_its_timestamp(store: &mut impl Transaction) {
    let (one, two) = (group("a"), group("b"));
    let keys = [
        group_key(&one, 1, 10, None),
        group_key(&one, 2, 30, None),
        group_key(&one, 3, 20, None),
        group_key(&two, 1, 40, None),
    ];
    store.begin().expect("begin");
    for (key, message) in keys.iter().zip(1..) {
        store.put_group_key(key).expect("put");
        let message = read_under(key, message, false);
        store.put_group_message(&message, 9).expect("put");
    }
    assert_eq!(read(store, 1..=4), [Some(false); 4]);
    assert_eq!(store.erased_group_keys(&one).expect("read"), None);
    for (erased, newest) in [(1, 10), (2, 30), (3, 30)] {
        store.savepoint().expect("savepoint");
        let id = key_id(erased);
        store.remove_group_key(&one, &id).expect("remove");
        store.release().expect("release");
        assert!(store.group_key(&one, &id).expect("read").is_none());
        assert_eq!(store.erased_group_keys(&one).expect("read"), Some(newest));
        let left = (1..=4).map(|key| (key > erased).then_some(false));
        assert_eq!(read(store, 1..=4), left.collect::<Vec<_>>());
    }
    // One that is not there leaves nothing.
    store.remove_group_key(&two, &key_id(9)).expect("remove");
    assert_eq!(store.erased_group_keys(&two).expect("read"), None);
    store.commit().expect("commit");
}

pub(super) fn the_newest_messages_of_a_group_key_are_kept(store: &mut impl Transaction) {
    let one = group("a");
    let keys = [group_key(&one, 1, 10, None), group_key(&one, 2, 20, None)];
    let [first, second] = &keys;
    store.begin().expect("begin");
    store.savepoint().expect("savepoint");
    let written = store.put_group_message(&read_under(first, 1, false), 3);
    assert!(matches!(written, Err(StoreError::Corrupt(_))));
    store.rollback().expect("rollback");
    for key in &keys {
        store.put_group_key(key).expect("put");
    }
    let other = read_under(second, 9, true);
    store.put_group_message(&other, 3).expect("put");
    for message in 1..=3 {
        let message = read_under(first, message, false);
        store.put_group_message(&message, 3).expect("put");
    }
    // Confirmed, it is no younger.
    let confirmed = read_under(first, 1, true);
    store.put_group_message(&confirmed, 3).expect("put");
    let found = store.group_message(&confirmed.message).expect("read");
    assert_eq!(found, Some(confirmed));
    let fourth = read_under(first, 4, false);
    store.put_group_message(&fourth, 3).expect("put");
    let (unread, unconfirmed) = (None, Some(false));
    let expected = [unread, unconfirmed, unconfirmed, unconfirmed];
    assert_eq!(read(store, 1..=4), expected);
    // Read under the other key, it is the newest of that one.
    let moved = read_under(second, 2, true);
    store.put_group_message(&moved, 1).expect("put");
    let found = store.group_message(&moved.message).expect("read");
    assert_eq!(found, Some(moved));
    assert_eq!(store.group_message(&other.message).expect("read"), None);
    assert_eq!(read(store, 3..=4), [unconfirmed; 2]);
    store.commit().expect("commit");
}

pub(super) fn setters_are_replaced_as_a_list(store: &mut impl Transaction) {
    let (one, two) = (group("a"), group("b"));
    let mut all = [2, 3, 4].map(key);
    let setters = |store: &dyn StoreRead, group| store.group_setters(group).expect("read");
    store.begin().expect("begin");
    all.sort_unstable();
    let [first, second, third] = all;
    let unsorted = [third, first, second];
    store.put_group_setters(&one, &unsorted).expect("put");
    store.put_group_setters(&two, &[first]).expect("put");
    assert_eq!(setters(store, &one), all);
    store.put_group_setters(&one, &[third]).expect("put");
    assert_eq!(setters(store, &one), [third]);
    assert_eq!(setters(store, &two), [first]);
    store.put_group_setters(&one, &[]).expect("put");
    assert!(setters(store, &one).is_empty());
    store.commit().expect("commit");
}

pub(super) fn a_removed_group_leaves_nothing_and_takes_nothing_along(store: &mut impl Transaction) {
    let (gone, stays) = (group("a"), group("b"));
    store.begin().expect("begin");
    store.savepoint().expect("savepoint");
    for (group, message) in [(&gone, 1), (&stays, 2)] {
        let record = group_record(group, 1, true);
        store.put_group(&record).expect("put");
        let entry = group_entry(1, b"event", &[2]);
        store.put_group_entry(group, &entry).expect("put");
        let keys = [group_key(group, 1, 10, None), group_key(group, 2, 20, None)];
        for key in &keys {
            store.put_group_key(key).expect("put");
        }
        let message = read_under(&keys[1], message, true);
        store.put_group_message(&message, 9).expect("put");
        store.remove_group_key(group, &keys[0].id).expect("remove");
        store.put_group_setters(group, &[key(2)]).expect("put");
    }
    store.release().expect("release");
    store.commit().expect("commit");
    let before = [&gone, &stays].map(|group| group_facts(store, group));
    let nothing = group_facts(store, &group("c"));

    store.begin().expect("begin");
    store.savepoint().expect("savepoint");
    store.remove_group(&gone).expect("remove");
    assert_eq!(group_facts(store, &gone), nothing);
    assert_eq!(group_facts(store, &stays), before[1]);
    assert_eq!(read(store, 1..=2), [None, Some(true)]);
    store.rollback().expect("rollback");
    assert_eq!(group_facts(store, &gone), before[0]);
    assert_eq!(read(store, 1..=2), [Some(true); 2]);
    store.savepoint().expect("savepoint");
    store.remove_group(&gone).expect("remove");
    store.release().expect("release");
    store.commit().expect("commit");
    assert_eq!(group_facts(store, &gone), nothing);
    assert_eq!(group_facts(store, &stays), before[1]);
    // What is left of a log would belong to the group once it is there again.
    store.begin().expect("begin");
    let record = group_record(&gone, 1, true);
    store.put_group(&record).expect("put");
    assert!(store.group_log(&gone).expect("read").is_empty());
    store.abort().expect("abort");
}
