//! Whether the daemon works: the files that calls need can be written ([`Stores`]), and a real
//! message between two scratch devices is encrypted, stored and read.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{
    Engine, Env, ReceiveRequest, SendRequest,
    model::{Account, AccountName, Outcome, ReceiveError, SendError, StoreError, Trouble},
    store::Transaction,
    wire::WireMessage,
};
use rand_core::Rng as _;
use session_store::{DataDir, OpenError, SqliteStore, Unwritable};
use tokio::sync::Mutex;

use crate::ops::{clock::Clock, entropy::entropy};

/// Scratch devices, in the data directory so that they live on the same disk.
const DIRECTORY: &str = "probe";
/// Anyone may ask whether the daemon works, so it is checked at most this often.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
const GREETING: &[u8] = b"ready?";
/// Faults that an answer spells out; the others are counted.
const MAX_NAMED: usize = 3;

/// Something that calls would meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The account it is about, if it is about one.
    pub account: Option<AccountName>,
    /// What is wrong, with the path of the file where there is one.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl Fault {
    /// A fault of all accounts.
    pub(crate) fn new(problem: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            account: None,
            problem: problem.into(),
            mend: mend.into(),
        }
    }

    /// The same of one account.
    pub(crate) fn of(self, account: &AccountName) -> Self {
        Self {
            account: Some(account.clone()),
            ..self
        }
    }
}

impl From<Unwritable> for Fault {
    fn from(found: Unwritable) -> Self {
        Self::new(found.to_string(), found.mend)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = &self.account {
            write!(f, "account {account}: ")?;
        }
        f.write_str(&self.problem)
    }
}

/// What is wrong: one fault at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Arc<[Fault]>);

impl Faults {
    /// Why a call on this account would fail; what fails for all is left out.
    pub(crate) fn of(&self, account: &AccountName) -> Option<String> {
        let mut faults = self.0.iter();
        let fault = faults.find(|fault| fault.account.as_ref() == Some(account))?;
        Some(fault.problem.clone())
    }

    /// What to do about those that are spelt out, in their order.
    pub(crate) fn hint(&self) -> String {
        let mut mends: Vec<&str> = Vec::new();
        for fault in self.0.iter().take(MAX_NAMED) {
            if !mends.contains(&fault.mend.as_str()) {
                mends.push(&fault.mend);
            }
        }
        mends.join("; ")
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().take(MAX_NAMED).enumerate() {
            let before = if number == 0 { "" } else { "; " };
            write!(f, "{before}{fault}")?;
        }
        match self.0.len().saturating_sub(MAX_NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The files that calls need.
pub trait Stores: fmt::Debug + Send + Sync {
    /// What of them cannot be written now. Blocks, and is called on a thread of the runtime that
    /// may block.
    fn faults(&self) -> Vec<Fault>;
}

/// The probe and its last answer.
#[derive(Debug)]
pub struct Probe {
    directory: PathBuf,
    clock: Arc<Clock>,
    stores: Arc<dyn Stores>,
    /// Held while a check runs: who asks meanwhile waits for its answer, and holds no thread.
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    devices: Option<ScratchDevices>,
    /// The answer, and the running time of the check.
    last: Option<(Duration, Result<(), Faults>)>,
}

/// Why no message was exchanged.
type Failed = Box<dyn std::error::Error>;

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
    /// A probe that works below `data_dir`, and looks at these stores.
    #[must_use]
    pub fn new(data_dir: &Path, clock: Arc<Clock>, stores: Arc<dyn Stores>) -> Self {
        Self {
            directory: data_dir.join(DIRECTORY),
            clock,
            stores,
            state: Arc::default(),
        }
    }

    /// Whether what calls need can be written, and a message encrypted, stored and read now.
    ///
    /// # Errors
    /// [`Faults`]: what is wrong.
    pub async fn check(self: Arc<Self>) -> Result<(), Faults> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        if let Some((at, answer)) = &state.last
            && self.clock.running().saturating_sub(*at) < REMEMBERED_FOR
        {
            return answer.clone();
        }
        let check = move || {
            let answer = self.check_now(&mut state.devices);
            state.last = Some((self.clock.running(), answer.clone()));
            answer
        };
        // A check that panicked had taken the devices: the next one makes new ones.
        tokio::task::spawn_blocking(check)
            .await
            .unwrap_or_else(|_| {
                let mend = "the log has the details: please report them";
                let fault = Fault::new("the check failed inside the daemon", mend);
                Err(Faults([fault].into()))
            })
    }

    fn check_now(&self, devices: &mut Option<ScratchDevices>) -> Result<(), Faults> {
        let mut faults = self.stores.faults();
        if let Err(error) = self.exchange(devices) {
            // The next check begins with new devices: a store that failed may be broken.
            *devices = None;
            // What is wrong with the directory is wrong with theirs.
            if faults.is_empty() {
                let otherwise = "see that this is a directory of the daemon's user, or remove it: it holds nothing but the scratch devices of the check";
                let mend = trouble_of(&*error).map_or(otherwise, Trouble::advice);
                let problem = format!("{}: {error}", self.directory.display());
                faults.push(Fault::new(problem, mend));
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Faults(faults.into()))
        }
    }

    fn exchange(&self, devices: &mut Option<ScratchDevices>) -> Result<(), Failed> {
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

    fn make_devices(&self) -> Result<ScratchDevices, Failed> {
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

    fn make_device(&self, directory: &DataDir, name: &str) -> Result<ScratchDevice, Failed> {
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

/// What the system has refused, if that is why no message was exchanged.
fn trouble_of(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let of_store = |error: &StoreError| match error {
        StoreError::Refused(trouble) => Some(*trouble),
        _ => None,
    };
    if let Some(error) = error.downcast_ref::<OpenError>() {
        error.trouble()
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        session_store::trouble(error)
    } else if let Some(SendError::Store(error)) = error.downcast_ref() {
        of_store(error)
    } else if let Some(ReceiveError::Store(error)) = error.downcast_ref() {
        of_store(error)
    } else {
        error.downcast_ref().and_then(of_store)
    }
}

impl ScratchDevice {
    fn in_transaction<T, E: std::error::Error + 'static>(
        &mut self,
        clock: &Clock,
        call: impl FnOnce(&mut Engine, &mut SqliteStore, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, Failed> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_a_few_faults_with_what_to_do_and_counts_the_others() {
        let name = |name: &str| AccountName::parse(name).unwrap();
        let fault = |account: &str, mend: &str| Fault::new("broken", mend).of(&name(account));
        let faults = Faults(
            [
                Fault::new("no room", "make room"),
                fault("a", "mend a"),
                fault("b", "make room"),
                fault("c", "mend c"),
            ]
            .into(),
        );
        assert_eq!(
            faults.to_string(),
            "no room; account a: broken; account b: broken; and 1 more"
        );
        assert_eq!(faults.hint(), "make room; mend a");
        assert_eq!(faults.of(&name("c")).as_deref(), Some("broken"));
        assert_eq!(faults.of(&name("d")), None);
    }
}
