//! One simulated device: an engine, a store, clocks that need not be right, and a frontend's memory.

use std::{collections::BTreeMap, time::Duration};

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, MessageId, SessionId, SignedPreKey,
    SignedPreKeyPair,
};

use super::{Disks, random::SplitMix64, sent_message::Parcel};
use crate::{
    engine::{Engine, PreKeyImport},
    model::{Account, AccountName, Config, Env, Session, Standing, UnixMillis},
    store::{Store, Transaction},
};

/// How the process fares around one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// It answers.
    Never,
    /// It dies before what the call wrote is committed.
    BeforeCommit,
    /// It dies after that, before anybody has the answer.
    AfterCommit,
}

/// What the frontend knows of a message it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadState {
    /// Read when the device had run this long, and not confirmed.
    Unconfirmed { uptime: u64 },
    /// Not to be read again.
    Confirmed,
}

/// A reply that the device gave: when by its own clock, and to whom.
pub(super) type SentReply = (UnixMillis, IdentityKey, Option<InstallationId>);

pub(super) struct SimulatedDevice<S> {
    pub(super) name: String,
    /// Number of its identity in the world.
    pub(super) identity: usize,
    /// Rises each time it lost its state and started over.
    incarnation: u32,
    /// The id was given to it, and may have had another life.
    supplied_id: bool,
    /// Like status-go's: no extension in its bundles.
    pub(super) without_extension: bool,
    config: Config,
    pub(super) key: IdentityKey,
    pub(super) id: InstallationId,
    account_name: AccountName,
    engine: Engine,
    store: Option<S>,
    rng: SplitMix64,
    /// By how many milliseconds its clock is wrong.
    clock_error: i64,
    /// What its clock showed at the sweeps of this process, and how long the process had run by then.
    sweeps: Vec<(u64, UnixMillis)>,
    /// The latest moment that two sweeps an hour apart agree has passed: only then may anything be erased.
    agreed: UnixMillis,
    /// Every jump of its clock: true time, and what it showed from then on.
    jumps: Vec<(u64, UnixMillis)>,
    /// True time when its process started.
    started: u64,
    /// How long its earlier processes ran, in milliseconds.
    earlier_uptime: u64,
    pub(super) on: bool,
    pub(super) in_flight: Vec<Parcel>,
    /// Bundles it has published, oldest first.
    pub(super) published: Vec<Vec<u8>>,
    /// What its frontend shows.
    pub(super) texts: Vec<String>,
    pub(super) read: BTreeMap<MessageId, ReadState>,
    pub(super) replies: Vec<SentReply>,
    /// What had been read when the backup of its store was made.
    backed_up: Option<BTreeMap<MessageId, ReadState>>,
    /// True time when the backup was last put back.
    pub(super) restored_at: Option<u64>,
}

/// What a message that is not read must not change, by session.
pub(super) type Fingerprint = BTreeMap<SessionId, SessionFingerprint>;

/// One session: all of it but its standing, which a bundle may change, and the number of keys stored for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SessionFingerprint {
    pub(super) state: Vec<u8>,
    pub(super) keys: u64,
    pub(super) standing: Standing,
}

impl<S: Transaction> SimulatedDevice<S> {
    pub(super) fn new(
        disks: &mut impl Disks<Store = S>,
        name: &str,
        identity: usize,
        without_extension: bool,
        config: Config,
        seed: u64,
        now: u64,
    ) -> Self {
        let mut device = Self::create(
            disks,
            name,
            identity,
            without_extension,
            config,
            seed,
            now,
            0,
            None,
        );
        device.publish_prekey_without_extension(disks, now);
        device
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of a birth")]
    fn create(
        disks: &mut impl Disks<Store = S>,
        name: &str,
        identity: usize,
        without_extension: bool,
        config: Config,
        seed: u64,
        now: u64,
        incarnation: u32,
        supplied_id: Option<InstallationId>,
    ) -> Self {
        let label = format!("{}-{incarnation}", name.replace('/', "-"));
        let fresh_id = if without_extension {
            label.clone()
        } else {
            format!("x1-{label}")
        };
        let is_supplied = supplied_id.is_some();
        let id = supplied_id.unwrap_or_else(|| InstallationId::parse(&fresh_id).expect("an id"));
        let account_name = AccountName::parse(&label).expect("a name");
        let account = account(identity, &account_name, &id, is_supplied);
        let key = *account.identity.public();
        let store = disks.create(&account);
        Self {
            name: name.to_owned(),
            identity,
            incarnation,
            supplied_id: is_supplied,
            without_extension,
            engine: Engine::new(account, config.clone()),
            config,
            key,
            id,
            account_name,
            store: Some(store),
            rng: SplitMix64::named(seed, &label),
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
            replies: Vec::new(),
            backed_up: None,
            restored_at: None,
        }
    }

    pub(super) fn store(&self) -> &S {
        self.store.as_ref().expect("a store")
    }

    /// What its clock shows.
    pub(super) fn clock(&self, now: u64) -> UnixMillis {
        UnixMillis(now.saturating_add_signed(self.clock_error))
    }

    pub(super) fn clock_error(&self) -> i64 {
        self.clock_error
    }

    /// The clock is wrong by so many milliseconds from now on.
    pub(super) fn set_clock_error(&mut self, error: i64, now: u64) {
        self.clock_error = error;
        self.jumps.push((now, self.clock(now)));
    }

    /// How far its clock has gone ahead since it showed `then`, at the true time `at`. A jump that was taken back
    /// before two sweeps an hour apart saw it does not count.
    pub(super) fn clock_went_ahead(&self, at: u64, then: UnixMillis, now: u64) -> Duration {
        let since = self.jumps.iter().filter(|(when, _)| *when >= at);
        let earliest = since.map(|(_, clock)| *clock).fold(then, UnixMillis::min);
        self.agreed.max(self.clock(now)).since(earliest)
    }

    /// How long it has run, all its processes together, in milliseconds.
    pub(super) fn uptime(&self, now: u64) -> u64 {
        self.earlier_uptime + if self.on { now - self.started } else { 0 }
    }

    /// One call in a batch of its own, kept if it succeeds and undone if not; `None` if nobody got the
    /// answer. What was answered is given to `seen` in any case, with whether it was committed.
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
        let account = account(
            self.identity,
            &self.account_name,
            &self.id,
            self.supplied_id,
        );
        self.engine = Engine::new(account, self.config.clone());
        self.replies.clear();
        self.sweeps.clear();
    }

