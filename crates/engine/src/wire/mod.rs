//! The wire format (protocol §8). This module is the only place that knows protobuf.
//!
//! Decoding splits bytes into fields and checks nothing else: their meaning is checked by the
//! rules. Unknown fields are ignored.

mod copy_of;
mod event;
mod group;
mod group_keys;
mod inspect;
mod link;
#[cfg(any(test, feature = "testing"))]
pub mod rewrite;
mod stored;

use std::{collections::BTreeMap, fmt};

use base64::{Engine as _, engine::general_purpose as base64_engine};
use crypto_core::{GroupKeyId, RawBundle, RawEntry, RawKemPreKey, typed::one_word};
use prost::Message as _;

pub(crate) use self::{
    copy_of::{decode_copy_of, encode_copy_of},
    group::{
        EventType, WireEvent, WireUpdate, decode_event, decode_update, encode_event, encode_update,
    },
    group_keys::{MAX_KEYS_READ, WireGroupKeys, WireRekey, encode_group_keys},
    stored::{
        decode_group_sent, decode_sent, decode_shared, encode_group_sent, encode_sent,
        encode_shared,
    },
};
pub use self::{
    inspect::{inspect_bundle, inspect_message},
    link::{
        LinkTextError, decode_first_code, decode_link_contents, decode_second_code,
        encode_first_code, encode_link_contents, encode_second_code,
    },
};
use crate::model::{
    ContactMark, GroupId, MAX_KEM_PREKEYS_PER_BUNDLE, MAX_WIRE_BYTES, UsedGroupKey, WireError,
};

#[expect(unreachable_pub, reason = "generated from the schema")]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/encryption.rs"));
}

/// Largest bundle read; one of 32 devices has 8 KiB. Verified bundles are cached, with ids of any
/// length.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024;
/// Longest contact code read: longer than that of the largest bundle.
pub const MAX_CONTACT_CODE_CHARS: usize = 64 * 1024;

/// Entries of one message, each for a device of the recipient.
pub(crate) const MAX_ENTRIES: usize = 4096;
/// Bundles of one message. Only a few are read, but each takes memory while the message waits for
/// its account.
pub(crate) const MAX_BUNDLES: usize = 4096;

/// A decoded `ProtocolMessage`, of which nothing is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireMessage {
    /// The sender's installation id, as on the wire.
    pub(crate) installation: String,
    /// Encoded bundles: the deprecated single one first, then the list.
    pub(crate) bundles: Vec<Vec<u8>>,
    /// By installation id.
    pub(crate) entries: BTreeMap<String, WireEntry>,
    /// Empty if there is none.
    pub(crate) public: Vec<u8>,
    /// What it says that it is to a contact.
    pub(crate) contact: Option<ContactMark>,
    /// The devices of the recipient whose KEM prekeys the sender wants, as on the wire: as many as
    /// are read.
    pub(crate) kem_wanted: Vec<String>,
}

/// A decoded `DirectMessageProtocol`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireEntry {
    pub(crate) x3dh: Option<WireX3dhHeader>,
    pub(crate) dr: Option<WireRatchetHeader>,
    /// The ephemeral key of a DH header.
    pub(crate) dh: Option<Vec<u8>>,
    pub(crate) hr: Option<WireGroupHeader>,
    pub(crate) payload: Vec<u8>,
    /// For whom the message was, sealed, if this is a copy for our own devices; empty if not.
    pub(crate) copy_of: Vec<u8>,
}

/// An `X3DHHeader`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireX3dhHeader {
    pub(crate) key: Vec<u8>,
    pub(crate) id: Vec<u8>,
    /// The KEM prekey that it names; empty in the suites without a KEM.
    pub(crate) kem_id: Vec<u8>,
    /// What was encapsulated to that; empty as well.
    pub(crate) kem_ciphertext: Vec<u8>,
}

/// A `DRHeader`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireRatchetHeader {
    pub(crate) key: Vec<u8>,
    pub(crate) n: u32,
    pub(crate) pn: u32,
    pub(crate) id: Vec<u8>,
}

/// An `HRHeader`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct WireGroupHeader {
    /// Written, and not looked at.
    pub(crate) deprecated_key: u32,
    /// The message's number under its key; 0 if it carries keys.
    pub(crate) number: u32,
    pub(crate) group: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// An encoded `HRKeys`; empty if there is none.
    pub(crate) keys: Vec<u8>,
}

impl fmt::Debug for WireGroupHeader {
    /// Never the keys, which stand there in clear.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireGroupHeader")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl WireGroupHeader {
    /// What the message beside it is encrypted under; `None` if it names no group or no key.
    pub(crate) fn used(&self) -> Option<UsedGroupKey> {
        Some(UsedGroupKey {
            group: GroupId::new(&self.group)?,
            key: GroupKeyId::from_bytes(self.key.as_slice().try_into().ok()?),
            number: self.number,
        })
    }
}

