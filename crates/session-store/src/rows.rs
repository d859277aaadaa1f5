//! Records as rows and back.

use std::{io, sync::Arc};

use crypto_core::{
    EphemeralKey, HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey, RatchetPreKey,
    RatchetPreKeyPair, SECP256K1_KEY_BYTES, SIGNATURE_BYTES, SessionId, SessionRatchet,
    SharedKeyPrefix, Signature, SignedPreKey, SignedPreKeyPair, VerifiedPreKey, Wiped,
    X25519_KEY_BYTES,
};
use engine::model::{
    Contact, ContactState, Device, DeviceMetadata, DevicePreKey, Discoveries, Gap, Handshake,
    Negotiated, OwnPreKey, OwnRatchetPreKey, Pairing, Peer, RetiredChains, Role, RunningTime,
    Session, Standing, StoreError, StoredKey, StoredReply, UnixMillis,
};
use rusqlite::{ErrorCode, Row, types::FromSql};
use zeroize::Zeroizing;

use crate::{error::OpenError, trouble};

/// Columns of `own_prekeys` in the order [`own_prekey`] reads them.
pub(crate) const OWN_PREKEY: &str = "public, secret, ratchet_public, ratchet_secret, \
     ratchet_signature, version, created_at, replaced_at";
/// Columns of `peers` in the order [`peer`] reads them.
pub(crate) const PEER: &str = "identity, newest_bundle_ns, newest_bundle_at, last_sent_at, \
     written_at, discoveries_since, discoveries_told";
/// Columns of `contacts` in the order [`contact`] reads them.
pub(crate) const CONTACT: &str = "identity, state, verified, added_at, requested_at";
/// Columns of `devices` in the order [`device`] reads them.
pub(crate) const DEVICE: &str = "identity, installation, signed_pre_key, ratchet_pre_key, \
     version, protocol_version, bundle_ns, signed_ns, dated_at, begun, any_version, pairing, \
     wrote_at, last_active_at, omitted_since, rekey_due, extension_shown, stale_told, \
     former, refused_version, went_back_at, name, device_type, push_token";
/// Selects sessions with their chains, in the order [`session`] reads them.
pub(crate) const SELECT_SESSION: &str = "SELECT id, peer, installation, role, signed_pre_key, ratchet_pre_key, \
     shared, ephemeral, standing, standing_since, lost_to, overtaking, overtaking_advances, \
     ratchet, chains, retired, created_at, last_sent_at, last_received_at, sent, received, advances \
     FROM sessions JOIN session_chains USING (age)";
/// Columns of `stored_keys` in the order [`stored_key`] reads them.
pub(crate) const STORED_KEY: &str = "message, session, key, read_at";
/// Columns of `gaps` in the order [`gap`] reads them.
pub(crate) const GAP: &str = "session, peer, chain, last, answered, keys";

type Result<T> = std::result::Result<T, StoreError>;

/// Why a call of SQLite failed, in words that tell what to do.
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation,
        ) => StoreError::Corrupt(error.to_string()),
        _ => trouble::of_sqlite(&error)
            .map_or_else(|| StoreError::Io(error.to_string()), StoreError::Refused),
    }
}

/// Why a file beside a database could not be read or written.
pub(crate) fn failed_io(error: &io::Error) -> StoreError {
    trouble::of_io(error).map_or_else(|| StoreError::Io(error.to_string()), StoreError::Refused)
}

/// The same, as it is told of what is opened.
pub(crate) fn failed_file(error: &OpenError) -> StoreError {
    let trouble = error.trouble();
    trouble.map_or_else(|| StoreError::Io(error.to_string()), StoreError::Refused)
}

pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

/// SQLite's integers are signed; a time past the year 292 million is as good as its last one.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn time(at: UnixMillis) -> i64 {
    integer(at.0)
}

