//! Sessions as rows. What a session was set up with, its lifecycle and its DH state are in
//! `sessions`; its chains, which every message moves, are in `session_chains`.

use std::sync::Arc;

use crypto_core::{
    EphemeralKey, InstallationId, KemCiphertext, KemId, RatchetPreKey, SECP256K1_KEY_BYTES,
    SessionId, SessionRatchet, SharedKeyPrefix, Suite,
};
use engine::model::{Handshake, KemHandshake, PastKeys, Role, Session, Standing, StoreError};
use rusqlite::{Row, named_params, params};
use zeroize::Zeroizing;

use crate::{
    connection::SqliteStore,
    rows::{Columns, corrupt, integer, optional_time, time, unsigned},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Selects sessions with their chains, in the order [`session`] reads them.
pub(crate) const SELECT_SESSION: &str = "SELECT id, peer, installation, role, signed_pre_key, ratchet_pre_key, \
     suite, kem_id, kem_ciphertext, shared, ephemeral, standing, standing_since, lost_to, \
     overtaking, overtaking_advances, ratchet, chains, retired, created_at, last_sent_at, last_received_at, sent, received, advances \
     FROM sessions JOIN session_chains USING (age)";

const UPDATE_CHAINS: &str = "UPDATE session_chains SET chains = ?2, last_sent_at = ?3, last_received_at = ?4, \
         sent = ?5, received = ?6, advances = ?7 \
     WHERE age = (SELECT age FROM sessions WHERE id = ?1)";
const INSERT_CHAINS: &str = "INSERT INTO session_chains \
         (age, chains, last_sent_at, last_received_at, sent, received, advances) \
     SELECT age, ?2, ?3, ?4, ?5, ?6, ?7 FROM sessions WHERE id = ?1";

/// The columns `shared` and `ephemeral`, which an established session does not have.
fn handshake(session: &Session) -> (Option<[u8; 32]>, Option<&[u8; SECP256K1_KEY_BYTES]>) {
    match &session.handshake {
        Handshake::Unconfirmed { order, ephemeral } => {
            (Some(shared(*order)), Some(ephemeral.as_bytes()))
        }
        Handshake::Established => (None, None),
    }
}

fn standing(standing: Standing) -> (i64, Option<i64>) {
    match standing {
        Standing::Active => (0, None),
        Standing::Superseded { since } => (1, Some(time(since))),
        Standing::Expired { since } => (2, Some(time(since))),
    }
}

pub(crate) fn session(row: &Row<'_>) -> Result<Session> {
    let mut columns = Columns::of(row);
    let id = SessionId::from_bytes(columns.take()?);
    let peer = columns.identity()?;
    let installation = columns.optional_installation()?;
    let role = Role::from_code(columns.take::<i64>()?).ok_or_else(|| corrupt("a role"))?;
    let signed_pre_key = columns.signed_pre_key()?;
    let ratchet_pre_key = columns.optional_ratchet_pre_key()?;
    let suite = Suite::from_byte(columns.take()?).ok_or_else(|| corrupt("a suite"))?;
    let kem = kem_handshake(&mut columns)?;
    let shared: Option<[u8; 32]> = columns.take()?;
    let ephemeral: Option<[u8; SECP256K1_KEY_BYTES]> = columns.take()?;
    let handshake = match (shared, ephemeral) {
        (Some(shared), Some(ephemeral)) => Handshake::Unconfirmed {
            order: order(&shared),
            ephemeral: EphemeralKey::from_stored(ephemeral),
        },
        _ => Handshake::Established,
    };
    let standing = match (columns.take::<i64>()?, columns.optional_time()?) {
        (0, None) => Standing::Active,
        (1, Some(since)) => Standing::Superseded { since },
        (2, Some(since)) => Standing::Expired { since },
        _ => return Err(corrupt("a standing")),
    };
    let lost_to = columns.optional_session_id()?;
    let overtaking = columns.optional_session_id()?;
    let overtaking_advances: Option<i64> = columns.take()?;
    let dh: Zeroizing<Vec<u8>> = columns.take().map(Zeroizing::new)?;
    let chains: Zeroizing<Vec<u8>> = columns.take().map(Zeroizing::new)?;
    let retired: Vec<u8> = columns.take()?;
    Ok(Session {
        id,
        peer,
        installation,
        role,
        signed_pre_key,
        ratchet_pre_key,
        post_quantum: suite.is_post_quantum(),
        kem,
        handshake,
        standing,
        lost_to,
        takeover: overtaking.zip(overtaking_advances.map(unsigned)),
        ratchet: SessionRatchet::from_parts(&dh, &chains).map_err(|_| corrupt("a ratchet"))?,
        past_chains: PastKeys::from_bytes(&retired),
        created_at: columns.time()?,
        last_sent_at: columns.optional_time()?,
        last_received_at: columns.optional_time()?,
        sent: columns.count()?,
        received: columns.count()?,
        advances: columns.count()?,
    })
}

/// What an X3DH header repeats of ML-KEM.
fn kem_handshake(columns: &mut Columns<'_>) -> Result<Option<Arc<KemHandshake>>> {
    let id: Option<[u8; 32]> = columns.take()?;
    let ciphertext: Option<Vec<u8>> = columns.take()?;
    match (id, ciphertext) {
        (None, None) => Ok(None),
        (Some(id), Some(ciphertext)) => Ok(Some(Arc::new(KemHandshake {
            id: KemId::from_bytes(id),
            ciphertext: KemCiphertext::from_wire(&ciphertext)
                .map_err(|_| corrupt("a KEM ciphertext"))?,
        }))),
        _ => Err(corrupt("a KEM handshake")),
    }
}

/// The prefix of SK, from a column that has the length of SK: the prefix and zeros, or zeros only
/// if nothing is kept.
fn order(shared: &[u8; 32]) -> Option<SharedKeyPrefix> {
    let prefix = shared.first_chunk().copied()?;
    (prefix != [0; SharedKeyPrefix::BYTES]).then(|| SharedKeyPrefix::from_stored(prefix))
}

/// The column that [`order`] reads.
fn shared(order: Option<SharedKeyPrefix>) -> [u8; 32] {
    let mut shared = [0; 32];
    if let Some(order) = order {
        shared
            .iter_mut()
            .zip(order.as_bytes())
            .for_each(|(to, from)| *to = *from);
    }
    shared
}

impl SqliteStore {
    /// Writes all of a session.
    pub(crate) fn write_session(&mut self, session: &Session) -> Result<()> {
        if !self.update_session(session)? {
            self.insert_session(session)?;
        }
        if !self.write_chains(UPDATE_CHAINS, session)? {
            self.write_chains(INSERT_CHAINS, session)?;
        }
        Ok(())
    }

    /// Writes the chains of a session that is there, and its counts and times.
    pub(crate) fn write_step(&mut self, session: &Session) -> Result<()> {
        if self.write_chains(UPDATE_CHAINS, session)? {
            Ok(())
        } else {
            Err(corrupt("a step of no session"))
        }
    }

    /// Updates the record of a session if no indexed column changes; false if one does, or if there
    /// is no such session.
    fn update_session(&self, session: &Session) -> Result<bool> {
        let (shared, ephemeral) = handshake(session);
        let (standing, standing_since) = standing(session.standing);
        let overtaking = session.takeover.as_ref();
        let kem = session.kem.as_deref();
        let updated = self.changed(
            "UPDATE sessions SET ratchet = ?8, retired = ?9, shared = ?10, ephemeral = ?11, \
                 kem_id = ?12, kem_ciphertext = ?13 \
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
                session.past_chains.to_bytes(),
                shared,
                ephemeral,
                kem.map(|kem| kem.id.as_bytes()),
                kem.map(|kem| kem.ciphertext.as_bytes()),
            ],
        )?;
        Ok(updated == 1)
    }

    /// Writes the record of a session, new or not, without its chains.
    fn insert_session(&self, session: &Session) -> Result<()> {
        let (shared, ephemeral) = handshake(session);
        let (standing, standing_since) = standing(session.standing);
        let overtaking = session.takeover.as_ref();
        let kem = session.kem.as_deref();
        // What a session was set up with determines its id and never changes.
        self.run(
            "INSERT INTO sessions (id, peer, installation, role, signed_pre_key, \
                 ratchet_pre_key, shared, ephemeral, standing, standing_since, lost_to, \
                 overtaking, overtaking_advances, ratchet, retired, created_at, suite, \
                 kem_id, kem_ciphertext) \
             VALUES (:id, :peer, :installation, :role, :signed_pre_key, :ratchet_pre_key, \
                 :shared, :ephemeral, :standing, :standing_since, :lost_to, :overtaking, \
                 :overtaking_advances, :ratchet, :retired, :created_at, :suite, :kem_id, \
                 :kem_ciphertext) \
             ON CONFLICT (id) DO UPDATE SET installation = excluded.installation, \
                 shared = excluded.shared, ephemeral = excluded.ephemeral, \
                 standing = excluded.standing, standing_since = excluded.standing_since, \
                 lost_to = excluded.lost_to, overtaking = excluded.overtaking, \
                 overtaking_advances = excluded.overtaking_advances, ratchet = excluded.ratchet, \
                 retired = excluded.retired, kem_id = excluded.kem_id, \
                 kem_ciphertext = excluded.kem_ciphertext",
            named_params! {
                ":id": session.id.as_bytes(),
                ":peer": session.peer.as_bytes(),
                ":installation": session.installation.as_ref().map(InstallationId::as_str),
                ":role": session.role.code(),
                ":signed_pre_key": session.signed_pre_key.as_bytes(),
                ":ratchet_pre_key": session
                    .ratchet_pre_key
                    .as_ref()
                    .map(RatchetPreKey::as_bytes),
                ":shared": shared,
                ":ephemeral": ephemeral,
                ":standing": standing,
                ":standing_since": standing_since,
                ":lost_to": session.lost_to.as_ref().map(SessionId::as_bytes),
                ":overtaking": overtaking.map(|(active, _)| active.as_bytes()),
                ":overtaking_advances": overtaking.map(|(_, advances)| integer(*advances)),
                ":ratchet": session.ratchet.dh_bytes().as_slice(),
                ":retired": session.past_chains.to_bytes(),
                ":created_at": time(session.created_at),
                ":suite": session.suite().byte(),
                ":kem_id": kem.map(|kem| kem.id.as_bytes()),
                ":kem_ciphertext": kem.map(|kem| kem.ciphertext.as_bytes()),
            },
        )
    }

    /// Writes the chains of a session with [`UPDATE_CHAINS`] or [`INSERT_CHAINS`]. Whether a row
    /// was written.
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
        if let Some(guard) = &mut self.guard
            && written
        {
            guard.carried(session.id);
        }
        Ok(written)
    }
}
