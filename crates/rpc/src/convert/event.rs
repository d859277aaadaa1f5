//! Events.

use engine::{
    AccountName, DeviceName, Displaced, Event, EventKind, KeyDropped, SessionName, UnixMillis,
};
use serde_json::{Value, json};

use super::{message::UNDECRYPTABLE, name, public_key, role, suite};
use crate::types::{Decrypted, EventInfo, Hex};

/// The type of the mark that events are missing.
const LAGGED: &str = "lagged";

impl EventInfo {
    /// An event of the log.
    #[must_use]
    pub fn new(seq: u64, account: &AccountName, event: &Event) -> Self {
        let (kind, data) = kind(&event.kind);
        Self {
            seq,
            at: event.at.0,
            account: Some(account.as_str().to_owned()),
            kind: kind.to_owned(),
            data,
        }
    }

    /// A message that could not be read, not numbered yet; `None` if it is another outcome. What such a message
    /// says of itself is not proven.
    #[must_use]
    pub fn undecryptable(account: &str, at: UnixMillis, message: &Decrypted) -> Option<Self> {
        (message.outcome == UNDECRYPTABLE).then(|| Self {
            seq: 0,
            at: at.0,
            account: Some(account.to_owned()),
            kind: "message.undecryptable".to_owned(),
            data: json!({
                "messageId": message.message_id,
                "sender": message.sender,
                "installationId": message.installation_id,
                "reason": message.reason,
                "hint": message.hint,
                "nextAction": message.next_action,
            }),
        })
    }

    /// A first message of an identity that nothing proves, not numbered yet.
    #[must_use]
    pub fn unproven_request(account: &str, at: UnixMillis, message: &Decrypted) -> Self {
        Self {
            seq: 0,
            at: at.0,
            account: Some(account.to_owned()),
            kind: "contact.requested".to_owned(),
            data: json!({
                "identity": message.sender,
                "messageId": message.message_id,
                "authenticated": false,
            }),
        }
    }

    /// The mark that events before here are no longer there. `seq` is the cursor to go on from.
    #[must_use]
    pub fn lagged(seq: u64, at: UnixMillis) -> Self {
        Self {
            seq,
            at: at.0,
            account: None,
            kind: LAGGED.to_owned(),
            data: json!({"hint": "events before this one are no longer there: ask for the lists anew"}),
        }
    }

    /// Whether it is such a mark.
    #[must_use]
    pub fn is_lagged(&self) -> bool {
        self.kind == LAGGED
    }
}

fn kind(kind: &EventKind) -> (&'static str, Value) {
    match kind {
        EventKind::BundleRotated {
            version,
            prekey_replaced,
            installations,
        } => (
            "bundle.rotated",
            json!({
                "version": version,
                "prekeyReplaced": prekey_replaced,
                "installationIds": installations.iter().map(name).collect::<Vec<_>>(),
            }),
        ),
        EventKind::InstallationDiscovered { device: found, own } => {
            let mut data = device(found);
            if let Value::Object(members) = &mut data {
                members.insert("own".to_owned(), (*own).into());
            }
            ("installation.discovered", data)
        }
        EventKind::InstallationEnabled(which) => ("installation.enabled", device(which)),
        EventKind::InstallationDisabled(which) => ("installation.disabled", device(which)),
        EventKind::InstallationStale(which) => ("installation.stale", device(which)),
        EventKind::InstallationActive(which) => ("installation.active", device(which)),
        EventKind::SessionEstablished(which) => ("session.established", session(which)),
        EventKind::SessionSuperseded(which) => ("session.superseded", session(which)),
        EventKind::SessionReactivated(which) => ("session.reactivated", session(which)),
        EventKind::SessionExpired(which) => ("session.expired", session(which)),
        EventKind::SessionErased(which) => ("session.erased", session(which)),
        EventKind::MessageKeyDropped { message, why } => {
            let reason = match why {
                KeyDropped::Limit => "limit",
                KeyDropped::Unconfirmed => "unconfirmed",
                KeyDropped::SessionErased => "session_erased",
            };
            (
                "message.key_dropped",
                json!({"messageId": Hex(message.as_bytes().to_vec()), "reason": reason}),
            )
        }
        EventKind::ContactRequested { identity, message } => (
            "contact.requested",
            json!({
                "identity": public_key(identity),
                "messageId": Hex(message.as_bytes().to_vec()),
                "authenticated": true,
            }),
        ),
        EventKind::ContactAccepted { identity, by_us } => (
            "contact.accepted",
            json!({"identity": public_key(identity), "byUs": by_us}),
        ),
        EventKind::StoreRolledBack { how, sessions } => (
            "store.rolled_back",
            json!({"reason": displaced(*how), "expired": sessions}),
        ),
    }
}

/// Why a store is not trusted to be the newest state of its account.
#[must_use]
pub const fn displaced(how: Displaced) -> &'static str {
    match how {
        Displaced::Older => "older",
        Displaced::Elsewhere => "elsewhere",
        Displaced::Unmarked => "unmarked",
    }
}

fn device(device: &DeviceName) -> Value {
    json!({
        "identity": public_key(&device.identity),
        "installationId": name(&device.installation),
    })
}

fn session(session: &SessionName) -> Value {
    json!({
        "sessionId": Hex(session.id.as_bytes().to_vec()),
        "identity": public_key(&session.identity),
        "installationId": session.installation.as_ref().map(name),
        "suite": suite(session.suite),
        "role": role(session.role),
    })
}

#[cfg(test)]
mod tests {
    use crypto_core::{MessageId, SessionId, Suite};
    use engine::Role;

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
        assert_eq!(json["type"], event.kind.as_str());
        assert_eq!(serde_json::from_value::<EventInfo>(json).unwrap(), event);
        (event.kind, event.data)
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
            (Displaced::Older, "older"),
            (Displaced::Elsewhere, "elsewhere"),
            (Displaced::Unmarked, "unmarked"),
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
        let mark = EventInfo::lagged(3, UnixMillis(4));
        assert!(mark.is_lagged());
        let mark = serde_json::to_value(mark).unwrap();
        assert_eq!(
            (&mark["seq"], &mark["account"], &mark["type"]),
            (&json!(3), &Value::Null, &json!("lagged"))
        );
    }
}
