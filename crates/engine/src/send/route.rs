//! How a message is encrypted for a device (protocol §7, on which session; §13, which suite).

use crypto_core::Suite;

use crate::{
    model::{Config, Device, Mode, Session, SkipReason, Standing, StoreError, UnixMillis},
    sessions::lifecycle::{begun_session, standing_now, unanswered},
    store::StoreRead,
};

/// How the next message for a device is encrypted.
#[derive(Debug)]
pub(crate) enum Route {
    /// On the active session.
    Active(Session),
    /// On the session that we began on its prekey, which becomes active again. Suite secp256k1
    /// allows one for each prekey.
    Resume(Session),
    /// On a new session of this suite.
    Begin(Suite),
    /// By DH: the session that we began on its prekey must not be used, and another one would not
    /// be read.
    Dh,
    /// It is not.
    Skip(SkipReason),
}

impl Route {
    /// The mode of the entry for the device.
    pub(crate) const fn mode(&self) -> Option<Mode> {
        match self {
            Self::Active(session) | Self::Resume(session) => Some(session.mode()),
            Self::Begin(_) => Some(Mode::X3dh),
            Self::Dh => Some(Mode::Dh),
            Self::Skip(_) => None,
        }
    }
}

/// Decides how the next message for `device` is encrypted.
pub(crate) fn route(
    store: &dyn StoreRead,
    config: &Config,
    device: &Device,
    now: UnixMillis,
) -> Result<Route, StoreError> {
    let active = store.active_session(&device.identity, &device.installation)?;
    let active = match active {
        Some(session) if standing_now(store, &session)? == Standing::Active => Some(session),
        _ => None,
    };
    let suite = device.new_session_suite(config);
    let mut refused = None;
    if let Some(session) = active {
        refused = device.refusal(config, session.suite());
        let outdated =
            (device.rekey_due && device.prekey.is_some()) || unanswered(config, &session, now);
        let stays = if suite == Ok(Suite::X25519MlKem768) {
            !outdated && session.post_quantum
        } else {
            !outdated || session.post_quantum
        };
        if refused.is_none() && stays {
            return Ok(Route::Active(session));
        }
    }
    let suite = match (suite, &device.prekey, refused) {
        (Ok(suite), ..) => suite,
        (Err(_), None, Some(refused)) => return Ok(Route::Skip(refused)),
        (Err(reason), ..) => return Ok(Route::Skip(reason)),
    };
    let begun = device.prekey.as_ref().is_some_and(|prekey| prekey.begun);
    if suite != Suite::Secp256k1 || !begun {
        return Ok(Route::Begin(suite));
    }
    Ok(begun_session(store, device)?.map_or(Route::Dh, Route::Resume))
}

impl Device {
    /// The suite of a new session with this device (protocol §5, §13): of those that the
    /// configuration allows x25519-mlkem768 if a KEM prekey serves, else x25519 if it has a ratchet
    /// prekey. secp256k1 is for devices that have none, or with everybody if it is allowed alone.
    ///
    /// # Errors
    /// Why there can be no new session.
    pub fn new_session_suite(&self, config: &Config) -> Result<Suite, SkipReason> {
        let prekey = self.prekey.as_ref().ok_or(SkipReason::NoPreKey)?;
        let on_curve25519 = config.allows_post_quantum() || config.allows(Suite::X25519);
        let suite = if prekey.key.ratchet_pre_key().is_none() || !on_curve25519 {
            Suite::Secp256k1
        } else if config.allows_post_quantum() && self.serving_kem().is_some() {
            Suite::X25519MlKem768
        } else {
            Suite::X25519
        };
        self.refusal(config, suite).map_or(Ok(suite), Err)
    }

    /// Why a session of `suite` may not be used with this device; `None` if it may.
    fn refusal(&self, config: &Config, suite: Suite) -> Option<SkipReason> {
        let below = config.allows_post_quantum() && !suite.is_post_quantum();
        if below && self.kem.post_quantum {
            return Some(SkipReason::KemKeyMissing);
        }
        if config.allows(suite) {
            return None;
        }
        Some(if below && self.has_kem() {
            SkipReason::KemKeyMissing
        } else {
            SkipReason::SuiteForbidden
        })
    }
}
