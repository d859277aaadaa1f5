//! The engine's [`StoreRead`] on either connection.

use std::sync::Arc;

use crypto_core::{
    GroupEventId, GroupKeyId, HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey,
    SessionId, SignedPreKey, VerifiedKemPreKey,
};
use engine::{
    model::{
        ChatKey, ConfirmedMessages, Contact, Correspondent, Counts, Device, DeviceName, Event,
        ForgottenGroup, Gap, GroupEntry, GroupId, GroupKey, GroupMessage, GroupRecord,
        ListedPreKey, NegotiatedTopic, OwnBundle, OwnPreKey, Peer, RunningTime, Session,
        StoreError, StoredAnswer, StoredKey, SweepDates, Timekeeping, UnixMillis,
    },
    store::StoreRead,
};
use rusqlite::Params;

use crate::{
    connection::Sqlite,
    device_rows::{device, select_devices},
    rows::{self, CONTACT, Columns, GAP, OWN_PREKEY, PEER, STORED_KEY, corrupt, integer, time},
    session_rows::{SELECT_SESSION, session},
};

type Result<T> = std::result::Result<T, StoreError>;

impl<Mode> Sqlite<Mode> {
    fn devices_where(&self, what: &str, params: impl Params) -> Result<Vec<Device>> {
        self.all(&select_devices(what), params, device)
    }

    fn sessions_where(&self, what: &str, params: impl Params) -> Result<Vec<Session>> {
        self.all(&format!("{SELECT_SESSION} WHERE {what}"), params, session)
    }
}

/// The signed KEM prekey of this device.
fn own_kem_pre_key(columns: &mut Columns<'_>) -> Result<Option<VerifiedKemPreKey>> {
    match (
        columns.optional_installation()?,
        columns.optional_kem_pre_key()?,
    ) {
        (None, None) => Ok(None),
        (Some(installation), Some(kem)) => Ok(Some(VerifiedKemPreKey::from_stored(
            installation,
            kem.version,
            kem.key,
            kem.signature,
        ))),
        _ => Err(corrupt("the KEM prekey of this device")),
    }
}

impl<Mode> StoreRead for Sqlite<Mode> {
    fn own_prekey(&self, key: &SignedPreKey) -> Result<Option<OwnPreKey>> {
        self.first(
            &format!("SELECT {OWN_PREKEY} FROM own_prekeys WHERE public = ?1"),
            [key.as_bytes()],
            rows::own_prekey,
        )
    }

    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>> {
        let replaced_at = self.first(
            "SELECT replaced_at FROM own_prekeys WHERE public = ?1",
            [key.as_bytes()],
            |row| Columns::of(row).optional_time(),
        )?;
        Ok(replaced_at.flatten())
    }

    fn current_own_prekey(&self) -> Result<Option<OwnPreKey>> {
        self.first(
            &format!(
                "SELECT {OWN_PREKEY} FROM own_prekeys WHERE replaced_at IS NULL \
                 ORDER BY version DESC LIMIT 1"
            ),
            [],
            rows::own_prekey,
        )
    }

    fn replaced_own_prekeys(&self) -> Result<Vec<(SignedPreKey, UnixMillis)>> {
        self.all(
            "SELECT public, replaced_at FROM own_prekeys WHERE replaced_at IS NOT NULL \
             ORDER BY public",
            [],
            |row| {
                let mut columns = Columns::of(row);
                Ok((columns.signed_pre_key()?, columns.time()?))
            },
        )
    }

