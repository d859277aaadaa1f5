//! Events.

use engine::model::{AccountName, DeviceName, Event, EventKind, SessionName, UnixMillis};

use super::{group_text, name, public_key, suite};
use crate::types::{
    AcceptedContact, AddedGroupKey, BundleRotated, ChangedGroup, ChangedTopic, Decrypted,
    DeviceVersion, DiscoveredDevice, DroppedKey, DueGroupKey, EventData, EventDevice, EventInfo,
    EventSession, GroupChange, GroupInvitation, Hex, Lagged, Outcome, Reason, RequestedContact,
    RolledBackStore, TopicKind, UndecryptableMessage,
};

impl EventInfo {
    /// An event of the log.
    #[must_use]
    pub fn new(seq: u64, account: &AccountName, event: &Event) -> Self {
        Self {
            seq,
            at: event.at.0,
            account: Some(account.as_str().to_owned()),
            what: EventData::from(&event.kind),
        }
    }

    /// A message that could not be read, not numbered yet; `None` if it is another outcome, or if
    /// nobody is to be told: the message was read before, or its sender was declined. What such a
    /// message says of itself is not proven.
    #[must_use]
    pub fn undecryptable(account: &str, at: UnixMillis, message: &Decrypted) -> Option<Self> {
        let sender = message.sender.clone()?;
        let quiet = [Some(Reason::AlreadyRead), Some(Reason::Declined)];
        let told = message.outcome == Outcome::Undecryptable && !quiet.contains(&message.reason);
        told.then(|| Self {
            seq: 0,
            at: at.0,
            account: Some(account.to_owned()),
            what: EventData::MessageUndecryptable(UndecryptableMessage {
                message_id: message.message_id.clone(),
                sender,
                installation_id: message.installation_id.clone(),
                reason: message.reason,
                hint: message.hint.clone(),
                next_action: message.next_action,
            }),
        })
    }

    /// A message that asks to become a contact and does not prove who wrote it, or when, not
    /// numbered yet; `None` if no identity is named.
    #[must_use]
    pub fn unproven_request(account: &str, at: UnixMillis, message: &Decrypted) -> Option<Self> {
        let identity = message.sender.clone()?;
        Some(Self {
            seq: 0,
            at: at.0,
            account: Some(account.to_owned()),
            what: EventData::ContactRequested(RequestedContact {
                identity,
                message_id: message.message_id.clone(),
                authenticated: message.authenticated,
            }),
        })
    }

    /// The mark that events before here are no longer there. `seq` is the cursor to go on from.
    #[must_use]
    pub fn lagged(seq: u64, at: UnixMillis) -> Self {
        let hint = "events before this one are no longer there: ask for the lists anew";
        Self {
            seq,
            at: at.0,
            account: None,
            what: EventData::Lagged(Lagged {
                hint: hint.to_owned(),
            }),
        }
    }

    /// Whether it is such a mark.
    #[must_use]
    pub const fn is_lagged(&self) -> bool {
        matches!(self.what, EventData::Lagged(_))
    }
}

impl From<&EventKind> for EventData {
    fn from(kind: &EventKind) -> Self {
        match kind {
            EventKind::BundleRotated {
                version,
                prekey_replaced,
                installations,
            } => Self::BundleRotated(BundleRotated {
                version: *version,
                prekey_replaced: *prekey_replaced,
                installation_ids: installations.iter().map(name).collect(),
            }),
            EventKind::InstallationDiscovered { device, own } => {
                Self::InstallationDiscovered(DiscoveredDevice {
                    identity: public_key(&device.identity),
                    installation_id: name(&device.installation),
                    own: *own,
                })
            }
            EventKind::InstallationEnabled(which) => Self::InstallationEnabled(which.into()),
            EventKind::InstallationDisabled(which) => Self::InstallationDisabled(which.into()),
            EventKind::InstallationStale(which) => Self::InstallationStale(which.into()),
            EventKind::InstallationActive(which) => Self::InstallationActive(which.into()),
            EventKind::KemPreKeyArrived(which) => Self::InstallationKemPreKey(which.into()),
            EventKind::PostQuantum(which) => Self::InstallationPostQuantum(which.into()),
            EventKind::VersionWentBack { device, from, to } => {
                Self::InstallationVersionWentBack(DeviceVersion {
                    identity: public_key(&device.identity),
                    installation_id: name(&device.installation),
                    from: *from,
                    to: *to,
                })
            }
            EventKind::SessionEstablished(which) => Self::SessionEstablished(which.into()),
            EventKind::SessionSuperseded(which) => Self::SessionSuperseded(which.into()),
            EventKind::SessionReactivated(which) => Self::SessionReactivated(which.into()),
            EventKind::SessionExpired(which) => Self::SessionExpired(which.into()),
            EventKind::SessionErased(which) => Self::SessionErased(which.into()),
            EventKind::MessageKeyDropped { message, why } => Self::MessageKeyDropped(DroppedKey {
                message_id: Hex(message.as_bytes().to_vec()),
                reason: *why,
            }),
            EventKind::ContactRequested { identity, message } => {
                Self::ContactRequested(RequestedContact {
                    identity: public_key(identity),
                    message_id: Some(Hex(message.as_bytes().to_vec())),
                    authenticated: true,
                })
            }
            EventKind::ContactAccepted { identity, by_us } => {
                Self::ContactAccepted(AcceptedContact {
                    identity: public_key(identity),
                    by_us: *by_us,
                })
            }
            EventKind::TopicChanged { identity, listened } => Self::TopicChanged(ChangedTopic {
                kind: TopicKind::Negotiated,
                peer: public_key(identity),
                listen: *listened,
            }),
            EventKind::GroupInvited { group, by } => Self::GroupInvited(GroupInvitation {
                group: group_text(group),
                by: public_key(by),
            }),
            EventKind::GroupChanged { group, changes } => Self::GroupChanged(ChangedGroup {
                group: group_text(group),
                changes: changes.iter().map(GroupChange::from).collect(),
            }),
            EventKind::GroupKeyAdded {
                group,
                key,
                by,
                current,
            } => Self::GroupKeyAdded(AddedGroupKey {
                group: group_text(group),
                key_id: Hex(key.as_bytes().to_vec()),
                by: public_key(by),
                current: *current,
            }),
            EventKind::GroupKeyDue { group, key, reason } => Self::GroupKeyDue(DueGroupKey {
                group: group_text(group),
                key_id: Hex(key.as_bytes().to_vec()),
                reason: *reason,
            }),
            EventKind::StoreRolledBack { how, sessions } => {
                Self::StoreRolledBack(RolledBackStore {
                    reason: *how,
                    expired: *sessions,
                })
            }
        }
    }
}

