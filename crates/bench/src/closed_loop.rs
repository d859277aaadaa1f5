//! A closed loop of calls: each connection has one call under way, and makes the next one when the
//! answer is there.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    str::FromStr,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::task::LocalSet;

use crate::{
    connection::Connection,
    process::{Process, cpu_time},
};

/// Latencies above this, a minute in nanoseconds, are recorded as this.
const LONGEST_NS: u64 = 60_000_000_000;
/// Significant digits of a latency that are kept.
const DIGITS: u8 = 3;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CallKind {
    /// `system_version`: what a call costs that does nothing.
    Empty,
    /// `message_encrypt` to one device with an established session.
    Encrypt,
    /// `message_decrypt`, confirmed at once.
    Decrypt,
    /// `message_encryptGroup`.
    Group,
    /// `message_decrypt` of a sealed message that is for another identity.
    Strange,
}

impl CallKind {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Empty,
        Self::Encrypt,
        Self::Decrypt,
        Self::Group,
        Self::Strange,
    ];

    /// Its name in reports and options.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Group => "group",
            Self::Strange => "strange",
        }
    }
}

impl FromStr for CallKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("{name:?} is none of empty, encrypt, decrypt, group, strange"))
    }
}

/// When a loop ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// After this time.
    Time(Duration),
    /// After this many calls, all connections together.
    Calls(u64),
}

/// Makes the requests of a loop, and takes the answers.
pub(crate) trait Workload {
    /// The next call of a connection: its kind and the whole HTTP request. `None` when it has none
    /// left: that ends a loop limited by time, and this connection in one limited by calls.
    fn next(&mut self, connection: usize) -> Option<(CallKind, Rc<[u8]>)>;

    /// Takes the body of an answer, which is a result; an error if it is not the one expected.
    fn answered(&mut self, connection: usize, kind: CallKind, body: &[u8]) -> Result<(), String>;
}

/// Latencies of one kind of call, in nanoseconds.
pub(crate) type Latencies = Histogram<u64>;

/// An empty histogram.
pub(crate) fn latencies() -> Result<Latencies, String> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).map_err(|error| error.to_string())
}

/// What was measured in one loop.
#[derive(Debug)]
pub(crate) struct LoopResult {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// By kind of call; kinds without a call are left out.
    pub latencies: Vec<(CallKind, Latencies)>,
    /// Calls that failed. Each ended its connection.
    pub errors: u64,
    /// Why the first of them failed.
    pub first_error: Option<String>,
    /// Processor time of the daemon meanwhile; `None` if the system does not tell.
    pub daemon_cpu: Option<Duration>,
    /// Processor time of this process.
    pub own_cpu: Option<Duration>,
}

impl LoopResult {
    /// Calls that were answered.
    pub(crate) fn calls(&self) -> u64 {
        self.latencies.iter().map(|(_, each)| each.len()).sum()
    }

    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.calls() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

/// What the tasks of a loop share; all of them run on one thread.
struct Loop<W> {
    workload: Rc<RefCell<W>>,
    until: Option<Instant>,
    calls_left: Cell<u64>,
    over: Cell<bool>,
    latencies: RefCell<Vec<(CallKind, Latencies)>>,
    errors: RefCell<Vec<String>>,
}

/// Makes calls on this many connections until the limit is reached or the workload has none left.
pub(crate) async fn run_loop<W: Workload + 'static>(
    socket: &Path,
    connections: usize,
    limit: Limit,
    workload: &Rc<RefCell<W>>,
) -> Result<LoopResult, String> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(socket).await?);
    }
    let daemon = opened.first().and_then(Connection::process);
    let daemon = daemon.map(Process::new);
    let cpu_times = || {
        (
            daemon.as_ref().and_then(cpu_time),
            cpu_time(&Process::own()),
        )
    };
    let by_kind = CallKind::ALL
        .into_iter()
        .map(|kind| Ok((kind, latencies()?)))
        .collect::<Result<_, String>>()?;
    let cpu_before = cpu_times();
    let began = Instant::now();
    let (until, calls_left) = match limit {
        Limit::Time(span) => (began.checked_add(span), u64::MAX),
        Limit::Calls(calls) => (None, calls),
    };
    let shared = Rc::new(Loop {
        workload: Rc::clone(workload),
        until,
        calls_left: Cell::new(calls_left),
        over: Cell::new(false),
        latencies: RefCell::new(by_kind),
        errors: RefCell::default(),
    });
    let tasks = LocalSet::new();
    for (number, connection) in opened.into_iter().enumerate() {
        tasks.spawn_local(Rc::clone(&shared).run(number, connection));
    }
    tasks.await;
    let elapsed = began.elapsed();
    let cpu_after = cpu_times();
    let spent =
        |before: Option<Duration>, after: Option<Duration>| Some(after?.saturating_sub(before?));
    let errors = shared.errors.take();
    let mut latencies = shared.latencies.take();
    latencies.retain(|(_, each)| !each.is_empty());
    Ok(LoopResult {
        elapsed,
        latencies,
        errors: errors.len() as u64,
        first_error: errors.into_iter().next(),
        daemon_cpu: spent(cpu_before.0, cpu_after.0),
        own_cpu: spent(cpu_before.1, cpu_after.1),
    })
}

impl<W: Workload> Loop<W> {
    async fn run(self: Rc<Self>, number: usize, mut connection: Connection) {
        while let Some((kind, request)) = self.next(number) {
            let began = Instant::now();
            let answer = connection.call(&request).await;
            let taken = began.elapsed();
            let accepted =
                answer.and_then(|body| self.workload.borrow_mut().answered(number, kind, body));
            if let Err(error) = accepted {
                self.errors
                    .borrow_mut()
                    .push(format!("{}: {error}", kind.name()));
                return;
            }
            let nanos = u64::try_from(taken.as_nanos()).unwrap_or(LONGEST_NS);
            for (of, each) in self.latencies.borrow_mut().iter_mut() {
                if *of == kind {
                    each.saturating_record(nanos);
                }
            }
        }
    }

    fn next(&self, number: usize) -> Option<(CallKind, Rc<[u8]>)> {
        let left = self.calls_left.get();
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        if self.over.get() || late || left == 0 {
            return None;
        }
        let next = self.workload.borrow_mut().next(number);
        match next {
            Some(_) => self.calls_left.set(left - 1),
            // A loop limited by time would go on with fewer connections than it is reported with:
            // it ends. In one limited by calls the other connections make those that are left.
            None => self.over.set(self.until.is_some()),
        }
        next
    }
}
