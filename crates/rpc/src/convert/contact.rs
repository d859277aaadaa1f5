//! Contacts.

use engine::contacts::{ContactChange, ContactView};

use super::{millis, public_key};
use crate::types::{ContactInfo, ContactStepInfo, EnvelopeInfo, SkippedInfo};

impl From<ContactView> for ContactInfo {
    fn from(contact: ContactView) -> Self {
        Self {
            identity: public_key(&contact.identity),
            compressed_key: contact.identity.to_compact(),
            state: contact.state,
            verified: contact.verified,
            forward_secrecy: contact.forward_secrecy,
            safety_number: contact.safety_number.to_string(),
            added_at: millis(contact.added_at),
        }
    }
}

impl From<ContactChange> for ContactStepInfo {
    fn from(step: ContactChange) -> Self {
        Self {
            contact: step.contact.into(),
            envelopes: step
                .sent
                .messages
                .into_iter()
                .map(EnvelopeInfo::from)
                .collect(),
            skipped: step
                .sent
                .skipped
                .into_iter()
                .map(SkippedInfo::from)
                .collect(),
        }
    }
}
