//! What a store keeps, in whole records.
//!
//! A record holds facts; what follows from them (is this device stale, may this
//! session be sent on) is judged by the rules at the moment of use.

use crypto_core::{
    EphemeralKey, HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey, RatchetPreKey,
    RatchetPreKeyPair, SessionId, SessionRatchet, SharedKeyPrefix, Signature, SignedPreKey,
    SignedPreKeyPair, Suite, VerifiedPreKey,
};

use crate::model::{
    DISCOVERIES_SPAN, MAX_DISCOVERIES_TOLD, Mode, Pairing, Role, RunningTime, UnixMillis,
    past_keys::PastKeys,
};

/// One of this device's own prekeys (protocol §3). Exactly one is current: it has no `replaced_at`.
#[derive(Debug)]
pub struct OwnPreKey {
    /// The signed prekey, SPK.
    pub signed: SignedPreKeyPair,
    /// The ratchet prekey of suite x25519 and the identity's signature over it; absent only for imported prekeys.
    pub ratchet: Option<OwnRatchetPreKey>,
    /// Its version in our bundles; rises by one with each rotation.
    pub version: u32,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When a newer one took its place: from then on it is expired (spec 3.4).
    pub replaced_at: Option<UnixMillis>,
}

/// The X25519 half of an own prekey.
#[derive(Debug)]
pub struct OwnRatchetPreKey {
    /// The key pair.
    pub pair: RatchetPreKeyPair,
    /// The identity's signature over it (protocol §3, extension).
    pub signature: Signature,
}

/// The bundle we publish: made once per content, signed once, reused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnBundle {
    /// The protobuf `Bundle`, as it goes on the wire.
    pub wire: Vec<u8>,
    /// When it was made.
    pub made_at: UnixMillis,
    /// Its signed timestamp, nanoseconds; rises with each bundle even if the clock does not.
    pub timestamp_ns: i64,
    /// Version of this device's prekey.
    pub version: u32,
    /// When this device's prekey was made: rotation is due a day later.
    pub prekey_created_at: UnixMillis,
    /// What it lists, this device included, by installation id in byte order.
    pub entries: Vec<ListedPreKey>,
}

impl OwnBundle {
    /// The signed prekey that it lists for a device.
    #[must_use]
    pub fn of(&self, installation: &InstallationId) -> Option<SignedPreKey> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.installation == *installation)
            .map(|entry| entry.signed_pre_key)
    }
}

/// One entry of the bundle we publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPreKey {
    /// The device.
    pub installation: InstallationId,
    /// Its signed prekey.
    pub signed_pre_key: SignedPreKey,
    /// Its ratchet prekey.
    pub ratchet_pre_key: Option<RatchetPreKey>,
    /// Its version.
    pub version: u32,
    /// Informational.
    pub protocol_version: u32,
}

/// What is known of an identity as a whole, our own included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Whose record this is.
    pub identity: IdentityKey,
    /// Signed timestamp of the newest bundle seen, one over a day ahead of our clock counting as now (protocol §3); 0 if none had one.
    pub newest_bundle_ns: i64,
    /// When that bundle arrived: where the stale timer of a device it omits begins.
    pub newest_bundle_at: Option<UnixMillis>,
    /// When we first sent this identity the prekey that was ours then, in a message to its devices or in a reply
    /// to an authenticated one: not after the last rotation, if it has not been told of the present prekey.
    pub last_sent_at: Option<UnixMillis>,
    /// The same, of messages that the user sent: a reply is sent to anybody.
    pub written_at: Option<UnixMillis>,
    /// Its devices that were told of.
    pub discoveries: Discoveries,
}

impl Peer {
    /// An identity of which nothing is known yet.
    #[must_use]
    pub fn new(identity: IdentityKey) -> Self {
        Self {
            identity,
            newest_bundle_ns: 0,
            newest_bundle_at: None,
            last_sent_at: None,
            written_at: None,
            discoveries: Discoveries::default(),
        }
    }
}

/// How many new devices of an identity events have told of in one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discoveries {
    /// When that day began.
    pub since: UnixMillis,
    /// How many.
    pub told: u32,
}

impl Discoveries {
    /// These and one more at `now`; `None` if that is more than a day has.
    pub(crate) fn one_more(self, now: UnixMillis) -> Option<Self> {
        // A day "in the future" was begun by a clock that was set back since.
        let over = self.since > now || now.since(self.since) >= DISCOVERIES_SPAN;
        let today = if over {
            Self {
                since: now,
                told: 0,
            }
        } else {
            self
        };
        (today.told < MAX_DISCOVERIES_TOLD).then_some(Self {
            told: today.told + 1,
            ..today
        })
    }
}

