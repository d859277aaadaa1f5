//! A recorded device: its keys, its sessions in `crypto-core`, and the engines that repeat what it
//! did.

use std::collections::BTreeMap;

use crypto_core::{
    EphemeralKey, EphemeralKeyPair, IdentityKey, InstallationId, MessageId, SignedPreKey,
};
use engine::{
    ReceiveRequest, SendRequest,
    model::{AddressedMessage, Received},
    wire::WireMessage,
};
use rand_core::CryptoRng;

use super::{
    drawn::PreKey,
    entry::Entry,
    ratchets::{KeyPosition, Peer, Sessions},
};
use crate::{
    conformance::{
        device::{Device, NewDevice, Owner},
        draws::Draws,
        words,
    },
    ops::entropy::entropy,
};

/// A device of the recording.
pub(super) struct Recorded {
    pub(super) owner: Owner,
    /// All prekeys that it draws in the conversation. The version of each is its position, from 1.
    prekeys: Vec<PreKey>,
    /// How many of them were drawn so far.
    drawn: usize,
    /// The devices of its own identity that it enabled.
    pub(super) enabled: Vec<String>,
    pub(super) sessions: Sessions,
    /// What it read, under status-go's ids.
    pub(super) read: BTreeMap<String, Read>,
    engines: Engines,
}

/// Engines, each with a store of its own and at most one session, so that they have no choice of the
/// session to send on.
struct Engines {
    /// Reads what comes on the sessions that others begin, by DH and in public.
    reader: Device,
    /// Sends by DH and in public: it knows no devices.
    stranger: Device,
    /// Begins a session, and reads what comes on it.
    begun: BTreeMap<EphemeralKey, Device>,
}

/// A message that was read: where in `crypto-core`, and as what in the engine.
pub(super) struct Read {
    pub(super) position: Option<KeyPosition>,
    pub(super) message: Option<MessageId>,
}

impl Recorded {
    pub(super) fn new(
        reader: NewDevice,
        owner: Owner,
        prekeys: Vec<PreKey>,
    ) -> Result<Self, String> {
        let device = |new| device(new, &owner, &prekeys);
        let (reader, stranger) = (device(reader)?, device(Device::in_memory)?);
        Ok(Self {
            owner,
            prekeys,
            drawn: 0,
            enabled: Vec::new(),
            sessions: Sessions::default(),
            read: BTreeMap::new(),
            engines: Engines {
                reader,
                stranger,
                begun: BTreeMap::new(),
            },
        })
    }

    pub(super) fn peer(&self) -> Peer {
        Peer {
            identity: *self.owner.identity.public(),
            installation: self.owner.installation.as_str().to_owned(),
        }
    }

    /// The next of its prekeys is drawn.
    pub(super) fn draw_prekey(&mut self) {
        self.drawn = self.drawn.saturating_add(1);
    }

    /// The prekeys drawn by now, oldest first.
    pub(super) fn prekeys(&self) -> &[PreKey] {
        self.prekeys.get(..self.drawn).unwrap_or(&self.prekeys)
    }

    /// The version of a prekey that was drawn by now.
    pub(super) fn version_of(&self, prekey: &[u8]) -> Option<u32> {
        let index = self
            .prekeys()
            .iter()
            .position(|own| own.pair().public().as_bytes().as_slice() == prekey)?;
        u32::try_from(index.checked_add(1)?).ok()
    }

    /// Its bundle, as it is made when it knows no other device of its identity and this is its
    /// prekey.
    pub(super) fn bundle_of(&self, prekey: &SignedPreKey) -> Result<Vec<u8>, String> {
        let version = self.version_of(prekey.as_bytes());
        let held = self
            .prekeys
            .iter()
            .find(|own| own.pair().public() == prekey);
        let (Some(version), Some(held)) = (version, held) else {
            return Err("the prekey was not drawn by that device before".to_owned());
        };
        let mut device = Device::in_memory(&self.owner, held.created)?;
        device.import(held.import(version)?)?;
        let bundle = device.call(&mut entropy(), |engine, store, env| {
            engine.bundle(store, env)
        })?;
        Ok(bundle.map_err(words)?.wire)
    }

    /// Reads an entry in `crypto-core`.
    pub(super) fn open(
        &mut self,
        sender: &Peer,
        entry: &Entry,
        draws: &mut Draws,
    ) -> Result<(Vec<u8>, Option<KeyPosition>), String> {
        let prekeys = self.prekeys.get(..self.drawn).unwrap_or(&self.prekeys);
        let limits = &self.owner.config.skip;
        self.sessions
            .open(&self.owner.identity, prekeys, sender, entry, limits, draws)
    }

    /// The engine begins a session with the device that this bundle lists, and makes the entry that
    /// was recorded.
    pub(super) fn begin(
        &mut self,
        peer: &Peer,
        bundle: &[u8],
        ephemeral: &EphemeralKeyPair,
        ratchet_key: Vec<u8>,
        payload: &[u8],
        entry: &Entry,
    ) -> Result<(), String> {
        let mut device = device(Device::in_memory, &self.owner, &self.prekeys)?;
        let installation = InstallationId::parse(&peer.installation).map_err(words)?;
        let own = *self.owner.identity.public() == peer.identity;
        device.call(&mut entropy(), |engine, store, env| {
            engine.import_bundle(store, env, bundle).map_err(words)?;
            if own {
                engine
                    .enable_installation(store, env, None, &installation)
                    .map_err(words)?;
            }
            Ok::<(), String>(())
        })??;
        self.engines.begun.insert(*ephemeral.public(), device);
        let drawn = vec![ephemeral.secret_bytes().to_vec(), ratchet_key];
        self.go_on(peer, ephemeral.public(), drawn, payload, entry)
    }

