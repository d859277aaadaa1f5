//! The way of log lines to standard error.
//!
//! Whoever reads standard error may have stopped, and then a write does not return. So a call that
//! logs puts its line into a queue, which never blocks, and one thread writes what is in there.
//! What finds the queue full, or cannot be written, is lost: it is counted, and as soon as lines
//! can be written again one of them says how many are missing.

use std::{
    io,
    mem::{swap, take},
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use prometheus::IntCounter;

/// Bytes of lines that wait (1 MiB): some thousands, more than a busy daemon logs in a second at
/// `debug`. A reader that keeps up is never that far behind.
const MAX_BYTES: usize = 1 << 20;
/// Bytes of a buffer that are kept for the next lines. The rest of a larger one is given back.
const KEPT_BYTES: usize = 64 << 10;

/// The queue.
#[derive(Debug)]
pub(super) struct LogQueue {
    state: Mutex<State>,
    /// There is something for the writing thread to do.
    filled: Condvar,
    /// The writing thread has come back for more.
    written: Condvar,
    writer: OnceLock<ThreadId>,
    lost: IntCounter,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines that were lost, and of which no line tells yet.
    untold: u64,
    /// The writing thread has lines that are not written yet.
    writing: bool,
}

impl LogQueue {
    /// An empty queue, which counts the lines that it loses in `lost`.
    pub(super) fn new(lost: IntCounter) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
            writer: OnceLock::new(),
            lost,
        }
    }

    /// Nothing panics under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        let is_full = state.waiting.len().saturating_add(line.len()) > MAX_BYTES;
        // The writing thread itself has something to say of lines that were lost.
        if is_full && self.writer.get() != Some(&thread::current().id()) {
            self.lose(&mut state, 1);
            return;
        }
        let was_empty = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    fn lose(&self, state: &mut State, lines: u64) {
        state.untold = state.untold.saturating_add(lines);
        self.lost.inc_by(lines);
    }

    /// Writes what comes to `out`, on the thread of the caller and without end. When lines were
    /// lost and can be written again, `tell` is called with their number, and may log it.
    pub(super) fn write_to(&self, mut out: impl io::Write, tell: impl Fn(u64)) -> ! {
        let _ = self.writer.set(thread::current().id());
        let mut lines = Vec::new();
        let mut works = true;
        loop {
            let untold = self.next(&mut lines, works);
            if untold > 0 {
                // It comes behind the lines that are about to be written, and before all later
                // ones: in the place of those that are missing.
                tell(untold);
            }
            let lost = write_all(&mut out, &lines);
            works = lost == 0;
            if !works {
                self.lose(&mut self.lock(), lost);
            }
        }
    }

    /// Waits for lines and moves them into `lines`; gives the number of lost ones that are to be
    /// told of. While writing fails they are left untold: nobody would read it.
    fn next(&self, lines: &mut Vec<u8>, works: bool) -> u64 {
        lines.clear();
        lines.shrink_to(KEPT_BYTES);
        let mut state = self.lock();
        state.writing = false;
        self.written.notify_all();
        let mut state = self
            .filled
            .wait_while(state, |state| {
                state.waiting.is_empty() && (state.untold == 0 || !works)
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        swap(lines, &mut state.waiting);
        if works { take(&mut state.untold) } else { 0 }
    }

    /// Waits until everything is written, but no longer than this.
    pub(super) fn flush(&self, limit: Duration) {
        let unwritten = |state: &mut State| state.writing || !state.waiting.is_empty();
        drop(
            self.written
                .wait_timeout_while(self.lock(), limit, unwritten),
        );
    }
}

impl io::Write for &LogQueue {
    /// Takes a whole line. Never blocks, and never fails.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines; how many of them were not written, or not whole.
fn write_all(out: &mut impl io::Write, lines: &[u8]) -> u64 {
    let mut rest = lines;
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(0) => break,
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    rest.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _, pipe},
        sync::Arc,
    };

    use super::*;

    /// A queue whose lines go into `out`, and which tells of lost ones as the log does.
    fn started(out: impl io::Write + Send + 'static) -> Arc<LogQueue> {
        let queue = Arc::new(LogQueue::new(
            IntCounter::new("lost", "Lines lost.").unwrap(),
        ));
        let writing = Arc::clone(&queue);
        thread::spawn(move || {
            writing.write_to(out, |lost| {
                (&*writing)
                    .write_all(format!("{lost} lost\n").as_bytes())
                    .unwrap();
            })
        });
        queue
    }

    fn log(mut queue: &LogQueue, line: &str) {
        queue.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// More than any test has to wait.
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn lines_come_in_order_and_all_of_them_are_there_after_a_flush() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let queue = started(file.reopen().unwrap());
        let lines: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
        lines.iter().for_each(|line| log(&queue, line));
        queue.flush(LONG);
        let written = std::fs::read_to_string(file.path()).unwrap();
        assert!(written.lines().eq(&lines));
        assert_eq!(queue.lost.get(), 0);
    }

    #[test]
    fn while_nobody_reads_lines_are_dropped_and_in_their_place_stands_how_many() {
        let (mut reader, out) = pipe().unwrap();
        let queue = started(out);
        // More than a pipe holds: the writing thread is in the middle of it from now on.
        let first = "first".repeat(1 << 16);
        log(&queue, &first);
        while !queue.lock().waiting.is_empty() {
            thread::yield_now();
        }
        // Far more than the queue holds; no line of it blocks.
        let line = "x".repeat(1000);
        let logged = 3 * MAX_BYTES / line.len();
        (0..logged).for_each(|_| log(&queue, &line));
        let lost = queue.lost.get();
        assert!(lost > 0, "none was lost");
        queue.flush(Duration::ZERO);
        // Somebody reads again.
        let kept = logged - usize::try_from(lost).unwrap();
        let lines = format!("{line}\n").repeat(kept);
        let expected = format!("{first}\n{lines}{lost} lost\n");
        let mut read = vec![0; expected.len()];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(String::from_utf8(read).unwrap(), expected);
        queue.flush(LONG);
        log(&queue, "afterwards");
        let mut read = [0; 11];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"afterwards\n");
        assert_eq!(queue.lost.get(), lost);
    }

    /// A disk that is full for its first writes.
    struct Full {
        refused: usize,
        file: std::fs::File,
    }

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.refused > 0 {
                self.refused -= 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.file.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_told_of_once_they_can() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let queue = started(Full {
            refused: 2,
            file: file.reopen().unwrap(),
        });
        for line in ["first", "second", "third"] {
            log(&queue, line);
            queue.flush(LONG);
        }
        // The line about them comes by itself, behind the one that could be written.
        while std::fs::read_to_string(file.path()).unwrap() != "third\n2 lost\n" {
            thread::yield_now();
        }
        assert_eq!(queue.lost.get(), 2);
    }
}
