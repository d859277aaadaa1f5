//! Results about linking a device.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{AccountInfo, ContactState, EnvelopeInfo, Hex};

/// The first code of a link, to be shown on the new device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BegunLink {
    /// The name of the link in this daemon, for `link_answer` and `link_accept`.
    pub link: String,
    /// The first code, which the old device is to read.
    pub code: String,
    /// The code as a QR code, if a `format` was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub qr: Option<String>,
    /// The id that the device will have.
    pub installation_id: String,
    /// How long the link can go on to its next step, in milliseconds.
    pub expires_in_ms: u64,
}

/// What an old device is about to do, before it does it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedLink {
    /// The name of the link in this daemon, for `link_confirm`.
    pub link: String,
    /// The challenge: six digits that the person is to type into the new device.
    pub challenge: String,
    /// What has to be said to the person before anything else: what they are about to give away,
    /// and when to stop.
    pub warning: String,
    /// The account whose identity the new device would have.
    pub account: String,
    /// Its public key in the compact form, which the new device shows when it is done.
    pub compressed_key: String,
    /// The id of the new device.
    pub installation_id: String,
    /// How many contacts the account has.
    pub contacts: u64,
    /// How long the link can go on to its next step, in milliseconds.
    pub expires_in_ms: u64,
}

impl std::fmt::Debug for OfferedLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfferedLink")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// What the new device answers to a challenge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnsweredLink {
    /// The response: six digits that the person is to type into the old device.
    pub response: String,
    /// How long the link can go on to its next step, in milliseconds.
    pub expires_in_ms: u64,
}

impl std::fmt::Debug for AnsweredLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnsweredLink(..)")
    }
}

/// The second code of a link, for the new device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmedLink {
    /// The second code, which the new device is to read. Only that device can open it.
    pub code: String,
    /// The code as a QR code, if a `format` was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub qr: Option<String>,
    /// The id of the new device, which is enabled from now on.
    pub installation_id: String,
    /// How many contacts are in the code.
    pub contacts: u64,
    /// For how many more there was no room.
    pub contacts_left_out: u64,
}

/// An account that was made from a second code: a new device of its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountInfo,
    /// The device that gave the code. It is enabled.
    pub linked_to: String,
    /// The contacts that came with the code.
    pub contacts: Vec<LinkedContactInfo>,
    /// How many more the old device has, for which there was no room.
    pub contacts_left_out: u64,
    /// The messages to send to our own identity: with them the old device learns the prekey of
    /// this one.
    pub envelopes: Vec<EnvelopeInfo>,
}

/// A contact that came with a second code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedContactInfo {
    /// The identity of the contact, `0x04…`.
    pub identity: Hex,
    /// The identity in its compact form, `zQ3sh…`.
    pub compressed_key: String,
    /// The state of the contact.
    pub state: ContactState,
    /// Whether the user has compared the safety number and noted that it is equal.
    pub verified: bool,
    /// What the frontend of the old device calls the contact; empty if it gave no name.
    pub name: String,
}

impl std::fmt::Debug for LinkedContactInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkedContactInfo(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows_nothing<T: std::fmt::Debug>(value: &T) {
        let shown = format!("{value:?} {value:#?}");
        assert!(!shown.contains("swordfish"), "{shown}");
    }

    #[test]
    fn what_a_person_carries_and_whom_they_know_is_not_shown() {
        let secret = || "swordfish".to_owned();
        shows_nothing::<OfferedLink>(&OfferedLink {
            link: String::new(),
            challenge: secret(),
            warning: String::new(),
            account: String::new(),
            compressed_key: String::new(),
            installation_id: String::new(),
            contacts: 0,
            expires_in_ms: 0,
        });
        shows_nothing::<AnsweredLink>(&AnsweredLink {
            response: secret(),
            expires_in_ms: 0,
        });
        shows_nothing::<LinkedContactInfo>(&LinkedContactInfo {
            identity: Hex(Vec::new()),
            compressed_key: secret(),
            state: ContactState::None,
            verified: false,
            name: secret(),
        });
    }
}
