//! What a message costs that passes others over: pages and rows written, and steps of SQLite.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crypto_core::{HeaderKey, IdentityKey, IdentityKeyPair, MessageId, SessionId, Suite};
use engine::{
    Config, ReceiveRequest, SendRequest,
    model::{
        AddressedMessage, Gap, MAX_UNANSWERED_GAPS, MAX_UNANSWERED_KEYS, Outcome, Reason, Session,
        Standing,
    },
    store::{Store as _, StoreRead as _, Transaction, contract, memory::MemoryStore},
    wire::WireMessage,
};

use super::{
    flood::{End, rows},
    *,
};
use crate::{DataDir, SqliteStore};

const PAGE_BYTES: u64 = 4096;
/// A page in the log, and what stands before it.
const FRAME_BYTES: u64 = PAGE_BYTES + 24;
/// The most that the keys which a stranger passes over may have us write, while there is room.
const MAX_WRITTEN_PAGES: u64 = 64 * 1024 / PAGE_BYTES;
/// The same where another gap has to make room, which stands on other pages of its tables.
const MAX_WRITTEN_PAGES_TWO_GAPS: u64 = MAX_WRITTEN_PAGES + 4;
/// The most that a first message may have us write in all, in a commit of its own.
const MAX_PAGES: u64 = 48;
/// The most instructions of SQLite that a message may take: less than two milliseconds.
const MAX_STEPS: u64 = 20_000;
/// Instructions of SQLite between two counts of them.
const STEPS_COUNTED: i32 = 100;

/// Bob, with his directory.
struct Bob {
    end: End<SqliteStore>,
    scratch: tempfile::TempDir,
    directory: Arc<DataDir>,
    steps: Arc<AtomicU64>,
    /// The last identity that wrote.
    strangers: u8,
}

/// What one message cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    pages: u64,
    /// Rows that were put, changed or erased.
    rows: u64,
    /// Instructions of SQLite.
    steps: u64,
}

impl Bob {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let directory = Arc::new(open(scratch.path()).unwrap());
        let end = End::new(2, Config::default(), |account| {
            directory.create_account(account).unwrap()
        });
        let mut bob = Self {
            end,
            scratch,
            directory,
            steps: Arc::default(),
            strangers: 100,
        };
        bob.count_steps();
        bob
    }

    fn count_steps(&mut self) {
        let steps = Arc::clone(&self.steps);
        let count = move || {
            steps.fetch_add(STEPS_COUNTED.unsigned_abs().into(), Ordering::Relaxed);
            false
        };
        let connection = &mut self.end.store.connection;
        connection
            .progress_handler(STEPS_COUNTED, Some(count))
            .unwrap();
    }

    /// The process ends, and the next one opens the store.
    fn restart(self, before: &str) -> Self {
        self.end.store.connection.execute_batch(before).unwrap();
        let directory = Arc::clone(&self.directory);
        let end = self.end.replace_store(|store| {
            drop(store);
            directory.open_account(&name("a")).unwrap().1
        });
        Self { end, ..self }
    }

    fn logged(&self) -> u64 {
        let log = self.scratch.path().join("accounts/a.db-wal");
        fs::metadata(log).unwrap().len()
    }

    fn changed(&self) -> u64 {
        let changed = "SELECT total_changes()";
        let changed = self.end.store.connection.query_row(changed, (), |row| {
            let changed: i64 = row.get(0)?;
            Ok(changed.unsigned_abs())
        });
        changed.unwrap()
    }

    fn receive(
        &mut self,
        from: IdentityKey,
        envelope: &AddressedMessage,
        confirm: bool,
    ) -> Outcome {
        let request = ReceiveRequest {
            sender: from,
            message: WireMessage::decode(&envelope.wire),
            confirm,
            sealed: false,
        };
        self.end
            .transact(|engine, store, env| engine.receive(store, env, request))
            .outcome
    }

    /// Reads a message, and counts what that costs.
    fn cost(&mut self, from: IdentityKey, envelope: &AddressedMessage) -> Cost {
        // The log begins anew, so that what it grows by is what is written.
        let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
        let folded = self
            .end
            .store
            .connection
            .query_row(fold, (), |row| row.get::<_, i64>(0));
        assert_eq!(folded.unwrap(), 0);
        let (logged, changed) = (self.logged(), self.changed());
        self.steps.store(0, Ordering::Relaxed);
        let outcome = self.receive(from, envelope, false);
        assert!(matches!(outcome, Outcome::Decrypted(_)), "{outcome:?}");
        let steps = self.steps.load(Ordering::Relaxed);
        Cost {
            pages: (self.logged() - logged) / FRAME_BYTES,
            rows: self.changed() - changed,
            steps,
        }
    }

    /// Keeps gaps of this many keys each, of sessions with strangers on which nothing was sent.
    fn fill(&mut self, gaps: u32, keys: usize) {
        let store = &mut self.end.store;
        store.begin().unwrap();
        for number in 0..gaps {
            let [.., high, low] = number.to_be_bytes();
            let mut id = [0x77; 32];
            (id[0], id[1]) = (high, low);
            let seed = u8::try_from(number % 200).unwrap() + 20;
            let peer = IdentityKeyPair::from_secret_bytes(&[seed; 32]).unwrap();
            let since = UnixMillis(1);
            let session = Session {
                id: SessionId::from_bytes(id),
                peer: *peer.public(),
                ..contract::session(1, Suite::X25519, Standing::Expired { since })
            };
            store.put_session(&session).unwrap();
            let of = (session.id, session.peer);
            let chain = HeaderKey::X25519([1; 32]);
            let gap = contract::gap(of, chain, 5000, &vec![seed; keys]);
            store.put_gap(&gap).unwrap();
        }
        store.commit().unwrap();
    }

    fn unanswered(&self) -> (u64, u64) {
        let sum = "SELECT count(*), coalesce(sum(places), 0) FROM gaps WHERE answered = 0";
        let sum = self.end.store.connection.query_row(sum, (), |row| {
            let (gaps, places): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((gaps.unsigned_abs(), places.unsigned_abs()))
        });
        sum.unwrap()
    }
}

