//! What steps do to groups.

use crypto_core::{GroupEventId, GroupKeyId};
use engine::model::{ForgottenGroup, GroupId, GroupMessage};

use super::*;

#[derive(Clone, Debug)]
pub(super) enum GroupStep {
    Put {
        group: u8,
        taken_up: u64,
        accepted: bool,
    },
    Remove(u8),
    Entry {
        group: u8,
        id: u8,
        event: Vec<u8>,
        ended: Vec<u8>,
    },
    RemoveEntry(u8, u8),
    Forgotten {
        group: u8,
        newest: u64,
        at: u64,
    },
    RemoveForgotten(u8),
    KeepForgotten(usize),
    Key {
        group: u8,
        id: u8,
        timestamp: u64,
        replaced_at: Option<u64>,
    },
    RemoveKey(u8, u8),
    Message {
        message: u8,
        group: u8,
        key: u8,
        confirmed: bool,
        keep: u32,
    },
    Setters(u8, Vec<u8>),
}

/// Groups, their events and their keys: so few that steps often meet one that is there.
fn few() -> impl Strategy<Value = u8> {
    1..=2_u8
}

pub(super) fn group_step() -> impl Strategy<Value = GroupStep> {
    let message = (1..=8_u8, few(), few(), any::<bool>(), 0..4_u32);
    let entry = (few(), few(), vec(any::<u8>(), 0..4), vec(any::<u8>(), 0..3));
    prop_oneof![
        4 => (few(), number(), any::<bool>()).prop_map(
            |(group, taken_up, accepted)| GroupStep::Put { group, taken_up, accepted }
        ),
        1 => few().prop_map(GroupStep::Remove),
        4 => entry.prop_map(
            |(group, id, event, ended)| GroupStep::Entry { group, id, event, ended }
        ),
        1 => (few(), few()).prop_map(|(group, id)| GroupStep::RemoveEntry(group, id)),
        2 => (name(), number(), number()).prop_map(
            |(group, newest, at)| GroupStep::Forgotten { group, newest, at }
        ),
        1 => few().prop_map(GroupStep::RemoveForgotten),
        1 => (0..4_usize).prop_map(GroupStep::KeepForgotten),
        6 => (few(), few(), number(), option::of(number())).prop_map(
            |(group, id, timestamp, replaced_at)| GroupStep::Key {
                group, id, timestamp, replaced_at,
            }
        ),
        1 => (few(), few()).prop_map(|(group, id)| GroupStep::RemoveKey(group, id)),
        6 => message.prop_map(|(message, group, key, confirmed, keep)| GroupStep::Message {
            message, group, key, confirmed, keep,
        }),
        1 => (few(), vec(name(), 0..3)).prop_map(|(group, of)| GroupStep::Setters(group, of)),
    ]
}

fn group(name: u8) -> GroupId {
    GroupId::new(&[name]).unwrap()
}

fn event_id(name: u8) -> GroupEventId {
    GroupEventId::from_bytes([name; 32])
}

fn key_id(name: u8) -> GroupKeyId {
    GroupKeyId::from_bytes([name; 32])
}

pub(super) fn take_group_step(
    store: &mut impl Transaction,
    step: &GroupStep,
) -> Result<(), StoreError> {
    match step {
        GroupStep::Put {
            group: name,
            taken_up,
            accepted,
        } => {
            let mut record = contract::group_record(&group(*name), 1, *accepted);
            record.taken_up = UnixMillis(*taken_up);
            store.put_group(&record)
        }
        GroupStep::Remove(name) => store.remove_group(&group(*name)),
        GroupStep::Entry {
            group: name,
            id,
            event,
            ended,
        } => {
            let group = group(*name);
            if store.group(&group)?.is_none() {
                store.put_group(&contract::group_record(&group, 1, false))?;
            }
            store.put_group_entry(&group, &contract::group_entry(*id, event, ended))
        }
        GroupStep::RemoveEntry(name, id) => store.remove_group_entry(&group(*name), &event_id(*id)),
        GroupStep::Forgotten {
            group: name,
            newest,
            at,
        } => store.put_forgotten_group(&ForgottenGroup {
            group: group(*name),
            newest: *newest,
            at: UnixMillis(*at),
        }),
        GroupStep::RemoveForgotten(name) => store.remove_forgotten_group(&group(*name)),
        GroupStep::KeepForgotten(limit) => store.keep_forgotten_groups(*limit),
        GroupStep::Key {
            group: name,
            id,
            timestamp,
            replaced_at,
        } => {
            let key = contract::group_key(&group(*name), *id, *timestamp, *replaced_at);
            store.put_group_key(&key)
        }
        GroupStep::RemoveKey(name, id) => store.remove_group_key(&group(*name), &key_id(*id)),
        GroupStep::Message {
            message,
            group: name,
            key,
            confirmed,
            keep,
        } => {
            let group = group(*name);
            if store.group_key(&group, &key_id(*key))?.is_none() {
                store.put_group_key(&contract::group_key(&group, *key, 1, None))?;
            }
            let message = GroupMessage {
                message: message_id(*message),
                group,
                key: key_id(*key),
                confirmed: *confirmed,
            };
            store.put_group_message(&message, *keep)
        }
        GroupStep::Setters(name, of) => {
            let setters: Vec<_> = of.iter().copied().map(identity).collect();
            store.put_group_setters(&group(*name), &setters)
        }
    }
}

/// Everything that a store has of groups.
pub(super) fn everything_of_groups(store: &impl StoreRead) -> Vec<String> {
    let mut lines = vec![
        format!("{:?}", store.groups().unwrap()),
        format!("{:?}", store.group_counts().unwrap()),
        format!("{:?}", store.groups_with_keys(None, usize::MAX).unwrap()),
        format!("{:?}", store.groups_with_keys(Some(&group(1)), 2).unwrap()),
        format!("{:?}", store.sweep_dates(&identity(1)).unwrap()),
    ];
    let keys = [
        store.group_keys_replaced_by(UnixMillis(10), usize::MAX),
        store.group_keys_replaced_after(UnixMillis(10), usize::MAX),
    ];
    for keys in keys {
        let mut keys = keys.unwrap();
        keys.sort_by_key(|key| (key.group.clone(), key.id));
        lines.push(format!("{keys:?}"));
    }
    for name in 1..=NAMES {
        lines.extend(contract::group_facts(store, &group(name)));
        for id in 1..=NAMES {
            let entry = store.group_entry(&group(name), &event_id(id)).unwrap();
            lines.push(format!("{entry:?}"));
            let key = store.group_key(&group(name), &key_id(id)).unwrap();
            lines.push(format!("{key:?}"));
        }
    }
    for message in 1..=8 {
        let message = store.group_message(&message_id(message)).unwrap();
        lines.push(format!("{message:?}"));
    }
    lines
}