impl From<&DeviceName> for EventDevice {
    fn from(device: &DeviceName) -> Self {
        Self {
            identity: public_key(&device.identity),
            installation_id: name(&device.installation),
        }
    }
}

impl From<&SessionName> for EventSession {
    fn from(session: &SessionName) -> Self {
        Self {
            session_id: Hex(session.id.as_bytes().to_vec()),
            identity: public_key(&session.identity),
            installation_id: session.installation.as_ref().map(name),
            suite: suite(session.suite),
            role: session.role,
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_core::{GroupKeyId, MessageId, SessionId, Suite};
    use engine::model::{
        GroupChange, GroupChangeKind, GroupId, GroupKeyDue, KeyDropped, Role, RollbackKind,
    };
    use serde_json::{Value, json};

    use super::{super::fixtures::*, *};

    fn told(kind: EventKind) -> (String, Value) {
        let at = UnixMillis(5);
        let account = AccountName::parse("alice").unwrap();
        let event = Event { at, kind };
        // So it is kept, and so it is told.
        assert_eq!(Event::from_bytes(&event.to_bytes()).unwrap(), event);
        let event = EventInfo::new(7, &account, &event);
        assert_eq!((event.seq, event.at), (7, 5));
        assert_eq!(event.account.as_deref(), Some("alice"));
        assert!(!event.is_lagged());
        // The client reads what the daemon writes.
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], event.what.name());
        let data = json["data"].clone();
        assert_eq!(serde_json::from_value::<EventInfo>(json).unwrap(), event);
        (event.what.name().to_owned(), data)
    }

    #[test]
    fn events_of_devices() {
        let device = || DeviceName {
            identity: *identity().public(),
            installation: installation(),
        };
        let data = json!({"identity": UNCOMPRESSED, "installationId": "x1-phone"});
        for (kind, name) in [
            (
                EventKind::InstallationEnabled(device()),
                "installation.enabled",
            ),
            (
                EventKind::InstallationDisabled(device()),
                "installation.disabled",
            ),
            (EventKind::InstallationStale(device()), "installation.stale"),
            (
                EventKind::InstallationActive(device()),
                "installation.active",
            ),
            (
                EventKind::KemPreKeyArrived(device()),
                "installation.kem_prekey",
            ),
            (
                EventKind::PostQuantum(device()),
                "installation.post_quantum",
            ),
        ] {
            assert_eq!(told(kind), (name.to_owned(), data.clone()));
        }
        for own in [true, false] {
            let device = device();
            let (name, data) = told(EventKind::InstallationDiscovered { device, own });
            assert_eq!(name, "installation.discovered");
            assert_eq!(
                data,
                json!({"identity": UNCOMPRESSED, "installationId": "x1-phone", "own": own})
            );
        }
        let rotated = EventKind::BundleRotated {
            version: 3,
            prekey_replaced: true,
            installations: vec![installation()],
        };
        assert_eq!(
            told(rotated),
            (
                "bundle.rotated".to_owned(),
                json!({"version": 3, "prekeyReplaced": true, "installationIds": ["x1-phone"]})
            )
        );
    }

