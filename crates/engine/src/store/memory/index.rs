//! Indexes of devices by identity and of active sessions by device: a group has thousands of each.

use std::collections::BTreeSet;

use crypto_core::{IdentityKey, InstallationId, SessionId};

use super::MemoryStore;
use crate::model::{Session, Standing};

/// The key of the table of devices.
pub(super) type DeviceKey = (IdentityKey, InstallationId);

/// The device whose active session this is, if it is an active one.
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

    /// Adds a device to the index.
    pub(super) fn list(&mut self, (identity, installation): DeviceKey) {
        let mut known = self.installations(&identity);
        if known.insert(installation) {
            self.put(|tables| &mut tables.installations, identity, known);
        }
    }

    /// Removes a device from the index.
    pub(super) fn unlist(&mut self, (identity, installation): &DeviceKey) {
        let mut known = self.installations(identity);
        if known.remove(installation) {
            self.put(|tables| &mut tables.installations, *identity, known);
        }
    }

    /// Updates the index of active sessions before the session's record changes.
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
