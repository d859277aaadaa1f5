//! Random batches, run on SQLite, as an account's worker uses it, and on the store in memory: both
//! answer alike, and hold the same after every commit, abort and crash.

mod groups;

use crypto_core::{
    EphemeralKeyPair, HeaderKey, IdentityKey, MessageId, MessageKey, SessionId, SharedKeyPrefix,
    Suite,
};
use engine::{
    model::{
        Contact, ContactState, Device, DeviceKem, DeviceMetadata, DevicePreKey, Discoveries, Event,
        EventKind, Gap, Handshake, KemDelivery, KeyDropped, OwnBundle, OwnPreKey, Pairing,
        PastKeys, Peer, ReadTag, Role, RunningTime, Session, Standing, StoreError, StoredAnswer,
        StoredKey, Timekeeping, UnixMillis,
    },
    store::{StoreRead, Transaction, WriteBack, contract, memory::MemoryStore},
};
use proptest::{collection::vec, option, prelude::*};

use self::groups::{GroupStep, everything_of_groups, group_step, take_group_step};
use super::*;

/// Records are told apart by few names, so that they meet.
const NAMES: u8 = 4;
const PHONES: [&str; 2] = ["x1-phone", "laptop"];

#[derive(Clone, Debug)]
enum Step {
    Session(SessionStep),
    /// What a message changes: of a session that is found in one of three ways.
    Move(MoveStep),
    /// What a message changes of a device.
    Touch(u8, usize, u64),
    RemoveSession(u8),
    Key {
        message: u8,
        session: u8,
        read_at: Option<u64>,
    },
    RemoveKey(u8),
    Confirmed {
        session: u8,
        message: u8,
    },
    DropOldest {
        session: u8,
        keep: u32,
        places: u32,
    },
    Gap(GapStep),
    EraseSkipped {
        session: u8,
        chain: u8,
        n: u32,
    },
    DropUnanswered {
        peer: Option<u8>,
        gaps: u32,
        places: u32,
    },
    Prekey {
        name: u8,
        with_ratchet: bool,
        kem: Vec<u8>,
        replaced_at: Option<u64>,
    },
    Peer {
        name: u8,
        bundle: (i64, Option<u64>),
        sent_at: Option<u64>,
    },
    Device(DeviceStep),
    RemoveDevice(u8, usize),
    FirstMessage(u8, u8, u8),
    Reply(u8, u64),
    RemoveReplies(u64),
    RemovePrekey(u8),
    DropRead(u64),
    Event(u64),
    RemoveEvents(u64),
    Running(u64),
    Contact(u8, bool),
    Bundle(u64),
    Group(GroupStep),
    /// Reads what is remembered, at a moment when it may yet be undone.
    Look(u8),
}

#[derive(Clone, Debug)]
struct GapStep {
    session: u8,
    chain: u8,
    /// Gaps of a chain do not overlap.
    index: u32,
    keys: Vec<u8>,
    answered: bool,
}

#[derive(Clone, Debug)]
struct MoveStep {
    name: u8,
    found_by: Finding,
    state: u8,
    confirmed: bool,
    sent: u64,
}

#[derive(Clone, Copy, Debug)]
enum Finding {
    Id,
    Device(usize),
    PreKey,
}

#[derive(Clone, Debug)]
struct SessionStep {
    name: u8,
    state: u8,
    phone: Option<usize>,
    standing: (u8, u64),
    unconfirmed: bool,
    lost_to: Option<u8>,
    overtaking: Option<(u8, u64)>,
    times: (Option<u64>, Option<u64>),
    counts: (u64, u64, u64),
    retired: Vec<u8>,
}

#[derive(Clone, Debug)]
struct DeviceStep {
    name: u8,
    phone: usize,
    prekey: Option<(u8, bool, u32)>,
    pairing: u8,
    times: (u64, u64),
    omitted_since: Option<u64>,
    flags: (bool, bool),
    kem: KemStep,
    text: String,
}

#[derive(Clone, Debug)]
struct KemStep {
    held: Option<u8>,
    flags: (bool, bool),
    deliveries: Vec<(usize, u32, Option<u32>)>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Abort,
    Crash,
}

