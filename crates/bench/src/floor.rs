//! Floors: what a call cannot cost less than, measured without the daemon. A durable commit, and
//! the sealing of a message by the cryptography alone.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKeyPair, InstallationId, RatchetPreKeyPair,
    SessionRatchet, SignedPreKeyPair, Suite, VerifiedPreKey, x3dh,
};
use daemon::ops::entropy::entropy;
use rand_core::Rng as _;
use session_store::BareCommit;

use crate::{
    closed_loop::{Latencies, Limit, latencies},
    population::PAYLOAD,
};

/// Fewest samples that are taken, however short the time is.
const AT_LEAST: u64 = 3;
/// Most samples of the seals if a number of calls is the limit: one sample is a seal in every
/// session.
const SEAL_ROUNDS: u64 = 10;

/// Durable commits of a scratch database.
#[derive(Debug)]
pub(crate) struct Commits(BareCommit);

impl Commits {
    /// Commits in this directory, which must be on the file system that is to be measured.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, String> {
        BareCommit::open(directory, &mut entropy())
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// The latencies of single commits, one after the other.
    pub(crate) fn measure(&mut self, limit: Limit) -> Result<Latencies, String> {
        measure(limit, || self.0.commit().map_err(|error| error.to_string()))
    }
}

/// Sessions of the cryptography, without rules or a store.
#[derive(Debug)]
pub(crate) struct Seals {
    sessions: Vec<(SessionRatchet, AssociatedData)>,
}

impl Seals {
    /// This many sessions, each with a device of its own.
    pub(crate) fn of(sessions: usize) -> Result<Self, String> {
        let own = IdentityKeyPair::generate(&mut entropy());
        let device = random_device();
        let sessions = (0..sessions)
            .map(|_| initiate(&own, &device))
            .collect::<Result<_, _>>()?;
        Ok(Self { sessions })
    }

    /// The latencies of sealing one message in each of the sessions.
    pub(crate) fn measure(&mut self, limit: Limit) -> Result<Latencies, String> {
        let limit = match limit {
            Limit::Calls(calls) => Limit::Calls(calls.min(SEAL_ROUNDS)),
            limit @ Limit::Time(_) => limit,
        };
        measure(limit, || {
            let sessions = std::mem::take(&mut self.sessions);
            self.sessions = sessions
                .into_iter()
                .map(|(ratchet, ad)| {
                    let sealed = ratchet.seal(&ad, PAYLOAD);
                    let (next, sealed) = sealed.map_err(|error| error.to_string())?;
                    std::hint::black_box(sealed);
                    Ok((next, ad))
                })
                .collect::<Result<_, String>>()?;
            Ok(())
        })
    }
}

/// The latencies of doing the work again and again.
fn measure(
    limit: Limit,
    mut work: impl FnMut() -> Result<(), String>,
) -> Result<Latencies, String> {
    let mut samples = latencies()?;
    let began = Instant::now();
    while samples.len() < AT_LEAST
        || match limit {
            Limit::Time(span) => began.elapsed() < span,
            Limit::Calls(calls) => samples.len() < calls,
        }
    {
        let began = Instant::now();
        work()?;
        samples.saturating_record(nanos(began.elapsed()));
    }
    Ok(samples)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
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
    let begun = x3dh::initiate(own, &ephemeral, &prekey)
        .and_then(|shared| SessionRatchet::initiate(&shared, &prekey, Suite::X25519, &mut rng));
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
    fn as_many_samples_are_taken_as_asked_for_and_never_none() {
        let mut seals = Seals::of(2).unwrap();
        assert_eq!(seals.measure(Limit::Calls(7)).unwrap().len(), 7);
        let none = Limit::Time(Duration::ZERO);
        assert_eq!(seals.measure(none).unwrap().len(), AT_LEAST);
        let directory = tempfile::tempdir().unwrap();
        let mut commits = Commits::in_directory(directory.path()).unwrap();
        assert_eq!(commits.measure(Limit::Calls(5)).unwrap().len(), 5);
    }
}