    /// A backup of its store is made.
    pub(super) fn back_up(&mut self, disks: &mut impl Disks<Store = S>) {
        disks.back_up(&self.account_name, self.store());
        self.backed_up = Some(self.read.clone());
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.backed_up.is_some()
    }

    /// Its process ends, the backup is put back, if there is one, and another process starts.
    pub(super) fn restore_backup(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        let Some(read) = self.backed_up.clone() else {
            return;
        };
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
        self.read = read;
        self.restored_at = Some(now);
        // What makes our prekeys has given it the extension, as an update would.
        self.without_extension = false;
    }

    /// The process ends, and none starts until something wants the device.
    pub(super) fn turn_off(&mut self, now: u64) {
        if self.on {
            self.earlier_uptime = self.uptime(now);
            self.on = false;
        }
    }

    /// Everything is lost but the identity's key: a new device under a new id (protocol §7, account
    /// recovery), or under the one that is supplied.
    pub(super) fn reinstall(
        &mut self,
        disks: &mut impl Disks<Store = S>,
        seed: u64,
        now: u64,
        supplied_id: Option<InstallationId>,
    ) {
        let fresh = Self::create(
            disks,
            &self.name,
            self.identity,
            self.without_extension,
            self.config.clone(),
            seed,
            now,
            self.incarnation + 1,
            supplied_id,
        );
        let old = std::mem::replace(self, fresh);
        self.clock_error = old.clock_error;
        self.jumps = old.jumps;
        self.in_flight = old.in_flight;
        self.publish_prekey_without_extension(disks, now);
    }

    /// Rotation and erasure, as a daemon does them every hour.
    pub(super) fn sweep(&mut self, disks: &mut impl Disks<Store = S>, now: u64) {
        self.publish_prekey_without_extension(disks, now);
        self.call(disks, now, CrashPoint::Never, |engine, store, env| {
            engine.sweep(store, env)?;
            let newest = store.events(usize::MAX)?.last().map(|(number, _)| *number);
            store.remove_events_up_to(newest.unwrap_or(0))?;
            Ok::<_, crate::model::SendError>(())
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

    /// Devices like status-go's make their prekeys without the extension.
    pub(super) fn publish_prekey_without_extension(
        &mut self,
        disks: &mut impl Disks<Store = S>,
        now: u64,
    ) {
        let span = self.config.prekey_rotation;
        let clock = self.clock(now);
        let fresh = self
            .store()
            .own_bundle()
            .expect("read")
            .is_some_and(|bundle| {
                let made = bundle.prekey_created_at;
                clock.since(made) < span && made <= clock.after(span)
            });
        if !self.without_extension || fresh {
            return;
        }
        let signed = SignedPreKeyPair::generate(&mut self.rng);
        let import = PreKeyImport {
            signed,
            ratchet: None,
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

    /// When it signed its bundle, as it says.
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

    /// Whether it need not believe what `other` publishes: without the extension that runs too many versions ahead of what it
    /// knows (protocol §3, jump rule), or put back twice that counts from where it once was, since its clock was set back.
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
        let earlier = (own.version, bundle.timestamp_ns) <= (known.version, known.bundle_ns);
        leaps || (other.restored_at.is_some() && earlier)
    }

    /// All sessions, as far as a message that fails must not change them.
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
