//! The three suites (protocol §5, §13), and the two curves that their ratchets turn on.

/// What a session is made with: its key agreement and the curve of its ratchet. Fixed by the
/// session's first message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Suite {
    /// X3DH and a ratchet on Curve25519, the specification's (spec 2.1).
    X25519,
    /// X3DH and a ratchet on secp256k1, status-go's.
    Secp256k1,
    /// X3DH with ML-KEM-768 and a ratchet on Curve25519 (protocol §13).
    X25519MlKem768,
}

impl Suite {
    /// All suites, the preferred one first.
    pub const ALL: [Self; 3] = [Self::X25519MlKem768, Self::X25519, Self::Secp256k1];

    /// The name in configuration and interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::Secp256k1 => "secp256k1",
            Self::X25519MlKem768 => "x25519-mlkem768",
        }
    }

    /// The suite of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// The byte that stands for it in session ids.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::X25519 => 1,
            Self::Secp256k1 => 2,
            Self::X25519MlKem768 => 3,
        }
    }

    /// The suite of that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.byte() == byte)
    }

    /// The curve that its ratchet turns on.
    #[must_use]
    pub const fn curve(self) -> RatchetCurve {
        match self {
            Self::X25519 | Self::X25519MlKem768 => RatchetCurve::X25519,
            Self::Secp256k1 => RatchetCurve::Secp256k1,
        }
    }

    /// Whether recorded messages stay secret from whoever breaks the curves later (protocol §13).
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        matches!(self, Self::X25519MlKem768)
    }
}

/// The curve a ratchet turns on: what its state and the header keys of its messages tell. Two
/// suites share Curve25519.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RatchetCurve {
    /// Curve25519.
    X25519,
    /// secp256k1.
    Secp256k1,
}

impl RatchetCurve {
    /// Length of its ratchet public keys on the wire, in bytes.
    #[must_use]
    pub const fn header_key_bytes(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::Secp256k1 => 33,
        }
    }

    /// The byte that stands for it in a stored ratchet.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::X25519 => 1,
            Self::Secp256k1 => 2,
        }
    }

    /// The curve of that byte.
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::X25519, Self::Secp256k1]
            .into_iter()
            .find(|curve| curve.byte() == byte)
    }
}
