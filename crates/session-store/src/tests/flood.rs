//! A peer that begins a new session with every message: rows, file and memory stay bounded.

use std::{sync::Arc, time::Duration};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{
    Config, Engine, Env, ReceiveRequest, SendRequest,
    model::{Account, AccountName, Outcome, Reason, UnixMillis},
    store::{StoreRead as _, Transaction, memory::MemoryStore},
    wire::WireMessage,
};

use super::*;
use crate::SqliteStore;

const BEGINNING: UnixMillis = UnixMillis(1_700_000_000_000);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Messages of the peer in an hour: more in a day than may begin a session on one prekey.
const MESSAGES_AN_HOUR: u64 = 60;

/// One end, with its own clock.
pub(super) struct End<S> {
    pub(super) engine: Engine,
    pub(super) store: S,
    pub(super) key: IdentityKey,
    now: UnixMillis,
    running: Duration,
}

impl<S: Transaction> End<S> {
    pub(super) fn new(seed: u8, config: Config, store: impl FnOnce(&Account) -> S) -> Self {
        let account = Account {
            name: AccountName::parse("a").unwrap(),
            identity: IdentityKeyPair::from_secret_bytes(&[seed; 32])
                .unwrap()
                .into(),
            installation: InstallationId::parse(&format!("x1-{seed}")).unwrap(),
            fresh_installation: true,
            created_at: BEGINNING,
        };
        Self {
            store: store(&account),
            key: *account.identity.public(),
            engine: Engine::new(account, config),
            now: BEGINNING,
            running: Duration::ZERO,
        }
    }

    pub(super) fn transact<T, E: std::fmt::Debug>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut S, &mut Env<'_>) -> Result<T, E>,
    ) -> T {
        let mut rng = UnwrapErr(SysRng);
        let mut env = Env {
            now: self.now,
            running: self.running,
            rng: &mut rng,
        };
        self.store.begin().unwrap();
        let result = call(&mut self.engine, &mut self.store, &mut env);
        self.store.commit().unwrap();
        result.unwrap()
    }

    /// So many calls in one commit.
    pub(super) fn in_calls<T, E: std::fmt::Debug>(
        &mut self,
        calls: usize,
        mut call: impl FnMut(&mut Engine, &mut S, &mut Env<'_>, usize) -> Result<T, E>,
    ) -> Vec<T> {
        let mut rng = UnwrapErr(SysRng);
        let mut env = Env {
            now: self.now,
            running: self.running,
            rng: &mut rng,
        };
        self.store.begin().unwrap();
        let answers = (0..calls).map(|number| {
            self.store.savepoint().unwrap();
            let answer = call(&mut self.engine, &mut self.store, &mut env, number);
            self.store.release().unwrap();
            answer.unwrap()
        });
        let answers = answers.collect();
        self.store.commit().unwrap();
        answers
    }

    /// The same on another store.
    pub(super) fn replace_store(self, replace: impl FnOnce(S) -> S) -> Self {
        Self {
            store: replace(self.store),
            ..self
        }
    }

    /// An hour passes; what happened is told to nobody.
    pub(super) fn hour(&mut self) {
        self.now = self.now.after(HOUR);
        self.running += HOUR;
        self.transact(|engine, store, env| engine.sweep(store, env));
        self.transact(|_, store, _| store.remove_events_up_to(u64::MAX));
    }
}

pub(super) fn rows(store: &SqliteStore, table: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let rows = store
        .connection
        .query_row(&sql, (), |row| row.get::<_, i64>(0));
    rows.unwrap().unsigned_abs()
}

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let digits = line.unwrap().split_whitespace().nth(1).unwrap();
    digits.parse().unwrap()
}

fn flood(messages: u64) {
    let scratch = tempfile::tempdir().unwrap();
    let directory = Arc::new(open(scratch.path()).unwrap());
    let mut bob = End::new(2, Config::default(), |account| {
        directory.create_account(account).unwrap()
    });
    // Never content with an answer that has not come yet, and so with a new session for every
    // message.
    let restless = Config {
        unanswered_messages: 1,
        ..Config::default()
    };
    let mut peer = End::new(1, restless, |_| MemoryStore::default());
    let limits = Config::default();
    let (mut read, mut refused, mut early) = (0, 0, None);
    for number in 0..messages {
        if number % MESSAGES_AN_HOUR == 0 {
            bob.hour();
            peer.hour();
            let bundle = bob
                .transact(|engine, store, env| engine.bundle(store, env))
                .wire;
            peer.transact(|engine, store, env| engine.import_bundle(store, env, &bundle));
        }
        let request = SendRequest {
            recipients: vec![bob.key],
            payload: b"again".to_vec().into(),
            request_id: None,
            seal: None,
        };
        let sent = peer.transact(|engine, store, env| engine.send(store, env, &request));
        let request = ReceiveRequest {
            sender: peer.key,
            message: WireMessage::decode(&sent.messages[0].wire),
            confirm: false,
            sealed: false,
        };
        match bob
            .transact(|engine, store, env| engine.receive(store, env, request))
            .outcome
        {
            Outcome::Decrypted(_) => read += 1,
            Outcome::Undecryptable(Reason::TooManySessions) => refused += 1,
            other => panic!("{other:?}"),
        }
        if number == messages / 10 {
            early = Some(resident());
        }
    }
    let sessions = bob.store.session_count(&peer.key).unwrap();
    assert!(sessions <= limits.max_sessions_per_device, "{sessions}");
    let first_messages = rows(&bob.store, "first_messages");
    // One prekey a day is kept for a fortnight after its day.
    assert!(
        first_messages <= 16 * u64::from(limits.max_first_messages),
        "{first_messages}"
    );
    let keys = bob.store.counts().unwrap().stored_keys;
    assert!(keys <= sessions as u64, "a key of a message each: {keys}");
    let pages = bob.store.connection.query_row(
        "SELECT (SELECT page_count FROM pragma_page_count()) \
             * (SELECT page_size FROM pragma_page_size())",
        (),
        |row| row.get::<_, i64>(0),
    );
    let file = pages.unwrap();
    assert!(file < 8 << 20, "{file} bytes");
    println!(
        "{messages} messages: {read} read, {refused} refused, {sessions} sessions, {keys} keys, \
         {first_messages} first messages, {file} bytes, {} KiB resident after {early:?}",
        resident()
    );
}

#[test]
fn a_peer_that_begins_a_session_with_every_message_fills_nothing() {
    flood(3000);
}

/// The same at length: `RATCHETD_MESSAGES` of them, a million by default.
#[test]
#[ignore = "takes the better part of an hour"]
fn a_peer_that_does_so_a_million_times_fills_nothing() {
    let messages = std::env::var("RATCHETD_MESSAGES").ok();
    flood(messages.map_or(1_000_000, |messages| messages.parse().unwrap()));
}
