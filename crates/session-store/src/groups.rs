//! Groups as rows: their records and logs, their keys, and the messages read under these. The rows
//! of logs and of messages name their group or key by its number, because a group id may have 256
//! bytes.

use crypto_core::{GroupEventId, GroupKeyId, IdentityKey, MessageId, Wiped};
use engine::model::{
    ForgottenGroup, GroupEntry, GroupId, GroupKey, GroupMessage, GroupRecord, StoreError,
};
use rusqlite::{Params, Row};

use crate::{
    connection::{Sqlite, SqliteStore},
    rows::{Columns, corrupt, integer, optional_time, time},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Columns of `groups` in the order [`record`] reads them.
const GROUP: &str = "group_id, accepted, taken_up, clock, kept_bytes, kept_events";
/// Selects the log of group ?1, in the order [`entry`] reads it.
const SELECT_LOG: &str = "SELECT id, signer, signature, ended, event FROM group_events \
     WHERE of_group = (SELECT number FROM groups WHERE group_id = ?1)";
/// Columns of `group_keys` in the order [`group_key`] reads them.
const GROUP_KEY: &str = "group_id, id, timestamp, key, set_by, added_at, highest, closed, \
     replaced_at";

fn group_id(columns: &mut Columns<'_>) -> Result<GroupId> {
    GroupId::new(&columns.take::<Vec<u8>>()?).ok_or_else(|| corrupt("a group id"))
}

fn record(row: &Row<'_>) -> Result<GroupRecord> {
    let mut columns = Columns::of(row);
    Ok(GroupRecord {
        group: group_id(&mut columns)?,
        accepted: columns.take()?,
        taken_up: columns.time()?,
        clock: columns.count()?,
        kept_bytes: columns.count()?,
        kept_events: columns.number()?,
    })
}

fn entry(row: &Row<'_>) -> Result<GroupEntry> {
    let mut columns = Columns::of(row);
    let (id, signer, signature) = (columns.take()?, columns.identity()?, columns.take()?);
    let ended: Vec<u8> = columns.take()?;
    let (ended, rest) = ended.as_chunks();
    if !rest.is_empty() {
        return Err(corrupt("what a leaving ended"));
    }
    Ok(GroupEntry {
        id: GroupEventId::from_bytes(id),
        signer,
        signature,
        ended: ended
            .iter()
            .copied()
            .map(GroupEventId::from_bytes)
            .collect(),
        event: columns.take()?,
    })
}

fn forgotten(row: &Row<'_>) -> Result<ForgottenGroup> {
    let mut columns = Columns::of(row);
    Ok(ForgottenGroup {
        group: group_id(&mut columns)?,
        newest: columns.count()?,
        at: columns.time()?,
    })
}

fn group_key(row: &Row<'_>) -> Result<GroupKey> {
    let mut columns = Columns::of(row);
    Ok(GroupKey {
        group: group_id(&mut columns)?,
        id: GroupKeyId::from_bytes(columns.take()?),
        timestamp: columns.count()?,
        key: Wiped::new(*columns.secret()?),
        set_by: columns.identity()?,
        added_at: columns.time()?,
        highest: columns.number()?,
        closed: columns.take()?,
        replaced_at: columns.optional_time()?,
    })
}

fn message(row: &Row<'_>) -> Result<GroupMessage> {
    let mut columns = Columns::of(row);
    Ok(GroupMessage {
        message: MessageId::from_bytes(columns.take()?),
        group: group_id(&mut columns)?,
        key: GroupKeyId::from_bytes(columns.take()?),
        confirmed: columns.take()?,
    })
}

impl<Mode> Sqlite<Mode> {
    pub(crate) fn group_record(&self, group: &GroupId) -> Result<Option<GroupRecord>> {
        self.first(
            &format!("SELECT {GROUP} FROM groups WHERE group_id = ?1"),
            [group.as_bytes()],
            record,
        )
    }

    pub(crate) fn group_records(&self) -> Result<Vec<GroupRecord>> {
        self.all(
            &format!("SELECT {GROUP} FROM groups ORDER BY taken_up, group_id"),
            [],
            record,
        )
    }

    pub(crate) fn count_groups(&self) -> Result<(u64, u64)> {
        let counts = self.first(
            "SELECT (SELECT count(*) FROM groups), \
                 (SELECT count(*) FROM groups WHERE accepted = 0)",
            [],
            |row| {
                let mut columns = Columns::of(row);
                Ok((columns.count()?, columns.count()?))
            },
        )?;
        Ok(counts.unwrap_or_default())
    }

    pub(crate) fn log_of(&self, group: &GroupId) -> Result<Vec<GroupEntry>> {
        self.all(
            &format!("{SELECT_LOG} ORDER BY id"),
            [group.as_bytes()],
            entry,
        )
    }

    pub(crate) fn entry_of_log(
        &self,
        group: &GroupId,
        id: &GroupEventId,
    ) -> Result<Option<GroupEntry>> {
        self.first(
            &format!("{SELECT_LOG} AND id = ?2"),
            (group.as_bytes(), id.as_bytes()),
            entry,
        )
    }

    pub(crate) fn forgotten(&self, group: &GroupId) -> Result<Option<ForgottenGroup>> {
        self.first(
            "SELECT group_id, newest, at FROM forgotten_groups WHERE group_id = ?1",
            [group.as_bytes()],
            forgotten,
        )
    }

    pub(crate) fn group_keys_where(
        &self,
        what: &str,
        params: impl Params,
    ) -> Result<Vec<GroupKey>> {
        self.all(
            &format!("SELECT {GROUP_KEY} FROM group_keys WHERE {what}"),
            params,
            group_key,
        )
    }

    pub(crate) fn groups_of_keys(
        &self,
        after: Option<&GroupId>,
        limit: usize,
    ) -> Result<Vec<GroupId>> {
        // Every group id comes after no bytes at all.
        self.all(
            "SELECT DISTINCT group_id FROM group_keys WHERE group_id > ?1 \
             ORDER BY group_id LIMIT ?2",
            (
                after.map_or(&[][..], GroupId::as_bytes),
                integer(limit as u64),
            ),
            |row| group_id(&mut Columns::of(row)),
        )
    }

    pub(crate) fn newest_erased_key(&self, group: &GroupId) -> Result<Option<u64>> {
        self.first(
            "SELECT timestamp FROM erased_group_keys WHERE group_id = ?1",
            [group.as_bytes()],
            |row| Columns::of(row).count(),
        )
    }

    pub(crate) fn message_read(&self, of: &MessageId) -> Result<Option<GroupMessage>> {
        self.first(
            "SELECT message, group_id, id, confirmed \
             FROM group_messages JOIN group_keys ON number = of_key WHERE message = ?1",
            [of.as_bytes()],
            message,
        )
    }

    pub(crate) fn setters_of(&self, group: &GroupId) -> Result<Vec<IdentityKey>> {
        self.all(
            "SELECT identity FROM group_setters WHERE group_id = ?1 ORDER BY identity",
            [group.as_bytes()],
            |row| Columns::of(row).identity(),
        )
    }
}

impl SqliteStore {
    pub(crate) fn write_group(&self, group: &GroupRecord) -> Result<()> {
        // Not replaced: its log goes with a row that is deleted.
        self.run(
            &format!(
                "INSERT INTO groups ({GROUP}) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (group_id) DO UPDATE SET accepted = excluded.accepted, \
                     taken_up = excluded.taken_up, clock = excluded.clock, \
                     kept_bytes = excluded.kept_bytes, kept_events = excluded.kept_events"
            ),
            (
                group.group.as_bytes(),
                group.accepted,
                time(group.taken_up),
                integer(group.clock),
                integer(group.kept_bytes),
                group.kept_events,
            ),
        )
    }

    pub(crate) fn erase_group(&self, group: &GroupId) -> Result<()> {
        // The log and the messages read go with these rows, by the foreign keys.
        for sql in [
            "DELETE FROM groups WHERE group_id = ?1",
            "DELETE FROM group_keys WHERE group_id = ?1",
            "DELETE FROM erased_group_keys WHERE group_id = ?1",
            "DELETE FROM group_setters WHERE group_id = ?1",
        ] {
            self.run(sql, [group.as_bytes()])?;
        }
        Ok(())
    }

    pub(crate) fn write_entry(&self, group: &GroupId, entry: &GroupEntry) -> Result<()> {
        let ended: Vec<u8> = entry.ended.iter().flat_map(|id| *id.as_bytes()).collect();
        let number = self.first(
            "SELECT number FROM groups WHERE group_id = ?1",
            [group.as_bytes()],
            |row| Columns::of(row).take::<i64>(),
        )?;
        self.run(
            "INSERT INTO group_events (of_group, id, signer, signature, ended, event) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (of_group, id) DO UPDATE SET signer = excluded.signer, \
                 signature = excluded.signature, ended = excluded.ended, event = excluded.event",
            (
                number.ok_or_else(|| corrupt("an event of no group"))?,
                entry.id.as_bytes(),
                entry.signer.as_bytes(),
                entry.signature,
                ended,
                &entry.event,
            ),
        )
    }

    pub(crate) fn erase_entry(&self, group: &GroupId, id: &GroupEventId) -> Result<()> {
        self.run(
            "DELETE FROM group_events \
             WHERE of_group = (SELECT number FROM groups WHERE group_id = ?1) AND id = ?2",
            (group.as_bytes(), id.as_bytes()),
        )
    }

    pub(crate) fn write_forgotten(&self, forgotten: &ForgottenGroup) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO forgotten_groups (group_id, newest, at) VALUES (?1, ?2, ?3)",
            (
                forgotten.group.as_bytes(),
                integer(forgotten.newest),
                time(forgotten.at),
            ),
        )
    }

    pub(crate) fn erase_forgotten(&self, group: &GroupId) -> Result<()> {
        self.run(
            "DELETE FROM forgotten_groups WHERE group_id = ?1",
            [group.as_bytes()],
        )
    }

    pub(crate) fn keep_newest_forgotten(&self, limit: usize) -> Result<()> {
        self.run(
            "DELETE FROM forgotten_groups WHERE group_id IN ( \
                 SELECT group_id FROM forgotten_groups ORDER BY at DESC, group_id DESC \
                 LIMIT -1 OFFSET ?1)",
            [integer(limit as u64)],
        )
    }

    pub(crate) fn write_group_key(&self, key: &GroupKey) -> Result<()> {
        // Not replaced: the messages read under it go with a row that is deleted.
        self.run(
            &format!(
                "INSERT INTO group_keys ({GROUP_KEY}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
                 ON CONFLICT (group_id, id) DO UPDATE SET timestamp = excluded.timestamp, \
                     key = excluded.key, set_by = excluded.set_by, added_at = excluded.added_at, \
                     highest = excluded.highest, closed = excluded.closed, \
                     replaced_at = excluded.replaced_at"
            ),
            (
                key.group.as_bytes(),
                key.id.as_bytes(),
                integer(key.timestamp),
                key.key.as_slice(),
                key.set_by.as_bytes(),
                time(key.added_at),
                key.highest,
                key.closed,
                optional_time(key.replaced_at),
            ),
        )
    }

    pub(crate) fn erase_group_key(&self, group: &GroupId, id: &GroupKeyId) -> Result<()> {
        let name = (group.as_bytes(), id.as_bytes());
        self.run(
            "INSERT INTO erased_group_keys (group_id, timestamp) \
                 SELECT group_id, timestamp FROM group_keys WHERE group_id = ?1 AND id = ?2 \
             ON CONFLICT (group_id) DO UPDATE SET timestamp = max(timestamp, excluded.timestamp)",
            name,
        )?;
        self.run(
            "DELETE FROM group_keys WHERE group_id = ?1 AND id = ?2",
            name,
        )
    }

    pub(crate) fn write_message_read(&self, message: &GroupMessage, keep: u32) -> Result<()> {
        let key = self.first(
            "SELECT number FROM group_keys WHERE group_id = ?1 AND id = ?2",
            (message.group.as_bytes(), message.key.as_bytes()),
            |row| Columns::of(row).take::<i64>(),
        )?;
        let key = key.ok_or_else(|| corrupt("a message of no key"))?;
        let record = (message.message.as_bytes(), key, message.confirmed);
        let updated = self.changed(
            "UPDATE group_messages SET confirmed = ?3 WHERE message = ?1 AND of_key = ?2",
            record,
        )?;
        if updated == 0 {
            self.run(
                "INSERT OR REPLACE INTO group_messages (message, of_key, confirmed, age) \
                 VALUES (?1, ?2, ?3, \
                     (SELECT 1 + coalesce(max(age), 0) FROM group_messages WHERE of_key = ?2))",
                record,
            )?;
        }
        self.run(
            "DELETE FROM group_messages WHERE of_key = ?1 \
                 AND age <= (SELECT max(age) FROM group_messages WHERE of_key = ?1) - ?2",
            (key, keep),
        )
    }

    pub(crate) fn write_setters(&self, group: &GroupId, setters: &[IdentityKey]) -> Result<()> {
        self.run(
            "DELETE FROM group_setters WHERE group_id = ?1",
            [group.as_bytes()],
        )?;
        for setter in setters {
            self.run(
                "INSERT OR IGNORE INTO group_setters (group_id, identity) VALUES (?1, ?2)",
                (group.as_bytes(), setter.as_bytes()),
            )?;
        }
        Ok(())
    }
}
