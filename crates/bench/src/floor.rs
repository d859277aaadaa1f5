//! Floors: what a call cannot cost less than, measured without the daemon. A durable commit, and
//! the sealing of a message by the cryptography alone.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKeyPair, InstallationId, RatchetCurve,
    RatchetPreKeyPair, SessionRatchet, SignedPreKeyPair, VerifiedPreKey, x3dh,
};
use daemon::ops::entropy::entropy;
use rand_core::Rng as _;
use session_store::BareCommit;

use crate::{figure::Round, population::PAYLOAD};

/// Fewest samples that are taken, however short the time is.
const AT_LEAST: u64 = 3;

/// A scratch database, and sessions of the cryptography without rules or a store.
#[derive(Debug)]
pub(crate) struct Floors {
    database: BareCommit,
    sessions: Vec<(SessionRatchet, AssociatedData)>,
}

impl Floors {
    /// Commits in this directory, which must be on the file system that is to be measured, and this
    /// many sessions, each with a device of its own.
    pub(crate) fn new(directory: &Path, sessions: usize) -> Result<Self, String> {
        let database = BareCommit::open(directory, &mut entropy());
        let own = IdentityKeyPair::generate(&mut entropy());
        let device = random_device();
        let sessions = (0..sessions).map(|_| initiate(&own, &device));
        Ok(Self {
            database: database.map_err(|error| error.to_string())?,
            sessions: sessions.collect::<Result<_, _>>()?,
        })
    }

    /// Single commits, one after the other.
    pub(crate) fn commits(&mut self, span: Duration) -> Result<Round, String> {
        measure(span, || {
            let committed = self.database.commit();
            committed.map_err(|error| error.to_string())
        })
    }

    /// Seals of one message in each of the sessions.
    pub(crate) fn seals(&mut self, span: Duration) -> Result<Round, String> {
        measure(span, || {
            let sessions = std::mem::take(&mut self.sessions);
            for (ratchet, ad) in sessions {
                let sealed = ratchet.seal(&ad, PAYLOAD);
                let (next, sealed) = sealed.map_err(|error| error.to_string())?;
                std::hint::black_box(sealed);
                self.sessions.push((next, ad));
            }
            Ok(())
        })
    }
}

/// Does the work again and again.
fn measure(span: Duration, mut work: impl FnMut() -> Result<(), String>) -> Result<Round, String> {
    let mut round = Round::new()?;
    let began = Instant::now();
    while round.latencies.len() < AT_LEAST || began.elapsed() < span {
        let began = Instant::now();
        work()?;
        round.record(began.elapsed());
    }
    round.elapsed = began.elapsed();
    Ok(round)
}

/// The id of a new device.
pub(crate) fn random_device() -> InstallationId {
    let mut id = [0; 16];
    entropy().fill_bytes(&mut id);
    InstallationId::from_random(id)
}

/// A session of suite x25519 with a new device of a new identity.
fn initiate(
    own: &IdentityKeyPair,
    device: &InstallationId,
) -> Result<(SessionRatchet, AssociatedData), String> {
    let mut rng = entropy();
    let peer = IdentityKeyPair::generate(&mut rng);
    let signed = SignedPreKeyPair::generate(&mut rng);
    let ratchet = RatchetPreKeyPair::generate(&mut rng);
    // Nothing to verify: its keys were made in the lines above.
    let prekey =
        VerifiedPreKey::from_stored(*peer.public(), *signed.public(), Some(*ratchet.public()));
    let ephemeral = EphemeralKeyPair::generate(&mut rng);
    let begun = x3dh::initiate(own, &ephemeral, &prekey, None).and_then(|shared| {
        SessionRatchet::initiate(&shared, &prekey, RatchetCurve::X25519, &mut rng)
    });
    let ad = AssociatedData::x25519(
        (own.public(), device),
        (peer.public(), &random_device()),
        signed.public(),
        ratchet.public(),
    );
    begun
        .map(|session| (session, ad))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_samples_are_taken_however_short_the_time_is() {
        let directory = tempfile::tempdir().unwrap();
        let mut floors = Floors::new(directory.path(), 2).unwrap();
        for round in [floors.seals(Duration::ZERO), floors.commits(Duration::ZERO)] {
            assert_eq!(round.unwrap().latencies.len(), AT_LEAST);
        }
        let more = floors.commits(Duration::from_millis(500)).unwrap();
        assert!(more.latencies.len() > AT_LEAST && more.elapsed.as_millis() >= 500);
        assert_eq!(floors.sessions.len(), 2);
    }
}