    fn own_bundle(&self) -> Result<Option<OwnBundle>> {
        let bundle = self.first(
            "SELECT wire, made_at, timestamp_ns, version, prekey_created_at, kem_installation, \
                 kem_version, kem_signature, kem_key FROM own_bundle",
            [],
            |row| {
                let mut columns = Columns::of(row);
                Ok(OwnBundle {
                    wire: columns.take()?,
                    made_at: columns.time()?,
                    timestamp_ns: columns.take()?,
                    version: columns.number()?,
                    prekey_created_at: columns.time()?,
                    entries: Vec::new(),
                    kem_pre_key: own_kem_pre_key(&mut columns)?,
                })
            },
        )?;
        let Some(bundle) = bundle else {
            return Ok(None);
        };
        let entries = self.all(
            "SELECT installation, signed_pre_key, ratchet_pre_key, version, protocol_version \
             FROM own_bundle_entries ORDER BY installation",
            [],
            |row| {
                let mut columns = Columns::of(row);
                Ok(ListedPreKey {
                    installation: columns.installation()?,
                    signed_pre_key: columns.signed_pre_key()?,
                    ratchet_pre_key: columns.optional_ratchet_pre_key()?,
                    version: columns.number()?,
                    protocol_version: columns.number()?,
                })
            },
        )?;
        Ok(Some(OwnBundle { entries, ..bundle }))
    }

    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>> {
        self.first(
            &format!("SELECT {PEER} FROM peers WHERE identity = ?1"),
            [identity.as_bytes()],
            rows::peer,
        )
    }

    fn correspondents(&self, limit: usize) -> Result<Vec<Correspondent>> {
        self.all(
            "SELECT identity, shared FROM peers LEFT JOIN negotiated_keys USING (identity) \
             WHERE written_at IS NOT NULL ORDER BY written_at DESC, identity LIMIT ?1",
            [integer(limit as u64)],
            rows::correspondent,
        )
    }

    fn listened_after(
        &self,
        after: Option<&IdentityKey>,
        limit: usize,
    ) -> Result<Vec<Correspondent>> {
        // Every identity comes after no bytes at all.
        self.all(
            "SELECT identity, shared FROM peers LEFT JOIN negotiated_keys USING (identity) \
             WHERE listened = 1 AND identity > ?1 ORDER BY identity LIMIT ?2",
            (
                after.map_or(&[][..], |after| after.as_bytes().as_slice()),
                integer(limit as u64),
            ),
            rows::correspondent,
        )
    }

    fn listened_for_replies(&self) -> Result<u64> {
        self.count(
            "SELECT count(*) FROM peers WHERE listened = 1 AND written_at IS NULL",
            [],
        )
    }

    fn negotiated(&self, identity: &IdentityKey) -> Result<Option<Arc<NegotiatedTopic>>> {
        let shared = self.first(
            "SELECT shared FROM negotiated_keys WHERE identity = ?1",
            [identity.as_bytes()],
            |row| rows::negotiated(&mut Columns::of(row)),
        )?;
        Ok(shared.flatten())
    }

    fn contact(&self, identity: &IdentityKey) -> Result<Option<Contact>> {
        self.first(
            &format!("SELECT {CONTACT} FROM contacts WHERE identity = ?1"),
            [identity.as_bytes()],
            rows::contact,
        )
    }

    fn contacts(&self) -> Result<Vec<Contact>> {
        self.all(
            &format!("SELECT {CONTACT} FROM contacts ORDER BY identity"),
            [],
            rows::contact,
        )
    }

    fn devices(&self, identity: &IdentityKey) -> Result<Vec<Device>> {
        self.devices_where("identity = ?1 ORDER BY installation", [identity.as_bytes()])
    }

    fn devices_after(&self, after: Option<&DeviceName>, limit: usize) -> Result<Vec<Device>> {
        let (identity, installation) = after.map_or((&[] as &[u8], ""), |name| {
            (name.identity.as_bytes(), name.installation.as_str())
        });
        self.devices_where(
            "(identity, installation) > (?1, ?2) ORDER BY identity, installation LIMIT ?3",
            (identity, installation, integer(limit as u64)),
        )
    }

    fn omitted_devices(&self) -> Result<Vec<Device>> {
        self.devices_where(
            "omitted_since IS NOT NULL ORDER BY identity, installation",
            [],
        )
    }

