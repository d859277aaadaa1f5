//! Every number of protocol §1 that a user may turn, with its default.

use std::time::Duration;

use crypto_core::{SkipLimits, Suite};

use crate::model::ContactPolicy;

/// One day, the unit of most spans below.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Largest wire message taken or made (protocol §1): what a relay of these networks carries, with room.
pub const MAX_WIRE_BYTES: usize = 4 * 1024 * 1024;
/// Largest payload of one message (protocol §1).
pub const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;
/// Bundles read from one message (protocol §1); the rest is ignored with a warning.
pub const MAX_BUNDLES_PER_MESSAGE: usize = 4;
/// Bundles of any identity looked at in one message, to take it up, to explain it or to take it
/// apart: what a stranger adds must cost little, and each can have 33 signatures.
pub const MAX_BUNDLES_LOOKED_AT: usize = 16;
/// New devices of one identity that events tell of in [`DISCOVERIES_SPAN`]: as many as are
/// remembered of it, which is more than any person has. Those beyond are taken up all the same, and
/// listed.
pub const MAX_DISCOVERIES_TOLD: u32 = 32;
/// The span in which they are counted.
pub const DISCOVERIES_SPAN: Duration = DAY;
/// Recipients of one group call.
pub const MAX_RECIPIENTS: usize = 1000;
/// Wire bytes that one call may make, all envelopes together: as hex they still make an answer that fits a
/// frontend's memory. A hundred bytes to a thousand recipients with three devices each take a quarter of it.
pub const MAX_SENT_BYTES: usize = 16 * 1024 * 1024;
/// Sessions that a message without an X3DH header is tried on (protocol §5).
pub const MAX_SESSION_TRIALS: usize = 8;
/// Message keys kept of messages that one identity passed over, in sessions on which we have never
/// sent: three times what one message may pass over. A gap counts whole until its last key is used.
pub const MAX_UNANSWERED_KEYS_PER_IDENTITY: u32 = 3_000;
/// The same of all identities together, 3.2 MB: an identity costs a stranger nothing.
pub const MAX_UNANSWERED_KEYS: u32 = 100_000;
/// Gaps that these are in. Each message that is passed over alone is one, and they are looked
/// through for each new one.
pub const MAX_UNANSWERED_GAPS: u32 = 4_096;
/// Places that the gaps of a session may have for each key that it may keep: of gaps that are
/// nearly used up the rest goes then, the oldest first, so that they do not pile up.
pub const PLACES_PER_KEY: u32 = 2;
/// Longest request id, in characters.
pub const MAX_REQUEST_ID_CHARS: usize = 128;
/// How long a request id keeps its answer.
pub const REQUEST_ID_LIFETIME: Duration = DAY;
/// Message ids that one confirmation may name: one batch of a frontend that was away.
pub const MAX_CONFIRM_IDS: usize = 10_000;

/// Erasing cannot be undone, and a wall clock may jump: what it says must be so at two sweeps that
/// lie this far apart on a clock that does not jump (protocol §7).
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The rules' numbers. `Default` is protocol §1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Ratchet suites this daemon may use, to send and to read (protocol §5).
    pub suites: Vec<Suite>,
    /// Who may be written to, and who is read (spec 1.5.x).
    pub contacts: ContactPolicy,
    /// Age at which the own signed prekey is replaced (spec 2.3).
    pub prekey_rotation: Duration,
    /// How long expired or superseded sessions and expired own prekeys are kept (spec 3.4).
    pub erase_after: Duration,
    /// How long a device may be omitted from its identity's bundles before it is stale (spec 4.3).
    pub stale_after: Duration,
    /// Active devices of one identity (spec 4.1, 4.2).
    pub max_devices: usize,
    /// Devices remembered per identity.
    pub max_known_devices: usize,
    /// Skipped keys allowed in one step of one chain, and chain steps for one message.
    pub skip: SkipLimits,
    /// Running time after which the key of a message that was read and not confirmed is dropped.
    pub unconfirmed_keys: Duration,
    /// Message keys kept per session, skipped and read-but-unconfirmed together (spec, out-of-order note).
    pub max_message_keys: u32,
    /// Sessions kept per device.
    pub max_sessions_per_device: usize,
    /// Sessions kept per identity.
    pub max_sessions_per_identity: usize,
    /// First messages remembered per identity and own prekey; past it new sessions are refused.
    pub max_first_messages: u32,
    /// Span in which replies to one device and to one identity are counted.
    pub reply_span: Duration,
    /// Replies to one identity in that span; a single device gets one.
    pub max_replies_per_identity: usize,
    /// Messages after which an unanswered initiator starts a new session of suite x25519.
    pub unanswered_messages: u64,
    /// Age after which an unanswered initiator starts a new session of suite x25519.
    pub unanswered_age: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            suites: vec![Suite::X25519, Suite::Secp256k1],
            contacts: ContactPolicy::Open,
            prekey_rotation: DAY,
            erase_after: 14 * DAY,
            stale_after: 7 * DAY,
            max_devices: 3,
            max_known_devices: 32,
            skip: SkipLimits {
                max_skip: 1000,
                max_steps: 2000,
            },
            unconfirmed_keys: DAY,
            max_message_keys: 3000,
            max_sessions_per_device: 64,
            max_sessions_per_identity: 400,
            max_first_messages: 1000,
            reply_span: Duration::from_secs(2 * 60 * 60),
            max_replies_per_identity: 3,
            unanswered_messages: 1000,
            unanswered_age: 7 * DAY,
        }
    }
}

impl Config {
    /// Whether `suite` may be used.
    #[must_use]
    pub fn allows(&self, suite: Suite) -> bool {
        self.suites.contains(&suite)
    }
}
