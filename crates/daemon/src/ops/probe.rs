//! Whether the daemon works: a real message between two scratch devices, encrypted, stored and
//! read.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{
    Engine, Env, ReceiveRequest, SendRequest,
    model::{Account, AccountName, Outcome},
    store::Transaction,
    wire::WireMessage,
};
use rand_core::Rng as _;
use session_store::{DataDir, SqliteStore};

use crate::ops::{clock::Clock, entropy::entropy};

/// Scratch devices, in the data directory so that they live on the same disk.
const DIRECTORY: &str = "probe";
/// Anyone may ask whether the daemon works, so it is checked at most this often.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
const GREETING: &[u8] = b"ready?";

/// What failed.
type Fault = Box<dyn std::error::Error>;

/// The probe and its last answer.
#[derive(Debug)]
pub struct Probe {
    directory: PathBuf,
    clock: Arc<Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    devices: Option<ScratchDevices>,
    /// The answer, and the running time of the check.
    last: Option<(Duration, Result<(), String>)>,
}

#[derive(Debug)]
struct ScratchDevices {
    sender: ScratchDevice,
    receiver: ScratchDevice,
    /// Keeps its lock.
    _directory: DataDir,
}

#[derive(Debug)]
struct ScratchDevice {
    identity: IdentityKey,
    engine: Engine,
    store: SqliteStore,
}

impl Probe {
    /// A probe that works below `data_dir`.
    #[must_use]
    pub fn new(data_dir: &Path, clock: Arc<Clock>) -> Self {
        Self {
            directory: data_dir.join(DIRECTORY),
            clock,
            state: Mutex::default(),
        }
    }

    /// Whether a message can be encrypted, stored and read now. Blocks.
    ///
    /// # Errors
    /// What fails, in words.
    pub fn check(&self) -> Result<(), String> {
        // A check that panicked had taken the devices: the next one makes new ones.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, answer)) = &state.last
            && self.clock.running().saturating_sub(*at) < REMEMBERED_FOR
        {
            return answer.clone();
        }
        let exchanged = self.exchange(&mut state.devices);
        let answer = exchanged.map_err(|error| error.to_string());
        if answer.is_err() {
            // The next check begins with new devices: a store that failed may be broken.
            state.devices = None;
        }
        state.last = Some((self.clock.running(), answer.clone()));
        answer
    }

    fn exchange(&self, devices: &mut Option<ScratchDevices>) -> Result<(), Fault> {
        let mut ready = match devices.take() {
            Some(ready) => ready,
            None => self.make_devices()?,
        };
        let recipient = ready.receiver.identity;
        let sender = ready.sender.identity;
        let sent = ready
            .sender
            .in_transaction(&self.clock, |engine, store, env| {
                let request = SendRequest {
                    recipients: vec![recipient],
                    payload: GREETING.to_vec().into(),
                    request_id: None,
                    seal: None,
                };
                engine.send(store, env, &request)
            })?;
        let wire = sent
            .messages
            .into_iter()
            .next()
            .ok_or("no message was made")?
            .wire;
        let received = ready
            .receiver
            .in_transaction(&self.clock, |engine, store, env| {
                let request = ReceiveRequest {
                    sender,
                    message: WireMessage::decode(&wire),
                    confirm: true,
                    sealed: false,
                };
                engine.receive(store, env, request)
            })?;
        match received.outcome {
            Outcome::Decrypted(text) if text.as_slice() == GREETING => {}
            other => return Err(format!("a message was not read: {other:?}").into()),
        }
        // The next message goes the other way, so that the session is answered.
        std::mem::swap(&mut ready.sender, &mut ready.receiver);
        *devices = Some(ready);
        Ok(())
    }

    fn make_devices(&self) -> Result<ScratchDevices, Fault> {
        if self.directory.exists() {
            std::fs::remove_dir_all(&self.directory)?;
        }
        let directory = DataDir::open(&self.directory, None, &mut entropy())?;
        Ok(ScratchDevices {
            sender: self.make_device(&directory, "a")?,
            receiver: self.make_device(&directory, "b")?,
            _directory: directory,
        })
    }

    fn make_device(&self, directory: &DataDir, name: &str) -> Result<ScratchDevice, Fault> {
        let mut id = [0; 16];
        entropy().fill_bytes(&mut id);
        let account = Account {
            name: AccountName::parse(name)?,
            identity: IdentityKeyPair::generate(&mut entropy()).into(),
            installation: InstallationId::from_random(id),
            fresh_installation: true,
            created_at: self.clock.now(),
        };
        let store = directory.create_account(&account)?;
        Ok(ScratchDevice {
            identity: *account.identity.public(),
            engine: Engine::new(account, engine::Config::default()),
            store,
        })
    }
}

impl ScratchDevice {
    fn in_transaction<T, E: std::error::Error + 'static>(
        &mut self,
        clock: &Clock,
        call: impl FnOnce(&mut Engine, &mut SqliteStore, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, Fault> {
        let mut rng = entropy();
        let mut env = Env {
            now: clock.now(),
            running: clock.running(),
            rng: &mut rng,
        };
        self.store.begin()?;
        let result = call(&mut self.engine, &mut self.store, &mut env);
        let ended = if result.is_ok() {
            self.store.commit()
        } else {
            self.store.abort()
        };
        ended?;
        Ok(result?)
    }
}