impl WireMessage {
    /// Decodes a `ProtocolMessage`. This needs no account, and is done before the call waits for
    /// one.
    ///
    /// # Errors
    /// [`WireError`] if it is larger than [`MAX_WIRE_BYTES`], has more than 4096 entries or
    /// bundles, or is not a protobuf of this form.
    pub fn decode(wire: &[u8]) -> Result<Self, WireError> {
        check_at_most(MAX_WIRE_BYTES, wire.len(), "bytes", MESSAGE)?;
        let message = proto::ProtocolMessage::decode(wire).map_err(|_| not_of_the_form())?;
        let mut bundles = message.bundles;
        check_at_most(MAX_BUNDLES, bundles.len(), "bundles", MESSAGE)?;
        if !message.bundle.is_empty() {
            bundles.insert(0, message.bundle);
        }
        let (contact, earlier_wanted) = decode_field_16(wire);
        Ok(Self {
            installation: message.installation_id,
            bundles,
            entries: decode_entries(&message.direct_message)?,
            public: message.public_message,
            contact,
            kem_wanted: decode_wanted(message.kem_wanted, earlier_wanted),
        })
    }
}

/// What field 16 of a message says. A number is the contact mark, texts are devices whose KEM
/// prekeys are asked for; of both at once neither is read.
fn decode_field_16(wire: &[u8]) -> (Option<ContactMark>, Vec<Vec<u8>>) {
    if let Ok(mark) = proto::ContactMark::decode(wire) {
        return (ContactMark::from_code(mark.contact), Vec::new());
    }
    let earlier = proto::EarlierWanted::decode(wire).unwrap_or_default();
    (None, earlier.kem_wanted)
}

/// The devices whose KEM prekeys a message asks for: those in field 17, then those in field 16.
/// What is no text is left out.
fn decode_wanted(wanted: Vec<Vec<u8>>, earlier: Vec<Vec<u8>>) -> Vec<String> {
    wanted
        .into_iter()
        .chain(earlier)
        .take(MAX_KEM_PREKEYS_PER_BUNDLE)
        .filter_map(|name| String::from_utf8(name).ok())
        .collect()
}

/// The parser's own message is about its internals and is not shown.
fn not_of_the_form() -> WireError {
    WireError("the bytes are cut short, or of another form".to_owned())
}

/// The name of a wire message in errors.
const MESSAGE: &str = "a wire message";

fn check_at_most(most: usize, found: usize, parts: &str, whole: &str) -> Result<(), WireError> {
    if found > most {
        return Err(WireError(format!(
            "{found} {parts}; {whole} has at most {most}"
        )));
    }
    Ok(())
}

fn decode_entries(entries: &[Vec<u8>]) -> Result<BTreeMap<String, WireEntry>, WireError> {
    check_at_most(MAX_ENTRIES, entries.len(), "entries", MESSAGE)?;
    entries
        .iter()
        .map(|entry| {
            let entry = proto::DirectMessageEntry::decode(entry.as_slice())
                .map_err(|_| not_of_the_form())?;
            Ok((entry.key, entry.value.unwrap_or_default().into()))
        })
        .collect()
}

/// Encodes a wire message.
pub(crate) fn encode_message(message: WireMessage) -> Vec<u8> {
    let mark = proto::ContactMark {
        contact: message.contact.map_or(0, |mark| mark.code().into()),
    };
    let mut wire = proto::ProtocolMessage {
        bundle: Vec::new(),
        installation_id: message.installation,
        bundles: message.bundles,
        direct_message: message
            .entries
            .into_iter()
            .map(|(installation, entry)| {
                proto::DirectMessageEntry {
                    key: installation,
                    value: Some(entry.into()),
                }
                .encode_to_vec()
            })
            .collect(),
        public_message: message.public,
        kem_wanted: message
            .kem_wanted
            .into_iter()
            .map(String::into_bytes)
            .collect(),
    }
    .encode_to_vec();
    wire.extend(mark.encode_to_vec());
    wire
}

impl From<proto::DirectMessageProtocol> for WireEntry {
    fn from(entry: proto::DirectMessageProtocol) -> Self {
        Self {
            x3dh: entry.x3dh_header.map(|header| WireX3dhHeader {
                key: header.key,
                id: header.id,
                kem_id: header.kem_id,
                kem_ciphertext: header.kem_ciphertext,
            }),
            dr: entry.dr_header.map(|header| WireRatchetHeader {
                key: header.key,
                n: header.n,
                pn: header.pn,
                id: header.id,
            }),
            dh: entry.dh_header.map(|header| header.key),
            hr: entry.hr_header.map(|header| WireGroupHeader {
                deprecated_key: header.deprecated_key_id,
                number: header.seq_no,
                group: header.group_id,
                key: header.key_id,
                keys: header.keys,
            }),
            payload: entry.payload,
            copy_of: entry.copy_of,
        }
    }
}

