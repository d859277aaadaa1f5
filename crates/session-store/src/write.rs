//! Writing, over the one connection that may.

use std::sync::Arc;

use crypto_core::{
    HeaderKey, IdentityKey, InstallationId, MessageId, SECP256K1_KEY_BYTES, SessionId, SignedPreKey,
};
use engine::{
    model::{
        ChatKey, Contact, Device, Event, Gap, Handshake, Negotiated, OwnBundle, OwnPreKey, Peer,
        RunningTime, Session, StoreError, StoredKey, StoredReply, Timekeeping,
    },
    store::Store,
};
use rusqlite::{Params, named_params, params};

use crate::{
    SqliteStore,
    message_keys::NEXT_AGE,
    rows::{PEER, corrupt, failed, integer, optional_time, shared, standing, time},
};

type Result<T> = std::result::Result<T, StoreError>;

const UPDATE_CHAINS: &str = "UPDATE session_chains SET chains = ?2, last_sent_at = ?3, last_received_at = ?4, \
         sent = ?5, received = ?6, advances = ?7 \
     WHERE age = (SELECT age FROM sessions WHERE id = ?1)";
const INSERT_CHAINS: &str = "INSERT INTO session_chains \
         (age, chains, last_sent_at, last_received_at, sent, received, advances) \
     SELECT age, ?2, ?3, ?4, ?5, ?6, ?7 FROM sessions WHERE id = ?1";

/// What a session holds only while it is unconfirmed.
fn handshake(session: &Session) -> (Option<[u8; 32]>, Option<&[u8; SECP256K1_KEY_BYTES]>) {
    match &session.handshake {
        Handshake::Unconfirmed { order, ephemeral } => {
            (Some(shared(*order)), Some(ephemeral.as_bytes()))
        }
        Handshake::Established => (None, None),
    }
}

impl SqliteStore {
    pub(crate) fn run(&self, sql: &str, params: impl Params) -> Result<()> {
        self.changed(sql, params).map(drop)
    }

    /// How many rows `sql` changes.
    pub(crate) fn changed(&self, sql: &str, params: impl Params) -> Result<usize> {
        let _lap = self.stopwatch.lap();
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(params).map_err(failed)
    }

    /// Writes the record of a session that stands where it stood: no index knows any of this. Whether there is such a session.
    fn update_session(&self, session: &Session) -> Result<bool> {
        let (shared, ephemeral) = handshake(session);
        let (standing, standing_since) = standing(session.standing);
        let overtaking = session.overtaking.as_ref();
        let updated = self.changed(
            "UPDATE sessions SET ratchet = ?8, retired = ?9, shared = ?10, ephemeral = ?11 \
             WHERE id = ?1 AND installation IS ?2 AND standing = ?3 AND standing_since IS ?4 \
                 AND lost_to IS ?5 AND overtaking IS ?6 AND overtaking_advances IS ?7",
            params![
                session.id.as_bytes(),
                session.installation.as_ref().map(InstallationId::as_str),
                standing,
                standing_since,
                session.lost_to.as_ref().map(SessionId::as_bytes),
                overtaking.map(|(active, _)| active.as_bytes()),
                overtaking.map(|(_, advances)| integer(*advances)),
                session.ratchet.dh_bytes().as_slice(),
                session.retired.to_bytes(),
                shared,
                ephemeral,
            ],
        )?;
        Ok(updated == 1)
    }

    /// Writes the record of a session, without its chains.
    fn insert_session(&self, session: &Session) -> Result<()> {
        let (shared, ephemeral) = handshake(session);
        let (standing, standing_since) = standing(session.standing);
        let overtaking = session.overtaking.as_ref();
        // What a session was set up with is part of its id and never changes: only the rest is updated.
        self.run(
            "INSERT INTO sessions (id, peer, installation, role, signed_pre_key, \
                 ratchet_pre_key, shared, ephemeral, standing, standing_since, lost_to, \
                 overtaking, overtaking_advances, ratchet, retired, created_at) \
             VALUES (:id, :peer, :installation, :role, :signed_pre_key, :ratchet_pre_key, \
                 :shared, :ephemeral, :standing, :standing_since, :lost_to, :overtaking, \
                 :overtaking_advances, :ratchet, :retired, :created_at) \
             ON CONFLICT (id) DO UPDATE SET installation = excluded.installation, \
                 shared = excluded.shared, ephemeral = excluded.ephemeral, \
                 standing = excluded.standing, standing_since = excluded.standing_since, \
                 lost_to = excluded.lost_to, overtaking = excluded.overtaking, \
                 overtaking_advances = excluded.overtaking_advances, ratchet = excluded.ratchet, \
                 retired = excluded.retired",
            named_params! {
                ":id": session.id.as_bytes(),
                ":peer": session.peer.as_bytes(),
                ":installation": session.installation.as_ref().map(InstallationId::as_str),
                ":role": session.role.code(),
                ":signed_pre_key": session.signed_pre_key.as_bytes(),
                ":ratchet_pre_key": session
                    .ratchet_pre_key
                    .as_ref()
                    .map(crypto_core::RatchetPreKey::as_bytes),
                ":shared": shared,
                ":ephemeral": ephemeral,
                ":standing": standing,
                ":standing_since": standing_since,
                ":lost_to": session.lost_to.as_ref().map(SessionId::as_bytes),
                ":overtaking": overtaking.map(|(active, _)| active.as_bytes()),
                ":overtaking_advances": overtaking.map(|(_, advances)| integer(*advances)),
                ":ratchet": session.ratchet.dh_bytes().as_slice(),
                ":retired": session.retired.to_bytes(),
                ":created_at": time(session.created_at),
            },
        )
    }

