//! The closed sets of the interface: each value has a stable name, and a program may rely on there
//! being no other. Those that are also the engine's are taken from there.

use engine::closed_sets;
pub use engine::model::{
    ContactMark, ContactPolicy, ContactState, GroupChangeKind, GroupKeyDue, GroupKeyRefused,
    GroupKeyState, GroupOutcome, GroupRefusal, GroupStanding, IgnoredReason, InstallationState,
    KemPreKeyState, KemState, KeyDropped, Mode, NotPostQuantum, PostQuantumState, Reason, Role,
    RollbackKind, SkipReason, TopicKind, WarningKind,
};

closed_sets! {
    /// How a session is set up, and the curve of its ratchet.
    Suite {
        /// X3DH with ML-KEM-768, and a ratchet on Curve25519: post-quantum. Used between devices of
        /// ratchetd that have each other's KEM prekeys.
        X25519MlKem768 = "x25519-mlkem768",
        /// X3DH, and a ratchet on Curve25519. Used between devices of ratchetd.
        X25519 = "x25519",
        /// X3DH, and a ratchet on secp256k1. Used with devices of status-go.
        Secp256k1 = "secp256k1",
    }

    /// What became of a received message.
    Outcome {
        /// The message was read.
        Decrypted = "decrypted",
        /// The message is public: it was not encrypted.
        Public = "public",
        /// The message was read, and says how its sender stands to us as a contact, without a text:
        /// see `contact`.
        Contact = "contact",
        /// The message is an advertisement, a bundle alone: there is nothing to show.
        Bundle = "bundle",
        /// The message brought keys of a group, and has nothing to show: see `groupKeys`.
        GroupKey = "group_key",
        /// The message is one of this device's own that came back.
        Own = "own",
        /// The message is for other devices.
        NotTargeted = "not_targeted",
        /// The message is for this device and cannot be read.
        Undecryptable = "undecryptable",
        /// The envelope that the message came in did not open, or nobody signed it.
        Unopened = "unopened",
    }

    /// What to do about a message that was not read.
    NextAction {
        /// Send the `reply` to the sender.
        SendReply = "send_reply",
        /// Do nothing: forget the message.
        Drop = "drop",
        /// Do nothing yet: it mends itself.
        Wait = "wait",
        /// Start over: call `session_reset`, and write to the sender.
        Rekey = "rekey",
    }

    /// What to do about a message that was explained.
    NextStep {
        /// Give the message to `message_decrypt`: it opens.
        Decrypt = "decrypt",
        /// Give the message to `message_decrypt`, and send the `reply` to the sender.
        SendReply = "send_reply",
        /// Do nothing: forget the message.
        Drop = "drop",
        /// Do nothing yet: it mends itself.
        Wait = "wait",
        /// Start over: call `session_reset`, and write to the sender.
        Rekey = "rekey",
    }

    /// Whether a session was answered.
    SessionState {
        /// The other end has not answered yet.
        Unconfirmed = "unconfirmed",
        /// Each end has read something of the other.
        Established = "established",
    }

    /// What a session is used for.
    Standing {
        /// It is used for sending and receiving.
        Active = "active",
        /// It is used for receiving only: another session has its place.
        Superseded = "superseded",
        /// It is used for receiving what is late, until it is erased.
        Expired = "expired",
    }

    /// Whether the daemon works.
    HealthStatus {
        /// The daemon works.
        Ok = "ok",
        /// The daemon does not work: `reason` says what fails.
        Failing = "failing",
    }

    /// For whom a message is.
    Addressed {
        /// It has an entry for this device.
        ThisDevice = "this_device",
        /// It is for any device of this identity, by DH.
        AnyDevice = "any_device",
        /// It is for a whole group, under its key or with keys of it.
        Group = "group",
        /// It is public, for everyone.
        Everyone = "everyone",
        /// It is for other devices or identities.
        OtherDevices = "other_devices",
        /// It has no content, only bundles.
        Nobody = "nobody",
    }

    /// What is known of a signed prekey.
    PreKeyState {
        /// It is ours, and in the present bundle.
        Current = "current",
        /// It is ours, was replaced and is not erased yet.
        Replaced = "replaced",
        /// It is not ours, or was erased.
        NotOurs = "not_ours",
    }

    /// Where the key of a message is.
    MessageKeyState {
        /// The key is kept until the message is confirmed.
        Read = "read",
        /// The key is kept since a later message of its chain was read.
        Skipped = "skipped",
        /// The key was used or dropped.
        Gone = "gone",
        /// The key comes after those of messages that have not arrived.
        Ahead = "ahead",
        /// The message begins a new chain: its key is known once it opens.
        NewChain = "new_chain",
    }

    /// Who may do what in a group: fixed by its id.
    GroupRules {
        /// Admins alone invite, rename, and remove others: the specification's rules.
        Admins = "admins",
        /// Everybody in the group may invite, and rename it: the rules of status-go.
        Members = "members",
    }

    /// How a message to a group is encrypted.
    GroupMode {
        /// Once, under the group's key, for all of its members.
        Key = "key",
    }
}
