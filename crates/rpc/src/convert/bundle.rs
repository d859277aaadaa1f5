//! Bundles and prekeys.

use crypto_core::IdentityKey;
use engine::model::{
    ImportedBundle, ImportedPreKey, InspectedBundle, InspectedKemPreKey, PublishedBundle,
    UnixMillis, Warning,
};

use super::{name, public_key};
use crate::types::{
    BundleInfo, Hex, ImportedBundleInfo, ImportedInstallation, ImportedPreKeyInfo,
    InspectedBundleEntry, InspectedBundleInfo, InspectedKemPreKeyInfo, WarningInfo,
};

impl BundleInfo {
    /// The bundle of `identity`.
    #[must_use]
    pub fn new(identity: &IdentityKey, bundle: PublishedBundle) -> Self {
        Self {
            bundle: Hex(bundle.wire),
            contact_code: bundle.contact_code,
            contact_code_full: bundle.contact_code_full,
            identity: public_key(identity),
            version: bundle.version,
            created_at: bundle.created_at.0,
            expires_at: bundle.expires_at.0,
            installation_ids: bundle.installations.iter().map(name).collect(),
        }
    }
}

impl From<Warning> for WarningInfo {
    fn from(warning: Warning) -> Self {
        Self {
            kind: warning.kind,
            detail: warning.detail,
        }
    }
}

pub(super) fn warnings(warnings: Vec<Warning>) -> Vec<WarningInfo> {
    warnings.into_iter().map(WarningInfo::from).collect()
}

impl From<ImportedBundle> for ImportedBundleInfo {
    fn from(imported: ImportedBundle) -> Self {
        let entries = imported.installations.into_iter();
        Self {
            identity: public_key(&imported.identity),
            installations: entries
                .map(|entry| ImportedInstallation {
                    installation_id: name(&entry.installation),
                    version: entry.version,
                    is_new: entry.is_new,
                    is_newer: entry.is_newer,
                    kem: entry.kem,
                })
                .collect(),
            warnings: warnings(imported.warnings),
        }
    }
}

impl From<InspectedBundle> for InspectedBundleInfo {
    fn from(bundle: InspectedBundle) -> Self {
        let has_time = bundle.timestamp_ns > 0;
        let entries = bundle.entries.into_iter();
        Self {
            identity: bundle.identity.as_ref().map(public_key),
            timestamp: bundle.timestamp_ns,
            created_at: has_time.then(|| UnixMillis::from_nanos(bundle.timestamp_ns).0),
            entries: entries
                .map(|entry| InspectedBundleEntry {
                    installation_id: entry.installation,
                    signed_pre_key: Hex(entry.signed_pre_key),
                    version: entry.version,
                    protocol_version: entry.protocol_version,
                    ratchet_pre_key: Some(entry.ratchet_pre_key)
                        .filter(|key| !key.is_empty())
                        .map(Hex),
                    ratchet_valid: entry.ratchet_valid,
                })
                .collect(),
            kem_pre_keys: bundle
                .kem_pre_keys
                .into_iter()
                .map(InspectedKemPreKeyInfo::from)
                .collect(),
            valid: bundle.fault.is_none(),
            reason: bundle.fault,
        }
    }
}

impl From<InspectedKemPreKey> for InspectedKemPreKeyInfo {
    fn from(kem: InspectedKemPreKey) -> Self {
        Self {
            installation_id: kem.installation,
            version: kem.version,
            kem_id: kem.id.map(|id| Hex(id.as_bytes().to_vec())),
            valid: kem.valid,
        }
    }
}

pub(super) fn unreadable_bundle(reason: String) -> InspectedBundleInfo {
    InspectedBundleInfo {
        identity: None,
        timestamp: 0,
        created_at: None,
        entries: Vec::new(),
        kem_pre_keys: Vec::new(),
        valid: false,
        reason: Some(reason),
    }
}

