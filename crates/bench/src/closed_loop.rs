//! A closed loop: each connection has one call on its way, and makes the next when the answer is there.

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
    connection::Line,
    process::{Process, cpu_time},
};

/// Longest latency that is told apart from longer ones: a minute, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;
/// Digits of a latency that are kept.
const DIGITS: u8 = 3;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `system_version`: what a call costs that does nothing.
    Empty,
    /// `message_encrypt` to one device with an established session.
    Encrypt,
    /// `message_decrypt`, confirmed at once.
    Decrypt,
    /// `message_encryptGroup`.
    Group,
    /// `message_decrypt` of a sealed message that is for somebody else.
    Strange,
}

impl Kind {
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

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("{name:?} is none of empty, encrypt, decrypt, group, strange"))
    }
}

/// How long a loop goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// So long.
    Time(Duration),
    /// So many calls, all connections together.
    Calls(u64),
}

/// Where the calls come from, and the answers go.
pub(crate) trait Source {
    /// The next call of a connection; none ends the loop for all.
    fn next(&mut self, connection: usize) -> Option<(Kind, Rc<[u8]>)>;
    /// The body of an answer that is a result.
    fn answered(&mut self, connection: usize, kind: Kind, body: &[u8]) -> Result<(), String>;
}

/// Latencies of one kind, in nanoseconds.
pub(crate) type Latencies = Histogram<u64>;

/// An empty histogram.
pub(crate) fn latencies() -> Result<Latencies, String> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).map_err(|error| error.to_string())
}

/// What a loop has measured.
#[derive(Debug)]
pub(crate) struct Driven {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Of each kind of call.
    pub latencies: Vec<(Kind, Latencies)>,
    /// Calls that failed. Each ends its connection.
    pub errors: u64,
    /// What was wrong with the first of them.
    pub first_error: Option<String>,
    /// Processor time that the daemon took, if it can be known.
    pub daemon_cpu: Option<Duration>,
    /// Processor time that the caller took.
    pub own_cpu: Option<Duration>,
}

impl Driven {
    /// Calls that were answered.
    pub(crate) fn calls(&self) -> u64 {
        self.latencies.iter().map(|(_, held)| held.len()).sum()
    }

    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.calls() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

struct Loop<S> {
    source: Rc<RefCell<S>>,
    until: Option<Instant>,
    calls_left: Cell<u64>,
    over: Cell<bool>,
    measured: RefCell<Vec<(Kind, Latencies)>>,
    errors: RefCell<Vec<String>>,
}

/// Makes calls on so many connections until the limit is reached or there are none left.
pub(crate) async fn drive<S: Source + 'static>(
    socket: &Path,
    connections: usize,
    limit: Limit,
    source: &Rc<RefCell<S>>,
) -> Result<Driven, String> {
    let mut lines = Vec::with_capacity(connections);
    for _ in 0..connections {
        lines.push(Line::open(socket).await?);
    }
    let daemon = lines.first().and_then(Line::process).map(Process::new);
    let measured = Kind::ALL
        .into_iter()
        .map(|kind| Ok((kind, latencies()?)))
        .collect::<Result<_, String>>()?;
    let cpu_before = (
        daemon.as_ref().and_then(cpu_time),
        cpu_time(&Process::own()),
    );
    let began = Instant::now();
    let shared = Rc::new(Loop {
        source: Rc::clone(source),
        until: match limit {
            Limit::Time(span) => began.checked_add(span),
            Limit::Calls(_) => None,
        },
        calls_left: Cell::new(match limit {
            Limit::Time(_) => u64::MAX,
            Limit::Calls(calls) => calls,
        }),
        over: Cell::new(false),
        measured: RefCell::new(measured),
        errors: RefCell::default(),
    });
    let tasks = LocalSet::new();
    for (connection, line) in lines.into_iter().enumerate() {
        tasks.spawn_local(Rc::clone(&shared).run(connection, line));
    }
    tasks.await;
    let elapsed = began.elapsed();
    let cpu_after = (
        daemon.as_ref().and_then(cpu_time),
        cpu_time(&Process::own()),
    );
    let spent =
        |before: Option<Duration>, after: Option<Duration>| Some(after?.saturating_sub(before?));
    let errors = shared.errors.take();
    let mut latencies = shared.measured.take();
    latencies.retain(|(_, held)| !held.is_empty());
    Ok(Driven {
        elapsed,
        latencies,
        errors: errors.len() as u64,
        first_error: errors.into_iter().next(),
        daemon_cpu: spent(cpu_before.0, cpu_after.0),
        own_cpu: spent(cpu_before.1, cpu_after.1),
    })
}

impl<S: Source> Loop<S> {
    async fn run(self: Rc<Self>, connection: usize, mut line: Line) {
        while let Some((kind, request)) = self.next(connection) {
            let began = Instant::now();
            let answer = line.call(&request).await;
            let taken = began.elapsed();
            let kept =
                answer.and_then(|body| self.source.borrow_mut().answered(connection, kind, body));
            if let Err(error) = kept {
                self.errors
                    .borrow_mut()
                    .push(format!("{}: {error}", kind.name()));
                return;
            }
            let nanos = u64::try_from(taken.as_nanos()).unwrap_or(LONGEST_NS);
            for (of, held) in self.measured.borrow_mut().iter_mut() {
                if *of == kind {
                    held.saturating_record(nanos);
                }
            }
        }
    }

    fn next(&self, connection: usize) -> Option<(Kind, Rc<[u8]>)> {
        let left = self.calls_left.get();
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        if self.over.get() || late || left == 0 {
            return None;
        }
        let next = self.source.borrow_mut().next(connection);
        match next {
            Some(_) => self.calls_left.set(left - 1),
            // What is timed ends with the first connection that has nothing left: fewer would be measured for more. What is
            // counted is made by the others.
            None => self.over.set(self.until.is_some()),
        }
        next
    }
}
