//! One simulated device: an engine, a store, a clock that may be wrong, and the memory of a
//! frontend.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, MessageId, RatchetPreKeyPair, SessionId,
    SignedPreKey, SignedPreKeyPair, Suite,
};
use zeroize::Zeroizing;

use super::{Disks, SplitMix64, oracle::KnownContact, sent_message::InFlight};
use crate::{
    engine::{Engine, PreKeyImport, ReceiveRequest, SendRequest},
    model::{
        Account, AccountName, Config, ContactState, Env, SendError, Session, Standing, Target,
        UnixMillis,
    },
    store::{Store, Transaction},
};

/// The session of a copy, and its suite.
type SessionOfSuite = (Suite, SessionId);

/// Whether the device's process crashes around a call, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// It does not crash.
    Never,
    /// Before what the call wrote is committed.
    BeforeCommit,
    /// After the commit, before the result is returned.
    AfterCommit,
}

/// What the frontend knows of a message that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadState {
    /// Not confirmed yet; read at this uptime of the device.
    Unconfirmed { uptime: u64 },
    /// Confirmed: it must not be read again.
    Confirmed {
        /// By a call of its own while its key was there, and not by the one that read it.
        afterwards: bool,
    },
}

/// A reply that the device gave: when by its own clock, and to which device.
pub(super) type SentReply = (UnixMillis, IdentityKey, Option<InstallationId>);

/// What the frontend and the oracle remember with a backup.
type Remembered = (
    BTreeMap<MessageId, ReadState>,
    BTreeMap<IdentityKey, KnownContact>,
    BTreeSet<(IdentityKey, InstallationId)>,
);

/// What a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// Its bundles lack the extension of protocol §3, as those of status-go do.
    StatusGo,
    /// Ours, from before suite x25519-mlkem768: it has no KEM prekeys, and no id of it promises any.
    Older,
    Current,
}

/// What a device is made from.
#[derive(Clone)]
pub(super) struct DeviceSetup {
    pub(super) name: String,
    /// Index of its identity in the world.
    pub(super) identity: usize,
    pub(super) program: Program,
    pub(super) config: Config,
    pub(super) seed: u64,
}

pub(super) struct SimulatedDevice<S> {
    pub(super) setup: DeviceSetup,
    /// How often it has been reinstalled.
    incarnation: u32,
    /// The id was supplied from outside, and may have been used before.
    supplied_id: bool,
    pub(super) key: IdentityKey,
    pub(super) id: InstallationId,
    account_name: AccountName,
    engine: Engine,
    store: Option<S>,
    rng: SplitMix64,
    /// Whether the last call wrote anything.
    pub(super) changed: bool,
    /// Its clock minus the true time, in milliseconds.
    clock_error: i64,
    /// The sweeps of this process: how long it had run, and what its clock showed.
    sweeps: Vec<(u64, UnixMillis)>,
    /// The latest time that two sweeps an hour apart agree has passed. Nothing that ends later may
    /// be erased.
    agreed: UnixMillis,
    /// Every change of its clock: the true time, and what the clock showed from then on.
    jumps: Vec<(u64, UnixMillis)>,
    /// True time when its process started.
    started: u64,
    /// How long its earlier processes ran, in milliseconds.
    earlier_uptime: u64,
    pub(super) on: bool,
    pub(super) in_flight: Vec<InFlight>,
    /// Bundles it has published, oldest first.
    pub(super) published: Vec<Vec<u8>>,
    /// The texts that its frontend shows.
    pub(super) texts: Vec<String>,
    pub(super) read: BTreeMap<MessageId, ReadState>,
    /// What was asked and answered, as the oracle has it.
    pub(super) contacts: BTreeMap<IdentityKey, KnownContact>,
    /// The devices that are post-quantum, as the oracle has it (protocol §13).
    pub(super) post_quantum: BTreeSet<(IdentityKey, InstallationId)>,
    pub(super) replies: Vec<SentReply>,
    /// `read`, `contacts` and `post_quantum` as they were when the store was backed up; `None` if there is no
    /// backup.
    backed_up: Option<Remembered>,
    /// True time when the backup was last restored.
    pub(super) restored_at: Option<u64>,
}

