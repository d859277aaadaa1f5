//! A connection's bytes: with its place among the connections, and an end to answers that nobody takes and to frames
//! that nobody may send.

use std::{
    future::Future as _,
    io, mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use tokio_util::sync::PollSemaphore;

use super::{MAX_CALLS, MAX_REQUEST_BYTES, connection_limits::Place, frames::Frames};
use crate::ops::{
    budget::{Budget, Room},
    metrics::Open,
};

/// Messages of a WebSocket whose answers are not written yet, at most: past that its client is not read until some are,
/// or they would pile up in memory. More than the calls that may be running: to these much is answered at once.
const MAX_UNANSWERED: usize = MAX_CALLS + 64;

/// A message of a WebSocket that is no larger is read whether or not there is room for it: of all
/// connections together these are 16 MiB.
const MAX_UNCOUNTED: usize = 64 * 1024;

/// What a connection's bytes and the calls on it know of each other.
#[derive(Debug)]
pub(super) struct Flow {
    /// The client may send frames: they are held to their form.
    is_websocket: AtomicBool,
    unanswered: Mutex<Unanswered>,
    /// Of the message of a WebSocket that is being read.
    room: Mutex<Room>,
    budget: Budget,
}

#[derive(Debug, Default)]
struct Unanswered {
    messages: usize,
    /// Who reads, while it is not to read on.
    reader: Option<Waker>,
}

impl Flow {
    /// To be called before the client is told that it may speak WebSocket.
    pub(super) fn becomes_websocket(&self) {
        self.is_websocket.store(true, Ordering::Release);
    }

    fn new(budget: Budget) -> Self {
        Self {
            is_websocket: AtomicBool::default(),
            unanswered: Mutex::default(),
            room: Mutex::new(budget.room()),
            budget,
        }
    }

    /// The room that a message has which was read whole: it may be too small.
    pub(super) fn room_read_into(&self) -> Room {
        mem::replace(&mut *self.room(), self.budget.room())
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message that was answered, or that has no answer.
    pub(super) fn answered(&self) {
        let mut unanswered = self.unanswered();
        unanswered.messages = unanswered.messages.saturating_sub(1);
        if let Some(reader) = unanswered.reader.take() {
            reader.wake();
        }
    }

    fn asked(&self, messages: usize) {
        let mut unanswered = self.unanswered();
        unanswered.messages = unanswered.messages.saturating_add(messages);
    }

    /// Whether more may be read; who asks is woken when it may.
    fn may_read(&self, context: &Context<'_>) -> bool {
        let mut unanswered = self.unanswered();
        let may = unanswered.messages < MAX_UNANSWERED;
        unanswered.reader = (!may).then(|| context.waker().clone());
        may
    }

    fn unanswered(&self) -> MutexGuard<'_, Unanswered> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that breaks when its client takes nothing for a while of what is written to it. It holds its place
/// as long as it is open, as a WebSocket too.
pub(super) struct Guarded<S> {
    stream: S,
    flow: Arc<Flow>,
    /// How long a write may make no progress.
    patience: Duration,
    /// Running while a write waits for the client.
    waiting: Option<Pin<Box<Sleep>>>,
    broken: bool,
    /// Who reads is told when it breaks: reader and writer of a WebSocket are two tasks.
    reader: Option<Waker>,
    /// The last bytes of the head: nothing may follow it before the client may send frames.
    tail: [u8; 4],
    frames: Frames,
    /// Comes when there is room for what a message says of its length.
    roomy: PollSemaphore,
    /// Its place among those that may be open, and its part in their number.
    _place: (Arc<Place>, Open),
}

impl<S> Guarded<S> {
    pub(super) fn new(
        stream: S,
        patience: Duration,
        place: (Arc<Place>, Open),
        budget: Budget,
    ) -> Self {
        Self {
            stream,
            roomy: PollSemaphore::new(Arc::clone(&budget.0)),
            flow: Arc::new(Flow::new(budget)),
            patience,
            waiting: None,
            broken: false,
            reader: None,
            tail: [0; 4],
            frames: Frames::new(MAX_REQUEST_BYTES),
            _place: place,
        }
    }

    pub(super) fn flow(&self) -> Arc<Flow> {
        Arc::clone(&self.flow)
    }

    /// Passes on how a write went, unless it has waited for too long.
    fn judged<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.broken = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Err(given_up()))
    }

    /// Whether the message that is being read may be read on: there has to be room for as much as
    /// it says. Who asks is woken when there is.
    fn has_room(&mut self, context: &mut Context<'_>) -> bool {
        let message = self.frames.message();
        if message <= MAX_UNCOUNTED {
            return true;
        }
        let mut room = self.flow.room();
        if room.bytes() >= message || room.resize(message) {
            return true;
        }
        let missing = u32::try_from(message.saturating_sub(room.bytes())).unwrap_or(u32::MAX);
        match self.roomy.poll_acquire_many(context, missing) {
            Poll::Ready(Some(found)) => {
                room.add(found);
                true
            }
            Poll::Ready(None) | Poll::Pending => false,
        }
    }

    /// Judges what was read.
    fn follow(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.flow.is_websocket.load(Ordering::Acquire) {
            for byte in bytes
                .get(bytes.len().saturating_sub(4)..)
                .unwrap_or_default()
            {
                self.tail.rotate_left(1);
                self.tail[3] = *byte;
            }
            return Ok(());
        }
        let judged = if &self.tail == END_OF_HEAD {
            self.frames.follow(bytes)
        } else {
            Err("frames before they may be sent")
        };
        match judged {
            Ok(messages) => {
                self.flow.asked(messages);
                Ok(())
            }
            Err(wrong) => {
                self.broken = true;
                Err(io::Error::new(io::ErrorKind::InvalidData, wrong))
            }
        }
    }
}

const END_OF_HEAD: &[u8; 4] = b"\r\n\r\n";

fn given_up() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client was given up")
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.broken {
            return Poll::Ready(Err(given_up()));
        }
        if !self.flow.may_read(context) || !self.has_room(context) {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.reader = read.is_pending().then(|| context.waker().clone());
        self.follow(buffer.filled().get(before..).unwrap_or_default())?;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Err(given_up()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judged(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Err(given_up()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judged(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            // The library flushes after each message, and knows no other sign that one is written.
            self.flow.answered();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, split};

    use super::*;
    use crate::{
        ops::metrics::{Listener, Metrics},
        server::connection_limits::Callers,
    };

    /// Less than the largest message.
    const BUDGET: usize = 1 << 20;

    fn guarded(patience: Duration) -> (Callers, Guarded<DuplexStream>, DuplexStream) {
        let places = Callers::new(1);
        let place = Arc::new(places.place().unwrap());
        let (ours, theirs) = tokio::io::duplex(4);
        let open = Metrics::new().unwrap().connected(Listener::Unix);
        (
            places,
            Guarded::new(ours, patience, (place, open), Budget::new(BUDGET)),
            theirs,
        )
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up_by_writer_and_reader_and_its_place_is_free() {
        let (places, guarded, _client) = guarded(Duration::from_millis(1));
        let (mut reader, mut writer) = split(guarded);
        let reading = tokio::spawn(async move { reader.read_u8().await });
        let error = writer.write_all(b"more than four").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let read = reading.await.unwrap();
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(writer.write_u8(0).await.is_err(), "it does not mend");
        assert!(places.place().is_none());
        drop(writer);
        assert!(places.place().is_some());
    }

    #[tokio::test]
    async fn the_time_of_a_write_begins_anew_when_the_client_takes_something() {
        let (_places, mut guarded, mut client) = guarded(Duration::MAX);
        guarded.write_all(b"1234").await.unwrap();
        let full = poll_fn(|context| {
            Poll::Ready(
                Pin::new(&mut guarded)
                    .poll_write(context, b"5")
                    .is_pending(),
            )
        });
        assert!(full.await);
        assert!(guarded.waiting.is_some());
        client.read_u8().await.unwrap();
        guarded.write_u8(b'5').await.unwrap();
        assert!(guarded.waiting.is_none());
    }

    /// A frame with this first byte and nothing in it.
    fn frame(start: u8) -> [u8; 6] {
        [start, 0x80, 0, 0, 0, 0]
    }

    /// Reads what is there; `None` if the connection is not to be read.
    async fn read(guarded: &mut Guarded<DuplexStream>) -> Option<io::Result<usize>> {
        poll_fn(|context| {
            let mut bytes = [0; 4];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut *guarded).poll_read(context, &mut buffer);
            let length = buffer.filled().len();
            Poll::Ready(match read {
                Poll::Ready(read) => Some(read.map(|()| length)),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn a_websocket_with_too_much_unanswered_is_not_read_until_something_is() {
        let (_places, mut guarded, mut client) = guarded(Duration::MAX);
        client.write_all(END_OF_HEAD).await.unwrap();
        guarded.read_exact(&mut [0; 4]).await.unwrap();
        guarded.flow().becomes_websocket();
        let sending = tokio::spawn(async move {
            for _ in 0..=MAX_UNANSWERED {
                client.write_all(&frame(0x81)).await.unwrap();
            }
            client
        });
        guarded
            .read_exact(&mut [0; 6 * MAX_UNANSWERED])
            .await
            .unwrap();
        assert!(read(&mut guarded).await.is_none());
        guarded.flush().await.unwrap();
        guarded.read_exact(&mut [0; 6]).await.unwrap();
        assert!(read(&mut guarded).await.is_none());
        guarded.flow().answered();
        let client = sending.await.unwrap();
        drop(client);
        assert!(
            read(&mut guarded)
                .await
                .unwrap()
                .is_ok_and(|read| read == 0)
        );
    }

    #[tokio::test]
    async fn frames_that_come_before_they_may_break_the_connection() {
        let (_places, mut guarded, mut client) = guarded(Duration::MAX);
        client.write_all(b"\n\r\n\x81").await.unwrap();
        guarded.read_exact(&mut [0; 4]).await.unwrap();
        guarded.flow().becomes_websocket();
        client.write_all(&[0x80, 0]).await.unwrap();
        assert!(guarded.read_u8().await.is_err());
        assert!(guarded.write_u8(0).await.is_err());
    }

    /// The head of a frame of text of so many bytes.
    fn head_of(bytes: u32) -> [u8; 14] {
        let mut head = [0; 14];
        head[..2].copy_from_slice(&[0x81, 0xff]);
        head[6..10].copy_from_slice(&bytes.to_be_bytes());
        head
    }

    #[tokio::test]
    async fn a_message_of_a_websocket_is_read_on_when_there_is_room_for_as_much_as_it_says() {
        let (_places, mut guarded, mut client) = guarded(Duration::MAX);
        client.write_all(END_OF_HEAD).await.unwrap();
        guarded.read_exact(&mut [0; 4]).await.unwrap();
        guarded.flow().becomes_websocket();
        let flow = guarded.flow();
        let others = flow.budget.take(BUDGET).unwrap();
        let large = BUDGET - 1;
        let sending = tokio::spawn(async move {
            let head = head_of(u32::try_from(large).unwrap());
            client.write_all(&head).await.unwrap();
            client.write_all(&vec![0; large]).await.unwrap();
            client
        });
        guarded.read_exact(&mut [0; 14]).await.unwrap();
        assert!(read(&mut guarded).await.is_none(), "there is no room");
        drop(others);
        let mut message = vec![0; large];
        guarded.read_exact(&mut message).await.unwrap();
        assert!(flow.budget.take(2).is_none(), "it is counted");
        let room = flow.room_read_into();
        assert_eq!(room.bytes(), large);
        drop((room, sending.await.unwrap()));
        assert!(flow.budget.take(BUDGET).is_some());
    }
}
