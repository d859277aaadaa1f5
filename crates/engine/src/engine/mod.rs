//! The engine of one account: its identity, its configuration and its caches.

pub(crate) mod reply_limiter;
pub(crate) mod settled_time;
pub(crate) mod verified_bundles;

use std::{collections::BTreeMap, sync::Arc};

use crypto_core::{
    GroupKeyId, IdentityKey, InstallationId, MessageId, RatchetPreKeyPair, SessionId,
    SignedPreKeyPair, hash_ratchet::HashChain, keccak256,
};

use zeroize::Zeroizing;

use crate::{
    engine::{
        reply_limiter::ReplyLimiter, settled_time::Sweeps, verified_bundles::VerifiedBundles,
    },
    model::{
        Account, Config, Env, GroupMessage, GroupRecord, MAX_CONFIRM_IDS, MAX_READ_PER_GROUP_KEY,
        Membership, OwnKemPreKey, ReadTag, RunningTime, Seal, StoreError, UnixMillis, WireError,
        time::RunningClock,
    },
    store::{BoundedCache, Store, StoreRead},
    wire::WireMessage,
};

/// Group keys whose chains are remembered, 3 KB each. With more of them in use the way along a
/// chain may have to be gone again, 60 milliseconds at most.
const MAX_CHAINS: usize = 256;
/// Groups of which it is remembered who is in them, 100 KB each if they are large. Of others it is
/// worked out from the log for each message.
const MAX_MEMBERSHIPS: usize = 16;

/// Sends and receives for one account, and maintains its bundle.
///
/// Everything durable is in the store that each call is given. What is kept here can be lost, or be
/// ahead of a store that was rolled back, without harm.
#[derive(Debug)]
pub struct Engine {
    pub(crate) account: Account,
    pub(crate) config: Config,
    pub(crate) verified: VerifiedBundles,
    pub(crate) replies: ReplyLimiter,
    pub(crate) sweeps: Sweeps,
    /// The chains of group keys, as far as they were followed.
    pub(crate) chains: BoundedCache<GroupKeyId, HashChain>,
    /// Who is in groups, by a digest of the group's id, each with the record that it is of.
    pub(crate) memberships: BoundedCache<[u8; 32], (GroupRecord, Arc<Membership>)>,
    running: Option<RunningClock>,
}

/// What to send, and to whom.
#[derive(Clone, PartialEq, Eq)]
pub struct SendRequest {
    /// The identities to address. One that is listed twice is addressed once.
    pub recipients: Vec<IdentityKey>,
    /// The plaintext. Wiped when dropped.
    pub payload: Zeroizing<Vec<u8>>,
    /// Makes a retry safe: for a day, the same id with the same input gets the same bytes.
    pub request_id: Option<String>,
    /// Whether to seal the messages in envelopes, and for which topic.
    pub seal: Option<Seal>,
}

impl std::fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendRequest")
            .field("recipients", &self.recipients.len())
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

impl SendRequest {
    /// A digest of the input, to recognize a retry.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let count = u32::try_from(self.recipients.len()).unwrap_or(u32::MAX);
        let recipients: Vec<u8> = self
            .recipients
            .iter()
            .flat_map(|recipient| recipient.to_bytes())
            .collect();
        // Unsealed requests have kept the digest that they had before there was sealing.
        let (name, seal) = match self.seal {
            None => (b"ratchetd/request/1", None),
            Some(seal) => (b"ratchetd/request/2", Some(seal.byte())),
        };
        keccak256(&[
            name,
            seal.as_slice(),
            &count.to_be_bytes(),
            &recipients,
            &self.payload,
        ])
    }
}

/// A received wire message, and its claimed sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiveRequest {
    /// The identity that the transport, or the signature of the envelope, names as the sender.
    pub sender: IdentityKey,
    /// The decoded `ProtocolMessage`, or why the bytes are not one.
    pub message: Result<WireMessage, WireError>,
    /// Confirm at once, so that the message can be read only once.
    pub confirm: bool,
    /// It came in an envelope that the sender signed. That proves the sender, and the reply is
    /// sealed as well.
    pub sealed: bool,
}

/// A prekey pair to import, for conformance runs.
#[derive(Debug)]
pub struct PreKeyImport {
    /// The signed prekey.
    pub signed: SignedPreKeyPair,
    /// The ratchet prekey of suite x25519.
    pub ratchet: Option<RatchetPreKeyPair>,
    /// Its KEM prekeys, at most two, the current one first. A current prekey without any gets one,
    /// as at a rotation.
    pub kem: Vec<OwnKemPreKey>,
    /// Its version; one above the current by default.
    pub version: Option<u32>,
    /// Whether it becomes the current one; by default it does if its version is the highest.
    pub current: Option<bool>,
    /// When it was made; now by default.
    pub created_at: Option<UnixMillis>,
}

