//! Ending a connection from our side. While a client takes nothing, nothing asks a stream for more, so one that has
//! ended would keep its connection for as long as the client likes. A [`Hangup`] closes it all the same.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Ends the connection that it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hangup(Arc<State>);

#[derive(Debug, Default)]
struct State {
    over: AtomicBool,
    /// Who reads from the connection or writes to it: for HTTP one task.
    served_by: AtomicWaker,
}

impl Hangup {
    pub fn hang_up(&self) {
        self.0.over.store(true, Ordering::Release);
        self.0.served_by.wake();
    }

    fn check(&self, context: &mut Context<'_>) -> io::Result<()> {
        self.0.served_by.register(context.waker());
        if self.0.over.load(Ordering::Acquire) {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }
}

/// A listener whose connections can be ended.
pub(crate) struct Endable<L>(pub L);

impl<L: Listener> Listener for Endable<L> {
    type Io = Connection<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, from) = self.0.accept().await;
        (Connection { io, hangup: Hangup::default() }, from)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl<L: Listener> Connected<IncomingStream<'_, Endable<L>>> for Hangup {
    fn connect_info(stream: IncomingStream<'_, Endable<L>>) -> Hangup {
        stream.io().hangup.clone()
    }
}

pub(crate) struct Connection<Io> {
    io: Io,
    hangup: Hangup,
}

impl<Io: AsyncRead + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.hangup.check(context)?;
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.hangup.check(context)?;
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.hangup.check(context)?;
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.hangup.check(context)?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
