//! Whether the files that calls need can be written: the directories, the event log, and the stores
//! of the accounts.
//!
//! There may be ten thousand accounts, and somebody may ask every second. So what a check costs is
//! bounded: of so many accounts the system is asked about their files, and of a few one commit is
//! made, in rounds through all of them. Those that failed a call or the last check are in every
//! check until they are well, so that an answer does not change with the turn that it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Arc, PoisonError},
    time::Duration,
};

use engine::model::{AccountName, StoreError, Trouble};
use rpc::RpcError;
use tokio::{runtime::Handle, task::JoinSet, time::timeout};

use super::{
    registry::{Accounts, Handles},
    worker::CheckFailed,
};
use crate::ops::probe::{Fault, Stores};

/// Accounts about whose files the system is asked in one check: some milliseconds.
const LOOKED_AT: usize = 1_000;
/// Accounts to which one check writes: as many commits, at the same time.
const WRITTEN: usize = 4;
/// Accounts that are in every check because something was wrong with them. Of more, some have to
/// wait for their turn; the answer is the same.
const SUSPECTS: usize = 16;
/// A store that has not been written after this time does not work: a tenth of it is long for a
/// disk that does.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far the rounds through the accounts have come.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// The last account whose files were looked at.
    looked: Option<AccountName>,
    /// The last one that was written to.
    written: Option<AccountName>,
    /// With which the last check found something wrong.
    suspects: BTreeSet<AccountName>,
}

/// Those whose turn it is: after `last`, and then from the first on. `last` moves on.
fn take_turns<K: Clone + Ord, V: Clone>(
    all: &BTreeMap<K, V>,
    last: &mut Option<K>,
    count: usize,
) -> BTreeMap<K, V> {
    let after = last.take().map_or(Bound::Unbounded, Bound::Excluded);
    let turn: Vec<_> = all
        .range((after, Bound::Unbounded))
        .chain(all)
        .take(count.min(all.len()))
        .map(|(name, one)| (name.clone(), one.clone()))
        .collect();
    *last = turn.last().map(|(name, _)| name.clone());
    turn.into_iter().collect()
}

impl Stores for Accounts {
    fn faults(&self) -> Vec<Fault> {
        let directory = self.directory();
        if let Err(wrong) = directory.check_directories() {
            // That of all files below, most likely.
            return vec![wrong.into()];
        }
        let mut faults = Vec::new();
        match directory.check_event_log() {
            Err(wrong) => faults.push(wrong.into()),
            Ok(()) => faults.extend(self.events().check().err().map(|error| {
                let fault = store_fault(&error);
                Fault::new(format!("the event log: {}", fault.problem), fault.mend)
            })),
        }
        faults.extend(self.check_accounts().into_values());
        faults
    }
}

impl Accounts {
    fn check_accounts(&self) -> BTreeMap<AccountName, Fault> {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let suspects: Vec<_> = self.with_all(|all| {
            all.iter()
                .filter(|(name, account)| {
                    account.worker.is_failing() || rounds.suspects.contains(*name)
                })
                .take(SUSPECTS)
                .map(|(name, account)| (name.clone(), Arc::clone(account)))
                .collect()
        });
        let mut looked = self.with_all(|all| take_turns(all, &mut rounds.looked, LOOKED_AT));
        // A closed account is not opened for this: its next call shows how it is.
        let mut written = take_turns(&self.open_ones(), &mut rounds.written, WRITTEN);
        looked.extend(suspects.iter().cloned());
        written.extend(suspects);

        let mut faults: BTreeMap<AccountName, Fault> = looked
            .keys()
            .filter_map(|name| {
                let wrong = self.directory().check_account(name).err()?;
                Some((name.clone(), Fault::from(wrong).of(name)))
            })
            .collect();
        written.retain(|name, _| !faults.contains_key(name));
        faults.extend(Handle::current().block_on(write_to(written)));
        // One that was removed meanwhile has no store to write to.
        faults.retain(|name, _| self.find(Some(name)).is_ok());
        rounds.suspects = faults.keys().take(SUSPECTS).cloned().collect();
        faults
    }
}

/// Writes to each of these, and waits for all together.
async fn write_to(accounts: Handles) -> Vec<(AccountName, Fault)> {
    let mut waited_for: BTreeSet<AccountName> = accounts.keys().cloned().collect();
    let mut checks: JoinSet<_> = accounts
        .into_iter()
        .map(|(name, account)| async move { (name, account.worker.check().await) })
        .collect();
    let mut faults = Vec::new();
    let all = async {
        while let Some(ended) = checks.join_next().await {
            let Ok((name, checked)) = ended else { continue };
            waited_for.remove(&name);
            if let Err(failed) = checked {
                faults.push((name.clone(), check_fault(&failed).of(&name)));
            }
        }
    };
    if timeout(PATIENCE, all).await.is_err() {
        let late = waited_for.into_iter();
        faults.extend(late.map(|name| {
            let fault = check_fault(&CheckFailed::UnderWay).of(&name);
            (name, fault)
        }));
    }
    faults
}

