//! Results of the engine's functions: plain values, which an interface translates.

use crypto_core::{
    IdentityKey, InstallationId, KemId, MessageId, RatchetPreKey, SessionId, SignedPreKey, Suite,
    Wiped,
};

use envelope::Topic;

use crate::model::{
    ContactMark, Decision, InstallationState, JudgedGroupKey, KemState, MAX_SENT_BYTES, Mode,
    NotPostQuantum, PostQuantumState, Reason, SendError, SkipReason, UnixMillis, UsedGroupKey,
    WarningKind,
};

/// One device that a message was encrypted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The device; `None` for DH (any device of the identity) and public messages.
    pub installation: Option<InstallationId>,
    /// How it was encrypted.
    pub mode: Mode,
    /// The session, which also fixes the suite; `None` for DH and public messages.
    pub session: Option<(Suite, SessionId)>,
    /// The message id, the same at both ends (protocol §5).
    pub message: MessageId,
    /// Why it is not of suite x25519-mlkem768 (protocol §13); `None` if it is, or if it is not for
    /// one identity: public, or under a group key.
    pub not_post_quantum: Option<NotPostQuantum>,
}

impl Target {
    /// Whether whoever records it and breaks curves later cannot read it (protocol §13).
    #[must_use]
    pub fn is_post_quantum(&self) -> bool {
        self.session
            .is_some_and(|(suite, _)| suite.is_post_quantum())
    }
}

/// A wire message for the transport, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressedMessage {
    /// The identity that it is for; `None` for a public message.
    pub recipient: Option<IdentityKey>,
    /// The encoded `ProtocolMessage`.
    pub wire: Vec<u8>,
    /// The devices that can read it. None if it only asks for KEM prekeys (protocol §13).
    pub targets: Vec<Target>,
    /// The wire message in an envelope, if sealing was requested.
    pub sealed: Option<SealedEnvelope>,
}

/// A device that a message was not encrypted for. Every device left out is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Whose device.
    pub identity: IdentityKey,
    /// Its id.
    pub installation: InstallationId,
    /// Why it was left out.
    pub reason: SkipReason,
}

/// The result of sending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// One message per identity addressed, our own last.
    pub messages: Vec<AddressedMessage>,
    /// The devices left out.
    pub skipped: Vec<Skipped>,
}

impl Sent {
    /// Whether every target has forward secrecy: none is reached by DH or in public.
    #[must_use]
    pub fn forward_secrecy(&self) -> bool {
        self.targets()
            .all(|target| matches!(target.mode, Mode::X3dh | Mode::Ratchet))
    }

    /// Whether every copy is post-quantum, those for our own devices too: one weak copy gives the
    /// text away. Not so if there is no copy.
    #[must_use]
    pub fn post_quantum(&self) -> bool {
        self.targets().next().is_some() && self.targets().all(Target::is_post_quantum)
    }

    /// Whether a recipient other than ourselves, `me`, was only asked for a KEM prekey, or nobody
    /// got a copy: the text is still to be sent.
    pub(crate) fn is_withheld(&self, me: &IdentityKey) -> bool {
        let asks = |message: &AddressedMessage| message.targets.is_empty();
        let mut others = self
            .messages
            .iter()
            .filter(|sent| sent.recipient != Some(*me));
        others.any(asks) || self.only_asks()
    }

    /// Whether KEM prekeys are asked for, and nobody got a copy.
    pub(crate) fn only_asks(&self) -> bool {
        let mut messages = self.messages.iter();
        !self.messages.is_empty() && messages.all(|message| message.targets.is_empty())
    }

    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.messages.iter().flat_map(|message| &message.targets)
    }
}

/// What became of a received message.
#[derive(PartialEq, Eq)]
pub enum Outcome {
    /// A plaintext.
    Decrypted(Wiped<Vec<u8>>),
    /// A public message, which anybody can read and nothing authenticates.
    Public(Vec<u8>),
    /// It says how its sender stands to us as a contact, and nothing else.
    Contact(ContactMark),
    /// A bundle advertisement: nothing to show.
    Bundle,
    /// It brought keys of a group, and nothing to show.
    GroupKey,
    /// Our own message came back.
    Own,
    /// Not for this device.
    NotTargeted(Reason),
    /// For this device, and unreadable.
    Undecryptable(Reason),
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decrypted(_) => f.write_str("Decrypted(..)"),
            Self::Public(_) => f.write_str("Public(..)"),
            Self::Contact(mark) => write!(f, "Contact({mark:?})"),
            Self::Bundle => f.write_str("Bundle"),
            Self::GroupKey => f.write_str("GroupKey"),
            Self::Own => f.write_str("Own"),
            Self::NotTargeted(reason) => write!(f, "NotTargeted({reason:?})"),
            Self::Undecryptable(reason) => write!(f, "Undecryptable({reason:?})"),
        }
    }
}

/// Something odd that did not cost the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable name.
    pub kind: WarningKind,
    /// The device or bundle it is about, in words.
    pub detail: String,
}

