//! A relay that meddles with KEM prekeys: nothing authenticates field 16 of a bundle and the names
//! that a message asks for (protocol §13).

use std::collections::BTreeMap;

use crypto_core::{IdentityKey, RawKemPreKey};

use super::{Disks, World, sent_message::SentMessage};
use crate::wire::{
    WireMessage, decode_bundle, decode_kem_prekeys, encode_bundle, encode_message, with_kem_prekeys,
};

/// What a relay does to the messages of one device to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayFault {
    /// It takes out KEM prekeys and requests for them.
    Strip,
    /// It puts the key of another KEM prekey in the place of each.
    SwapKem,
    /// It puts the oldest one that it saw of the identity in the place of all, and has the sender
    /// ask for everything.
    ReplayKem,
}

/// What the relay does, by sender and reader, and the KEM prekeys that it saw.
#[derive(Debug, Default)]
pub(super) struct Relay {
    pub(super) faults: BTreeMap<(usize, usize), RelayFault>,
    seen: Vec<(IdentityKey, RawKemPreKey)>,
}

impl Relay {
    pub(super) fn see(&mut self, sent: &SentMessage) {
        let message = WireMessage::decode(&sent.wire).expect("our own message");
        let keys = message.bundles.iter().flat_map(|it| decode_kem_prekeys(it));
        for key in keys.flatten().map(|key| (sent.sender, key)) {
            if !self.seen.contains(&key) {
                self.seen.push(key);
            }
        }
    }

    fn change(&self, fault: RelayFault, sender: &IdentityKey, wire: &[u8]) -> Vec<u8> {
        let mut message = WireMessage::decode(wire).expect("our own message");
        let mut of_sender = self.seen.iter().filter(|(identity, _)| identity == sender);
        for bundle in &mut message.bundles {
            let mut keys: Vec<_> = decode_kem_prekeys(bundle).into_iter().flatten().collect();
            match fault {
                RelayFault::Strip => keys.clear(),
                RelayFault::SwapKem => {
                    for key in &mut keys {
                        let mut others = self.seen.iter().map(|(_, other)| other);
                        let other = others.find(|other| other.key != key.key);
                        key.key = other.map_or_else(Vec::new, |other| other.key.clone());
                    }
                }
                RelayFault::ReplayKem => {
                    keys = of_sender
                        .next()
                        .map(|(_, key)| key.clone())
                        .into_iter()
                        .collect();
                }
            }
            let plain = encode_bundle(decode_bundle(bundle).expect("our own bundle"));
            *bundle = with_kem_prekeys(plain, keys);
        }
        message.kem_wanted = match fault {
            RelayFault::Strip => Vec::new(),
            RelayFault::SwapKem => vec!["x1-k1-nobody".to_owned()],
            RelayFault::ReplayKem => {
                let seen = self.seen.iter().rev();
                seen.map(|(_, key)| key.installation_id.clone())
                    .take(4)
                    .collect()
            }
        };
        encode_message(message)
    }
}

impl<H: Disks> World<H> {
    /// What the relay makes of a message on its way to the device; `None` if it leaves it alone.
    pub(super) fn relayed(&self, sent: &SentMessage, at: usize) -> Option<Vec<u8>> {
        let fault = self.relay.faults.get(&(sent.from, at))?;
        Some(self.relay.change(*fault, &sent.sender, &sent.wire))
    }

    pub(super) fn relay_at(&mut self, from: usize, at: usize, fault: Option<RelayFault>) {
        match fault {
            Some(fault) => self.relay.faults.insert((from, at), fault),
            None => self.relay.faults.remove(&(from, at)),
        };
    }
}
