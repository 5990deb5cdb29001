//! A named pipe in place of the socket. The run directory's `sock` names it; only the owner may open it, and
//! nobody from another machine. Pipes complete what was begun where sockets say what would not wait: `mio` begins
//! it for us, and the flags of [`Stream`] keep what it said until it is used up, as `poll` would say it again.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, IntoRawHandle};
use std::path::Path;
use std::ptr;
use std::time::Duration;

use mio::windows::NamedPipe;
use mio::{Events, Poll, Token, Waker};
use windows_sys::Win32::Foundation::{ERROR_PIPE_BUSY, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX, SECURITY_IDENTIFICATION,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE,
    PIPE_UNLIMITED_INSTANCES, WaitNamedPipeW,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{code, done, mark, owned, wide};
use crate::platform::{Interest, Ready};
use crate::records;

/// What a client is, on its own side. It reads and writes by turns, as a handle without overlapping demands.
pub(crate) type Connection = File;

const BELL: Token = Token(0);
/// What the system keeps for each direction of a connection.
const BUFFER: u32 = 64 << 10;
/// How long a client waits for the host to hold out the next end of the pipe, in milliseconds.
const PATIENCE_MS: u32 = 5_000;

/// Where clients knock, and where the bell is heard.
pub(crate) struct Door {
    poll: Poll,
    events: Events,
    name: Vec<u16>,
    owner: Descriptor,
    /// The end of the pipe that the next client will get.
    spare: Stream,
    knocked: bool,
    next: usize,
}

/// Wakes whoever waits at the door.
pub(crate) struct Bell(Waker);

/// A client's connection, on the host's side. Never waits.
pub(crate) struct Stream {
    pipe: NamedPipe,
    token: Token,
    readable: Cell<bool>,
    /// The system has not yet taken over what was written last.
    writing: Cell<bool>,
}

/// Opens the pipe, and says its name in the working directory.
pub(crate) fn open_door() -> io::Result<(Door, Bell)> {
    let me = mark(std::process::id())?.ok_or_else(|| io::Error::other("this process has no mark"))?;
    let name = format!(r"\\.\pipe\flightboard-{}-{:x}", me.pid, me.start);
    let poll = Poll::new()?;
    let bell = Bell(Waker::new(poll.registry(), BELL)?);
    let owner = Descriptor::for_this_user()?;
    let wide_name = wide(&name);
    // The first of its name: nobody was there before us, and afterwards only the owner may add to it.
    let spare = hold_out(&poll, &wide_name, &owner, FILE_FLAG_FIRST_PIPE_INSTANCE, Token(1))?;
    let events = Events::with_capacity(64);
    let mut door = Door { poll, events, name: wide_name, owner, spare, knocked: false, next: 2 };
    door.listen()?;
    records::replace(Path::new("."), records::SOCKET, &name)?;
    Ok((door, bell))
}

impl Door {
    /// Waits until the bell was rung, somebody knocks, or one of `clients` is ready for what it is asked about
    /// (or has gone). The bell is silent again afterwards.
    pub fn wait<'a>(
        &mut self,
        clients: impl Iterator<Item = (&'a Stream, Interest)>,
        timeout: Option<Duration>,
    ) -> io::Result<Ready> {
        let clients: Vec<_> = clients.collect();
        let at_once = self.knocked || clients.iter().any(|(stream, interest)| stream.is_ready(*interest));
        match self.poll.poll(&mut self.events, if at_once { Some(Duration::ZERO) } else { timeout }) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut woken = false;
        for event in &self.events {
            woken |= event.token() == BELL;
            self.knocked |= event.token() == self.spare.token;
            for (stream, _) in clients.iter().filter(|(stream, _)| stream.token == event.token()) {
                stream.readable.set(stream.readable.get() || event.is_readable());
                stream.writing.set(stream.writing.get() && !event.is_writable());
            }
        }
        let ready = |(index, (stream, interest)): (usize, &(&Stream, Interest))| {
            stream.is_ready(*interest).then_some(index)
        };
        Ok(Ready {
            woken,
            knocked: self.knocked,
            clients: clients.iter().enumerate().filter_map(ready).collect(),
        })
    }

    /// The next client that knocks; `WouldBlock` when there is none.
    pub fn admit(&mut self) -> io::Result<Stream> {
        self.knocked = false;
        // Says whether somebody has taken the end that is held out, and holds on to it if not.
        self.spare.pipe.connect()?;
        let next = hold_out(&self.poll, &self.name, &self.owner, 0, Token(self.next))?;
        self.next += 1;
        let taken = mem::replace(&mut self.spare, next);
        self.listen()?;
        Ok(taken)
    }

    fn listen(&mut self) -> io::Result<()> {
        match self.spare.pipe.connect() {
            Ok(()) => self.knocked = true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// A fresh end of the pipe.
fn hold_out(poll: &Poll, name: &[u16], owner: &Descriptor, first: u32, token: Token) -> io::Result<Stream> {
    let attributes = SECURITY_ATTRIBUTES {
        nLength: mem::size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: owner.0,
        bInheritHandle: 0,
    };
    // SAFETY: the name ends in NUL, and the attributes live as long as the call.
    let handle = owned(unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | first,
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_REJECT_REMOTE_CLIENTS,
            PIPE_UNLIMITED_INSTANCES,
            BUFFER,
            BUFFER,
            0,
            &attributes,
        )
    })?;
    // SAFETY: a pipe's handle, overlapped, given away.
    let mut pipe = unsafe { NamedPipe::from_raw_handle(handle.into_raw_handle()) };
    poll.registry().register(&mut pipe, token, mio::Interest::READABLE | mio::Interest::WRITABLE)?;
    Ok(Stream { pipe, token, readable: Cell::new(false), writing: Cell::new(false) })
}

impl Bell {
    pub fn ring(&self) {
        // It fails only when the system is out of everything, and then the next ring may get through.
        let _ = self.0.wake();
    }
}

impl Stream {
    fn is_ready(&self, interest: Interest) -> bool {
        (interest.read && self.readable.get()) || (interest.write && !self.writing.get())
    }

    /// Whether the system has taken over what was written: from here on it arrives without us.
    pub fn has_flushed(&self) -> bool {
        !self.writing.get()
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.pipe.read(room).inspect_err(|error| self.readable.set(error.kind() != io::ErrorKind::WouldBlock))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.pipe.write(bytes);
        let pending = match &written {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        self.writing.set(pending);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Who may open the pipe: this user, and nobody else.
struct Descriptor(PSECURITY_DESCRIPTOR);

// SAFETY: a block of memory that nobody changes.
unsafe impl Send for Descriptor {}

impl Descriptor {
    fn for_this_user() -> io::Result<Descriptor> {
        let text = wide(format!("D:P(A;;GA;;;{})", this_user()?));
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends in NUL; the descriptor is ours to free.
        done(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                ptr::null_mut(),
            )
        })?;
        Ok(Descriptor(descriptor))
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: given to us to free in this way.
        unsafe { LocalFree(self.0) };
    }
}

/// The security identifier of whoever runs this process, as text.
fn this_user() -> io::Result<String> {
    let mut token = ptr::null_mut();
    // SAFETY: gives a handle of our own.
    done(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
    let token = owned(token)?;
    // Room for the structure and the longest identifier, aligned for both.
    let mut room = [0u64; 32];
    let (mut len, mut text) = (0, ptr::null_mut());
    // SAFETY: the room is as large as is said; the text ends in NUL and is ours to free.
    unsafe {
        let size = mem::size_of_val(&room) as u32;
        done(GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            room.as_mut_ptr().cast(),
            size,
            &mut len,
        ))?;
        let user = room.as_ptr().cast::<TOKEN_USER>();
        done(ConvertSidToStringSidW((*user).User.Sid, &mut text))?;
        let len = (0..).take_while(|&at| *text.add(at) != 0).count();
        let name = String::from_utf16_lossy(std::slice::from_raw_parts(text, len));
        LocalFree(text.cast());
        Ok(name)
    }
}

/// Reaches the host of a run.
pub(crate) fn connect(run_dir: &Path) -> io::Result<Connection> {
    let name = pipe_of(run_dir)?;
    loop {
        let mut options = File::options();
        match options.read(true).write(true).security_qos_flags(SECURITY_IDENTIFICATION).open(&name) {
            Err(error) if code(&error) == Some(ERROR_PIPE_BUSY) => {
                // SAFETY: the name ends in NUL.
                done(unsafe { WaitNamedPipeW(wide(&name).as_ptr(), PATIENCE_MS) })?;
            }
            opened => return opened,
        }
    }
}

#[cfg(feature = "tokio")]
pub(crate) type AsyncConnection = tokio::net::windows::named_pipe::NamedPipeClient;

/// As [`connect`].
#[cfg(feature = "tokio")]
pub(crate) async fn connect_async(run_dir: &Path) -> io::Result<AsyncConnection> {
    const PAUSE: Duration = Duration::from_millis(20);
    let name = pipe_of(run_dir)?;
    let mut waited = Duration::ZERO;
    loop {
        match tokio::net::windows::named_pipe::ClientOptions::new().open(&name) {
            // The asynchronous client cannot wait for a pipe, only come again.
            Err(error)
                if code(&error) == Some(ERROR_PIPE_BUSY) && waited.as_millis() < PATIENCE_MS.into() =>
            {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            opened => return opened,
        }
    }
}

fn pipe_of(run_dir: &Path) -> io::Result<String> {
    records::read(run_dir, records::SOCKET)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The host's side of one conversation: gives back what it hears until the client goes.
    fn echo(door: &mut Door) -> usize {
        let mut clients: Vec<Stream> = Vec::new();
        let (mut heard, mut back, mut room) = (0, Vec::new(), [0; 4096]);
        loop {
            let interest = Interest { read: true, write: !back.is_empty() };
            let ready = door.wait(clients.iter().map(|client| (client, interest)), None).unwrap();
            if ready.knocked
                && let Ok(client) = door.admit()
            {
                clients.push(client);
            }
            for index in ready.clients {
                match clients[index].read(&mut room) {
                    Ok(0) => return heard,
                    Ok(read) => {
                        heard += read;
                        back.extend_from_slice(&room[..read]);
                    }
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
                if back.is_empty() {
                    continue;
                }
                match clients[index].write(&back) {
                    Ok(written) => drop(back.drain(..written)),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
        }
    }

    /// One test, because the door opens in the working directory, of which there is one.
    #[test]
    fn bytes_pass_both_ways_an_end_is_seen_and_the_bell_is_heard() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(connect(dir.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::env::set_current_dir(dir.path()).unwrap();
        let (mut door, bell) = open_door().unwrap();
        // More than the system keeps for us, so both sides have to wait for each other.
        let sent: Vec<u8> = (0..300_000u32).map(|at| at as u8).collect();
        let expected = sent.clone();
        let client = thread::spawn(move || {
            let mut pipe = connect(Path::new(".")).unwrap();
            let mut received = vec![0; sent.len()];
            for (piece, back) in sent.chunks(10_000).zip(received.chunks_mut(10_000)) {
                pipe.write_all(piece).unwrap();
                pipe.read_exact(back).unwrap();
            }
            received
        });
        assert_eq!(echo(&mut door), expected.len());
        assert_eq!(client.join().unwrap(), expected);

        let ringer = thread::spawn(move || bell.ring());
        // What the system still had to say about the first client may come before.
        while !door.wait(std::iter::empty(), None).unwrap().woken {}
        ringer.join().unwrap();

        // Two at once, each with an end of its own.
        let knocking: Vec<_> = (0..2).map(|_| thread::spawn(|| connect(Path::new(".")).unwrap())).collect();
        let mut admitted = Vec::new();
        while admitted.len() < knocking.len() {
            door.wait(std::iter::empty(), None).unwrap();
            admitted.extend(std::iter::from_fn(|| door.admit().ok()));
        }
        for client in knocking {
            client.join().unwrap();
        }
        std::env::set_current_dir("..").unwrap();
    }
}
