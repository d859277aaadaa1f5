//! Setting sessions up.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use crypto_core::{EphemeralKeyPair, Suite, x3dh};
use k256::{PublicKey, SecretKey};
use rand_core::Rng as _;

use crate::{cpu_time::CpuTime, olm, pair::Keys, rng};

/// X3DH at both ends, and the two operations it is made of.
pub(crate) fn x3dh(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("x3dh");
    let draw = || {
        let mut bytes = [0; 32];
        rng().fill_bytes(&mut bytes);
        SecretKey::from_slice(&bytes).expect("a scalar")
    };
    group.bench_function("ecdh", |bencher| {
        let (own, peer): (SecretKey, PublicKey) = (draw(), draw().public_key());
        bencher.iter(|| {
            *black_box(&own)
                .diffie_hellman(black_box(&peer))
                .raw_secret_bytes()
        });
    });
    group.bench_function("keygen", |bencher| bencher.iter(|| draw().public_key()));
    // X3DH is the same in both suites without a KEM.
    let keys = Keys::new(Suite::Secp256k1);
    group.bench_function("initiator", |bencher| {
        bencher.iter(|| {
            let ephemeral = EphemeralKeyPair::generate(&mut rng());
            x3dh::initiate(&keys.alice, &ephemeral, black_box(&keys.prekey), None).expect("keys")
        });
    });
    group.bench_function("responder", |bencher| {
        let ephemeral = EphemeralKeyPair::generate(&mut rng());
        let peer = (keys.alice.public(), ephemeral.public());
        bencher.iter(|| {
            let (identity, ephemeral) = black_box(peer);
            x3dh::respond(&keys.bob, &keys.signed, identity, ephemeral, None).expect("keys")
        });
    });
    group.finish();
}

/// A whole session set up: X3DH, the ratchet, and the first message sealed at one end, opened at
/// the other.
pub(crate) fn session(criterion: &mut Criterion<CpuTime>) {
    let text = [0x74; 100];
    let mut group = criterion.benchmark_group("session");
    for suite in Suite::ALL {
        let keys = Keys::new(suite);
        group.bench_function(format!("{}/initiator", suite.name()), |bencher| {
            bencher.iter(|| keys.initiate(&text));
        });
        let (_, first) = keys.initiate(&text);
        group.bench_function(format!("{}/responder", suite.name()), |bencher| {
            bencher.iter(|| keys.respond(black_box(&first)));
        });
    }
    let mut keys = olm::Keys::new();
    group.bench_function("vodozemac/initiator", |bencher| {
        bencher.iter(|| keys.initiate(&text));
    });
    let (_, first) = keys.initiate(&text);
    group.bench_function("vodozemac/responder", |bencher| {
        bencher.iter_batched_ref(
            || (),
            |()| keys.respond(black_box(&first)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}
