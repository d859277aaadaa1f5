//! The data types: records of a store, results of calls, events, accounts, time, limits and errors.

mod account;
mod chat_key;
mod closed_sets;
mod config;
mod confirmed;
mod contact;
mod error;
mod event;
mod gap;
mod group;
mod group_keys;
mod kem;
mod link;
mod membership;
mod negotiated;
pub(crate) mod outcome;
mod past_keys;
mod records;
mod session;
mod tags;
pub(crate) mod time;
mod trouble;

pub(crate) use self::group_keys::Membership;
pub use self::{
    account::{Account, AccountName, AccountNameError, MAX_ACCOUNT_NAME_CHARS},
    chat_key::ChatKey,
    closed_sets::{
        ContactMark, ContactPolicy, ContactState, GroupChangeKind, GroupKeyDue, GroupKeyRefused,
        GroupKeyState, GroupOutcome, GroupRefusal, GroupStanding, IgnoredReason, InstallationState,
        KemPreKeyState, KemState, KeyDropped, Mode, NotPostQuantum, Pairing, PostQuantumState,
        Reason, Role, RollbackKind, SkipReason, TopicKind, WarningKind,
    },
    config::{
        Config, DISCOVERIES_SPAN, MAX_BUNDLES_LOOKED_AT, MAX_BUNDLES_PER_MESSAGE, MAX_CONFIRM_IDS,
        MAX_DISCOVERIES_TOLD, MAX_PAYLOAD_BYTES, MAX_RECIPIENTS, MAX_REQUEST_ID_CHARS,
        MAX_SENT_BYTES, MAX_SESSION_TRIALS, MAX_UNANSWERED_GAPS, MAX_UNANSWERED_KEYS,
        MAX_UNANSWERED_KEYS_PER_IDENTITY, MAX_WIRE_BYTES, PLACES_PER_KEY, REQUEST_ID_LIFETIME,
        SWEEP_INTERVAL,
    },
    confirmed::{ConfirmedMessages, ReadTag},
    contact::{Contact, Decision},
    error::{
        BundleImportError, LinkError, PairingError, ReceiveError, SendError, StoreError, WireError,
    },
    event::{DeviceName, Event, EventKind, SessionName},
    gap::{Gap, MESSAGE_KEY_BYTES},
    group::{
        ForgottenGroup, GROUP_SIGNATURE_BYTES, GroupEntry, GroupId, GroupKey, GroupMessage,
        GroupRecord, MAX_GROUP_ID_BYTES,
    },
    group_keys::{
        GROUP_KEY_AGE, GroupKeyError, GroupKeyRule, GroupKeyView, GroupSent, JudgedGroupKey,
        MAX_GROUP_SETTERS, MAX_GROUPS_WITH_KEYS, MAX_KEYS_PER_GROUP, MAX_READ_PER_GROUP_KEY,
        SharedGroupKey, UsedGroupKey,
    },
    kem::{
        DeviceKem, HeldKemPreKey, KemDelivery, KemHandshake, MAX_KEM_PREKEYS_PER_BUNDLE,
        OwnKemPreKey,
    },
    link::{
        GivenLink, LinkContents, LinkedContact, MAX_LINK_BYTES, MAX_LINK_NAME_BYTES,
        MAX_LINK_QR_BYTES,
    },
    membership::{
        Applied, GoneMember, GroupAct, GroupChange, GroupError, GroupLimit, GroupLimits,
        GroupMember, GroupRule, GroupView, MAX_FORGOTTEN_GROUPS, MAX_GROUP_COLOR_BYTES,
        MAX_GROUP_EVENT_BYTES, MAX_GROUP_IMAGE_BYTES, MAX_GROUP_NAME_BYTES, MAX_MADE_UPDATE_BYTES,
        MAX_NAMED_MEMBERS, MAX_UPDATE_BYTES,
    },
    negotiated::{Correspondent, MAX_NEGOTIATED_KEYS, NegotiatedTopic},
    outcome::{
        AddressedMessage, CopyOf, ImportedBundle, ImportedEntry, ImportedPreKey, InspectedBundle,
        InspectedEntry, InspectedGroupHeader, InspectedKemPreKey, InspectedMessage,
        InspectedRatchetHeader, InspectedTarget, InspectedX3dhHeader, InstallationView, Outcome,
        PublishedBundle, Received, Seal, SealedEnvelope, Sent, Skipped, Target, Warning,
    },
    past_keys::PastKeys,
    records::{
        Counts, Device, DeviceMetadata, DevicePreKey, Discoveries, ListedPreKey, OwnBundle,
        OwnPreKey, OwnRatchetPreKey, Peer, StoredAnswer, SweepDates, Timekeeping,
    },
    session::{Handshake, Session, SessionStart, Standing, StoredKey},
    time::{Env, RunningTime, UnixMillis},
    trouble::Trouble,
};
