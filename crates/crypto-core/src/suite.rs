//! The two ratchet suites (protocol §5).

/// The curve a session ratchets on; fixed by the session's first message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Suite {
    /// Curve25519, the specification's (spec 2.1).
    X25519,
    /// secp256k1, status-go's.
    Secp256k1,
}

impl Suite {
    /// The name in configuration and interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// The suite of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::X25519, Self::Secp256k1]
            .into_iter()
            .find(|suite| suite.name() == name)
    }

    /// The byte that stands for it in session ids.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::X25519 => 1,
            Self::Secp256k1 => 2,
        }
    }

    /// The suite of that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::X25519, Self::Secp256k1]
            .into_iter()
            .find(|suite| suite.byte() == byte)
    }

    /// Length of its ratchet public keys on the wire, in bytes.
    #[must_use]
    pub const fn header_key_bytes(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::Secp256k1 => 33,
        }
    }
}
