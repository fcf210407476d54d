//! The bytes of one connection, and how many of them may be read before they make sense.
//!
//! A WebSocket library collects a frame until it is whole, and a phone that never finishes its frames would let it collect for
//! ever. So each socket may have a little under way for nothing; for more it needs room that all share, and then it must come to
//! an end in time. What may not be read yet stays with the sender.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::PollSemaphore;

/// What a socket may have under way without asking: all that most phones ever send at once.
pub const FREE_BYTES: usize = 8 * 1024;
/// All that somebody unknown may say on a socket: the proof is the longest of it.
pub const STRANGER_BYTES: usize = 16 * 1024;
/// So long a big frame may take, once it has its room: 4 kB a second for the biggest.
const FRAME_LIMIT: Duration = Duration::from_secs(30);

/// Before the payload of a control frame of a client: two bytes and the mask.
const CONTROL_HEADER_BYTES: usize = 6;

/// Counts what is under way on one connection. Both ends of it are used by one task.
#[derive(Clone, Debug, Default)]
pub struct Inflow(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    by: Rule,
    /// Read and not yet part of something whole.
    bytes: usize,
}

#[derive(Debug, Default)]
enum Rule {
    /// HTTP: its own limits hold.
    #[default]
    Unlimited,
    Stranger,
    Known(Box<Room>),
}

/// Where a big frame gets its room.
#[derive(Debug)]
struct Room {
    shared: PollSemaphore,
    frame_bytes: u32,
    held: Option<(OwnedSemaphorePermit, Pin<Box<Sleep>>)>,
}

impl Inflow {
    /// Something came at all. A browser may open a connection in case it will need one.
    pub fn has_begun(&self) -> bool {
        self.counted().bytes > 0
    }

    /// From now on a socket, of somebody unknown.
    pub fn of_stranger(&self) {
        let mut counted = self.counted();
        counted.by = Rule::Stranger;
        counted.bytes = 0;
    }

    /// The phone has proven who it is. Frames of up to `frame_bytes` share the bytes of `room`, which nobody closes.
    pub fn of_phone(&self, room: Arc<Semaphore>, frame_bytes: usize) {
        let frame_bytes = u32::try_from(frame_bytes).unwrap_or(u32::MAX);
        let mut counted = self.counted();
        counted.by = Rule::Known(Box::new(Room { shared: PollSemaphore::new(room), frame_bytes, held: None }));
        counted.bytes = 0;
    }

    /// A ping or a pong with so long a payload came in between.
    pub fn control(&self, payload_bytes: usize) {
        let mut counted = self.counted();
        counted.bytes = counted.bytes.saturating_sub(CONTROL_HEADER_BYTES + payload_bytes);
    }

    /// A message was whole and is dealt with; what was read of the next one is less than the library reads at once.
    pub fn understood(&self) {
        let mut counted = self.counted();
        counted.bytes = 0;
        if let Rule::Known(room) = &mut counted.by {
            room.held = None;
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// How many bytes may be read now, at least one.
    fn poll_may_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match &mut self.by {
            Rule::Unlimited => Poll::Ready(Ok(usize::MAX)),
            Rule::Stranger if self.bytes >= STRANGER_BYTES => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too much before the proof")))
            }
            Rule::Stranger => Poll::Ready(Ok(STRANGER_BYTES - self.bytes)),
            Rule::Known(_) if self.bytes < FREE_BYTES => Poll::Ready(Ok(FREE_BYTES - self.bytes)),
            Rule::Known(room) => {
                let limit = match &mut room.held {
                    Some((_, limit)) => limit,
                    None => {
                        // The semaphore is never closed.
                        let Some(permit) = ready!(room.shared.poll_acquire_many(cx, room.frame_bytes)) else {
                            return Poll::Pending;
                        };
                        &mut room.held.insert((permit, Box::pin(tokio::time::sleep(FRAME_LIMIT)))).1
                    }
                };
                match limit.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "a frame that does not end")))
                    }
                    Poll::Pending => Poll::Ready(Ok(usize::MAX)),
                }
            }
        }
    }
}

/// A connection whose reading is counted. It holds its place among all connections until it is dropped.
#[derive(Debug)]
pub struct Wire<Stream> {
    stream: Stream,
    inflow: Inflow,
    _connection: OwnedSemaphorePermit,
}

impl<Stream> Wire<Stream> {
    pub fn new(stream: Stream, inflow: Inflow, connection: OwnedSemaphorePermit) -> Self {
        Self { stream, inflow, _connection: connection }
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Wire<Stream> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, inflow, .. } = &mut *self;
        let mut counted = inflow.counted();
        let most = ready!(counted.poll_may_read(cx))?.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(Pin::new(stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        counted.bytes += read;
        Poll::Ready(Ok(()))
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Wire<Stream> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const FRAME_BYTES: usize = 64 * 1024;

    fn wire() -> (Wire<DuplexStream>, DuplexStream, Inflow) {
        let (ours, theirs) = duplex(FRAME_BYTES);
        let inflow = Inflow::default();
        let connection = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("free");
        (Wire::new(ours, inflow.clone(), connection), theirs, inflow)
    }

    #[tokio::test]
    async fn a_stranger_may_say_only_so_much() {
        let (mut wire, mut theirs, inflow) = wire();
        inflow.of_stranger();
        theirs.write_all(&[0; STRANGER_BYTES + 1]).await.expect("said");
        let mut read = Vec::new();
        let error = wire.read_to_end(&mut read).await.expect_err("too much");
        assert_eq!((read.len(), error.kind()), (STRANGER_BYTES, io::ErrorKind::QuotaExceeded));
    }

    #[tokio::test]
    async fn a_big_frame_waits_for_room_and_gives_it_back() {
        let (mut wire, mut theirs, inflow) = wire();
        let room = Arc::new(Semaphore::new(0));
        inflow.of_phone(room.clone(), FRAME_BYTES);
        theirs.write_all(&[0; FRAME_BYTES]).await.expect("said");
        let mut read = vec![0; FRAME_BYTES];
        wire.read_exact(&mut read[..FREE_BYTES]).await.expect("so much is free");
        let more = tokio::time::timeout(Duration::from_millis(50), wire.read_exact(&mut read[FREE_BYTES..])).await;
        assert!(more.is_err(), "there is no room");
        room.add_permits(FRAME_BYTES);
        wire.read_exact(&mut read[FREE_BYTES..]).await.expect("there is room");
        assert_eq!(room.available_permits(), 0);
        inflow.understood();
        assert_eq!(room.available_permits(), FRAME_BYTES);
    }

    #[tokio::test]
    async fn pongs_of_a_whole_day_need_no_room() {
        let (mut wire, mut theirs, inflow) = wire();
        inflow.of_phone(Arc::new(Semaphore::new(0)), FRAME_BYTES);
        for _ in 0..2 * 60 * 24 {
            theirs.write_all(&[0; CONTROL_HEADER_BYTES]).await.expect("said");
            wire.read_exact(&mut [0; CONTROL_HEADER_BYTES]).await.expect("read");
            inflow.control(0);
        }
    }
}
