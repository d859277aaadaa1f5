//! Events: what happened to devices, sessions, keys and contacts, for frontends that listen.
//!
//! An event is written in the transaction of the change that it reports, so that it is there if and
//! only if the change is.

use crypto_core::{GroupKeyId, IdentityKey, InstallationId, MessageId, SessionId, Suite};

use super::{
    Device, GroupChange, GroupId, GroupKeyDue, KeyDropped, Role, RollbackKind, Session, UnixMillis,
};

/// Something that happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub at: UnixMillis,
    /// What happened.
    pub kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// We have a new bundle to publish: the prekey was replaced, or our enabled devices changed.
    BundleRotated {
        /// The version of this device's prekey.
        version: u32,
        /// Whether that prekey is a new one.
        prekey_replaced: bool,
        /// The devices it lists.
        installations: Vec<InstallationId>,
    },
    /// A device was met for the first time.
    InstallationDiscovered {
        /// Which.
        device: DeviceName,
        /// Whether it is one of our own, which waits to be enabled (spec 4.1).
        own: bool,
    },
    /// The user enabled a device.
    InstallationEnabled(DeviceName),
    /// The user disabled a device.
    InstallationDisabled(DeviceName),
    /// Bundles have omitted a device for too long (spec 4.3).
    InstallationStale(DeviceName),
    /// A bundle has stopped the timer of a stale device, or moved it: the newest one lists it
    /// again, or one that lists it came on its own message (protocol §3, stale timers).
    InstallationActive(DeviceName),
    /// A bundle entry of a lower version than was known was taken: the device was set up again or
    /// restored (protocol §3).
    VersionWentBack {
        /// Which device.
        device: DeviceName,
        /// The version that was known.
        from: u32,
        /// The version that is known now.
        to: u32,
    },
    /// A KEM prekey of a device came that serves, where none did before: a new session with it is
    /// post-quantum (protocol §13).
    KemPreKeyArrived(DeviceName),
    /// A message of a post-quantum session with a device was read: from now on nothing is written
    /// to it below (protocol §13).
    PostQuantum(DeviceName),
    /// Both sides have the session.
    SessionEstablished(SessionName),
    /// Another session became the active one.
    SessionSuperseded(SessionName),
    /// A superseded session became active again.
    SessionReactivated(SessionName),
    /// The prekey that the session was built on was replaced, or the user reset it.
    SessionExpired(SessionName),
    /// The session was erased, with all its keys.
    SessionErased(SessionName),
    /// The key of a message that was read and not confirmed was erased: the message cannot be read
    /// again.
    MessageKeyDropped {
        /// Which message.
        message: MessageId,
        /// Why.
        why: KeyDropped,
    },
    /// An identity wrote to us for the first time, in an authenticated message.
    ContactRequested {
        /// Who.
        identity: IdentityKey,
        /// Their introduction.
        message: MessageId,
    },
    /// A contact request was accepted.
    ContactAccepted {
        /// The contact.
        identity: IdentityKey,
        /// Whether we accepted it, and not the contact.
        by_us: bool,
    },
    /// The negotiated topic with an identity is to be listened to from now on, or not any more.
    TopicChanged {
        /// The identity.
        identity: IdentityKey,
        /// Whether it is.
        listened: bool,
    },
    /// A key of a group is here: messages under it can be read.
    GroupKeyAdded {
        /// The group.
        group: GroupId,
        /// The key.
        key: GroupKeyId,
        /// Who set it.
        by: IdentityKey,
        /// Whether it is the current key, which is written with.
        current: bool,
    },
    /// Nothing more is written under the current key of a group.
    GroupKeyDue {
        /// The group.
        group: GroupId,
        /// The key.
        key: GroupKeyId,
        /// Why.
        reason: GroupKeyDue,
    },
    /// We were invited to a group.
    GroupInvited {
        /// Which.
        group: GroupId,
        /// Who invited us.
        by: IdentityKey,
    },
    /// A group has changed, or is new here and we were not invited to it: it is ours.
    GroupChanged {
        /// Which.
        group: GroupId,
        /// What has changed; nothing of a new one.
        changes: Vec<GroupChange>,
    },
    /// The store was found to be an older state or a copy: nothing is sent on its sessions again.
    StoreRolledBack {
        /// How that was found.
        how: RollbackKind,
        /// How many sessions expired by it; they have no events of their own.
        sessions: u64,
    },
}

/// What names a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceName {
    /// Whose.
    pub identity: IdentityKey,
    /// Which.
    pub installation: InstallationId,
}

/// What a frontend shows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName {
    /// The same at both ends.
    pub id: SessionId,
    /// The other identity.
    pub identity: IdentityKey,
    /// The other device, if it is known.
    pub installation: Option<InstallationId>,
    /// Its suite.
    pub suite: Suite,
    /// Our part in X3DH.
    pub role: Role,
}

impl Device {
    /// What names it in events.
    #[must_use]
    pub fn name(&self) -> DeviceName {
        DeviceName {
            identity: self.identity,
            installation: self.installation.clone(),
        }
    }
}

impl Session {
    /// What names it in events.
    #[must_use]
    pub fn name(&self) -> SessionName {
        SessionName {
            id: self.id,
            identity: self.peer,
            installation: self.installation.clone(),
            suite: self.suite(),
            role: self.role,
        }
    }
}