/// A device: one installation of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Whose device.
    pub identity: IdentityKey,
    /// Its id.
    pub installation: InstallationId,
    /// The newest prekey adopted from a bundle; `None` if we met the device only through a session it began.
    pub prekey: Option<DevicePreKey>,
    /// For devices of our own identity: whether the user enabled it (spec 4.1). Devices of others are always enabled.
    pub pairing: Pairing,
    /// When it last sent a message that authenticates; the epoch if it never did.
    pub wrote_at: UnixMillis,
    /// Its last activity: an authenticated ratchet message, or a new or higher bundle entry (protocol §3).
    pub last_active_at: UnixMillis,
    /// Start of the stale timer, if one runs (spec 4.3).
    pub omitted_since: Option<UnixMillis>,
    /// A higher prekey came: the next message sets up a new session (spec 3.3, protocol §7).
    pub rekey_due: bool,
    /// It once showed a valid extension: entries without one are not adopted any more (protocol §3).
    pub extension_shown: bool,
    /// An event has told that it is stale.
    pub stale_told: bool,
    /// Signed prekeys that it had before the present one, as digests: an entry that lists one of
    /// them is no news (protocol §3).
    pub former: PastKeys,
    /// The version of an entry that was not believed, until another prekey is taken (protocol §3,
    /// versions).
    pub refused_version: Option<u32>,
    /// When an entry of a lower version was last taken (protocol §3, versions).
    pub went_back_at: Option<UnixMillis>,
    /// Names the frontend gave it.
    pub metadata: DeviceMetadata,
}

impl Device {
    /// Whether it had this signed prekey before the present one.
    pub(crate) fn had(&self, prekey: &SignedPreKey) -> bool {
        self.former
            .contains(&HeaderKey::Secp256k1(prekey.to_bytes()))
    }

    /// A device met now, of which nothing but the name is known yet. Another device of our `own` identity
    /// waits for the user's word (spec 4.1).
    #[must_use]
    pub fn met(
        identity: IdentityKey,
        installation: InstallationId,
        own: bool,
        now: UnixMillis,
    ) -> Self {
        Self {
            identity,
            installation,
            prekey: None,
            pairing: if own {
                Pairing::Pending
            } else {
                Pairing::Enabled
            },
            wrote_at: UnixMillis(0),
            last_active_at: now,
            omitted_since: None,
            rekey_due: false,
            extension_shown: false,
            stale_told: false,
            former: PastKeys::default(),
            refused_version: None,
            went_back_at: None,
            metadata: DeviceMetadata::default(),
        }
    }
}

/// The prekey a device published last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePreKey {
    /// What X3DH takes.
    pub key: VerifiedPreKey,
    /// Its version.
    pub version: u32,
    /// Informational.
    pub protocol_version: u32,
    /// Signed timestamp of the bundle it came with, one over a day ahead of our clock counting as
    /// the moment it came; breaks ties between equal versions, and tells whether a lower one is
    /// news (protocol §3, versions).
    pub bundle_ns: i64,
    /// The same timestamp as it was signed: of two that are ahead, the higher one is later.
    pub signed_ns: i64,
    /// The earliest that this version can have been signed: the jump rule counts from here
    /// (protocol §3).
    pub dated_at: UnixMillis,
    /// We began a session of suite secp256k1 on it, or may have before the store was put back: no
    /// other is begun on it (protocol §7, one session for each prekey).
    pub begun: bool,
    /// The user has reset the device: the next entry with another prekey is taken at any version
    /// and date (protocol §3).
    pub any_version: bool,
}

/// What a frontend may note about a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceMetadata {
    /// A name for people.
    pub name: String,
    /// Phone, laptop and the like, in the frontend's words.
    pub device_type: String,
    /// Address of a push service.
    pub push_token: String,
}

/// Whether the other side has answered (protocol §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// We initiated and nothing came back: the X3DH header rides on every message.
    Unconfirmed {
        /// The beginning of SK, compared when two sessions cross (spec 3.2); `None` once another
        /// session was active.
        order: Option<SharedKeyPrefix>,
        /// EK, repeated in every header until the first answer.
        ephemeral: EphemeralKey,
    },
    /// Both sides have it.
    Established,
}

/// How a session stands among the sessions of its device (protocol §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The one we send on; at most one per device.
    Active,
    /// Reads, and can become active again.
    Superseded {
        /// Since when; erased 14 days later.
        since: UnixMillis,
    },
    /// Reads, for good: the prekey it was built on was replaced.
    Expired {
        /// Since when; erased 14 days later (spec 3.4).
        since: UnixMillis,
    },
}

