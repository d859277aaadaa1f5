//! The draws of a step, each taken for its purpose.

use crypto_core::{EphemeralKeyPair, SignedPreKeyPair};
use engine::{PreKeyImport, model::UnixMillis};

use super::recording::{Draw, Role, Step};
use crate::conformance::{Checked, same, words};

/// The draws of a step that were not taken yet.
pub(super) struct Drawn<'a>(Vec<&'a Draw>);

impl<'a> Drawn<'a> {
    pub(super) fn new(draws: &'a [Draw]) -> Result<Self, String> {
        for draw in draws {
            if draw.role != Role::GcmNonce {
                let public = draw
                    .compressed
                    .as_ref()
                    .ok_or("a draw without its public half")?;
                let pair = pair(draw.hex.0.clone())?;
                same(
                    "public half of a draw",
                    &pair.public().to_bytes().to_vec(),
                    &public.0,
                )?;
            }
        }
        Ok(Self(draws.iter().collect()))
    }

    fn position(&self, role: Role, installation: Option<&str>) -> Option<usize> {
        self.0
            .iter()
            .position(|draw| draw.role == role && installation == draw.for_installation.as_deref())
    }

    pub(super) fn has(&self, role: Role, installation: &str) -> bool {
        self.position(role, Some(installation)).is_some()
    }

    pub(super) fn has_any(&self, role: Role) -> bool {
        self.position(role, None).is_some()
    }

    pub(super) fn take(
        &mut self,
        role: Role,
        installation: Option<&str>,
    ) -> Result<Vec<u8>, String> {
        let position = self
            .position(role, installation)
            .ok_or_else(|| format!("no draw for {role:?}"))?;
        Ok(self.0.remove(position).hex.0.clone())
    }

    pub(super) fn check_taken(&self) -> Checked {
        match self.0.first() {
            None => Ok(()),
            Some(draw) => Err(format!("nothing draws {:?} here", draw.role)),
        }
    }
}

/// A prekey that a device drew.
pub(super) struct PreKey {
    secret: [u8; 32],
    pair: SignedPreKeyPair,
    pub(super) created: UnixMillis,
}

impl PreKey {
    pub(super) fn new(secret: &[u8], created: UnixMillis) -> Result<Self, String> {
        let secret = secret
            .try_into()
            .map_err(|_| "a prekey has not 32 bytes".to_owned())?;
        Ok(Self {
            secret,
            pair: SignedPreKeyPair::from_secret_bytes(&secret).map_err(words)?,
            created,
        })
    }

    pub(super) const fn pair(&self) -> &SignedPreKeyPair {
        &self.pair
    }

    pub(super) fn import(&self, version: u32) -> Result<PreKeyImport, String> {
        Ok(PreKeyImport {
            signed: SignedPreKeyPair::from_secret_bytes(&self.secret).map_err(words)?,
            ratchet: None,
            kem: Vec::new(),
            version: Some(version),
            current: None,
            created_at: Some(self.created),
        })
    }
}

/// The prekeys that a device draws in the conversation, in order, each made when its step began.
pub(super) fn prekeys_of(device: &str, steps: &[Step]) -> Result<Vec<PreKey>, String> {
    let mut prekeys = Vec::new();
    for step in steps {
        let (by, draws, now) = match step {
            Step::Send(send) => (&send.device, &send.rng, &send.now),
            Step::GetBundle(get) => (&get.device, &get.rng, &get.now),
            _ => continue,
        };
        let drawn = draws.iter().filter(|draw| draw.role == Role::SignedPreKey);
        for draw in drawn.filter(|_| by == device) {
            let created = now.first().copied().unwrap_or_default();
            prekeys.push(PreKey::new(&draw.hex.0, UnixMillis::from_nanos(created))?);
        }
    }
    Ok(prekeys)
}

pub(super) fn pair(secret: Vec<u8>) -> Result<EphemeralKeyPair, String> {
    let secret = secret.try_into().map_err(|_| "a key has not 32 bytes")?;
    EphemeralKeyPair::from_secret_bytes(&secret).map_err(words)
}
