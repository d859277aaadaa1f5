//! Changes of a batch that the underlying store does not have yet.
//!
//! Nearly every message changes one session and the times of one device, and nothing that a store
//! is searched by. Such a change is held here. It costs the underlying store no savepoint, and is
//! flushed before the commit, or before anything else is written.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use crypto_core::{IdentityKey, InstallationId, SessionId, SignedPreKey};

use super::Result;
use crate::{
    model::{Device, MAX_RECIPIENTS, Session},
    store::Store,
};

/// Sessions that are held, about a kilobyte each: two groups of the largest size. They are as
/// secret as the pages that SQLite keeps in memory. When a batch had more, all are dropped after
/// it, so that no order of use has to be kept.
pub(super) const MAX_HELD: usize = 2 * MAX_RECIPIENTS;

/// A device of an identity.
type DeviceKey = (IdentityKey, InstallationId);

/// Sessions and devices in their current state, where the underlying store may have an older one.
#[derive(Debug, Default)]
pub(super) struct DirtyRecords {
    /// In a cell, because reading a session holds it.
    sessions: RefCell<Sessions>,
    /// Sessions that were changed since the last flush, including those whose change was undone.
    changed: HashSet<SessionId>,
    /// Devices whose record the underlying store does not have.
    devices: HashMap<DeviceKey, Device>,
    /// What the open call has replaced, oldest first.
    replaced: Vec<Replaced>,
}

#[derive(Debug, Default)]
struct Sessions {
    held: HashMap<SessionId, Held>,
    /// The active session of a device.
    active: HashMap<DeviceKey, SessionId>,
    /// The sessions built on a prekey, newest first.
    on_prekey: HashMap<(IdentityKey, SignedPreKey), Vec<SessionId>>,
    /// There was no room for another session.
    full: bool,
}

/// A session, and what of it the underlying store does not have.
#[derive(Debug)]
struct Held {
    session: Session,
    unwritten: Unwritten,
}

/// What of a session has to be flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unwritten {
    Nothing,
    /// What [`Store::put_session_progress`] writes: chains, counts and times.
    Progress,
    /// The whole record.
    Record,
}

/// A record as it was before a change of the open call.
#[derive(Debug)]
enum Replaced {
    Session(SessionId, Box<Held>),
    Device(DeviceKey, Option<Box<Device>>),
}

/// The dirty records of one call.
#[derive(Debug, Default)]
pub(super) struct CallRecords {
    sessions: Vec<Session>,
    devices: Vec<Device>,
}

impl CallRecords {
    pub(super) fn write(&self, store: &mut impl Store) -> Result<()> {
        for session in &self.sessions {
            store.put_session(session)?;
        }
        for device in &self.devices {
            store.put_device(device)?;
        }
        Ok(())
    }
}

/// Whether nothing differs that a store is searched by.
fn has_same_index(from: &Session, to: &Session) -> bool {
    from.id == to.id
        && from.peer == to.peer
        && from.installation == to.installation
        && from.role == to.role
        && from.signed_pre_key == to.signed_pre_key
        && from.ratchet_pre_key == to.ratchet_pre_key
        && from.standing == to.standing
        && from.lost_to == to.lost_to
        && from.takeover == to.takeover
        && from.created_at == to.created_at
}

/// Whether something differs that [`Store::put_session_progress`] does not write.
fn is_more_than_progress(from: &Session, to: &Session) -> bool {
    from.handshake != to.handshake
        || from.kem != to.kem
        || from.past_chains != to.past_chains
        || !from.ratchet.is_same_dh_step(&to.ratchet)
}

impl DirtyRecords {
    /// Holds a change of a session back, if the session is held and nothing changes that it is
    /// found by; gives whether it was held back.
    pub(super) fn update_session(&mut self, session: &Session) -> bool {
        let sessions = self.sessions.get_mut();
        let Some(held) = sessions.held.get_mut(&session.id) else {
            return false;
        };
        if !has_same_index(&held.session, session) {
            return false;
        }
        let change = if is_more_than_progress(&held.session, session) {
            Unwritten::Record
        } else {
            Unwritten::Progress
        };
        let next = Held {
            session: session.duplicate(),
            unwritten: held.unwritten.max(change),
        };
        let before = std::mem::replace(held, next);
        self.changed.insert(session.id);
        let before = Replaced::Session(session.id, Box::new(before));
        self.replaced.push(before);
        true
    }

    /// Holds a change of a device back, which the underlying store has with the same stale timer.
    pub(super) fn update_device(&mut self, device: &Device) {
        let key = (device.identity, device.installation.clone());
        let before = self.devices.insert(key.clone(), device.clone());
        self.replaced
            .push(Replaced::Device(key, before.map(Box::new)));
    }

    /// The session of this id, if it is held.
    pub(super) fn session(&self, id: &SessionId) -> Option<Session> {
        let sessions = self.sessions.borrow();
        let held = sessions.held.get(id);
        held.map(|held| held.session.duplicate())
    }

    /// The active session of this device, if it is held.
    pub(super) fn active(&self, device: &DeviceKey) -> Option<Session> {
        let id = self.sessions.borrow().active.get(device).copied()?;
        self.session(&id)
    }