/// A peer that knows Bob's bundle.
fn stranger(bob: &mut Bob, seed: u8) -> End<MemoryStore> {
    let patient = Config {
        // Of the sessions that a store of an earlier version can have.
        suites: vec![Suite::X25519],
        unanswered_messages: u64::MAX,
        ..Config::default()
    };
    let mut stranger = End::new(seed, patient, |_| MemoryStore::default());
    let bundle = bob
        .end
        .transact(|engine, store, env| engine.bundle(store, env));
    stranger.transact(|engine, store, env| engine.import_bundle(store, env, &bundle.wire));
    stranger
}

fn send<S: Transaction>(from: &mut End<S>, to: IdentityKey) -> AddressedMessage {
    let request = SendRequest {
        recipients: vec![to],
        payload: b"text".to_vec().into(),
        request_id: None,
        seal: None,
    };
    let sent = from.transact(|engine, store, env| engine.send(store, env, &request));
    sent.messages.into_iter().next().unwrap()
}

fn last_of(from: &mut End<MemoryStore>, to: IdentityKey, messages: usize) -> AddressedMessage {
    let mut last = send(from, to);
    for _ in 1..messages {
        last = send(from, to);
    }
    last
}

/// What the first message of a new identity costs at the least, of which this is the number. Now
/// and then a page of some table has no room, and becomes two.
fn cost_of_a_stranger(bob: &mut Bob, number: usize) -> Cost {
    let costs = [(); 4].map(|()| {
        bob.strangers += 1;
        let mut stranger = stranger(bob, bob.strangers);
        let envelope = last_of(&mut stranger, bob.end.key, number + 1);
        let cost = bob.cost(stranger.key, &envelope);
        assert!(cost.steps <= MAX_STEPS, "{cost:?}");
        assert!(cost.pages <= MAX_PAGES, "{cost:?}");
        cost
    });
    let least = costs.into_iter().min_by_key(|cost| cost.pages);
    least.unwrap()
}

#[test]
fn a_stranger_that_passes_a_thousand_messages_over_has_little_written() {
    // Where nobody has passed anything over; where strangers have all that they may have, in as
    // many gaps as they may have; and in few.
    for (gaps, keys) in [(0, 0), (MAX_UNANSWERED_GAPS, 1), (100, 1000)] {
        let mut bob = Bob::new();
        bob.fill(gaps, keys);
        let (plain, skipped) = (
            cost_of_a_stranger(&mut bob, 0),
            cost_of_a_stranger(&mut bob, 1000),
        );
        println!("{gaps} gaps of {keys} keys: {plain:?}, {skipped:?}");
        // It is one gap more, in the place of another one: two rows each.
        let most = if gaps == 0 {
            MAX_WRITTEN_PAGES
        } else {
            MAX_WRITTEN_PAGES_TWO_GAPS
        };
        let written = skipped.pages - plain.pages;
        assert!(written <= most, "{skipped:?}, {plain:?}");
        assert!(skipped.rows <= plain.rows + 4, "{skipped:?}, {plain:?}");
        let (gaps, places) = bob.unanswered();
        assert!(gaps <= MAX_UNANSWERED_GAPS.into() && places <= MAX_UNANSWERED_KEYS.into());
    }
}

