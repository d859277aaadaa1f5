//! The bundles of a recording, as far as draws and clock readings determine them.

use std::collections::BTreeMap;

use crypto_core::{RawEntry, sign_bundle};
use engine::model::InspectedBundle;

use super::{
    devices::Recorded,
    entry::{contains, field},
};
use crate::conformance::same;

/// Of every entry; it is not signed.
const PROTOCOL_VERSION: u32 = 1;

/// Checks that `device` made this bundle in a step with these clock readings: that its identity
/// signed it as ratchetd signs, that one of the readings dates it, that it has the newest prekey of
/// the device, and otherwise prekeys that siblings of the device had drawn.
pub(super) fn check(
    devices: &BTreeMap<String, Recorded>,
    device: &Recorded,
    bundle: &InspectedBundle,
    wire: &[u8],
    now: &[i64],
) -> Result<(), String> {
    if let Some(fault) = &bundle.fault {
        return Err(format!("the bundle does not verify: {fault}"));
    }
    same(
        "identity in the bundle",
        &bundle.identity,
        &Some(*device.owner.identity.public()),
    )?;
    if !now.contains(&bundle.timestamp_ns) {
        return Err("the bundle is dated by no reading of the clock".to_owned());
    }
    for entry in &bundle.entries {
        let listed = devices.values().find(|listed| {
            listed.owner.identity.public() == device.owner.identity.public()
                && listed.owner.installation.as_str() == entry.installation
        });
        same(
            "protocol version in the bundle",
            &entry.protocol_version,
            &PROTOCOL_VERSION,
        )?;
        let is_own = entry.installation == device.owner.installation.as_str();
        if !is_own && !device.enabled.contains(&entry.installation) {
            return Err(format!(
                "the bundle lists {}, which was not enabled",
                entry.installation
            ));
        }
        let drawn = listed.and_then(|listed| listed.version_of(&entry.signed_pre_key));
        if drawn != Some(entry.version) {
            return Err(format!(
                "the bundle lists for {} a prekey and version that it did not draw",
                entry.installation
            ));
        }
    }
    let newest = device
        .prekeys()
        .last()
        .map(|prekey| *prekey.pair().public());
    let own = bundle
        .entries
        .iter()
        .find(|entry| entry.installation == device.owner.installation.as_str())
        .map(|entry| entry.signed_pre_key.clone());
    same(
        "own prekey in the bundle",
        &newest.map(|key| key.to_bytes().to_vec()),
        &own,
    )?;

    let entries: Vec<RawEntry> = bundle
        .entries
        .iter()
        .map(|entry| RawEntry {
            installation_id: entry.installation.clone(),
            signed_pre_key: entry.signed_pre_key.clone(),
            version: entry.version,
            ..RawEntry::default()
        })
        .collect();
    let signature = sign_bundle(&device.owner.identity, &entries, bundle.timestamp_ns);
    if !contains(wire, &field(4, &signature.to_bytes())) {
        return Err("another signature of the bundle than was recorded".to_owned());
    }
    Ok(())
}
