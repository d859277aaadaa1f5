//! How a status-go device receives messages and bundles.

use crypto_core::{
    EphemeralKey, Header, IdentityKey, OpenError, RawBundle, Signature, SignedPreKeyPair,
    dh_message, keccak256, x3dh,
};

use super::{
    ANY_DEVICE, StatusGo, origin,
    ratchets::header_key,
    tables::{Listed, Secret},
};
use crate::{
    wire::{WireEntry, WireMessage, WireRatchetHeader, WireX3dhHeader, decode_bundle},
    world::participant::{Participant as _, ReadOutcome},
};

/// A message that was read: the text, and the ratchet header, by which a confirmation finds the
/// key.
pub(super) type Read = (Vec<u8>, Option<Header>);

impl StatusGo {
    /// Opens a wire message. Its bundles are taken up even if the message does not open.
    pub(super) fn open(&mut self, from: &IdentityKey, wire: &[u8]) -> Result<Read, ReadOutcome> {
        let message = WireMessage::decode(wire).map_err(|_| ReadOutcome::other("no message"))?;
        for bundle in &message.bundles {
            self.learn(bundle)?;
        }
        let entry = message
            .entries
            .get(&self.id)
            .or_else(|| message.entries.get(ANY_DEVICE));
        match entry {
            Some(entry) => self.open_entry(from, &message.installation, entry),
            None if *from != self.key() => Err(ReadOutcome::NotTargeted),
            None if message.installation == self.id => Ok((Vec::new(), None)),
            None => Err(ReadOutcome::other(
                "received a message from not paired device",
            )),
        }
    }

    /// Takes up a bundle of any identity, if its signature is valid.
    pub(super) fn learn(&mut self, wire: &[u8]) -> Result<(), ReadOutcome> {
        let bundle = decode_bundle(wire).map_err(|_| ReadOutcome::other("no bundle"))?;
        let signer = Signature::from_wire(&bundle.signature)
            .and_then(|signature| signature.recover(&signed_digest(&bundle)));
        if !signer.is_ok_and(|signer| signer.as_bytes().as_slice() == bundle.identity) {
            return Err(ReadOutcome::other("identity key and signature mismatch"));
        }
        let own = bundle.identity == self.own_identity();
        for entry in &bundle.entries {
            let listed = Listed {
                installation: entry.installation_id.clone(),
                prekey: entry.signed_pre_key.clone(),
                version: entry.version,
            };
            self.database
                .bundles
                .learn(&bundle.identity, &listed, bundle.timestamp);
            if listed.installation != self.id {
                let id = &listed.installation;
                self.database
                    .installations
                    .learn(&bundle.identity, id, bundle.timestamp, !own);
            }
        }
        Ok(())
    }

    fn open_entry(
        &mut self,
        from: &IdentityKey,
        installation: &str,
        entry: &WireEntry,
    ) -> Result<Read, ReadOutcome> {
        if let Some(x3dh) = &entry.x3dh {
            self.respond(from, installation, x3dh)?;
        }
        match (&entry.dr, &entry.dh) {
            (Some(dr), _) => {
                let (text, header) =
                    self.open_by_ratchet(from, installation, dr, &entry.payload)?;
                Ok((text, Some(header)))
            }
            (None, Some(key)) => {
                let key = EphemeralKey::from_wire(key).map_err(|_| ReadOutcome::other("no key"))?;
                let text = dh_message::open(&self.identity, &key, &entry.payload)
                    .map_err(|_| ReadOutcome::other("the DH message does not open"))?;
                Ok((text.to_vec(), None))
            }
            (None, None) => Err(ReadOutcome::other("no key specified")),
        }
    }

    /// Processes an X3DH header: its secret replaces the one on this prekey with this device.
    fn respond(
        &mut self,
        from: &IdentityKey,
        installation: &str,
        x3dh: &WireX3dhHeader,
    ) -> Result<(), ReadOutcome> {
        let ephemeral = EphemeralKey::from_wire(&x3dh.key)
            .map_err(|_| ReadOutcome::other("no ephemeral key"))?;
        let row = self.database.bundles.of(&x3dh.id);
        let private = row
            .and_then(|row| row.private)
            .ok_or(ReadOutcome::NoSession)?;
        let pair = SignedPreKeyPair::from_secret_bytes(&private).expect("an own prekey");
        let shared = x3dh::respond(&self.identity, &pair, from, &ephemeral, None)
            .map_err(|_| ReadOutcome::other("no key agreement"))?;
        self.database.secrets.put(Secret {
            prekey: x3dh.id.clone(),
            identity: from.to_bytes().to_vec(),
            installation: installation.to_owned(),
            key: *shared.secret_bytes(),
            ephemeral: None,
        });
        Ok(())
    }

    fn open_by_ratchet(
        &mut self,
        from: &IdentityKey,
        installation: &str,
        dr: &WireRatchetHeader,
        payload: &[u8],
    ) -> Result<(Vec<u8>, Header), ReadOutcome> {
        let identity = from.to_bytes();
        let database = &mut self.database;
        let row = database.bundles.of(&dr.id);
        let secret = database.secrets.of(&dr.id, &identity, installation);
        let (Some(row), Some(secret)) = (row, secret) else {
            return Err(ReadOutcome::NoSession);
        };
        let (private, secret) = (row.private, secret.key);
        database.secrets.confirm(&dr.id, &identity, installation);
        let header = Header {
            key: header_key(&dr.key).ok_or(ReadOutcome::other("no header key"))?,
            n: dr.n,
            pn: dr.pn,
        };
        let name = (dr.id.clone(), installation.to_owned());
        let origin = origin(private.as_ref(), from);
        let text = database
            .ratchets
            .open(&name, secret, &origin, (&header, payload), &mut self.rng)
            .map_err(|error| match error {
                OpenError::KeyGone | OpenError::BadPreviousCount => ReadOutcome::OldChain,
                OpenError::Authentication => ReadOutcome::Mac,
                other => ReadOutcome::other(&other.to_string()),
            })?;
        Ok((text, header))
    }
}

/// The digest that a bundle's signature covers. status-go does not check the timestamp.
fn signed_digest(bundle: &RawBundle) -> [u8; 32] {
    let mut entries: Vec<_> = bundle.entries.iter().collect();
    entries.sort_by_key(|entry| entry.installation_id.as_bytes());
    let mut signed = Vec::new();
    for entry in entries {
        signed.extend_from_slice(entry.installation_id.as_bytes());
        signed.extend_from_slice(&entry.signed_pre_key);
        signed.extend_from_slice(entry.version.to_string().as_bytes());
    }
    if bundle.timestamp != 0 {
        signed.extend_from_slice(bundle.timestamp.to_string().as_bytes());
    }
    keccak256(&[&signed])
}
