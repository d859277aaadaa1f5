//! Envelopes, and why some did not open.

use engine::{
    chat_clock::{ChatTime, ClockError},
    sealing::UnsealError,
};
use envelope::{Kind, Opened, Unopened};

use super::{Advice as _, public_key};
use crate::{
    error::RpcError,
    types::{
        ChatClock, Decrypted, EnvelopeKind, EnvelopeOutcome, EnvelopeReason, Hex, OpenedEnvelope,
        Outcome, Reason,
    },
};

impl From<Kind> for EnvelopeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Symmetric => Self::Symmetric,
            Kind::Asymmetric => Self::Asymmetric,
        }
    }
}

impl From<Unopened> for EnvelopeReason {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Malformed => Self::Malformed,
            Unopened::AuthenticationFailed => Self::AuthenticationFailed,
            Unopened::BadSignature => Self::BadSignature,
        }
    }
}

impl EnvelopeReason {
    /// What it means to a person, and what to do.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Malformed => {
                "these bytes are no envelope of this kind, or were changed on the way: drop them"
            }
            Self::AuthenticationFailed => {
                "the envelope is for somebody else, or was changed on the way: drop it, or try the key of the topic that it came by"
            }
            Self::BadSignature => {
                "the envelope says that it is signed, and no key can have made the signature: drop it"
            }
        }
    }
}

impl From<Result<Opened, Unopened>> for OpenedEnvelope {
    fn from(opened: Result<Opened, Unopened>) -> Self {
        match opened {
            Ok(opened) => Self {
                outcome: EnvelopeOutcome::Opened,
                text: std::str::from_utf8(&opened.payload).ok().map(str::to_owned),
                payload: Some(Hex(opened.payload.to_vec())),
                signer: opened.signer.as_ref().map(public_key),
                reason: None,
                hint: None,
            },
            Err(unopened) => {
                let reason = EnvelopeReason::from(unopened);
                Self {
                    outcome: EnvelopeOutcome::Unopened,
                    payload: None,
                    text: None,
                    signer: None,
                    reason: Some(reason),
                    hint: Some(reason.hint().to_owned()),
                }
            }
        }
    }
}

