//! Sealing and opening envelopes of either kind.

use std::fmt;

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{asymmetric, key::SymmetricKey, payload, symmetric};

/// Largest payload that is sealed: that of the largest message. Below the format's limit,
/// [`payload::MAX_FORMAT_PAYLOAD_BYTES`].
pub const MAX_PAYLOAD_BYTES: usize = 4 * 1024 * 1024;
/// Longest padding that a caller may choose: as much as a relay of these networks takes in one
/// message.
pub const MAX_PADDING_BYTES: usize = 1024 * 1024;

/// Largest envelope that is sealed or opened: the largest payload and padding, and the overhead.
pub const MAX_ENVELOPE_BYTES: usize = MAX_PAYLOAD_BYTES + MAX_PADDING_BYTES + 1024;

/// How an envelope is sealed. The envelope itself does not tell: it follows from the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// AES-256-GCM under a key that both sides know.
    Symmetric,
    /// ECIES to an identity.
    Asymmetric,
}

impl Kind {
    /// The name in the interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Symmetric => "symmetric",
            Self::Asymmetric => "asymmetric",
        }
    }
}

/// Who can open an envelope.
#[derive(Clone, Copy, Debug)]
pub enum SealTo<'a> {
    /// Only this identity can open it.
    Recipient(&'a IdentityKey),
    /// Everyone who knows this key can.
    Key(&'a SymmetricKey),
}

impl SealTo<'_> {
    /// The kind of envelope that this makes.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Recipient(_) => Kind::Asymmetric,
            Self::Key(_) => Kind::Symmetric,
        }
    }
}

/// What an envelope is opened with.
#[derive(Clone, Copy, Debug)]
pub enum OpenWith<'a> {
    /// The identity it is for.
    Recipient(&'a IdentityKeyPair),
    /// The key of its topic.
    Key(&'a SymmetricKey),
}

impl OpenWith<'_> {
    /// The kind of envelope that this opens.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Recipient(_) => Kind::Asymmetric,
            Self::Key(_) => Kind::Symmetric,
        }
    }
}

/// The bytes between payload and signature, which hide the length of the payload.
#[derive(Clone, Copy, Default)]
pub enum Padding<'a> {
    /// 1 to 256 random bytes, which make the length of the plaintext a multiple of 256.
    #[default]
    Random,
    /// These bytes, or none.
    Given(&'a [u8]),
}

impl fmt::Debug for Padding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("Random"),
            Self::Given(bytes) => write!(f, "Given({} bytes)", bytes.len()),
        }
    }
}

/// A sealed envelope, ready for a relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope(Vec<u8>);

impl Envelope {
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its bytes, owned.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envelope({} bytes)", self.0.len())
    }
}

/// Why an envelope cannot be sealed.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// The payload has more bytes than [`MAX_PAYLOAD_BYTES`].
    #[error("the payload has {0} bytes, more than an envelope holds")]
    PayloadTooLarge(usize),
    /// The padding has more bytes than [`MAX_PADDING_BYTES`].
    #[error("the padding has {0} bytes, more than an envelope holds")]
    PaddingTooLarge(usize),
    /// The recipient came from a store and is no point of the curve.
    #[error("the recipient: {0}")]
    Recipient(#[from] KeyError),
}

/// Why an envelope does not open. An outcome rather than a fault: a listener receives the envelopes
/// of strangers all the time.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq, Hash)]
pub enum Unopened {
    /// Not an envelope of this kind, or not one with a payload: too short, the key no point of the
    /// curve, a size beyond the end.
    #[error("not an envelope of this kind")]
    Malformed,
    /// Not for this key, or altered on its way.
    #[error("the envelope is not for this key, or was altered")]
    AuthenticationFailed,
    /// It claims to be signed, but no key can have made the signature.
    #[error("the envelope's signature is not one of any key")]
    BadSignature,
}

impl Unopened {
    /// The name in the interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::AuthenticationFailed => "authentication_failed",
            Self::BadSignature => "bad_signature",
        }
    }
}

/// The contents of an envelope.
pub struct Opened {
    /// The payload.
    pub payload: Zeroizing<Vec<u8>>,
    /// The padding, which has no meaning.
    pub padding: Zeroizing<Vec<u8>>,
    /// The signer, as recovered from the signature; `None` if it is not signed. An altered
    /// signature gives another signer rather than an error, so compare it with the expected one.
    pub signer: Option<IdentityKey>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

/// Seals a payload, signed if there is a signer.
///
/// Draws from `rng` in this order: the padding, if it is random; then the ephemeral key (32 bytes,
/// until they are a scalar) and the IV of 16 bytes, or the nonce of 12.
///
/// # Errors
/// [`SealError`].
pub fn seal(
    rng: &mut dyn CryptoRng,
    to: SealTo<'_>,
    signer: Option<&IdentityKeyPair>,
    payload: &[u8],
    padding: Padding<'_>,
) -> Result<Envelope, SealError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(SealError::PayloadTooLarge(payload.len()));
    }
    if let Padding::Given(padding) = padding
        && padding.len() > MAX_PADDING_BYTES
    {
        return Err(SealError::PaddingTooLarge(padding.len()));
    }
    let plaintext = payload::write(rng, signer, payload, padding)?;
    let sealed = match to {
        SealTo::Recipient(recipient) => asymmetric::seal(rng, recipient, &plaintext)?,
        SealTo::Key(key) => symmetric::seal(rng, key, &plaintext),
    };
    Ok(Envelope(sealed))
}

/// Opens an envelope.
///
/// # Errors
/// [`Unopened`].
pub fn open(with: OpenWith<'_>, envelope: &[u8]) -> Result<Opened, Unopened> {
    let plaintext = match with {
        OpenWith::Recipient(own) => asymmetric::open(own, envelope)?,
        OpenWith::Key(key) => symmetric::open(key, envelope)?,
    };
    payload::read(&plaintext)
}