    fn device(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Device>> {
        self.first(
            &select_devices("identity = ?1 AND installation = ?2"),
            (identity.as_bytes(), installation.as_str()),
            device,
        )
    }

    fn session(&self, id: &SessionId) -> Result<Option<Session>> {
        self.first(
            &format!("{SELECT_SESSION} WHERE id = ?1"),
            [id.as_bytes()],
            session,
        )
    }

    fn active_session(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Session>> {
        self.first(
            &format!(
                "{SELECT_SESSION} \
                 WHERE peer = ?1 AND installation = ?2 AND standing = 0"
            ),
            (identity.as_bytes(), installation.as_str()),
            session,
        )
    }

    fn sessions_on_prekey(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<Vec<Session>> {
        self.sessions_where(
            "peer = ?1 AND signed_pre_key = ?2 ORDER BY age DESC",
            (identity.as_bytes(), prekey.as_bytes()),
        )
    }

    fn sessions(&self, identity: Option<&IdentityKey>) -> Result<Vec<Session>> {
        match identity {
            Some(identity) => {
                self.sessions_where("peer = ?1 ORDER BY age DESC", [identity.as_bytes()])
            }
            None => self.sessions_where("true ORDER BY age DESC", []),
        }
    }

    fn unexpired_on_own_prekey(&self, prekey: &SignedPreKey, limit: usize) -> Result<Vec<Session>> {
        self.sessions_where(
            "signed_pre_key = ?1 AND role = 1 AND standing <> 2 ORDER BY age DESC LIMIT ?2",
            (prekey.as_bytes(), integer(limit as u64)),
        )
    }

    fn unexpired_sessions(&self, limit: usize) -> Result<Vec<Session>> {
        self.sessions_where(
            "standing <> 2 ORDER BY age DESC LIMIT ?1",
            [integer(limit as u64)],
        )
    }

    fn sessions_ended_by(&self, cutoff: UnixMillis, limit: usize) -> Result<Vec<Session>> {
        self.sessions_where(
            "standing_since <= ?1 ORDER BY age DESC LIMIT ?2",
            (time(cutoff), integer(limit as u64)),
        )
    }

    fn sessions_ended_after(&self, moment: UnixMillis, limit: usize) -> Result<Vec<Session>> {
        self.sessions_where(
            "standing_since > ?1 ORDER BY age DESC LIMIT ?2",
            (time(moment), integer(limit as u64)),
        )
    }

    fn session_count(&self, identity: &IdentityKey) -> Result<usize> {
        let count = self.count(
            "SELECT count(*) FROM sessions WHERE peer = ?1",
            [identity.as_bytes()],
        )?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn stored_key_count(&self, session: &SessionId) -> Result<u64> {
        self.count(
            "SELECT (SELECT count(*) FROM stored_keys WHERE session = ?1) \
                 + (SELECT coalesce(sum(held), 0) FROM gaps WHERE session = ?1)",
            [session.as_bytes()],
        )
    }

    fn has_stored_keys(&self, session: &SessionId) -> Result<bool> {
        let found = self.first(
            "SELECT EXISTS (SELECT 1 FROM stored_keys WHERE session = ?1) \
                 OR EXISTS (SELECT 1 FROM gaps WHERE session = ?1)",
            [session.as_bytes()],
            |row| Columns::of(row).take(),
        )?;
        Ok(found.unwrap_or(false))
    }

    fn stored_key(&self, message: &MessageId) -> Result<Option<StoredKey>> {
        self.first(
            &format!("SELECT {STORED_KEY} FROM stored_keys WHERE message = ?1"),
            [message.as_bytes()],
            rows::stored_key,
        )
    }

    fn skipped_key(
        &self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<Option<MessageKey>> {
        self.key_in_gap(session, chain, n)
    }

    fn gaps(&self, session: &SessionId) -> Result<Vec<Gap>> {
        self.all(
            &format!(
                "SELECT {GAP} FROM gaps JOIN gap_keys USING (age) \
                     WHERE session = ?1 ORDER BY age"
            ),
            [session.as_bytes()],
            rows::gap,
        )
    }

    fn confirmed_messages(&self, session: &SessionId) -> Result<ConfirmedMessages> {
        let found = self.first(
            "SELECT tags FROM confirmed_messages \
             WHERE age = (SELECT age FROM sessions WHERE id = ?1)",
            [session.as_bytes()],
            |row| Columns::of(row).take::<Vec<u8>>(),
        )?;
        Ok(found.map_or_else(ConfirmedMessages::default, |tags| {
            ConfirmedMessages::from_bytes(&tags)
        }))
    }

    fn first_message_seen(&self, id: &SessionId) -> Result<bool> {
        let found = self.first(
            "SELECT 1 FROM first_messages WHERE session = ?1",
            [id.as_bytes()],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    fn first_message_count(&self, identity: &IdentityKey, prekey: &SignedPreKey) -> Result<u32> {
        let count = self.count(
            "SELECT count(*) FROM first_messages WHERE identity = ?1 AND prekey = ?2",
            (identity.as_bytes(), prekey.as_bytes()),
        )?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn stored_answer(&self, request_id: &str) -> Result<Option<StoredAnswer>> {
        self.first(
            "SELECT input, reply, at FROM replies WHERE request_id = ?1",
            [request_id],
            rows::reply,
        )
    }

    fn chat_clock(&self, chat: &ChatKey) -> Result<Option<u64>> {
        self.first(
            "SELECT last FROM clocks WHERE chat = ?1",
            [chat.as_bytes()],
            |row| Columns::of(row).count(),
        )
    }

    fn chat_clock_count(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM clocks", [])
    }

    fn group(&self, group: &GroupId) -> Result<Option<GroupRecord>> {
        self.group_record(group)
    }

    fn groups(&self) -> Result<Vec<GroupRecord>> {
        self.group_records()
    }

    fn group_counts(&self) -> Result<(u64, u64)> {
        self.count_groups()
    }

    fn group_log(&self, group: &GroupId) -> Result<Vec<GroupEntry>> {
        self.log_of(group)
    }

    fn group_entry(&self, group: &GroupId, id: &GroupEventId) -> Result<Option<GroupEntry>> {
        self.entry_of_log(group, id)
    }

    fn forgotten_group(&self, group: &GroupId) -> Result<Option<ForgottenGroup>> {
        self.forgotten(group)
    }

    fn group_key(&self, group: &GroupId, id: &GroupKeyId) -> Result<Option<GroupKey>> {
        let found = self.group_keys_where(
            "group_id = ?1 AND id = ?2",
            (group.as_bytes(), id.as_bytes()),
        )?;
        Ok(found.into_iter().next())
    }

    fn group_keys(&self, group: &GroupId) -> Result<Vec<GroupKey>> {
        self.group_keys_where(
            "group_id = ?1 ORDER BY timestamp DESC, id DESC",
            [group.as_bytes()],
        )
    }

    fn groups_with_keys(&self, after: Option<&GroupId>, limit: usize) -> Result<Vec<GroupId>> {
        self.groups_of_keys(after, limit)
    }

    fn group_keys_replaced_by(&self, cutoff: UnixMillis, limit: usize) -> Result<Vec<GroupKey>> {
        self.group_keys_where(
            "replaced_at <= ?1 LIMIT ?2",
            (time(cutoff), integer(limit as u64)),
        )
    }

    fn group_keys_replaced_after(&self, moment: UnixMillis, limit: usize) -> Result<Vec<GroupKey>> {
        self.group_keys_where(
            "replaced_at > ?1 LIMIT ?2",
            (time(moment), integer(limit as u64)),
        )
    }

    fn erased_group_keys(&self, group: &GroupId) -> Result<Option<u64>> {
        self.newest_erased_key(group)
    }

    fn group_message(&self, message: &MessageId) -> Result<Option<GroupMessage>> {
        self.message_read(message)
    }

    fn group_setters(&self, group: &GroupId) -> Result<Vec<IdentityKey>> {
        self.setters_of(group)
    }

    fn timekeeping(&self) -> Result<Timekeeping> {
        let kept = self.first(
            "SELECT ms, settled, ahead_since, put_back_at FROM timekeeping",
            [],
            |row| {
                let mut columns = Columns::of(row);
                Ok(Timekeeping {
                    running: columns.count().map(RunningTime)?,
                    settled: columns.time()?,
                    ahead_since: columns.optional_running_time()?,
                    rolled_back_at: columns.optional_time()?,
                })
            },
        )?;
        Ok(kept.unwrap_or_default())
    }

    fn sweep_dates(&self, own: &IdentityKey) -> Result<SweepDates> {
        let dates = self.first(
            "SELECT (SELECT min(standing_since) FROM sessions WHERE standing_since IS NOT NULL), \
                 (SELECT max(standing_since) FROM sessions WHERE standing_since IS NOT NULL), \
                 (SELECT min(replaced_at) FROM own_prekeys), \
                 (SELECT max(replaced_at) FROM own_prekeys), \
                 (SELECT min(replaced_at) FROM group_keys WHERE replaced_at IS NOT NULL), \
                 (SELECT max(replaced_at) FROM group_keys WHERE replaced_at IS NOT NULL), \
                 (SELECT max(omitted_since) FROM devices WHERE omitted_since IS NOT NULL), \
                 (SELECT omitted_since FROM devices \
                     WHERE omitted_since IS NOT NULL AND stale_told = 0 AND identity <> ?1 \
                     ORDER BY omitted_since LIMIT 1), \
                 (SELECT min(read_at) FROM stored_keys WHERE read_at IS NOT NULL), \
                 (SELECT min(at) FROM replies), \
                 EXISTS (SELECT 1 FROM own_prekeys CROSS JOIN sessions \
                     ON signed_pre_key = public AND role = 1 AND standing <> 2 \
                     WHERE replaced_at IS NOT NULL)",
            [own.as_bytes()],
            |row| {
                let mut columns = Columns::of(row);
                let (first_ended, last_ended) =
                    (columns.optional_time()?, columns.optional_time()?);
                let (first_replaced, last_replaced) =
                    (columns.optional_time()?, columns.optional_time()?);
                let (first_key, last_key) = (columns.optional_time()?, columns.optional_time()?);
                let last_omission = columns.optional_time()?;
                let firsts = [first_ended, first_replaced, first_key];
                let lasts = [last_ended, last_replaced, last_key, last_omission];
                Ok(SweepDates {
                    first_end: firsts.into_iter().flatten().min(),
                    last_end: lasts.into_iter().flatten().max(),
                    first_omission: columns.optional_time()?,
                    first_unconfirmed: columns.optional_running_time()?,
                    first_answer: columns.optional_running_time()?,
                    expiry_unrecorded: columns.take()?,
                })
            },
        )?;
        Ok(dates.unwrap_or_default())
    }

    fn events(&self, limit: usize) -> Result<Vec<(u64, Event)>> {
        self.all(
            "SELECT number, event FROM events ORDER BY number LIMIT ?1",
            [integer(limit as u64)],
            |row| {
                let mut columns = Columns::of(row);
                let number = columns.count()?;
                let event: Vec<u8> = columns.take()?;
                Ok((number, Event::from_bytes(&event)?))
            },
        )
    }

    fn counts(&self) -> Result<Counts> {
        Ok(Counts {
            peers: self.count("SELECT count(*) FROM peers", [])?,
            devices: self.count("SELECT count(*) FROM devices", [])?,
            sessions: self.count("SELECT count(*) FROM sessions", [])?,
            stored_keys: self.count(
                "SELECT (SELECT count(*) FROM stored_keys) \
                     + (SELECT coalesce(sum(held), 0) FROM gaps)",
                [],
            )?,
        })
    }
}