/// What a message that is not read must not change, by session.
pub(super) type Fingerprint = BTreeMap<SessionId, SessionFingerprint>;

/// One session: everything but its standing, which a bundle may change, and the number of its
/// stored keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SessionFingerprint {
    pub(super) state: Vec<u8>,
    pub(super) keys: u64,
    pub(super) standing: Standing,
}

impl<S: Transaction> SimulatedDevice<S> {
    pub(super) fn new(disks: &mut impl Disks<Store = S>, setup: DeviceSetup, now: u64) -> Self {
        let mut device = Self::create(disks, setup, now, 0, None);
        device.publish_older_prekey(disks, now);
        device
    }

    fn create(
        disks: &mut impl Disks<Store = S>,
        setup: DeviceSetup,
        now: u64,
        incarnation: u32,
        supplied_id: Option<InstallationId>,
    ) -> Self {
        let label = format!("{}-{incarnation}", setup.name.replace('/', "-"));
        let fresh_id = match setup.program {
            Program::StatusGo => label.clone(),
            Program::Older => format!("x1-{label}"),
            Program::Current => format!("x1-k1-{label}"),
        };
        let is_supplied = supplied_id.is_some();
        let id = supplied_id.unwrap_or_else(|| InstallationId::parse(&fresh_id).expect("an id"));
        let account_name = AccountName::parse(&label).expect("a name");
        let account = account(setup.identity, &account_name, &id, is_supplied);
        let key = *account.identity.public();
        let store = disks.create(&account);
        Self {
            incarnation,
            supplied_id: is_supplied,
            engine: Engine::new(account, setup.config.clone()),
            key,
            id,
            account_name,
            store: Some(store),
            rng: SplitMix64::named(setup.seed, &label),
            setup,
            changed: false,
            clock_error: 0,
            sweeps: Vec::new(),
            agreed: UnixMillis(0),
            jumps: Vec::new(),
            started: now,
            earlier_uptime: 0,
            on: true,
            in_flight: Vec::new(),
            published: Vec::new(),
            texts: Vec::new(),
            read: BTreeMap::new(),
            contacts: BTreeMap::new(),
            post_quantum: BTreeSet::new(),
            replies: Vec::new(),
            backed_up: None,
            restored_at: None,
        }
    }

    pub(super) fn store(&self) -> &S {
        self.store.as_ref().expect("a store")
    }

    /// What its clock shows at the true time `now`.
    pub(super) fn clock(&self, now: u64) -> UnixMillis {
        UnixMillis(now.saturating_add_signed(self.clock_error))
    }

    pub(super) fn clock_error(&self) -> i64 {
        self.clock_error
    }

    /// Sets by how many milliseconds the clock is wrong from now on.
    pub(super) fn set_clock_error(&mut self, error: i64, now: u64) {
        self.clock_error = error;
        self.jumps.push((now, self.clock(now)));
    }

    /// How far its clock has gone ahead since it showed `then`, at the true time `at`. A jump that
    /// was taken back before two sweeps an hour apart saw it does not count.
    pub(super) fn clock_went_ahead(&self, at: u64, then: UnixMillis, now: u64) -> Duration {
        let since = self.jumps.iter().filter(|(when, _)| *when >= at);
        let earliest = since.map(|(_, clock)| *clock).fold(then, UnixMillis::min);
        self.agreed.max(self.clock(now)).since(earliest)
    }

    /// How long it has run, all its processes together, in milliseconds.
    pub(super) fn uptime(&self, now: u64) -> u64 {
        self.earlier_uptime + if self.on { now - self.started } else { 0 }
    }

    /// Makes one call in a batch of its own, which is kept if the call succeeds and undone if not.
    /// The result is returned even if the process crashes, for the oracle to check.
    pub(super) fn call<T, E>(
        &mut self,
        disks: &mut impl Disks<Store = S>,
        now: u64,
        crash: CrashPoint,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let clock = self.clock(now);
        let mut env = Env {
            now: clock,
            running: Duration::from_millis(now - self.started),
            rng: &mut self.rng,
        };
        let store = self.store.as_mut().expect("a store");
        store.begin().expect("begin");
        store.savepoint().expect("savepoint");
        let result = call(&mut self.engine, store, &mut env);
        if result.is_ok() {
            store.release().expect("release");
        } else {
            store.rollback().expect("rollback");
        }
        self.changed = store.has_changed().expect("a batch");
        if crash == CrashPoint::BeforeCommit {
            self.restart(disks, now);
            return result;
        }
        store.commit().expect("commit");
        if crash == CrashPoint::AfterCommit {
            self.restart(disks, now);
        }
        result
    }

