//! Why a message opens, or does not, in words.

use crypto_core::{KemId, Suite};
use engine::{
    model::KemPreKeyState,
    receive::{Addressed, Explained, MessageKeyState, NamedPreKey, PossibleSession, PreKeyState},
};

use super::{millis, name, public_key, suite};
use crate::{
    hex::to_hex,
    types::{
        self, Decrypted, Explanation, Hex, InstallationInfo, NamedKemPreKeyInfo, NamedPreKeyInfo,
        NextAction, NextStep, Outcome, PossibleSessionInfo,
    },
};

/// Characters of an id that people are shown.
const SHORT_ID_CHARS: usize = 10;

impl From<Explained> for Explanation {
    fn from(explained: Explained) -> Self {
        let sentences = sentences(&explained);
        let Explained {
            received,
            message,
            addressed,
            installation,
            suite: of_entry,
            prekey,
            kem_pre_key,
            sessions,
        } = explained;
        let sender = public_key(&received.sender);
        let answer = Decrypted::from(received);
        let hint = answer.hint.unwrap_or_else(|| {
            match (answer.outcome, answer.duplicate) {
                (_, true) => "it was read before and is not confirmed: `message_decrypt` gives it again, marked as a duplicate",
                (Outcome::Decrypted | Outcome::Public, _) if answer.reply.is_some() => "it opens now, and its sender has to hear of our bundle: `message_decrypt` gives its content and the reply to send",
                (Outcome::Decrypted | Outcome::Public, _) => "it opens now: `message_decrypt` gives its content",
                (Outcome::Contact, _) if answer.reply.is_some() => "it says how its sender stands to you as a contact, and that has to hear of our bundle: `message_decrypt` takes it up and gives the reply to send",
                (Outcome::Contact, _) => "it says how its sender stands to you as a contact, and has no text: `message_decrypt` takes it up",
                (Outcome::Bundle, _) => "it tells of devices and has no content: `message_decrypt` takes its bundles up",
                (Outcome::GroupKey, _) => "it brings keys of a group and has no content: `message_decrypt` takes them up",
                _ => "it is one of our own that came back: there is nothing to do",
            }
            .to_owned()
        });
        Self {
            outcome: answer.outcome,
            reason: answer.reason,
            hint,
            next_action: match (answer.next_action, answer.outcome) {
                (Some(NextAction::SendReply), _) => NextStep::SendReply,
                (Some(NextAction::Wait), _) => NextStep::Wait,
                (Some(NextAction::Rekey), _) => NextStep::Rekey,
                (
                    None,
                    Outcome::Decrypted
                    | Outcome::Public
                    | Outcome::Contact
                    | Outcome::Bundle
                    | Outcome::GroupKey,
                ) => NextStep::Decrypt,
                (Some(NextAction::Drop) | None, _) => NextStep::Drop,
            },
            reply_due: answer.reply.is_some(),
            explanation: sentences,
            message_id: answer.message_id,
            session_id: answer.session_id,
            forward_secrecy: answer.forward_secrecy,
            post_quantum: answer.post_quantum,
            authenticated: answer.authenticated,
            duplicate: answer.duplicate,
            sender,
            installation_id: answer.installation_id,
            installation: installation.map(InstallationInfo::from),
            addressed_to: match addressed {
                Addressed::ThisDevice(_) => types::Addressed::ThisDevice,
                Addressed::AnyDevice => types::Addressed::AnyDevice,
                Addressed::Group => types::Addressed::Group,
                Addressed::Everyone => types::Addressed::Everyone,
                Addressed::OtherDevices => types::Addressed::OtherDevices,
                Addressed::Nobody => types::Addressed::Nobody,
            },
            mode: match addressed {
                Addressed::ThisDevice(of) => of,
                Addressed::AnyDevice => Some(types::Mode::Dh),
                Addressed::Group => Some(types::Mode::Group),
                _ => None,
            },
            suite: of_entry.map(suite),
            prekey: prekey.map(NamedPreKeyInfo::from),
            kem_pre_key: kem_pre_key.map(|(id, state)| NamedKemPreKeyInfo {
                kem_id: Hex(id.as_bytes().to_vec()),
                state,
            }),
            sessions: sessions
                .into_iter()
                .map(PossibleSessionInfo::from)
                .collect(),
            new_installations: answer.new_installations,
            warnings: answer.warnings,
            message: message.into(),
        }
    }
}

impl From<NamedPreKey> for NamedPreKeyInfo {
    fn from(prekey: NamedPreKey) -> Self {
        let (state, replaced_at, erase_at) = match prekey.state {
            PreKeyState::Current => (types::PreKeyState::Current, None, None),
            PreKeyState::Replaced { since, erase_at } => {
                (types::PreKeyState::Replaced, Some(since), Some(erase_at))
            }
            PreKeyState::NotOurs => (types::PreKeyState::NotOurs, None, None),
        };
        Self {
            signed_pre_key: Hex(prekey.key.to_bytes().to_vec()),
            state,
            replaced_at: millis(replaced_at),
            erase_at: millis(erase_at),
        }
    }
}

impl From<PossibleSession> for PossibleSessionInfo {
    fn from(possible: PossibleSession) -> Self {
        let (key, missing) = match possible.key {
            MessageKeyState::Read => (types::MessageKeyState::Read, None),
            MessageKeyState::Skipped => (types::MessageKeyState::Skipped, None),
            MessageKeyState::Gone => (types::MessageKeyState::Gone, None),
            MessageKeyState::Ahead { missing } => (types::MessageKeyState::Ahead, Some(missing)),
            MessageKeyState::NewChain => (types::MessageKeyState::NewChain, None),
        };
        Self {
            session: possible.session.into(),
            message_id: Hex(possible.message.as_bytes().to_vec()),
            message_key: key,
            missing,
        }
    }
}

