//! Envelopes to an identity: ECIES on secp256k1 with AES-128-CTR and HMAC-SHA-256.
//!
//! `R(65) ‖ iv(16) ‖ AES-128-CTR(plaintext) ‖ HMAC-SHA-256(iv ‖ ciphertext)`, with R the
//! uncompressed ephemeral key. The MAC does not cover R, and its negative opens the envelope too:
//! the hash of an envelope does not identify its contents.

use aes::Aes128;
use crypto_core::{
    AgreedSecret, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError, UNCOMPRESSED_KEY_BYTES,
};
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::seal::Unopened;

const IV_BYTES: usize = 16;
const MAC_BYTES: usize = 32;

/// Length of the shortest asymmetric envelope: ephemeral key, IV, flags and MAC.
pub const MIN_ASYMMETRIC_BYTES: usize = UNCOMPRESSED_KEY_BYTES + IV_BYTES + 1 + MAC_BYTES;

pub(crate) fn seal(
    rng: &mut dyn CryptoRng,
    recipient: &IdentityKey,
    plaintext: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let ephemeral = EphemeralKeyPair::generate(rng);
    let keys = Keys::derive(&ephemeral.agree(recipient)?);
    let mut iv = [0; IV_BYTES];
    rng.fill_bytes(&mut iv);
    let length = UNCOMPRESSED_KEY_BYTES + IV_BYTES + plaintext.len() + MAC_BYTES;
    let mut sealed = Vec::with_capacity(length);
    sealed.extend_from_slice(&ephemeral.public_uncompressed()?);
    sealed.extend_from_slice(&iv);
    sealed.extend_from_slice(plaintext);
    let (head, text) = sealed.split_at_mut(UNCOMPRESSED_KEY_BYTES + IV_BYTES);
    keys.apply_keystream(&iv, text);
    let (_, iv) = head.split_at(UNCOMPRESSED_KEY_BYTES);
    let mac = keys.mac(iv, text).finalize().into_bytes();
    sealed.extend_from_slice(&mac);
    Ok(sealed)
}

/// Whether these bytes have the form of an envelope to an identity: long enough, and R a point of
/// the curve. Other bytes practically never have it.
#[must_use]
pub fn is_asymmetric(envelope: &[u8]) -> bool {
    let ephemeral = envelope.first_chunk::<UNCOMPRESSED_KEY_BYTES>();
    envelope.len() >= MIN_ASYMMETRIC_BYTES
        && ephemeral.is_some_and(|bytes| IdentityKey::from_sec1(bytes).is_ok())
}

/// Checks the length and the form of R, then the MAC in constant time, and only then decrypts.
pub(crate) fn open(own: &IdentityKeyPair, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    if envelope.len() < MIN_ASYMMETRIC_BYTES {
        return Err(Unopened::Malformed);
    }
    let (ephemeral, rest) = envelope
        .split_first_chunk::<UNCOMPRESSED_KEY_BYTES>()
        .ok_or(Unopened::Malformed)?;
    let (iv, rest) = rest
        .split_first_chunk::<IV_BYTES>()
        .ok_or(Unopened::Malformed)?;
    let (text, mac) = rest
        .split_last_chunk::<MAC_BYTES>()
        .ok_or(Unopened::Malformed)?;
    let secret = own
        .agree_uncompressed(ephemeral)
        .map_err(|_| Unopened::Malformed)?;
    let keys = Keys::derive(&secret);
    keys.mac(iv, text)
        .verify(mac.into())
        .map_err(|_| Unopened::AuthenticationFailed)?;
    let mut plaintext = Zeroizing::new(text.to_vec());
    keys.apply_keystream(iv, &mut plaintext);
    Ok(plaintext)
}

/// The keys of one envelope, derived from the agreed secret.
struct Keys {
    encryption: Zeroizing<[u8; 16]>,
    authentication: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// One round of the concatenation KDF with SHA-256; the second half of it is hashed once more.
    fn derive(secret: &AgreedSecret) -> Self {
        let round = Sha256::new()
            .chain_update(1_u32.to_be_bytes())
            .chain_update(secret.secret_bytes());
        let derived: Zeroizing<[u8; 32]> = Zeroizing::new(round.finalize().into());
        let (encryption, authentication) = derived.split_at(16);
        let mut keys = Self {
            encryption: Zeroizing::new([0; 16]),
            authentication: Zeroizing::new(Sha256::digest(authentication).into()),
        };
        keys.encryption.copy_from_slice(encryption);
        keys
    }

    fn apply_keystream(&self, iv: &[u8; IV_BYTES], text: &mut [u8]) {
        Ctr128BE::<Aes128>::new((&*self.encryption).into(), iv.into()).apply_keystream(text);
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, iv: &[u8], ciphertext: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.authentication.as_slice())
            .expect("HMAC takes keys of any length");
        mac.update(iv);
        mac.update(ciphertext);
        mac
    }
}
