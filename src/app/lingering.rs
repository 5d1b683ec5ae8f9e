//! Closes a connection of HTTP/1 whose peer is still sending a body that nobody reads any more, so that it can read the
//! answer (RFC 9112 §9.6): what arrives at a closed socket is answered by a reset, which overtakes what was said before.
//! It keeps no connection whose peer has nothing to say, and serves nobody longer than it says.
//!
//! Whoever sends more than is listened to, or offers an upgrade (`hyper` then drops the stream instead of closing it), may
//! still be reset.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::traffic::Traffic;

/// How long we listen after the last answer, and to how many bytes, until the peer closes its side.
const LISTENS_FOR: Duration = Duration::from_secs(2);
const LISTENS_TO: usize = 8 << 20;

/// A stream whose end waits for its peer where the peer was interrupted.
pub(super) struct Lingering {
    stream: TcpStream,
    traffic: Traffic,
    heard: usize,
    until: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    pub(super) fn new(stream: TcpStream, traffic: Traffic) -> Self {
        Self { stream, traffic, heard: 0, until: None }
    }

    /// Ready when the peer has closed its side, or was listened to for long enough.
    fn poll_heard_out(&mut self, until: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
        if until.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut bytes = [0; 8 * 1024];
        while self.heard < LISTENS_TO {
            let mut heard = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut heard)) {
                Ok(()) if !heard.filled().is_empty() => self.heard += heard.filled().len(),
                // It has closed, or reset.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, bytes)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut until = match self.until.take() {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
                if !self.traffic.was_interrupted() {
                    return Poll::Ready(Ok(()));
                }
                // Who was silent since is not sending.
                let answered = self.traffic.quiet_since().unwrap_or_else(Instant::now);
                Box::pin(sleep_until(answered + LISTENS_FOR))
            }
        };
        let heard_out = self.poll_heard_out(until.as_mut(), cx);
        self.until = Some(until);
        heard_out.map(Ok)
    }
}

/// The body of a request of HTTP/1; the traffic hears of one that is not read to its end here.
pub(super) struct Asked {
    body: Incoming,
    is_whole: bool,
    traffic: Traffic,
}

impl Asked {
    pub(super) fn new(body: Incoming, traffic: Traffic) -> Self {
        let is_whole = body.is_end_stream();
        Self { body, is_whole, traffic }
    }
}

impl HttpBody for Asked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.is_whole |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.is_whole && !self.body.is_end_stream() {
            self.traffic.interrupt();
        }
    }
}
