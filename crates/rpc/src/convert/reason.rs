//! Why a message was not read: the closed list of the interface, each with what to do about it.

use crate::types::{NextAction, Reason};

/// What to tell a person about a message that was not read, and a program to do.
pub trait Advice {
    /// What it means to a person, and what to do.
    fn hint(self) -> &'static str;
    /// The same, when the reply that is due is held back: so many were made lately.
    fn hint_without_reply(self) -> &'static str;
    /// The same, if the message belongs to what was lost when the store was put back.
    fn hint_after_put_back(self) -> &'static str;
    /// What to do.
    fn next_action(self) -> NextAction;
}

impl Advice for Reason {
    fn hint(self) -> &'static str {
        match self {
            Self::OtherInstallation => {
                "the sender did not write to this device: send the reply, which tells the sender of it. A sender writes to the three devices of an identity that were active last, and to this one when it is among them"
            }
            Self::NotPaired => {
                "another device of this identity does not include this one: send the reply, and enable this device there"
            }
            Self::SessionNotFound => {
                "this device does not have the session (its state was lost, or the session was erased): send the reply, and the sender starts a new one"
            }
            Self::PreKeyNotFound => {
                "the message was made for a prekey this device no longer has: send the reply, and the sender gets the present one"
            }
            Self::AuthenticationFailed => {
                "the bytes were changed on the way, or are not from the sender they are said to be from: drop them"
            }
            Self::AlreadyRead => {
                "the message was read here before, and `message_confirm` said that its text is stored: drop it without a word"
            }
            Self::MessageKeyGone => {
                "the key is gone: the message is so old that it was dropped, or was read before and nobody said with `message_confirm` that its text arrived: nothing can read it again"
            }
            Self::TooManySkipped => {
                "more than 1000 messages before this one are missing: deliver those first, or call `session_reset` for its sender and write to it, after which it answers on another session; of a message under a group key: its number is past the end of the key, nobody can read it, and `groupKey_create` sets another"
            }
            Self::TooManySessions => {
                "the sender started more sessions on one prekey than are allowed: wait for the next rotation, within 24 hours"
            }
            Self::Malformed => "the message is not of the protocol's form: drop it",
            Self::SuiteForbidden => {
                "the message uses a suite that ratchet.suites forbids: allow it and restart, or ask the sender to allow another or to update"
            }
            Self::Declined => {
                "the sender is a contact that was declined: drop it, or call `contact_accept`, after which it opens"
            }
            Self::NotMember => {
                "the sender is not in the group now: drop it. Read what was written before a removal before you apply the removal"
            }
            Self::GroupKeyMissing => {
                "the key of the group is not here yet: keep the message, and decrypt it again when `group.key_added` names the key; an admin can send it with `groupKey_share`"
            }
            Self::BadSignature => {
                "the envelope says that it is signed, and no key can have made the signature: drop it"
            }
            Self::UnauthenticatedSender => {
                "nobody signed the envelope, so nothing says who sent the message: drop it; `envelope_open` shows what is in it"
            }
            Self::KeysPending => {
                "not every key shared with those you wrote to is derived yet, a few with each such call: decrypt it again in a second, or give the key of its topic as `symKey`"
            }
        }
    }

    fn hint_without_reply(self) -> &'static str {
        match self {
            Self::OtherInstallation => {
                "the sender did not write to this device, and a reply was made for it lately: send that one if it was not sent, or wait for what comes. A sender writes to the three devices of an identity that were active last, and to this one when it is among them"
            }
            Self::NotPaired => {
                "another device of this identity does not include this one, and a reply was made for it lately: enable this device there, and wait for its next message"
            }
            Self::SessionNotFound => {
                "this device does not have the session, and a reply was made for the sender lately: send that one if it was not sent, or wait for the new session"
            }
            Self::PreKeyNotFound => {
                "the message was made for a prekey this device no longer has, and a reply was made for the sender lately: send that one if it was not sent, or wait for the new session"
            }
            _ => self.hint(),
        }
    }

    fn hint_after_put_back(self) -> &'static str {
        match self {
            Self::AuthenticationFailed
            | Self::SessionNotFound
            | Self::PreKeyNotFound
            | Self::TooManySkipped => {
                "this store was put back or copied, and the message is probably genuine, made for what was lost with it: send the reply if there is one, write to the sender, and ask for the message again"
            }
            _ => self.hint(),
        }
    }

    fn next_action(self) -> NextAction {
        match self {
            Self::OtherInstallation
            | Self::NotPaired
            | Self::SessionNotFound
            | Self::PreKeyNotFound => NextAction::SendReply,
            Self::AuthenticationFailed
            | Self::AlreadyRead
            | Self::MessageKeyGone
            | Self::Malformed
            | Self::SuiteForbidden
            | Self::Declined
            | Self::NotMember
            | Self::BadSignature
            | Self::UnauthenticatedSender => NextAction::Drop,
            Self::TooManySkipped => NextAction::Rekey,
            Self::TooManySessions | Self::KeysPending | Self::GroupKeyMissing => NextAction::Wait,
        }
    }
}
