//! Accounts that are made, opened, closed and erased.

use std::{sync::Arc, thread, time::Duration};

use crypto_core::{IdentityKeyPair, InstallationId};
use engine::{
    model::{
        AccountName, ChatKey, Event, EventKind, KeyDropped, SWEEP_INTERVAL, StoreError, UnixMillis,
    },
    store::StoreRead as _,
};
use rpc::{ErrorKind, types::AccountInfo};
use session_store::DataDir;

use super::{registry::Accounts, sweeps::Sweeper, worker::WorkerConfig};
use crate::ops::{clock::Clock, entropy::entropy, metrics::Metrics};

fn accounts_with(directory: &tempfile::TempDir, config: WorkerConfig) -> Arc<Accounts> {
    let directory = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
    let clock = Arc::new(Clock::default());
    let metrics = Arc::new(Metrics::new().unwrap());
    let config = Accounts::open(directory, clock, metrics, engine::Config::default(), config);
    Arc::new(config.unwrap())
}

fn accounts(directory: &tempfile::TempDir) -> Arc<Accounts> {
    accounts_with(directory, WorkerConfig::from(8))
}

/// With so many open at the same time, and one thread, which has put back the last account before
/// it opens the next.
fn accounts_of(directory: &tempfile::TempDir, open_max: usize) -> Arc<Accounts> {
    let config = WorkerConfig {
        open_max,
        threads: 1,
        ..WorkerConfig::from(8)
    };
    accounts_with(directory, config)
}

/// Ends the daemon.
async fn close(accounts: Arc<Accounts>) {
    let closing = Arc::clone(&accounts);
    tokio::task::spawn_blocking(move || closing.close())
        .await
        .unwrap();
    assert_eq!(Arc::strong_count(&accounts), 1);
}

fn name(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

async fn create(accounts: &Arc<Accounts>, of: &str, installation: Option<&str>) -> AccountInfo {
    let identity = IdentityKeyPair::generate(&mut entropy());
    let installation = installation.map(|id| InstallationId::parse(id).unwrap());
    let made = accounts.create(name(of), identity, installation);
    made.await.unwrap()
}

/// Writes something in an account.
async fn put(accounts: &Arc<Accounts>, of: &str, clock: u64) {
    let account = accounts.find(Some(&name(of))).unwrap();
    let put = account.worker.call(move |_, store, _| {
        let chat = ChatKey::of("chat");
        Ok(store.put_chat_clock(&chat, clock)?)
    });
    put.await.unwrap();
}

/// What was written there last.
async fn held(accounts: &Arc<Accounts>, of: &str) -> Option<u64> {
    let account = accounts.find(Some(&name(of))).unwrap();
    let read = account.read(|_, reader| reader.chat_clock(&ChatKey::of("chat")));
    read.await.unwrap()
}

fn open_ones(accounts: &Accounts) -> Vec<String> {
    let open = accounts.open_ones();
    open.keys().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_read_that_panics_does_not_close_the_account_to_later_ones() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(&directory);
    create(&accounts, "a", None).await;
    let account = accounts.find(None).unwrap();
    let panicked = account.read(|_, _| -> Result<(), StoreError> { panic!("on purpose") });
    assert_eq!(panicked.await.unwrap_err().kind, ErrorKind::Internal);
    assert_eq!(account.read(|_, _| Ok(7)).await, Ok(7));
}

#[test]
fn an_account_that_nobody_calls_leaves_nothing_in_its_log() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let config = WorkerConfig {
        release_after: Duration::from_millis(1),
        ..WorkerConfig::from(8)
    };
    let accounts = accounts_with(&scratch, config);
    runtime.block_on(create(&accounts, "a", None));
    let log = scratch.path().join("accounts/a.db-wal");
    for clock in 1..=3 {
        runtime.block_on(put(&accounts, "a", clock));
        // Until its memory is released: there is nothing else to wait for.
        while std::fs::metadata(&log).unwrap().len() > 0 {
            thread::yield_now();
        }
    }
}

