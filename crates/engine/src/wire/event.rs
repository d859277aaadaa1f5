//! The stored form of events.

use crypto_core::{GroupKeyId, IdentityKey, InstallationId, MessageId, SessionId, Suite};
use prost::Message as _;

use super::stored::proto;
use crate::model::{
    DeviceName, Event, EventKind, GroupChange, GroupChangeKind, GroupId, GroupKeyDue, KeyDropped,
    Role, RollbackKind, SessionName, StoreError, UnixMillis,
};

impl Event {
    /// Encodes the event.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        proto::Event {
            at: self.at.0,
            kind: Some(kind_out(&self.kind)),
        }
        .encode_to_vec()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        proto::Event::decode(bytes)
            .ok()
            .and_then(|event| {
                Some(Self {
                    at: UnixMillis(event.at),
                    kind: kind_in(event.kind?)?,
                })
            })
            .ok_or_else(|| StoreError::Corrupt("an event".to_owned()))
    }
}

fn kind_out(kind: &EventKind) -> proto::event::Kind {
    use proto::event::Kind;
    match kind {
        EventKind::BundleRotated {
            version,
            prekey_replaced,
            installations,
        } => Kind::BundleRotated(proto::BundleRotated {
            version: *version,
            prekey_replaced: *prekey_replaced,
            installations: installations.iter().map(ToString::to_string).collect(),
        }),
        EventKind::InstallationDiscovered { device, own } => {
            Kind::InstallationDiscovered(proto::Device {
                own: *own,
                ..device_out(device)
            })
        }
        EventKind::InstallationEnabled(device) => Kind::InstallationEnabled(device_out(device)),
        EventKind::InstallationDisabled(device) => Kind::InstallationDisabled(device_out(device)),
        EventKind::InstallationStale(device) => Kind::InstallationStale(device_out(device)),
        EventKind::InstallationActive(device) => Kind::InstallationActive(device_out(device)),
        EventKind::KemPreKeyArrived(device) => Kind::KemPreKeyArrived(device_out(device)),
        EventKind::PostQuantum(device) => Kind::PostQuantum(device_out(device)),
        EventKind::VersionWentBack { device, from, to } => {
            Kind::VersionWentBack(proto::VersionWentBack {
                device: Some(device_out(device)),
                from: *from,
                to: *to,
            })
        }
        EventKind::SessionEstablished(session) => Kind::SessionEstablished(session_out(session)),
        EventKind::SessionSuperseded(session) => Kind::SessionSuperseded(session_out(session)),
        EventKind::SessionReactivated(session) => Kind::SessionReactivated(session_out(session)),
        EventKind::SessionExpired(session) => Kind::SessionExpired(session_out(session)),
        EventKind::SessionErased(session) => Kind::SessionErased(session_out(session)),
        EventKind::MessageKeyDropped { message, why } => {
            Kind::MessageKeyDropped(proto::KeyDropped {
                message: message.as_bytes().to_vec(),
                why: why.code().into(),
            })
        }
        EventKind::ContactRequested { identity, message } => {
            Kind::ContactRequested(proto::ContactRequested {
                identity: identity.to_bytes().to_vec(),
                message: message.as_bytes().to_vec(),
            })
        }
        EventKind::ContactAccepted { identity, by_us } => {
            Kind::ContactAccepted(proto::ContactAccepted {
                identity: identity.to_bytes().to_vec(),
                by_us: *by_us,
            })
        }
        EventKind::TopicChanged { identity, listened } => Kind::TopicChanged(proto::TopicChanged {
            identity: identity.to_bytes().to_vec(),
            listened: *listened,
        }),
        EventKind::GroupKeyAdded {
            group,
            key,
            by,
            current,
        } => Kind::GroupKeyAdded(proto::GroupKeyAdded {
            group: group.as_bytes().to_vec(),
            key: key.as_bytes().to_vec(),
            by: by.to_bytes().to_vec(),
            current: *current,
        }),
        EventKind::GroupKeyDue { group, key, reason } => Kind::GroupKeyDue(proto::GroupKeyDue {
            group: group.as_bytes().to_vec(),
            key: key.as_bytes().to_vec(),
            reason: reason.code().into(),
        }),
        EventKind::GroupInvited { group, by } => Kind::GroupInvited(proto::GroupInvited {
            group: group.as_bytes().to_vec(),
            by: by.to_bytes().to_vec(),
        }),
        EventKind::GroupChanged { group, changes } => Kind::GroupChanged(proto::GroupChanged {
            group: group.as_bytes().to_vec(),
            changes: changes.iter().map(change_out).collect(),
        }),
        EventKind::StoreRolledBack { how, sessions } => {
            Kind::StoreRolledBack(proto::StoreRolledBack {
                how: how.code().into(),
                sessions: *sessions,
            })
        }
    }
}

