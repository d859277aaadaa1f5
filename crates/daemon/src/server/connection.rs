//! The bytes of a connection: it ends when its client takes nothing of what is written to it, what
//! is read of a WebSocket's message has its room in the budget, and a client that is still sending
//! when it was answered is heard out for a while.

use std::{
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    runtime::Handle,
    sync::{AcquireError, OwnedSemaphorePermit},
    time::{Sleep, sleep, timeout},
};

use super::{
    MAX_REQUEST_BYTES,
    connection_limits::{HasToGo, Place},
    errors::Refusal,
};
use crate::ops::{
    budget::{Budget, Room},
    metrics::Open,
};

/// A message of a WebSocket is read so far whether or not there is room for it: of all connections
/// together these are 16 MiB.
const MAX_UNCOUNTED: usize = 64 * 1024;
/// The head of a control frame from a client: two bytes, and four of mask.
const CONTROL_HEAD: usize = 6;
/// A client that was answered before it had sent everything is heard out for so long at most: 64
/// MiB over a home's uplink.
const LINGER: Duration = Duration::from_secs(30);
/// One that has not ended its side of the connection by then, and says nothing, is not waited for.
const LINGER_SILENCE: Duration = Duration::from_secs(5);
/// Bytes that are read and dropped for it: some times the largest request, for clients that read
/// nothing before they have sent everything.
const MAX_LINGER_BYTES: usize = 64 << 20;
/// Bytes of them that are read at once.
const LINGER_BUFFER: usize = 16 * 1024;

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
}

impl Incoming {
    fn new(budget: Budget) -> Self {
        let room = budget.room();
        Self {
            reading: Mutex::new(Reading {
                is_websocket: false,
                bytes: 0,
                room,
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
    /// Whether there is nothing more to read: the client has ended its side, or is gone.
    ended: bool,
    /// Whether something was written, which must not be lost.
    has_written: bool,
    /// Who reads is told when it breaks: reader and writer of a WebSocket are two tasks.
    reader: Option<Waker>,
    held: Held,
}

/// What a connection has as long as it is open.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Its place among those that may be open.
    pub(super) place: Arc<Place>,
    /// Its part in their number.
    #[expect(dead_code, reason = "held as long as the connection is open")]
    pub(super) open: Arc<Open>,
    pub(super) has_to_go: HasToGo,
}

impl<S: Socket> ConnectionStream<S> {
    pub(super) fn new(stream: S, write_timeout: Duration, held: Held, budget: Budget) -> Self {
        Self {
            stream: Some(stream),
            incoming: Arc::new(Incoming::new(budget)),
            acquiring: None,
            write_timeout,
            waiting: None,
            broken: false,
            ended: false,
            has_written: false,
            reader: None,
            held,
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
        if let Poll::Ready(result) = &written {
            self.waiting = None;
            self.has_written |= result.is_ok();
            self.ended |= result.is_err();
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
        if self.ended || self.broken || !self.has_written {
            return;
        }
        // Without a runtime the daemon is at its end.
        if let (Some(stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) {
            let mut held = self.held.clone();
            runtime.spawn(async move {
                tokio::select! {
                    biased;
                    () = held.has_to_go.told() => {}
                    () = linger(stream) => {}
                }
                drop(held);
            });
        }
    }
}

/// Says that nothing more comes, and reads and drops what the client still sends: a system that
/// closes a connection with bytes unread tells the other end so, which may then throw away what was
/// written last, or never come to read it.
async fn linger<S: Socket>(mut stream: S) {
    let _ = stream.shutdown().await;
    let mut left = MAX_LINGER_BYTES;
    let mut dropped = vec![0; LINGER_BUFFER];
    let reading = async {
        while let Ok(Ok(read @ 1..)) = timeout(LINGER_SILENCE, stream.read(&mut dropped)).await {
            left = left.saturating_sub(read);
            if left == 0 {
                break;
            }
        }
    };
    let _ = timeout(LINGER, reading).await;
}

/// Tells a client why it is not served, whatever it asks for: its request is read over. It is told
/// when it has begun to send one, since some clients take an answer that comes before for a fault.
pub(super) async fn dismiss<S: Socket>(mut stream: S, refusal: &Refusal) {
    let answer = refusal.to_http();
    let told = async {
        let read = stream.read(&mut [0; 1]).await?;
        stream.write_all(answer.as_bytes()).await?;
        io::Result::Ok(read)
    };
    if let Ok(Ok(1..)) = timeout(LINGER_SILENCE, told).await {
        linger(stream).await;
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
        let bytes = buffer.filled().len().saturating_sub(before);
        self.ended |= match &read {
            Poll::Ready(Ok(())) => bytes == 0 && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        self.incoming.read(bytes);
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
    use std::future::{pending, poll_fn};

    use tokio::{
        io::{DuplexStream, split},
        time::Instant,
    };

    use super::*;
    use crate::{
        ops::metrics::{Listener, Metrics},
        server::connection_limits::Callers,
    };

    /// Room for one message of the largest size, and a bit.
    const BUDGET: usize = MAX_REQUEST_BYTES + 10;

    fn stream(write_timeout: Duration) -> (Callers, ConnectionStream<DuplexStream>, DuplexStream) {
        let places = Callers::new(1);
        let held = Held {
            place: Arc::new(places.place().unwrap()),
            open: Arc::new(Metrics::new().unwrap().connected(Listener::Unix)),
            has_to_go: HasToGo::never(),
        };
        let (ours, theirs) = tokio::io::duplex(4);
        let stream = ConnectionStream::new(ours, write_timeout, held, Budget::new(BUDGET));
        (places, stream, theirs)
    }

    /// Time passes when there is nothing else to do.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_was_answered_is_heard_out_until_it_is_silent_or_takes_too_long() {
        let half = LINGER_SILENCE / 2;
        for (pause, expected) in [(None, LINGER_SILENCE), (Some(half), LINGER)] {
            let (places, mut stream, mut client) = stream(Duration::MAX);
            stream.write_u8(b'a').await.unwrap();
            drop(stream);
            let began = Instant::now();
            assert_eq!(client.read_u8().await.unwrap(), b'a');
            let end = client.read_u8().await.unwrap_err();
            assert_eq!(
                end.kind(),
                io::ErrorKind::UnexpectedEof,
                "nothing more comes"
            );
            let sending = tokio::spawn(async move {
                while let Some(pause) = pause {
                    let _ = client.write_u8(b' ').await;
                    sleep(pause).await;
                }
                pending::<()>().await;
                drop(client);
            });
            while places.place().is_none() {
                sleep(Duration::from_millis(100)).await;
            }
            let took = began.elapsed();
            let second = Duration::from_secs(1);
            assert!((expected..expected + second).contains(&took), "{took:?}");
            sending.abort();
        }
    }

    #[tokio::test]
    async fn a_client_that_has_ended_its_side_or_was_told_nothing_is_not_waited_for() {
        let (places, silent, _client) = stream(Duration::MAX);
        drop(silent);
        assert!(places.place().is_some());
        let (places, mut answered, client) = stream(Duration::MAX);
        answered.write_u8(b'a').await.unwrap();
        drop(client);
        assert!(answered.read_u8().await.is_err());
        drop(answered);
        assert!(places.place().is_some());
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