pub(crate) fn optional_time(at: Option<UnixMillis>) -> Option<i64> {
    at.map(time)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn at(value: i64) -> UnixMillis {
    UnixMillis(unsigned(value))
}

/// Reads a row column by column.
pub(crate) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) const fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn take<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.next).map_err(failed)?;
        self.next += 1;
        Ok(value)
    }

    fn key33(&mut self) -> Result<[u8; SECP256K1_KEY_BYTES]> {
        self.take()
    }

    pub(crate) fn time(&mut self) -> Result<UnixMillis> {
        self.take().map(at)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<UnixMillis>> {
        Ok(self.take::<Option<i64>>()?.map(at))
    }

    pub(crate) fn optional_running_time(&mut self) -> Result<Option<RunningTime>> {
        Ok(self.take::<Option<i64>>()?.map(unsigned).map(RunningTime))
    }

    pub(crate) fn number(&mut self) -> Result<u32> {
        let value: i64 = self.take()?;
        u32::try_from(value).map_err(|_| corrupt("a number out of range"))
    }

    pub(crate) fn count(&mut self) -> Result<u64> {
        self.take().map(unsigned)
    }

    /// 32 secret bytes. What SQLite held of them is its own page cache, which it wipes.
    pub(crate) fn secret(&mut self) -> Result<Zeroizing<[u8; 32]>> {
        self.take().map(Zeroizing::new)
    }

    fn optional_secret(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>> {
        Ok(self.take::<Option<[u8; 32]>>()?.map(Zeroizing::new))
    }

    pub(crate) fn installation(&mut self) -> Result<InstallationId> {
        let text: String = self.take()?;
        InstallationId::parse(&text).map_err(|_| corrupt("an installation id"))
    }

    fn optional_installation(&mut self) -> Result<Option<InstallationId>> {
        let text: Option<String> = self.take()?;
        text.map(|text| InstallationId::parse(&text))
            .transpose()
            .map_err(|_| corrupt("an installation id"))
    }

    pub(crate) fn identity(&mut self) -> Result<IdentityKey> {
        self.key33().map(IdentityKey::from_stored)
    }

    pub(crate) fn signed_pre_key(&mut self) -> Result<SignedPreKey> {
        self.key33().map(SignedPreKey::from_stored)
    }

    pub(crate) fn optional_ratchet_pre_key(&mut self) -> Result<Option<RatchetPreKey>> {
        let bytes: Option<[u8; X25519_KEY_BYTES]> = self.take()?;
        Ok(bytes.map(RatchetPreKey::from_stored))
    }

    fn optional_session_id(&mut self) -> Result<Option<SessionId>> {
        let bytes: Option<[u8; 32]> = self.take()?;
        Ok(bytes.map(SessionId::from_bytes))
    }
}

pub(crate) fn own_prekey(row: &Row<'_>) -> Result<OwnPreKey> {
    let mut columns = Columns::of(row);
    let public = columns.signed_pre_key()?;
    let signed = SignedPreKeyPair::from_stored(&*columns.secret()?, public)
        .map_err(|_| corrupt("an own prekey"))?;
    let ratchet_public = columns.optional_ratchet_pre_key()?;
    let ratchet_secret = columns.optional_secret()?;
    let signature: Option<[u8; SIGNATURE_BYTES]> = columns.take()?;
    let ratchet = match (ratchet_public, ratchet_secret, signature) {
        (Some(public), Some(secret), Some(signature)) => Some(OwnRatchetPreKey {
            pair: RatchetPreKeyPair::from_stored(&secret, public),
            signature: Signature::from_wire(&signature).map_err(|_| corrupt("a signature"))?,
        }),
        _ => None,
    };
    Ok(OwnPreKey {
        signed,
        ratchet,
        version: columns.number()?,
        created_at: columns.time()?,
        replaced_at: columns.optional_time()?,
    })
}

pub(crate) fn peer(row: &Row<'_>) -> Result<Peer> {
    let mut columns = Columns::of(row);
    Ok(Peer {
        identity: columns.identity()?,
        newest_bundle_ns: columns.take()?,
        newest_bundle_at: columns.optional_time()?,
        last_sent_at: columns.optional_time()?,
        written_at: columns.optional_time()?,
        discoveries: Discoveries {
            since: columns.time()?,
            told: columns.number()?,
        },
    })
}

/// What two identities share, as bytes that are wiped.
pub(crate) fn negotiated(columns: &mut Columns<'_>) -> Result<Option<Arc<Negotiated>>> {
    let Some(bytes) = columns.take::<Option<Vec<u8>>>()?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let shared = Negotiated::from_bytes(&bytes).ok_or_else(|| corrupt("a negotiated key"))?;
    Ok(Some(Arc::new(shared)))
}

pub(crate) fn contact(row: &Row<'_>) -> Result<Contact> {
    let mut columns = Columns::of(row);
    Ok(Contact {
        identity: columns.identity()?,
        state: ContactState::from_code(columns.take::<i64>()?)
            .ok_or_else(|| corrupt("the state of a contact"))?,
        verified: columns.take()?,
        added_at: columns.time()?,
        requested_at: columns.optional_time()?,
    })
}

pub(crate) fn device(row: &Row<'_>) -> Result<Device> {
    let mut columns = Columns::of(row);
    let identity = columns.identity()?;
    let installation = columns.installation()?;
    let signed: Option<[u8; SECP256K1_KEY_BYTES]> = columns.take()?;
    let ratchet = columns.optional_ratchet_pre_key()?;
    let version: Option<u32> = columns.take()?;
    let protocol_version: Option<u32> = columns.take()?;
    let bundle_ns: Option<i64> = columns.take()?;
    let signed_ns: i64 = columns.take()?;
    let dated_at = columns.optional_time()?;
    let begun = columns.take()?;
    let any_version = columns.take()?;
    let prekey = match (signed, version, protocol_version, bundle_ns, dated_at) {
        (Some(signed), Some(version), Some(protocol_version), Some(bundle_ns), Some(dated_at)) => {
            Some(DevicePreKey {
                key: VerifiedPreKey::from_stored(
                    identity,
                    SignedPreKey::from_stored(signed),
                    ratchet,
                ),
                version,
                protocol_version,
                bundle_ns,
                signed_ns,
                dated_at,
                begun,
                any_version,
            })
        }
        _ => None,
    };
    let pairing = Pairing::from_code(columns.take::<i64>()?).ok_or_else(|| corrupt("a pairing"))?;
    Ok(Device {
        identity,
        installation,
        prekey,
        pairing,
        wrote_at: columns.time()?,
        last_active_at: columns.time()?,
        omitted_since: columns.optional_time()?,
        rekey_due: columns.take()?,
        extension_shown: columns.take()?,
        stale_told: columns.take()?,
        former: RetiredChains::from_bytes(&columns.take::<Vec<u8>>()?),
        refused_version: columns.take()?,
        went_back_at: columns.optional_time()?,
        metadata: DeviceMetadata {
            name: columns.take()?,
            device_type: columns.take()?,
            push_token: columns.take()?,
        },
    })
}

pub(crate) fn standing(standing: Standing) -> (i64, Option<i64>) {
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
        handshake,
        standing,
        lost_to,
        overtaking: overtaking.zip(overtaking_advances.map(unsigned)),
        ratchet: SessionRatchet::from_parts(&dh, &chains).map_err(|_| corrupt("a ratchet"))?,
        retired: RetiredChains::from_bytes(&retired),
        created_at: columns.time()?,
        last_sent_at: columns.optional_time()?,
        last_received_at: columns.optional_time()?,
        sent: columns.count()?,
        received: columns.count()?,
        advances: columns.count()?,
    })
}