/// Calls, each with whether it succeeds, and how the batch ends.
type Batch = (Vec<(Vec<Step>, bool)>, End);

fn name() -> impl Strategy<Value = u8> {
    1..=NAMES
}

/// What SQLite's integers can hold of times and counts.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..20_u64, 1 => Just(i64::MAX.unsigned_abs())]
}

fn session_step() -> impl Strategy<Value = SessionStep> {
    let place = (name(), name(), option::of(0..PHONES.len()));
    let standing = ((0..3_u8, number()), any::<bool>());
    let crossing = (option::of(name()), option::of((name(), number())));
    let times = (option::of(number()), option::of(number()));
    let counts = (number(), number(), number());
    let retired = vec(any::<[u8; 8]>(), 0..3).prop_map(|tags| tags.concat());
    (place, standing, crossing, times, counts, retired).prop_map(
        |(
            (name, state, phone),
            (standing, unconfirmed),
            (lost_to, overtaking),
            times,
            counts,
            retired,
        )| SessionStep {
            name,
            state,
            phone,
            standing,
            unconfirmed,
            lost_to,
            overtaking,
            times,
            counts,
            retired,
        },
    )
}

fn device_step() -> impl Strategy<Value = DeviceStep> {
    let prekey = option::of((name(), any::<bool>(), any::<u32>()));
    let times = ((number(), number()), option::of(number()));
    let flags = any::<(bool, bool)>();
    (
        name(),
        0..PHONES.len(),
        prekey,
        0..3_u8,
        times,
        flags,
        kem_step(),
        ".{0,8}",
    )
        .prop_map(
            |(name, phone, prekey, pairing, (times, omitted_since), flags, kem, text)| DeviceStep {
                name,
                phone,
                prekey,
                pairing,
                times,
                omitted_since,
                flags,
                kem,
                text,
            },
        )
}

fn kem_step() -> impl Strategy<Value = KemStep> {
    let delivery = (0..PHONES.len(), any::<u32>(), option::of(0..20_u32));
    (
        option::of(name()),
        any::<(bool, bool)>(),
        vec(delivery, 0..3),
    )
        .prop_map(|(held, flags, deliveries)| KemStep {
            held,
            flags,
            deliveries,
        })
}

