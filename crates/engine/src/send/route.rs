//! How a message is encrypted for a device (protocol §7, on which session).

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
    let mut held_by_suite = false;
    if let Some(session) = active {
        let rekey_due = device.rekey_due && device.prekey.is_some();
        let allowed = config.allows(session.suite());
        if allowed && !rekey_due && !unanswered(config, &session, now) {
            return Ok(Route::Active(session));
        }
        held_by_suite = !allowed;
    }
    let Some(prekey) = &device.prekey else {
        return Ok(Route::Skip(if held_by_suite {
            SkipReason::SuiteForbidden
        } else {
            SkipReason::NoPreKey
        }));
    };
    let Some(suite) = device.new_session_suite(config) else {
        return Ok(Route::Skip(SkipReason::SuiteForbidden));
    };
    if suite != Suite::Secp256k1 || !prekey.begun {
        return Ok(Route::Begin(suite));
    }
    Ok(begun_session(store, device)?.map_or(Route::Dh, Route::Resume))
}

impl Device {
    /// The suite of a new session with this device (protocol §5): x25519 if both sides support it,
    /// else secp256k1. `None` if no prekey is known, or the configuration allows neither.
    #[must_use]
    pub fn new_session_suite(&self, config: &Config) -> Option<Suite> {
        let prekey = self.prekey.as_ref()?;
        let can = |suite: Suite| match suite {
            Suite::X25519 => prekey.key.ratchet_pre_key().is_some(),
            Suite::Secp256k1 => true,
        };
        [Suite::X25519, Suite::Secp256k1]
            .into_iter()
            .find(|suite| can(*suite) && config.allows(*suite))
    }
}