fn kind_in(kind: proto::event::Kind) -> Option<EventKind> {
    use proto::event::Kind;
    Some(match kind {
        Kind::BundleRotated(bundle) => EventKind::BundleRotated {
            version: bundle.version,
            prekey_replaced: bundle.prekey_replaced,
            installations: bundle
                .installations
                .iter()
                .map(|installation| InstallationId::parse(installation).ok())
                .collect::<Option<_>>()?,
        },
        Kind::InstallationDiscovered(device) => EventKind::InstallationDiscovered {
            own: device.own,
            device: device_in(&device)?,
        },
        Kind::InstallationEnabled(device) => EventKind::InstallationEnabled(device_in(&device)?),
        Kind::InstallationDisabled(device) => EventKind::InstallationDisabled(device_in(&device)?),
        Kind::InstallationStale(device) => EventKind::InstallationStale(device_in(&device)?),
        Kind::InstallationActive(device) => EventKind::InstallationActive(device_in(&device)?),
        Kind::KemPreKeyArrived(device) => EventKind::KemPreKeyArrived(device_in(&device)?),
        Kind::PostQuantum(device) => EventKind::PostQuantum(device_in(&device)?),
        Kind::VersionWentBack(version) => EventKind::VersionWentBack {
            device: device_in(&version.device?)?,
            from: version.from,
            to: version.to,
        },
        Kind::SessionEstablished(session) => EventKind::SessionEstablished(session_in(session)?),
        Kind::SessionSuperseded(session) => EventKind::SessionSuperseded(session_in(session)?),
        Kind::SessionReactivated(session) => EventKind::SessionReactivated(session_in(session)?),
        Kind::SessionExpired(session) => EventKind::SessionExpired(session_in(session)?),
        Kind::SessionErased(session) => EventKind::SessionErased(session_in(session)?),
        Kind::MessageKeyDropped(dropped) => EventKind::MessageKeyDropped {
            message: MessageId::from_bytes(dropped.message.try_into().ok()?),
            why: KeyDropped::from_code(dropped.why)?,
        },
        Kind::ContactRequested(request) => EventKind::ContactRequested {
            identity: IdentityKey::from_wire(&request.identity).ok()?,
            message: MessageId::from_bytes(request.message.try_into().ok()?),
        },
        Kind::ContactAccepted(accepted) => EventKind::ContactAccepted {
            identity: IdentityKey::from_wire(&accepted.identity).ok()?,
            by_us: accepted.by_us,
        },
        Kind::TopicChanged(changed) => EventKind::TopicChanged {
            identity: IdentityKey::from_wire(&changed.identity).ok()?,
            listened: changed.listened,
        },
        Kind::GroupKeyAdded(added) => EventKind::GroupKeyAdded {
            group: GroupId::new(&added.group)?,
            key: GroupKeyId::from_bytes(added.key.try_into().ok()?),
            by: IdentityKey::from_wire(&added.by).ok()?,
            current: added.current,
        },
        Kind::GroupKeyDue(due) => EventKind::GroupKeyDue {
            group: GroupId::new(&due.group)?,
            key: GroupKeyId::from_bytes(due.key.try_into().ok()?),
            reason: GroupKeyDue::from_code(due.reason)?,
        },
        Kind::GroupInvited(invited) => EventKind::GroupInvited {
            group: GroupId::new(&invited.group)?,
            by: IdentityKey::from_wire(&invited.by).ok()?,
        },
        Kind::GroupChanged(changed) => EventKind::GroupChanged {
            group: GroupId::new(&changed.group)?,
            changes: changed
                .changes
                .iter()
                .map(change_in)
                .collect::<Option<_>>()?,
        },
        Kind::StoreRolledBack(found) => EventKind::StoreRolledBack {
            how: RollbackKind::from_code(found.how)?,
            sessions: found.sessions,
        },
    })
}

fn change_out(change: &GroupChange) -> proto::GroupChange {
    proto::GroupChange {
        kind: change.kind.code().into(),
        identity: change
            .identity
            .map(|identity| identity.to_bytes().to_vec())
            .unwrap_or_default(),
        by: change.by.to_bytes().to_vec(),
        at: change.at,
    }
}

fn change_in(change: &proto::GroupChange) -> Option<GroupChange> {
    let identity = (!change.identity.is_empty())
        .then(|| IdentityKey::from_wire(&change.identity))
        .transpose();
    Some(GroupChange {
        kind: GroupChangeKind::from_code(change.kind)?,
        identity: identity.ok()?,
        by: IdentityKey::from_wire(&change.by).ok()?,
        at: change.at,
    })
}

fn device_out(device: &DeviceName) -> proto::Device {
    proto::Device {
        identity: device.identity.to_bytes().to_vec(),
        installation: device.installation.to_string(),
        own: false,
    }
}

fn device_in(device: &proto::Device) -> Option<DeviceName> {
    Some(DeviceName {
        identity: IdentityKey::from_wire(&device.identity).ok()?,
        installation: InstallationId::parse(&device.installation).ok()?,
    })
}

fn session_out(session: &SessionName) -> proto::Session {
    proto::Session {
        id: session.id.as_bytes().to_vec(),
        identity: session.identity.to_bytes().to_vec(),
        installation: session.installation.as_ref().map(ToString::to_string),
        suite: u32::from(session.suite.byte()),
        initiator: session.role == Role::Initiator,
    }
}

fn session_in(session: proto::Session) -> Option<SessionName> {
    Some(SessionName {
        id: SessionId::from_bytes(session.id.try_into().ok()?),
        identity: IdentityKey::from_wire(&session.identity).ok()?,
        installation: session
            .installation
            .map(|installation| InstallationId::parse(&installation))
            .transpose()
            .ok()?,
        suite: Suite::from_byte(session.suite.try_into().ok()?)?,
        role: if session.initiator {
            Role::Initiator
        } else {
            Role::Responder
        },
    })
}
