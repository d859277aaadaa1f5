//! Group keys: the hash ratchet that a whole group shares (protocol §11).
//!
//! A group key K begins a chain of message keys, each the hash of the one before. Whoever has K can
//! read every message of the chain, and write one.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, AeadInOut as _},
};

use crate::{
    agreement::AgreedSecret,
    hash::keccak256,
    ids::GroupKeyId,
    keys::{IdentityKey, KeyError},
    wiped::Wiped,
};

/// Length of a group key, in bytes.
pub const GROUP_KEY_BYTES: usize = 32;
/// Length of the nonce of a message, at the end of its payload, in bytes.
pub const NONCE_BYTES: usize = 12;
/// Length of the shortest payload of a group message: the tag and the nonce of an empty text.
pub const MIN_PAYLOAD_BYTES: usize = TAG_BYTES + NONCE_BYTES;
/// The highest number of a message under one group key, which is status-go's bound too. Reading
/// that message first takes as many hashes.
pub const MAX_MESSAGE_NUMBER: u32 = 100_000;
/// Length of a group key that is sealed for one member, in bytes.
pub const REKEY_ENTRY_BYTES: usize = NONCE_BYTES + GROUP_KEY_BYTES + TAG_BYTES;

const TAG_BYTES: usize = 16;
/// Every so many message keys a [`HashChain`] remembers one.
const STEPS_APART: u32 = 1024;

/// The id of a group key.
#[must_use]
pub fn key_id(group: &[u8], timestamp: u64, key: &[u8; GROUP_KEY_BYTES]) -> GroupKeyId {
    GroupKeyId::from_bytes(keccak256(&[group, &timestamp.to_le_bytes(), key]))
}

/// The short id of earlier versions of status-go: the low half of the timestamp. It is written,
/// and never looked at.
#[must_use]
pub fn deprecated_key_id(timestamp: u64) -> u32 {
    let [a, b, c, d, ..] = timestamp.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The chain of a group key. It remembers one key in 1024 of those that it has come by, so that the
/// way to a message that lies far ahead is gone once; and the last one that was asked for, after
/// which the next is asked for most often.
pub struct HashChain {
    /// The message keys 0, 1024, 2048 and so on. Never grows past its capacity.
    steps: Vec<Wiped<[u8; 32]>>,
    /// A number, and its key.
    last: (u32, Wiped<[u8; 32]>),
}

impl HashChain {
    /// The chain that begins with this group key.
    #[must_use]
    pub fn new(key: &[u8; GROUP_KEY_BYTES]) -> Self {
        let most = (MAX_MESSAGE_NUMBER / STEPS_APART + 1) as usize;
        let mut steps = Vec::with_capacity(most);
        steps.push(Wiped::new(*key));
        Self {
            steps,
            last: (0, Wiped::new(*key)),
        }
    }

    /// The key of message `number`; `None` if that is 0, or more than [`MAX_MESSAGE_NUMBER`].
    pub fn message_key(&mut self, number: u32) -> Option<GroupMessageKey> {
        if number == 0 || number > MAX_MESSAGE_NUMBER {
            return None;
        }
        let known = (number / STEPS_APART).min(u32::try_from(self.steps.len()).ok()? - 1);
        let (mut reached, mut key) = match &self.last {
            (last, key) if (known * STEPS_APART..=number).contains(last) => {
                (*last, key.duplicate())
            }
            _ => (
                known * STEPS_APART,
                self.steps.get(known as usize)?.duplicate(),
            ),
        };
        while reached < number {
            key = Wiped::new(keccak256(&[&*key]));
            reached += 1;
            if reached.is_multiple_of(STEPS_APART) && reached / STEPS_APART > known {
                self.steps.push(key.duplicate());
            }
        }
        self.last = (number, key.duplicate());
        Some(GroupMessageKey(key))
    }
}

impl fmt::Debug for HashChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashChain(..)")
    }
}

/// The key of one number of a chain, with which any member may have written.
pub struct GroupMessageKey(Wiped<[u8; 32]>);

impl GroupMessageKey {
    /// Encrypts a message: `AES-256-GCM(key, nonce) ‖ nonce`. Two members may use the same key at
    /// once, so the nonce must be random.
    ///
    /// # Errors
    /// [`KeyError`] if the text is longer than AES-GCM allows, 64 GiB.
    pub fn seal(&self, nonce: [u8; NONCE_BYTES], plaintext: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut payload = cipher(&self.0)
            .encrypt(&Nonce::from(nonce), plaintext)
            .map_err(|_| KeyError::Form)?;
        payload.extend_from_slice(&nonce);
        Ok(payload)
    }

    /// Decrypts a message; `None` if it is too short, altered, or of another key.
    #[must_use]
    pub fn open(&self, payload: &[u8]) -> Option<Wiped<Vec<u8>>> {
        let (sealed, nonce) = payload.split_last_chunk::<NONCE_BYTES>()?;
        let mut plaintext = Wiped::new(sealed.to_vec());
        cipher(&self.0)
            .decrypt_in_place(&Nonce::from(*nonce), &[], &mut *plaintext)
            .ok()?;
        Some(plaintext)
    }

    /// A recorded key is compared.
    #[cfg(test)]
    pub(crate) fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for GroupMessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupMessageKey(..)")
    }
}

/// Where in a `RekeyGroup` the entries for this identity are.
#[must_use]
pub fn rekey_index(member: &IdentityKey) -> u32 {
    let [a, b, c, d, ..] = member.x();
    u32::from_le_bytes([a, b, c, d])
}

/// Opens an entry of a `RekeyGroup`: `nonce ‖ AES-256-GCM(agreed, nonce, K)`. Gives the group key;
/// `None` if the entry is for somebody else, or not of [`REKEY_ENTRY_BYTES`].
#[must_use]
pub fn open_rekey_entry(
    agreed: &AgreedSecret,
    entry: &[u8],
) -> Option<Wiped<[u8; GROUP_KEY_BYTES]>> {
    let (nonce, sealed) = entry.split_first_chunk::<NONCE_BYTES>()?;
    let (key, tag) = sealed.split_first_chunk::<GROUP_KEY_BYTES>()?;
    let tag = <[u8; TAG_BYTES]>::try_from(tag).ok()?;
    let mut key = Wiped::new(*key);
    cipher(agreed.secret_bytes())
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            &[],
            key.as_mut_slice().into(),
            &tag.into(),
        )
        .ok()?;
    Some(key)
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(key.into())
}
