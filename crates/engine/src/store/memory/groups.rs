//! Groups in the store in memory: what takes more than one table.

use std::cmp::Reverse;

use crypto_core::{GroupKeyId, MessageId};

use super::{GroupKeyName, MemoryStore, duplicate::duplicate_group_key};
use crate::model::{GroupEntry, GroupId, GroupKey, GroupMessage, GroupRecord};

impl MemoryStore {
    pub(super) fn groups_by_age(&self) -> Vec<GroupRecord> {
        let mut groups: Vec<_> = self.tables.groups.values().cloned().collect();
        groups.sort_by_key(|group| group.taken_up);
        groups
    }

    pub(super) fn log_of(&self, group: &GroupId) -> Vec<GroupEntry> {
        let entries = self.tables.group_entries.iter();
        entries
            .filter(|((of, _), _)| of == group)
            .map(|(_, entry)| entry.clone())
            .collect()
    }

    /// The keys that satisfy `wanted`, newest first.
    pub(super) fn group_keys_where(&self, wanted: impl Fn(&GroupKey) -> bool) -> Vec<GroupKey> {
        let keys = self.tables.group_keys.values();
        let mut keys: Vec<_> = keys.filter(|key| wanted(key)).collect();
        keys.sort_unstable_by_key(|key| Reverse((key.timestamp, key.id)));
        keys.into_iter().map(duplicate_group_key).collect()
    }

    pub(super) fn remove_all_of_group(&mut self, group: &GroupId) {
        for key in self.group_keys_where(|key| key.group == *group) {
            self.erase_group_key(group, &key.id);
        }
        for entry in self.log_of(group) {
            let name = (group.clone(), entry.id);
            self.remove(|tables| &mut tables.group_entries, name);
        }
        self.remove(|tables| &mut tables.erased_group_keys, group.clone());
        self.remove(|tables| &mut tables.group_setters, group.clone());
        self.remove(|tables| &mut tables.groups, group.clone());
    }

    pub(super) fn drop_oldest_forgotten_groups(&mut self, limit: usize) {
        let forgotten = self.tables.forgotten_groups.values();
        let mut forgotten: Vec<_> = forgotten
            .map(|forgotten| (forgotten.at, forgotten.group.clone()))
            .collect();
        forgotten.sort_unstable();
        let excess = forgotten.len().saturating_sub(limit);
        for (_, group) in forgotten.into_iter().take(excess) {
            self.remove(|tables| &mut tables.forgotten_groups, group);
        }
    }

    pub(super) fn erase_group_key(&mut self, group: &GroupId, id: &GroupKeyId) {
        let name = (group.clone(), *id);
        let Some(key) = self.tables.group_keys.get(&name) else {
            return;
        };
        let before = self.tables.erased_group_keys.get(group).copied();
        let newest = key.timestamp.max(before.unwrap_or_default());
        self.put(
            |tables| &mut tables.erased_group_keys,
            group.clone(),
            newest,
        );
        for (age, message) in self.messages_under(&name, u64::MAX) {
            self.forget_group_message(&name, age, message);
        }
        self.remove(|tables| &mut tables.group_keys, name);
    }

    pub(super) fn remember_group_message(
        &mut self,
        message: &GroupMessage,
        name: GroupKeyName,
        keep: u32,
    ) {
        let known = self.tables.group_messages.get(&message.message);
        let known = known.map(|(age, known)| (*age, (known.group.clone(), known.key)));
        let age = match known {
            Some((age, of)) if of == name => age,
            other => {
                if let Some((age, of)) = other {
                    self.forget_group_message(&of, age, message.message);
                }
                self.newest_under(&name) + 1
            }
        };
        let record = (age, message.clone());
        self.put(|tables| &mut tables.group_messages, message.message, record);
        self.put(
            |tables| &mut tables.messages_of_group_key,
            (name.clone(), age),
            message.message,
        );
        let dropped_up_to = self.newest_under(&name).saturating_sub(keep.into());
        for (age, message) in self.messages_under(&name, dropped_up_to) {
            self.forget_group_message(&name, age, message);
        }
    }

    /// The messages of a key up to this age, oldest first.
    fn messages_under(&self, name: &GroupKeyName, age: u64) -> Vec<(u64, MessageId)> {
        let of_key = (name.clone(), 0)..=(name.clone(), age);
        let messages = self.tables.messages_of_group_key.range(of_key);
        messages
            .map(|((_, age), message)| (*age, *message))
            .collect()
    }

    /// The age of the newest message of a key; 0 if there is none.
    fn newest_under(&self, name: &GroupKeyName) -> u64 {
        let of_key = (name.clone(), 0)..=(name.clone(), u64::MAX);
        let mut messages = self.tables.messages_of_group_key.range(of_key);
        messages.next_back().map_or(0, |((_, age), _)| *age)
    }

    fn forget_group_message(&mut self, name: &GroupKeyName, age: u64, message: MessageId) {
        self.remove(|tables| &mut tables.group_messages, message);
        self.remove(
            |tables| &mut tables.messages_of_group_key,
            (name.clone(), age),
        );
    }
}
