//! A closed loop of calls: each connection has one call under way, and makes the next one when the
//! answer is there.

use std::{
    cell::RefCell,
    collections::VecDeque,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::LocalSet;

use crate::{
    connection::{Connection, find},
    figure::Round,
    process::cpu_seconds,
};

/// When a loop ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// After this time, or when a connection has no call left.
    Time(Duration),
    /// When each connection has made this many calls, or has none left.
    Each(usize),
}

/// What is called in a loop, and what is expected of the answers.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Whole requests. Connections take them from one queue after the other, and share queues if
    /// there are fewer of them.
    pub queues: Vec<VecDeque<Rc<[u8]>>>,
    /// Whether a request goes back to the end of its queue when it is made.
    pub repeat: bool,
    /// A part of every answer that is right.
    pub expected: &'static [u8],
    /// One in this many answers is kept.
    pub keep_one_in: Option<u64>,
    /// The answers that were kept.
    pub kept: Vec<Box<[u8]>>,
}

impl Calls {
    /// The same calls over and over.
    pub(crate) fn repeated(
        queues: impl IntoIterator<Item = VecDeque<Rc<[u8]>>>,
        expected: &'static [u8],
        keep_one_in: Option<u64>,
    ) -> Self {
        Self {
            queues: queues.into_iter().collect(),
            repeat: true,
            expected,
            keep_one_in,
            kept: Vec::new(),
        }
    }

    fn next(&mut self, connection: usize) -> Option<Rc<[u8]>> {
        let queue = connection.checked_rem(self.queues.len())?;
        let queue = self.queues.get_mut(queue)?;
        let call = queue.pop_front()?;
        if self.repeat {
            queue.push_back(Rc::clone(&call));
        }
        Some(call)
    }
}

/// What the tasks of a loop share; all of them run on one thread.
struct Shared {
    calls: Calls,
    limit: Limit,
    began: Instant,
    over: bool,
    round: Round,
    error: Option<String>,
}

impl Shared {
    /// The next call of a connection that has made some.
    fn next(&mut self, connection: usize, made: usize) -> Option<Rc<[u8]>> {
        let late = match self.limit {
            Limit::Time(span) => self.began.elapsed() >= span,
            Limit::Each(calls) => made >= calls,
        };
        if self.over || late {
            return None;
        }
        let next = self.calls.next(connection);
        // A loop limited by time would go on with fewer connections than it is reported with.
        self.over = next.is_none() && matches!(self.limit, Limit::Time(_));
        next
    }

    fn answered(&mut self, body: &[u8], taken: Duration) -> Result<(), String> {
        if find(body, self.calls.expected).is_none() {
            return Err("an answer is not the one expected".to_owned());
        }
        let number = self.round.latencies.len();
        if let Some(every) = self.calls.keep_one_in
            && number.is_multiple_of(every)
        {
            self.calls.kept.push(body.into());
        }
        self.round.record(taken);
        Ok(())
    }
}

/// Makes calls on this many connections until the limit is reached. The first one that fails ends
/// it.
pub(crate) async fn run_loop(
    socket: &Path,
    connections: usize,
    limit: Limit,
    calls: &mut Calls,
) -> Result<Round, String> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(socket).await?);
    }
    let daemon = opened.first().and_then(Connection::process);
    let cpu = || (cpu_seconds(daemon), cpu_seconds(Some(std::process::id())));
    let before = cpu();
    let shared = Rc::new(RefCell::new(Shared {
        calls: std::mem::take(calls),
        limit,
        began: Instant::now(),
        over: false,
        round: Round::new()?,
        error: None,
    }));
    let tasks = LocalSet::new();
    for (number, connection) in opened.into_iter().enumerate() {
        tasks.spawn_local(run(Rc::clone(&shared), number, connection));
    }
    tasks.await;
    let shared = Rc::into_inner(shared).ok_or("a loop has not ended")?;
    let shared = shared.into_inner();
    *calls = shared.calls;
    let after = cpu();
    shared.error.map_or(Ok(()), Err)?;
    Ok(Round {
        elapsed: shared.began.elapsed(),
        daemon_cpu: after.0 - before.0,
        caller_cpu: after.1 - before.1,
        ..shared.round
    })
}

async fn run(shared: Rc<RefCell<Shared>>, number: usize, mut connection: Connection) {
    for made in 0.. {
        let next = shared.borrow_mut().next(number, made);
        let Some(request) = next else { return };
        let began = Instant::now();
        let answer = connection.call(&request).await;
        let taken = began.elapsed();
        let mut shared = shared.borrow_mut();
        if let Err(error) = answer.and_then(|body| shared.answered(body, taken)) {
            shared.over = true;
            shared.error.get_or_insert(error);
        }
    }
}