/// What an engine remembers of one run of the daemon, to be kept while the account is closed.
///
/// Without it the account's running time would stand still whenever the account is closed, no two
/// of its sweeps would agree on the time (protocol §7), and the limit of replies (protocol §1)
/// would begin anew with each opening.
#[derive(Clone, Debug)]
pub struct Remembered {
    replies: ReplyLimiter,
    sweeps: Sweeps,
    running: Option<RunningClock>,
}

impl Engine {
    /// The engine of `account`, which this process has not opened before.
    #[must_use]
    pub fn new(account: Account, config: Config) -> Self {
        let remembered = Remembered {
            replies: ReplyLimiter::new(config.reply_span, config.max_replies_per_identity),
            sweeps: Sweeps::default(),
            running: None,
        };
        Self::remembering(account, config, remembered)
    }

    /// The engine of `account`, which this process has had open before, with what its engine
    /// remembered then.
    #[must_use]
    pub fn remembering(account: Account, config: Config, remembered: Remembered) -> Self {
        Self {
            account,
            config,
            verified: VerifiedBundles::default(),
            replies: remembered.replies,
            sweeps: remembered.sweeps,
            chains: BoundedCache::new(MAX_CHAINS),
            memberships: BoundedCache::new(MAX_MEMBERSHIPS),
            running: remembered.running,
        }
    }

    /// What is to be kept of this engine while its account is closed.
    #[must_use]
    pub fn into_remembered(self) -> Remembered {
        Remembered {
            replies: self.replies,
            sweeps: self.sweeps,
            running: self.running,
        }
    }

    /// The account that this engine is for.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Erases the keys of messages that the caller has stored, and records that they were read (of
    /// a message under a group key it only records that);
    /// returns how many were erased. Unknown ids, confirmed messages and messages that were never
    /// read are ignored.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. Ids beyond [`MAX_CONFIRM_IDS`] are ignored.
    pub fn confirm(
        &mut self,
        store: &mut dyn Store,
        messages: &[MessageId],
    ) -> Result<usize, StoreError> {
        let mut confirmed = 0;
        let mut read: BTreeMap<SessionId, Vec<ReadTag>> = BTreeMap::new();
        for message in messages.iter().take(MAX_CONFIRM_IDS) {
            let key = store.stored_key(message)?;
            if let Some(key) = key.filter(|key| key.read_at.is_some()) {
                store.remove_stored_key(message)?;
                confirmed += 1;
                if let Some(ciphertext) = key.read {
                    read.entry(key.session).or_default().push(ciphertext);
                }
            }
            let of_group = store.group_message(message)?;
            if let Some(known) = of_group.filter(|known| !known.confirmed) {
                let confirmed_now = GroupMessage {
                    confirmed: true,
                    ..known
                };
                store.put_group_message(&confirmed_now, MAX_READ_PER_GROUP_KEY)?;
                confirmed += 1;
            }
        }
        for (session, ciphertexts) in read {
            let mut known = store.confirmed_messages(&session)?;
            for ciphertext in ciphertexts {
                known.push(ciphertext);
            }
            store.put_confirmed_messages(&session, &known)?;
        }
        Ok(confirmed)
    }

    /// Frees the caches of verified bundles, group keys and members. The limiter of replies keeps
    /// its state.
    pub fn release_memory(&mut self) {
        self.verified = VerifiedBundles::default();
        self.chains = BoundedCache::new(MAX_CHAINS);
        self.memberships = BoundedCache::new(MAX_MEMBERSHIPS);
    }

    /// The running time of this store by now.
    pub(crate) fn running_time(
        &mut self,
        store: &dyn StoreRead,
        env: &Env<'_>,
    ) -> Result<RunningTime, StoreError> {
        Ok(self.running_clock(store, env)?.read(env.running))
    }

    /// The clock that tells the running time of this store in this process.
    pub(crate) fn running_clock(
        &mut self,
        store: &dyn StoreRead,
        env: &Env<'_>,
    ) -> Result<RunningClock, StoreError> {
        match self.running {
            Some(clock) => Ok(clock),
            None => Ok(*self
                .running
                .insert(RunningClock::new(store.timekeeping()?.running, env.running))),
        }
    }

    /// Our identity.
    pub(crate) fn me(&self) -> IdentityKey {
        *self.account.identity.public()
    }

    /// The id of this device.
    pub(crate) fn this_device(&self) -> &InstallationId {
        &self.account.installation
    }
}
