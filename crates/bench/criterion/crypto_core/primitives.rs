//! The primitives of one seal, called in a row: no ratchet, no header, no copies, nothing
//! allocated.

use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of a DR header under the MAC: two numbers and a compressed key.
const HEADER_BYTES: usize = 4 + 4 + 33;
/// As long as the protocol's own.
const INFO: [u8; 32] = [0x1f; 32];

/// A chain key, and a message that is sealed in place.
pub(crate) struct Primitives {
    chain: [u8; 32],
    ad: Vec<u8>,
    header: [u8; HEADER_BYTES],
    /// IV and body.
    sealed: Vec<u8>,
}

impl Primitives {
    /// For a message of so many bytes under this associated data.
    pub(crate) fn new(ad: &[u8], bytes: usize) -> Self {
        Self {
            chain: [0x61; 32],
            ad: ad.to_vec(),
            header: [0x68; HEADER_BYTES],
            sealed: vec![0x70; 16 + bytes],
        }
    }

    /// Two HMACs of the chain key, HKDF to 80 bytes, AES-256-CTR, and the HMAC over associated
    /// data, header, IV and body.
    pub(crate) fn seal(&mut self) -> [u8; 32] {
        let message: [u8; 32] = hmac(&self.chain)
            .chain_update([0x10])
            .finalize()
            .into_bytes()
            .into();
        self.chain = hmac(&self.chain)
            .chain_update([0x0f])
            .finalize()
            .into_bytes()
            .into();
        let mut keys = [0; 80];
        Hkdf::<Sha256>::new(Some(&[0; 32]), &message)
            .expand(&INFO, &mut keys)
            .expect("80 bytes are not too many");
        let (iv, body) = self.sealed.split_at_mut(16);
        iv.copy_from_slice(&keys[64..]);
        Ctr128BE::<Aes256>::new_from_slices(&keys[..32], iv)
            .expect("a key and an IV")
            .apply_keystream(body);
        hmac(&keys[32..64])
            .chain_update(&self.ad)
            .chain_update(self.header)
            .chain_update(&self.sealed)
            .finalize()
            .into_bytes()
            .into()
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("every length is a key")
}