fn moved() -> impl Strategy<Value = Step> {
    let found_by = prop_oneof![
        Just(Finding::Id),
        (0..PHONES.len()).prop_map(Finding::Device),
        Just(Finding::PreKey),
    ];
    prop_oneof![
        3 => (name(), found_by, name(), any::<bool>(), number()).prop_map(
            |(name, found_by, state, confirmed, sent)| Step::Move(MoveStep {
                name, found_by, state, confirmed, sent,
            })
        ),
        1 => (name(), 0..PHONES.len(), number()).prop_map(|(name, phone, at)| Step::Touch(name, phone, at)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let message = 1..=8_u8;
    prop_oneof![
        6 => moved(),
        4 => session_step().prop_map(Step::Session),
        1 => name().prop_map(Step::RemoveSession),
        6 => (message.clone(), name(), option::of(number())).prop_map(
            |(message, session, read_at)| Step::Key { message, session, read_at }
        ),
        1 => message.clone().prop_map(Step::RemoveKey),
        1 => (name(), message).prop_map(|(session, message)| Step::Confirmed { session, message }),
        2 => (name(), 0..6_u32, 0..8_u32).prop_map(
            |(session, keep, places)| Step::DropOldest { session, keep, places }
        ),
        5 => (name(), 1..3_u8, 0..3_u32, vec(1..9_u8, 1..4), any::<bool>()).prop_map(
            |(session, chain, index, keys, answered)| Step::Gap(GapStep {
                session, chain, index, keys, answered,
            })
        ),
        3 => (name(), 1..3_u8, 0..12_u32).prop_map(
            |(session, chain, n)| Step::EraseSkipped { session, chain, n }
        ),
        2 => (option::of(name()), 0..4_u32, 0..8_u32).prop_map(
            |(peer, gaps, places)| Step::DropUnanswered { peer, gaps, places }
        ),
        1 => (name(), any::<bool>(), vec(name(), 0..3), option::of(number())).prop_map(
            |(name, with_ratchet, kem, replaced_at)| {
                Step::Prekey { name, with_ratchet, kem, replaced_at }
            }
        ),
        1 => (name(), (any::<i64>(), option::of(number())), option::of(number())).prop_map(
            |(name, bundle, sent_at)| Step::Peer { name, bundle, sent_at }
        ),
        2 => device_step().prop_map(Step::Device),
        1 => (name(), 0..PHONES.len()).prop_map(|(name, phone)| Step::RemoveDevice(name, phone)),
        1 => (name(), name(), name()).prop_map(|(of, on, id)| Step::FirstMessage(of, on, id)),
        1 => (name(), number()).prop_map(|(name, at)| Step::Reply(name, at)),
        1 => number().prop_map(Step::RemoveReplies),
        1 => name().prop_map(Step::RemovePrekey),
        1 => number().prop_map(Step::DropRead),
        1 => number().prop_map(Step::Event),
        1 => (0..6_u64).prop_map(Step::RemoveEvents),
        1 => number().prop_map(Step::Running),
        1 => (name(), any::<bool>()).prop_map(|(name, verified)| Step::Contact(name, verified)),
        1 => number().prop_map(Step::Bundle),
        2 => group_step().prop_map(Step::Group),
        3 => name().prop_map(Step::Look),
    ]
}

fn batch() -> impl Strategy<Value = Batch> {
    // Those that hold steps alone never reach the database before the commit.
    let steps = prop_oneof![
        4 => vec(step(), 1..5),
        2 => vec(moved(), 1..4),
        1 => vec(group_step().prop_map(Step::Group), 1..20),
    ];
    let call = (steps, prop::bool::weighted(0.8));
    let end = prop_oneof![3 => Just(End::Commit), 1 => Just(End::Abort), 1 => Just(End::Crash)];
    (vec(call, 0..6), end)
}

fn identity(name: u8) -> IdentityKey {
    *IdentityKeyPair::from_secret_bytes(&[name; 32])
        .unwrap()
        .public()
}

fn session_id(name: u8) -> SessionId {
    SessionId::from_bytes([name; 32])
}

fn message_id(name: u8) -> MessageId {
    MessageId::from_bytes([name; 32])
}

fn tag(name: u8) -> ReadTag {
    ReadTag::from_stored([name; 8])
}

fn phone(index: usize) -> InstallationId {
    InstallationId::parse(PHONES[index]).unwrap()
}

fn signed_pre_key(name: u8) -> crypto_core::SignedPreKey {
    *contract::own_prekey(name, false, None).signed.public()
}

fn session(step: &SessionStep) -> Session {
    let suite = match step.name {
        2 => Suite::X25519,
        4 => Suite::X25519MlKem768,
        _ => Suite::Secp256k1,
    };
    let with_kem = step.unconfirmed && suite.is_post_quantum();
    let (standing, since) = (step.standing.0, UnixMillis(step.standing.1));
    let standing = match standing {
        0 => Standing::Active,
        1 => Standing::Superseded { since },
        _ => Standing::Expired { since },
    };
    let handshake = if step.unconfirmed {
        Handshake::Unconfirmed {
            order: (step.state != 0).then(|| SharedKeyPrefix::from_stored([step.state; 8])),
            ephemeral: *EphemeralKeyPair::from_secret_bytes(&[step.state; 32])
                .unwrap()
                .public(),
        }
    } else {
        Handshake::Established
    };
    Session {
        installation: step.phone.map(phone),
        role: if step.name > 2 {
            Role::Initiator
        } else {
            Role::Responder
        },
        kem: with_kem.then(|| contract::kem_handshake(step.state)),
        handshake,
        lost_to: step.lost_to.map(session_id),
        takeover: step
            .overtaking
            .map(|(name, advances)| (session_id(name), advances)),
        ratchet: contract::session(step.state, suite, standing).ratchet,
        past_chains: PastKeys::from_bytes(&step.retired),
        last_sent_at: step.times.0.map(UnixMillis),
        last_received_at: step.times.1.map(UnixMillis),
        sent: step.counts.0,
        received: step.counts.1,
        advances: step.counts.2,
        ..contract::session(step.name, suite, standing)
    }
}

fn device(step: &DeviceStep) -> Device {
    let prekey = step.prekey.map(|(name, with_ratchet, version)| {
        let own = contract::own_prekey(name, with_ratchet, None);
        DevicePreKey {
            key: crypto_core::VerifiedPreKey::from_stored(
                identity(step.name),
                *own.signed.public(),
                own.ratchet.map(|ratchet| *ratchet.pair.public()),
            ),
            version,
            protocol_version: u32::from(name),
            bundle_ns: i64::from(name),
            signed_ns: i64::from(name) + 1,
            dated_at: UnixMillis(u64::from(name)),
            begun: with_ratchet,
            any_version: name % 2 == 1,
        }
    });
    Device {
        identity: identity(step.name),
        installation: phone(step.phone),
        prekey,
        pairing: [Pairing::Pending, Pairing::Enabled, Pairing::Disabled][usize::from(step.pairing)],
        wrote_at: UnixMillis(step.times.1),
        last_active_at: UnixMillis(step.times.0),
        omitted_since: step.omitted_since.map(UnixMillis),
        rekey_due: step.flags.0,
        extension_shown: step.flags.1,
        stale_told: step.flags.0 ^ step.flags.1,
        former: PastKeys::from_bytes(&[step.name; 8]),
        refused_version: step.flags.0.then_some(u32::from(step.name)),
        went_back_at: step.flags.1.then_some(UnixMillis(step.times.1)),
        kem: device_kem(step),
        metadata: DeviceMetadata {
            name: step.text.clone(),
            device_type: String::new(),
            push_token: step.text.clone(),
        },
    }
}

fn device_kem(step: &DeviceStep) -> DeviceKem {
    let kem = &step.kem;
    let deliveries = kem.deliveries.iter();
    DeviceKem {
        held: kem
            .held
            .map(|seed| contract::held_kem_prekey(&phone(step.phone), seed)),
        shown: kem.flags.0,
        post_quantum: kem.flags.1,
        only_from_itself: kem.flags.0 && kem.flags.1,
        deliveries: deliveries
            .map(|(listed, version, count)| KemDelivery {
                listed: phone(*listed),
                version: *version,
                count: *count,
            })
            .collect(),
    }
}

fn find(store: &impl StoreRead, step: &MoveStep) -> Result<Option<Session>, StoreError> {
    let peer = identity(step.name);
    match step.found_by {
        Finding::Id => store.session(&session_id(step.name)),
        Finding::Device(index) => store.active_session(&peer, &phone(index)),
        Finding::PreKey => {
            let found = store.sessions_on_prekey(&peer, &signed_pre_key(step.name));
            Ok(found?.into_iter().next())
        }
    }
}

fn header_key(seed: u8) -> HeaderKey {
    if seed.is_multiple_of(2) {
        HeaderKey::X25519([seed; 32])
    } else {
        HeaderKey::Secp256k1([seed; 33])
    }
}

fn gap(step: &GapStep) -> Gap {
    let of = (session_id(step.session), identity(step.session));
    let last = step.index * 4 + 3;
    Gap {
        answered: step.answered,
        ..contract::gap(of, header_key(step.chain), last, &step.keys)
    }
}

fn moved_by(session: Session, step: &MoveStep) -> Session {
    let suite = session.suite();
    Session {
        ratchet: contract::session(step.state, suite, session.standing).ratchet,
        kem: session.kem.filter(|_| !step.confirmed),
        handshake: if step.confirmed {
            Handshake::Established
        } else {
            session.handshake
        },
        sent: step.sent,
        last_sent_at: Some(UnixMillis(step.sent)),
        ..session
    }
}

/// Takes a step; gives the messages it dropped, in order of their ids.
fn take(store: &mut impl Transaction, step: &Step) -> Result<Vec<MessageId>, StoreError> {
    match step {
        Step::Contact(name, verified) => store.put_contact(&Contact {
            identity: identity(*name),
            state: ContactState::Accepted,
            verified: *verified,
            added_at: UnixMillis(1),
            requested_at: None,
            asked: *verified,
            decided_at: None,
        })?,
        Step::Bundle(number) => store.put_own_bundle(&OwnBundle {
            wire: number.to_be_bytes().to_vec(),
            made_at: UnixMillis(*number),
            timestamp_ns: 1,
            version: 1,
            prekey_created_at: UnixMillis(*number),
            entries: Vec::new(),
            kem_pre_key: number
                .is_multiple_of(2)
                .then(|| contract::kem_prekey(&phone(0), 3)),
        })?,
        Step::Group(step) => take_group_step(store, step)?,
        Step::Look(name) => drop(remembered(store, *name)),
        Step::Session(step) => store.put_session(&session(step))?,
        Step::Move(step) => {
            if let Some(found) = find(store, step)? {
                store.put_session(&moved_by(found, step))?;
            }
        }
        Step::Touch(name, index, at) => {
            if let Some(mut device) = store.device(&identity(*name), &phone(*index))? {
                device.last_active_at = UnixMillis(*at);
                if let Some(delivery) = device.kem.deliveries.first_mut() {
                    delivery.count = delivery.count.map(|count| count + 1);
                }
                store.put_device(&device)?;
            }
        }
        Step::RemoveSession(name) => return store.remove_session(&session_id(*name)),
        Step::Key {
            message,
            session,
            read_at,
        } => {
            // The id of a message names its session.
            let session = session_id(*session);
            let id = message_id(*message);
            let other = store.stored_key(&id)?.map(|key| key.session);
            if other.is_none_or(|other| other == session) {
                store.put_stored_key(&StoredKey {
                    message: id,
                    session,
                    key: MessageKey::from_stored([*message; 32]),
                    read_at: read_at.map(RunningTime),
                    read: read_at.map(|_| tag(*message)),
                })?;
            }
        }
        Step::Confirmed { session, message } => {
            let session = session_id(*session);
            let mut confirmed = store.confirmed_messages(&session)?;
            confirmed.push(tag(*message));
            store.put_confirmed_messages(&session, &confirmed)?;
        }
        Step::RemoveKey(message) => store.remove_stored_key(&message_id(*message))?,
        Step::Gap(step) => store.put_gap(&gap(step))?,
        Step::EraseSkipped { session, chain, n } => {
            store.erase_skipped_key(&session_id(*session), &header_key(*chain), *n)?;
        }
        Step::DropUnanswered { peer, gaps, places } => {
            store.drop_oldest_unanswered(peer.map(identity).as_ref(), *gaps, *places)?;
        }
        Step::DropOldest {
            session,
            keep,
            places,
        } => {
            let id = session_id(*session);
            let mut dropped = store.drop_oldest_stored_keys(&id, *keep, *places)?;
            dropped.sort();
            return Ok(dropped);
        }
        Step::Prekey {
            name,
            with_ratchet,
            kem,
            replaced_at,
        } => {
            let replaced_at = replaced_at.map(UnixMillis);
            let prekey = OwnPreKey {
                kem: kem.iter().copied().map(contract::own_kem_prekey).collect(),
                ..contract::own_prekey(*name, *with_ratchet, replaced_at)
            };
            store.put_own_prekey(&prekey)?;
        }
        Step::Peer {
            name,
            bundle,
            sent_at,
        } => store.put_peer(&Peer {
            identity: identity(*name),
            newest_bundle_ns: bundle.0,
            newest_bundle_at: bundle.1.map(UnixMillis),
            last_sent_at: sent_at.map(UnixMillis),
            written_at: sent_at.filter(|at| at % 2 == 0).map(UnixMillis),
            discoveries: Discoveries {
                since: UnixMillis(u64::from(*name)),
                told: u32::from(*name),
            },
            listened: sent_at.is_some_and(|at| at % 3 == 0),
        })?,
        Step::Device(step) => store.put_device(&device(step))?,
        Step::RemoveDevice(name, index) => store.remove_device(&identity(*name), &phone(*index))?,
        Step::FirstMessage(of, on, id) => {
            store.put_first_message(&identity(*of), &signed_pre_key(*on), &session_id(*id))?;
        }
        Step::Reply(name, at) => store.put_stored_answer(
            &format!("{name}"),
            &StoredAnswer {
                input: [*name; 32],
                reply: at.to_le_bytes().to_vec(),
                at: RunningTime(*at),
            },
        )?,
        Step::RemoveReplies(cutoff) => store.remove_stored_answers_before(RunningTime(*cutoff))?,
        Step::RemovePrekey(name) => store.remove_own_prekey(&signed_pre_key(*name))?,
        Step::DropRead(cutoff) => {
            let mut dropped = store.drop_keys_read_before(RunningTime(*cutoff))?;
            dropped.sort();
            return Ok(dropped);
        }
        Step::Event(at) => store.append_event(&Event {
            at: UnixMillis(*at),
            kind: EventKind::MessageKeyDropped {
                message: message_id(1),
                why: KeyDropped::Limit,
            },
        })?,
        Step::RemoveEvents(number) => store.remove_events_up_to(*number)?,
        Step::Running(time) => store.put_timekeeping(&Timekeeping {
            running: RunningTime(*time),
            settled: UnixMillis(*time / 2),
            ahead_since: time.is_multiple_of(2).then_some(RunningTime(*time)),
            rolled_back_at: time.is_multiple_of(3).then_some(UnixMillis(*time)),
        })?,
    }
    Ok(Vec::new())
}

/// Runs a batch up to its end; what each step answered.
fn run(store: &mut impl Transaction, calls: &[(Vec<Step>, bool)]) -> Vec<Option<Vec<MessageId>>> {
    let mut answers = Vec::new();
    store.begin().unwrap();
    for (steps, succeeds) in calls {
        store.savepoint().unwrap();
        let mut keep = *succeeds;
        for step in steps {
            let answer = take(store, step).ok();
            keep &= answer.is_some();
            let failed = answer.is_none();
            answers.push(answer);
            if failed {
                break;
            }
        }
        if keep {
            store.release().unwrap();
        } else {
            store.rollback().unwrap();
        }
    }
    answers
}

/// What is read again and again.
fn remembered(store: &impl StoreRead, name: u8) -> Vec<String> {
    let peer = identity(name);
    let replaced_at = store.own_prekey_replaced_at(&signed_pre_key(name));
    vec![
        format!("{:?}", store.peer(&peer).unwrap()),
        format!("{:?}", store.contact(&peer).unwrap()),
        format!("{:?}", store.devices(&peer).unwrap()),
        format!("{:?}", store.own_bundle().unwrap()),
        format!("{:?}", replaced_at.unwrap()),
    ]
}

/// Everything a store gives, secrets included, as lines that can be compared.
fn everything(store: &impl StoreRead) -> Vec<String> {
    let mut lines = vec![format!("{:?}", store.counts().unwrap())];
    let sessions = |found: Vec<Session>| found.iter().map(facts).collect::<Vec<_>>();
    lines.extend(sessions(store.sessions(None).unwrap()));
    let mut replaced = store.replaced_own_prekeys().unwrap();
    replaced.sort();
    lines.push(format!("{replaced:?}"));
    lines.push(format!("{:?}", store.omitted_devices().unwrap()));
    let ended = store.sessions_ended_by(UnixMillis(500), usize::MAX);
    lines.extend(sessions(ended.unwrap()));
    let unexpired = store.unexpired_sessions(usize::MAX);
    lines.extend(sessions(unexpired.unwrap()));
    lines.push(format!("{:?}", store.timekeeping().unwrap()));
    lines.push(format!("{:?}", store.events(usize::MAX).unwrap()));
    for name in 1..=NAMES {
        let peer = identity(name);
        let prekey = signed_pre_key(name);
        lines.extend(remembered(store, name));
        lines.push(format!("{:?}", store.session_count(&peer).unwrap()));
        lines.extend(sessions(store.sessions(Some(&peer)).unwrap()));
        lines.extend(sessions(store.sessions_on_prekey(&peer, &prekey).unwrap()));
        let unexpired = store.unexpired_on_own_prekey(&prekey, usize::MAX);
        lines.extend(sessions(unexpired.unwrap()));
        for index in 0..PHONES.len() {
            let installation = phone(index);
            lines.push(format!("{:?}", store.device(&peer, &installation).unwrap()));
            let active = store.active_session(&peer, &installation).unwrap();
            lines.push(format!("active: {:?}", active.as_ref().map(facts)));
        }
        let session = session_id(name);
        let found = store.session(&session).unwrap();
        lines.push(format!("{:?}", found.as_ref().map(facts)));
        lines.push(format!("{:?}", store.stored_key_count(&session).unwrap()));
        lines.push(format!("{:?}", store.has_stored_keys(&session).unwrap()));
        lines.push(format!("{:?}", store.confirmed_messages(&session).unwrap()));
        for gap in store.gaps(&session).unwrap() {
            for n in gap.last.saturating_sub(4)..gap.last + 2 {
                let key = store.skipped_key(&session, &gap.chain, n).unwrap();
                lines.push(format!("{:?}", key.map(|key| *key.secret_bytes())));
            }
            lines.push(format!("{gap:?} {:?}", *gap.keys));
        }
        let own = store.own_prekey(&prekey).unwrap();
        lines.push(format!(
            "{:?}",
            own.map(|own| (
                own.signed.secret_bytes().to_vec(),
                own.ratchet
                    .map(|ratchet| (ratchet.pair.secret_bytes().to_vec(), ratchet.signature)),
                own.kem
                    .iter()
                    .map(|kem| (kem.seed.to_vec(), kem.id, kem.version))
                    .collect::<Vec<_>>(),
                own.version,
                own.replaced_at,
            ))
        ));
        for other in 1..=NAMES {
            let on = signed_pre_key(other);
            let count = store.first_message_count(&peer, &on).unwrap();
            lines.push(format!("{count}"));
        }
        let seen = store.first_message_seen(&session).unwrap();
        lines.push(format!("{seen}"));
        lines.push(format!(
            "{:?}",
            store.stored_answer(&format!("{name}")).unwrap()
        ));
    }
    let current = store.current_own_prekey().unwrap();
    lines.push(format!("current: {:?}", current.map(|own| own.version)));
    for message in 1..=8 {
        let key = store.stored_key(&message_id(message)).unwrap();
        let key = key.map(|key| (key.session, *key.key.secret_bytes(), key.read_at, key.read));
        lines.push(format!("{key:?}"));
    }
    lines.extend(everything_of_groups(store));
    lines
}

fn facts(session: &Session) -> String {
    let order = match session.handshake {
        Handshake::Unconfirmed { order, .. } => order.map(|order| *order.as_bytes()),
        Handshake::Established => None,
    };
    let kem = session.kem.as_deref();
    let ciphertext = kem.map(|kem| kem.ciphertext.as_bytes());
    // The `Debug` of a session leaves out what is secret, and the ciphertext.
    format!(
        "{session:?} {order:?} {ciphertext:?} {:?}",
        session.ratchet.to_bytes().as_slice()
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sqlite_and_memory_are_the_same_store(batches in vec(batch(), 1..8)) {
        let scratch = tempfile::tempdir().unwrap();
        let directory = open(scratch.path()).unwrap();
        let mut sqlite = WriteBack::new(directory.create_account(&account("a")).unwrap());
        let mut memory = MemoryStore::default();
        for (calls, end) in &batches {
            prop_assert_eq!(run(&mut sqlite, calls), run(&mut memory, calls));
            prop_assert_eq!(everything(&sqlite), everything(&memory));
            match end {
                End::Commit => {
                    sqlite.commit().unwrap();
                    memory.commit().unwrap();
                    // Whatever was held is read anew then.
                    if calls.len() % 2 == 0 {
                        sqlite.release_memory().unwrap();
                    }
                }
                End::Abort => {
                    sqlite.abort().unwrap();
                    memory.abort().unwrap();
                }
                End::Crash => {
                    drop(sqlite);
                    memory.crash();
                    sqlite = WriteBack::new(directory.open_account(&super::name("a")).unwrap().1);
                }
            }
            prop_assert_eq!(everything(&sqlite), everything(&memory));
        }
        let intact: String = sqlite
            .inner()
            .connection
            .query_row("PRAGMA integrity_check", (), |row| row.get(0))
            .unwrap();
        prop_assert_eq!(intact, "ok");
        let reader = directory.reader(&super::name("a")).unwrap();
        prop_assert_eq!(everything(&reader), everything(&memory));
    }
}
