//! The engine's [`Store`] on the connection that writes. What takes more than a statement or two is
//! in the files of sessions, devices, message keys and groups.

use std::sync::Arc;

use crypto_core::{
    GroupEventId, GroupKeyId, HeaderKey, IdentityKey, InstallationId, MessageId, SessionId,
    SignedPreKey, VerifiedKemPreKey,
};
use engine::{
    model::{
        ChatKey, ConfirmedMessages, Contact, Device, Event, ForgottenGroup, Gap, GroupEntry,
        GroupId, GroupKey, GroupMessage, GroupRecord, NegotiatedTopic, OwnBundle, OwnPreKey, Peer,
        ReadTag, RunningTime, Session, StoreError, StoredAnswer, StoredKey, Timekeeping,
    },
    store::Store,
};
use rusqlite::named_params;

use crate::{
    connection::SqliteStore,
    message_keys::NEXT_AGE,
    rows::{CONTACT, PEER, corrupt, integer, optional_time, own_kem_column, time},
};

type Result<T> = std::result::Result<T, StoreError>;

impl Store for SqliteStore {
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<()> {
        let ratchet = prekey.ratchet.as_ref();
        let ratchet_secret = ratchet.map(|ratchet| ratchet.pair.secret_bytes());
        self.run(
            "INSERT OR REPLACE INTO own_prekeys (public, secret, ratchet_public, ratchet_secret, \
                 ratchet_signature, version, created_at, replaced_at, kem) \
             VALUES (:public, :secret, :ratchet_public, :ratchet_secret, :ratchet_signature, \
                 :version, :created_at, :replaced_at, :kem)",
            named_params! {
                ":public": prekey.signed.public().as_bytes(),
                ":secret": prekey.signed.secret_bytes().as_slice(),
                ":ratchet_public": ratchet.map(|ratchet| ratchet.pair.public().to_bytes()),
                ":ratchet_secret": ratchet_secret.as_deref(),
                ":ratchet_signature": ratchet.map(|ratchet| ratchet.signature.to_bytes()),
                ":version": prekey.version,
                ":created_at": time(prekey.created_at),
                ":replaced_at": optional_time(prekey.replaced_at),
                ":kem": own_kem_column(&prekey.kem).as_slice(),
            },
        )
    }

    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<()> {
        self.run(
            "DELETE FROM first_messages WHERE prekey = ?1",
            [key.as_bytes()],
        )?;
        self.run(
            "DELETE FROM own_prekeys WHERE public = ?1",
            [key.as_bytes()],
        )
    }

    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<()> {
        let kem = bundle.kem_pre_key.as_ref();
        self.run(
            "INSERT OR REPLACE INTO own_bundle \
                 (id, wire, made_at, timestamp_ns, version, prekey_created_at, kem_installation, \
                 kem_version, kem_signature, kem_key) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (
                &bundle.wire,
                time(bundle.made_at),
                bundle.timestamp_ns,
                bundle.version,
                time(bundle.prekey_created_at),
                kem.map(|kem| kem.installation_id().as_str()),
                kem.map(VerifiedKemPreKey::version),
                kem.map(|kem| kem.signature().to_bytes()),
                kem.map(|kem| kem.key().as_bytes()),
            ),
        )?;
        self.run("DELETE FROM own_bundle_entries", ())?;
        for entry in &bundle.entries {
            self.run(
                "INSERT INTO own_bundle_entries \
                     (installation, signed_pre_key, ratchet_pre_key, version, protocol_version) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    entry.installation.as_str(),
                    entry.signed_pre_key.as_bytes(),
                    entry
                        .ratchet_pre_key
                        .as_ref()
                        .map(crypto_core::RatchetPreKey::as_bytes),
                    entry.version,
                    entry.protocol_version,
                ),
            )?;
        }
        Ok(())
    }

    fn put_peer(&mut self, peer: &Peer) -> Result<()> {
        self.run(
            &format!(
                "INSERT OR REPLACE INTO peers ({PEER}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            ),
            (
                peer.identity.as_bytes(),
                peer.newest_bundle_ns,
                optional_time(peer.newest_bundle_at),
                optional_time(peer.last_sent_at),
                optional_time(peer.written_at),
                time(peer.discoveries.since),
                peer.discoveries.told,
                peer.listened,
            ),
        )
    }

    fn put_negotiated(
        &mut self,
        identity: &IdentityKey,
        shared: &Arc<NegotiatedTopic>,
    ) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO negotiated_keys (identity, shared) VALUES (?1, ?2)",
            (identity.as_bytes(), &**shared.to_bytes()),
        )
    }

    fn put_contact(&mut self, contact: &Contact) -> Result<()> {
        self.run(
            &format!(
                "INSERT OR REPLACE INTO contacts ({CONTACT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            ),
            (
                contact.identity.as_bytes(),
                contact.state.code(),
                contact.verified,
                time(contact.added_at),
                optional_time(contact.requested_at),
                contact.asked,
                optional_time(contact.decided_at),
            ),
        )
    }

    fn put_device(&mut self, device: &Device) -> Result<()> {
        self.write_device(device)
    }

    fn remove_device(
        &mut self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<()> {
        self.run(
            "DELETE FROM devices WHERE identity = ?1 AND installation = ?2",
            (identity.as_bytes(), installation.as_str()),
        )
    }

    fn put_session(&mut self, session: &Session) -> Result<()> {
        self.write_session(session)
    }

    fn put_session_progress(&mut self, session: &Session) -> Result<()> {
        self.write_step(session)
    }

    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>> {
        let unconfirmed = self.messages(
            "SELECT message, read_at IS NOT NULL FROM stored_keys \
             WHERE session = ?1 AND read_at IS NOT NULL ORDER BY age",
            [id.as_bytes()],
        )?;
        // Its stored keys, its chains and what was confirmed go with it, by the foreign keys.
        self.run("DELETE FROM sessions WHERE id = ?1", [id.as_bytes()])?;
        Ok(unconfirmed)
    }

    fn put_stored_key(&mut self, key: &StoredKey) -> Result<()> {
        self.run(
            &format!(
                "INSERT INTO stored_keys (age, message, session, key, read_at, read_tag) \
                     VALUES ({NEXT_AGE}, ?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (message) DO UPDATE SET key = excluded.key, \
                     read_at = excluded.read_at, read_tag = excluded.read_tag"
            ),
            (
                key.message.as_bytes(),
                key.session.as_bytes(),
                key.key.secret_bytes(),
                key.read_at.map(|at| integer(at.0)),
                key.read.as_ref().map(ReadTag::as_bytes),
            ),
        )
    }

    fn remove_stored_key(&mut self, message: &MessageId) -> Result<()> {
        self.run(
            "DELETE FROM stored_keys WHERE message = ?1",
            [message.as_bytes()],
        )
    }

    fn put_gap(&mut self, gap: &Gap) -> Result<()> {
        self.write_gap(gap)
    }

    fn erase_skipped_key(&mut self, session: &SessionId, chain: &HeaderKey, n: u32) -> Result<()> {
        self.erase_key_in_gap(session, chain, n)
    }

    fn drop_oldest_stored_keys(
        &mut self,
        session: &SessionId,
        keep: u32,
        places: u32,
    ) -> Result<Vec<MessageId>> {
        self.drop_oldest_keys_of(session, keep, places)
    }

    fn drop_oldest_unanswered(
        &mut self,
        peer: Option<&IdentityKey>,
        gaps: u32,
        places: u32,
    ) -> Result<()> {
        self.drop_oldest_gaps(peer, gaps, places)
    }

    fn drop_keys_read_before(&mut self, cutoff: RunningTime) -> Result<Vec<MessageId>> {
        self.messages(
            "DELETE FROM stored_keys WHERE read_at < ?1 RETURNING message, 1",
            [integer(cutoff.0)],
        )
    }

    fn put_confirmed_messages(
        &mut self,
        session: &SessionId,
        confirmed: &ConfirmedMessages,
    ) -> Result<()> {
        let written = self.changed(
            "INSERT INTO confirmed_messages (age, tags) SELECT age, ?2 FROM sessions WHERE id = ?1 \
             ON CONFLICT (age) DO UPDATE SET tags = excluded.tags",
            (session.as_bytes(), confirmed.to_bytes()),
        )?;
        if written == 1 {
            Ok(())
        } else {
            Err(corrupt("messages of no session"))
        }
    }

    fn put_first_message(
        &mut self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
        id: &SessionId,
    ) -> Result<()> {
        self.run(
            "INSERT OR IGNORE INTO first_messages (identity, prekey, session) VALUES (?1, ?2, ?3)",
            (identity.as_bytes(), prekey.as_bytes(), id.as_bytes()),
        )
    }

    fn put_stored_answer(&mut self, request_id: &str, reply: &StoredAnswer) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO replies (request_id, input, reply, at) VALUES (?1, ?2, ?3, ?4)",
            (request_id, reply.input, &reply.reply, integer(reply.at.0)),
        )
    }

    fn remove_stored_answers_before(&mut self, cutoff: RunningTime) -> Result<()> {
        self.run("DELETE FROM replies WHERE at < ?1", [integer(cutoff.0)])
    }

    fn put_chat_clock(&mut self, chat: &ChatKey, clock: u64) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO clocks (chat, last) VALUES (?1, ?2)",
            (chat.as_bytes(), integer(clock)),
        )
    }

    fn put_group(&mut self, group: &GroupRecord) -> Result<()> {
        self.write_group(group)
    }

    fn remove_group(&mut self, group: &GroupId) -> Result<()> {
        self.erase_group(group)
    }

    fn put_group_entry(&mut self, group: &GroupId, entry: &GroupEntry) -> Result<()> {
        self.write_entry(group, entry)
    }

    fn remove_group_entry(&mut self, group: &GroupId, id: &GroupEventId) -> Result<()> {
        self.erase_entry(group, id)
    }

    fn put_forgotten_group(&mut self, forgotten: &ForgottenGroup) -> Result<()> {
        self.write_forgotten(forgotten)
    }

    fn remove_forgotten_group(&mut self, group: &GroupId) -> Result<()> {
        self.erase_forgotten(group)
    }

    fn keep_forgotten_groups(&mut self, limit: usize) -> Result<()> {
        self.keep_newest_forgotten(limit)
    }

    fn put_group_key(&mut self, key: &GroupKey) -> Result<()> {
        self.write_group_key(key)
    }

    fn remove_group_key(&mut self, group: &GroupId, id: &GroupKeyId) -> Result<()> {
        self.erase_group_key(group, id)
    }

    fn put_group_message(&mut self, message: &GroupMessage, keep: u32) -> Result<()> {
        self.write_message_read(message, keep)
    }

    fn put_group_setters(&mut self, group: &GroupId, setters: &[IdentityKey]) -> Result<()> {
        self.write_setters(group, setters)
    }

    fn put_timekeeping(&mut self, kept: &Timekeeping) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO timekeeping (id, ms, settled, ahead_since, put_back_at) \
             VALUES (1, ?1, ?2, ?3, ?4)",
            (
                integer(kept.running.0),
                time(kept.settled),
                kept.ahead_since.map(|since| integer(since.0)),
                optional_time(kept.rolled_back_at),
            ),
        )
    }

    fn append_event(&mut self, event: &Event) -> Result<()> {
        self.run("INSERT INTO events (event) VALUES (?1)", [event.to_bytes()])
    }

    fn remove_events_up_to(&mut self, number: u64) -> Result<()> {
        self.run("DELETE FROM events WHERE number <= ?1", [integer(number)])
    }
}