/// For whom a message was, as its copy for our own other devices says (protocol §5, copies).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOf {
    /// The identities that the message was addressed to, each once, in the order of the call.
    pub recipients: Vec<IdentityKey>,
    /// The request id of the call, if it had one.
    pub request_id: Option<String>,
    /// What the user decided about the recipient, if that is what the message says.
    pub decision: Option<Decision>,
}

/// The result of receiving.
#[derive(Debug)]
pub struct Received {
    /// What became of it.
    pub outcome: Outcome,
    /// The message id, the same at both ends; `None` if the bytes do not determine it.
    pub message: Option<MessageId>,
    /// The sender that the caller named.
    pub sender: IdentityKey,
    /// The device that the message names as its sender, if its id is valid.
    pub installation: Option<InstallationId>,
    /// It was encrypted with a ratchet.
    pub forward_secrecy: bool,
    /// It was encrypted on a session of suite x25519-mlkem768 (protocol §13).
    pub post_quantum: bool,
    /// The suite of the session it was read on.
    pub suite: Option<Suite>,
    /// The sender's identity is proven, by the message itself or by the signature of its envelope.
    pub authenticated: bool,
    /// What it says that it is to a contact, if it was read.
    pub contact: Option<ContactMark>,
    /// It was read before, and not confirmed.
    pub duplicate: bool,
    /// For whom it was, if it is a copy of a message that another device of ours sent.
    pub copy_of: Option<CopyOf>,
    /// It asks to become a contact, or may do so, but nothing proves who wrote it, or when. The
    /// request is reported to the frontend, and not recorded.
    pub told_request: bool,
    /// It could not be read, probably because the store was rolled back and has lost its session:
    /// it is probably genuine.
    pub lost_with_store: bool,
    /// The session it was read on.
    pub session: Option<SessionId>,
    /// The group keys that it brought, in its order, and what became of each.
    pub group_keys: Vec<JudgedGroupKey>,
    /// What it is encrypted under, if that is a group key: whether it was read or not.
    pub group_key: Option<UsedGroupKey>,
    /// A reply to send, if the protocol asks for one.
    pub reply: Option<AddressedMessage>,
    /// Devices that the bundles of this message listed for the first time.
    pub new_installations: Vec<InstallationId>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

/// What an imported bundle brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedBundle {
    /// Whose.
    pub identity: IdentityKey,
    /// Its entries that were imported or known.
    pub installations: Vec<ImportedEntry>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

/// One entry of an imported bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedEntry {
    /// The device.
    pub installation: InstallationId,
    /// The version listed.
    pub version: u32,
    /// The device was not known before.
    pub is_new: bool,
    /// The prekey replaced an older one.
    pub is_newer: bool,
    /// What is held of its KEM prekeys now.
    pub kem: KemState,
}

/// A decoded bundle, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedBundle {
    /// Its identity, if the bytes name a point of the curve.
    pub identity: Option<IdentityKey>,
    /// Signed timestamp, nanoseconds.
    pub timestamp_ns: i64,
    /// Its entries, as they stand on the wire.
    pub entries: Vec<InspectedEntry>,
    /// The KEM prekeys beside them, as many as are read.
    pub kem_pre_keys: Vec<InspectedKemPreKey>,
    /// Why it is not valid; `None` if it is.
    pub fault: Option<String>,
}

/// A KEM prekey beside an inspected bundle (protocol §13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedKemPreKey {
    /// As on the wire, of whatever form.
    pub installation: String,
    /// As on the wire.
    pub version: u32,
    /// The id of its key; `None` if that does not have 1184 bytes.
    pub id: Option<KemId>,
    /// Whether it is well formed and signed by the identity.
    pub valid: bool,
}

/// One entry of an inspected bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedEntry {
    /// As on the wire, of whatever form.
    pub installation: String,
    /// As on the wire.
    pub signed_pre_key: Vec<u8>,
    /// As on the wire.
    pub version: u32,
    /// As on the wire.
    pub protocol_version: u32,
    /// As on the wire; empty if absent.
    pub ratchet_pre_key: Vec<u8>,
    /// Whether the ratchet prekey is well formed and signed; `None` if it is absent.
    pub ratchet_valid: Option<bool>,
}

/// A decoded message, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedMessage {
    /// The sender's installation id, as on the wire.
    pub installation: String,
    /// Its bundles, field 1 first; `Err` says why one cannot be decoded.
    pub bundles: Vec<Result<InspectedBundle, String>>,
    /// Its entries, by installation id in byte order.
    pub targets: Vec<InspectedTarget>,
    /// Length of the public message, in bytes; 0 if there is none.
    pub public_bytes: usize,
    /// What it says that it is to a contact.
    pub contact: Option<ContactMark>,
    /// The devices whose KEM prekeys it asks for, as on the wire, as many as are read.
    pub kem_wanted: Vec<String>,
}

