//! ML-KEM-768, and KEM prekeys as they come in bundles.

use std::hint::black_box;

use criterion::Criterion;
use crypto_core::{
    IdentityKeyPair, InstallationId, KemPreKey, KemPreKeyPair, RawKemPreKey, VerifiedKemPreKey,
    sign_kem_prekey,
};

use crate::{cpu_time::CpuTime, rng};

/// What a rotation, a set-up at both ends, and the reading of a KEM prekey cost.
pub(crate) fn kem(criterion: &mut Criterion<CpuTime>) {
    let pair = KemPreKeyPair::generate(&mut rng());
    let key = pair.public();
    let mut group = criterion.benchmark_group("kem");
    group.bench_function("from seed", |bencher| {
        bencher.iter(|| KemPreKeyPair::from_seed(black_box(pair.seed())));
    });
    group.bench_function("encapsulate", |bencher| {
        bencher.iter(|| black_box(key).encapsulate(&mut rng()).expect("a key"));
    });
    group.bench_function("decapsulate", |bencher| {
        let (ciphertext, _) = key.encapsulate(&mut rng()).expect("a key");
        bencher.iter(|| pair.decapsulate(black_box(&ciphertext)));
    });
    group.bench_function("id", |bencher| bencher.iter(|| black_box(key).id()));
    group.bench_function("key check", |bencher| {
        bencher.iter(|| KemPreKey::from_wire(black_box(key.as_bytes())).expect("a key"));
    });
    group.bench_function("verify", |bencher| {
        let identity = IdentityKeyPair::generate(&mut rng());
        let device = InstallationId::from_random([1; 16]);
        let signature = sign_kem_prekey(&identity, &device, 1, key);
        let signed = VerifiedKemPreKey::from_stored(device, 1, key.clone(), signature);
        let raw = RawKemPreKey::from(&signed);
        bencher.iter(|| black_box(&raw).verify(identity.public()).expect("signed"));
    });
    group.finish();
}
