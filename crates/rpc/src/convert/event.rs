//! Events.

use engine::{AccountName, DeviceName, Event, EventKind, KeyDropped, SessionName, UnixMillis};
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