    /// Holds the active session of this device.
    pub(super) fn hold_active(&self, device: DeviceKey, session: &Session) {
        let sessions = &mut *self.sessions.borrow_mut();
        if sessions.hold(session) {
            sessions.active.insert(device, session.id);
        }
    }

    /// The sessions built on a prekey, if they are held.
    pub(super) fn on_prekey(&self, key: &(IdentityKey, SignedPreKey)) -> Option<Vec<Session>> {
        let sessions = self.sessions.borrow();
        let held = sessions.on_prekey.get(key)?.iter();
        held.map(|id| Some(sessions.held.get(id)?.session.duplicate()))
            .collect()
    }

    /// Holds the sessions built on a prekey.
    pub(super) fn hold_on_prekey(&self, key: (IdentityKey, SignedPreKey), found: &[Session]) {
        let sessions = &mut *self.sessions.borrow_mut();
        if found.iter().all(|session| sessions.hold(session)) {
            let ids = found.iter().map(|session| session.id).collect();
            sessions.on_prekey.insert(key, ids);
        }
    }

    /// Brings sessions up to date that were read from the underlying store. What they are found and
    /// sorted by is the same there.
    pub(super) fn up_to_date(&self, mut found: Vec<Session>) -> Vec<Session> {
        let sessions = self.sessions.borrow();
        for session in &mut found {
            match sessions.held.get(&session.id) {
                Some(held) if held.unwritten > Unwritten::Nothing => {
                    *session = held.session.duplicate();
                }
                _ => {}
            }
        }
        found
    }

    /// Brings devices up to date in the same way.
    pub(super) fn devices_up_to_date(&self, mut found: Vec<Device>) -> Vec<Device> {
        if !self.devices.is_empty() {
            for device in &mut found {
                let key = (device.identity, device.installation.clone());
                if let Some(dirty) = self.devices.get(&key) {
                    *device = dirty.clone();
                }
            }
        }
        found
    }

    /// Whether there is anything to flush.
    pub(super) fn is_due(&self) -> bool {
        !self.devices.is_empty() || !self.changed.is_empty()
    }

    /// Writes all dirty records.
    pub(super) fn write(&mut self, store: &mut impl Store) -> Result<()> {
        let held = &mut self.sessions.get_mut().held;
        for id in &self.changed {
            if let Some(held) = held.get_mut(id) {
                match held.unwritten {
                    Unwritten::Nothing => {}
                    Unwritten::Progress => store.put_session_progress(&held.session)?,
                    Unwritten::Record => store.put_session(&held.session)?,
                }
                held.unwritten = Unwritten::Nothing;
            }
        }
        self.changed.clear();
        for device in self.devices.values() {
            store.put_device(device)?;
        }
        self.devices.clear();
        Ok(())
    }

    /// The open call ends and keeps its changes.
    pub(super) fn keep_call(&mut self) {
        self.replaced.clear();
    }

    /// Undoes the changes of the open call, and gives the changed records.
    pub(super) fn undo_call(&mut self) -> CallRecords {
        let mut own = CallRecords::default();
        let mut undone_ids = HashSet::<SessionId>::new();
        let held = &mut self.sessions.get_mut().held;
        for replaced in self.replaced.drain(..).rev() {
            // Of several changes of one record the last comes first, and is the one to give.
            match replaced {
                Replaced::Session(id, before) => {
                    if let Some(undone) = held.insert(id, *before)
                        && undone_ids.insert(id)
                    {
                        own.sessions.push(undone.session);
                    }
                }
                Replaced::Device(key, before) => {
                    let undone = match before {
                        Some(before) => self.devices.insert(key, *before),
                        None => self.devices.remove(&key),
                    };
                    let is_newer = |undone: &Device| {
                        own.devices.iter().all(|device| {
                            device.identity != undone.identity
                                || device.installation != undone.installation
                        })
                    };
                    if let Some(undone) = undone.filter(is_newer) {
                        own.devices.push(undone);
                    }
                }
            }
        }
        own
    }

    /// Drops the sessions that are not dirty, because the underlying store wrote or undid other
    /// changes.
    pub(super) fn drop_clean(&mut self) {
        let sessions = self.sessions.get_mut();
        sessions
            .held
            .retain(|_, held| held.unwritten > Unwritten::Nothing);
        sessions.active.clear();
        sessions.on_prekey.clear();
    }

    /// Drops everything, because the batch is undone.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// After a commit, when nothing is dirty: makes room if there was too little.
    pub(super) fn end_batch(&mut self) {
        if self.sessions.get_mut().full {
            self.clear();
        }
    }
}

impl Sessions {
    /// Holds a session that the underlying store has, if there is room; gives whether it is held.
    fn hold(&mut self, session: &Session) -> bool {
        if self.held.contains_key(&session.id) {
            return true;
        }
        if self.held.len() >= MAX_HELD {
            self.full = true;
            return false;
        }
        let held = Held {
            session: session.duplicate(),
            unwritten: Unwritten::Nothing,
        };
        self.held.insert(session.id, held);
        true
    }
}