/// Whether any row holds these bytes.
fn holds(store: &SqliteStore, key: &[u8]) -> bool {
    let rows = "SELECT keys FROM gap_keys UNION ALL SELECT key FROM stored_keys";
    let mut statement = store.connection.prepare(rows).unwrap();
    let mut found = statement.query(()).unwrap();
    while let Some(row) = found.next().unwrap() {
        let bytes = row.get_ref(0).unwrap().as_bytes().unwrap();
        if bytes.windows(key.len()).any(|part| part == key) {
            return true;
        }
    }
    false
}

fn only_session(store: &SqliteStore, with: IdentityKey) -> Session {
    let mut sessions = store.sessions(Some(&with)).unwrap();
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

fn only_gap(store: &SqliteStore, with: IdentityKey) -> Gap {
    let session = only_session(store, with);
    let mut gaps = store.gaps(&session.id).unwrap();
    assert_eq!(gaps.len(), 1);
    gaps.remove(0)
}

#[test]
fn a_key_that_is_used_is_overwritten_in_its_place_and_gone_once_it_is_confirmed() {
    let mut bob = Bob::new();
    let to = bob.end.key;
    let mut alice = stranger(&mut bob, 3);
    let sent: Vec<_> = (0..901).map(|_| send(&mut alice, to)).collect();
    let from = alice.key;
    bob.cost(from, &sent[900]);
    let key = |bob: &Bob, n| {
        let taken = only_gap(&bob.end.store, from).take(n).unwrap();
        *taken.secret_bytes()
    };
    let key_of = [20, 21, 22].map(|n| key(&bob, n));
    let read = bob.cost(from, &sent[20]);
    // The page of the key, that of the row, and those that every message writes that is read.
    assert!(read.pages <= 8, "{read:?}");
    // It is kept by itself now, until it is confirmed.
    assert!(holds(&bob.end.store, &key_of[0]));
    let gap = only_gap(&bob.end.store, from);
    assert_eq!((gap.places(), gap.held()), (900, 899));
    let message = sent[20].targets[0].message;
    let confirmed = bob
        .end
        .transact(|engine, store, _| engine.confirm(store, &[message]));
    assert_eq!(confirmed, 1);
    // Confirmed at once.
    let outcome = bob.receive(from, &sent[21], true);
    assert!(matches!(outcome, Outcome::Decrypted(_)), "{outcome:?}");
    let held = key_of.map(|key| holds(&bob.end.store, &key));
    assert_eq!(held, [false, false, true]);
    for (n, reason) in [(20, Reason::AlreadyRead), (21, Reason::MessageKeyGone)] {
        let again = bob.receive(from, &sent[n], true);
        assert_eq!(again, Outcome::Undecryptable(reason));
    }
    // With the last key the row goes.
    for (n, envelope) in sent.iter().enumerate().take(900) {
        if n != 20 && n != 21 {
            bob.receive(from, envelope, true);
        }
    }
    assert_eq!(bob.unanswered(), (0, 0));
}

/// Puts the keys of all gaps down as earlier versions did.
fn as_single_rows(store: &mut SqliteStore) {
    store.begin().unwrap();
    for session in store.sessions(None).unwrap() {
        for mut gap in store.gaps(&session.id).unwrap() {
            for n in 0..=gap.last {
                if let Some(key) = gap.take(n) {
                    let key = engine::model::StoredKey {
                        message: MessageId::ratchet(&session.id, &gap.chain, n),
                        session: session.id,
                        key,
                        read_at: None,
                        read: None,
                    };
                    store.put_stored_key(&key).unwrap();
                }
            }
        }
    }
    store.commit().unwrap();
}

/// Today's layout, and the one of three migrations ago.
#[test]
fn keys_that_an_earlier_version_kept_open_their_messages_and_strangers_keep_no_more_than_is_theirs()
{
    let thirteenth = format!("{BEFORE_THE_FOURTEENTH} PRAGMA user_version = 13;");
    let eighth = format!(
        "{BEFORE_THE_TENTH} ALTER TABLE session_chains DROP COLUMN commits; \
         PRAGMA user_version = 8;"
    );
    for before in [&thirteenth, &eighth] {
        let mut bob = Bob::new();
        let to = bob.end.key;
        let mut alice = stranger(&mut bob, 3);
        let mut carol = stranger(&mut bob, 4);
        let [from_alice, from_carol] = [&mut alice, &mut carol].map(|peer| {
            let sent: Vec<_> = (0..21).map(|_| send(peer, to)).collect();
            bob.cost(peer.key, &sent[20]);
            bob.cost(peer.key, &sent[3]);
            sent
        });
        send(&mut bob.end, carol.key);
        as_single_rows(&mut bob.end.store);
        let sessions = [alice.key, carol.key].map(|peer| only_session(&bob.end.store, peer).id);
        // As many keys again as may be kept of one identity, and older ones.
        for session in sessions {
            let fill = "INSERT INTO stored_keys (age, message, session, key) \
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3500) \
                 SELECT (SELECT min(age) FROM stored_keys) - n, randomblob(32), ?1, zeroblob(32) FROM n";
            bob.end
                .store
                .connection
                .execute(fill, [session.as_bytes()])
                .unwrap();
        }
        let mut bob = bob.restart(before);
        let count = |bob: &Bob| sessions.map(|id| bob.end.store.stored_key_count(&id).unwrap());
        // Two of each were read and not confirmed, and count for nothing here.
        assert_eq!(count(&bob), [3002, 3500 + 21]);
        for (peer, sent) in [(alice.key, &from_alice), (carol.key, &from_carol)] {
            for n in [20, 3, 0, 19] {
                let outcome = bob.receive(peer, &sent[n], true);
                assert!(matches!(outcome, Outcome::Decrypted(_)), "{n}: {outcome:?}");
            }
        }
        assert_eq!(count(&bob), [2998, 3500 + 17]);
        // What is passed over from now on is kept as a gap.
        let later = last_of(&mut alice, to, 6);
        bob.cost(alice.key, &later);
        assert_eq!(bob.unanswered(), (1, 5));
    }
}

#[test]
fn strangers_keep_a_hundred_thousand_keys_between_them_and_the_oldest_gap_goes_first() {
    let mut bob = Bob::new();
    let to = bob.end.key;
    let mut oldest = stranger(&mut bob, 3);
    let early: Vec<_> = (0..1001).map(|_| send(&mut oldest, to)).collect();
    bob.cost(oldest.key, &early[1000]);
    bob.fill(99, 1000);
    assert_eq!(bob.unanswered(), (100, MAX_UNANSWERED_KEYS.into()));
    let outcome = bob.receive(oldest.key, &early[7], true);
    assert!(matches!(outcome, Outcome::Decrypted(_)), "{outcome:?}");
    let mut newest = stranger(&mut bob, 4);
    let late: Vec<_> = (0..3).map(|_| send(&mut newest, to)).collect();
    bob.cost(newest.key, &late[2]);
    assert_eq!(bob.unanswered(), (100, 99_002));
    let gone = bob.receive(oldest.key, &early[8], true);
    assert_eq!(gone, Outcome::Undecryptable(Reason::MessageKeyGone));
    let outcome = bob.receive(newest.key, &late[0], true);
    assert!(matches!(outcome, Outcome::Decrypted(_)), "{outcome:?}");
}

/// Bytes of the database that are in use.
fn in_use(store: &SqliteStore) -> u64 {
    let pages = "SELECT (SELECT page_count FROM pragma_page_count()) \
         - (SELECT freelist_count FROM pragma_freelist_count())";
    let pages = store
        .connection
        .query_row(pages, (), |row| row.get::<_, i64>(0));
    pages.unwrap().unsigned_abs() * PAGE_BYTES
}

#[test]
fn what_each_new_identity_leaves_is_small_and_most_of_it_goes_after_a_fortnight() {
    const STRANGERS: u64 = 100;
    let mut bob = Bob::new();
    let to = bob.end.key;
    let mut before = 0;
    for number in 0..=STRANGERS {
        let mut stranger = stranger(&mut bob, 30 + u8::try_from(number).unwrap());
        let envelope = send(&mut stranger, to);
        bob.receive(stranger.key, &envelope, true);
        if number == 0 {
            before = in_use(&bob.end.store);
        }
    }
    let of_each = (in_use(&bob.end.store) - before) / STRANGERS;
    println!("{of_each} bytes of each");
    assert!(of_each < 4096, "{of_each}");
    for _ in 0..16 * 24 {
        bob.end.hour();
    }
    let left = |table| rows(&bob.end.store, table);
    let gone = [
        "sessions",
        "session_chains",
        "first_messages",
        "stored_keys",
        "confirmed_messages",
    ]
    .map(left);
    assert_eq!(gone, [0; 5]);
    let stays = ["devices", "peers", "contacts"].map(left);
    println!(
        "{stays:?}, {} bytes of each",
        (in_use(&bob.end.store) - before) / STRANGERS
    );
    assert!(stays.iter().all(|rows| *rows <= STRANGERS + 1), "{stays:?}");
}
