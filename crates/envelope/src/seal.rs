//! Sealing and opening, whichever the kind.

use std::fmt;

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{asymmetric, key::SymmetricKey, payload, symmetric};

/// Largest payload that is sealed: the largest message that is ever made. Less than the format's limit,
/// [`payload::MAX_FORMAT_PAYLOAD_BYTES`].
pub const MAX_PAYLOAD_BYTES: usize = 4 * 1024 * 1024;
/// Longest padding that a caller may choose: what a relay of these networks carries in one message.
pub const MAX_PADDING_BYTES: usize = 1024 * 1024;

/// Largest envelope that is made or opened: the largest payload and padding, and what goes around them.
pub const MAX_ENVELOPE_BYTES: usize = MAX_PAYLOAD_BYTES + MAX_PADDING_BYTES + 1024;

/// How an envelope is sealed. It does not say so itself: who listens on a topic knows.
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

/// Whom an envelope is for.
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

/// What stands between payload and signature, and hides how long the payload is.
#[derive(Clone, Copy, Default)]
pub enum Padding<'a> {
    /// Random bytes, 1 to 256 of them: the plaintext becomes a multiple of 256.
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

/// Why an envelope is not made.
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

/// Why an envelope does not open. An outcome, not a fault: whoever listens sees strangers' envelopes all day.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq, Hash)]
pub enum Unopened {
    /// No envelope of this kind, or none that holds a payload: too short, its key no point of the curve, a size beyond
    /// its end.
    #[error("not an envelope of this kind")]
    Malformed,
    /// Not for this key, or altered on its way.
    #[error("the envelope is not for this key, or was altered")]
    AuthenticationFailed,
    /// It says that it is signed, and no key can have made the signature.
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

/// What was in an envelope.
pub struct Opened {
    /// What was sealed.
    pub payload: Zeroizing<Vec<u8>>,
    /// What stood after it; of no meaning.
    pub padding: Zeroizing<Vec<u8>>,
    /// Whoever signed it: the key that the signature itself gives. An altered signature gives another signer rather
    /// than none, so compare. `None` if it is not signed.
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
/// The draws, in order: the padding, if it is random; then the ephemeral key (32 bytes, again until they are a scalar)
/// and the IV of 16 bytes, or the nonce of 12.
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
/// [`Unopened`], the reason.
pub fn open(with: OpenWith<'_>, envelope: &[u8]) -> Result<Opened, Unopened> {
    let plaintext = match with {
        OpenWith::Recipient(own) => asymmetric::open(own, envelope)?,
        OpenWith::Key(key) => symmetric::open(key, envelope)?,
    };
    payload::read(&plaintext)
}
