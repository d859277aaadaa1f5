//! The closed lists: each value has a stable name, and a program may rely on there being no other.

/// Defines closed lists.
macro_rules! closed {
    ($(
        $(#[$doc:meta])+
        $list:ident { $($(#[doc = $about:literal])+ $value:ident = $name:literal,)+ }
    )+) => {$(
        $(#[$doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $list {
            $($(#[doc = $about])+ #[serde(rename = $name)] $value,)+
        }

        impl $list {
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

        impl std::fmt::Display for $list {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    )+};
}

pub(crate) use closed;

closed! {
    /// How a copy of a message is encrypted.
    Mode {
        /// It sets up a session.
        X3dh = "x3dh",
        /// On a session that the recipient has answered.
        Ratchet = "ratchet",
        /// To the identity key, without forward secrecy, for any device that has no copy of its
        /// own: no device is known, or, in suite secp256k1, the one session of the device's present
        /// prekey is not to be used.
        Dh = "dh",
        /// Not at all.
        Public = "public",
    }

    /// The curve of a session's ratchet.
    Suite {
        /// Curve25519, between devices of ratchetd.
        X25519 = "x25519",
        /// secp256k1, with status-go.
        Secp256k1 = "secp256k1",
    }

    /// Why a device got no copy.
    SkipReason {
        /// Not heard of for a week.
        Stale = "stale",
        /// Others of its identity were active more recently.
        OverLimit = "over_limit",
        /// Of our own, and not enabled yet.
        Pending = "pending",
        /// Disabled by hand.
        Disabled = "disabled",
        /// `ratchet.suites` allows none that would reach it.
        SuiteForbidden = "suite_forbidden",
        /// Its prekey is not known.
        NoPreKey = "no_prekey",
    }

    /// What became of a received message.
    Outcome {
        /// It was read.
        Decrypted = "decrypted",
        /// It was not encrypted.
        Public = "public",
        /// An advertisement: there is nothing to show.
        Bundle = "bundle",
        /// One of our own that came back.
        Own = "own",
        /// It is for other devices.
        NotTargeted = "not_targeted",
        /// It is for this device and cannot be read.
        Undecryptable = "undecryptable",
        /// The envelope that it came in did not open, or nobody signed it.
        Unopened = "unopened",
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
        /// It was read and confirmed before, or is too old.
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

    /// What to do about a message that was not read.
    NextAction {
        /// Send the `reply` to the sender.
        SendReply = "send_reply",
        /// Nothing: forget it.
        Drop = "drop",
        /// Nothing yet: it mends itself.
        Wait = "wait",
        /// Start over: `session_reset`, and write.
        Rekey = "rekey",
    }

    /// What to do about a message that was explained.
    NextStep {
        /// Give it to `message_decrypt`: it opens.
        Decrypt = "decrypt",
        /// Give it to `message_decrypt` and send the `reply` to the sender.
        SendReply = "send_reply",
        /// Nothing: forget it.
        Drop = "drop",
        /// Nothing yet: it mends itself.
        Wait = "wait",
        /// Start over: `session_reset`, and write.
        Rekey = "rekey",
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

    /// Who began a session.
    Role {
        /// This device.
        Initiator = "initiator",
        /// The other one.
        Responder = "responder",
    }

    /// Whether a session was answered.
    SessionState {
        /// Not yet.
        Unconfirmed = "unconfirmed",
        /// Each end has read something of the other.
        Established = "established",
    }

    /// What a session is used for.
    Standing {
        /// Sending and receiving.
        Active = "active",
        /// Receiving: another has its place.
        Superseded = "superseded",
        /// Receiving what is late, until it is erased.
        Expired = "expired",
    }

    /// How we stand to a contact.
    ContactState {
        /// Nothing was asked.
        None = "none",
        /// We have asked.
        RequestSent = "request_sent",
        /// They have asked.
        RequestReceived = "request_received",
        /// Asked and answered.
        Accepted = "accepted",
        /// Turned away.
        Declined = "declined",
    }

    /// What a message says that it is to a contact.
    ContactMark {
        /// It asks to become one.
        Request = "request",
        /// It accepts its recipient.
        Accept = "accept",
        /// It declines its recipient.
        Decline = "decline",
    }

    /// Whether the daemon works.
    HealthStatus {
        /// It does.
        Ok = "ok",
        /// `reason` says what does not.
        Failing = "failing",
    }

    /// For whom a message is.
    Addressed {
        /// For this device.
        ThisDevice = "this_device",
        /// For any device of this identity: DH.
        AnyDevice = "any_device",
        /// For everyone: it is public.
        Everyone = "everyone",
        /// For others.
        OtherDevices = "other_devices",
        /// It has no content.
        Nobody = "nobody",
    }

    /// What is known of a signed prekey.
    PreKeyState {
        /// Ours, in the present bundle.
        Current = "current",
        /// Ours, replaced and not erased yet.
        Replaced = "replaced",
        /// The other side's, or erased.
        NotOurs = "not_ours",
    }

    /// Where the key of a message is.
    MessageKeyState {
        /// Kept until the message is confirmed.
        Read = "read",
        /// Kept since a later message was read.
        Skipped = "skipped",
        /// Used or dropped.
        Gone = "gone",
        /// Reached over messages that have not come.
        Ahead = "ahead",
        /// Known once the message opens.
        NewChain = "new_chain",
    }

    /// Why a store was not trusted to be the newest state of its account.
    Displaced {
        /// It was newer before.
        Older = "older",
        /// It is a copy in another place.
        Elsewhere = "elsewhere",
        /// Its mark is missing.
        Unmarked = "unmarked",
    }

    /// Why the key of a message was dropped.
    KeyDropped {
        /// There were too many.
        Limit = "limit",
        /// The message was read and not confirmed for a day.
        Unconfirmed = "unconfirmed",
        /// Its session was erased.
        SessionErased = "session_erased",
    }
}
