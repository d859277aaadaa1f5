//! How devices and active sessions are found without looking at all of them: a group has thousands.

use std::collections::BTreeSet;

use crypto_core::{IdentityKey, InstallationId, SessionId};

use super::MemoryStore;
use crate::model::{Session, Standing};

/// The device that a session is sent on to.
pub(super) type DeviceKey = (IdentityKey, InstallationId);

/// The device whose active session this is, if it is one.
pub(super) fn active_device(session: &Session) -> Option<DeviceKey> {
    let installation = session.installation.clone()?;
    (session.standing == Standing::Active).then_some((session.peer, installation))
}

impl MemoryStore {
    /// The ids of the devices of `identity`.
    pub(super) fn installations(&self, identity: &IdentityKey) -> BTreeSet<InstallationId> {
        let known = self.tables.installations.get(identity);
        known.cloned().unwrap_or_default()
    }

    /// Lists a device that is kept from now on.
    pub(super) fn list(&mut self, (identity, installation): DeviceKey) {
        let mut known = self.installations(&identity);
        if known.insert(installation) {
            self.put(|tables| &mut tables.installations, identity, known);
        }
    }

    /// Takes a device off the list.
    pub(super) fn unlist(&mut self, (identity, installation): &DeviceKey) {
        let mut known = self.installations(identity);
        if known.remove(installation) {
            self.put(|tables| &mut tables.installations, *identity, known);
        }
    }

    /// Notes where a session is active from now on, in place of what its record still says.
    pub(super) fn activate(&mut self, session: &SessionId, to: Option<DeviceKey>) {
        let known = self.tables.sessions.get(session);
        let from = known.and_then(|(_, session)| active_device(session));
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.remove(|tables| &mut tables.active, from);
        }
        if let Some(to) = to {
            self.put(|tables| &mut tables.active, to, *session);
        }
    }
}