    /// The process ends and another one starts.
    pub(super) fn restart(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        self.earlier_uptime = self.uptime(now);
        self.started = now;
        self.on = true;
        let store = self.store.take().expect("a store");
        self.store = Some(disks.reopen(&self.account_name, store));
        self.engine = Engine::new(self.account(), self.setup.config.clone());
        self.replies.clear();
        self.sweeps.clear();
    }

    fn account(&self) -> Account {
        account(
            self.setup.identity,
            &self.account_name,
            &self.id,
            self.supplied_id,
        )
    }

    pub(super) fn back_up(&mut self, disks: &mut impl Disks<Store = S>) {
        disks.back_up(&self.account_name, self.store());
        let post_quantum = self.post_quantum.clone();
        self.backed_up = Some((self.read.clone(), self.contacts.clone(), post_quantum));
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.backed_up.is_some()
    }

    /// Replaces the store by the backup, which has to be there, between two processes.
    pub(super) fn restore_backup(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        let (read, contacts, post_quantum) = self.backed_up.clone().expect("a backup");
        self.restart(disks, now);
        let store = self.store.as_mut().expect("a store");
        let how = disks
            .restore_backup(&self.account_name, store)
            .expect("a backup was put back and taken for the newest state");
        let mut env = Env {
            now: UnixMillis(now.saturating_add_signed(self.clock_error)),
            running: Duration::ZERO,
            rng: &mut self.rng,
        };
        store.begin().expect("begin");
        self.engine
            .expire_all_sessions(store, &mut env, how)
            .expect("to begin anew");
        disks.accept_restored(store, env.now, how);
        store.commit().expect("commit");
        (self.read, self.contacts, self.post_quantum) = (read, contacts, post_quantum);
        self.restored_at = Some(now);
        // The engine makes its new prekey with the extension, as an update would.
        self.upgrade_status_go();
    }

    /// The engine has made a prekey of its own for a device of status-go.
    pub(super) fn upgrade_status_go(&mut self) {
        if self.setup.program == Program::StatusGo {
            self.setup.program = Program::Current;
        }
    }

    /// Its program is replaced by the current one, with all suites.
    pub(super) fn update(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        self.setup.program = Program::Current;
        self.setup.config.suites = Suite::ALL.to_vec();
        self.restart(disks, now);
    }

    /// What its sessions would be if it received this, which it does not.
    pub(super) fn sessions_after(&mut self, now: u64, request: ReceiveRequest) -> Fingerprint {
        let mut engine = Engine::new(self.account(), self.setup.config.clone());
        let mut rng = self.rng.clone();
        let mut env = Env {
            now: self.clock(now),
            running: Duration::from_millis(now - self.started),
            rng: &mut rng,
        };
        let store = self.store.as_mut().expect("a store");
        store.begin().expect("begin");
        store.savepoint().expect("savepoint");
        let received = engine.receive(store, &mut env, request);
        received.expect("our own message");
        let print = self.fingerprint();
        let store = self.store.as_mut().expect("a store");
        store.rollback().expect("rollback");
        store.commit().expect("commit");
        print
    }

    /// The process ends, and none starts until something involves the device.
    pub(super) fn turn_off(&mut self, now: u64) {
        if self.on {
            self.earlier_uptime = self.uptime(now);
            self.on = false;
        }
    }

    /// Everything is lost but the identity's key: a new device under a new id (protocol §7, account
    /// recovery), or under the supplied one.
    pub(super) fn reinstall(
        &mut self,
        disks: &mut impl Disks<Store = S>,
        now: u64,
        supplied_id: Option<InstallationId>,
    ) {
        let setup = self.setup.clone();
        let fresh = Self::create(disks, setup, now, self.incarnation + 1, supplied_id);
        let old = std::mem::replace(self, fresh);
        self.clock_error = old.clock_error;
        self.jumps = old.jumps;
        self.in_flight = old.in_flight;
        self.publish_older_prekey(disks, now);
    }