    #[test]
    fn events_of_sessions() {
        let session = || SessionName {
            id: SessionId::from_bytes([9; 32]),
            identity: *identity().public(),
            installation: None,
            suite: Suite::X25519,
            role: Role::Responder,
        };
        let data = json!({
            "sessionId": hex32(9),
            "identity": UNCOMPRESSED,
            "installationId": null,
            "suite": "x25519",
            "role": "responder",
        });
        for (kind, name) in [
            (
                EventKind::SessionEstablished(session()),
                "session.established",
            ),
            (
                EventKind::SessionSuperseded(session()),
                "session.superseded",
            ),
            (
                EventKind::SessionReactivated(session()),
                "session.reactivated",
            ),
            (EventKind::SessionExpired(session()), "session.expired"),
            (EventKind::SessionErased(session()), "session.erased"),
        ] {
            assert_eq!(told(kind), (name.to_owned(), data.clone()));
        }
    }

    #[test]
    fn events_of_messages_and_the_mark() {
        for (why, reason) in [
            (KeyDropped::Limit, "limit"),
            (KeyDropped::Unconfirmed, "unconfirmed"),
            (KeyDropped::SessionErased, "session_erased"),
        ] {
            let message = MessageId::from_bytes([4; 32]);
            let (name, data) = told(EventKind::MessageKeyDropped { message, why });
            assert_eq!(name, "message.key_dropped");
            assert_eq!(data, json!({"messageId": hex32(4), "reason": reason}));
        }
        for (how, reason) in [
            (RollbackKind::Older, "older"),
            (RollbackKind::Elsewhere, "elsewhere"),
            (RollbackKind::Unmarked, "unmarked"),
        ] {
            let (name, data) = told(EventKind::StoreRolledBack { how, sessions: 7 });
            assert_eq!(name, "store.rolled_back");
            assert_eq!(data, json!({"reason": reason, "expired": 7}));
        }
        let identity = *identity().public();
        let message = MessageId::from_bytes([4; 32]);
        let (name, data) = told(EventKind::ContactRequested { identity, message });
        assert_eq!(name, "contact.requested");
        assert_eq!(
            data,
            json!({"identity": UNCOMPRESSED, "messageId": hex32(4), "authenticated": true})
        );
        for by_us in [true, false] {
            let (name, data) = told(EventKind::ContactAccepted { identity, by_us });
            assert_eq!(name, "contact.accepted");
            assert_eq!(data, json!({"identity": UNCOMPRESSED, "byUs": by_us}));
        }
        for listened in [true, false] {
            let (name, data) = told(EventKind::TopicChanged { identity, listened });
            assert_eq!(name, "topic.changed");
            let golden = json!({"kind": "negotiated", "peer": UNCOMPRESSED, "listen": listened});
            assert_eq!(data, golden);
        }
        let group = GroupId::new(&[2; 33]).unwrap();
        let hex = format!("0x{}", "02".repeat(33));
        let (name, data) = told(EventKind::GroupInvited {
            group: group.clone(),
            by: identity,
        });
        assert_eq!(name, "group.invited");
        assert_eq!(data, json!({"group": hex, "by": UNCOMPRESSED}));
        let changes = vec![GroupChange {
            kind: GroupChangeKind::Renamed,
            identity: None,
            by: identity,
            at: 7,
        }];
        let (name, data) = told(EventKind::GroupChanged { group, changes });
        assert_eq!(name, "group.changed");
        let change = json!({"change": "renamed", "by": UNCOMPRESSED, "at": 7});
        assert_eq!(data, json!({"group": hex, "changes": [change]}));
        let group = || GroupId::new(&[2; 33]).unwrap();
        let key = GroupKeyId::from_bytes([4; 32]);
        for current in [true, false] {
            let (name, data) = told(EventKind::GroupKeyAdded {
                group: group(),
                key,
                by: identity,
                current,
            });
            assert_eq!(name, "group.key_added");
            let golden = json!({"group": hex, "keyId": hex32(4), "by": UNCOMPRESSED,
                "current": current});
            assert_eq!(data, golden);
        }
        for (reason, why) in [
            (GroupKeyDue::Removal, "removal"),
            (GroupKeyDue::Spent, "spent"),
        ] {
            let group = group();
            let (name, data) = told(EventKind::GroupKeyDue { group, key, reason });
            assert_eq!(name, "group.key_due");
            assert_eq!(
                data,
                json!({"group": hex, "keyId": hex32(4), "reason": why})
            );
        }
        let mark = EventInfo::lagged(3, UnixMillis(4));
        assert!(mark.is_lagged());
        let mark = serde_json::to_value(mark).unwrap();
        assert_eq!(
            (&mark["seq"], &mark["account"], &mark["type"]),
            (&json!(3), &Value::Null, &json!("lagged"))
        );
    }
}
