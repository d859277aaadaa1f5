//! A simulated device of status-go (October 2024), which speaks suite secp256k1: which session it
//! sends on, what it publishes, what it can read. Its wire messages are real ones. Its state is
//! kept in the rows that status-go's database has.

mod ratchets;
mod receive;
mod standalone;
mod tables;

use std::collections::BTreeMap;

use crypto_core::{
    EphemeralKeyPair, IdentityKey, IdentityKeyPair, InstallationId, RawBundle, RawEntry, SessionId,
    SignedPreKey, SignedPreKeyPair, VerifiedPreKey, dh_message, sign_bundle, x3dh,
};
use rand_core::Rng as _;

pub use self::standalone::{StatusGoDevice, StatusGoReadResult};
use self::{
    ratchets::{Origin, Ratchets},
    tables::{Bundles, Installations, Secret, Secrets},
};
use super::{
    SplitMix64,
    participant::{OutgoingMessage, Participant, ReadOutcome, ReadResult},
};
use crate::{
    model::Mode,
    wire::{
        WireEntry, WireMessage, WireRatchetHeader, WireX3dhHeader, encode_bundle, encode_message,
    },
};

/// Age at which the own prekey is replaced, in nanoseconds.
const ROTATION: i64 = 24 * 60 * 60 * 1_000_000_000;
/// The greatest number of devices of one identity that are sent to, or that the own bundle lists,
/// this device included.
const MAX_DEVICES: usize = 3;
/// The installation id of an entry that any device reads.
const ANY_DEVICE: &str = "none";
/// What every bundle entry names; the signature does not cover it.
const PROTOCOL_VERSION: u32 = 1;
const NANOS_PER_MILLI: i64 = 1_000_000;

pub(super) struct StatusGo {
    identity: IdentityKeyPair,
    id: String,
    rng: SplitMix64,
    database: Database,
    backup: Option<Database>,
    /// Its clock minus the true time, in milliseconds.
    clock_error: i64,
}

/// The tables of its database.
#[derive(Clone, Debug, Default)]
struct Database {
    bundles: Bundles,
    secrets: Secrets,
    installations: Installations,
    ratchets: Ratchets,
}

impl Participant for StatusGo {
    fn key(&self) -> IdentityKey {
        *self.identity.public()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn send(&mut self, to: &IdentityKey, text: &[u8], now: u64) -> Vec<OutgoingMessage> {
        let now = self.clock(now);
        let mut posted = vec![self.encrypt(to, text, now)];
        let own = self.key();
        if self.is_paired() && *to != own {
            posted.push(self.encrypt(&own, text, now));
        }
        posted
    }

    fn read(&mut self, from: &IdentityKey, wire: &[u8], confirm: bool, now: u64) -> ReadResult {
        let outcome = match self.open(from, wire) {
            Ok((text, header)) => {
                if let (true, Some(header)) = (confirm, header) {
                    self.database.ratchets.confirm(&header);
                }
                ReadOutcome::Read(text)
            }
            Err(failed) => failed,
        };
        let now = self.clock(now);
        let reply = (outcome == ReadOutcome::NotTargeted).then(|| self.advertise(from, now));
        ReadResult {
            outcome,
            copy_of: None,
            reply,
            withheld: false,
        }
    }

    fn bundle(&mut self, now: u64) -> Vec<u8> {
        self.sign_bundle(self.clock(now))
    }

    fn import_bundle(&mut self, bundle: &[u8], _: u64) {
        self.learn(bundle).expect("a bundle");
    }

    /// The device that is gone stays enabled, as in the recordings.
    fn enable(&mut self, id: &str, _: Option<&str>, _: u64) {
        let own = self.own_identity();
        self.database.installations.enable(&own, id);
    }

    /// status-go has no sweep: it replaces its prekey when it sends.
    fn sweep(&mut self, _: u64) {}

    fn set_clock_error(&mut self, error: i64, _: u64) {
        self.clock_error = error;
    }

    fn back_up(&mut self) {
        self.backup = Some(self.database.clone());
    }

    /// A restore goes unnoticed.
    fn restore_backup(&mut self, _: u64) -> bool {
        let Some(backup) = &self.backup else {
            return false;
        };
        self.database = backup.clone();
        true
    }

    /// status-go has no reset.
    fn reset(&mut self, _: &IdentityKey, _: u64) {}

    fn reinstall(&mut self, same_id: bool, _: u64) {
        if !same_id {
            self.id = fresh_id(&mut self.rng);
        }
        self.database = Database::default();
        self.backup = None;
    }

    fn is_ours(&self) -> bool {
        false
    }

    fn listens_to(&self, _: &IdentityKey) -> bool {
        true
    }

    fn last_in_use(&self, _: &[u8]) -> Option<u64> {
        None
    }

    fn sends_on(&mut self, _: &IdentityKey, _: u64) -> Vec<(String, SessionId)> {
        Vec::new()
    }
}

/// An id as status-go makes them: a random UUID.
fn fresh_id(rng: &mut SplitMix64) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let ours = InstallationId::from_random(bytes);
    ours.as_str().trim_start_matches("x1-k1-").to_owned()
}

