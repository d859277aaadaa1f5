//! Bundles signed and verified; beside them one signature of Olm, which signs the keys it publishes
//! with Ed25519.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use crypto_core::{
    IdentityKeyPair, InstallationId, RatchetPreKeyPair, RawBundle, RawEntry, SignedPreKeyPair,
    sign_bundle, sign_ratchet_prekey,
};

use crate::{cpu_time::CpuTime, olm, rng};

/// 2023-11-14.
const TIMESTAMP_NS: i64 = 1_700_000_000_000_000_000;
/// Devices that a bundle lists.
const DEVICES: [u8; 2] = [1, 3];

/// Bundles whose entries carry the ratchet prekey, or do not.
pub(crate) fn bundle(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("bundle");
    let identity = IdentityKeyPair::generate(&mut rng());
    for (kind, extended) in [("x25519", true), ("secp256k1", false)] {
        for devices in DEVICES {
            let bundle = signed(&identity, devices, extended);
            group.bench_function(
                BenchmarkId::new(format!("{kind}/sign"), devices),
                |bencher| bencher.iter(|| sign(&identity, black_box(&bundle), extended)),
            );
            group.bench_function(
                BenchmarkId::new(format!("{kind}/verify"), devices),
                |bencher| bencher.iter(|| black_box(&bundle).verify().expect("a good bundle")),
            );
        }
    }
    let account = olm::Keys::new().alice;
    let text = [0x6b; 160];
    group.bench_function("vodozemac/sign", |bencher| {
        bencher.iter(|| account.sign(black_box(text)));
    });
    let (key, signature) = (account.ed25519_key(), account.sign(text));
    group.bench_function("vodozemac/verify", |bencher| {
        bencher.iter(|| {
            key.verify(black_box(&text), &signature)
                .expect("a signature")
        });
    });
    group.finish();
}

/// The signatures that a device makes when it publishes: over its own ratchet prekey, and over the
/// bundle.
fn sign(identity: &IdentityKeyPair, bundle: &RawBundle, extended: bool) -> [[u8; 65]; 2] {
    let own = &bundle.entries[0];
    let ratchet = if extended {
        extension(identity, own)
    } else {
        [0; 65]
    };
    let whole = sign_bundle(identity, &bundle.entries, bundle.timestamp);
    [ratchet, whole.to_bytes()]
}

fn extension(identity: &IdentityKeyPair, entry: &RawEntry) -> [u8; 65] {
    sign_ratchet_prekey(
        identity,
        &InstallationId::parse(&entry.installation_id).expect("an id"),
        &crypto_core::SignedPreKey::from_stored(key(&entry.signed_pre_key)),
        &crypto_core::RatchetPreKey::from_stored(key(&entry.ratchet_pre_key)),
        entry.version,
    )
    .to_bytes()
}

fn key<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("a key")
}

fn signed(identity: &IdentityKeyPair, devices: u8, extended: bool) -> RawBundle {
    let entries = (0..devices).map(|device| {
        let promising = InstallationId::from_random([device; 16]);
        let plain = format!("device-{device}");
        let mut entry = RawEntry {
            installation_id: if extended {
                promising.as_str().to_owned()
            } else {
                plain
            },
            signed_pre_key: SignedPreKeyPair::generate(&mut rng())
                .public()
                .to_bytes()
                .to_vec(),
            version: 1,
            protocol_version: 1,
            ..RawEntry::default()
        };
        if extended {
            let ratchet = RatchetPreKeyPair::generate(&mut rng());
            entry.ratchet_pre_key = ratchet.public().to_bytes().to_vec();
            entry.ratchet_signature = extension(identity, &entry).to_vec();
        }
        entry
    });
    let entries: Vec<RawEntry> = entries.collect();
    let signature = sign_bundle(identity, &entries, TIMESTAMP_NS);
    RawBundle {
        identity: identity.public().to_bytes().to_vec(),
        entries,
        signature: signature.to_bytes().to_vec(),
        timestamp: TIMESTAMP_NS,
    }
}
