//! The closed sets of the interface: each value has a stable name, and a program may rely on there
//! being no other. Those that are also the engine's are taken from there.

use engine::closed_sets;
pub use engine::model::{
    ContactMark, ContactPolicy, ContactState, InstallationState, KeyDropped, Mode, Reason, Role,
    RollbackKind, SkipReason, TopicKind, WarningKind,
};

closed_sets! {
    /// The curve of a session's ratchet.
    Suite {
        /// Curve25519, between devices of ratchetd.
        X25519 = "x25519",
        /// secp256k1, with status-go.
        Secp256k1 = "secp256k1",
    }

    /// What became of a received message.
    Outcome {
        /// It was read.
        Decrypted = "decrypted",
        /// It was not encrypted.
        Public = "public",
        /// It was read, and says how its sender stands to us as a contact, without a text: see
        /// `contact`.
        Contact = "contact",
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
}
