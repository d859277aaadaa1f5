//! DirtyRecords of a batch that are not in the store below yet.
//!
//! Nearly every message moves one session and the times of one device, and nothing else that a store could be asked for by.
//! Such a step is put down here. It costs the store below no savepoint, and reaches it when it must: before the
//! commit, or before anything of another kind is written.

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

/// Sessions that are held, about a kilobyte each: the conversations that go on, and two groups of the largest size. They are as
/// secret as the pages that SQLite keeps in memory. When there were more in a batch, all are forgotten after it, so that no order
/// of their use has to be kept.
pub(super) const MAX_HELD: usize = 2 * MAX_RECIPIENTS;

/// A device of an identity.
type DeviceKey = (IdentityKey, InstallationId);

/// Sessions and devices as they are, where the store below may have them as they were.
#[derive(Debug, Default)]
pub(super) struct DirtyRecords {
    /// Behind a cell, as what is read is remembered.
    sessions: RefCell<Sessions>,
    /// Sessions that were moved since the last commit. Those whose step was undone are among them.
    moved: HashSet<SessionId>,
    /// Devices whose record the store below does not have.
    devices: HashMap<DeviceKey, Device>,
    /// What the call that is open has replaced, oldest first.
    replaced: Vec<Replaced>,
}

#[derive(Debug, Default)]
struct Sessions {
    held: HashMap<SessionId, Held>,
    /// Which one is sent on.
    active: HashMap<DeviceKey, SessionId>,
    /// Those built on a prekey, newest first.
    on_prekey: HashMap<(IdentityKey, SignedPreKey), Vec<SessionId>>,
    /// There was no room for one.
    crowded: bool,
}

/// A session, and how much of it the store below does not have.
#[derive(Debug)]
struct Held {
    session: Session,
    unwritten: Unwritten,
}

/// What of a record the store below does not have as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unwritten {
    Nothing,
    /// Chains, counts and times: what a message moves that makes no DH step.
    Step,
    Record,
}

#[derive(Debug)]
enum Replaced {
    Session(SessionId, Box<Held>),
    Device(DeviceKey, Option<Box<Device>>),
}

/// The steps of one call.
#[derive(Debug, Default)]
pub(super) struct Own {
    sessions: Vec<Session>,
    devices: Vec<Device>,
}

impl Own {
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

/// Whether only such things differ as no store is asked by.
fn is_step(from: &Session, to: &Session) -> bool {
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

/// What [`Store::put_session_progress`] does not write.
fn is_more_than_step(from: &Session, to: &Session) -> bool {
    from.handshake != to.handshake
        || from.past_chains != to.past_chains
        || !from.ratchet.is_same_dh_step(&to.ratchet)
}

impl DirtyRecords {
    /// Puts a step of a session down, if it is one.
    pub(super) fn step(&mut self, session: &Session) -> bool {
        let sessions = self.sessions.get_mut();
        let Some(held) = sessions.held.get_mut(&session.id) else {
            return false;
        };
        if !is_step(&held.session, session) {
            return false;
        }
        let moved = if is_more_than_step(&held.session, session) {
            Unwritten::Record
        } else {
            Unwritten::Step
        };
        let next = Held {
            session: session.duplicate(),
            unwritten: held.unwritten.max(moved),
        };
        let before = std::mem::replace(held, next);
        self.moved.insert(session.id);
        let before = Replaced::Session(session.id, Box::new(before));
        self.replaced.push(before);
        true
    }

    /// Puts a device down that the store below has, with the same timer of its staleness.
    pub(super) fn touch(&mut self, device: &Device) {
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

    /// The session that is sent on to this device, if that is known.
    pub(super) fn active(&self, device: &DeviceKey) -> Option<Session> {
        let id = self.sessions.borrow().active.get(device).copied()?;
        self.session(&id)
    }

    /// Remembers which one is sent on to this device.
    pub(super) fn is_active(&self, device: DeviceKey, session: &Session) {
        let sessions = &mut *self.sessions.borrow_mut();
        if sessions.hold(session) {
            sessions.active.insert(device, session.id);
        }
    }

    /// The sessions built on a prekey, if they are known.
    pub(super) fn on_prekey(&self, key: &(IdentityKey, SignedPreKey)) -> Option<Vec<Session>> {
        let sessions = self.sessions.borrow();
        let held = sessions.on_prekey.get(key)?.iter();
        held.map(|id| Some(sessions.held.get(id)?.session.duplicate()))
            .collect()
    }

    /// Remembers which are built on a prekey.
    pub(super) fn are_on_prekey(&self, key: (IdentityKey, SignedPreKey), found: &[Session]) {
        let sessions = &mut *self.sessions.borrow_mut();
        if found.iter().all(|session| sessions.hold(session)) {
            let ids = found.iter().map(|session| session.id).collect();
            sessions.on_prekey.insert(key, ids);
        }
    }

    /// Sessions that were read of the store below, as they are: a step changes nothing that they are found or sorted by.
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

    /// The same of devices.
    pub(super) fn devices_up_to_date(&self, mut found: Vec<Device>) -> Vec<Device> {
        if !self.devices.is_empty() {
            for device in &mut found {
                let key = (device.identity, device.installation.clone());
                if let Some(stepped) = self.devices.get(&key) {
                    *device = stepped.clone();
                }
            }
        }
        found
    }

    /// Whether the store below lacks a step.
    pub(super) fn are_due(&self) -> bool {
        !self.devices.is_empty() || !self.moved.is_empty()
    }

    /// Writes every step that the store below lacks.
    pub(super) fn write(&mut self, store: &mut impl Store) -> Result<()> {
        let held = &mut self.sessions.get_mut().held;
        for id in &self.moved {
            if let Some(held) = held.get_mut(id) {
                match held.unwritten {
                    Unwritten::Nothing => {}
                    Unwritten::Step => store.put_session_progress(&held.session)?,
                    Unwritten::Record => store.put_session(&held.session)?,
                }
                held.unwritten = Unwritten::Nothing;
            }
        }
        self.moved.clear();
        for device in self.devices.values() {
            store.put_device(device)?;
        }
        self.devices.clear();
        Ok(())
    }

    /// The call that is open ends, and keeps its steps.
    pub(super) fn keep(&mut self) {
        self.replaced.clear();
    }

    /// Undoes the steps of the call that is open, and gives them.
    pub(super) fn undo(&mut self) -> Own {
        let mut own = Own::default();
        let mut undone_ids = HashSet::<SessionId>::new();
        let held = &mut self.sessions.get_mut().held;
        for replaced in self.replaced.drain(..).rev() {
            // Of several steps of one session or device the first to be undone is the last.
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

    /// Forgets what the store below has: where anything but a step was written to it, or undone in it.
    pub(super) fn forget(&mut self) {
        let sessions = self.sessions.get_mut();
        sessions
            .held
            .retain(|_, held| held.unwritten > Unwritten::Nothing);
        sessions.active.clear();
        sessions.on_prekey.clear();
    }

    /// Forgets everything: the batch is undone.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// After a commit, when the store below has everything.
    pub(super) fn make_room(&mut self) {
        if self.sessions.get_mut().crowded {
            self.clear();
        }
    }
}

impl Sessions {
    /// Holds a session that the store below has, if there is room: whether it is held.
    fn hold(&mut self, session: &Session) -> bool {
        if self.held.contains_key(&session.id) {
            return true;
        }
        if self.held.len() >= MAX_HELD {
            self.crowded = true;
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
