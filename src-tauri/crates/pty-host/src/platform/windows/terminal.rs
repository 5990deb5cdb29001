//! A pseudo console: what the agent takes for its window, with a pipe for its keys and one for its output. What
//! comes out is not what the agent wrote but how the console drew it, as for every terminal program on Windows.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use windows_sys::Win32::System::Console::{
    COORD, ClosePseudoConsole, CreatePseudoConsole, HPCON, ResizePseudoConsole,
};
use windows_sys::Win32::System::IO::CancelSynchronousIo;
use windows_sys::core::HRESULT;

/// The run's terminal, from the host's end.
pub(crate) struct Terminal {
    // Before the console: closing that waits until its last output is taken or has nowhere to go.
    reader: File,
    writer: File,
    console: Console,
}

struct Console(Mutex<Option<HPCON>>);

impl Terminal {
    pub fn open(cols: u16, rows: u16) -> io::Result<Terminal> {
        let (keys, writer) = io::pipe()?;
        let (reader, output) = io::pipe()?;
        let mut console = 0;
        // SAFETY: the console duplicates both ends that it is given.
        succeeded(unsafe {
            CreatePseudoConsole(
                size(cols, rows),
                keys.as_raw_handle(),
                output.as_raw_handle(),
                0,
                &mut console,
            )
        })?;
        let file = |end: OwnedHandle| File::from(end);
        Ok(Terminal {
            reader: file(reader.into()),
            writer: file(writer.into()),
            console: Console(Mutex::new(Some(console))),
        })
    }

    pub fn reader(&self) -> io::Result<File> {
        self.reader.try_clone()
    }

    pub fn writer(&self) -> io::Result<File> {
        self.writer.try_clone()
    }

    pub fn resize(&self, cols: u16, rows: u16) -> io::Result<()> {
        self.with(|console| {
            // SAFETY: the console is open as long as the lock is held.
            succeeded(unsafe { ResizePseudoConsole(console, size(cols, rows)) })
        })
    }

    /// Modes cannot be asked for from outside the console.
    pub fn hides_input(&self) -> bool {
        false
    }

    /// Closes the console: the reader gets what is left and then the end. May wait for that reader.
    pub fn let_go(&self) {
        self.console.close();
    }

    /// Makes a thread that sits in a read of the terminal come back. One that is not in it is not reached.
    pub fn interrupt(&self, reader: &JoinHandle<()>) {
        // SAFETY: the handle keeps the thread's own valid until it is joined.
        unsafe { CancelSynchronousIo(reader.as_raw_handle()) };
    }

    /// Lends the console to a call; an error after it was let go.
    pub(super) fn with<T>(&self, call: impl FnOnce(HPCON) -> io::Result<T>) -> io::Result<T> {
        let console = self.console.0.lock().unwrap_or_else(PoisonError::into_inner);
        call(console.ok_or_else(|| io::Error::other("the terminal has been let go"))?)
    }
}

impl Console {
    fn close(&self) {
        let console = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(console) = console {
            // SAFETY: it was open and nobody else can find it any more.
            unsafe { ClosePseudoConsole(console) };
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.close();
    }
}

fn size(cols: u16, rows: u16) -> COORD {
    let side = |cells: u16| i16::try_from(cells).unwrap_or(i16::MAX);
    COORD { X: side(cols), Y: side(rows) }
}

fn succeeded(result: HRESULT) -> io::Result<()> {
    if result < 0 { Err(io::Error::from_raw_os_error(result)) } else { Ok(()) }
}
