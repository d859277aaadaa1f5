//! The double ratchets of a status-go device: our implementation, in the states that status-go
//! makes.

use std::collections::BTreeMap;

use crypto_core::{
    AssociatedData, Header, HeaderKey, IdentityKey, MessageKey, OpenError, RatchetCurve,
    SessionRatchet, SharedKey, SignedPreKey, SkipLimits, Suite, VerifiedPreKey,
};

use super::super::SplitMix64;

/// How many keys may be skipped in one chain.
const LIMITS: SkipLimits = SkipLimits {
    max_skip: 1000,
    max_steps: 2000,
};
/// How many message keys are kept of one session; the oldest are dropped.
const MAX_KEYS: usize = 2000;
/// Keys of a session that were stored this many keys before its last one are dropped.
const MAX_AGE: u64 = 3000;

/// Identifies a ratchet: the responder's prekey, and the installation id of the other side.
pub(super) type Name = (Vec<u8>, String);

/// The ratchets, and the keys of messages that were skipped or are not confirmed yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratchets {
    states: BTreeMap<Name, State>,
    keys: BTreeMap<(Vec<u8>, u32), Key>,
}

#[derive(Clone, Debug)]
struct State {
    /// The two parts of a [`SessionRatchet`].
    dh: Vec<u8>,
    chains: Vec<u8>,
    /// The number of keys that this session has stored so far.
    keys: u64,
}

#[derive(Clone, Debug)]
struct Key {
    session: Name,
    number: u64,
    bytes: [u8; 32],
}

/// How a ratchet begins, apart from its secret.
pub(super) enum Origin<'a> {
    /// As the responder, with the private half of our prekey.
    Own { private: &'a [u8; 32] },
    /// As the initiator, towards the prekey of that identity.
    Theirs { identity: &'a IdentityKey },
}

impl Ratchets {
    /// The ratchet of this name. One that does not exist yet is begun, and kept even if the message
    /// does not open.
    fn load(
        &mut self,
        name: &Name,
        secret: [u8; 32],
        origin: &Origin<'_>,
        rng: &mut SplitMix64,
    ) -> &mut State {
        self.states
            .entry(name.clone())
            .or_insert_with(|| begin(&name.0, secret, origin, rng))
    }

    pub(super) fn seal(
        &mut self,
        name: &Name,
        secret: [u8; 32],
        origin: &Origin<'_>,
        plaintext: &[u8],
        rng: &mut SplitMix64,
    ) -> (Header, Vec<u8>) {
        let state = self.load(name, secret, origin, rng);
        let (next, sealed) = state
            .ratchet()
            .seal(&AssociatedData::empty(), plaintext)
            .expect("a chain that is not at its end");
        state.keep(&next);
        (sealed.header, sealed.ciphertext)
    }

    pub(super) fn open(
        &mut self,
        name: &Name,
        secret: [u8; 32],
        origin: &Origin<'_>,
        (header, ciphertext): (&Header, &[u8]),
        rng: &mut SplitMix64,
    ) -> Result<Vec<u8>, OpenError> {
        let ad = AssociatedData::empty();
        let place = (header.key.as_bytes().to_vec(), header.n);
        let stored = self.keys.get(&place).map(|key| key.bytes);
        let state = self.load(name, secret, origin, rng);
        let ratchet = state.ratchet();
        if let Some(stored) = stored {
            let key = MessageKey::from_stored(stored);
            let text = ratchet.open_stored(&key, header, &ad, ciphertext)?;
            return Ok(text.to_vec());
        }
        let opened = ratchet.open(header, &ad, ciphertext, &LIMITS, rng)?;
        state.keep(&opened.ratchet);
        let mut number = state.keys;
        let mut keys = Vec::new();
        for skipped in opened.skipped {
            let place = (skipped.header_key.as_bytes().to_vec(), skipped.n);
            keys.push((place, *skipped.key.secret_bytes()));
        }
        keys.push((place, *opened.used.secret_bytes()));
        state.keys += keys.len() as u64;
        let last = state.keys;
        for (place, bytes) in keys {
            let session = name.clone();
            self.keys.insert(
                place,
                Key {
                    session,
                    number,
                    bytes,
                },
            );
            number += 1;
        }
        self.drop_old_keys(name, last);
        Ok(opened.plaintext.to_vec())
    }

    /// The message is stored by the frontend: its key is erased.
    pub(super) fn confirm(&mut self, header: &Header) {
        self.keys
            .remove(&(header.key.as_bytes().to_vec(), header.n));
    }

    fn drop_old_keys(&mut self, name: &Name, last: u64) {
        if self.keys.len() > MAX_KEYS {
            let mut numbers: Vec<u64> = self
                .keys
                .values()
                .filter(|key| key.session == *name)
                .map(|key| key.number)
                .collect();
            numbers.sort_unstable_by(|a, b| b.cmp(a));
            if let Some(first) = numbers.get(MAX_KEYS - 1).copied() {
                self.keys
                    .retain(|_, key| key.session != *name || key.number >= first);
            }
        }
        if let Some(oldest) = last.checked_sub(MAX_AGE) {
            self.keys
                .retain(|_, key| key.session != *name || key.number > oldest);
        }
    }
}

impl State {
    fn ratchet(&self) -> SessionRatchet {
        SessionRatchet::from_parts(&self.dh, &self.chains).expect("what was kept")
    }

    fn keep(&mut self, ratchet: &SessionRatchet) {
        self.dh = ratchet.dh_bytes().to_vec();
        self.chains = ratchet.chain_bytes().to_vec();
    }
}

fn begin(prekey: &[u8], secret: [u8; 32], origin: &Origin<'_>, rng: &mut SplitMix64) -> State {
    match origin {
        Origin::Theirs { identity } => {
            let prekey = SignedPreKey::from_wire(prekey).expect("a prekey");
            let prekey = VerifiedPreKey::from_stored(**identity, prekey, None);
            let secret = SharedKey::from_stored(secret);
            let ratchet = SessionRatchet::initiate(&secret, &prekey, RatchetCurve::Secp256k1, rng)
                .expect("a prekey");
            State {
                dh: ratchet.dh_bytes().to_vec(),
                chains: ratchet.chain_bytes().to_vec(),
                keys: 0,
            }
        }
        // Both chains are the secret itself until the first message arrives, and the responder may
        // send on its own chain before. The receiving chain is kept under the secret as its header
        // key, which no header has.
        Origin::Own { private } => {
            let chain = [secret.as_slice(), &0_u32.to_be_bytes()].concat();
            let head = [2, Suite::Secp256k1.byte(), 3];
            let dh = [
                head.as_slice(),
                &secret,
                private.as_slice(),
                prekey,
                &[0; 4],
                prekey,
            ]
            .concat();
            State {
                dh,
                chains: [chain.clone(), chain].concat(),
                keys: 0,
            }
        }
    }
}

pub(super) fn header_key(bytes: &[u8]) -> Option<HeaderKey> {
    HeaderKey::from_wire(bytes)
        .ok()
        .filter(|key| key.curve() == RatchetCurve::Secp256k1)
}
