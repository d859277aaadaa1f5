//! The records that a store keeps.
//!
//! A record holds facts. What follows from them (is this device stale, may this session be sent on)
//! is decided by the rules at the moment of use.

use crypto_core::{
    HeaderKey, IdentityKey, InstallationId, RatchetPreKey, RatchetPreKeyPair, Signature,
    SignedPreKey, SignedPreKeyPair, VerifiedKemPreKey, VerifiedPreKey,
};

use crate::model::{
    DISCOVERIES_SPAN, DeviceKem, MAX_DISCOVERIES_TOLD, OwnKemPreKey, Pairing, PastKeys,
    RunningTime, UnixMillis,
};

/// A prekey of this device (protocol §3). Exactly one is current: it has no `replaced_at`.
#[derive(Debug)]
pub struct OwnPreKey {
    /// The signed prekey, SPK.
    pub signed: SignedPreKeyPair,
    /// The ratchet prekey of suite x25519; `None` only for imported prekeys.
    pub ratchet: Option<OwnRatchetPreKey>,
    /// The KEM prekeys for sessions on it, at most two: the one that was current when it was made,
    /// then the one before (protocol §13).
    pub kem: Vec<OwnKemPreKey>,
    /// Its version in our bundles; rises by one with each rotation.
    pub version: u32,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When a newer one replaced it; from then on it is expired (spec 3.4).
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

/// The bundle that we publish. It is reused until its content changes, or until it is signed again
/// for a message that may reach a device of status-go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnBundle {
    /// The encoded protobuf `Bundle`.
    pub wire: Vec<u8>,
    /// When it was last signed.
    pub made_at: UnixMillis,
    /// Its signed timestamp in nanoseconds, which rises with each signature even if the clock
    /// does not.
    pub timestamp_ns: i64,
    /// Version of this device's prekey.
    pub version: u32,
    /// When this device's prekey was made. Rotation is due a day later.
    pub prekey_created_at: UnixMillis,
    /// Its entries, that of this device included, by installation id in byte order.
    pub entries: Vec<ListedPreKey>,
    /// The current KEM prekey of this device, signed. It is no part of `wire`: few messages bring
    /// it (protocol §13).
    pub kem_pre_key: Option<VerifiedKemPreKey>,
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

/// The record of an identity, our own included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Whose record this is.
    pub identity: IdentityKey,
    /// The signed timestamp of the newest bundle seen in nanoseconds; one over a day ahead of our
    /// clock counts as now (protocol §3). 0 if no bundle had one.
    pub newest_bundle_ns: i64,
    /// When that bundle arrived. The stale timers of the devices that it omits begin here.
    pub newest_bundle_at: Option<UnixMillis>,
    /// When we first sent this identity the prekey that was current then, in a message to its
    /// devices or in a reply to an authenticated message. If this is before the last rotation, the
    /// identity has not been sent the current prekey.
    pub last_sent_at: Option<UnixMillis>,
    /// The same, but only for messages of the user: a reply is sent to anybody.
    pub written_at: Option<UnixMillis>,
    /// The events about its new devices.
    pub discoveries: Discoveries,
    /// We listen to the topic negotiated with it: it may have learnt of this device (protocol §9).
    pub listened: bool,
}

impl Peer {
    /// The record of an identity of which nothing is known yet.
    #[must_use]
    pub fn new(identity: IdentityKey) -> Self {
        Self {
            identity,
            newest_bundle_ns: 0,
            newest_bundle_at: None,
            last_sent_at: None,
            written_at: None,
            discoveries: Discoveries::default(),
            listened: false,
        }
    }
}

/// How many new devices of an identity events have told of in one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discoveries {
    /// When the day began.
    pub since: UnixMillis,
    /// How many devices events have reported since.
    pub told: u32,
}