/// What was found, from the outside of the message to its inside.
fn sentences(explained: &Explained) -> Vec<String> {
    let mut sentences = vec![of_sender(explained)];
    if explained.received.outcome
        == engine::model::Outcome::Undecryptable(engine::model::Reason::Declined)
    {
        sentences.push(
            "Its sender is a contact that was declined: nothing of theirs is opened.".to_owned(),
        );
    }
    sentences.push(of_target(explained));
    sentences.extend(explained.prekey.as_ref().map(|prekey| {
        let key = short(&prekey.key.to_bytes());
        match prekey.state {
            PreKeyState::Current => format!("Its session rests on our present prekey {key}."),
            PreKeyState::Replaced { .. } => format!("Its session rests on our prekey {key}, which was replaced and not erased yet."),
            PreKeyState::NotOurs => format!("Its session rests on the prekey {key}, which is the sender's, or one of ours that was erased."),
        }
    }));
    sentences.extend(explained.suite.map(of_suite));
    sentences.extend(explained.kem_pre_key.as_ref().map(of_kem_pre_key));
    if explained.prekey.is_some() {
        match (explained.addressed, explained.sessions.as_slice()) {
            (Addressed::ThisDevice(Some(engine::model::Mode::X3dh)), []) => {
                sentences.push("It begins a session that this device does not have yet.".to_owned());
            }
            (_, []) => sentences.push(
                "It continues a session that this device does not have, with this sender and device.".to_owned(),
            ),
            (_, sessions) => sentences.extend(sessions.iter().map(of_session)),
        }
    }
    sentences
}

fn of_sender(explained: &Explained) -> String {
    let known = explained
        .installation
        .as_ref()
        .map(|view| InstallationInfo::from(view.clone()));
    match (&explained.received.installation, known) {
        (None, _) => "It names no valid installation id as its sender's.".to_owned(),
        (Some(_), Some(known)) if known.this_device => {
            "It names this very device as its sender's.".to_owned()
        }
        (Some(id), None) => format!("Its sender's device {} is not known here.", name(id)),
        (Some(id), Some(known)) => {
            format!(
                "Its sender's device {} is known here: {}.",
                name(id),
                known.state
            )
        }
    }
}

fn of_target(explained: &Explained) -> String {
    let targets = explained.message.targets.len();
    match explained.addressed {
        Addressed::ThisDevice(Some(of)) => format!(
            "It has an entry for this device among {targets}, encrypted with {}.",
            of
        ),
        Addressed::ThisDevice(None) => {
            "Its entry for this device has headers that make no sense together.".to_owned()
        }
        Addressed::AnyDevice => {
            "Its entry is encrypted with DH for any device of this identity: nothing proves its sender, and there is no forward secrecy.".to_owned()
        }
        Addressed::Group => {
            "Its entry is for a whole group, under its key or with keys of it: nothing but a sealed envelope proves its sender, and there is no forward secrecy.".to_owned()
        }
        Addressed::Everyone => {
            "It is public: it is not encrypted, and nothing proves its sender.".to_owned()
        }
        Addressed::OtherDevices => {
            format!("None of its entries is for this device; there are {targets}.")
        }
        Addressed::Nobody => "It has no entry, and carries bundles at most.".to_owned(),
    }
}

fn of_suite(of: Suite) -> String {
    let strength = if of.is_post_quantum() {
        "whoever has recorded it cannot read it with a quantum computer later"
    } else {
        "it is not post-quantum"
    };
    format!("Its suite is {}: {strength}.", of.name())
}

fn of_kem_pre_key((id, state): &(KemId, KemPreKeyState)) -> String {
    let id = short(id.as_bytes());
    match state {
        KemPreKeyState::Current => {
            format!(
                "Its secret is encapsulated to our KEM prekey {id}, the one that was current when that prekey was made."
            )
        }
        KemPreKeyState::Before => {
            format!(
                "Its secret is encapsulated to our KEM prekey {id}, the one before that which was current when that prekey was made."
            )
        }
        KemPreKeyState::NotOurs => {
            format!(
                "Its secret is encapsulated to the KEM prekey {id}, which is not ours, or not kept with that prekey."
            )
        }
    }
}

fn of_session(possible: &PossibleSession) -> String {
    let session = short(possible.session.id.as_bytes());
    let key = match possible.key {
        MessageKeyState::Read => {
            "it was read on it, and its key is kept until it is confirmed".to_owned()
        }
        MessageKeyState::Skipped => {
            "its key is kept, since a later message was read before it".to_owned()
        }
        MessageKeyState::Gone => {
            "its key there was used or dropped, and erased".to_owned()
        }
        MessageKeyState::Ahead { missing: 0 } => {
            "it is the next one there".to_owned()
        }
        MessageKeyState::Ahead { missing } => {
            format!("{missing} messages before it have not come yet")
        }
        MessageKeyState::NewChain => {
            "it names a ratchet key that session has not met: the next step of the sender, if it is of that session".to_owned()
        }
    };
    format!("It can be of session {session}: {key}.")
}

fn short(bytes: &[u8]) -> String {
    let hex = to_hex(bytes);
    let short: String = hex.chars().take(SHORT_ID_CHARS).collect();
    format!("{short}…")
}
