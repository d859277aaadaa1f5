//! The closed sets: what a message, a device or a contact can be, each value written once.
//!
//! A program may rely on there being no other value. The name of a value is what stands in JSON,
//! its sentence what the documents say of it, and its code, of those that are stored, what the
//! database and the answers kept for retries hold.

/// Defines closed sets: for each an enum with `ALL`, `name` and `about`, its form in JSON and in a
/// JSON schema, and for one whose values have codes (`Value = "value" [1]`) `code` and `from_code`.
///
/// Needs the packages `serde` and `schemars` where it is used.
#[macro_export]
macro_rules! closed_sets {
    ($(
        $(#[$doc:meta])+
        $set:ident { $($(#[doc = $about:literal])+ $value:ident = $name:literal $([$code:literal])?,)+ }
    )+) => {$(
        $(#[$doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $set {
            $($(#[doc = $about])+ #[serde(rename = $name)] $value,)+
        }

        impl $set {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$value,)+];

            /// As it stands in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$value => concat!($($about),+).trim_ascii(),)+
                }
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        $crate::closed_sets!(@codes $set $($value $([$code])?)+);
    )+};
    (@codes $set:ident $($value:ident [$code:literal])+) => {
        impl $set {
            /// As a store keeps it.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$value => $code,)+
                }
            }

            /// The value that a store keeps as `code`, if there is one.
            #[must_use]
            pub fn from_code<C: Into<i64>>(code: C) -> Option<Self> {
                let code = code.into();
                Self::ALL.iter().copied().find(|value| i64::from(value.code()) == code)
            }
        }
    };
    (@codes $set:ident $($value:ident)+) => {};
}

closed_sets! {
    /// How a copy of a message is encrypted.
    Mode {
        /// It sets up a session by X3DH, and goes on it.
        X3dh = "x3dh" [1],
        /// It goes on a session that the recipient has answered.
        Ratchet = "ratchet" [2],
        /// It is encrypted to the identity key, without forward secrecy, for any device of the
        /// identity that has no copy of its own: none is known, or, in suite secp256k1, the one
        /// session that may be begun on the device's present prekey is not to be used any more.
        Dh = "dh" [3],
        /// It is public: not encrypted at all.
        Public = "public" [4],
        /// It is encrypted with a key that a whole group shares, once for all its members.
        Group = "group" [5],
    }

    /// Why a device got no copy.
    SkipReason {
        /// Nothing was heard of it for a week.
        Stale = "stale" [1],
        /// As many other devices of its identity as are written to were active more recently.
        OverLimit = "over_limit" [2],
        /// It is one of our own devices, and not enabled yet.
        Pending = "pending" [3],
        /// The user disabled it.
        Disabled = "disabled" [4],
        /// The configuration (`ratchet.suites`) allows no suite that would reach it.
        SuiteForbidden = "suite_forbidden" [5],
        /// Its prekey is not known.
        NoPreKey = "no_prekey" [6],
        /// It has KEM prekeys and none is here that serves, and nothing may be written to it below
        /// suite x25519-mlkem768; or it can be reached by DH alone, which such a device of the same
        /// identity would read.
        KemKeyMissing = "kem_key_missing" [7],
    }

    /// Why a copy is not post-quantum.
    NotPostQuantum {
        /// The device is not known to have KEM prekeys.
        NotOffered = "not_offered" [1],
        /// The device has KEM prekeys, and none is here that serves.
        KeyMissing = "key_missing" [2],
        /// The configuration (`ratchet.suites`) leaves out suite x25519-mlkem768.
        Forbidden = "forbidden" [3],
    }

    /// Whether a device takes part in suite x25519-mlkem768.
    PostQuantumState {
        /// It is not known to have KEM prekeys.
        None = "none",
        /// It has KEM prekeys.
        Offered = "offered",
        /// A message of a session of this suite was read from it: nothing is written to it below
        /// any more.
        Required = "required",
    }

    /// What is held of a device's KEM prekeys.
    KemState {
        /// One that serves, and is not older than a week.
        Held = "held",
        /// One that serves, and is to be replaced by a newer one.
        Aged = "aged",
        /// None that serves, though the device has KEM prekeys.
        Missing = "missing",
        /// The device is not known to have KEM prekeys.
        None = "none",
    }

    /// Which KEM prekey of this device a message names.
    KemPreKeyState {
        /// The one that was current when the signed prekey was made.
        Current = "current",
        /// The one before that.
        Before = "before",
        /// None that is kept with the signed prekey.
        NotOurs = "not_ours",
    }

    /// Why a message was not read.
    Reason {
        /// The message is for other devices: the sender does not know this one.
        OtherInstallation = "other_installation",
        /// The message is from another device of ours, which has not enabled this one.
        NotPaired = "not_paired",
        /// The session of the message is not here: it was erased, or lost with a store.
        SessionNotFound = "session_not_found",
        /// The prekey that the message was encrypted with is not here: it was erased, or is another
        /// device's.
        PreKeyNotFound = "prekey_not_found",
        /// The message was changed, or somebody else sent it.
        AuthenticationFailed = "authentication_failed",
        /// The message was read before, and `message_confirm` has said that its text is stored.
        AlreadyRead = "already_read",
        /// The key of the message is gone: it is too old, or was read without a confirmation that
        /// its text arrived.
        MessageKeyGone = "message_key_gone",
        /// More than 1000 messages before it are missing.
        TooManySkipped = "too_many_skipped",
        /// The sender began more than 1000 sessions on one prekey.
        TooManySessions = "too_many_sessions",
        /// The message does not have the form that the protocol asks for.
        Malformed = "malformed",
        /// The configuration (`ratchet.suites`) forbids the suite of the message.
        SuiteForbidden = "suite_forbidden",
        /// The sender's contact request was declined.
        Declined = "declined",
        /// The sender is not in the group that the message is for.
        NotMember = "not_member",
        /// The group key that the message is encrypted under is not here yet.
        GroupKeyMissing = "group_key_missing",
        /// The signature of the message's envelope is not one of any key.
        BadSignature = "bad_signature",
        /// Nobody signed the envelope that the message came in.
        UnauthenticatedSender = "unauthenticated_sender",
        /// Keys that may open the message's envelope are not derived yet.
        KeysPending = "keys_pending",
    }

    /// What was odd about a bundle or a sender.
    WarningKind {
        /// The bundle is damaged, or not signed by its identity.
        InvalidBundle = "invalid_bundle",
        /// The bundle is not the sender's, but another identity's.
        ForeignBundle = "foreign_bundle",
        /// The message has more bundles than are read: the others were left out.
        TooManyBundles = "too_many_bundles",
        /// An entry of the bundle is not well formed, and was left out.
        InvalidEntry = "invalid_entry",
        /// An entry lacks the ratchet prekey that its device is known to have.
        MissingExtension = "missing_extension",
        /// The version of an entry is far too high to be believed: the device is sent to as before,
        /// or left out if it was unknown. After `session_reset` the next version of a known device
        /// is believed.
        VersionJump = "version_jump",
        /// A device was set up again or restored: its bundle lists a lower version than the known
        /// one, and is believed.
        VersionWentBack = "version_went_back",
        /// A bundle lists a lower version of a device than the known one, and is not believed: the
        /// device is sent to as before. A message of that device itself, or `session_reset`,
        /// settles it.
        VersionNotBelieved = "version_not_believed",
        /// Another device publishes under this device's id.
        ClonedInstallation = "cloned_installation",
        /// The identity has more devices than are remembered: the others were left out.
        TooManyDevices = "too_many_devices",
        /// The sender's installation id is not of the form of one.
        InvalidInstallation = "invalid_installation",
        /// A KEM prekey beside the bundle is damaged or not signed by its identity, or there are
        /// more than 4: it was left out.
        InvalidKemPreKey = "invalid_kem_prekey",
        /// The message was read on a session below suite x25519-mlkem768, from a device to which
        /// nothing is written below it.
        BelowPostQuantum = "below_post_quantum",
    }

    /// Whether messages are encrypted for a device, and why not.
    InstallationState {
        /// Messages are encrypted for it.
        Active = "active",
        /// It is one of our own devices, and not enabled yet.
        Pending = "pending",
        /// The user disabled it.
        Disabled = "disabled",
        /// Nothing was heard of it for a week.
        Stale = "stale",
        /// As many other devices of its identity as are written to were active more recently.
        OverLimit = "over_limit",
    }

    /// What the user decided about a device (spec 4.1).
    Pairing {
        /// It is one of our own devices, and the user has not decided yet.
        Pending = "pending" [0],
        /// It is enabled: by the user for our own devices, from the start for others.
        Enabled = "enabled" [1],
        /// The user disabled it.
        Disabled = "disabled" [2],
    }

    /// Who began a session.
    Role {
        /// This device began it.
        Initiator = "initiator" [0],
        /// The other device began it.
        Responder = "responder" [1],
    }

    /// The state of a contact.
    ContactState {
        /// Neither side has asked the other.
        None = "none" [0],
        /// We have asked.
        RequestSent = "request_sent" [1],
        /// They have asked.
        RequestReceived = "request_received" [2],
        /// Both sides have agreed to be contacts.
        Accepted = "accepted" [3],
        /// We declined.
        Declined = "declined" [4],
    }

    /// Whom messages may be sent to. Those of a declined contact are read under neither.
    ContactPolicy {
        /// Everybody.
        Open = "open",
        /// Only contacts that were accepted.
        Request = "request",
    }

    /// What a message means to a contact, as it says itself.
    ContactMark {
        /// The sender asks to become a contact.
        Request = "request" [1],
        /// The sender accepts the recipient as a contact.
        Accept = "accept" [2],
        /// The sender declines the recipient as a contact.
        Decline = "decline" [3],
    }

    /// What a topic is listened to for.
    TopicKind {
        /// The contact codes that our identity publishes, its other devices among them.
        ContactCode = "contact_code",
        /// Messages of those who have not agreed on another topic with us, shared with every 5000th
        /// identity.
        Partitioned = "partitioned",
        /// What status-go sends to this identity alone.
        Personal = "personal",
        /// Messages of one other identity, or of devices of status-go of our own.
        Negotiated = "negotiated",
    }

    /// Why a store was not trusted to be the newest state of its account.
    RollbackKind {
        /// The store was newer before: a backup or a snapshot was put back.
        Older = "older" [1],
        /// The store is a copy in another place: the original may still be in use.
        Elsewhere = "elsewhere" [2],
        /// The file that belongs beside the store's database is missing.
        Unmarked = "unmarked" [3],
    }

    /// What became of a group key in a message.
    GroupKeyState {
        /// The key is kept, and messages under it can be read.
        Accepted = "accepted",
        /// The key was here already.
        Known = "known",
        /// The key was not taken.
        Refused = "refused",
    }

    /// Why a group key was not taken.
    GroupKeyRefused {
        /// It does not have 32 bytes, or its group or time is not one that a key may have.
        Malformed = "malformed",
        /// The group is not known here, and nobody was named who may set its keys.
        GroupUnknown = "group_unknown",
        /// Nothing proves who set the key, and for which group.
        Unauthenticated = "unauthenticated",
        /// Who set the key may not set keys of the group.
        NotEntitled = "not_entitled",
        /// It is older than 32 keys that are kept, or not newer than one that was erased.
        TooOld = "too_old",
    }

    /// Why another group key should be made.
    GroupKeyDue {
        /// Somebody who has the key, or may have it, is gone from the group.
        Removal = "removal" [1],
        /// As many messages were written under the key as may be.
        Spent = "spent" [2],
        /// The key is older than a week.
        Age = "age" [3],
    }

    /// What we are in a group.
    GroupStanding {
        /// Invited, admin or not, and not accepted yet.
        Invited = "invited",
        /// In the group.
        Member = "member",
        /// In the group, and an admin.
        Admin = "admin",
        /// We left, or declined the invitation.
        Left = "left",
        /// Somebody removed us.
        Removed = "removed",
    }

    /// What the update of a group did.
    GroupOutcome {
        /// The group is new.
        Created = "created",
        /// The log of the group is another than before.
        Changed = "changed",
        /// All of it was known.
        Unchanged = "unchanged",
        /// It was refused, and nothing of it is kept.
        Refused = "refused",
    }

    /// Why the update of a group was refused.
    GroupRefusal {
        /// It is no update, or the id of its group is of no form that is known.
        Malformed = "malformed",
        /// It has no valid creation of the group.
        NotCreated = "not_created",
        /// We are not in this new group now, or its sender is in the group neither before nor
        /// after.
        NotMember = "not_member",
        /// The group was forgotten, and we were not invited since.
        Forgotten = "forgotten",
        /// The log of the group would be too large.
        LogFull = "log_full",
        /// The account has too many groups.
        TooManyGroups = "too_many_groups",
    }

    /// Why events of an update do not count.
    IgnoredReason {
        /// They have not the form of an event.
        Malformed = "malformed",
        /// Their signature is none that a key can have made.
        BadSignature = "bad_signature",
        /// They are of a type that is not known here.
        UnknownType = "unknown_type",
        /// They are dated too far ahead of our clock, and count when they come again in time.
        Future = "future",
        /// Who signed them was not allowed to, or they change nothing that is there.
        NotEntitled = "not_entitled",
    }

    /// What has changed in a group.
    GroupChangeKind {
        /// Somebody was invited.
        Invited = "invited" [1],
        /// Somebody accepted the invitation.
        Accepted = "accepted" [2],
        /// Somebody became an admin.
        Promoted = "promoted" [3],
        /// An admin is none any more, and still in the group.
        Resigned = "resigned" [4],
        /// Somebody left, or declined the invitation.
        Left = "left" [5],
        /// Somebody was removed.
        Removed = "removed" [6],
        /// The group has another name.
        Renamed = "renamed" [7],
        /// The group has another colour.
        Recolored = "recolored" [8],
        /// The group has another image.
        Pictured = "pictured" [9],
    }

    /// Why the key of a message was dropped.
    KeyDropped {
        /// There were too many keys to keep.
        Limit = "limit" [1],
        /// The message was read and not confirmed for a day.
        Unconfirmed = "unconfirmed" [2],
        /// The session of the message was erased.
        SessionErased = "session_erased" [3],
    }
}