    /// Writes the chains of a session by this statement, which names it by its id: whether there are any.
    fn write_chains(&mut self, sql: &str, session: &Session) -> Result<bool> {
        let written = self.changed(
            sql,
            params![
                session.id.as_bytes(),
                session.ratchet.chain_bytes().as_slice(),
                optional_time(session.last_sent_at),
                optional_time(session.last_received_at),
                integer(session.sent),
                integer(session.received),
                integer(session.advances),
            ],
        )? == 1;
        if let Some(epoch) = &mut self.epoch
            && written
        {
            epoch.carried(session.id);
        }
        Ok(written)
    }

    /// The messages that `sql` gives, each with whether it was read: those that were.
    pub(crate) fn messages(&self, sql: &str, params: impl Params) -> Result<Vec<MessageId>> {
        let _lap = self.stopwatch.lap();
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let found = statement
            .query_map(params, |row| {
                Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, bool>(1)?))
            })
            .map_err(failed)?;
        let mut read = Vec::new();
        for row in found {
            let (message, was_read) = row.map_err(failed)?;
            if was_read {
                read.push(MessageId::from_bytes(message));
            }
        }
        Ok(read)
    }
}

impl Store for SqliteStore {
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<()> {
        let ratchet = prekey.ratchet.as_ref();
        let ratchet_secret = ratchet.map(|ratchet| ratchet.pair.secret_bytes());
        self.run(
            "INSERT OR REPLACE INTO own_prekeys (public, secret, ratchet_public, ratchet_secret, \
                 ratchet_signature, version, created_at, replaced_at) \
             VALUES (:public, :secret, :ratchet_public, :ratchet_secret, :ratchet_signature, \
                 :version, :created_at, :replaced_at)",
            named_params! {
                ":public": prekey.signed.public().as_bytes(),
                ":secret": prekey.signed.secret_bytes().as_slice(),
                ":ratchet_public": ratchet.map(|ratchet| ratchet.pair.public().to_bytes()),
                ":ratchet_secret": ratchet_secret.as_deref(),
                ":ratchet_signature": ratchet.map(|ratchet| ratchet.signature.to_bytes()),
                ":version": prekey.version,
                ":created_at": time(prekey.created_at),
                ":replaced_at": optional_time(prekey.replaced_at),
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
        self.run(
            "INSERT OR REPLACE INTO own_bundle \
                 (id, wire, made_at, timestamp_ns, version, prekey_created_at) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            (
                &bundle.wire,
                time(bundle.made_at),
                bundle.timestamp_ns,
                bundle.version,
                time(bundle.prekey_created_at),
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
            &format!("INSERT OR REPLACE INTO peers ({PEER}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
            (
                peer.identity.as_bytes(),
                peer.newest_bundle_ns,
                optional_time(peer.newest_bundle_at),
                optional_time(peer.last_sent_at),
                optional_time(peer.written_at),
                time(peer.discoveries.since),
                peer.discoveries.told,
            ),
        )
    }

    fn put_negotiated(&mut self, identity: &IdentityKey, shared: &Arc<Negotiated>) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO negotiated_keys (identity, shared) VALUES (?1, ?2)",
            (identity.as_bytes(), &**shared.to_bytes()),
        )
    }

    fn put_contact(&mut self, contact: &Contact) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO contacts (identity, state, verified, added_at, requested_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                contact.identity.as_bytes(),
                contact.state.code(),
                contact.verified,
                time(contact.added_at),
                optional_time(contact.requested_at),
            ),
        )
    }

    fn put_device(&mut self, device: &Device) -> Result<()> {
        let prekey = device.prekey.as_ref();
        let put =
            |sql: &str| {
                self.changed(sql, named_params! {
                ":identity": device.identity.as_bytes(),
                ":installation": device.installation.as_str(),
                ":signed_pre_key": prekey.map(|prekey| prekey.key.signed_pre_key().as_bytes()),
                ":ratchet_pre_key": prekey
                    .and_then(|prekey| prekey.key.ratchet_pre_key())
                    .map(crypto_core::RatchetPreKey::as_bytes),
                ":version": prekey.map(|prekey| prekey.version),
                ":protocol_version": prekey.map(|prekey| prekey.protocol_version),
                ":bundle_ns": prekey.map(|prekey| prekey.bundle_ns),
                ":signed_ns": prekey.map_or(0, |prekey| prekey.signed_ns),
                ":dated_at": optional_time(prekey.map(|prekey| prekey.dated_at)),
                ":begun": prekey.is_some_and(|prekey| prekey.begun),
                ":any_version": prekey.is_some_and(|prekey| prekey.any_version),
                ":pairing": device.pairing.code(),
                ":wrote_at": time(device.wrote_at),
                ":last_active_at": time(device.last_active_at),
                ":omitted_since": optional_time(device.omitted_since),
                ":rekey_due": device.rekey_due,
                ":extension_shown": device.extension_shown,
                ":stale_told": device.stale_told,
                ":former": device.former.to_bytes(),
                ":refused_version": device.refused_version,
                ":went_back_at": optional_time(device.went_back_at),
                ":name": device.metadata.name,
                ":device_type": device.metadata.device_type,
                ":push_token": device.metadata.push_token,
            })
            };
        // Nearly every message moves the times of its device, which no index knows. To check a pairing costs a table in memory.
        let updated = put(
            "UPDATE devices SET signed_pre_key = :signed_pre_key, ratchet_pre_key = :ratchet_pre_key, \
                 version = :version, protocol_version = :protocol_version, bundle_ns = :bundle_ns, \
                 signed_ns = :signed_ns, dated_at = :dated_at, begun = :begun, any_version = :any_version, \
                 wrote_at = :wrote_at, \
                 last_active_at = :last_active_at, rekey_due = :rekey_due, \
                 extension_shown = :extension_shown, stale_told = :stale_told, \
                 former = :former, refused_version = :refused_version, went_back_at = :went_back_at, name = :name, \
                 device_type = :device_type, push_token = :push_token \
             WHERE identity = :identity AND installation = :installation \
                 AND omitted_since IS :omitted_since AND pairing = :pairing",
        )?;
        if updated == 1 {
            return Ok(());
        }
        put(
            "INSERT OR REPLACE INTO devices (identity, installation, signed_pre_key, \
                 ratchet_pre_key, version, protocol_version, bundle_ns, signed_ns, dated_at, begun, any_version, \
                 pairing, wrote_at, last_active_at, omitted_since, rekey_due, \
                 extension_shown, stale_told, former, refused_version, went_back_at, name, \
                 device_type, push_token) \
             VALUES (:identity, :installation, :signed_pre_key, :ratchet_pre_key, :version, \
                 :protocol_version, :bundle_ns, :signed_ns, :dated_at, :begun, :any_version, :pairing, \
                 :wrote_at, :last_active_at, :omitted_since, :rekey_due, \
                 :extension_shown, :stale_told, :former, :refused_version, :went_back_at, :name, :device_type, :push_token)",
        )
        .map(drop)
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
        if !self.update_session(session)? {
            self.insert_session(session)?;
        }
        if !self.write_chains(UPDATE_CHAINS, session)? {
            self.write_chains(INSERT_CHAINS, session)?;
        }
        Ok(())
    }

    fn step_session(&mut self, session: &Session) -> Result<()> {
        if self.write_chains(UPDATE_CHAINS, session)? {
            Ok(())
        } else {
            Err(corrupt("a step of no session"))
        }
    }

    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>> {
        let unconfirmed = self.messages(
            "SELECT message, read_at IS NOT NULL FROM stored_keys \
             WHERE session = ?1 AND read_at IS NOT NULL ORDER BY age",
            [id.as_bytes()],
        )?;
        // Its stored keys and its chains go with it, by the foreign keys.
        self.run("DELETE FROM sessions WHERE id = ?1", [id.as_bytes()])?;
        Ok(unconfirmed)
    }

    fn put_stored_key(&mut self, key: &StoredKey) -> Result<()> {
        self.run(
            &format!(
                "INSERT INTO stored_keys (age, message, session, key, read_at) \
                     VALUES ({NEXT_AGE}, ?1, ?2, ?3, ?4) \
                 ON CONFLICT (message) DO UPDATE SET key = excluded.key, read_at = excluded.read_at"
            ),
            (
                key.message.as_bytes(),
                key.session.as_bytes(),
                key.key.secret_bytes(),
                key.read_at.map(|at| integer(at.0)),
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

    fn put_reply(&mut self, request_id: &str, reply: &StoredReply) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO replies (request_id, input, reply, at) VALUES (?1, ?2, ?3, ?4)",
            (request_id, reply.input, &reply.reply, integer(reply.at.0)),
        )
    }

    fn remove_replies_before(&mut self, cutoff: RunningTime) -> Result<()> {
        self.run("DELETE FROM replies WHERE at < ?1", [integer(cutoff.0)])
    }

    fn put_chat_clock(&mut self, chat: &ChatKey, clock: u64) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO clocks (chat, last) VALUES (?1, ?2)",
            (chat.as_bytes(), integer(clock)),
        )
    }

    fn put_timekeeping(&mut self, kept: &Timekeeping) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO timekeeping (id, ms, settled, ahead_since, put_back_at) \
             VALUES (1, ?1, ?2, ?3, ?4)",
            (
                integer(kept.running.0),
                time(kept.settled),
                kept.ahead_since.map(|since| integer(since.0)),
                optional_time(kept.put_back_at),
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
