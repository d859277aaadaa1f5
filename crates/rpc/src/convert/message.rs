//! Messages, sent, received and taken apart.

use crypto_core::ANY_INSTALLATION;
use engine::model::{
    AddressedMessage, CopyOf, GroupSent, InspectedMessage, InspectedTarget, Mode, Outcome,
    Received, Sent, Skipped, Target,
};
use envelope::ContentTopic;

use super::{
    Advice as _,
    bundle::{unreadable_bundle, warnings},
    group::group_bytes_text,
    name, public_key, suite,
};
use crate::types::{
    self, CopyOfInfo, Decrypted, DhHeaderInfo, DrHeaderInfo, Encrypted, EnvelopeInfo, Hex,
    HrHeaderInfo, InspectedBundleInfo, InspectedMessageInfo, InspectedTargetInfo, NextAction,
    Reason, ReceivedGroupKey, SkippedInfo, TargetInfo, UsedGroupKey, X3dhHeaderInfo,
};

impl From<&Target> for TargetInfo {
    fn from(target: &Target) -> Self {
        let installation_id = match (&target.installation, target.mode) {
            (Some(installation), _) => Some(name(installation)),
            (None, Mode::Dh | Mode::Group) => Some(ANY_INSTALLATION.to_owned()),
            (None, _) => None,
        };
        Self {
            installation_id,
            mode: target.mode,
            suite: target.session.map(|(of, _)| suite(of)),
            session_id: target
                .session
                .map(|(_, session)| Hex(session.as_bytes().to_vec())),
            message_id: Hex(target.message.as_bytes().to_vec()),
            post_quantum: target.is_post_quantum(),
            not_post_quantum: target.not_post_quantum,
        }
    }
}

impl From<AddressedMessage> for EnvelopeInfo {
    fn from(envelope: AddressedMessage) -> Self {
        let topic = envelope.sealed.as_ref().map(|sealed| sealed.topic);
        Self {
            recipient: envelope.recipient.as_ref().map(public_key),
            targets: envelope.targets.iter().map(TargetInfo::from).collect(),
            message: Hex(envelope.wire),
            topic: topic.map(|topic| Hex(topic.to_bytes().to_vec())),
            content_topic: topic.map(|topic| ContentTopic::from(topic).to_string()),
            sealed: envelope.sealed.map(|sealed| Hex(sealed.envelope)),
        }
    }
}

impl From<Skipped> for SkippedInfo {
    fn from(skipped: Skipped) -> Self {
        Self {
            identity: public_key(&skipped.identity),
            installation_id: name(&skipped.installation),
            reason: skipped.reason,
        }
    }
}

impl From<Sent> for Encrypted {
    fn from(sent: Sent) -> Self {
        Self {
            forward_secrecy: sent.forward_secrecy(),
            post_quantum: sent.post_quantum(),
            envelopes: sent.messages.into_iter().map(EnvelopeInfo::from).collect(),
            skipped: sent.skipped.into_iter().map(SkippedInfo::from).collect(),
            group_key: None,
        }
    }
}

/// One message for a whole group.
impl From<GroupSent> for Encrypted {
    fn from(sent: GroupSent) -> Self {
        Self {
            envelopes: vec![sent.message.into()],
            forward_secrecy: false,
            post_quantum: false,
            skipped: Vec::new(),
            group_key: Some(sent.used.into()),
        }
    }
}

impl From<CopyOf> for CopyOfInfo {
    fn from(copy_of: CopyOf) -> Self {
        Self {
            recipients: copy_of.recipients.iter().map(public_key).collect(),
            request_id: copy_of.request_id,
        }
    }
}