#[tokio::test]
async fn a_new_account_does_not_inherit_the_events_of_an_earlier_one_of_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(&directory);
    let event = |number| {
        let message = crypto_core::MessageId::from_bytes([0; 32]);
        let why = KeyDropped::Limit;
        let kind = EventKind::MessageKeyDropped { message, why };
        let at = UnixMillis(number);
        (number, Event { at, kind })
    };
    let held = || accounts.events().page(None, 0, 10).unwrap().events.len();
    // As if the process had ended between erasing the account and erasing its events.
    let left: Vec<_> = (1..=3).map(event).collect();
    accounts.events().publish(&name("a"), &left).unwrap();
    create(&accounts, "a", None).await;
    assert_eq!(held(), 0);
    accounts.events().publish(&name("a"), &[event(1)]).unwrap();
    assert_eq!(held(), 1);
    // Asking for a name that is taken costs its owner nothing, whether it can be read or not.
    let identity = IdentityKeyPair::generate(&mut entropy());
    let refused = accounts.create(name("a"), identity, None);
    let refused = refused.await.unwrap_err();
    assert_eq!((refused.kind, held()), (ErrorKind::AccountExists, 1));
}

#[tokio::test]
async fn accounts_are_there_again_after_a_restart_and_removed_ones_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = accounts(&directory);
    let kept = create(&first, "kept", Some("one-of-my-own")).await;
    create(&first, "removed", None).await;
    let removed = name("removed");
    let key = first.find(Some(&removed)).unwrap().identity;
    let wrong = IdentityKeyPair::generate(&mut entropy());
    let refused = first.remove(removed.clone(), *wrong.public());
    let error = refused.await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("publicKey"));
    first.remove(removed, key).await.unwrap();
    close(first).await;
    let again = accounts(&directory);
    let infos: Vec<_> = again.all().iter().map(|account| account.info()).collect();
    assert_eq!(infos, [kept]);
    // None is opened for that.
    assert!(open_ones(&again).is_empty());
}

#[tokio::test]
async fn of_many_accounts_the_ones_used_last_are_open_and_each_holds_what_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts_of(&directory, 2);
    for of in ["a", "b", "c"] {
        create(&accounts, of, None).await;
    }
    assert!(open_ones(&accounts).is_empty(), "no account was called");
    for (round, of) in ["a", "b", "c", "a", "a", "b"].into_iter().enumerate() {
        put(&accounts, of, round as u64).await;
    }
    assert_eq!(open_ones(&accounts), ["a", "b"]);
    assert_eq!(held(&accounts, "c").await, Some(2));
    assert_eq!(open_ones(&accounts), ["b", "c"]);
    close(accounts).await;
    let again = accounts_of(&directory, 1);
    for (of, clock) in [("a", 4), ("b", 5), ("c", 2)] {
        assert_eq!(held(&again, of).await, Some(clock));
        assert_eq!(open_ones(&again), [of]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_accounts_than_may_be_open_all_get_on() {
    let directory = tempfile::tempdir().unwrap();
    let config = WorkerConfig {
        open_max: 1,
        threads: 4,
        ..WorkerConfig::from(8)
    };
    let accounts = accounts_with(&directory, config);
    let all = ["a", "b", "c", "d"];
    for of in all {
        create(&accounts, of, None).await;
    }
    let busy = all.map(|of| {
        let accounts = Arc::clone(&accounts);
        tokio::spawn(async move {
            for clock in 1..=10 {
                put(&accounts, of, clock).await;
                assert_eq!(held(&accounts, of).await, Some(clock));
            }
        })
    });
    for one in busy {
        one.await.unwrap();
    }
    assert_eq!(open_ones(&accounts).len(), 1);
}

#[test]
fn reads_that_wait_for_the_disk_of_one_account_leave_threads_to_the_others() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(2)
        .build()
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(&directory);
    runtime.block_on(async {
        for of in ["slow", "other"] {
            create(&accounts, of, None).await;
        }
        let (release, disk) = std::sync::mpsc::channel::<()>();
        let (entered, mut waiting) = tokio::sync::mpsc::unbounded_channel();
        let disk = Arc::new(std::sync::Mutex::new(disk));
        let slow = accounts.find(Some(&name("slow"))).unwrap();
        let reads: Vec<_> = (0..10)
            .map(|_| {
                let (slow, disk, entered) = (Arc::clone(&slow), Arc::clone(&disk), entered.clone());
                tokio::spawn(async move {
                    let read = slow.read(move |_, _| {
                        let _ = entered.send(());
                        let _ = disk.lock().unwrap().recv();
                        Ok(())
                    });
                    read.await
                })
            })
            .collect();
        waiting.recv().await.unwrap();
        assert_eq!(held(&accounts, "other").await, None);
        drop(release);
        for read in reads {
            read.await.unwrap().unwrap();
        }
    });
}

#[tokio::test]
async fn a_damaged_account_keeps_no_other_from_serving_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let first = accounts(&directory);
    for of in ["damaged", "good"] {
        create(&first, of, None).await;
    }
    close(first).await;
    let path = directory.path().join("accounts/damaged.db");
    // By the disk, so that the file is still the one that was closed.
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.fill(7);
    std::fs::write(&path, bytes).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(written).unwrap();
    for registry in ["there", "lost"] {
        if registry == "lost" {
            std::fs::remove_file(directory.path().join("registry.db")).unwrap();
        }
        let accounts = accounts(&directory);
        assert_eq!(accounts.count(), 2);
        put(&accounts, "good", 1).await;
        let refused = match accounts.find(Some(&name("damaged"))) {
            Ok(account) => {
                let refused = account.worker.call(|_, _, _| Ok(())).await.unwrap_err();
                assert_eq!(account.condition().unopened, Some(refused.message.clone()));
                assert!(!account.worker.is_failing(), "others can be written");
                refused
            }
            Err(refused) => {
                let unreadable = accounts.unreadable();
                assert_eq!(unreadable, [(name("damaged"), refused.message.clone())]);
                refused
            }
        };
        assert_eq!(
            refused.kind,
            ErrorKind::StoreFailed,
            "{registry}: {refused}"
        );
        assert_eq!(open_ones(&accounts), ["good"]);
        close(accounts).await;
    }
}

