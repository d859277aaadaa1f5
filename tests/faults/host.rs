//! A daemon that is killed while it is asked.

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

use super::{fault_injector::Weather, random::Random};
use crate::support::{Daemon, SILENCE};

/// What became of a request.
#[derive(Debug)]
pub enum Reply {
    Result(Value),
    Error(Value),
    /// No answer: it may have happened or not.
    Lost,
    /// Nobody was there to take it: it did not happen.
    NotSent,
}

/// Where in a request the daemon dies.
enum Moment {
    /// So many bytes of the request have been sent.
    Byte(usize),
    /// The request has been sent, and so many times others had their turn.
    Waiting(usize),
    /// The answer has been read.
    Answered,
}

/// A daemon, and the number of requests until it is killed.
pub struct Site {
    daemon: Mutex<Daemon>,
    weather: Option<Weather>,
    socket: PathBuf,
    fuse: AtomicI64,
    /// Requests between two kills, at most; 0: nobody is killed.
    calm: AtomicUsize,
    /// Rises when a kill begins, and again when the daemon is back: odd while it is away.
    turns: AtomicU64,
}

impl Site {
    /// Nothing is killed before [`Self::arm`].
    pub fn new(daemon: Daemon, weather: Option<Weather>) -> Self {
        Self {
            socket: daemon.socket(),
            weather,
            daemon: Mutex::new(daemon),
            fuse: AtomicI64::new(0),
            calm: AtomicUsize::new(0),
            turns: AtomicU64::new(0),
        }
    }

    /// From now on the daemon dies in one of every `calm` requests at most, whichever chance
    /// chooses, and its disk fails in one of every `fair`; 0: in none.
    pub fn arm(&self, random: &mut Random, calm: usize, fair: usize) {
        if let Some(weather) = &self.weather {
            weather.arm(random, fair);
        }
        self.calm.store(calm, SeqCst);
        self.light(random);
    }

    fn light(&self, random: &mut Random) {
        let requests = match self.calm.load(SeqCst) {
            0 => 0,
            calm => 1 + random.below(calm),
        };
        self.fuse
            .store(i64::try_from(requests).expect("few"), SeqCst);
    }

    /// How often it was killed.
    pub fn kills(&self) -> u64 {
        self.turns.load(SeqCst) / 2
    }

    /// How often its disk failed, and how many calls of the system did.
    pub fn faults(&self) -> (u64, u64) {
        self.weather.as_ref().map_or((0, 0), Weather::faults)
    }

    /// The daemon, while it runs.
    pub fn daemon(&self) -> MutexGuard<'_, Daemon> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the daemon, lets `away` at its directory, and starts it again.
    pub fn kill(&self, away: impl FnOnce(&Path)) {
        let mut daemon = self.daemon();
        self.turns.fetch_add(1, SeqCst);
        daemon.kill();
        away(&daemon.data_dir());
        daemon.restart();
        self.turns.fetch_add(1, SeqCst);
    }

    /// Asks. If it is this request's turn, the daemon is killed at some moment of it, and `away` is
    /// called with its directory before it is started again.
    ///
    /// # Panics
    /// If there is no answer although nobody killed the daemon.
    pub fn call(
        &self,
        random: &mut Random,
        method: &str,
        params: &Value,
        away: fn(&mut Random, &Path),
    ) -> Reply {
        if let Some(weather) = &self.weather {
            weather.pass(random);
        }
        let turn = self.turns.load(SeqCst);
        let its_turn = self.fuse.fetch_sub(1, SeqCst) == 1;
        let request = request(method, params);
        let moment = its_turn.then(|| match random.below(8) {
            0 => Moment::Byte(random.below(request.len())),
            1 => Moment::Answered,
            _ => Moment::Waiting(random.below(2000)),
        });
        let mut kill = || {
            self.kill(|directory| {
                if let Some(weather) = &self.weather {
                    weather.clear();
                }
                away(random, directory);
            });
            if let Some(weather) = &self.weather {
                weather.resume(random);
            }
            self.light(random);
        };
        let reply = match moment {
            None => self.exchange(&request, || ()),
            Some(Moment::Byte(sent)) => {
                let stream = self.send(&request[..sent]);
                kill();
                stream.map_or(Reply::NotSent, |_| Reply::Lost)
            }
            Some(Moment::Waiting(turns)) => self.exchange(&request, || {
                for _ in 0..turns {
                    std::thread::yield_now();
                }
                kill();
            }),
            Some(Moment::Answered) => {
                let reply = self.exchange(&request, || ());
                kill();
                reply
            }
        };
        if matches!(reply, Reply::Lost | Reply::NotSent) {
            assert_ne!(
                self.wait(),
                turn,
                "{method}: no answer, and nobody killed the daemon"
            );
        }
        reply
    }

    /// Asks without ever being the one that kills, until there is an answer.
    pub fn look(&self, method: &str, params: &Value) -> Value {
        loop {
            match self.exchange(&request(method, params), || ()) {
                Reply::Result(result) => return result,
                Reply::Error(error) => panic!("{method}: {error}"),
                Reply::Lost | Reply::NotSent => self.wait(),
            };
        }
    }

    /// Waits for a daemon that is being killed to be back; how many turns there were then.
    fn wait(&self) -> u64 {
        // Whoever kills holds the daemon until it is back.
        let daemon = self.daemon();
        let turns = self.turns.load(SeqCst);
        assert_eq!(turns % 2, 0, "a daemon was killed and did not come back");
        drop(daemon);
        turns
    }

    /// Sends, does something else, and reads what came back.
    fn exchange(&self, request: &str, meanwhile: impl FnOnce()) -> Reply {
        let stream = self.send(request);
        meanwhile();
        let Ok(mut stream) = stream else {
            return Reply::NotSent;
        };
        let mut raw = Vec::new();
        if stream.read_to_end(&mut raw).is_err() {
            return Reply::Lost;
        }
        let body = raw
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .and_then(|end| raw.get(end + 4..))
            .unwrap_or_default();
        let Ok(mut answer) = serde_json::from_slice::<Value>(body) else {
            // Cut off, or nothing at all.
            return Reply::Lost;
        };
        match answer.get_mut("error") {
            Some(error) => Reply::Error(error.take()),
            None => Reply::Result(answer["result"].take()),
        }
    }

    fn send(&self, request: &str) -> io::Result<UnixStream> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(SILENCE))?;
        // What cannot be sent gets no answer either, and may have been read in part.
        let _ = stream.write_all(request.as_bytes());
        Ok(stream)
    }
}

fn request(method: &str, params: &Value) -> String {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
