//! Listings for frontends, from a store that may be read-only.

use std::time::Duration;

use crypto_core::{IdentityKey, InstallationId, SessionId, Suite};

use crate::{
    engine::Engine,
    model::{
        Config, Device, DeviceMetadata, Handshake, InstallationState, InstallationView, Pairing,
        Role, Session, Standing, StoreError, UnixMillis,
    },
    own_bundle::PROTOCOL_VERSION,
    send::{route::route, targets::states},
    sessions::lifecycle::standing_now,
    store::StoreRead,
};

impl Engine {
    /// What the listings need, for use with a read-only store.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer::new(self.me(), self.account.installation.clone(), &self.config)
    }
}

/// What the listings need to know of the account.
#[derive(Clone, Debug)]
pub struct Viewer {
    identity: IdentityKey,
    installation: InstallationId,
    config: Config,
}

/// A session as a frontend shows it. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The same at both ends.
    pub id: SessionId,
    /// The other identity.
    pub identity: IdentityKey,
    /// The other device, if it is known.
    pub installation: Option<InstallationId>,
    /// Its suite.
    pub suite: Suite,
    /// Our part in X3DH.
    pub role: Role,
    /// Whether the other side has answered.
    pub established: bool,
    /// How it stands now.
    pub standing: Standing,
    /// It is the session of suite secp256k1 that we began on the present prekey of its device, and
    /// is not to be used: the device is written to by DH until it has a new one (protocol §7).
    pub prekey_blocked: bool,
    /// When it was set up here.
    pub created_at: UnixMillis,
    /// When we last sent on it.
    pub last_sent_at: Option<UnixMillis>,
    /// When we last received on it.
    pub last_received_at: Option<UnixMillis>,
    /// When it was superseded or expired.
    pub ended_at: Option<UnixMillis>,
    /// When it will be erased, with its keys (spec 3.4).
    pub erase_at: Option<UnixMillis>,
    /// Messages sealed.
    pub sent: u64,
    /// Messages opened.
    pub received: u64,
    /// Message keys kept: skipped, or read and not confirmed.
    pub stored_keys: u64,
}

impl Viewer {
    /// How long a device is omitted before it is stale (spec 4.3).
    #[must_use]
    pub const fn stale_after(&self) -> Duration {
        self.config.stale_after
    }

    pub(crate) const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    pub(crate) fn new(
        identity: IdentityKey,
        installation: InstallationId,
        config: &Config,
    ) -> Self {
        Self {
            identity,
            installation,
            config: config.clone(),
        }
    }

    /// The devices of `identity`, ours by default, the most recently active first; of ours, this
    /// very device before all.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn installations(
        &self,
        store: &dyn StoreRead,
        now: UnixMillis,
        identity: Option<&IdentityKey>,
    ) -> Result<Vec<InstallationView>, StoreError> {
        let identity = identity.unwrap_or(&self.identity);
        let own = *identity == self.identity;
        let this_device = own.then_some(&self.installation);
        let states = states(store, &self.config, identity, this_device, now)?;
        let others = states.into_iter().map(|(device, state)| {
            let next_mode = match state {
                InstallationState::Active => route(store, &self.config, &device, now)?.mode(),
                _ => None,
            };
            Ok(InstallationView {
                own,
                this_device: false,
                state,
                stale_at: device.stale_at(self.config.stale_after).filter(|_| !own),
                suite: device.new_session_suite(&self.config),
                next_mode,
                protocol_version: device.prekey.as_ref().map(|prekey| prekey.protocol_version),
                device,
            })
        });
        let this = if own {
            let record = store.device(identity, &self.installation)?;
            let metadata = record.map_or_else(DeviceMetadata::default, |record| record.metadata);
            Some(self.this_device(metadata, now))
        } else {
            None
        };
        this.map(Ok).into_iter().chain(others).collect()
    }

    /// This device. Its record, if there is one, holds its names alone, since nobody sends to
    /// himself; it is active as of now, because it answers.
    fn this_device(&self, metadata: DeviceMetadata, now: UnixMillis) -> InstallationView {
        InstallationView {
            device: Device {
                pairing: Pairing::Enabled,
                extension_shown: true,
                metadata,
                ..Device::met(self.identity, self.installation.clone(), true, now)
            },
            own: true,
            this_device: true,
            state: InstallationState::Active,
            stale_at: None,
            // Our own entry always carries the ratchet prekey.
            suite: Some(Suite::X25519).filter(|suite| self.config.allows(*suite)),
            next_mode: None,
            protocol_version: Some(PROTOCOL_VERSION),
        }
    }

    /// The sessions with `identity`, or with anyone, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn sessions(
        &self,
        store: &dyn StoreRead,
        identity: Option<&IdentityKey>,
    ) -> Result<Vec<SessionView>, StoreError> {
        store
            .sessions(identity)?
            .iter()
            .map(|session| self.session(store, session))
            .collect()
    }

    pub(crate) fn session(
        &self,
        store: &dyn StoreRead,
        session: &Session,
    ) -> Result<SessionView, StoreError> {
        let standing = standing_now(store, session)?;
        let ended_at = match standing {
            Standing::Active => None,
            Standing::Superseded { since } | Standing::Expired { since } => Some(since),
        };
        let erase_after: Duration = self.config.erase_after;
        Ok(SessionView {
            id: session.id,
            identity: session.peer,
            installation: session.installation.clone(),
            suite: session.suite(),
            role: session.role,
            established: matches!(session.handshake, Handshake::Established),
            standing,
            prekey_blocked: prekey_blocked(store, session, standing)?,
            created_at: session.created_at,
            last_sent_at: session.last_sent_at,
            last_received_at: session.last_received_at,
            ended_at,
            erase_at: ended_at.map(|at| at.after(erase_after)),
            sent: session.sent,
            received: session.received,
            stored_keys: store.stored_key_count(&session.id)?,
        })
    }
}

fn prekey_blocked(
    store: &dyn StoreRead,
    session: &Session,
    standing: Standing,
) -> Result<bool, StoreError> {
    let ended = session.uses_prekey() && matches!(standing, Standing::Expired { .. });
    let (true, Some(installation)) = (ended, &session.installation) else {
        return Ok(false);
    };
    let device = store.device(&session.peer, installation)?;
    let prekey = device.and_then(|device| device.prekey);
    Ok(prekey.is_some_and(|prekey| *prekey.key.signed_pre_key() == session.signed_pre_key))
}