/// One entry of an inspected message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedTarget {
    /// The key of the entry, as on the wire.
    pub installation: String,
    /// How it is encrypted; `None` if the headers make no sense together.
    pub mode: Option<Mode>,
    /// X3DH header, as on the wire.
    pub x3dh: Option<InspectedX3dhHeader>,
    /// DR header, as on the wire.
    pub dr: Option<InspectedRatchetHeader>,
    /// DH header: `key` (EK), as on the wire.
    pub dh: Option<Vec<u8>>,
    /// HR header, of group keys, as on the wire.
    pub hr: Option<InspectedGroupHeader>,
    /// Length of the ciphertext, in bytes.
    pub payload_bytes: usize,
    /// Length of what is sealed beside it and says for whom the message was, in bytes; 0 if that is
    /// absent, as it is from everything but copies for the sender's own devices.
    pub copy_of_bytes: usize,
}

/// An X3DH header, as on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedX3dhHeader {
    /// EK.
    pub key: Vec<u8>,
    /// SPK.
    pub id: Vec<u8>,
    /// The KEM prekey that it names; empty if it names none.
    pub kem_id: Vec<u8>,
    /// Length of the ML-KEM ciphertext, in bytes; 0 if there is none.
    pub kem_ciphertext_bytes: usize,
}

/// A DR header, as on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedRatchetHeader {
    /// Ratchet public key.
    pub key: Vec<u8>,
    /// Number in its chain.
    pub n: u32,
    /// Length of the chain before.
    pub pn: u32,
    /// Signed prekey of the session.
    pub id: Vec<u8>,
}

/// An HR header, as on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedGroupHeader {
    /// The group.
    pub group: Vec<u8>,
    /// The id of the group key that the message is encrypted with.
    pub key: Vec<u8>,
    /// The message's number under that key; 0 if it carries keys.
    pub number: u32,
    /// How many keys stand in the header itself, those sealed for each member as one.
    pub keys: usize,
}

/// The bundle we publish, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedBundle {
    /// The encoded `Bundle`.
    pub wire: Vec<u8>,
    /// The same as text for QR codes and profiles.
    pub contact_code: String,
    /// The same with the KEM prekeys of the devices listed, too long for a QR code: whoever imports
    /// it begins in suite x25519-mlkem768 (protocol §13). Equal to `contact_code` if none is held.
    pub contact_code_full: String,
    /// Version of this device's prekey.
    pub version: u32,
    /// When the bundle was made.
    pub created_at: UnixMillis,
    /// When this device's prekey is due to be replaced.
    pub expires_at: UnixMillis,
    /// The devices that it lists.
    pub installations: Vec<InstallationId>,
}

/// A device as a frontend shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationView {
    /// Its record; for this device, what others know of it.
    pub device: crate::model::Device,
    /// It belongs to our own identity.
    pub own: bool,
    /// It is this device.
    pub this_device: bool,
    /// Whether it is sent to, and if not, why.
    pub state: InstallationState,
    /// When it became stale.
    pub stale_at: Option<UnixMillis>,
    /// The suite the next new session with it would use.
    pub suite: Option<Suite>,
    /// How the next message for it is encrypted; `None` if it gets none. In suite secp256k1 it is
    /// by DH, without forward secrecy, while the one session on its prekey must not be used
    /// (protocol §7).
    pub next_mode: Option<Mode>,
    /// The protocol version in its bundle entry, for information; `None` until a bundle lists it.
    pub protocol_version: Option<u32>,
    /// Whether it takes part in suite x25519-mlkem768.
    pub post_quantum: PostQuantumState,
    /// The version of the KEM prekey that is held of it, or is its own.
    pub kem_version: Option<u32>,
}

/// An imported prekey pair, for conformance runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedPreKey {
    /// The signed prekey now held.
    pub signed_pre_key: SignedPreKey,
    /// The ratchet prekey now held.
    pub ratchet_pre_key: Option<RatchetPreKey>,
    /// Its version.
    pub version: u32,
}

/// The topic that sealed messages are for. Messages to our own devices are always for our own
/// partitioned topic, to which a frontend listens anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// The negotiated topic if both sides are known to listen to it, else the partitioned one.
    Agreed,
    /// The negotiated topic, whether or not the other side listens to it.
    Negotiated,
    /// The partitioned topic of the recipient.
    Partitioned,
}

impl Seal {
    /// Its byte in the digest of a request.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Agreed => 1,
            Self::Negotiated => 2,
            Self::Partitioned => 3,
        }
    }
}

/// An envelope around a wire message, ready for a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEnvelope {
    /// The encoded envelope.
    pub envelope: Vec<u8>,
    /// The topic that it is for.
    pub topic: Topic,
}

/// The size of a result so far.
#[derive(Default)]
pub(crate) struct Size {
    /// How many messages have been counted.
    messages: usize,
    bytes: usize,
}

impl Size {
    /// Counts the messages that were added to the result.
    pub(crate) fn check(&mut self, sent: &Sent) -> Result<(), SendError> {
        for envelope in sent.messages.iter().skip(self.messages) {
            self.add(envelope.wire.len())?;
        }
        self.messages = sent.messages.len();
        Ok(())
    }

    /// Counts bytes. A result that is too large to be returned would be encrypted for nothing.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), SendError> {
        self.bytes += bytes;
        if self.bytes > MAX_SENT_BYTES {
            return Err(SendError::TooMuchAtOnce {
                limit: MAX_SENT_BYTES,
            });
        }
        Ok(())
    }
}
