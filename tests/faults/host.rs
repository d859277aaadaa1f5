//! One machine of a fault run: a daemon that can be killed at a random moment of a request, and the
//! fault injector of its disk.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use serde_json::{Value, json};

use super::{fault_injector::FaultInjector, random::Random};
use crate::support::{self, Daemon, SILENCE};

/// What became of a call.
#[derive(Debug)]
pub enum CallOutcome {
    Result(Value),
    Error(Value),
    /// There was no answer: the call may have been carried out or not.
    Lost,
    /// The daemon could not be reached: the call was not carried out.
    NotSent,
}

/// Where in a request the daemon dies.
enum Moment {
    /// After this many bytes of the request were sent.
    Byte(usize),
    /// After the request was sent and this thread has yielded this many times.
    Waiting(usize),
    /// After the answer was read.
    Answered,
}

/// A daemon, its disk, and what is to happen to them.
pub struct Host {
    daemon: Mutex<Daemon>,
    injector: Option<FaultInjector>,
    socket: PathBuf,
    /// Requests until the daemon is killed.
    countdown: AtomicI64,
    /// Most requests between two kills; 0: the daemon is not killed.
    kill_interval: AtomicUsize,
    /// Counts the starts and ends of kills: odd while the daemon is down.
    transitions: AtomicU64,
}

impl Host {
    /// Nothing happens to it before [`Self::arm`].
    pub fn new(daemon: Daemon, injector: Option<FaultInjector>) -> Self {
        Self {
            socket: daemon.socket(),
            injector,
            daemon: Mutex::new(daemon),
            countdown: AtomicI64::new(0),
            kill_interval: AtomicUsize::new(0),
            transitions: AtomicU64::new(0),
        }
    }

    /// From now on the daemon is killed after at most `kill_interval` requests, and its disk fails
    /// after at most `fault_interval`; both are chosen anew each time. 0: never.
    pub fn arm(&self, random: &mut Random, kill_interval: usize, fault_interval: usize) {
        if let Some(injector) = &self.injector {
            injector.arm(random, fault_interval);
        }
        self.kill_interval.store(kill_interval, SeqCst);
        self.reset_countdown(random);
    }

    fn reset_countdown(&self, random: &mut Random) {
        let requests = match self.kill_interval.load(SeqCst) {
            0 => 0,
            kill_interval => 1 + random.below(kill_interval),
        };
        self.countdown
            .store(i64::try_from(requests).expect("few"), SeqCst);
    }

    /// How often it was killed.
    pub fn kills(&self) -> u64 {
        self.transitions.load(SeqCst) / 2
    }

    /// How often its disk failed, and how many calls of the system did.
    pub fn faults(&self) -> (u64, u64) {
        self.injector.as_ref().map_or((0, 0), FaultInjector::faults)
    }

    /// The daemon; waits while it is being killed and restarted.
    pub fn daemon(&self) -> MutexGuard<'_, Daemon> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the daemon, calls `while_down` with its data directory, and starts it again.
    pub fn kill(&self, while_down: impl FnOnce(&Path)) {
        let mut daemon = self.daemon();
        self.transitions.fetch_add(1, SeqCst);
        daemon.kill();
        while_down(&daemon.data_dir());
        daemon.restart();
        self.transitions.fetch_add(1, SeqCst);
    }

    /// Makes a call. If the countdown has run out, the daemon is killed at some moment of this
    /// call, and `while_down` is called with its data directory before it is started again.
    ///
    /// # Panics
    /// If there is no answer although the daemon was not killed.
    pub fn call(
        &self,
        random: &mut Random,
        method: &str,
        params: &Value,
        while_down: fn(&mut Random, &Path),
    ) -> CallOutcome {
        if let Some(injector) = &self.injector {
            injector.before_request(random);
        }
        let before = self.transitions.load(SeqCst);
        let dies_now = self.countdown.fetch_sub(1, SeqCst) == 1;
        let request = request(method, params);
        let moment = dies_now.then(|| match random.below(8) {
            0 => Moment::Byte(random.below(request.len())),
            1 => Moment::Answered,
            _ => Moment::Waiting(random.below(2000)),
        });
        let mut kill = || {
            self.kill(|directory| {
                if let Some(injector) = &self.injector {
                    injector.stop();
                }
                while_down(random, directory);
            });
            if let Some(injector) = &self.injector {
                injector.resume(random);
            }
            self.reset_countdown(random);
        };
        let answer = match moment {
            None => self.exchange(&request, || ()),
            Some(Moment::Byte(sent)) => {
                let stream = self.send(&request[..sent]);
                kill();
                stream.map_or(CallOutcome::NotSent, |_| CallOutcome::Lost)
            }
            Some(Moment::Waiting(yields)) => self.exchange(&request, || {
                for _ in 0..yields {
                    std::thread::yield_now();
                }
                kill();
            }),
            Some(Moment::Answered) => {
                let answer = self.exchange(&request, || ());
                kill();
                answer
            }
        };
        if matches!(answer, CallOutcome::Lost | CallOutcome::NotSent) {
            assert_ne!(
                self.wait_until_up(),
                before,
                "{method}: no answer, and the daemon was not killed"
            );
        }
        answer
    }

    /// Repeats a call until it is answered. It never kills the daemon itself.
    pub fn ask_until_answered(&self, method: &str, params: &Value) -> Value {
        loop {
            match self.exchange(&request(method, params), || ()) {
                CallOutcome::Result(result) => return result,
                CallOutcome::Error(error) => panic!("{method}: {error}"),
                CallOutcome::Lost | CallOutcome::NotSent => self.wait_until_up(),
            };
        }
    }

    /// Waits until a daemon that is being killed is back; the count of transitions then.
    fn wait_until_up(&self) -> u64 {
        // The thread that kills it holds the lock until it is back.
        let daemon = self.daemon();
        let transitions = self.transitions.load(SeqCst);
        assert_eq!(
            transitions % 2,
            0,
            "a daemon was killed and did not come back"
        );
        drop(daemon);
        transitions
    }

    /// Sends a request, calls `meanwhile`, and reads what came back.
    fn exchange(&self, request: &str, meanwhile: impl FnOnce()) -> CallOutcome {
        let stream = self.send(request);
        meanwhile();
        let Ok(mut stream) = stream else {
            return CallOutcome::NotSent;
        };
        let mut raw = Vec::new();
        if stream.read_to_end(&mut raw).is_err() {
            return CallOutcome::Lost;
        }
        let body = raw
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .and_then(|end| raw.get(end + 4..))
            .unwrap_or_default();
        let Ok(mut answer) = serde_json::from_slice::<Value>(body) else {
            // The answer was cut off, or there was none.
            return CallOutcome::Lost;
        };
        match answer.get_mut("error") {
            Some(error) => CallOutcome::Error(error.take()),
            None => CallOutcome::Result(answer["result"].take()),
        }
    }

    fn send(&self, request: &str) -> io::Result<UnixStream> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(SILENCE))?;
        // A request that cannot be sent whole may have been read in part, and gets no answer.
        let _ = stream.write_all(request.as_bytes());
        Ok(stream)
    }
}

fn request(method: &str, params: &Value) -> String {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    support::request("", &body.to_string())
}