impl From<UnsealError> for Decrypted {
    /// Nobody is known to have sent it.
    fn from(unsealing: UnsealError) -> Self {
        let (reason, hint) = match unsealing {
            UnsealError::Unopened(unopened) => {
                let reason = match unopened {
                    Unopened::Malformed => Reason::Malformed,
                    Unopened::AuthenticationFailed => Reason::AuthenticationFailed,
                    Unopened::BadSignature => Reason::BadSignature,
                };
                (reason, EnvelopeReason::from(unopened).hint())
            }
            UnsealError::Unsigned => {
                let reason = Reason::UnauthenticatedSender;
                (reason, reason.hint())
            }
            UnsealError::KeysPending => (Reason::KeysPending, Reason::KeysPending.hint()),
        };
        Self {
            outcome: Outcome::Unopened,
            message_id: None,
            sender: None,
            installation_id: None,
            payload: None,
            text: None,
            forward_secrecy: false,
            post_quantum: false,
            authenticated: false,
            contact: None,
            duplicate: false,
            group_keys: None,
            group_key: None,
            session_id: None,
            reason: Some(reason),
            hint: Some(hint.to_owned()),
            next_action: Some(reason.next_action()),
            reply: None,
            copy_of: None,
            new_installations: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl From<ChatTime> for ChatClock {
    fn from(time: ChatTime) -> Self {
        Self {
            clock: time.clock,
            timestamp: time.at.0,
        }
    }
}

impl From<ClockError> for RpcError {
    fn from(error: ClockError) -> Self {
        let message = error.to_string();
        let refused = |field: &str, hint: &str| Self::invalid(message).about(field).with_hint(hint);
        match error {
            ClockError::Store(error) => error.into(),
            ClockError::Zero => refused("clock", "the message is not valid: do not show it"),
            ClockError::Ahead => refused(
                "clock",
                "do not show the message: its sender's clock is wrong, or it is meant to push the chat's clock away",
            ),
            ClockError::EnvelopeAhead => refused(
                "envelopeAt",
                "give the envelope's time in milliseconds since the epoch; if it is right, correct the clock of this machine",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::model::{StoreError, UnixMillis};
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::{super::fixtures::*, *};

    fn opened(payload: &[u8], signed: bool) -> Opened {
        Opened {
            payload: Zeroizing::new(payload.to_vec()),
            padding: Zeroizing::new(Vec::new()),
            signer: signed.then(|| *identity().public()),
        }
    }

    #[test]
    fn an_envelope_that_opened_says_who_signed_it_or_that_nobody_did() {
        let signed = OpenedEnvelope::from(Ok(opened(b"hi", true)));
        let golden =
            json!({"outcome": "opened", "payload": "0x6869", "text": "hi", "signer": UNCOMPRESSED});
        assert_eq!(serde_json::to_value(&signed).unwrap(), golden);
        assert_eq!(
            serde_json::from_value::<OpenedEnvelope>(golden).unwrap(),
            signed
        );
        let unsigned = OpenedEnvelope::from(Ok(opened(&[0xff], false)));
        let golden = json!({"outcome": "opened", "payload": "0xff", "signer": null});
        assert_eq!(serde_json::to_value(&unsigned).unwrap(), golden);
    }

    #[test]
    fn one_that_did_not_says_why_and_what_to_do() {
        for (unopened, name) in [
            (Unopened::Malformed, "malformed"),
            (Unopened::AuthenticationFailed, "authentication_failed"),
            (Unopened::BadSignature, "bad_signature"),
        ] {
            let info = serde_json::to_value(OpenedEnvelope::from(Err(unopened))).unwrap();
            assert_eq!(info["outcome"], "unopened");
            assert_eq!(info["reason"], name);
            assert!(info["hint"].as_str().unwrap().len() > 20);
            assert_eq!((&info["signer"], info.get("payload")), (&json!(null), None));
            let info = serde_json::to_value(Decrypted::from(UnsealError::from(unopened))).unwrap();
            assert_eq!(
                (&info["outcome"], &info["reason"]),
                (&json!("unopened"), &json!(name))
            );
            assert_eq!(info["sender"], json!(null));
        }
        let unsigned = serde_json::to_value(Decrypted::from(UnsealError::Unsigned)).unwrap();
        assert_eq!(unsigned["reason"], "unauthenticated_sender");
        assert_eq!(unsigned["nextAction"], "drop");
        let pending = serde_json::to_value(Decrypted::from(UnsealError::KeysPending)).unwrap();
        assert_eq!(pending["reason"], "keys_pending");
        assert_eq!(pending["nextAction"], "wait");
    }

    #[test]
    fn debug_never_shows_what_was_in_it() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            let hidden = !shown.contains("swordfish") && !shown.contains("115, 119");
            assert!(hidden, "{shown}");
        }
        shows_nothing::<OpenedEnvelope>(&OpenedEnvelope::from(Ok(opened(b"swordfish", true))));
    }

    #[test]
    fn a_clock_that_is_refused_names_what_is_wrong_with_it() {
        let time = ChatTime {
            clock: 7,
            at: UnixMillis(6),
        };
        let golden = json!({"clock": 7, "timestamp": 6});
        assert_eq!(serde_json::to_value(ChatClock::from(time)).unwrap(), golden);
        for (error, field) in [
            (ClockError::Zero, Some("clock")),
            (ClockError::Ahead, Some("clock")),
            (ClockError::EnvelopeAhead, Some("envelopeAt")),
            (ClockError::Store(StoreError::RolledBack), None),
        ] {
            let error = RpcError::from(error);
            assert_eq!(error.field.as_deref(), field);
            assert!(error.hint.len() > 20);
        }
    }
}
