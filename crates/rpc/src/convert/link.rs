//! Linking a device.

use engine::model::LinkedContact;

use super::public_key;
use crate::types::LinkedContactInfo;

impl From<&LinkedContact> for LinkedContactInfo {
    fn from(contact: &LinkedContact) -> Self {
        Self {
            identity: public_key(&contact.identity),
            compressed_key: contact.identity.to_compact(),
            state: contact.state,
            verified: contact.verified,
            name: contact.name.clone(),
        }
    }
}