impl From<Received> for Decrypted {
    fn from(received: Received) -> Self {
        let (outcome, payload, reason) = match &received.outcome {
            Outcome::Decrypted(payload) => {
                (types::Outcome::Decrypted, Some(payload.to_vec()), None)
            }
            Outcome::Public(payload) => (types::Outcome::Public, Some(payload.clone()), None),
            Outcome::Contact(_) => (types::Outcome::Contact, None, None),
            Outcome::Bundle => (types::Outcome::Bundle, None, None),
            Outcome::GroupKey => (types::Outcome::GroupKey, None, None),
            Outcome::Own => (types::Outcome::Own, None, None),
            Outcome::NotTargeted(reason) => (types::Outcome::NotTargeted, None, Some(*reason)),
            Outcome::Undecryptable(reason) => (types::Outcome::Undecryptable, None, Some(*reason)),
        };
        Self {
            outcome,
            message_id: received.message.map(|id| Hex(id.as_bytes().to_vec())),
            sender: Some(public_key(&received.sender)),
            installation_id: received.installation.as_ref().map(name),
            text: payload
                .as_deref()
                .and_then(|payload| std::str::from_utf8(payload).ok())
                .map(str::to_owned),
            payload: payload.map(Hex),
            forward_secrecy: received.forward_secrecy,
            post_quantum: received.post_quantum,
            authenticated: received.authenticated,
            contact: received.contact,
            duplicate: received.duplicate,
            group_keys: (!received.group_keys.is_empty()).then(|| {
                let keys = received.group_keys.iter();
                keys.map(ReceivedGroupKey::from).collect()
            }),
            group_key: received.group_key.clone().map(UsedGroupKey::from),
            session_id: received.session.map(|id| Hex(id.as_bytes().to_vec())),
            reason,
            hint: reason.map(|reason| hint(reason, &received).to_owned()),
            next_action: next_action(reason, &received),
            copy_of: received.copy_of.map(CopyOfInfo::from),
            reply: received.reply.map(EnvelopeInfo::from),
            new_installations: received.new_installations.iter().map(name).collect(),
            warnings: warnings(received.warnings),
        }
    }
}

fn hint(reason: Reason, received: &Received) -> &'static str {
    match &received.reply {
        _ if received.lost_with_store => reason.hint_after_put_back(),
        Some(_) => reason.hint(),
        None => reason.hint_without_reply(),
    }
}

/// What to do: what there is to send is sent, whatever became of the message. The limits on replies
/// may have held one back: then there is nothing to send, and waiting is right.
fn next_action(reason: Option<Reason>, received: &Received) -> Option<NextAction> {
    if received.reply.is_some() {
        return Some(NextAction::SendReply);
    }
    reason.map(|reason| match reason.next_action() {
        NextAction::SendReply => NextAction::Wait,
        NextAction::Drop if received.lost_with_store => NextAction::Wait,
        action => action,
    })
}

impl From<InspectedMessage> for InspectedMessageInfo {
    fn from(message: InspectedMessage) -> Self {
        let bundles = message.bundles.into_iter();
        Self {
            installation_id: message.installation,
            bundles: bundles
                .map(|bundle| bundle.map_or_else(unreadable_bundle, InspectedBundleInfo::from))
                .collect(),
            targets: message
                .targets
                .into_iter()
                .map(InspectedTargetInfo::from)
                .collect(),
            public_bytes: message.public_bytes as u64,
            contact: message.contact,
            kem_wanted: message.kem_wanted,
        }
    }
}

