//! The bytes of a connection: it ends when its client takes nothing of what is written to it, and
//! what is read of a WebSocket's message has its room in the budget.

use std::{
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    runtime::Handle,
    sync::{AcquireError, OwnedSemaphorePermit},
    time::{Sleep, sleep},
};

use super::{MAX_REQUEST_BYTES, connection_limits::Place};
use crate::ops::{
    budget::{Budget, Room},
    metrics::Open,
};

/// A message of a WebSocket is read so far whether or not there is room for it: of all connections
/// together these are 16 MiB.
const MAX_UNCOUNTED: usize = 64 * 1024;
/// The head of a control frame from a client: two bytes, and four of mask.
const CONTROL_HEAD: usize = 6;

/// The message of a WebSocket that is being read.
#[derive(Debug)]
pub(super) struct Incoming {
    reading: Mutex<Reading>,
    budget: Budget,
}

#[derive(Debug)]
struct Reading {
    is_websocket: bool,
    /// Bytes read since the last message ended.
    bytes: usize,
    room: Room,
    /// The client is told by a close why it is not read any more.
    lingers: bool,
}

impl Incoming {
    fn new(budget: Budget) -> Self {
        let room = budget.room();
        Self {
            reading: Mutex::new(Reading {
                is_websocket: false,
                bytes: 0,
                room,
                lingers: false,
            }),
            budget,
        }
    }

    /// From here on bytes are those of messages.
    pub(super) fn becomes_websocket(&self) {
        self.reading().is_websocket = true;
    }

    /// A message was read to its end. Its room may be too small, or too large.
    pub(super) fn message_ends(&self) -> Room {
        let mut reading = self.reading();
        reading.bytes = 0;
        mem::replace(&mut reading.room, self.budget.room())
    }

    /// A ping or a pong with so many bytes was read, which is no part of a message.
    pub(super) fn control_ends(&self, payload: usize) {
        let mut reading = self.reading();
        let frame = payload.saturating_add(CONTROL_HEAD);
        reading.bytes = reading.bytes.saturating_sub(frame);
    }

    /// What the client still sends is read and dropped for a moment when the connection is closed: a
    /// system that closes one with bytes unread tells the other end so, and may throw away what was
    /// written last.
    pub(super) fn lingers(&self) {
        self.reading().lingers = true;
    }

    fn read(&self, bytes: usize) {
        let mut reading = self.reading();
        reading.bytes = reading.bytes.saturating_add(bytes);
    }

    /// Nothing under the lock can panic half way.
    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room that is waited for.
type Acquiring =
    Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

/// How long a connection is read on whose client is told why it is closed.
const LINGER: Duration = Duration::from_secs(2);

/// What connections come over.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Socket for S {}

/// The stream of a connection. It holds its place as long as it is open, as a WebSocket too.
pub(super) struct ConnectionStream<S: Socket> {
    /// None once it lingers.
    stream: Option<S>,
    incoming: Arc<Incoming>,
    acquiring: Option<Acquiring>,
    /// How long a write may make no progress.
    write_timeout: Duration,
    /// Running while a write waits for the client.
    waiting: Option<Pin<Box<Sleep>>>,
    broken: bool,
    /// Who reads is told when it breaks: reader and writer of a WebSocket are two tasks.
    reader: Option<Waker>,
    /// Its place among those that may be open, and its part in their number.
    place: Option<(Arc<Place>, Open)>,
}

impl<S: Socket> ConnectionStream<S> {
    pub(super) fn new(
        stream: S,
        write_timeout: Duration,
        place: (Arc<Place>, Open),
        budget: Budget,
    ) -> Self {
        Self {
            stream: Some(stream),
            incoming: Arc::new(Incoming::new(budget)),
            acquiring: None,
            write_timeout,
            waiting: None,
            broken: false,
            reader: None,
            place: Some(place),
        }
    }

    pub(super) fn incoming(&self) -> Arc<Incoming> {
        Arc::clone(&self.incoming)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(given_up)
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
        let write_timeout = self.write_timeout;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.broken = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Err(given_up()))
    }

    /// Whether more may be read: there has to be room for a message of the largest size, however
    /// much of it comes. So no two messages wait for each other, each with half of its room. Who
    /// asks is woken when there is.
    fn has_room(&mut self, context: &mut Context<'_>) -> bool {
        let mut reading = self.incoming.reading();
        if !reading.is_websocket
            || reading.bytes <= MAX_UNCOUNTED
            || reading.room.bytes() >= MAX_REQUEST_BYTES
            || reading.room.resize(MAX_REQUEST_BYTES)
        {
            return true;
        }
        let acquiring = self.acquiring.get_or_insert_with(|| {
            let budget = Arc::clone(&self.incoming.budget.0);
            const { assert!(MAX_REQUEST_BYTES <= u32::MAX as usize) };
            Box::pin(budget.acquire_many_owned(MAX_REQUEST_BYTES as u32))
        });
        let Poll::Ready(Ok(found)) = acquiring.as_mut().poll(context) else {
            return false;
        };
        self.acquiring = None;
        reading.room.add(found);
        true
    }
}