    /// Rotation and erasure, which a daemon runs every hour.
    pub(super) fn sweep(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        assert!(self.on, "what is off does not sweep");
        self.publish_older_prekey(disks, now);
        self.call(disks, now, CrashPoint::Never, |engine, store, env| {
            engine.sweep(store, env)?;
            let newest = store.events(usize::MAX)?.last().map(|(number, _)| *number);
            store.remove_events_up_to(newest.unwrap_or(0))?;
            Ok::<_, SendError>(())
        })
        .expect("a sweep");
        let (running, clock) = (now - self.started, self.clock(now));
        for (at, seen) in &self.sweeps {
            if running - at >= super::HOUR {
                self.agreed = self.agreed.max(clock.min(*seen));
            }
        }
        self.sweeps.push((running, clock));
        let bundle = self.store().own_bundle().expect("read");
        let wire = bundle.expect("a bundle").wire;
        if self.published.last() != Some(&wire) {
            self.published.push(wire);
        }
    }

    /// Replaces the prekey when it is due, as the device's program does: that of status-go without
    /// the extension, an older one of ours without a KEM prekey.
    pub(super) fn publish_older_prekey(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        let span = self.setup.config.prekey_rotation;
        let clock = self.clock(now);
        let fresh = self
            .store()
            .own_bundle()
            .expect("read")
            .is_some_and(|bundle| {
                let made = bundle.prekey_created_at;
                clock.since(made) < span && made <= clock.after(span)
            });
        if self.setup.program == Program::Current || fresh {
            return;
        }
        let signed = SignedPreKeyPair::generate(&mut self.rng);
        let ours = self.setup.program == Program::Older;
        let import = PreKeyImport {
            signed,
            ratchet: ours.then(|| RatchetPreKeyPair::generate(&mut self.rng)),
            kem: Vec::new(),
            version: None,
            current: None,
            created_at: None,
        };
        self.call(disks, now, CrashPoint::Never, |engine, store, env| {
            engine.import_prekey(store, env, import)
        })
        .expect("a prekey");
    }

    /// The prekey that others should know of it; `None` until it has made one.
    pub(super) fn current_prekey(&self) -> Option<SignedPreKey> {
        let bundle = self.store().own_bundle().expect("read")?;
        bundle.of(&self.id)
    }

    /// The date of its own bundle.
    pub(super) fn bundle_dated_at(&self) -> Option<UnixMillis> {
        let bundle = self.store().own_bundle().expect("read")?;
        Some(UnixMillis::from_nanos(bundle.timestamp_ns))
    }

    /// Whether it knows the current prekey of `other`.
    pub(super) fn knows_prekey_of(&self, other: &Self) -> bool {
        let known = self.store().device(&other.key, &other.id).expect("read");
        let known = known.and_then(|device| device.prekey);
        match (known, other.current_prekey()) {
            (Some(known), Some(current)) => *known.key.signed_pre_key() == current,
            _ => false,
        }
    }

    /// Whether a restore lost this session of suite x25519-mlkem768. Who knows its newest prekey
    /// goes on with it all the same as long as a relay keeps the KEM prekey back (protocol §13).
    pub(super) fn restore_lost(&self, suite: Suite, session: &SessionId) -> bool {
        self.restored_at.is_some()
            && suite.is_post_quantum()
            && self.store().session(session).expect("read").is_none()
    }

    /// Since when, by its clock, the thirteen days count for which it has to be able to read a
    /// message of the session that leaves now. It may be one that others send on although it has
    /// superseded it long ago: this is erased after fourteen.
    pub(super) fn readable_since(&self, session: &SessionId, now: u64) -> UnixMillis {
        let session = self.store().session(session).expect("read");
        let clock = self.clock(now);
        match session.map(|session| session.standing) {
            Some(Standing::Superseded { since }) => clock.min(since.after(super::days(1))),
            _ => clock,
        }
    }