impl From<ImportedPreKey> for ImportedPreKeyInfo {
    fn from(prekey: ImportedPreKey) -> Self {
        Self {
            signed_pre_key: Hex(prekey.signed_pre_key.to_bytes().to_vec()),
            ratchet_pre_key: prekey
                .ratchet_pre_key
                .map(|key| Hex(key.to_bytes().to_vec())),
            version: prekey.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_core::KemId;
    use engine::model::{ImportedEntry, InspectedEntry, KemState, WarningKind};
    use serde_json::json;

    use super::{super::fixtures::*, *};

    #[test]
    fn a_published_bundle() {
        let bundle = PublishedBundle {
            wire: vec![0x0a, 0xff],
            contact_code: "Cv8=".to_owned(),
            contact_code_full: "Cv+CAQA=".to_owned(),
            version: 3,
            created_at: UnixMillis(1),
            expires_at: UnixMillis(2),
            installations: vec![installation()],
        };
        let bundle = BundleInfo::new(identity().public(), bundle);
        assert_eq!(
            serde_json::to_value(bundle).unwrap(),
            json!({
                "bundle": "0x0aff",
                "contactCode": "Cv8=",
                "contactCodeFull": "Cv+CAQA=",
                "identity": UNCOMPRESSED,
                "version": 3,
                "createdAt": 1,
                "expiresAt": 2,
                "installationIds": ["x1-phone"],
            })
        );
    }

    #[test]
    fn an_imported_bundle_with_every_kind_of_warning() {
        let kinds = [
            (WarningKind::InvalidBundle, "invalid_bundle"),
            (WarningKind::ForeignBundle, "foreign_bundle"),
            (WarningKind::TooManyBundles, "too_many_bundles"),
            (WarningKind::InvalidEntry, "invalid_entry"),
            (WarningKind::MissingExtension, "missing_extension"),
            (WarningKind::VersionJump, "version_jump"),
            (WarningKind::VersionWentBack, "version_went_back"),
            (WarningKind::VersionNotBelieved, "version_not_believed"),
            (WarningKind::ClonedInstallation, "cloned_installation"),
            (WarningKind::TooManyDevices, "too_many_devices"),
            (WarningKind::InvalidInstallation, "invalid_installation"),
            (WarningKind::InvalidKemPreKey, "invalid_kem_prekey"),
            (WarningKind::BelowPostQuantum, "below_post_quantum"),
        ];
        assert_eq!(WarningKind::ALL, kinds.map(|(kind, _)| kind));
        let imported = ImportedBundle {
            identity: *identity().public(),
            installations: vec![ImportedEntry {
                installation: installation(),
                version: 3,
                is_new: true,
                is_newer: false,
                kem: KemState::Missing,
            }],
            warnings: kinds
                .map(|(kind, _)| Warning {
                    kind,
                    detail: "x1-phone".to_owned(),
                })
                .to_vec(),
        };
        assert_eq!(
            serde_json::to_value(ImportedBundleInfo::from(imported)).unwrap(),
            json!({
                "identity": UNCOMPRESSED,
                "installations": [
                    {"installationId": "x1-phone", "version": 3, "isNew": true, "isNewer": false,
                        "kem": "missing"},
                ],
                "warnings": kinds.map(|(_, name)| json!({"kind": name, "detail": "x1-phone"})),
            })
        );
    }

    fn inspected(identity: Option<IdentityKey>, timestamp_ns: i64) -> InspectedBundle {
        let entry = InspectedEntry {
            installation: "not an id".to_owned(),
            signed_pre_key: vec![2],
            version: 3,
            protocol_version: 1,
            ratchet_pre_key: Vec::new(),
            ratchet_valid: None,
        };
        InspectedBundle {
            identity,
            timestamp_ns,
            entries: vec![entry],
            kem_pre_keys: Vec::new(),
            fault: None,
        }
    }

    #[test]
    fn an_inspected_bundle() {
        let mut bundle = inspected(Some(*identity().public()), 1_700_000_000_123_456_789);
        let with_key = InspectedEntry {
            installation: "x1-phone".to_owned(),
            ratchet_pre_key: vec![9; 32],
            ratchet_valid: Some(false),
            ..bundle.entries[0].clone()
        };
        bundle.entries.push(with_key);
        bundle.kem_pre_keys = vec![
            InspectedKemPreKey {
                installation: "x1-phone".to_owned(),
                version: 2,
                id: Some(KemId::from_bytes([8; 32])),
                valid: true,
            },
            InspectedKemPreKey {
                installation: String::new(),
                version: 0,
                id: None,
                valid: false,
            },
        ];
        assert_eq!(
            serde_json::to_value(InspectedBundleInfo::from(bundle)).unwrap(),
            json!({
                "identity": UNCOMPRESSED,
                "timestamp": 1_700_000_000_123_456_789_i64,
                "createdAt": 1_700_000_000_123_u64,
                "entries": [
                    {
                        "installationId": "not an id",
                        "signedPreKey": "0x02",
                        "version": 3,
                        "protocolVersion": 1,
                        "ratchetPreKey": null,
                        "ratchetValid": null,
                    },
                    {
                        "installationId": "x1-phone",
                        "signedPreKey": "0x02",
                        "version": 3,
                        "protocolVersion": 1,
                        "ratchetPreKey": hex32(9),
                        "ratchetValid": false,
                    },
                ],
                "kemPreKeys": [
                    {"installationId": "x1-phone", "version": 2, "kemId": hex32(8), "valid": true},
                    {"installationId": "", "version": 0, "kemId": null, "valid": false},
                ],
                "valid": true,
                "reason": null,
            })
        );
    }

    #[test]
    fn a_bundle_without_a_time_has_none() {
        for timestamp_ns in [0, -1, i64::MIN] {
            let info = InspectedBundleInfo::from(inspected(None, timestamp_ns));
            assert_eq!((info.identity, info.created_at), (None, None));
            assert_eq!(info.timestamp, timestamp_ns);
        }
    }

    #[test]
    fn a_bundle_that_is_not_valid_says_why() {
        let mut bundle = inspected(None, 0);
        bundle.fault = Some("not signed".to_owned());
        for info in [bundle.into(), unreadable_bundle("not signed".to_owned())] {
            let info: InspectedBundleInfo = info;
            assert!(!info.valid);
            assert_eq!(info.reason.as_deref(), Some("not signed"));
        }
    }

    #[test]
    fn an_imported_prekey() {
        let mut prekey = ImportedPreKey {
            signed_pre_key: *signed_pre_key().public(),
            ratchet_pre_key: Some(crypto_core::RatchetPreKey::from_stored([9; 32])),
            version: 3,
        };
        let info = |prekey: &ImportedPreKey| {
            serde_json::to_value(ImportedPreKeyInfo::from(prekey.clone())).unwrap()
        };
        let mut golden =
            json!({"signedPreKey": COMPRESSED, "ratchetPreKey": hex32(9), "version": 3});
        assert_eq!(info(&prekey), golden);
        prekey.ratchet_pre_key = None;
        golden["ratchetPreKey"] = json!(null);
        assert_eq!(info(&prekey), golden);
    }
}