impl StatusGo {
    /// A new device of the identity.
    pub(super) fn new(identity: &[u8; 32], mut rng: SplitMix64) -> Self {
        Self {
            identity: IdentityKeyPair::from_secret_bytes(identity).expect("a key"),
            id: fresh_id(&mut rng),
            rng,
            database: Database::default(),
            backup: None,
            clock_error: 0,
        }
    }

    /// What its clock shows, in nanoseconds.
    fn clock(&self, now: u64) -> i64 {
        let shown = now.saturating_add_signed(self.clock_error);
        i64::try_from(shown)
            .unwrap_or(i64::MAX)
            .saturating_mul(NANOS_PER_MILLI)
    }

    /// Whether another device of the identity is enabled.
    fn is_paired(&self) -> bool {
        let own = self.own_identity();
        !self.database.installations.active(&own, 1).is_empty()
    }

    /// A message that carries the bundle, for any device of an identity.
    fn advertise(&mut self, to: &IdentityKey, now: i64) -> OutgoingMessage {
        let entries = BTreeMap::from([(ANY_DEVICE.to_owned(), self.encrypt_by_dh(to, b""))]);
        self.post(to, entries, now)
    }

    /// One wire message for an identity: an entry for each of its devices, or one for any device if
    /// none is known.
    fn encrypt(&mut self, to: &IdentityKey, text: &[u8], now: i64) -> OutgoingMessage {
        let devices = self
            .database
            .installations
            .active(to.as_bytes(), MAX_DEVICES);
        let mut entries = BTreeMap::new();
        if devices.is_empty() {
            entries.insert(ANY_DEVICE.to_owned(), self.encrypt_by_dh(to, text));
        }
        for device in devices {
            if let Some(entry) = self.encrypt_for(to, &device, text) {
                entries.insert(device, entry);
            }
        }
        self.post(to, entries, now)
    }

    fn encrypt_for(&mut self, to: &IdentityKey, device: &str, text: &[u8]) -> Option<WireEntry> {
        let identity = to.to_bytes();
        let known = self
            .database
            .secrets
            .to_send_on(&self.database.bundles, &identity, device)
            .cloned();
        let secret = match known {
            Some(secret) => secret,
            None => self.begin(to, device)?,
        };
        let row = self
            .database
            .bundles
            .of(&secret.prekey)
            .expect("its bundle");
        let name = (secret.prekey.clone(), device.to_owned());
        let (header, payload) = self.database.ratchets.seal(
            &name,
            secret.key,
            &origin(row.private.as_ref(), to),
            text,
            &mut self.rng,
        );
        Some(WireEntry {
            x3dh: secret.ephemeral.map(|key| WireX3dhHeader {
                key,
                id: secret.prekey.clone(),
                ..WireX3dhHeader::default()
            }),
            dr: Some(WireRatchetHeader {
                key: header.key.as_bytes().to_vec(),
                n: header.n,
                pn: header.pn,
                id: secret.prekey,
            }),
            dh: None,
            hr: None,
            payload,
            copy_of: Vec::new(),
        })
    }

