//! Messages on chains that run.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use crypto_core::AssociatedData;
use vodozemac::olm::{OlmMessage, Session};

use crate::{
    SUITES,
    cpu_time::CpuTime,
    olm,
    pair::{self, End},
    primitives::Primitives,
};

/// The sizes of a message, with how many are made ahead of their opening: as many as stay in the
/// caches.
const SIZES: [(&str, usize, u64); 3] = [("100B", 100, 256), ("1KB", 1024, 128), ("64KB", 65536, 8)];
/// How far ahead of its chain a message lies.
const AHEAD: [usize; 3] = [1, 100, 1000];

/// The next message of a sending chain.
pub(crate) fn seal(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("seal");
    for (name, bytes, _) in SIZES {
        let text = vec![0x74; bytes];
        group.throughput(Throughput::Bytes(bytes as u64));
        let bound = pair::established(SUITES[0]).0.ad;
        for (of, ad) in [
            ("primitives", AssociatedData::empty()),
            ("primitives-ad", bound),
        ] {
            group.bench_function(BenchmarkId::new(of, name), |bencher| {
                let mut primitives = Primitives::new(ad.as_bytes(), bytes);
                bencher.iter(|| primitives.seal());
            });
        }
        for suite in SUITES {
            group.bench_function(BenchmarkId::new(suite.name(), name), |bencher| {
                let (mut alice, _) = pair::established(suite);
                bencher.iter(|| alice.seal(black_box(&text)));
            });
        }
        group.bench_function(BenchmarkId::new("vodozemac", name), |bencher| {
            let (mut alice, _) = olm::established();
            bencher.iter(|| alice.encrypt(black_box(&text)).expect("a sending chain"));
        });
    }
    group.finish();
}

/// The next message of a receiving chain.
pub(crate) fn open(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("open");
    for (name, bytes, ahead) in SIZES {
        let text = vec![0x74; bytes];
        let size = BatchSize::NumIterations(ahead);
        group.throughput(Throughput::Bytes(bytes as u64));
        for suite in SUITES {
            group.bench_function(BenchmarkId::new(suite.name(), name), |bencher| {
                let (mut alice, mut bob) = pair::established(suite);
                bencher.iter_batched_ref(|| alice.seal(&text), |message| bob.open(message), size);
            });
        }
        group.bench_function(BenchmarkId::new("vodozemac", name), |bencher| {
            let (mut alice, mut bob) = olm::established();
            bencher.iter_batched_ref(
                || alice.encrypt(&text).expect("a sending chain"),
                |message| olm::open(&mut bob, message),
                size,
            );
        });
    }
    group.finish();
}

/// A message ahead of its chain: the keys of those before it are kept.
pub(crate) fn skip(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("skip");
    for ahead in AHEAD {
        for suite in SUITES {
            group.bench_function(BenchmarkId::new(suite.name(), ahead), |bencher| {
                let (mut alice, bob) = pair::established(suite);
                let message = (0..=ahead).map(|_| alice.seal(b"text")).last();
                let message = message.expect("a message");
                bencher.iter(|| bob.opened(&message));
            });
        }
        group.bench_function(BenchmarkId::new("vodozemac", ahead), |bencher| {
            let (mut alice, bob) = olm::established();
            let message = (0..=ahead).map(|_| alice.encrypt("text")).last();
            let message = message.expect("a message").expect("a sending chain");
            // Decrypting changes a session of Olm: each is given a copy, made outside of the time.
            bencher.iter_batched_ref(
                || Session::from_pickle(bob.pickle()),
                |bob| olm::open(bob, &message),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// A message each way, each with a DH step.
pub(crate) fn ping_pong(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("ping-pong");
    let text = [0x74; 100];
    for suite in SUITES {
        group.bench_function(suite.name(), |bencher| {
            let (mut alice, mut bob) = pair::established(suite);
            let pass = |from: &mut End, to: &mut End| to.open(&from.seal(&text));
            bencher.iter(|| {
                pass(&mut bob, &mut alice);
                pass(&mut alice, &mut bob);
            });
        });
    }
    group.bench_function("vodozemac", |bencher| {
        let (mut alice, mut bob) = olm::established();
        let pass = |from: &mut Session, to: &mut Session| {
            let message: OlmMessage = from.encrypt(text).expect("a sending chain");
            olm::open(to, &message);
        };
        bencher.iter(|| {
            pass(&mut bob, &mut alice);
            pass(&mut alice, &mut bob);
        });
    });
    group.finish();
}
