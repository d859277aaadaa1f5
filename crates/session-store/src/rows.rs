//! Reading rows column by column, and the smaller records. Sessions and devices have files of their
//! own.

use std::{io, sync::Arc};

use crypto_core::{
    HeaderKey, IdentityKey, InstallationId, KEM_SEED_BYTES, KemId, KemPreKey, MessageId,
    MessageKey, RatchetPreKey, RatchetPreKeyPair, SECP256K1_KEY_BYTES, SIGNATURE_BYTES, SessionId,
    Signature, SignedPreKey, SignedPreKeyPair, Wiped, X25519_KEY_BYTES,
};
use engine::model::{
    AccountName, Contact, ContactState, Correspondent, Discoveries, Gap, HeldKemPreKey,
    NegotiatedTopic, OwnKemPreKey, OwnPreKey, OwnRatchetPreKey, Peer, ReadTag, RunningTime,
    StoreError, StoredAnswer, StoredKey, UnixMillis,
};
use rusqlite::{ErrorCode, Row, types::FromSql};
use zeroize::Zeroizing;

use crate::{error::OpenError, trouble};

/// Columns of `own_prekeys` in the order [`own_prekey`] reads them.
pub(crate) const OWN_PREKEY: &str = "public, secret, ratchet_public, ratchet_secret, \
     ratchet_signature, version, created_at, replaced_at, kem";
/// Columns of `peers` in the order [`peer`] reads them.
pub(crate) const PEER: &str = "identity, newest_bundle_ns, newest_bundle_at, last_sent_at, \
     written_at, discoveries_since, discoveries_told, listened";
/// Columns of `contacts` in the order [`contact`] reads them.
pub(crate) const CONTACT: &str = "identity, state, verified, added_at, requested_at, asked, \
     decided_at";
/// Columns of `stored_keys` in the order [`stored_key`] reads them.
pub(crate) const STORED_KEY: &str = "message, session, key, read_at, read_tag";
/// Columns of `gaps` in the order [`gap`] reads them.
pub(crate) const GAP: &str = "session, peer, chain, last, answered, keys";

/// Length of a KEM prekey in the column `kem` of `own_prekeys`, in bytes: its seed, its id and its
/// version.
const OWN_KEM_PREKEY_BYTES: usize = KEM_SEED_BYTES + 32 + 4;

type Result<T> = std::result::Result<T, StoreError>;

/// The error of a call of SQLite.
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};

    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation,
        ) => StoreError::Corrupt(error.to_string()),
        // A column does not hold what it should.
        None if matches!(
            error,
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..)
        ) =>
        {
            StoreError::Corrupt(error.to_string())
        }
        _ => trouble::of_sqlite(&error)
            .map_or_else(|| StoreError::Io(error.to_string()), StoreError::Refused),
    }
}

/// The error of reading or writing a file beside a database.
pub(crate) fn failed_io(error: &io::Error) -> StoreError {
    trouble::of_io(error).map_or_else(|| StoreError::Io(error.to_string()), StoreError::Refused)
}

/// The error of opening a file beside a database.
pub(crate) fn failed_file(error: &OpenError) -> StoreError {
    let trouble = error.trouble();
    trouble.map_or_else(|| StoreError::Io(error.to_string()), StoreError::Refused)
}

pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

/// SQLite's integers are signed: larger values become the largest.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn time(at: UnixMillis) -> i64 {
    integer(at.0)
}

pub(crate) fn optional_time(at: Option<UnixMillis>) -> Option<i64> {
    at.map(time)
}