#[tokio::test]
async fn an_unreadable_account_is_removed_by_the_key_that_the_registry_has_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let first = accounts(&directory);
    for of in ["damaged", "unknown"] {
        create(&first, of, None).await;
    }
    let identity = |of| first.find(Some(&name(of))).unwrap().identity;
    let (damaged, unknown) = (identity("damaged"), identity("unknown"));
    close(first).await;
    let path = |of: &str| directory.path().join(format!("accounts/{of}.db"));
    for of in ["damaged", "unknown"] {
        std::fs::write(path(of), [7; 8192]).unwrap();
    }
    let data = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
    let mut registry = data.registry().unwrap().0;
    registry.remove(&name("unknown")).unwrap();
    registry.close().unwrap();
    drop(data);

    let accounts = accounts(&directory);
    let remove = async |of, key| accounts.remove(name(of), key).await;
    let refused = remove("damaged", unknown).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("publicKey"));
    let refused = remove("unknown", unknown).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::StoreFailed);
    assert!(refused.hint.contains("unknown.db"), "{refused}");
    assert!(path("damaged").exists());
    remove("damaged", damaged).await.unwrap();
    assert!(!path("damaged").exists() && path("unknown").exists());
    assert_eq!(accounts.count(), 1);
    create(&accounts, "damaged", None).await;
    put(&accounts, "damaged", 1).await;
}

#[tokio::test]
async fn what_open_accounts_hold_is_counted_on_the_connections_that_they_have() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(&directory);
    create(&accounts, "a", None).await;
    let account = accounts.find(Some(&name("a"))).unwrap();
    let clock = Arc::clone(&accounts.common.clock);
    Sweeper::new(clock)
        .advance(&accounts, 2 * SWEEP_INTERVAL)
        .await;
    assert_eq!(open_ones(&accounts), ["a"]);
    assert!(accounts.totals().await.held.prekey_created_at.is_some());
    account.count().await.unwrap();
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let open = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let of_accounts = directory.path().join("accounts");
    let open: Vec<_> = open.filter(|path| path.starts_with(&of_accounts)).collect();
    assert_eq!(open.len(), 3, "{open:?}");
}