impl Discoveries {
    /// Counts one more at `now`; `None` if the limit of the day is reached.
    pub(crate) fn one_more(self, now: UnixMillis) -> Option<Self> {
        // A day that begins in the future was recorded before the clock was set back.
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
    /// The newest prekey from a bundle; `None` if the device is known only by a session that it
    /// began, or by an entry without its extension.
    pub prekey: Option<DevicePreKey>,
    /// The decision of the user (spec 4.1). Devices of others are enabled from the start.
    pub pairing: Pairing,
    /// When it last sent a message that authenticates; the epoch if it never did.
    pub wrote_at: UnixMillis,
    /// Its last activity: an authenticated ratchet message, or a new or higher bundle entry
    /// (protocol §3).
    pub last_active_at: UnixMillis,
    /// Start of the stale timer, if one runs (spec 4.3).
    pub omitted_since: Option<UnixMillis>,
    /// A higher prekey came: the next message sets up a new session (spec 3.3, protocol §7).
    pub rekey_due: bool,
    /// It once had a valid extension: entries without one are refused since (protocol §3).
    pub extension_shown: bool,
    /// An event has reported that it is stale.
    pub stale_told: bool,
    /// Its signed prekeys before the current one: an entry that lists one of them is outdated
    /// (protocol §3).
    pub former: PastKeys,
    /// The version of an entry that was not believed, until another prekey is taken (protocol §3,
    /// versions).
    pub refused_version: Option<u32>,
    /// When an entry of a lower version was last taken (protocol §3, versions).
    pub went_back_at: Option<UnixMillis>,
    /// What is known of its KEM prekeys, and what it knows of ours (protocol §13).
    pub kem: DeviceKem,
    /// Names the frontend gave it.
    pub metadata: DeviceMetadata,
}

impl Device {
    /// Whether it had this signed prekey before the current one.
    pub(crate) fn had(&self, prekey: &SignedPreKey) -> bool {
        self.former
            .contains(&HeaderKey::Secp256k1(prekey.to_bytes()))
    }

    /// The record of a new device, of which nothing but its name is known yet. Another device of
    /// our `own` identity waits for the decision of the user (spec 4.1).
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
            kem: DeviceKem::default(),
            metadata: DeviceMetadata::default(),
        }
    }
}

/// The prekey that a device published last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePreKey {
    /// The verified keys, as X3DH takes them.
    pub key: VerifiedPreKey,
    /// Its version.
    pub version: u32,
    /// Informational.
    pub protocol_version: u32,
    /// The signed timestamp of its bundle in nanoseconds; one over a day ahead of our clock counts
    /// as the time of arrival. Breaks ties between equal versions, and decides about lower ones
    /// (protocol §3, versions).
    pub bundle_ns: i64,
    /// The same timestamp as it was signed: of two bundles dated ahead, the higher one is later.
    pub signed_ns: i64,
    /// The earliest time at which this version can have been signed. The jump rule counts from here
    /// (protocol §3).
    pub dated_at: UnixMillis,
    /// We began a session of suite secp256k1 on it, or may have done so before the store was rolled
    /// back: no other is begun on it (protocol §7, one session for each prekey).
    pub begun: bool,
    /// The user has reset the device: the next entry with another prekey is accepted with any
    /// version and date (protocol §3).
    pub any_version: bool,
}

/// What a frontend may record about a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceMetadata {
    /// A name for people.
    pub name: String,
    /// Phone, laptop and the like, in the frontend's words.
    pub device_type: String,
    /// Address of a push service.
    pub push_token: String,
}

/// The answer to a request id, kept so that a retry gets the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Digest of the request. Another one under the same id is an error.
    pub input: [u8; 32],
    /// The encoded answer (ciphertexts only).
    pub reply: Vec<u8>,
    /// When it was given.
    pub at: RunningTime,
}

/// The clocks of a store, which do not follow jumps of the wall clock (protocol §7, time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timekeeping {
    /// How long daemons have run on the store.
    pub running: RunningTime,
    /// The time that it is at least. It advances with running time, follows the wall clock when
    /// that stays ahead, and never goes back. The epoch before the first sweep.
    pub settled: UnixMillis,
    /// Since when the wall clock has been too far ahead of `settled` to be followed at once.
    pub ahead_since: Option<RunningTime>,
    /// When the store was last found to be an older state or a copy; `None` if it never was.
    pub rolled_back_at: Option<UnixMillis>,
}

/// The dates by which a sweep judges what a store holds (protocol §7). `None` stands for nothing of
/// the kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepDates {
    /// The earliest time since when a session is superseded or expired, or at which an own prekey
    /// or a group key was replaced: what is erased first.
    pub first_end: Option<UnixMillis>,
    /// The latest of these times, and of those at which stale timers began: if it lies ahead, a
    /// clock was wrong.
    pub last_end: Option<UnixMillis>,
    /// The earliest beginning of a stale timer, of a device of another identity that was not told
    /// to be stale.
    pub first_omission: Option<UnixMillis>,
    /// When the first of the messages was read whose key is kept because it was not confirmed.
    pub first_unconfirmed: Option<RunningTime>,
    /// When the first of the answers to request ids was given that are kept.
    pub first_answer: Option<RunningTime>,
    /// Whether a session begun on a replaced own prekey is not recorded as expired yet.
    pub expiry_unrecorded: bool,
}

/// How many records a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Identities.
    pub peers: u64,
    /// Devices.
    pub devices: u64,
    /// Sessions of any standing.
    pub sessions: u64,
    /// Message keys, skipped and unconfirmed.
    pub stored_keys: u64,
}
