//! Contacts.

use engine::contacts::{ContactChange, ContactView};

use super::{millis, public_key};
use crate::types::{ContactInfo, ContactStepInfo, Encrypted};

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
        let sent = Encrypted::from(step.sent);
        Self {
            contact: step.contact.into(),
            envelopes: sent.envelopes,
            skipped: sent.skipped,
        }
    }
}
