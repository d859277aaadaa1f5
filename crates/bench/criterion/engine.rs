//! What the rules cost, over the store in memory: a message to many devices, and one received. The
//! processor's time.

#![allow(
    clippy::expect_used,
    reason = "a benchmark says what it expects by panicking"
)]

mod cpu_time;
mod fleet;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use crypto_core::{AssociatedData, IdentityKey, InstallationId, SessionRatchet};
use engine::{
    ReceiveRequest,
    model::Outcome,
    store::{StoreRead as _, memory::MemoryStore},
    wire::WireMessage,
};

use self::{
    cpu_time::{CpuTime, configured},
    fleet::{Party, account, request},
};

/// Identities written to, and how many devices each has.
const AUDIENCES: [(usize, u8); 3] = [(1, 1), (1, 3), (1000, 3)];

fn main() {
    let mut criterion = configured(CpuTime);
    send(&mut criterion);
    receive(&mut criterion);
    criterion.final_summary();
}

fn party() -> Party<MemoryStore> {
    Party::new(account(), MemoryStore::default())
}

/// A message to all devices of an audience, in sessions that were answered; beside it its seals
/// alone.
fn send(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("send");
    for (identities, each) in AUDIENCES {
        let devices = identities * usize::from(each);
        group.throughput(Throughput::Elements(devices as u64));
        let mut alice = party();
        let audience = request(&alice.meet(identities, each));
        group.bench_function(BenchmarkId::new("engine", devices), |bencher| {
            bencher.iter(|| alice.send(black_box(&audience)));
        });
        let first = audience.recipients.first().expect("a recipient");
        let ad = bound(&alice, first);
        let sessions = alice.store.sessions(None).expect("a store");
        let mut ratchets: Vec<Option<SessionRatchet>> = sessions
            .into_iter()
            .map(|session| Some(session.ratchet))
            .collect();
        group.bench_function(BenchmarkId::new("seals", devices), |bencher| {
            bencher.iter(|| {
                for place in &mut ratchets {
                    let ratchet = place.take().expect("a ratchet");
                    let (next, sealed) = ratchet.seal(&ad, &audience.payload).expect("a chain");
                    black_box(sealed);
                    *place = Some(next);
                }
            });
        });
    }
    group.finish();
}

/// Associated data as long as that of the sessions with this identity.
fn bound(alice: &Party<MemoryStore>, peer: &IdentityKey) -> AssociatedData {
    let sessions = alice.store.sessions(Some(peer)).expect("a store");
    let session = sessions.first().expect("a session");
    let (me, device) = (
        alice.engine.account().identity.public(),
        &alice.engine.account().installation,
    );
    let installation: &InstallationId = session.installation.as_ref().expect("a device");
    AssociatedData::x25519(
        (me, device),
        (peer, installation),
        &session.signed_pre_key,
        session.ratchet_pre_key.as_ref().expect("a prekey"),
    )
}

/// The next message of a session, confirmed at once.
fn receive(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("receive");
    let (mut alice, mut bob) = (party(), party());
    let key = |party: &Party<MemoryStore>| *party.engine.account().identity.public();
    let (from, to) = (key(&alice), key(&bob));
    let bundle = bob
        .call(|engine, store, env| engine.bundle(store, env))
        .expect("a bundle");
    alice
        .call(|engine, store, env| engine.import_bundle(store, env, &bundle.wire))
        .expect("a good bundle");
    let pass = |sender: &mut Party<MemoryStore>, recipient: IdentityKey| {
        let sent = sender.send(&request(&[recipient]));
        sent.messages.into_iter().next().expect("a message").wire
    };
    let read = |reader: &mut Party<MemoryStore>, sender: IdentityKey, wire: Vec<u8>| {
        let request = ReceiveRequest {
            sender,
            message: WireMessage::decode(&wire),
            confirm: true,
            sealed: false,
        };
        let received = reader
            .call(|engine, store, env| engine.receive(store, env, request))
            .expect("it is read");
        assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    };
    // Until each has the KEM prekey of the other, and a session of its suite has been answered.
    for _ in 0..3 {
        let hello = pass(&mut alice, to);
        read(&mut bob, from, hello);
        let hi = pass(&mut bob, from);
        read(&mut alice, to, hi);
    }
    let sessions = bob.store.sessions(None).expect("a store");
    assert!(sessions.iter().any(|session| session.post_quantum));
    group.bench_function("confirmed", |bencher| {
        bencher.iter_batched(
            || pass(&mut alice, to),
            |wire| read(&mut bob, from, wire),
            BatchSize::NumIterations(64),
        );
    });
    group.finish();
}
