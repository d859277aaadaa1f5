//! Devices and sessions.

use engine::{
    model::{InstallationView, Pairing, Standing},
    queries::SessionView,
};

use super::{millis, name, public_key, suite};
use crate::types::{self, Hex, InstallationInfo, MetadataInfo, SessionInfo, SessionState};

impl From<InstallationView> for InstallationInfo {
    fn from(view: InstallationView) -> Self {
        let device = view.device;
        Self {
            identity: public_key(&device.identity),
            installation_id: name(&device.installation),
            own: view.own,
            this_device: view.this_device,
            state: view.state,
            enabled: device.pairing == Pairing::Enabled,
            protocol_version: view.protocol_version,
            suite: view.suite.map(suite),
            post_quantum: view.post_quantum,
            kem_version: view.kem_version,
            next_mode: view.next_mode,
            version: device.prekey.as_ref().map(|prekey| prekey.version),
            refused_version: device.refused_version,
            version_went_back_at: millis(device.went_back_at),
            last_active_at: device.last_active_at.0,
            stale_at: millis(view.stale_at),
            metadata: MetadataInfo {
                name: device.metadata.name,
                device_type: device.metadata.device_type,
                push_token: device.metadata.push_token,
            },
        }
    }
}

impl From<SessionView> for SessionInfo {
    fn from(session: SessionView) -> Self {
        let state = if session.established {
            SessionState::Established
        } else {
            SessionState::Unconfirmed
        };
        let standing = match session.standing {
            Standing::Active => types::Standing::Active,
            Standing::Superseded { .. } => types::Standing::Superseded,
            Standing::Expired { .. } => types::Standing::Expired,
        };
        Self {
            session_id: Hex(session.id.as_bytes().to_vec()),
            identity: public_key(&session.identity),
            installation_id: session.installation.as_ref().map(name),
            suite: suite(session.suite),
            post_quantum: session.suite.is_post_quantum(),
            role: session.role,
            state,
            standing,
            prekey_blocked: session.prekey_blocked,
            created_at: session.created_at.0,
            last_sent_at: millis(session.last_sent_at),
            last_received_at: millis(session.last_received_at),
            ended_at: millis(session.ended_at),
            erase_at: millis(session.erase_at),
            sent: session.sent,
            received: session.received,
            stored_keys: session.stored_keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_core::{SessionId, Suite, VerifiedPreKey};
    use engine::model::{
        Device, DeviceKem, DeviceMetadata, DevicePreKey, InstallationState, PostQuantumState, Role,
        UnixMillis,
    };
    use serde_json::json;

    use super::{super::fixtures::*, *};

    fn view() -> InstallationView {
        let key =
            VerifiedPreKey::from_stored(*identity().public(), *signed_pre_key().public(), None);
        InstallationView {
            device: Device {
                identity: *identity().public(),
                installation: installation(),
                prekey: Some(DevicePreKey {
                    key,
                    version: 3,
                    protocol_version: 1,
                    bundle_ns: 0,
                    signed_ns: 0,
                    dated_at: UnixMillis(0),
                    begun: false,
                    any_version: false,
                }),
                pairing: Pairing::Enabled,
                wrote_at: UnixMillis(2),
                last_active_at: UnixMillis(3),
                omitted_since: None,
                rekey_due: false,
                extension_shown: false,
                stale_told: false,
                former: engine::model::PastKeys::default(),
                refused_version: Some(2),
                went_back_at: Some(UnixMillis(5)),
                kem: DeviceKem::default(),
                metadata: DeviceMetadata {
                    name: "My phone".to_owned(),
                    device_type: "phone".to_owned(),
                    push_token: "token".to_owned(),
                },
            },
            own: true,
            this_device: true,
            state: InstallationState::Active,
            stale_at: Some(UnixMillis(4)),
            suite: Some(Suite::Secp256k1),
            next_mode: Some(engine::model::Mode::Dh),
            protocol_version: Some(1),
            post_quantum: PostQuantumState::Offered,
            kem_version: Some(2),
        }
    }

    #[test]
    fn a_device() {
        assert_eq!(
            serde_json::to_value(InstallationInfo::from(view())).unwrap(),
            json!({
                "identity": UNCOMPRESSED,
                "installationId": "x1-phone",
                "own": true,
                "self": true,
                "state": "active",
                "enabled": true,
                "protocolVersion": 1,
                "suite": "secp256k1",
                "postQuantum": "offered",
                "kemVersion": 2,
                "nextMode": "dh",
                "version": 3,
                "refusedVersion": 2,
                "versionWentBackAt": 5,
                "lastActiveAt": 3,
                "staleAt": 4,
                "metadata": {"name": "My phone", "deviceType": "phone", "pushToken": "token"},
            })
        );
    }

    #[test]
    fn what_is_not_known_of_a_device_is_null() {
        let mut view = view();
        view.device.prekey = None;
        view.stale_at = None;
        view.suite = None;
        view.protocol_version = None;
        view.kem_version = None;
        let info = serde_json::to_value(InstallationInfo::from(view)).unwrap();
        for name in ["protocolVersion", "suite", "kemVersion", "staleAt"] {
            assert_eq!(info[name], json!(null), "{name}");
        }
    }

    #[test]
    fn each_state_of_a_device_has_its_name_and_only_enabled_ones_are_enabled() {
        for (state, pairing, name, enabled) in [
            (InstallationState::Active, Pairing::Enabled, "active", true),
            (
                InstallationState::Pending,
                Pairing::Pending,
                "pending",
                false,
            ),
            (
                InstallationState::Disabled,
                Pairing::Disabled,
                "disabled",
                false,
            ),
            (InstallationState::Stale, Pairing::Enabled, "stale", true),
            (
                InstallationState::OverLimit,
                Pairing::Enabled,
                "over_limit",
                true,
            ),
        ] {
            let mut view = view();
            view.state = state;
            view.device.pairing = pairing;
            let info = InstallationInfo::from(view);
            assert_eq!((info.state.name(), info.enabled), (name, enabled));
        }
    }

    fn session() -> SessionView {
        SessionView {
            id: SessionId::from_bytes([7; 32]),
            identity: *identity().public(),
            installation: Some(installation()),
            suite: Suite::X25519,
            role: Role::Initiator,
            established: true,
            standing: Standing::Superseded {
                since: UnixMillis(4),
            },
            prekey_blocked: false,
            created_at: UnixMillis(1),
            last_sent_at: Some(UnixMillis(2)),
            last_received_at: Some(UnixMillis(3)),
            ended_at: Some(UnixMillis(4)),
            erase_at: Some(UnixMillis(5)),
            sent: 6,
            received: 7,
            stored_keys: 8,
        }
    }

    #[test]
    fn a_session() {
        assert_eq!(
            serde_json::to_value(SessionInfo::from(session())).unwrap(),
            json!({
                "sessionId": hex32(7),
                "identity": UNCOMPRESSED,
                "installationId": "x1-phone",
                "suite": "x25519",
                "postQuantum": false,
                "role": "initiator",
                "state": "established",
                "standing": "superseded",
                "prekeyBlocked": false,
                "createdAt": 1,
                "lastSentAt": 2,
                "lastReceivedAt": 3,
                "endedAt": 4,
                "eraseAt": 5,
                "sent": 6,
                "received": 7,
                "storedKeys": 8,
            })
        );
    }

    #[test]
    fn what_has_not_happened_to_a_session_is_null() {
        let session = SessionView {
            installation: None,
            role: Role::Responder,
            established: false,
            standing: Standing::Active,
            last_sent_at: None,
            last_received_at: None,
            ended_at: None,
            erase_at: None,
            ..session()
        };
        let info = serde_json::to_value(SessionInfo::from(session)).unwrap();
        for name in [
            "installationId",
            "lastSentAt",
            "lastReceivedAt",
            "endedAt",
            "eraseAt",
        ] {
            assert_eq!(info[name], json!(null), "{name}");
        }
        assert_eq!(info["role"], "responder");
        assert_eq!(info["state"], "unconfirmed");
        assert_eq!(info["standing"], "active");
        let expired = SessionView {
            standing: Standing::Expired {
                since: UnixMillis(4),
            },
            ..self::session()
        };
        assert_eq!(SessionInfo::from(expired).standing.name(), "expired");
        let post_quantum = SessionInfo::from(SessionView {
            suite: Suite::X25519MlKem768,
            ..self::session()
        });
        assert_eq!(post_quantum.suite.name(), "x25519-mlkem768");
        assert!(post_quantum.post_quantum);
    }
}
