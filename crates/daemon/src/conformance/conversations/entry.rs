//! The entry of one device in a recorded message, made again.

use crypto_core::{EphemeralKey, Header, Sealed, SignedPreKey};
use engine::model::InspectedTarget;

use crate::conformance::same;

/// An entry of a message, made again from what was drawn.
pub(super) struct Entry {
    pub(super) headers: Headers,
    pub(super) payload: Vec<u8>,
}

pub(super) enum Headers {
    Ratchet {
        /// EK, until the other side was heard of.
        x3dh: Option<EphemeralKey>,
        ratchet: Header,
        /// SPK of the responder.
        signed_pre_key: SignedPreKey,
    },
    Dh(EphemeralKey),
}

impl Entry {
    pub(super) fn sealed(
        x3dh: Option<EphemeralKey>,
        signed_pre_key: SignedPreKey,
        sealed: Sealed,
    ) -> Self {
        Self {
            headers: Headers::Ratchet {
                x3dh,
                ratchet: sealed.header,
                signed_pre_key,
            },
            payload: sealed.ciphertext,
        }
    }

    /// Checks that `wire` has this entry for the installation: first the parts of the headers, so
    /// that a difference has a name, and then the whole byte for byte.
    pub(super) fn check(&self, recorded: &InspectedTarget, wire: &[u8]) -> Result<(), String> {
        let (x3dh, ratchet, dh) = match &self.headers {
            Headers::Ratchet {
                x3dh,
                ratchet,
                signed_pre_key,
            } => (
                x3dh.map(|key| (key.to_bytes().to_vec(), signed_pre_key.to_bytes().to_vec())),
                Some((ratchet, signed_pre_key)),
                None,
            ),
            Headers::Dh(key) => (None, None, Some(key.to_bytes().to_vec())),
        };
        let recorded_x3dh = recorded
            .x3dh
            .as_ref()
            .map(|x3dh| (x3dh.key.clone(), x3dh.id.clone()));
        same("X3DH header", &x3dh, &recorded_x3dh)?;
        same("DH header", &dh, &recorded.dh)?;
        match (ratchet, &recorded.dr) {
            (Some((ours, signed_pre_key)), Some(recorded)) => {
                same(
                    "ratchet key",
                    &ours.key.as_bytes(),
                    &recorded.key.as_slice(),
                )?;
                same("n", &ours.n, &recorded.n)?;
                same("pn", &ours.pn, &recorded.pn)?;
                let id = signed_pre_key.as_bytes().as_slice();
                same("id of the session", &id, &recorded.id.as_slice())?;
            }
            (None, None) => {}
            _ => return Err("another kind of entry than was recorded".to_owned()),
        }
        if !self.is_in(wire, &recorded.installation) {
            return Err("another ciphertext than was recorded".to_owned());
        }
        Ok(())
    }

    /// Whether this stands in `wire` for the installation, byte for byte.
    pub(super) fn is_in(&self, wire: &[u8], installation: &str) -> bool {
        contains(wire, &self.encoded(installation))
    }

    /// Whether this stands in `wire` with one field more: in a copy for our own devices the engine
    /// says for whom the message was, after what status-go writes (protocol §5, copies).
    pub(super) fn is_in_copy(&self, wire: &[u8]) -> bool {
        contains(wire, &self.value())
    }

    /// The entry on the wire (protocol §8). It is encoded here once more, because the engine's reader
    /// would not show a byte that it ignores.
    fn encoded(&self, installation: &str) -> Vec<u8> {
        let key = field(1, installation.as_bytes());
        field(101, &[key, field(2, &self.value())].concat())
    }

    /// The headers and the ciphertext of the entry.
    fn value(&self) -> Vec<u8> {
        let mut value = Vec::new();
        match &self.headers {
            Headers::Ratchet {
                x3dh,
                ratchet,
                signed_pre_key,
            } => {
                if let Some(key) = x3dh {
                    let key = field(1, key.as_bytes());
                    let id = field(4, signed_pre_key.as_bytes());
                    value.extend(field(1, &[key, id].concat()));
                }
                let key = field(1, ratchet.key.as_bytes());
                let (n, pn) = (number(2, ratchet.n), number(3, ratchet.pn));
                let id = field(4, signed_pre_key.as_bytes());
                value.extend(field(2, &[key, n, pn, id].concat()));
                value.extend(field(3, &self.payload));
            }
            Headers::Dh(key) => {
                value.extend(field(3, &self.payload));
                value.extend(field(101, &field(1, key.as_bytes())));
            }
        }
        value
    }
}

/// A field of bytes.
pub(super) fn field(tag: u32, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = varint(u64::from(tag) << 3 | 2);
    encoded.extend(varint(bytes.len() as u64));
    encoded.extend_from_slice(bytes);
    encoded
}

/// A field of a number; 0 is left out.
fn number(tag: u32, value: u32) -> Vec<u8> {
    if value == 0 {
        return Vec::new();
    }
    let mut encoded = varint(u64::from(tag) << 3);
    encoded.extend(varint(value.into()));
    encoded
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut encoded = Vec::new();
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            encoded.push(low & 0x7f);
            return encoded;
        }
        encoded.push(low | 0x80);
    }
}

pub(super) fn contains(wire: &[u8], part: &[u8]) -> bool {
    part.is_empty() || wire.windows(part.len()).any(|window| window == part)
}
