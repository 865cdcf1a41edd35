//! A connection whose client has to read: who takes an answer too slowly is cut off.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// How far a reader may fall behind [`PACE`].
const PATIENCE: Duration = Duration::from_secs(10);
/// The bytes a second that a reader has to take: half of what the slowest mobile network carries.
const PACE: u32 = 2048;

/// A stream that fails a write with `TimedOut` when its reader falls too far behind. So an answer
/// of n bytes takes 10 s and n / 2048 s at most, however its reader spreads them.
pub struct Paced<S> {
    stream: S,
    /// When the patience with the present write ends. None: the reader keeps up.
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    /// A stream with a reader who keeps up so far.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            deadline: None,
            timer: None,
        }
    }

    /// What a write came to, unless the reader had its time.
    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = written else {
            let patience_ends = || Instant::now() + PATIENCE;
            let deadline = *self.deadline.get_or_insert_with(patience_ends);
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        };
        if let (Ok(bytes), Some(deadline)) = (&written, self.deadline) {
            let earned = Duration::from_secs(1) * u32::try_from(*bytes).unwrap_or(u32::MAX) / PACE;
            let later = deadline + earned;
            self.deadline = Some(later).filter(|later| *later < Instant::now() + PATIENCE);
        }
        Poll::Ready(written)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::sleep,
    };

    /// Has an answer of this many KiB read at so many bytes every second: how long its writer was
    /// busy with it, and whether that went well.
    async fn answer(kib: usize, bytes: usize) -> (Duration, bool) {
        let (ours, mut theirs) = duplex(4096);
        let began = Instant::now();
        let writing = tokio::spawn(async move {
            let sent = Paced::new(ours).write_all(&vec![0; kib * 1024]).await;
            (began.elapsed(), sent.is_ok())
        });
        let mut taken = vec![0; bytes];
        while !writing.is_finished() {
            sleep(Duration::from_secs(1)).await;
            if bytes > 0 {
                let count = theirs.read(&mut taken).await.unwrap();
                assert!(count <= bytes);
            }
        }
        writing.await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_gets_everything_and_who_hardly_reads_is_cut_off() {
        let (took, all) = answer(100, 0).await;
        assert!(!all && took.as_secs() == 10, "{took:?}");
        // A byte now and then buys no time.
        let (took, all) = answer(100, 1).await;
        assert!(!all && took.as_secs() == 10, "{took:?}");
        // 1,000 bytes a second buy half a second each.
        let (took, all) = answer(100, 1000).await;
        assert!(!all && (18..=20).contains(&took.as_secs()), "{took:?}");
        let (took, all) = answer(100, 4096).await;
        assert!(all && took.as_secs() == 24, "{took:?}");
        let (took, all) = answer(1, 0).await;
        assert!(all && took.is_zero(), "nothing had to be read");
    }
}