    /// X3DH towards the device; `None` if all its prekeys have expired.
    fn begin(&mut self, to: &IdentityKey, device: &str) -> Option<Secret> {
        let prekey = self.database.bundles.to_begin_on(to.as_bytes(), device)?;
        let ephemeral = EphemeralKeyPair::generate(&mut self.rng);
        let towards = SignedPreKey::from_wire(&prekey).ok()?;
        let towards = VerifiedPreKey::from_stored(*to, towards, None);
        let shared = x3dh::initiate(&self.identity, &ephemeral, &towards, None).ok()?;
        let secret = Secret {
            prekey,
            identity: to.to_bytes().to_vec(),
            installation: device.to_owned(),
            key: *shared.secret_bytes(),
            ephemeral: Some(ephemeral.public().to_bytes().to_vec()),
        };
        self.database.secrets.put(secret.clone());
        Some(secret)
    }

    fn encrypt_by_dh(&mut self, to: &IdentityKey, text: &[u8]) -> WireEntry {
        let ephemeral = EphemeralKeyPair::generate(&mut self.rng);
        let mut nonce = [0; dh_message::NONCE_BYTES];
        self.rng.fill_bytes(&mut nonce);
        WireEntry {
            dh: Some(ephemeral.public().to_bytes().to_vec()),
            payload: dh_message::seal(&ephemeral, nonce, to, text).expect("an identity"),
            ..WireEntry::default()
        }
    }

    fn post(
        &mut self,
        to: &IdentityKey,
        entries: BTreeMap<String, WireEntry>,
        now: i64,
    ) -> OutgoingMessage {
        let target = |(id, entry): (&String, &WireEntry)| {
            let mode = match (&entry.x3dh, &entry.dr) {
                (Some(_), _) => Mode::X3dh,
                (None, Some(_)) => Mode::Ratchet,
                (None, None) => Mode::Dh,
            };
            (id.clone(), mode)
        };
        OutgoingMessage {
            recipient: *to,
            targets: entries.iter().map(target).collect(),
            wire: encode_message(WireMessage {
                installation: self.id.clone(),
                bundles: vec![self.sign_bundle(now)],
                entries,
                ..WireMessage::default()
            }),
        }
    }

    /// The bundle, newly signed, with a new prekey if the last one is a day old.
    fn sign_bundle(&mut self, now: i64) -> Vec<u8> {
        let own = self.own_identity();
        let mut devices = self.database.installations.active(&own, MAX_DEVICES - 1);
        devices.push(self.id.clone());
        let known = self.database.bundles.own(&own, &devices);
        let listed = match known {
            Some((listed, made)) if made >= now.saturating_sub(ROTATION) => listed,
            stale => {
                if stale.is_some() {
                    self.database.bundles.expire_own();
                }
                let pair = SignedPreKeyPair::generate(&mut self.rng);
                let keys = (*pair.secret_bytes(), pair.public().to_bytes().to_vec());
                self.database.bundles.add_own(&own, &self.id, keys, now);
                let made = self.database.bundles.own(&own, &devices);
                made.expect("the prekey just made").0
            }
        };
        let entries: Vec<RawEntry> = listed
            .into_iter()
            .map(|listed| RawEntry {
                installation_id: listed.installation,
                signed_pre_key: listed.prekey,
                version: listed.version,
                protocol_version: PROTOCOL_VERSION,
                ..RawEntry::default()
            })
            .collect();
        encode_bundle(RawBundle {
            identity: own,
            signature: sign_bundle(&self.identity, &entries, now)
                .to_bytes()
                .to_vec(),
            entries,
            timestamp: now,
        })
    }

    fn own_identity(&self) -> Vec<u8> {
        self.key().to_bytes().to_vec()
    }
}

const fn origin<'a>(private: Option<&'a [u8; 32]>, peer: &'a IdentityKey) -> Origin<'a> {
    match private {
        Some(private) => Origin::Own { private },
        None => Origin::Theirs { identity: peer },
    }
}