impl From<WireEntry> for proto::DirectMessageProtocol {
    fn from(entry: WireEntry) -> Self {
        Self {
            x3dh_header: entry.x3dh.map(|header| proto::X3dhHeader {
                key: header.key,
                id: header.id,
                kem_id: header.kem_id,
                kem_ciphertext: header.kem_ciphertext,
            }),
            dr_header: entry.dr.map(|header| proto::DrHeader {
                key: header.key,
                n: header.n,
                pn: header.pn,
                id: header.id,
            }),
            payload: entry.payload,
            dh_header: entry.dh.map(|key| proto::DhHeader { key }),
            hr_header: entry.hr.map(|header| proto::HrHeader {
                deprecated_key_id: header.deprecated_key,
                seq_no: header.number,
                group_id: header.group,
                key_id: header.key,
                keys: header.keys,
            }),
            copy_of: entry.copy_of,
        }
    }
}

/// Checks that an encoded bundle has at most [`MAX_BUNDLE_BYTES`].
pub(crate) fn check_bundle_size(wire: &[u8]) -> Result<(), WireError> {
    check_at_most(MAX_BUNDLE_BYTES, wire.len(), "bytes", "a bundle")
}

/// Decodes a bundle. Nothing of it is checked until [`RawBundle::verify`].
///
/// # Errors
/// [`WireError`] if it is larger than [`MAX_BUNDLE_BYTES`] or not a protobuf of this form.
pub(crate) fn decode_bundle(wire: &[u8]) -> Result<RawBundle, WireError> {
    check_bundle_size(wire)?;
    let bundle = proto::Bundle::decode(wire).map_err(|_| not_of_the_form())?;
    Ok(RawBundle {
        identity: bundle.identity,
        entries: bundle
            .signed_pre_keys
            .into_iter()
            .map(|(installation_id, entry)| RawEntry {
                installation_id,
                signed_pre_key: entry.signed_pre_key,
                version: entry.version,
                protocol_version: entry.protocol_version,
                ratchet_pre_key: entry.ratchet_pre_key,
                ratchet_signature: entry.ratchet_signature,
            })
            .collect(),
        signature: bundle.signature,
        timestamp: bundle.timestamp,
    })
}

/// The KEM prekeys beside a bundle, those after the first [`MAX_KEM_PREKEYS_PER_BUNDLE`] included.
/// `None` is one that is not of this form, or stands for all if the field holds something else.
pub(crate) fn decode_kem_prekeys(bundle: &[u8]) -> Vec<Option<RawKemPreKey>> {
    let Ok(beside) = proto::KemPreKeys::decode(bundle) else {
        return vec![None];
    };
    let decode = |wire: Vec<u8>| {
        let key = proto::KemPreKey::decode(wire.as_slice()).ok()?;
        Some(RawKemPreKey {
            installation_id: key.installation_id,
            version: key.version,
            key: key.key,
            signature: key.signature,
        })
    };
    beside.kem_pre_keys.into_iter().map(decode).collect()
}

/// Adds KEM prekeys to an encoded bundle, which its signature does not cover: fields that follow
/// are fields of the same protobuf.
pub(crate) fn with_kem_prekeys(mut bundle: Vec<u8>, keys: Vec<RawKemPreKey>) -> Vec<u8> {
    let encode = |key: RawKemPreKey| {
        proto::KemPreKey {
            installation_id: key.installation_id,
            version: key.version,
            key: key.key,
            signature: key.signature,
        }
        .encode_to_vec()
    };
    let beside = proto::KemPreKeys {
        kem_pre_keys: keys.into_iter().map(encode).collect(),
    };
    bundle.extend(beside.encode_to_vec());
    bundle
}

/// Encodes a bundle.
pub(crate) fn encode_bundle(bundle: RawBundle) -> Vec<u8> {
    proto::Bundle {
        identity: bundle.identity,
        signed_pre_keys: bundle
            .entries
            .into_iter()
            .map(|entry| {
                (
                    entry.installation_id,
                    proto::SignedPreKey {
                        signed_pre_key: entry.signed_pre_key,
                        version: entry.version,
                        protocol_version: entry.protocol_version,
                        ratchet_pre_key: entry.ratchet_pre_key,
                        ratchet_signature: entry.ratchet_signature,
                    },
                )
            })
            .collect(),
        signature: bundle.signature,
        timestamp: bundle.timestamp,
    }
    .encode_to_vec()
}

/// A bundle as text (the "contact code" of spec 2.2): standard base64 of its encoded form.
#[must_use]
pub fn encode_contact_code(bundle: &[u8]) -> String {
    base64_engine::STANDARD.encode(bundle)
}

/// Decodes a contact code: base64 of either alphabet, with or without padding, white space and
/// invisible characters. `None` if it is not base64. Whether the bytes are a bundle is not checked.
#[must_use]
pub fn decode_contact_code(text: &str) -> Option<Vec<u8>> {
    let text = one_word(text);
    let text = text.trim_end_matches('=');
    if text.is_empty() || text.len() > MAX_CONTACT_CODE_CHARS {
        return None;
    }
    let url_safe = text.contains(['-', '_']);
    let decoder = if url_safe {
        base64_engine::URL_SAFE_NO_PAD
    } else {
        base64_engine::STANDARD_NO_PAD
    };
    decoder.decode(text).ok()
}