fn check_fault(failed: &CheckFailed) -> Fault {
    match failed {
        CheckFailed::Store(error) => store_fault(error),
        CheckFailed::Opening(error) => Fault::new(error.message.clone(), error.hint.clone()),
        CheckFailed::UnderWay => Fault::new(
            "its store takes longer than 5 seconds to be written",
            "look for errors of the disk in the system's log; if there are none, restart the daemon",
        ),
        CheckFailed::Stopped => Fault::new(
            "its worker has stopped",
            "restart the daemon; its log says why: please report it",
        ),
    }
}

fn store_fault(error: &StoreError) -> Fault {
    match error {
        StoreError::Refused(trouble) => Fault::new(error.to_string(), trouble.advice()),
        StoreError::Io(_) => Fault::new(
            error.to_string(),
            "see the daemon's log, and what `ratchetd doctor` says",
        ),
        // What was to be written is nothing that could be in doubt.
        StoreError::InDoubt(what) => Fault::new(what, Trouble::Medium.advice()),
        other => {
            let error = RpcError::from(other.clone());
            Fault::new(error.message, error.hint)
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_core::IdentityKeyPair;
    use session_store::DataDir;

    use super::*;
    use crate::{
        accounts::worker::WorkerConfig,
        ops::{clock::Clock, entropy::entropy, metrics::Metrics},
    };

    #[test]
    fn everybodys_turn_comes_and_nobodys_twice_in_one_check() {
        let names = |turn: &BTreeMap<u32, ()>| turn.keys().copied().collect::<Vec<_>>();
        let open: BTreeMap<u32, ()> = (1..=5).map(|name| (name, ())).collect();
        let mut last = None;
        for expected in [&[1, 2][..], &[3, 4], &[1, 5], &[2, 3]] {
            assert_eq!(names(&take_turns(&open, &mut last, 2)), expected);
        }
        assert_eq!(take_turns(&open, &mut last, 9), open);
        // Of those that are gone it is nobody's turn.
        last = Some(7);
        assert_eq!(names(&take_turns(&open, &mut last, 1)), [1]);
        assert!(take_turns(&BTreeMap::<u32, ()>::new(), &mut last, 3).is_empty());
    }

    #[tokio::test]
    async fn a_check_of_many_accounts_writes_to_a_few_and_finds_a_broken_one_in_its_turn() {
        let scratch = tempfile::tempdir().unwrap();
        let worker = WorkerConfig {
            release_after: Duration::from_secs(3600),
            ..WorkerConfig::from(8)
        };
        let accounts = Accounts::open(
            DataDir::open(scratch.path(), None, &mut entropy()).unwrap(),
            Arc::new(Clock::default()),
            Arc::new(Metrics::new().unwrap()),
            engine::Config::default(),
            worker,
        );
        let accounts = Arc::new(accounts.unwrap());
        let check = async || {
            let accounts = Arc::clone(&accounts);
            let checked = tokio::task::spawn_blocking(move || accounts.faults());
            checked.await.unwrap()
        };
        for number in 0..2 * WRITTEN {
            let name = AccountName::parse(&format!("a{number}")).unwrap();
            let pair = IdentityKeyPair::generate(&mut entropy());
            accounts.create(name.clone(), pair, None).await.unwrap();
            // A closed account is not written to.
            let account = accounts.find(Some(&name)).unwrap();
            account.worker.maintain(|_, _, _| Ok(())).await.unwrap();
        }
        let logs = || -> Vec<u64> {
            (0..2 * WRITTEN)
                .map(|number| scratch.path().join(format!("accounts/a{number}.db-wal")))
                .map(|log| std::fs::metadata(log).map_or(0, |found| found.len()))
                .collect()
        };
        let mut before = logs();
        for half in [true, false] {
            assert_eq!(check().await, []);
            let after = logs();
            for (number, (before, after)) in before.iter().zip(&after).enumerate() {
                let written = (number < WRITTEN) == half;
                assert_eq!(after > before, written, "a{number}");
            }
            before = after;
        }
        // Another file in its place: SQLite would write on to the old one.
        let path = scratch.path().join("accounts/a5.db");
        std::fs::copy(&path, scratch.path().join("copy")).unwrap();
        std::fs::rename(scratch.path().join("copy"), &path).unwrap();
        assert_eq!(check().await, [], "of the first half");
        for _ in 0..3 {
            let faults = check().await;
            let [fault] = &faults[..] else {
                panic!("{faults:?}");
            };
            assert_eq!(fault.account.as_ref().unwrap().as_str(), "a5");
            assert!(fault.problem.contains("another state"), "{fault:?}");
        }
    }
}