/// The accounts that have a bundle, by what was counted when they were closed.
fn with_bundle(accounts: &Accounts) -> Vec<String> {
    let all = accounts.all().into_iter();
    all.filter(|account| {
        let held = account.condition().held.unwrap_or_default();
        held.prekey_created_at.is_some()
    })
    .map(|account| account.name.to_string())
    .collect()
}

#[tokio::test]
async fn closed_accounts_are_swept_when_they_are_due_and_none_else_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let first = accounts_of(&directory, 1);
    let sweeper = Sweeper::new(Arc::clone(&first.common.clock));
    for of in ["a", "b"] {
        create(&first, of, None).await;
    }
    sweeper.advance(&first, SWEEP_INTERVAL / 2).await;
    assert!(open_ones(&first).is_empty(), "nothing is due");
    // The first bundle is made within the hour.
    sweeper.advance(&first, SWEEP_INTERVAL).await;
    close(first).await;
    let again = accounts_of(&directory, 1);
    assert_eq!(with_bundle(&again), ["a", "b"]);
}

#[tokio::test]
async fn an_account_that_was_open_when_the_process_ended_is_swept_first() {
    let directory = tempfile::tempdir().unwrap();
    let first = accounts_of(&directory, 2);
    for of in ["a", "b", "c"] {
        create(&first, of, None).await;
    }
    put(&first, "b", 1).await;
    // What a kill leaves behind: the registry does not know that the account was closed.
    let registry = ["registry.db", "registry.db-wal"].map(|file| directory.path().join(file));
    let killed = registry.each_ref().map(|path| std::fs::read(path).unwrap());
    close(first).await;
    for (path, bytes) in registry.iter().zip(killed) {
        std::fs::write(path, bytes).unwrap();
    }
    let again = accounts_of(&directory, 2);
    let sweeper = Sweeper::new(Arc::clone(&again.common.clock));
    sweeper.advance(&again, Duration::ZERO).await;
    assert_eq!(open_ones(&again), ["b"]);
}

#[tokio::test]
async fn a_file_that_was_put_in_the_place_of_a_closed_account_is_looked_into_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let database = |of: &tempfile::TempDir| of.path().join("accounts/a.db");
    let first = accounts(&directory);
    let made = create(&first, "a", None).await;
    create(&first, "b", None).await;
    put(&first, "a", 1).await;
    close(first).await;
    let older = std::fs::read(database(&directory)).unwrap();
    let second = accounts(&directory);
    put(&second, "a", 2).await;
    close(second).await;

    // Its own older state: found at once, and not only when somebody calls.
    std::fs::write(database(&directory), older).unwrap();
    let third = accounts(&directory);
    let sweeper = Sweeper::new(Arc::clone(&third.common.clock));
    sweeper.advance(&third, Duration::ZERO).await;
    assert_eq!(open_ones(&third), ["a"]);
    let account = third.find(Some(&name("a"))).unwrap();
    assert!(account.condition().found.is_some());
    drop(account);
    close(third).await;

    // Another account of its name, under the same key.
    let other = tempfile::tempdir().unwrap();
    copy(directory.path(), other.path());
    let elsewhere = accounts(&other);
    let identity = elsewhere.find(Some(&name("a"))).unwrap().identity;
    elsewhere.remove(name("a"), identity).await.unwrap();
    let replaced = create(&elsewhere, "a", None).await;
    close(elsewhere).await;
    // Also while a daemon serves, which takes it for damaged until its next start.
    let serving = accounts(&directory);
    std::fs::copy(database(&other), database(&directory)).unwrap();
    let account = serving.find(Some(&name("a"))).unwrap();
    let refused = account.worker.call(|_, _, _| Ok(())).await.unwrap_err();
    assert!(refused.message.contains("another identity"), "{refused}");
    drop(account);
    close(serving).await;
    let fourth = accounts(&directory);
    let listed = fourth.page(None, 1)[0].info();
    assert_eq!(listed, replaced);
    assert_ne!(listed, made);
    put(&fourth, "a", 3).await;
}

/// Copies a directory.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
