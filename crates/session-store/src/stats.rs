//! How much a store holds, for metrics and `ratchetd doctor`.

use crypto_core::{IdentityKey, Suite};
use engine::model::{StoreError, UnixMillis};

use crate::{
    connection::Sqlite,
    rows::{Columns, integer},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Rows of a table that [`Sqlite::stats`] counts at most, in some ten milliseconds.
pub const MAX_COUNTED: u32 = 100_000;

/// Sessions of any standing, by suite; of each at most [`MAX_COUNTED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionsBySuite {
    /// Of suite x25519-mlkem768.
    pub post_quantum: u64,
    /// Of suite x25519.
    pub x25519: u64,
    /// Of suite secp256k1.
    pub secp256k1: u64,
}

impl SessionsBySuite {
    /// Those of one suite.
    #[must_use]
    pub const fn of(&self, suite: Suite) -> u64 {
        match suite {
            Suite::X25519MlKem768 => self.post_quantum,
            Suite::X25519 => self.x25519,
            Suite::Secp256k1 => self.secp256k1,
        }
    }

    /// Those of all suites.
    #[must_use]
    pub fn all(&self) -> u64 {
        let counts = Suite::ALL.map(|suite| self.of(suite));
        counts.into_iter().fold(0, u64::saturating_add)
    }

    /// With those that another store holds.
    fn and(&self, other: &Self) -> Self {
        Self {
            post_quantum: self.post_quantum.saturating_add(other.post_quantum),
            x25519: self.x25519.saturating_add(other.x25519),
            secp256k1: self.secp256k1.saturating_add(other.secp256k1),
        }
    }
}

/// How much a store holds, and how old its prekey is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Identities, at most [`MAX_COUNTED`].
    pub peers: u64,
    /// Devices, at most [`MAX_COUNTED`].
    pub devices: u64,
    /// Sessions.
    pub sessions: SessionsBySuite,
    /// Message keys, skipped and unconfirmed, at most [`MAX_COUNTED`].
    pub stored_keys: u64,
    /// Message keys of messages that were read and not confirmed, at most [`MAX_COUNTED`].
    pub unconfirmed_keys: u64,
    /// Devices of others that their bundles have omitted since the given moment or longer (spec
    /// 4.3), at most [`MAX_COUNTED`].
    pub stale_devices: u64,
    /// When the signed prekey of the published bundle was made.
    pub prekey_created_at: Option<UnixMillis>,
}

impl StoreStats {
    /// What this store and another one hold together; the prekey is the older one.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let made = [self.prekey_created_at, other.prekey_created_at];
        Self {
            peers: self.peers.saturating_add(other.peers),
            devices: self.devices.saturating_add(other.devices),
            sessions: self.sessions.and(&other.sessions),
            stored_keys: self.stored_keys.saturating_add(other.stored_keys),
            unconfirmed_keys: self.unconfirmed_keys.saturating_add(other.unconfirmed_keys),
            stale_devices: self.stale_devices.saturating_add(other.stale_devices),
            prekey_created_at: made.into_iter().flatten().min(),
        }
    }
}

impl<Mode> Sqlite<Mode> {
    /// The identities other than `own` of which more than `devices` devices are known; at most
    /// [`MAX_COUNTED`].
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn identities_of_many(
        &self,
        own: &IdentityKey,
        devices: usize,
    ) -> Result<Vec<IdentityKey>> {
        let devices = i64::try_from(devices).unwrap_or(i64::MAX);
        self.all(
            "SELECT identity FROM devices WHERE identity <> ?1 \
             GROUP BY identity HAVING count(*) > ?2 LIMIT ?3",
            (own.as_bytes(), devices, MAX_COUNTED),
            |row| Columns::of(row).identity(),
        )
    }

    /// How many chats have a clock above this one.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn chat_clocks_above(&self, clock: u64) -> Result<u64> {
        self.count(
            "SELECT count(*) FROM clocks WHERE last > ?1",
            [integer(clock)],
        )
    }

    /// Counts what the store holds. A device of anyone but `own` is stale if the bundles of its
    /// identity have omitted it since `omitted_by` or longer.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn stats(&self, own: &IdentityKey, omitted_by: UnixMillis) -> Result<StoreStats> {
        Ok(StoreStats {
            peers: self.count(
                "SELECT count(*) FROM (SELECT 1 FROM peers LIMIT ?1)",
                [MAX_COUNTED],
            )?,
            devices: self.count(
                "SELECT count(*) FROM (SELECT 1 FROM devices LIMIT ?1)",
                [MAX_COUNTED],
            )?,
            sessions: SessionsBySuite {
                post_quantum: self.sessions_of(Suite::X25519MlKem768)?,
                x25519: self.sessions_of(Suite::X25519)?,
                secp256k1: self.sessions_of(Suite::Secp256k1)?,
            },
            stored_keys: self.count(
                "SELECT min(?1, (SELECT count(*) FROM (SELECT 1 FROM stored_keys LIMIT ?1)) \
                     + (SELECT coalesce(sum(held), 0) FROM (SELECT held FROM gaps LIMIT ?1)))",
                [MAX_COUNTED],
            )?,
            unconfirmed_keys: self.count(
                "SELECT count(*) FROM (SELECT 1 FROM stored_keys WHERE read_at IS NOT NULL LIMIT ?1)",
                [MAX_COUNTED],
            )?,
            stale_devices: self.count(
                "SELECT count(*) FROM (SELECT 1 FROM devices \
                 WHERE omitted_since <= ?2 AND identity <> ?3 LIMIT ?1)",
                (MAX_COUNTED, integer(omitted_by.0), own.as_bytes()),
            )?,
            prekey_created_at: self.first(
                "SELECT prekey_created_at FROM own_bundle",
                [],
                |row| Columns::of(row).time(),
            )?,
        })
    }

    fn sessions_of(&self, suite: Suite) -> Result<u64> {
        self.count(
            "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE suite = ?2 LIMIT ?1)",
            (MAX_COUNTED, suite.byte()),
        )
    }
}