impl From<InspectedTarget> for InspectedTargetInfo {
    fn from(target: InspectedTarget) -> Self {
        Self {
            installation_id: target.installation,
            mode: target.mode,
            x3dh_header: target.x3dh.map(|header| X3dhHeaderInfo {
                key: Hex(header.key),
                id: Hex(header.id),
                kem_id: Some(header.kem_id).filter(|id| !id.is_empty()).map(Hex),
                kem_ciphertext_bytes: header.kem_ciphertext_bytes as u64,
            }),
            dr_header: target.dr.map(|header| DrHeaderInfo {
                key: Hex(header.key),
                n: header.n,
                pn: header.pn,
                id: Hex(header.id),
            }),
            dh_header: target.dh.map(|key| DhHeaderInfo { key: Hex(key) }),
            hr_header: target.hr.map(|header| HrHeaderInfo {
                group: group_bytes_text(&header.group),
                key_id: Hex(header.key),
                seq_no: header.number,
                keys: header.keys as u64,
            }),
            payload_bytes: target.payload_bytes as u64,
            copy_of_bytes: target.copy_of_bytes as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_core::{MessageId, SessionId, Suite, Wiped};
    use engine::model::{
        ContactMark, InspectedGroupHeader, InspectedRatchetHeader, InspectedX3dhHeader,
        NotPostQuantum, Reason, SkipReason,
    };
    use serde_json::{Value, json};

    use super::{super::fixtures::*, *};

    fn target(mode: Mode) -> Target {
        let on_session = matches!(mode, Mode::X3dh | Mode::Ratchet);
        Target {
            installation: on_session.then(installation),
            mode,
            session: on_session.then(|| (Suite::X25519, SessionId::from_bytes([7; 32]))),
            message: MessageId::from_bytes([8; 32]),
            not_post_quantum: (!matches!(mode, Mode::Public | Mode::Group))
                .then_some(NotPostQuantum::NotOffered),
        }
    }

    fn envelope(mode: Mode) -> AddressedMessage {
        AddressedMessage {
            recipient: (!matches!(mode, Mode::Public | Mode::Group)).then(|| *identity().public()),
            wire: vec![0xca, 0xfe],
            targets: vec![target(mode)],
            sealed: None,
        }
    }

    fn golden_envelope(mode: Mode) -> Value {
        let (recipient, target) = match mode {
            Mode::X3dh | Mode::Ratchet => {
                let mode = if mode == Mode::X3dh {
                    "x3dh"
                } else {
                    "ratchet"
                };
                let target = json!({"installationId": "x1-phone", "mode": mode, "suite": "x25519",
                    "sessionId": hex32(7), "messageId": hex32(8), "postQuantum": false,
                    "notPostQuantum": "not_offered"});
                (json!(UNCOMPRESSED), target)
            }
            Mode::Dh => {
                let target = json!({"installationId": "none", "mode": "dh", "suite": null,
                    "sessionId": null, "messageId": hex32(8), "postQuantum": false,
                    "notPostQuantum": "not_offered"});
                (json!(UNCOMPRESSED), target)
            }
            Mode::Public | Mode::Group => {
                let (installation, mode) = match mode {
                    Mode::Public => (json!(null), "public"),
                    _ => (json!("none"), "group"),
                };
                let target = json!({"installationId": installation, "mode": mode, "suite": null,
                    "sessionId": null, "messageId": hex32(8), "postQuantum": false});
                (json!(null), target)
            }
        };
        json!({"recipient": recipient, "message": "0xcafe", "targets": [target]})
    }

    #[test]
    fn an_envelope_of_each_mode() {
        for mode in [
            Mode::X3dh,
            Mode::Ratchet,
            Mode::Dh,
            Mode::Public,
            Mode::Group,
        ] {
            let info = EnvelopeInfo::from(envelope(mode));
            assert_eq!(serde_json::to_value(info).unwrap(), golden_envelope(mode));
        }
    }

    #[test]
    fn a_send_tells_whom_it_left_out_and_why() {
        let reasons = [
            (SkipReason::Stale, "stale"),
            (SkipReason::OverLimit, "over_limit"),
            (SkipReason::Pending, "pending"),
            (SkipReason::Disabled, "disabled"),
            (SkipReason::SuiteForbidden, "suite_forbidden"),
            (SkipReason::NoPreKey, "no_prekey"),
            (SkipReason::KemKeyMissing, "kem_key_missing"),
        ];
        let sent = |mode| Sent {
            messages: vec![envelope(Mode::X3dh), envelope(mode)],
            skipped: reasons
                .map(|(reason, _)| Skipped {
                    identity: *identity().public(),
                    installation: installation(),
                    reason,
                })
                .to_vec(),
        };
        assert_eq!(
            serde_json::to_value(Encrypted::from(sent(Mode::Ratchet))).unwrap(),
            json!({
                "envelopes": [golden_envelope(Mode::X3dh), golden_envelope(Mode::Ratchet)],
                "forwardSecrecy": true,
                "postQuantum": false,
                "skipped": reasons.map(|(_, reason)| {
                    json!({"identity": UNCOMPRESSED, "installationId": "x1-phone", "reason": reason})
                }),
            })
        );
        // One copy without forward secrecy, and the whole send is without.
        assert!(!Encrypted::from(sent(Mode::Dh)).forward_secrecy);
    }

    #[test]
    fn a_send_is_post_quantum_if_there_are_copies_and_each_one_is() {
        let post_quantum = || Target {
            session: Some((Suite::X25519MlKem768, SessionId::from_bytes([7; 32]))),
            not_post_quantum: None,
            ..target(Mode::X3dh)
        };
        let sent = |targets: Vec<Target>| {
            Encrypted::from(Sent {
                messages: vec![AddressedMessage {
                    targets,
                    ..envelope(Mode::X3dh)
                }],
                skipped: Vec::new(),
            })
        };
        let both = sent(vec![post_quantum(), post_quantum()]);
        assert!(both.post_quantum && both.forward_secrecy);
        let info = serde_json::to_value(&both.envelopes[0].targets[0]).unwrap();
        assert_eq!(
            info,
            json!({"installationId": "x1-phone", "mode": "x3dh", "suite": "x25519-mlkem768",
                "sessionId": hex32(7), "messageId": hex32(8), "postQuantum": true})
        );
        assert!(!sent(vec![post_quantum(), target(Mode::Ratchet)]).post_quantum);
        // An advertisement that asks for a KEM prekey has no copy.
        assert!(!sent(Vec::new()).post_quantum);
    }

    #[test]
    fn a_copy_says_why_it_is_not_post_quantum() {
        for (why, name) in [
            (NotPostQuantum::NotOffered, "not_offered"),
            (NotPostQuantum::KeyMissing, "key_missing"),
            (NotPostQuantum::Forbidden, "forbidden"),
        ] {
            let target = Target {
                not_post_quantum: Some(why),
                ..target(Mode::Ratchet)
            };
            let info = serde_json::to_value(TargetInfo::from(&target)).unwrap();
            assert_eq!(info["notPostQuantum"], name);
        }
    }

    fn received(outcome: Outcome) -> Received {
        Received {
            outcome,
            message: Some(MessageId::from_bytes([8; 32])),
            sender: *identity().public(),
            installation: Some(installation()),
            forward_secrecy: true,
            post_quantum: true,
            suite: Some(Suite::X25519MlKem768),
            authenticated: true,
            contact: None,
            duplicate: false,
            copy_of: None,
            told_request: false,
            lost_with_store: false,
            group_keys: Vec::new(),
            group_key: None,
            session: Some(SessionId::from_bytes([7; 32])),
            reply: None,
            new_installations: vec![installation()],
            warnings: Vec::new(),
        }
    }

    fn decrypted(received: Received) -> Value {
        let info = Decrypted::from(received);
        let value = serde_json::to_value(&info).unwrap();
        // The client reads what the daemon writes.
        assert_eq!(
            serde_json::from_value::<Decrypted>(value.clone()).unwrap(),
            info
        );
        value
    }

    #[test]
    fn a_text_comes_as_bytes_and_as_text() {
        let received = received(Outcome::Decrypted(Wiped::new("grüß".as_bytes().to_vec())));
        assert_eq!(
            decrypted(received),
            json!({
                "outcome": "decrypted",
                "messageId": hex32(8),
                "sender": UNCOMPRESSED,
                "installationId": "x1-phone",
                "payload": "0x6772c3bcc39f",
                "text": "grüß",
                "forwardSecrecy": true,
                "postQuantum": true,
                "authenticated": true,
                "duplicate": false,
                "sessionId": hex32(7),
                "newInstallations": ["x1-phone"],
                "warnings": [],
            })
        );
    }

    #[test]
    fn what_it_says_of_contacts_comes_with_a_text_and_without_one() {
        for (mark, name) in [
            (ContactMark::Request, "request"),
            (ContactMark::Accept, "accept"),
            (ContactMark::Decline, "decline"),
        ] {
            for outcome in [
                Outcome::Decrypted(Wiped::new(b"hi".to_vec())),
                Outcome::Contact(mark),
            ] {
                let info = decrypted(Received {
                    contact: Some(mark),
                    ..received(outcome)
                });
                assert_eq!(info["contact"], name);
            }
        }
        assert!(
            decrypted(received(Outcome::Bundle))
                .get("contact")
                .is_none()
        );
    }

    #[test]
    fn a_copy_says_for_whom_the_message_was_and_under_which_request_id() {
        let mut copy = received(Outcome::Decrypted(Wiped::new(Vec::new())));
        for (request_id, expected) in [
            (None, json!({"recipients": [UNCOMPRESSED]})),
            (
                Some("r-1".to_owned()),
                json!({"recipients": [UNCOMPRESSED], "requestId": "r-1"}),
            ),
        ] {
            copy.copy_of = Some(CopyOf {
                recipients: vec![*identity().public()],
                request_id,
                decision: None,
            });
            let info = Decrypted::from(copy);
            assert_eq!(serde_json::to_value(&info.copy_of).unwrap(), expected);
            copy = received(Outcome::Decrypted(Wiped::new(Vec::new())));
        }
        assert!(decrypted(copy).get("copyOf").is_none());
    }

    #[test]
    fn bytes_that_are_no_text_come_without_one() {
        let info = decrypted(received(Outcome::Public(vec![0xff])));
        assert_eq!(info["payload"], "0xff");
        assert!(info.get("text").is_none());
        let empty = decrypted(received(Outcome::Public(Vec::new())));
        assert_eq!(
            (&empty["payload"], &empty["text"]),
            (&json!("0x"), &json!(""))
        );
    }

    #[test]
    fn debug_never_shows_the_text() {
        let received = received(Outcome::Decrypted(Wiped::new(b"swordfish".to_vec())));
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            let hidden = !shown.contains("swordfish") && !shown.contains("73776f7264");
            assert!(hidden, "{shown}");
        }
        shows_nothing::<Decrypted>(&Decrypted::from(received));
    }

    #[test]
    fn each_outcome_has_its_name_and_only_those_with_a_payload_show_one() {
        for (outcome, name, has_payload) in [
            (
                Outcome::Decrypted(Wiped::new(Vec::new())),
                "decrypted",
                true,
            ),
            (Outcome::Public(Vec::new()), "public", true),
            (Outcome::Contact(ContactMark::Accept), "contact", false),
            (Outcome::Bundle, "bundle", false),
            (Outcome::GroupKey, "group_key", false),
            (Outcome::Own, "own", false),
            (
                Outcome::NotTargeted(Reason::NotPaired),
                "not_targeted",
                false,
            ),
            (
                Outcome::Undecryptable(Reason::Malformed),
                "undecryptable",
                false,
            ),
        ] {
            let info = decrypted(received(outcome));
            assert_eq!(info["outcome"], name);
            assert_eq!(info.get("payload").is_some(), has_payload, "{name}");
        }
    }

    #[test]
    fn an_unread_message_says_why_and_what_to_do() {
        let table = [
            (
                Reason::OtherInstallation,
                "other_installation",
                "send_reply",
            ),
            (Reason::NotPaired, "not_paired", "send_reply"),
            (Reason::SessionNotFound, "session_not_found", "send_reply"),
            (Reason::PreKeyNotFound, "prekey_not_found", "send_reply"),
            (
                Reason::AuthenticationFailed,
                "authentication_failed",
                "drop",
            ),
            (Reason::AlreadyRead, "already_read", "drop"),
            (Reason::MessageKeyGone, "message_key_gone", "drop"),
            (Reason::TooManySkipped, "too_many_skipped", "rekey"),
            (Reason::TooManySessions, "too_many_sessions", "wait"),
            (Reason::Malformed, "malformed", "drop"),
            (Reason::SuiteForbidden, "suite_forbidden", "drop"),
            (Reason::Declined, "declined", "drop"),
            (Reason::NotMember, "not_member", "drop"),
            (Reason::GroupKeyMissing, "group_key_missing", "wait"),
        ];
        // The last three are of envelopes, which are not for the engine to open.
        let names: Vec<_> = types::Reason::ALL
            .iter()
            .take(table.len())
            .map(|reason| reason.name())
            .collect();
        assert_eq!(types::Reason::ALL.len(), table.len() + 3);
        assert_eq!(names, table.map(|(_, name, _)| name));
        for (reason, name, next_action) in table {
            let mut with_reply = received(Outcome::Undecryptable(reason));
            with_reply.reply = Some(envelope(Mode::Dh));
            let info = decrypted(with_reply);
            assert_eq!(info["reason"], name);
            assert_eq!(info["nextAction"], "send_reply", "{name}");
            let alone = decrypted(received(Outcome::Undecryptable(reason)));
            let expected = match next_action {
                "send_reply" => "wait",
                other => other,
            };
            assert_eq!(alone["nextAction"], expected, "{name}");
            assert!(info["hint"].as_str().unwrap().len() > 20, "{name}");
            assert_eq!(info["reply"], golden_envelope(Mode::Dh));
        }
    }

    #[test]
    fn a_message_that_opens_has_a_reply_sent_as_well() {
        let mut opened = received(Outcome::Decrypted(Wiped::new(b"hello".to_vec())));
        opened.reply = Some(envelope(Mode::Dh));
        assert_eq!(decrypted(opened)["nextAction"], "send_reply");
    }

    #[test]
    fn what_was_lost_with_a_store_is_probably_genuine_and_never_dropped() {
        for reason in [
            Reason::AuthenticationFailed,
            Reason::SessionNotFound,
            Reason::PreKeyNotFound,
        ] {
            let mut lost = received(Outcome::Undecryptable(reason));
            lost.lost_with_store = true;
            let info = decrypted(lost);
            assert_eq!(info["nextAction"], "wait");
            assert!(info["hint"].as_str().unwrap().contains("probably genuine"));
        }
    }

    #[test]
    fn a_reply_that_is_not_there_is_not_to_be_sent() {
        let info = decrypted(received(Outcome::NotTargeted(Reason::SessionNotFound)));
        assert_eq!(info["nextAction"], "wait");
        assert!(info.get("reply").is_none());
        for reason in types::Reason::ALL {
            if reason.next_action() == NextAction::SendReply {
                let hint = reason.hint_without_reply();
                assert!(hint.contains("wait for") && !hint.contains("send the reply"));
            }
        }
        assert!(
            info["hint"]
                .as_str()
                .unwrap()
                .contains("wait for the new session")
        );
    }

    #[test]
    fn what_the_bytes_do_not_tell_is_null() {
        let mut received = received(Outcome::Bundle);
        received.message = None;
        received.installation = None;
        received.session = None;
        let info = decrypted(received);
        assert_eq!(
            (&info["messageId"], &info["installationId"]),
            (&json!(null), &json!(null))
        );
        for absent in [
            "sessionId",
            "payload",
            "text",
            "reason",
            "hint",
            "nextAction",
            "reply",
        ] {
            assert!(info.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn an_inspected_message() {
        let message = InspectedMessage {
            installation: "x1-phone".to_owned(),
            bundles: vec![Err("cut short".to_owned())],
            targets: vec![
                InspectedTarget {
                    installation: "x1-laptop".to_owned(),
                    mode: Some(Mode::X3dh),
                    x3dh: Some(InspectedX3dhHeader {
                        key: vec![1],
                        id: vec![2],
                        kem_id: vec![9],
                        kem_ciphertext_bytes: 1088,
                    }),
                    dr: Some(InspectedRatchetHeader {
                        key: vec![3],
                        n: u32::MAX,
                        pn: 4,
                        id: vec![5],
                    }),
                    dh: None,
                    hr: None,
                    payload_bytes: 48,
                    copy_of_bytes: 304,
                },
                InspectedTarget {
                    installation: "none".to_owned(),
                    mode: None,
                    x3dh: None,
                    dr: None,
                    dh: Some(vec![6]),
                    hr: Some(InspectedGroupHeader {
                        group: vec![2],
                        key: vec![8],
                        number: 9,
                        keys: 1,
                    }),
                    payload_bytes: 0,
                    copy_of_bytes: 0,
                },
            ],
            public_bytes: 7,
            contact: Some(ContactMark::Decline),
            kem_wanted: vec!["x1-phone".to_owned()],
        };
        assert_eq!(
            serde_json::to_value(InspectedMessageInfo::from(message)).unwrap(),
            json!({
                "installationId": "x1-phone",
                "bundles": [{"identity": null, "timestamp": 0, "createdAt": null, "entries": [],
                    "kemPreKeys": [], "valid": false, "reason": "cut short"}],
                "targets": [
                    {
                        "installationId": "x1-laptop",
                        "mode": "x3dh",
                        "x3dhHeader": {"key": "0x01", "id": "0x02", "kemId": "0x09",
                            "kemCiphertextBytes": 1088},
                        "drHeader": {"key": "0x03", "n": u32::MAX, "pn": 4, "id": "0x05"},
                        "dhHeader": null,
                        "hrHeader": null,
                        "payloadBytes": 48,
                        "copyOfBytes": 304,
                    },
                    {
                        "installationId": "none",
                        "mode": null,
                        "x3dhHeader": null,
                        "drHeader": null,
                        "dhHeader": {"key": "0x06"},
                        "hrHeader": {"group": "0x02", "keyId": "0x08", "seqNo": 9, "keys": 1},
                        "payloadBytes": 0,
                        "copyOfBytes": 0,
                    },
                ],
                "publicBytes": 7,
                "contact": "decline",
                "kemWanted": ["x1-phone"],
            })
        );
    }
}