impl<S: Socket> Drop for ConnectionStream<S> {
    fn drop(&mut self) {
        if !self.incoming.reading().lingers {
            return;
        }
        // Without a runtime the daemon is at its end.
        if let (Some(mut stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) {
            let place = self.place.take();
            runtime.spawn(async move {
                let _ = stream.shutdown().await;
                let mut nowhere = tokio::io::sink();
                let dropped = tokio::io::copy(&mut stream, &mut nowhere);
                let _ = tokio::time::timeout(LINGER, dropped).await;
                drop(place);
            });
        }
    }
}

fn given_up() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client was given up")
}

impl<S: Socket> AsyncRead for ConnectionStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.broken {
            return Poll::Ready(Err(given_up()));
        }
        if !self.has_room(context) {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = self.stream()?.poll_read(context, buffer);
        self.reader = read.is_pending().then(|| context.waker().clone());
        self.incoming
            .read(buffer.filled().len().saturating_sub(before));
        read
    }
}

impl<S: Socket> AsyncWrite for ConnectionStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Err(given_up()));
        }
        let written = self.stream()?.poll_write(context, bytes);
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
        let written = self.stream()?.poll_write_vectored(context, slices);
        self.judged(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(S::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, DuplexStream, split};

    use super::*;
    use crate::{
        ops::metrics::{Listener, Metrics},
        server::connection_limits::Callers,
    };

    /// Room for one message of the largest size, and a bit.
    const BUDGET: usize = MAX_REQUEST_BYTES + 10;

    fn stream(write_timeout: Duration) -> (Callers, ConnectionStream<DuplexStream>, DuplexStream) {
        let places = Callers::new(1);
        let place = Arc::new(places.place().unwrap());
        let (ours, theirs) = tokio::io::duplex(4);
        let open = Metrics::new().unwrap().connected(Listener::Unix);
        (
            places,
            ConnectionStream::new(ours, write_timeout, (place, open), Budget::new(BUDGET)),
            theirs,
        )
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up_by_writer_and_reader_and_its_place_is_free() {
        let (places, stream, _client) = stream(Duration::from_millis(1));
        let (mut reader, mut writer) = split(stream);
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
        let (_places, mut stream, mut client) = stream(Duration::MAX);
        stream.write_all(b"1234").await.unwrap();
        let full = poll_fn(|context| {
            Poll::Ready(Pin::new(&mut stream).poll_write(context, b"5").is_pending())
        });
        assert!(full.await);
        assert!(stream.waiting.is_some());
        client.read_u8().await.unwrap();
        stream.write_u8(b'5').await.unwrap();
        assert!(stream.waiting.is_none());
    }

    /// Whether there is something to read, and it may be read.
    async fn reads(stream: &mut ConnectionStream<DuplexStream>) -> bool {
        poll_fn(|context| {
            let mut byte = [0];
            let mut buffer = ReadBuf::new(&mut byte);
            let read = Pin::new(&mut *stream).poll_read(context, &mut buffer);
            Poll::Ready(read.is_ready())
        })
        .await
    }

    #[tokio::test]
    async fn a_message_of_a_websocket_is_read_on_when_there_is_room_for_the_largest() {
        let (_places, mut stream, mut client) = stream(Duration::MAX);
        let incoming = stream.incoming();
        let others = incoming.budget.take(BUDGET).unwrap();
        let sending = tokio::spawn(async move {
            let _ = client.write_all(&vec![0; 4 * MAX_UNCOUNTED]).await;
        });
        // Before it is a WebSocket nothing is counted as a message's.
        stream
            .read_exact(&mut vec![0; 2 * MAX_UNCOUNTED])
            .await
            .unwrap();
        incoming.message_ends();
        incoming.becomes_websocket();
        stream
            .read_exact(&mut vec![0; MAX_UNCOUNTED + 1])
            .await
            .unwrap();
        assert!(!reads(&mut stream).await, "there is no room");
        // Pings and pongs are no part of it.
        incoming.control_ends(1);
        assert!(reads(&mut stream).await);
        stream.read_exact(&mut [0; CONTROL_HEAD]).await.unwrap();
        assert!(!reads(&mut stream).await, "there is no room");
        drop(others);
        stream.read_u8().await.unwrap();
        assert!(incoming.budget.take(11).is_none(), "it is counted");
        let room = incoming.message_ends();
        assert_eq!(room.bytes(), MAX_REQUEST_BYTES);
        drop(room);
        assert!(incoming.budget.take(BUDGET).is_some());
        sending.abort();
    }
}
