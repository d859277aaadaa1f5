//! Lists of devices and sessions for frontends, from a store that may be read-only.

use crypto_core::{IdentityKey, InstallationId, SessionId, Suite};

use crate::{
    engine::Engine,
    groups::{self, keys::list_keys},
    model::{
        Config, Correspondent, Device, DeviceMetadata, GroupId, GroupKeyView, GroupView, Handshake,
        InstallationState, InstallationView, Pairing, PostQuantumState, Role, Session, Standing,
        StoreError, UnixMillis,
    },
    own_bundle::PROTOCOL_VERSION,
    sealing::listening::is_declined,
    send::{route::route, targets::states},
    sessions::lifecycle::standing_now,
    store::StoreRead,
};

impl Engine {
    /// The lists of this account.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer {
            identity: self.me(),
            installation: self.account.installation.clone(),
            config: self.config.clone(),
        }
    }
}

/// Lists devices, sessions and contacts of an account.
#[derive(Clone, Debug)]
pub struct Viewer {
    identity: IdentityKey,
    installation: InstallationId,
    config: Config,
}

/// A part of the list of those whose negotiated topic is listened to.
#[derive(Clone, Debug)]
pub struct ListenedPage {
    /// The other identities, each with its topic if that was derived, in the order of their keys.
    pub peers: Vec<Correspondent>,
    /// Where the next part begins: after this identity. `None` at the end.
    pub next: Option<IdentityKey>,
}

/// A session as a frontend shows it, without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The same at both ends.
    pub id: SessionId,
    /// The other identity.
    pub identity: IdentityKey,
    /// The other device, if it is known.
    pub installation: Option<InstallationId>,
    /// The suite.
    pub suite: Suite,
    /// Our part in X3DH.
    pub role: Role,
    /// Whether the other side has answered.
    pub established: bool,
    /// What it is used for now.
    pub standing: Standing,
    /// It is the session of suite secp256k1 that we began on the current prekey of its device, and
    /// must not be used: messages to the device go by DH until it has a new prekey (protocol §7).
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
    /// Messages encrypted on it.
    pub sent: u64,
    /// Messages read on it.
    pub received: u64,
    /// Message keys kept: skipped, or read and not confirmed.
    pub stored_keys: u64,
}

impl Viewer {
    /// The keys of a group, or of all groups, the current one of each first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn group_keys(
        &self,
        store: &dyn StoreRead,
        now: UnixMillis,
        group: Option<&GroupId>,
    ) -> Result<Vec<GroupKeyView>, StoreError> {
        list_keys(store, &self.config, now, &self.identity, group)
    }

    pub(crate) const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// The devices of `identity`, ours by default, the most recently active first. Of ours, this
    /// device is the first.
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
                suite: device.new_session_suite(&self.config).ok(),
                next_mode,
                post_quantum: device.post_quantum_state(),
                kem_version: device.kem.held.as_ref().map(|held| held.version),
                protocol_version: device.prekey.as_ref().map(|prekey| prekey.protocol_version),
                device,
            })
        });
        let this = if own {
            let record = store.device(identity, &self.installation)?;
            let metadata = record.map_or_else(DeviceMetadata::default, |record| record.metadata);
            let own = store.own_bundle()?.and_then(|bundle| bundle.kem_pre_key);
            Some(self.this_device(metadata, own.map(|kem| kem.version()), now))
        } else {
            None
        };
        this.map(Ok).into_iter().chain(others).collect()
    }

    /// This device. Its record, if there is one, has only its metadata. It is active now.
    fn this_device(
        &self,
        metadata: DeviceMetadata,
        kem_version: Option<u32>,
        now: UnixMillis,
    ) -> InstallationView {
        let brought = kem_version.filter(|_| self.config.allows_post_quantum());
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
            suite: [Suite::X25519MlKem768, Suite::X25519]
                .into_iter()
                .find(|suite| self.config.allows(*suite)),
            next_mode: None,
            post_quantum: if brought.is_some() {
                PostQuantumState::Offered
            } else {
                PostQuantumState::None
            },
            kem_version,
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

    /// Those whose negotiated topic with us is listened to (protocol §9), beginning after `after`,
    /// at most `limit`: everybody who may have learnt of this device, but for declined contacts.
    /// Our own identity is not among them, though its topic is always listened to.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn listened(
        &self,
        store: &dyn StoreRead,
        after: Option<&IdentityKey>,
        limit: usize,
    ) -> Result<ListenedPage, StoreError> {
        // One more, to know whether this is the last part.
        let mut found = store.listened_after(after, limit.saturating_add(1))?;
        let there_is_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().map(|peer| peer.identity);
        let next = last.filter(|_| there_is_more);
        let mut peers = Vec::with_capacity(found.len());
        for peer in found {
            if !is_declined(store, &peer.identity)? {
                peers.push(peer);
            }
        }
        Ok(ListenedPage { peers, next })
    }

    /// The groups that have a log here, in the order in which they were taken up, without their
    /// images and updates.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn groups(&self, store: &dyn StoreRead) -> Result<Vec<GroupView>, StoreError> {
        groups::list(store, &self.config.groups, &self.identity)
    }

    /// A group, with its image and the update with its log; `None` if it has no log here.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn group(
        &self,
        store: &dyn StoreRead,
        group: &GroupId,
    ) -> Result<Option<GroupView>, StoreError> {
        groups::whole(store, &self.config.groups, &self.identity, group)
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
            erase_at: ended_at.map(|at| at.after(self.config.erase_after)),
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
