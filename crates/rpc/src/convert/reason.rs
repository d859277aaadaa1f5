//! Why a message was not read: the closed list of the interface, each with what to do about it.

use engine::Reason;

/// A reason's name, what it means to a person, and what to do.
pub(super) struct Explained {
    pub(super) name: &'static str,
    pub(super) hint: &'static str,
    pub(super) next_action: &'static str,
}

pub(super) const fn explain(reason: Reason) -> Explained {
    let (name, hint, next_action) = match reason {
        Reason::OtherInstallation => (
            "other_installation",
            "the sender does not know this device yet: send the reply, and its next message will include it",
            "send_reply",
        ),
        Reason::NotPaired => (
            "not_paired",
            "another device of this identity does not include this one: send the reply, and enable this device there",
            "send_reply",
        ),
        Reason::SessionNotFound => (
            "session_not_found",
            "this device does not have the session (its state was lost, or the session was erased): send the reply, and the sender starts a new one",
            "send_reply",
        ),
        Reason::PreKeyNotFound => (
            "prekey_not_found",
            "the message was made for a prekey this device no longer has: send the reply, and the sender gets the present one",
            "send_reply",
        ),
        Reason::AuthenticationFailed => (
            "authentication_failed",
            "the bytes were changed on the way, or are not from the sender they are said to be from: drop them",
            "drop",
        ),
        Reason::MessageKeyGone => (
            "message_key_gone",
            "the message was read and confirmed before, or is so old that its key was dropped: nothing can read it again",
            "drop",
        ),
        Reason::TooManySkipped => (
            "too_many_skipped",
            "more than 1000 messages before this one are missing: deliver those first, or ask the sender to start a new session",
            "rekey",
        ),
        Reason::TooManySessions => (
            "too_many_sessions",
            "the sender started more sessions on one prekey than are allowed: wait for the next rotation, within 24 hours",
            "wait",
        ),
        Reason::Malformed => (
            "malformed",
            "the message is not of the protocol's form, or of a kind that is not handled, such as group keys: drop it",
            "drop",
        ),
        Reason::SuiteForbidden => (
            "suite_forbidden",
            "the message uses a suite that ratchet.suites forbids: allow it, or ask the sender to update",
            "drop",
        ),
        Reason::Declined => (
            "declined",
            "the sender's contact request was declined",
            "drop",
        ),
    };
    Explained {
        name,
        hint,
        next_action,
    }
}
