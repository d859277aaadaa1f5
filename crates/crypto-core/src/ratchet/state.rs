//! A ratchet as a store keeps it: one fixed layout, strictly read.
//!
//! `version(1) ‖ suite(1) ‖ root(32) ‖ own private(32) ‖ own public ‖ pn(4) ‖ chain? ‖ (header key ‖ chain)?`
//! where a chain is `key(32) ‖ n(4)`, `?` is a byte 0 or 1 before the part, keys have
//! the suite's length, and numbers are big endian.

use super::{
    Chain, Curve, HeaderKey, Ratchet, Receiving, SessionRatchet,
    chain::{ChainKey, RootKey},
    session::Either,
};
use crate::{suite::Suite, wiped::Wiped};

const VERSION: u8 = 1;
/// The longest state: suite secp256k1 with both chains.
const MAX_STATE_BYTES: usize = 2 + 32 + 32 + 33 + 4 + (1 + 36) + (1 + 33 + 36);

/// Bytes that are no ratchet.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the bytes are no ratchet state")]
pub struct StateError;

impl SessionRatchet {
    /// The state, for a store. Secret.
    #[must_use]
    pub fn to_bytes(&self) -> Wiped<Vec<u8>> {
        match &self.0 {
            Either::X25519(ratchet) => ratchet.to_bytes(),
            Either::Secp256k1(ratchet) => ratchet.to_bytes(),
        }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StateError`] if it is anything else, or longer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = Reader(bytes);
        if reader.byte()? != VERSION {
            return Err(StateError);
        }
        let ratchet = match Suite::from_byte(reader.byte()?).ok_or(StateError)? {
            Suite::X25519 => Either::X25519(Ratchet::read(&mut reader)?),
            Suite::Secp256k1 => Either::Secp256k1(Ratchet::read(&mut reader)?),
        };
        if reader.0.is_empty() {
            Ok(Self(ratchet))
        } else {
            Err(StateError)
        }
    }
}

impl<C: Curve> Ratchet<C> {
    fn to_bytes(&self) -> Wiped<Vec<u8>> {
        // Never grows past its capacity: a buffer that moved would leave secrets behind.
        let mut bytes = Wiped::new(Vec::with_capacity(MAX_STATE_BYTES));
        bytes.extend_from_slice(&[VERSION, C::SUITE.byte()]);
        bytes.extend_from_slice(self.root.secret_bytes());
        bytes.extend_from_slice(C::secret_bytes(&self.own).as_slice());
        bytes.extend_from_slice(C::public(&self.own).as_bytes());
        bytes.extend_from_slice(&self.previous_count.to_be_bytes());
        bytes.push(u8::from(self.sending.is_some()));
        if let Some(chain) = &self.sending {
            chain.write(&mut bytes);
        }
        bytes.push(u8::from(self.receiving.is_some()));
        if let Some(receiving) = &self.receiving {
            bytes.extend_from_slice(receiving.key.as_bytes());
            receiving.chain.write(&mut bytes);
        }
        bytes
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, StateError> {
        let root = RootKey::from_stored(*reader.array()?);
        let secret = reader.array::<32>()?;
        let public = reader.header_key(C::SUITE)?;
        let own = C::from_stored(secret, &public).map_err(|_| StateError)?;
        let previous_count = u32::from_be_bytes(*reader.array()?);
        let sending = if reader.flag()? {
            Some(Chain::read(reader)?)
        } else {
            None
        };
        let receiving = if reader.flag()? {
            Some(Receiving {
                key: reader.header_key(C::SUITE)?,
                chain: Chain::read(reader)?,
            })
        } else {
            None
        };
        Ok(Self {
            root,
            own,
            sending,
            receiving,
            previous_count,
        })
    }
}

impl Chain {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.key.secret_bytes());
        bytes.extend_from_slice(&self.n.to_be_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, StateError> {
        Ok(Self {
            key: ChainKey::from_stored(*reader.array()?),
            n: u32::from_be_bytes(*reader.array()?),
        })
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], StateError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(StateError)?;
        self.0 = rest;
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, StateError> {
        let [byte] = *self.array()?;
        Ok(byte)
    }

    fn flag(&mut self) -> Result<bool, StateError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StateError),
        }
    }

    fn header_key(&mut self, suite: Suite) -> Result<HeaderKey, StateError> {
        let (key, rest) = self
            .0
            .split_at_checked(suite.header_key_bytes())
            .ok_or(StateError)?;
        self.0 = rest;
        HeaderKey::from_wire(key).map_err(|_| StateError)
    }
}
