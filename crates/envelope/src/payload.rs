//! The plaintext: `flags(1) ‖ size(w, little-endian) ‖ payload ‖ padding ‖ [signature(65)]`.
//!
//! Bits 0 and 1 of the flags are w, the width of the size; bit 2 says that there is a signature. A
//! plaintext with any other bit set is refused, because identities sign bundles with the same key
//! and the same digest. The signed bytes of a bundle begin with an installation id or a decimal
//! number, and bit 2 is set in many of those characters: followed by the bundle's signature, they
//! would be read as an envelope that the bundle's owner signed. No printable character is below 8.

use crypto_core::{IdentityKey, IdentityKeyPair, SIGNATURE_BYTES, Signature, keccak256};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::seal::{Opened, Padding, SealError, Unopened};

/// Largest payload that the format can hold: its size has at most three bytes, since the width 4
/// would set the flag of the signature.
pub const MAX_FORMAT_PAYLOAD_BYTES: usize = (1 << 24) - 1;
/// With random padding, the plaintext's length is a multiple of this.
pub const BLOCK_BYTES: usize = 256;

/// The width of the size, in bytes.
const WIDTH_MASK: u8 = 0b0000_0011;
/// There is a signature.
const SIGNED: u8 = 0b0000_0100;
/// Bits without a meaning, which must not be set.
const UNKNOWN: u8 = !(WIDTH_MASK | SIGNED);
/// Length of the shortest signed plaintext: flags, one more byte, and the signature.
const MIN_SIGNED_BYTES: usize = 1 + 1 + SIGNATURE_BYTES;

/// Writes a plaintext. Random padding fills it up to a multiple of [`BLOCK_BYTES`], with a whole
/// block if it is one already.
///
/// # Errors
/// [`SealError::PayloadTooLarge`] if the payload is over [`MAX_FORMAT_PAYLOAD_BYTES`].
pub fn write(
    rng: &mut dyn CryptoRng,
    signer: Option<&IdentityKeyPair>,
    payload: &[u8],
    padding: Padding<'_>,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let too_large = SealError::PayloadTooLarge(payload.len());
    if payload.len() > MAX_FORMAT_PAYLOAD_BYTES {
        return Err(too_large);
    }
    let size = u32::try_from(payload.len())
        .map_err(|_| too_large)?
        .to_le_bytes();
    let width = match payload.len() {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 3,
    };
    let signature_bytes = signer.map_or(0, |_| SIGNATURE_BYTES);
    let raw = 1 + usize::from(width) + payload.len() + signature_bytes;
    let padding_bytes = match padding {
        Padding::Random => BLOCK_BYTES - raw % BLOCK_BYTES,
        Padding::Given(bytes) => bytes.len(),
    };
    // In one allocation: a vector that grows leaves copies of the payload behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(raw + padding_bytes));
    plaintext.push(width | signer.map_or(0, |_| SIGNED));
    plaintext.extend(size.into_iter().take(width.into()));
    plaintext.extend_from_slice(payload);
    match padding {
        Padding::Random => {
            let mut random = [0; BLOCK_BYTES];
            let (random, _) = random.split_at_mut(padding_bytes);
            rng.fill_bytes(random);
            plaintext.extend_from_slice(random);
        }
        Padding::Given(bytes) => plaintext.extend_from_slice(bytes),
    }
    if let Some(signer) = signer {
        let signature = signer.sign_digest(&keccak256(&[&plaintext]));
        plaintext.extend_from_slice(&signature.to_bytes());
    }
    Ok(plaintext)
}

/// Reads a plaintext. Any padding is accepted, or none. The size may be wider than necessary;
/// without a size (w = 0) everything is padding.
///
/// # Errors
/// [`Unopened::Malformed`] or [`Unopened::BadSignature`].
pub fn read(plaintext: &[u8]) -> Result<Opened, Unopened> {
    let flags = *plaintext
        .first()
        .filter(|flags| *flags & UNKNOWN == 0)
        .ok_or(Unopened::Malformed)?;
    let (signed, signer) = if flags & SIGNED == 0 {
        (plaintext, None)
    } else {
        let (signed, signer) = split_signature(plaintext)?;
        (signed, Some(signer))
    };
    let (_, rest) = signed.split_first().ok_or(Unopened::Malformed)?;
    let (size, rest) = rest
        .split_at_checked((flags & WIDTH_MASK).into())
        .ok_or(Unopened::Malformed)?;
    let size = size
        .iter()
        .rev()
        .fold(0_usize, |size, byte| size << 8 | usize::from(*byte));
    let (payload, padding) = rest.split_at_checked(size).ok_or(Unopened::Malformed)?;
    Ok(Opened {
        payload: Zeroizing::new(payload.to_vec()),
        padding: Zeroizing::new(padding.to_vec()),
        signer,
    })
}

/// Splits off the signature: the signed bytes, and who signed them.
fn split_signature(plaintext: &[u8]) -> Result<(&[u8], IdentityKey), Unopened> {
    let (signed, signature) = plaintext
        .split_last_chunk::<SIGNATURE_BYTES>()
        .filter(|_| plaintext.len() >= MIN_SIGNED_BYTES)
        .ok_or(Unopened::Malformed)?;
    let signer = Signature::from_wire(signature)
        .and_then(|signature| signature.recover_any_s(&keccak256(&[signed])))
        .map_err(|_| Unopened::BadSignature)?;
    Ok((signed, signer))
}