/// A session with one device.
#[derive(Debug)]
pub struct Session {
    /// The same at both ends (protocol §5).
    pub id: SessionId,
    /// The other identity.
    pub peer: IdentityKey,
    /// The other device. In suite secp256k1 nothing authenticates it: `None` until a verified bundle lists it; until then the session only receives.
    pub installation: Option<InstallationId>,
    /// Our part in X3DH.
    pub role: Role,
    /// The responder's signed prekey: every header names it.
    pub signed_pre_key: SignedPreKey,
    /// The responder's ratchet prekey, part of the associated data of suite x25519.
    pub ratchet_pre_key: Option<RatchetPreKey>,
    /// Whether the other side has answered.
    pub handshake: Handshake,
    /// How it stands.
    pub standing: Standing,
    /// It lost a crossing to this session: while that one is active, messages do not bring this one
    /// back in suite x25519, and in suite secp256k1 only the second in a row does (protocol §7).
    pub lost_to: Option<SessionId>,
    /// The last move of this session while it was superseded: which session was active then, and its `advances`.
    /// A second move that finds both unchanged is the second in a row (protocol §7).
    pub takeover: Option<(SessionId, u64)>,
    /// The double ratchet.
    pub ratchet: SessionRatchet,
    /// Receiving chains of the past, to tell "read before" from "forged".
    pub past_chains: PastKeys,
    /// When it was set up here.
    pub created_at: UnixMillis,
    /// When we last sent on it.
    pub last_sent_at: Option<UnixMillis>,
    /// When we last received on it.
    pub last_received_at: Option<UnixMillis>,
    /// Messages sealed.
    pub sent: u64,
    /// Messages opened, duplicates not counted.
    pub received: u64,
    /// Messages that moved the receiving chain, so not those read with a stored key.
    pub advances: u64,
}

/// What a session is made of when it is set up.
#[derive(Debug)]
pub struct SessionStart {
    /// The same at both ends (protocol §5).
    pub id: SessionId,
    /// The other identity.
    pub peer: IdentityKey,
    /// The other device, where it is known already.
    pub installation: Option<InstallationId>,
    /// Our part in X3DH.
    pub role: Role,
    /// The responder's signed prekey.
    pub signed_pre_key: SignedPreKey,
    /// The responder's ratchet prekey.
    pub ratchet_pre_key: Option<RatchetPreKey>,
    /// Whether the other side has answered.
    pub handshake: Handshake,
    /// The double ratchet.
    pub ratchet: SessionRatchet,
}

impl Session {
    /// Whether it is one that we began in suite secp256k1, in which there is one for each prekey
    /// (protocol §7).
    pub(crate) fn uses_prekey(&self) -> bool {
        self.role == Role::Initiator && self.suite() == Suite::Secp256k1
    }

    /// A session that is set up now. Nothing has been sent or received on it; the rules of standing
    /// have yet to place it.
    #[must_use]
    pub fn begin(start: SessionStart, now: UnixMillis) -> Self {
        Self {
            id: start.id,
            peer: start.peer,
            installation: start.installation,
            role: start.role,
            signed_pre_key: start.signed_pre_key,
            ratchet_pre_key: start.ratchet_pre_key,
            handshake: start.handshake,
            standing: Standing::Superseded { since: now },
            lost_to: None,
            takeover: None,
            ratchet: start.ratchet,
            past_chains: PastKeys::default(),
            created_at: now,
            last_sent_at: None,
            last_received_at: None,
            sent: 0,
            received: 0,
            advances: 0,
        }
    }

    /// How a message that is sent on it now goes: with the X3DH header until the other side has
    /// answered.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self.handshake {
            Handshake::Unconfirmed { .. } => Mode::X3dh,
            Handshake::Established => Mode::Ratchet,
        }
    }

    /// The session's suite, fixed by its first message.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.ratchet.suite()
    }
}

impl Session {
    /// The same session once more. Records that hold secrets have no `Clone`, so that none is copied
    /// by accident: a store is where copies are made.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            installation: self.installation.clone(),
            ratchet: self.ratchet.duplicate(),
            past_chains: self.past_chains.clone(),
            ..*self
        }
    }
}

/// A message key outside its chain: skipped, or used and not yet confirmed.
#[derive(Debug)]
pub struct StoredKey {
    /// The message it opens; names the session, the header key and n at once (protocol §5).
    pub message: MessageId,
    /// The session it belongs to.
    pub session: SessionId,
    /// The key.
    pub key: MessageKey,
    /// When its message was first read, in running time; `None` while it was only skipped.
    pub read_at: Option<RunningTime>,
}

/// The answer to a request id, kept so that a retry gets the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Digest of the request's input: a different one under the same id is an error.
    pub input: [u8; 32],
    /// The encoded answer (ciphertexts only).
    pub reply: Vec<u8>,
    /// When it was given, in running time.
    pub at: RunningTime,
}

/// The clocks of a store, which no jump of the wall clock can set (protocol §7, time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timekeeping {
    /// How long daemons have run on the store.
    pub running: RunningTime,
    /// What time it is at the least: it goes on with running time, and follows the wall clock where
    /// that is ahead and stays so. It never goes back. The epoch before the first sweep.
    pub settled: UnixMillis,
    /// Since when the wall clock has been further ahead of it than it is followed at once.
    pub ahead_since: Option<RunningTime>,
    /// When the store was last found to be an older state or a copy; `None` if it never was.
    pub rolled_back_at: Option<UnixMillis>,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Identities known.
    pub peers: u64,
    /// Devices known.
    pub devices: u64,
    /// Sessions of any standing.
    pub sessions: u64,
    /// Message keys, skipped and unconfirmed.
    pub stored_keys: u64,
}
