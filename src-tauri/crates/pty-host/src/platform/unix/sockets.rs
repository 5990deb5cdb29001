//! The run's socket on Unix: who knocks, who has spoken and the bell of the other threads, all in one `poll`.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::platform::{Interest, Ready, short_path};
use crate::records;

/// What a client is, on its own side.
pub(crate) type Connection = UnixStream;

/// Where clients knock, and where the bell is heard.
pub(crate) struct Door {
    listener: UnixListener,
    hear: UnixStream,
}

/// Wakes whoever waits at the door.
pub(crate) struct Bell(UnixStream);

/// A client's connection, on the host's side. Never waits.
pub(crate) struct Stream(UnixStream);

/// Opens the socket in the working directory, for its owner only.
pub(crate) fn open_door() -> io::Result<(Door, Bell)> {
    // No moment in which the socket is open to others: there is only this thread yet.
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(records::SOCKET);
    rustix::process::umask(before);
    let listener = listener?;
    std::fs::set_permissions(records::SOCKET, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    let (tell, hear) = UnixStream::pair()?;
    tell.set_nonblocking(true)?;
    hear.set_nonblocking(true)?;
    Ok((Door { listener, hear }, Bell(tell)))
}

impl Door {
    /// Waits until the bell was rung, somebody knocks, or one of `clients` is ready for what it is asked about
    /// (or has gone). The bell is silent again afterwards.
    pub fn wait<'a>(
        &mut self,
        clients: impl Iterator<Item = (&'a Stream, Interest)>,
        timeout: Option<Duration>,
    ) -> io::Result<Ready> {
        let mut polled = vec![
            PollFd::from_borrowed_fd(self.hear.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.listener.as_fd(), PollFlags::IN),
        ];
        polled.extend(clients.map(|(Stream(stream), interest)| PollFd::new(stream, flags(interest))));
        let timeout = timeout
            .map(|timeout| Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ });
        match rustix::event::poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let spoke = |(index, fd): (usize, &PollFd)| (!fd.revents().is_empty()).then_some(index);
        let ready = Ready {
            woken: !polled[0].revents().is_empty(),
            knocked: !polled[1].revents().is_empty(),
            clients: polled[2..].iter().enumerate().filter_map(spoke).collect(),
        };
        if ready.woken {
            let _ = (&self.hear).read(&mut [0; 8]);
        }
        Ok(ready)
    }

    /// The next client that knocks; `WouldBlock` when there is none.
    pub fn admit(&mut self) -> io::Result<Stream> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok(Stream(stream))
    }
}

fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.read);
    flags.set(PollFlags::OUT, interest.write);
    flags
}

impl Bell {
    pub fn ring(&self) {
        // Cannot be full: the waker has at most one byte under way, a signal some more.
        let _ = (&self.0).write(&[1]);
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Stream {
    /// Whether the system has taken over what was written: from here on it arrives without us.
    pub fn has_flushed(&self) -> bool {
        true
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reaches the host of a run.
pub(crate) fn connect(run_dir: &Path) -> io::Result<Connection> {
    let short = short_path(run_dir, records::SOCKET)?;
    UnixStream::connect(&short.path)
}

#[cfg(feature = "tokio")]
pub(crate) type AsyncConnection = tokio::net::UnixStream;

/// As [`connect`].
#[cfg(feature = "tokio")]
pub(crate) async fn connect_async(run_dir: &Path) -> io::Result<AsyncConnection> {
    let short = short_path(run_dir, records::SOCKET)?;
    tokio::net::UnixStream::connect(&short.path).await
}
