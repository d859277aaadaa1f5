//! The encoding of a ratchet for a store: a fixed layout, read strictly.
//!
//! It has two parts, because a message changes only the chains. The DH part is `version(1) ‖
//! curve(1) ‖ chains(1) ‖ root(32) ‖ own private(32) ‖ own public ‖ pn(4) ‖ receiving header key? ‖
//! key ahead(32)?`, the chain part `sending chain? ‖ receiving chain?`, where a chain is `key(32) ‖
//! n(4)`. `chains` is a sum: 1 if there is a sending chain, 2 if there is a receiving one, 4 if the
//! key of its next message is derived ahead. Keys have the curve's length; numbers are big-endian.

use super::{
    Chain, Curve, HeaderKey, MessageKey, Ratchet, Receiving, SessionRatchet,
    chain::{ChainKey, RootKey},
    session::Either,
};
use crate::{suite::RatchetCurve, wiped::Wiped};

const VERSION: u8 = 2;
/// The longest DH part: secp256k1 with both chains, and a key ahead.
const MAX_DH_BYTES: usize = 3 + 32 + 32 + 33 + 4 + 33 + 32;
/// A chain's key and number.
const CHAIN_BYTES: usize = 32 + 4;
const SENDING: u8 = 1;
const RECEIVING: u8 = 2;
const AHEAD: u8 = 4;

/// The bytes are not the encoding of a ratchet.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the bytes are no ratchet state")]
pub struct StateError;

impl SessionRatchet {
    /// The part that a DH step changes, for a store. Secret.
    #[must_use]
    pub fn dh_bytes(&self) -> Wiped<Vec<u8>> {
        let mut bytes = Wiped::new(Vec::with_capacity(MAX_DH_BYTES));
        match &self.0 {
            Either::X25519(ratchet) => ratchet.write_dh(&mut bytes),
            Either::Secp256k1(ratchet) => ratchet.write_dh(&mut bytes),
        }
        bytes
    }

    /// The chains, which every message moves, for a store. Secret.
    #[must_use]
    pub fn chain_bytes(&self) -> Wiped<Vec<u8>> {
        let mut bytes = Wiped::new(Vec::with_capacity(2 * CHAIN_BYTES));
        match &self.0 {
            Either::X25519(ratchet) => ratchet.write_chains(&mut bytes),
            Either::Secp256k1(ratchet) => ratchet.write_chains(&mut bytes),
        }
        bytes
    }

    /// Both parts, for comparing two states. Secret.
    #[must_use]
    pub fn to_bytes(&self) -> Wiped<Vec<u8>> {
        let (dh, chains) = (self.dh_bytes(), self.chain_bytes());
        Wiped::new([dh.as_slice(), chains.as_slice()].concat())
    }

    /// Reads what [`Self::dh_bytes`] and [`Self::chain_bytes`] wrote.
    ///
    /// # Errors
    /// [`StateError`] if it is anything else, or longer.
    pub fn from_parts(dh: &[u8], chains: &[u8]) -> Result<Self, StateError> {
        let (mut dh, mut chains) = (Reader(dh), Reader(chains));
        let [version, curve, which] = *dh.array()?;
        if version != VERSION || which & !(SENDING | RECEIVING | AHEAD) != 0 {
            return Err(StateError);
        }
        let ratchet = match RatchetCurve::from_byte(curve).ok_or(StateError)? {
            RatchetCurve::X25519 => Either::X25519(Ratchet::read(which, &mut dh, &mut chains)?),
            RatchetCurve::Secp256k1 => {
                Either::Secp256k1(Ratchet::read(which, &mut dh, &mut chains)?)
            }
        };
        if dh.0.is_empty() && chains.0.is_empty() {
            Ok(Self(ratchet))
        } else {
            Err(StateError)
        }
    }
}

// The writers stay within the buffers' capacity: a vector that grows leaves secrets behind.
impl<C: Curve> Ratchet<C> {
    fn write_dh(&self, bytes: &mut Vec<u8>) {
        let sends = self.sending.as_ref().map_or(0, |_| SENDING);
        let ahead = self
            .receiving
            .as_ref()
            .and_then(|receiving| receiving.chain.ahead.as_ref());
        let receives = self.receiving.as_ref().map_or(0, |_| RECEIVING);
        let derived = ahead.map_or(0, |_| AHEAD);
        bytes.extend_from_slice(&[VERSION, C::CURVE.byte(), sends | receives | derived]);
        bytes.extend_from_slice(self.root.secret_bytes());
        bytes.extend_from_slice(C::secret_bytes(&self.own).as_slice());
        bytes.extend_from_slice(C::public(&self.own).as_bytes());
        bytes.extend_from_slice(&self.previous_count.to_be_bytes());
        if let Some(receiving) = &self.receiving {
            bytes.extend_from_slice(receiving.key.as_bytes());
        }
        if let Some(ahead) = ahead {
            bytes.extend_from_slice(ahead.secret_bytes());
        }
    }

    fn write_chains(&self, bytes: &mut Vec<u8>) {
        let receiving = self.receiving.as_ref().map(|receiving| &receiving.chain);
        for chain in self.sending.iter().chain(receiving) {
            bytes.extend_from_slice(chain.key.secret_bytes());
            bytes.extend_from_slice(&chain.n.to_be_bytes());
        }
    }

    fn read(which: u8, dh: &mut Reader<'_>, chains: &mut Reader<'_>) -> Result<Self, StateError> {
        let root = RootKey::from_stored(*dh.array()?);
        let secret = dh.array::<32>()?;
        let public = dh.header_key(C::CURVE)?;
        let own = C::from_stored(secret, &public).map_err(|_| StateError)?;
        let previous_count = u32::from_be_bytes(*dh.array()?);
        let sending = if which & SENDING == 0 {
            None
        } else {
            Some(Chain::read(chains)?)
        };
        let receiving = if which & RECEIVING == 0 {
            None
        } else {
            Some(Receiving {
                key: dh.header_key(C::CURVE)?,
                chain: Chain::read(chains)?,
            })
        };
        let receiving = match (receiving, which & AHEAD) {
            (receiving, 0) => receiving,
            (Some(Receiving { key, chain }), _) => {
                let ahead = Some(MessageKey::from_stored(*dh.array()?));
                let chain = Chain { ahead, ..chain };
                Some(Receiving { key, chain })
            }
            (None, _) => return Err(StateError),
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
    fn read(reader: &mut Reader<'_>) -> Result<Self, StateError> {
        Ok(Self {
            key: ChainKey::from_stored(*reader.array()?),
            n: u32::from_be_bytes(*reader.array()?),
            ahead: None,
        })
    }
}

/// The bytes that are left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], StateError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(StateError)?;
        self.0 = rest;
        Ok(array)
    }

    fn header_key(&mut self, curve: RatchetCurve) -> Result<HeaderKey, StateError> {
        let (key, rest) = self
            .0
            .split_at_checked(curve.header_key_bytes())
            .ok_or(StateError)?;
        self.0 = rest;
        HeaderKey::from_wire(key).map_err(|_| StateError)
    }
}
