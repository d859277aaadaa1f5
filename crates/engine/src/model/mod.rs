//! What things are: the records a store keeps, the outcomes of calls, events, accounts, time, limits and errors.

pub(crate) mod account;
pub(crate) mod config;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod gap;
pub(crate) mod outcome;
pub(crate) mod past_receiving_chains;
pub(crate) mod records;
pub(crate) mod time;
pub(crate) mod trouble;

pub use self::account::{Account, AccountName, AccountNameError, MAX_ACCOUNT_NAME_CHARS};
pub use self::config::{
    Config, DISCOVERIES_SPAN, MAX_BUNDLES_LOOKED_AT, MAX_BUNDLES_PER_MESSAGE, MAX_CONFIRM_IDS,
    MAX_DISCOVERIES_TOLD, MAX_PAYLOAD_BYTES, MAX_RECIPIENTS, MAX_REQUEST_ID_CHARS, MAX_SENT_BYTES,
    MAX_SESSION_TRIALS, MAX_UNANSWERED_GAPS, MAX_UNANSWERED_KEYS, MAX_UNANSWERED_KEYS_PER_IDENTITY,
    MAX_WIRE_BYTES, PLACES_PER_KEY, REQUEST_ID_LIFETIME,
};
pub use self::error::{BundleImportError, PairingError, ReceiveError, SendError, WireError};
pub use self::event::{DeviceName, Event, EventKind, KeyDropped, SessionName};
pub use self::gap::{Gap, MESSAGE_KEY_BYTES};
pub use self::outcome::{
    Envelope, ImportedBundle, ImportedEntry, ImportedPreKey, InspectedBundle, InspectedEntry,
    InspectedMessage, InspectedRatchetHeader, InspectedTarget, InstallationState, InstallationView,
    Mode, Outcome, PublishedBundle, Reason, Received, Sent, SkipReason, Skipped, Target, Warning,
    WarningKind,
};
pub use self::past_receiving_chains::{MAX_RETIRED_CHAINS, RETIRED_TAG_BYTES, RetiredChains};
pub use self::records::{
    Counts, Device, DeviceMetadata, DevicePreKey, Discoveries, Handshake, ListedPreKey, OwnBundle,
    OwnPreKey, OwnRatchetPreKey, Pairing, Peer, Role, Session, SessionStart, Standing, StoredKey,
    StoredReply, Timekeeping,
};
pub use self::time::{Env, RunningTime, UnixMillis};
pub use self::trouble::Trouble;
