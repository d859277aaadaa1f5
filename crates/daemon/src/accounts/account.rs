//! One account: what is known of it, its worker, and reading beside it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crypto_core::IdentityKey;
use engine::{
    model::{AccountName, MAX_NEGOTIATED_KEYS, StoreError},
    queries::Viewer,
    sealing::{Opener, SignedMessage, UnsealError},
    store::StoreRead as _,
};
use rpc::{RpcError, types::AccountInfo};
use session_store::{AccountFacts, Found, Resting, SqliteReader, StoreStats};
use tokio::time::timeout;

use super::{
    blocking,
    store::{Common, StoredAccount},
    worker::{Worker, WorkerPool},
};

/// One account, whether its store is open or not.
#[derive(Debug)]
pub struct AccountHandle {
    /// Its name.
    pub name: AccountName,
    /// Its chat key.
    pub identity: IdentityKey,
    /// Runs its calls.
    pub worker: Worker,
    facts: Arc<AccountFacts>,
    beside: Arc<Beside>,
}

/// Who wants to know what a store holds waits so long for its disk, or for calls that came before.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of an account without its store, and what those need who read beside its calls.
#[derive(Debug, Default)]
pub(super) struct Beside {
    reading: Mutex<Option<Arc<Reading>>>,
    /// Held by the one who reads: reads of one account take one thread, however slow its disk is.
    turn: tokio::sync::Mutex<()>,
    condition: Mutex<Condition>,
}

/// What was last found of an account.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// What its store held when it was last counted; `None` if it never was.
    pub held: Option<StoreStats>,
    /// When its store was last found to be an older state or a copy.
    pub found: Option<Found>,
    /// Why its store could not be opened the last time.
    pub unopened: Option<String>,
}

impl Condition {
    /// Of a closed account, as the registry has it.
    pub(super) fn resting(resting: Option<&Resting>) -> Self {
        Self {
            held: resting.map(|resting| resting.held),
            found: resting.and_then(|resting| resting.found),
            ..Self::default()
        }
    }
}

/// An open store, to read from.
#[derive(Debug)]
pub(super) struct Reading {
    common: Arc<Common>,
    name: AccountName,
    viewer: Viewer,
    opener: Opener,
    /// A connection of its own; opened for the first read.
    reader: Mutex<Option<SqliteReader>>,
}

impl Beside {
    fn slot(&self) -> MutexGuard<'_, Option<Arc<Reading>>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn condition(&self) -> MutexGuard<'_, Condition> {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The store is open.
    pub(super) fn begin(&self, common: &Arc<Common>, name: &AccountName, engine: &engine::Engine) {
        *self.slot() = Some(Arc::new(Reading {
            common: Arc::clone(common),
            name: name.clone(),
            viewer: engine.viewer(),
            opener: engine.opener(),
            reader: Mutex::new(None),
        }));
    }

    pub(super) fn is_read(&self) -> bool {
        self.slot().as_ref().is_some_and(is_shared)
    }

    /// Gives back the connection, unless somebody is reading.
    pub(super) fn release(&self) {
        let slot = self.slot();
        if let Some(reading) = slot.as_ref().filter(|reading| !is_shared(reading)) {
            *reading.reader() = None;
        }
    }

    /// Lets nobody begin to read any more, unless somebody is reading: whether that was done.
    pub(super) fn end(&self) -> bool {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(is_shared) {
            return false;
        }
        *slot = None;
        true
    }

    /// What is read from, if the store is open: it stays open as long as this is held.
    fn held_open(&self) -> Option<Arc<Reading>> {
        self.slot().clone()
    }
}

/// Somebody holds it besides the slot, under whose lock it is shared.
fn is_shared(reading: &Arc<Reading>) -> bool {
    Arc::strong_count(reading) > 1
}

impl Reading {
    fn reader(&self) -> MutexGuard<'_, Option<SqliteReader>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Viewer, &SqliteReader) -> Result<T, StoreError>,
    ) -> Result<T, RpcError> {
        let mut reader = self.reader();
        let reader = match &mut *reader {
            Some(reader) => reader,
            none => none.insert(self.common.reader(&self.name)?),
        };
        Ok(read(&self.viewer, reader)?)
    }
}

impl AccountHandle {
    pub(super) fn new(
        facts: AccountFacts,
        condition: Condition,
        common: &Arc<Common>,
        pool: &WorkerPool,
    ) -> Self {
        let beside = Arc::new(Beside {
            condition: Mutex::new(condition),
            ..Beside::default()
        });
        let facts = Arc::new(facts);
        let home = StoredAccount::new(Arc::clone(&facts), Arc::clone(common), Arc::clone(&beside));
        let (clock, metrics) = (Arc::clone(&common.clock), Arc::clone(&common.metrics));
        Self {
            name: facts.name.clone(),
            identity: facts.identity,
            worker: Worker::new(home, pool, clock, metrics),
            facts,
            beside,
        }
    }

    /// As the interface shows it.
    #[must_use]
    pub fn info(&self) -> AccountInfo {
        let AccountFacts {
            name,
            identity,
            installation,
            created_at,
        } = &*self.facts;
        AccountInfo::new(name, identity, installation, *created_at)
    }

    /// What was last found of it.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.beside.condition().clone()
    }

    /// What needs the chat key and no store. Opens the account if it is closed.
    ///
    /// # Errors
    /// As of [`Worker::call`].
    pub async fn opener(&self) -> Result<Opener, RpcError> {
        if let Some(reading) = self.beside.held_open() {
            self.worker.used();
            return Ok(reading.opener.clone());
        }
        self.worker.call(|engine, _, _| Ok(engine.opener())).await
    }

    /// Reads on a connection of its own, beside the worker, which opens the account for it first if
    /// it is closed.
    ///
    /// # Errors
    /// [`rpc::ErrorKind::StoreFailed`], or as of [`Worker::call`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Viewer, &SqliteReader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let _turn = self.beside.turn.lock().await;
        let reading = self.reading().await?;
        blocking(move || reading.read(read)).await
    }

    /// Counts what the store holds, and opens it for that: see [`Self::condition`]. Of an account
    /// that keeps its caller waiting longer than a second, the last count stands.
    ///
    /// # Errors
    /// As of [`Worker::call`].
    pub async fn count(&self) -> Result<(), RpcError> {
        timeout(PATIENCE, self.worker.count())
            .await
            .unwrap_or(Ok(()))
    }

    /// What is read from, held open; whoever calls this has the turn.
    async fn reading(&self) -> Result<Arc<Reading>, RpcError> {
        match self.beside.held_open() {
            Some(reading) => {
                self.worker.used();
                Ok(reading)
            }
            None => self.opened().await,
        }
    }

    /// Has the worker open the account, and holds it open.
    async fn opened(&self) -> Result<Arc<Reading>, RpcError> {
        let beside = Arc::clone(&self.beside);
        let held = self.worker.call(move |_, _, _| Ok(beside.held_open()));
        held.await?
            .ok_or_else(|| RpcError::internal("a call was run on an account that is closed"))
    }

    /// Opens a sealed message with the identity's key, or with the keys it shares with others as
    /// far as they were derived.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub async fn unseal(
        &self,
        sealed: Arc<[u8]>,
    ) -> Result<Result<SignedMessage, UnsealError>, RpcError> {
        let opener = self.opener().await?;
        let others = self.read(|_, reader| reader.correspondents(MAX_NEGOTIATED_KEYS));
        let others = others.await?;
        blocking(move || Ok(opener.unseal(&sealed, &others))).await
    }
}
