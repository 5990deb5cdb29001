//! The hot path: one thread that moves bytes from the terminal to the log and does nothing else.
//!
//! No client is ever waited for. When the log cannot be written the bytes stay here and the terminal is not
//! read, so that the agent is held back by the kernel; they are written when there is space again. Nothing is
//! decoded and nothing is dropped, unless a client asked to abandon a log that will never be writable again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::timing::Recorder;

/// The kernel hands out at most some 4 KiB at a time; more room would never be used.
const ROOM: usize = 16 << 10;
/// Between attempts to write a log that cannot be written.
const RETRY: Duration = Duration::from_millis(200);
/// The timing index is a convenience: what of it cannot be written for long is let go.
const MOST_TIMING: usize = 64 << 10;
/// How long a stranger who still holds the terminal can keep the drain going by writing to it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The clock track, written by this thread (growth) and the server's (resizes).
pub(super) struct Track {
    file: File,
    recorder: Recorder,
    unwritten: Vec<u8>,
}

impl Track {
    pub fn new(file: File, started_at_ms: i64) -> Track {
        let mut track = Track { file, recorder: Recorder::default(), unwritten: Vec::new() };
        Recorder::header(started_at_ms, &mut track.unwritten);
        track.flush();
        track
    }

    pub fn resized(&mut self, now_ms: u64, cols: u16, rows: u16) {
        self.recorder.resized(now_ms, cols, rows, &mut self.unwritten);
        self.flush();
    }

    fn grew(&mut self, now_ms: u64, upto: u64) {
        if self.recorder.grew(now_ms, upto, &mut self.unwritten) {
            self.flush();
        }
    }

    fn finish(&mut self) {
        self.recorder.close(&mut self.unwritten);
        self.flush();
    }

    /// A part may be written and the rest kept: the file is a stream of bytes, torn only at its very end.
    fn flush(&mut self) {
        while !self.unwritten.is_empty() && self.unwritten.len() < MOST_TIMING {
            match self.file.write(&self.unwritten) {
                Ok(0) | Err(_) => return,
                Ok(written) => drop(self.unwritten.drain(..written)),
            }
        }
    }
}

pub(super) struct Output {
    pub terminal: File,
    pub log: File,
    pub shared: Arc<Shared>,
    pub track: Arc<Mutex<Track>>,
    /// The terminal has been made non-blocking and is only to be emptied.
    pub last_words: Arc<AtomicBool>,
}

impl Output {
    /// Runs until the terminal has no writer left, or is empty after `last_words` was set.
    pub fn pump(mut self) {
        let mut room = vec![0; ROOM];
        let mut len = 0;
        let mut deadline = None;
        loop {
            match self.terminal.read(&mut room) {
                Ok(0) => break,
                Ok(read) => {
                    len = self.append(&room[..read], len);
                    self.track().grew(self.shared.now_ms(), len);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // EIO: the last writer has closed the terminal. EAGAIN: it is empty, and that is enough now.
                Err(_) => break,
            }
            if self.last_words.load(Ordering::SeqCst)
                && Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + LAST_WORDS)
            {
                break;
            }
        }
        self.track().finish();
        if let Err(error) = self.log.sync_data() {
            self.shared.note_log_error(error.to_string());
        }
    }

    /// Appends all of it, however long that takes, and returns the log's new length.
    fn append(&mut self, mut bytes: &[u8], mut len: u64) -> u64 {
        let mut stalled = false;
        while !bytes.is_empty() {
            let error = match self.log.write(bytes) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(written) => {
                    bytes = &bytes[written..];
                    len += written as u64;
                    self.shared.grew_to(len);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            stalled = true;
            self.shared.stall(error.to_string());
            if self.shared.is_abandoned() {
                self.shared.lost(bytes.len() as u64);
                return len;
            }
            self.shared.wait_for_space(RETRY);
        }
        if stalled {
            self.shared.resume();
        }
        len
    }

    fn track(&self) -> std::sync::MutexGuard<'_, Track> {
        self.track.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