pub(crate) fn unsigned(value: i64) -> u64 {
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

    /// 32 secret bytes. SQLite wipes its own page cache.
    pub(crate) fn secret(&mut self) -> Result<Zeroizing<[u8; 32]>> {
        self.take().map(Zeroizing::new)
    }

    fn optional_secret(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>> {
        Ok(self.take::<Option<[u8; 32]>>()?.map(Zeroizing::new))
    }

    pub(crate) fn account_name(&mut self) -> Result<AccountName> {
        AccountName::parse(&self.take::<String>()?).map_err(|_| corrupt("an account name"))
    }

    pub(crate) fn installation(&mut self) -> Result<InstallationId> {
        let text: String = self.take()?;
        InstallationId::parse(&text).map_err(|_| corrupt("an installation id"))
    }

    pub(crate) fn optional_installation(&mut self) -> Result<Option<InstallationId>> {
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

    /// The version, the signature and the key of a KEM prekey, if there is one.
    pub(crate) fn optional_kem_pre_key(&mut self) -> Result<Option<HeldKemPreKey>> {
        let version: Option<u32> = self.take()?;
        let signature: Option<[u8; SIGNATURE_BYTES]> = self.take()?;
        let key: Option<Vec<u8>> = self.take()?;
        match (version, signature, key) {
            (None, None, None) => Ok(None),
            (Some(version), Some(signature), Some(key)) => Ok(Some(HeldKemPreKey {
                version,
                key: KemPreKey::from_stored(&key).map_err(|_| corrupt("a KEM prekey"))?,
                signature: Signature::from_wire(&signature).map_err(|_| corrupt("a signature"))?,
            })),
            _ => Err(corrupt("a KEM prekey")),
        }
    }

    pub(crate) fn optional_session_id(&mut self) -> Result<Option<SessionId>> {
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
        kem: own_kem_prekeys(&columns.take().map(Zeroizing::<Vec<u8>>::new)?)?,
    })
}

/// The KEM prekeys of an own prekey, from its column.
fn own_kem_prekeys(column: &[u8]) -> Result<Vec<OwnKemPreKey>> {
    let kem_prekey = |bytes: &[u8]| {
        let (seed, bytes) = bytes.split_first_chunk()?;
        let (id, version) = bytes.split_first_chunk()?;
        Some(OwnKemPreKey {
            seed: Wiped::new(*seed),
            id: KemId::from_bytes(*id),
            version: u32::from_be_bytes(version.try_into().ok()?),
        })
    };
    let kem_prekeys = column.chunks(OWN_KEM_PREKEY_BYTES).map(kem_prekey);
    let kem_prekeys: Option<Vec<_>> = kem_prekeys.collect();
    kem_prekeys.ok_or_else(|| corrupt("an own KEM prekey"))
}

/// The column that [`own_kem_prekeys`] reads.
pub(crate) fn own_kem_column(kem_prekeys: &[OwnKemPreKey]) -> Zeroizing<Vec<u8>> {
    let mut column = Zeroizing::new(Vec::with_capacity(kem_prekeys.len() * OWN_KEM_PREKEY_BYTES));
    for kem_prekey in kem_prekeys {
        column.extend_from_slice(&*kem_prekey.seed);
        column.extend_from_slice(kem_prekey.id.as_bytes());
        column.extend_from_slice(&kem_prekey.version.to_be_bytes());
    }
    column
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
        listened: columns.take()?,
    })
}

pub(crate) fn correspondent(row: &Row<'_>) -> Result<Correspondent> {
    let mut columns = Columns::of(row);
    Ok(Correspondent {
        identity: columns.identity()?,
        shared: negotiated(&mut columns)?,
    })
}

/// The secret that two identities share.
pub(crate) fn negotiated(columns: &mut Columns<'_>) -> Result<Option<Arc<NegotiatedTopic>>> {
    let Some(bytes) = columns.take::<Option<Vec<u8>>>()?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let shared = NegotiatedTopic::from_bytes(&bytes).ok_or_else(|| corrupt("a negotiated key"))?;
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
        asked: columns.take()?,
        decided_at: columns.optional_time()?,
    })
}

pub(crate) fn stored_key(row: &Row<'_>) -> Result<StoredKey> {
    let mut columns = Columns::of(row);
    Ok(StoredKey {
        message: MessageId::from_bytes(columns.take()?),
        session: SessionId::from_bytes(columns.take()?),
        key: MessageKey::from_stored(*columns.secret()?),
        read_at: columns.optional_running_time()?,
        read: columns.take::<Option<_>>()?.map(ReadTag::from_stored),
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

pub(crate) fn reply(row: &Row<'_>) -> Result<StoredAnswer> {
    let mut columns = Columns::of(row);
    Ok(StoredAnswer {
        input: columns.take()?,
        reply: columns.take()?,
        at: columns.count().map(RunningTime)?,
    })
}
