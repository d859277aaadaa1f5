//! The sessions of one recorded device, held in `crypto-core` alone. The recording says which of
//! them a message uses.

use std::collections::BTreeMap;

use crypto_core::{
    AssociatedData, EphemeralKey, EphemeralKeyPair, Header, HeaderKey, IdentityKey,
    IdentityKeyPair, MessageKey, OwnPreKeys, RatchetCurve, SessionRatchet, SignedPreKey,
    SkipLimits, VerifiedPreKey, x3dh,
};

use super::{
    drawn::PreKey,
    entry::{Entry, Headers},
};
use crate::conformance::{draws::Draws, words};

/// The curve on which status-go ratchets.
const CURVE: RatchetCurve = RatchetCurve::Secp256k1;

/// A device at the other end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) identity: IdentityKey,
    pub(super) installation: String,
}

#[derive(Default)]
pub(super) struct Sessions(Vec<Session>);

struct Session {
    peer: Peer,
    signed_pre_key: SignedPreKey,
    ephemeral: EphemeralKey,
    role: Role,
    ratchet: SessionRatchet,
    /// Keys of messages that were skipped, and of those read and not confirmed.
    keys: BTreeMap<(HeaderKey, u32), MessageKey>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nothing of the other side was read on it yet.
    Unconfirmed,
    Initiator,
    Responder,
}

/// Where a message was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyPosition {
    session: usize,
    key: HeaderKey,
    n: u32,
    /// EK, if the session was begun here.
    pub(super) begun_with: Option<EphemeralKey>,
}

impl Sessions {
    /// The first message of a session, with the keys that were drawn for it.
    pub(super) fn begin(
        &mut self,
        own: &IdentityKeyPair,
        peer: &Peer,
        signed_pre_key: SignedPreKey,
        ephemeral: &EphemeralKeyPair,
        ratchet_key: Vec<u8>,
        payload: &[u8],
    ) -> Result<Entry, String> {
        let prekey = VerifiedPreKey::from_stored(peer.identity, signed_pre_key, None);
        let shared = x3dh::initiate(own, ephemeral, &prekey, None).map_err(words)?;
        let mut draws = Draws::new([ratchet_key]);
        let ratchet =
            SessionRatchet::initiate(&shared, &prekey, CURVE, &mut draws).map_err(words)?;
        draws.check_exact()?;
        let (ratchet, sealed) = ratchet
            .seal(&AssociatedData::empty(), payload)
            .map_err(words)?;
        let ephemeral = *ephemeral.public();
        self.0.push(Session {
            peer: peer.clone(),
            signed_pre_key,
            ephemeral,
            role: Role::Unconfirmed,
            ratchet,
            keys: BTreeMap::new(),
        });
        Ok(Entry::sealed(Some(ephemeral), signed_pre_key, sealed))
    }

    /// The next message on the session with `peer` whose ratchet key this is.
    pub(super) fn go_on(
        &mut self,
        peer: &Peer,
        ratchet_key: &[u8],
        payload: &[u8],
    ) -> Result<Entry, String> {
        for session in self.0.iter_mut().filter(|session| session.peer == *peer) {
            // A session that has no sending chain yet is not the one.
            let ad = AssociatedData::empty();
            let Ok((next, sealed)) = session.ratchet.duplicate().seal(&ad, payload) else {
                continue;
            };
            if sealed.header.key.as_bytes() == ratchet_key {
                session.ratchet = next;
                let x3dh = (session.role == Role::Unconfirmed).then_some(session.ephemeral);
                return Ok(Entry::sealed(x3dh, session.signed_pre_key, sealed));
            }
        }
        Err("no session with the device has the ratchet key that was recorded".to_owned())
    }