    /// The engine sends on a session that it began and that was not answered yet, and makes the
    /// entry that was recorded.
    pub(super) fn go_on(
        &mut self,
        peer: &Peer,
        begun_with: &EphemeralKey,
        drawn: Vec<Vec<u8>>,
        payload: &[u8],
        entry: &Entry,
    ) -> Result<(), String> {
        let mut draws = Draws::new(drawn);
        let device = self.engines.begun.get_mut(begun_with).ok_or(NO_ENGINE)?;
        let envelopes = send(device, &mut draws, peer.identity, payload)?;
        draws.check_exact().map_err(by_the_engine)?;
        let own = *self.owner.identity.public() == peer.identity;
        let is_recorded = |envelope: &AddressedMessage| {
            if own {
                entry.is_in_copy(&envelope.wire)
            } else {
                entry.is_in(&envelope.wire, &peer.installation)
            }
        };
        if envelopes.iter().any(is_recorded) {
            Ok(())
        } else {
            Err("the engine makes another message than was recorded".to_owned())
        }
    }

    /// The engine's message by DH to somebody it knows nothing of.
    pub(super) fn dh_message(
        &mut self,
        recipient: IdentityKey,
        drawn: [Vec<u8>; 2],
        payload: &[u8],
    ) -> Result<Vec<AddressedMessage>, String> {
        let mut draws = Draws::new(drawn);
        let envelopes = send(&mut self.engines.stranger, &mut draws, recipient, payload)?;
        draws.check_exact().map_err(by_the_engine)?;
        Ok(envelopes)
    }

    /// The engine's advertisement of its bundle.
    pub(super) fn advertisement(
        &mut self,
        recipient: &IdentityKey,
        drawn: [Vec<u8>; 2],
    ) -> Result<AddressedMessage, String> {
        let mut draws = Draws::new(drawn);
        let envelope = self
            .engines
            .stranger
            .call(&mut draws, |engine, store, env| {
                engine.advertise(store, env, recipient, None)
            })?;
        draws.check_exact().map_err(by_the_engine)?;
        envelope.map_err(words)
    }

    /// The engine's public message.
    pub(super) fn public_message(&mut self, payload: &[u8]) -> Result<AddressedMessage, String> {
        let mut none = Draws::new([]);
        let envelope = self
            .engines
            .stranger
            .call(&mut none, |engine, store, env| {
                engine.public_message(store, env, payload)
            })?;
        none.check_exact().map_err(by_the_engine)?;
        envelope.map_err(words)
    }

    /// The engine takes up a bundle.
    pub(super) fn import_bundle(&mut self, bundle: &[u8]) -> Result<(), String> {
        let imported = self
            .engines
            .reader
            .call(&mut entropy(), |engine, store, env| {
                engine.import_bundle(store, env, bundle)
            })?;
        imported.map(|_| ()).map_err(words)
    }

    /// The engine that has the session reads a message, and draws what status-go drew.
    pub(super) fn receive(
        &mut self,
        position: Option<&KeyPosition>,
        sender: IdentityKey,
        wire: &[u8],
        drawn: Vec<Vec<u8>>,
    ) -> Result<Received, String> {
        let mut draws = Draws::new(drawn);
        let request = ReceiveRequest {
            sender,
            message: WireMessage::decode(wire),
            confirm: false,
            sealed: false,
        };
        let received = self.engines.of(position)?.receive(&mut draws, request)?;
        // More is drawn for the reply to a message that is not for this device.
        draws.check_taken().map_err(by_the_engine)?;
        received.map_err(words)
    }

    pub(super) fn confirm(&mut self, message_id: &str) -> Result<(), String> {
        let read = self
            .read
            .get(message_id)
            .ok_or("a message is confirmed that was not read")?;
        if let Some(position) = &read.position {
            self.sessions.confirm(position);
        }
        match read.message {
            Some(message) => self.engines.of(read.position.as_ref())?.confirm(message),
            None => Ok(()),
        }
    }
}

impl Engines {
    /// The engine that has the session of this key.
    fn of(&mut self, position: Option<&KeyPosition>) -> Result<&mut Device, String> {
        match position.and_then(|position| position.begun_with) {
            None => Ok(&mut self.reader),
            Some(ephemeral) => self
                .begun
                .get_mut(&ephemeral)
                .ok_or_else(|| NO_ENGINE.to_owned()),
        }
    }
}

const NO_ENGINE: &str = "no engine has begun this session";

/// A device that has all these prekeys from the start, at the time of the newest.
fn device(new: NewDevice, owner: &Owner, prekeys: &[PreKey]) -> Result<Device, String> {
    let now = prekeys.iter().map(|prekey| prekey.created).max();
    let mut device = new(owner, now.unwrap_or_default())?;
    for (prekey, version) in prekeys.iter().zip(1..) {
        device.import(prekey.import(version)?)?;
    }
    Ok(device)
}

fn send(
    device: &mut Device,
    rng: &mut dyn CryptoRng,
    recipient: IdentityKey,
    payload: &[u8],
) -> Result<Vec<AddressedMessage>, String> {
    let request = SendRequest {
        recipients: vec![recipient],
        payload: payload.to_vec().into(),
        request_id: None,
        seal: None,
    };
    let sent = device.call(rng, |engine, store, env| engine.send(store, env, &request))?;
    let sent = sent.map_err(words)?;
    Ok(sent.messages)
}

fn by_the_engine(difference: String) -> String {
    format!("{difference}, by the engine")
}