/// What is kept of SK. The column has the length of all of it: the beginning and zeros, or zeros
/// alone where nothing is kept.
fn order(shared: &[u8; 32]) -> Option<SharedKeyPrefix> {
    let prefix = shared.first_chunk().copied()?;
    (prefix != [0; SharedKeyPrefix::BYTES]).then(|| SharedKeyPrefix::from_stored(prefix))
}

/// The column that [`order`] reads.
pub(crate) fn shared(order: Option<SharedKeyPrefix>) -> [u8; 32] {
    let mut shared = [0; 32];
    if let Some(order) = order {
        shared
            .iter_mut()
            .zip(order.as_bytes())
            .for_each(|(to, from)| *to = *from);
    }
    shared
}

pub(crate) fn stored_key(row: &Row<'_>) -> Result<StoredKey> {
    let mut columns = Columns::of(row);
    Ok(StoredKey {
        message: MessageId::from_bytes(columns.take()?),
        session: SessionId::from_bytes(columns.take()?),
        key: MessageKey::from_stored(*columns.secret()?),
        read_at: columns.optional_running_time()?,
    })
}

pub(crate) fn gap(row: &Row<'_>) -> Result<Gap> {
    let mut columns = Columns::of(row);
    Ok(Gap {
        session: SessionId::from_bytes(columns.take()?),
        peer: columns.identity()?,
        chain: HeaderKey::from_wire(&columns.take::<Vec<u8>>()?)
            .map_err(|_| corrupt("a header key"))?,
        last: columns.number()?,
        answered: columns.take()?,
        keys: columns.take().map(Wiped::new)?,
    })
}

pub(crate) fn reply(row: &Row<'_>) -> Result<StoredReply> {
    let mut columns = Columns::of(row);
    Ok(StoredReply {
        input: columns.take()?,
        reply: columns.take()?,
        at: columns.count().map(RunningTime)?,
    })
}