    /// Reads an entry for this device. Nothing changes unless it opens.
    pub(super) fn open(
        &mut self,
        own: &IdentityKeyPair,
        prekeys: &[PreKey],
        peer: &Peer,
        entry: &Entry,
        limits: &SkipLimits,
        draws: &mut Draws,
    ) -> Result<(Vec<u8>, Option<KeyPosition>), String> {
        let (x3dh, header, signed_pre_key) = match &entry.headers {
            Headers::Dh(ephemeral) => {
                let opened = crypto_core::dh_message::open(own, ephemeral, &entry.payload);
                return Ok((opened.map_err(words)?.to_vec(), None));
            }
            Headers::Ratchet {
                x3dh,
                ratchet,
                signed_pre_key,
            } => (x3dh, ratchet, signed_pre_key),
        };
        let mut why = "there is no session for it".to_owned();
        for (index, session) in self.0.iter_mut().enumerate() {
            let responds = session.role == Role::Responder;
            let is_candidate = session.peer == *peer
                && session.signed_pre_key == *signed_pre_key
                && x3dh.is_none_or(|ephemeral| responds && ephemeral == session.ephemeral);
            if !is_candidate {
                continue;
            }
            match session.open(header, &entry.payload, limits, draws) {
                Ok(payload) => {
                    let begun_with = (!responds).then_some(session.ephemeral);
                    return Ok((payload, Some(KeyPosition::new(index, header, begun_with))));
                }
                Err(reason) => why = reason,
            }
        }
        let is_known = |session: &Session| Some(session.ephemeral) == *x3dh;
        let Some(ephemeral) = x3dh.filter(|_| !self.0.iter().any(is_known)) else {
            return Err(why);
        };
        let prekey = prekeys
            .iter()
            .map(PreKey::pair)
            .find(|pair| pair.public() == signed_pre_key)
            .ok_or("its prekey was never drawn")?;
        let shared = x3dh::respond(own, prekey, &peer.identity, &ephemeral, None).map_err(words)?;
        let pair = OwnPreKeys {
            signed: prekey,
            ratchet: None,
        };
        let mut session = Session {
            peer: peer.clone(),
            signed_pre_key: *signed_pre_key,
            ephemeral,
            role: Role::Responder,
            ratchet: SessionRatchet::respond(&shared, pair, CURVE).map_err(words)?,
            keys: BTreeMap::new(),
        };
        let payload = session.open(header, &entry.payload, limits, draws)?;
        let position = KeyPosition::new(self.0.len(), header, None);
        self.0.push(session);
        Ok((payload, Some(position)))
    }

    /// Forgets the key of a message that was read.
    pub(super) fn confirm(&mut self, position: &KeyPosition) {
        if let Some(session) = self.0.get_mut(position.session) {
            session.keys.remove(&(position.key, position.n));
        }
    }
}

impl Session {
    fn open(
        &mut self,
        header: &Header,
        payload: &[u8],
        limits: &SkipLimits,
        draws: &mut Draws,
    ) -> Result<Vec<u8>, String> {
        let ad = AssociatedData::empty();
        let plaintext = if let Some(key) = self.keys.get(&(header.key, header.n)) {
            self.ratchet
                .open_stored(key, header, &ad, payload)
                .map_err(words)?
        } else {
            let opened = self
                .ratchet
                .open(header, &ad, payload, limits, draws)
                .map_err(words)?;
            let skipped = opened.skipped.into_iter();
            self.keys
                .extend(skipped.map(|skipped| ((skipped.header_key, skipped.n), skipped.key)));
            self.keys.insert((header.key, header.n), opened.used);
            self.ratchet = opened.ratchet;
            opened.plaintext
        };
        if self.role == Role::Unconfirmed {
            self.role = Role::Initiator;
        }
        Ok(plaintext.to_vec())
    }
}

impl KeyPosition {
    const fn new(session: usize, header: &Header, begun_with: Option<EphemeralKey>) -> Self {
        Self {
            session,
            key: header.key,
            n: header.n,
            begun_with,
        }
    }
}
