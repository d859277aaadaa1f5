//! The stored form of the answer to a request id. It is encoded once, so that a retry gets the same
//! bytes.

use crypto_core::{
    ANY_INSTALLATION, GroupKeyId, IdentityKey, InstallationId, MessageId, SessionId, Suite,
};
use envelope::Topic;
use prost::Message as _;

use super::{WireGroupHeader, WireMessage};
use crate::model::{
    AddressedMessage, GroupId, GroupSent, Mode, NotPostQuantum, SealedEnvelope, Sent,
    SharedGroupKey, SkipReason, Skipped, StoreError, Target,
};

#[expect(unreachable_pub, reason = "generated from the schema")]
pub(super) mod proto {
    include!(concat!(env!("OUT_DIR"), "/stored.rs"));
}

/// Encodes an answer.
pub(crate) fn encode_sent(sent: &Sent) -> Vec<u8> {
    sent_out(sent).encode_to_vec()
}

/// Reads what [`encode_sent`] wrote.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is anything else.
pub(crate) fn decode_sent(bytes: &[u8]) -> Result<Sent, StoreError> {
    let decoded = proto::Sent::decode(bytes).ok();
    decoded.and_then(sent_in).ok_or_else(corrupt)
}

/// Encodes a key that was shared.
pub(crate) fn encode_shared(shared: &SharedGroupKey) -> Vec<u8> {
    proto::SharedGroupKey {
        group: shared.group.as_bytes().to_vec(),
        key: shared.key.as_bytes().to_vec(),
        timestamp: shared.timestamp,
        sent: Some(sent_out(&shared.sent)),
    }
    .encode_to_vec()
}

/// Reads what [`encode_shared`] wrote.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is anything else.
pub(crate) fn decode_shared(bytes: &[u8]) -> Result<SharedGroupKey, StoreError> {
    let decoded = proto::SharedGroupKey::decode(bytes).ok();
    let read = |shared: proto::SharedGroupKey| {
        Some(SharedGroupKey {
            group: GroupId::new(&shared.group)?,
            key: GroupKeyId::from_bytes(shared.key.try_into().ok()?),
            timestamp: shared.timestamp,
            sent: sent_in(shared.sent?)?,
        })
    };
    decoded.and_then(read).ok_or_else(corrupt)
}

/// Encodes a message for a group.
pub(crate) fn encode_group_sent(sent: &GroupSent) -> Vec<u8> {
    envelope_out(&sent.message).encode_to_vec()
}

/// Reads what [`encode_group_sent`] wrote. What it is encrypted under stands in the message itself.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is anything else.
pub(crate) fn decode_group_sent(bytes: &[u8]) -> Result<GroupSent, StoreError> {
    let decoded = proto::Envelope::decode(bytes).ok();
    let message = decoded.and_then(envelope_in).ok_or_else(corrupt)?;
    let wire = WireMessage::decode(&message.wire).map_err(|_| corrupt())?;
    let header = wire.entries.get(ANY_INSTALLATION);
    let header = header.and_then(|entry| entry.hr.as_ref());
    let used = header.and_then(WireGroupHeader::used);
    Ok(GroupSent {
        used: used.ok_or_else(corrupt)?,
        message,
    })
}

fn corrupt() -> StoreError {
    StoreError::Corrupt("the answer kept for a request id".to_owned())
}

fn sent_out(sent: &Sent) -> proto::Sent {
    proto::Sent {
        envelopes: sent.messages.iter().map(envelope_out).collect(),
        skipped: sent.skipped.iter().map(skipped_out).collect(),
    }
}

fn sent_in(sent: proto::Sent) -> Option<Sent> {
    let envelopes = sent.envelopes.into_iter().map(envelope_in);
    let skipped = sent.skipped.into_iter().map(skipped_in);
    Some(Sent {
        messages: envelopes.collect::<Option<_>>()?,
        skipped: skipped.collect::<Option<_>>()?,
    })
}

fn envelope_out(envelope: &AddressedMessage) -> proto::Envelope {
    proto::Envelope {
        recipient: envelope
            .recipient
            .map_or_else(Vec::new, |recipient| recipient.to_bytes().to_vec()),
        wire: envelope.wire.clone(),
        targets: envelope.targets.iter().map(target_out).collect(),
        sealed: envelope.sealed.as_ref().map(|sealed| proto::Sealed {
            envelope: sealed.envelope.clone(),
            topic: sealed.topic.to_bytes().to_vec(),
        }),
    }
}

fn envelope_in(envelope: proto::Envelope) -> Option<AddressedMessage> {
    let recipient = if envelope.recipient.is_empty() {
        None
    } else {
        Some(IdentityKey::from_wire(&envelope.recipient).ok()?)
    };
    let targets = envelope.targets.into_iter().map(target_in);
    let sealed = match envelope.sealed {
        Some(sealed) => Some(SealedEnvelope {
            envelope: sealed.envelope,
            topic: Topic::from_bytes(sealed.topic.try_into().ok()?),
        }),
        None => None,
    };
    Some(AddressedMessage {
        recipient,
        wire: envelope.wire,
        targets: targets.collect::<Option<_>>()?,
        sealed,
    })
}

fn target_out(target: &Target) -> proto::Target {
    proto::Target {
        installation: target
            .installation
            .as_ref()
            .map(|installation| installation.as_str().to_owned()),
        mode: target.mode.code().into(),
        suite: target
            .session
            .map_or(0, |(suite, _)| u32::from(suite.byte())),
        session: target
            .session
            .map_or_else(Vec::new, |(_, session)| session.as_bytes().to_vec()),
        message: target.message.as_bytes().to_vec(),
        not_post_quantum: target
            .not_post_quantum
            .map_or(0, |reason| reason.code().into()),
    }
}

fn target_in(target: proto::Target) -> Option<Target> {
    let installation = target
        .installation
        .map(|installation| InstallationId::parse(&installation))
        .transpose()
        .ok()?;
    let session = if target.suite == 0 {
        None
    } else {
        let suite = Suite::from_byte(target.suite.try_into().ok()?)?;
        Some((
            suite,
            SessionId::from_bytes(target.session.try_into().ok()?),
        ))
    };
    Some(Target {
        installation,
        mode: Mode::from_code(target.mode)?,
        session,
        message: MessageId::from_bytes(target.message.try_into().ok()?),
        not_post_quantum: match target.not_post_quantum {
            0 => None,
            code => Some(NotPostQuantum::from_code(code)?),
        },
    })
}

fn skipped_out(skipped: &Skipped) -> proto::Skipped {
    proto::Skipped {
        identity: skipped.identity.to_bytes().to_vec(),
        installation: skipped.installation.as_str().to_owned(),
        reason: skipped.reason.code().into(),
    }
}

fn skipped_in(skipped: proto::Skipped) -> Option<Skipped> {
    Some(Skipped {
        identity: IdentityKey::from_wire(&skipped.identity).ok()?,
        installation: InstallationId::parse(&skipped.installation).ok()?,
        reason: SkipReason::from_code(skipped.reason)?,
    })
}
