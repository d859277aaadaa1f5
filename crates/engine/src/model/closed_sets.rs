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
        /// It sets up a session.
        X3dh = "x3dh" [1],
        /// On a session that the recipient has answered.
        Ratchet = "ratchet" [2],
        /// To the identity key, without forward secrecy, for any device that has no copy of its
        /// own: no device is known, or, in suite secp256k1, the one session of the device's present
        /// prekey is not to be used.
        Dh = "dh" [3],
        /// Not at all.
        Public = "public" [4],
    }

    /// Why a device got no copy.
    SkipReason {
        /// Not heard of for a week.
        Stale = "stale" [1],
        /// Others of its identity were active more recently.
        OverLimit = "over_limit" [2],
        /// Of our own, and not enabled yet.
        Pending = "pending" [3],
        /// Disabled by hand.
        Disabled = "disabled" [4],
        /// `ratchet.suites` allows none that would reach it.
        SuiteForbidden = "suite_forbidden" [5],
        /// Its prekey is not known.
        NoPreKey = "no_prekey" [6],
    }

    /// Why a message was not read.
    Reason {
        /// It is for other devices: the sender does not know this one.
        OtherInstallation = "other_installation",
        /// It is from another device of ours, which has not enabled this one.
        NotPaired = "not_paired",
        /// Its session is not here: the state was lost, or it was erased.
        SessionNotFound = "session_not_found",
        /// Its prekey is not here: it was erased, or is of another device.
        PreKeyNotFound = "prekey_not_found",
        /// It was changed, or the sender is another.
        AuthenticationFailed = "authentication_failed",
        /// It was read before, and `message_confirm` has said that its text is stored.
        AlreadyRead = "already_read",
        /// Its key is gone: it is too old, or was read and nobody has said that its text arrived.
        MessageKeyGone = "message_key_gone",
        /// More than 1000 messages before it are missing.
        TooManySkipped = "too_many_skipped",
        /// The sender began more than 1000 sessions on one prekey.
        TooManySessions = "too_many_sessions",
        /// It does not have the protocol's form.
        Malformed = "malformed",
        /// `ratchet.suites` forbids its suite.
        SuiteForbidden = "suite_forbidden",
        /// The sender's contact request was declined.
        Declined = "declined",
        /// The signature of its envelope is not one of any key.
        BadSignature = "bad_signature",
        /// Nobody signed the envelope that it came in.
        UnauthenticatedSender = "unauthenticated_sender",
        /// Keys that may open its envelope are not derived yet.
        KeysPending = "keys_pending",
    }

    /// Something odd about a bundle.
    WarningKind {
        /// It is damaged, or not signed by its identity.
        InvalidBundle = "invalid_bundle",
        /// It is another identity's than the sender's.
        ForeignBundle = "foreign_bundle",
        /// The message has more than are read.
        TooManyBundles = "too_many_bundles",
        /// An entry was left out.
        InvalidEntry = "invalid_entry",
        /// An entry has lost the extension that its device has.
        MissingExtension = "missing_extension",
        /// The version of an entry is beyond belief: the device is sent to as before, or not taken
        /// up if it was unknown. `session_reset` believes the next one of a known device.
        VersionJump = "version_jump",
        /// A device was set up again or restored: its bundle lists a lower version than was known,
        /// and is believed.
        VersionWentBack = "version_went_back",
        /// A bundle lists a lower version of a device than is known, and is not believed: the
        /// device is sent to as before. A message of that device itself, or `session_reset`,
        /// settles it.
        VersionNotBelieved = "version_not_believed",
        /// Another device publishes under this device's id.
        ClonedInstallation = "cloned_installation",
        /// More devices of the identity than are remembered.
        TooManyDevices = "too_many_devices",
        /// The sender's installation id is none.
        InvalidInstallation = "invalid_installation",
    }

    /// How a device stands.
    InstallationState {
        /// It is sent to.
        Active = "active",
        /// Of our own, and not enabled yet.
        Pending = "pending",
        /// Disabled by hand.
        Disabled = "disabled",
        /// Not heard of for a week.
        Stale = "stale",
        /// Others of its identity were active more recently.
        OverLimit = "over_limit",
    }

    /// What the user decided about a device (spec 4.1).
    Pairing {
        /// Of our own, and waiting for the user's word.
        Pending = "pending" [0],
        /// Enabled: by hand for our own, from the start for others.
        Enabled = "enabled" [1],
        /// Disabled by hand.
        Disabled = "disabled" [2],
    }

    /// Who began a session.
    Role {
        /// This device.
        Initiator = "initiator" [0],
        /// The other one.
        Responder = "responder" [1],
    }

    /// How we stand to a contact.
    ContactState {
        /// Nothing was asked.
        None = "none" [0],
        /// We have asked.
        RequestSent = "request_sent" [1],
        /// They have asked.
        RequestReceived = "request_received" [2],
        /// Asked and answered.
        Accepted = "accepted" [3],
        /// Turned away.
        Declined = "declined" [4],
    }

    /// Whom messages may be sent to. Those of a declined contact are read under neither.
    ContactPolicy {
        /// Everybody.
        Open = "open",
        /// Only contacts that were accepted.
        Request = "request",
    }

    /// What a message says that it is to a contact.
    ContactMark {
        /// It asks to become one.
        Request = "request" [1],
        /// It accepts its recipient.
        Accept = "accept" [2],
        /// It declines its recipient.
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
        /// It was newer before.
        Older = "older" [1],
        /// It is a copy in another place.
        Elsewhere = "elsewhere" [2],
        /// The file beside its database is missing.
        Unmarked = "unmarked" [3],
    }

    /// Why the key of a message was dropped.
    KeyDropped {
        /// There were too many.
        Limit = "limit" [1],
        /// The message was read and not confirmed for a day.
        Unconfirmed = "unconfirmed" [2],
        /// Its session was erased.
        SessionErased = "session_erased" [3],
    }
}
