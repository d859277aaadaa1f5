//! Sessions and message keys, as a store keeps them.

use std::sync::Arc;

use crypto_core::{
    EphemeralKey, IdentityKey, InstallationId, MessageId, MessageKey, RatchetCurve, RatchetPreKey,
    SessionId, SessionRatchet, SharedKeyPrefix, SignedPreKey, Suite,
};

use crate::model::{KemHandshake, Mode, PastKeys, ReadTag, Role, RunningTime, UnixMillis};

/// Whether the other side has answered (protocol §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// We initiated and have no answer: every message carries the X3DH header.
    Unconfirmed {
        /// The beginning of SK, compared when two sessions cross (spec 3.2); `None` once another
        /// session was active.
        order: Option<SharedKeyPrefix>,
        /// EK, repeated in every header until the first answer.
        ephemeral: EphemeralKey,
    },
    /// Both sides have the session.
    Established,
}

/// What a session is used for, among the sessions of its device (protocol §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// We send on it. At most one session per device is active.
    Active,
    /// It only reads, and can become active again.
    Superseded {
        /// Since when. It is erased 14 days later.
        since: UnixMillis,
    },
    /// It only reads, for good: the prekey that it was built on was replaced, or the user reset it.
    Expired {
        /// Since when. It is erased 14 days later (spec 3.4).
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
    /// The other device. In suite secp256k1 nothing authenticates it: it is `None`, and the session
    /// only receives, until a verified bundle lists the device.
    pub installation: Option<InstallationId>,
    /// Our part in X3DH.
    pub role: Role,
    /// The responder's signed prekey, which every header names.
    pub signed_pre_key: SignedPreKey,
    /// The responder's ratchet prekey, part of the associated data of suite x25519.
    pub ratchet_pre_key: Option<RatchetPreKey>,
    /// Whether ML-KEM had a part in SK: suite x25519-mlkem768 (protocol §13). The ratchet knows
    /// only its curve.
    pub post_quantum: bool,
    /// What the X3DH header repeats of ML-KEM until the first answer; `None` in other suites, and
    /// for a responder.
    pub kem: Option<Arc<KemHandshake>>,
    /// Whether the other side has answered.
    pub handshake: Handshake,
    /// What it is used for, as recorded last.
    pub standing: Standing,
    /// The session that it lost a crossing to. While that one is active, messages do not reactivate
    /// this one in suite x25519, and in suite secp256k1 only the second in a row does (protocol
    /// §7).
    pub lost_to: Option<SessionId>,
    /// Recorded when a message advanced this session while it was superseded: the session that was
    /// active then, and its `advances`. A message that finds both unchanged is the second in a row,
    /// and takes over (protocol §7).
    pub takeover: Option<(SessionId, u64)>,
    /// The double ratchet.
    pub ratchet: SessionRatchet,
    /// The header keys of past receiving chains, to tell "read before" from "forged".
    pub past_chains: PastKeys,
    /// When it was set up here.
    pub created_at: UnixMillis,
    /// When we last sent on it.
    pub last_sent_at: Option<UnixMillis>,
    /// When we last received on it.
    pub last_received_at: Option<UnixMillis>,
    /// Messages encrypted on it.
    pub sent: u64,
    /// Messages read on it, without duplicates.
    pub received: u64,
    /// Messages that advanced the receiving chain, so not those read with a stored key.
    pub advances: u64,
}

/// The parts of a new session.
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
    /// Whether ML-KEM had a part in SK.
    pub post_quantum: bool,
    /// What the X3DH header repeats of ML-KEM until the first answer.
    pub kem: Option<Arc<KemHandshake>>,
    /// Whether the other side has answered.
    pub handshake: Handshake,
    /// The double ratchet.
    pub ratchet: SessionRatchet,
}

impl Session {
    /// Whether it is a session that we began in suite secp256k1, which allows one for each prekey
    /// (protocol §7).
    pub(crate) fn uses_prekey(&self) -> bool {
        self.role == Role::Initiator && self.suite() == Suite::Secp256k1
    }

    /// A session that is set up now, on which nothing was sent or received. The rules of
    /// [`sessions`](crate::sessions) have yet to decide its standing.
    #[must_use]
    pub fn begin(start: SessionStart, now: UnixMillis) -> Self {
        Self {
            id: start.id,
            peer: start.peer,
            installation: start.installation,
            role: start.role,
            signed_pre_key: start.signed_pre_key,
            ratchet_pre_key: start.ratchet_pre_key,
            post_quantum: start.post_quantum,
            kem: start.kem,
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

    /// The mode of a message sent on it now: with the X3DH header until the other side has
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
    pub const fn suite(&self) -> Suite {
        match self.ratchet.curve() {
            RatchetCurve::X25519 if self.post_quantum => Suite::X25519MlKem768,
            RatchetCurve::X25519 => Suite::X25519,
            RatchetCurve::Secp256k1 => Suite::Secp256k1,
        }
    }

    /// A copy of the session. Records with secrets have no `Clone`, so that none is copied by
    /// accident. Only stores make copies.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            installation: self.installation.clone(),
            kem: self.kem.clone(),
            ratchet: self.ratchet.duplicate(),
            past_chains: self.past_chains.clone(),
            ..*self
        }
    }
}

/// A message key outside its chain: of a skipped message, or of one that was read and not
/// confirmed.
#[derive(Debug)]
pub struct StoredKey {
    /// The message that it opens. Its id depends on session, header key and number (protocol §5).
    pub message: MessageId,
    /// The session of the message.
    pub session: SessionId,
    /// The key.
    pub key: MessageKey,
    /// When its message was first read; `None` while it was only skipped.
    pub read_at: Option<RunningTime>,
    /// What names the ciphertext that was read, to be recorded when it is confirmed; `None` while
    /// it was only skipped, and if an earlier version read it.
    pub read: Option<ReadTag>,
}