    /// Whether it may reject what `other` publishes: without the extension, because the version is
    /// too far ahead of the known one (protocol §3, jump rule); after a restore where the clock
    /// was set back, too, because versions start from an earlier one, or because a message from
    /// before it, which is dated later, is the newer word of the device.
    pub(super) fn may_reject_bundle_of(&self, other: &Self) -> bool {
        let known = self.store().device(&other.key, &other.id).expect("read");
        let bundle = other.store().own_bundle().expect("read");
        let (Some(known), Some(bundle)) = (known.and_then(|device| device.prekey), bundle) else {
            return false;
        };
        let Some(own) = bundle
            .entries
            .iter()
            .find(|entry| entry.installation == other.id)
        else {
            return false;
        };
        let leaps = own.ratchet_pre_key.is_none() && own.version > known.version + 10;
        let earlier = own.version < known.version || bundle.timestamp_ns <= known.bundle_ns;
        leaps || (other.restored_at.is_some() && earlier)
    }

    /// How it stands to an identity.
    pub(super) fn stands_to(&self, identity: &IdentityKey) -> ContactState {
        let contact = self.store().contact(identity).expect("read");
        contact.map_or(ContactState::None, |contact| contact.state)
    }

    /// Whether it listens to the topic that it shares with an identity.
    pub(super) fn listens_to(&self, identity: &IdentityKey) -> bool {
        let peer = self.store().peer(identity).expect("read");
        peer.is_some_and(|peer| peer.listened)
    }

    /// Whether it takes part in suite x25519-mlkem768: it may use it, and has a KEM prekey.
    pub(super) fn takes_part(&self) -> bool {
        let bundle = self.store().own_bundle().expect("read");
        self.setup.config.allows_post_quantum()
            && bundle.is_some_and(|bundle| bundle.kem_pre_key.is_some())
    }

    /// The sessions that its next message to the identity would go on, by installation id.
    pub(super) fn sends_on(
        &mut self,
        disks: &mut impl Disks<Store = S>,
        to: IdentityKey,
        now: u64,
    ) -> Result<Vec<(InstallationId, SessionOfSuite)>, SendError> {
        let request = send_request(to, b"probe");
        let sent = self.call(
            disks,
            now,
            CrashPoint::BeforeCommit,
            |engine, store, env| engine.send(store, env, &request),
        )?;
        let targets = sent
            .messages
            .into_iter()
            .flat_map(|message| message.targets);
        let session = |target: Target| Some((target.installation?, target.session?));
        Ok(targets.filter_map(session).collect())
    }

    /// All sessions, as far as a message that is not read must not change them.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let sessions = self.store().sessions(None).expect("read");
        let print = |session: Session| {
            let keys = self.store().stored_key_count(&session.id).expect("read");
            let facts = format!(
                "{:?}{:?}{:?}{}{}{}",
                session.takeover,
                session.lost_to,
                session.installation,
                session.sent,
                session.received,
                session.advances,
            );
            let ratchet = session.ratchet.to_bytes();
            let print = SessionFingerprint {
                state: [ratchet.as_slice(), facts.as_bytes()].concat(),
                keys,
                standing: session.standing,
            };
            (session.id, print)
        };
        sessions.into_iter().map(print).collect()
    }
}

/// A request to send a text to a group, under a request id.
pub(super) fn group_request(to: Vec<IdentityKey>, text: &[u8]) -> SendRequest {
    SendRequest {
        recipients: to,
        payload: Zeroizing::new(text.to_vec()),
        request_id: Some(String::from_utf8_lossy(text).into_owned()),
        seal: None,
    }
}

/// A request to send a text to one identity.
pub(super) fn send_request(to: IdentityKey, text: &[u8]) -> SendRequest {
    SendRequest {
        recipients: vec![to],
        payload: Zeroizing::new(text.to_vec()),
        request_id: None,
        seal: None,
    }
}

fn account(identity: usize, name: &AccountName, id: &InstallationId, supplied_id: bool) -> Account {
    let secret = [u8::try_from(identity).expect("few identities") + 1; 32];
    Account {
        name: name.clone(),
        identity: IdentityKeyPair::from_secret_bytes(&secret)
            .expect("a key")
            .into(),
        installation: id.clone(),
        fresh_installation: !supplied_id,
        created_at: super::BEGINNING,
    }
}
