//! The limits of protocol §1: constants, and those that a user may configure, with their defaults.

use std::time::Duration;

use crypto_core::{SkipLimits, Suite};

use crate::model::{ContactPolicy, GroupLimits};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Largest wire message read or made (protocol §1): more than a relay of these networks carries.
pub const MAX_WIRE_BYTES: usize = 4 * 1024 * 1024;
/// Largest payload of one message (protocol §1).
pub const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;
/// Bundles read from one message (protocol §1); the rest is ignored with a warning.
pub const MAX_BUNDLES_PER_MESSAGE: usize = 4;
/// Bundles of any identity decoded from one message, to import, explain or inspect it. Each can
/// have 33 signatures, and a stranger may add any number.
pub const MAX_BUNDLES_LOOKED_AT: usize = 16;
/// New devices of one identity that events report within [`DISCOVERIES_SPAN`]: as many as are
/// recorded of one identity. Further ones are recorded and listed, without an event.
pub const MAX_DISCOVERIES_TOLD: u32 = 32;
/// The span in which the events about new devices are counted.
pub const DISCOVERIES_SPAN: Duration = DAY;
/// Recipients of one group call.
pub const MAX_RECIPIENTS: usize = 1000;
/// Wire bytes of all messages of one call together, so that the answer, in hex, fits a frontend's
/// memory. A hundred bytes to a thousand recipients with three devices each need a quarter of it.
pub const MAX_SENT_BYTES: usize = 16 * 1024 * 1024;
/// Sessions on which a message without an X3DH header is tried (protocol §5).
pub const MAX_SESSION_TRIALS: usize = 8;
/// Keys kept of the skipped messages of one identity, in sessions on which we have never sent:
/// three times what one message may skip. A gap counts as a whole until its last key is used.
pub const MAX_UNANSWERED_KEYS_PER_IDENTITY: u32 = 3_000;
/// The same for all identities together, 3.2 MB: anybody can make any number of identities.
pub const MAX_UNANSWERED_KEYS: u32 = 100_000;
/// Gaps that these keys are in. A message that is skipped alone makes one, and all are searched for
/// each new one.
pub const MAX_UNANSWERED_GAPS: u32 = 4_096;
/// Places that the gaps of a session may have for each key that it may keep. Beyond it the oldest
/// gaps are dropped, so that gaps with few keys left do not accumulate.
pub const PLACES_PER_KEY: u32 = 2;
/// Longest request id, in characters.
pub const MAX_REQUEST_ID_CHARS: usize = 128;
/// How long the answer to a request id is kept.
pub const REQUEST_ID_LIFETIME: Duration = DAY;
/// Message ids in one confirmation.
pub const MAX_CONFIRM_IDS: usize = 10_000;

/// Time between two sweeps. A time of the wall clock, which may jump, counts for erasing only when
/// two sweeps agree that lie this far apart on the monotonic clock (protocol §7).
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The configurable limits. `Default` is protocol §1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Ratchet suites that may be used, to send and to read (protocol §5).
    pub suites: Vec<Suite>,
    /// Whether messages need an accepted contact (spec 1.5.x).
    pub contacts: ContactPolicy,
    /// Age at which the own signed prekey is replaced (spec 2.3).
    pub prekey_rotation: Duration,
    /// How long expired or superseded sessions and expired own prekeys are kept (spec 3.4).
    pub erase_after: Duration,
    /// How long a device may be omitted from its identity's bundles before it is stale (spec 4.3).
    pub stale_after: Duration,
    /// Active devices of one identity (spec 4.1, 4.2).
    pub max_devices: usize,
    /// Devices recorded per identity.
    pub max_known_devices: usize,
    /// Skipped keys allowed in one step of one chain, and chain steps for one message.
    pub skip: SkipLimits,
    /// Running time after which the key of a message that was read and not confirmed is dropped.
    pub unconfirmed_keys: Duration,
    /// Message keys kept per session: those skipped and those of messages that were read and not
    /// confirmed (spec, out-of-order note).
    pub max_message_keys: u32,
    /// Sessions kept per device.
    pub max_sessions_per_device: usize,
    /// Sessions kept per identity.
    pub max_sessions_per_identity: usize,
    /// First messages recorded per identity and own prekey; beyond it new sessions are refused.
    pub max_first_messages: u32,
    /// Span in which replies to one device and to one identity are counted.
    pub reply_span: Duration,
    /// Replies to one identity in that span; a single device gets one.
    pub max_replies_per_identity: usize,
    /// Messages after which an unanswered initiator starts a new session of suite x25519.
    pub unanswered_messages: u64,
    /// Age after which an unanswered initiator starts a new session of suite x25519.
    pub unanswered_age: Duration,
    /// The limits of groups.
    pub groups: GroupLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            suites: Suite::ALL.to_vec(),
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
            groups: GroupLimits::default(),
        }
    }
}

impl Config {
    /// Whether `suite` may be used.
    #[must_use]
    pub fn allows(&self, suite: Suite) -> bool {
        self.suites.contains(&suite)
    }

    /// Whether suite x25519-mlkem768 may be used (protocol §13).
    #[must_use]
    pub fn allows_post_quantum(&self) -> bool {
        self.allows(Suite::X25519MlKem768)
    }

    /// Whether nothing may be written below suite x25519-mlkem768.
    #[must_use]
    pub fn requires_post_quantum(&self) -> bool {
        self.suites.iter().all(|suite| suite.is_post_quantum())
    }
}
