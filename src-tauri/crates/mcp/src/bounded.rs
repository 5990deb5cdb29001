//! Lines with an end: a client that never ends its line is not read to the end of this machine's memory.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

/// Bytes of one message: a file for a card in Base64 is far below.
pub(crate) const LINE: usize = 64 * 1024 * 1024;

/// Reads on while each line has at most [`LINE`] bytes, and then is an error.
#[derive(Debug)]
pub(crate) struct Bounded<R> {
    inner: R,
    /// Since the last end of a line.
    since: usize,
}

impl<R> Bounded<R> {
    pub fn new(inner: R) -> Bounded<R> {
        Bounded { inner, since: 0 }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        self.since = match read.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => read.len() - end - 1,
            None => self.since + read.len(),
        };
        if self.since > LINE {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a message is larger than 64 MiB",
            )));
        }
        Poll::Ready(Ok(()))
    }
}
