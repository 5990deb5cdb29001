//! What the host's threads know in common. The output thread is the one that must not wait: it stores a
//! number and, only when somebody asked to hear of it, writes one byte to wake the server.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::platform::Bell;
use crate::records::Exit;

/// No client waits for the log to grow.
pub(super) const NOBODY: u64 = u64::MAX;

pub(super) struct Shared {
    pub started: Instant,
    /// Bytes in `output.log`.
    len: AtomicU64,
    /// The smallest length beyond which some client wants to hear, or [`NOBODY`].
    wanted: AtomicU64,
    /// The log may be abandoned when it cannot be written.
    abandoned: AtomicBool,
    ending: AtomicBool,
    slow: Mutex<Slow>,
    slow_changed: Condvar,
    pub waker: Waker,
}

/// What changes rarely.
#[derive(Default)]
struct Slow {
    stalled: Option<String>,
    last_log_error: Option<String>,
    lost_bytes: u64,
    exit: Option<Exit>,
}

impl Shared {
    pub fn new(bell: Bell) -> Shared {
        Shared {
            started: Instant::now(),
            len: AtomicU64::new(0),
            wanted: AtomicU64::new(NOBODY),
            abandoned: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            slow: Mutex::default(),
            slow_changed: Condvar::new(),
            waker: Waker { asked: AtomicBool::new(false), bell },
        }
    }

    pub fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    pub fn len(&self) -> u64 {
        self.len.load(Ordering::SeqCst)
    }

    /// Publishes the log's new length. Store, then look whether it is wanted; `want` does the opposite, so
    /// that one of both always sees the other (hence the strict ordering).
    pub fn grew_to(&self, len: u64) {
        self.len.store(len, Ordering::SeqCst);
        if len > self.wanted.load(Ordering::SeqCst) {
            self.wanted.store(NOBODY, Ordering::SeqCst);
            self.waker.wake();
        }
    }

    /// Asks to be woken when the log is longer than `beyond`. The caller looks at `len` afterwards.
    pub fn want(&self, beyond: u64) {
        self.wanted.store(beyond, Ordering::SeqCst);
    }

    pub fn stalled(&self) -> Option<String> {
        self.slow().stalled.clone()
    }

    pub fn stall(&self, error: String) {
        let mut slow = self.slow();
        slow.last_log_error = Some(error.clone());
        if slow.stalled.replace(error).is_none() {
            self.waker.wake();
        }
    }

    pub fn resume(&self) {
        self.slow().stalled = None;
        self.waker.wake();
    }

    /// Waits before the next attempt to write the log, less long when it is abandoned meanwhile.
    pub fn wait_for_space(&self, pause: Duration) {
        let slow = self.slow();
        let until = |_: &mut Slow| !self.is_abandoned();
        drop(
            self.slow_changed.wait_timeout_while(slow, pause, until).unwrap_or_else(PoisonError::into_inner),
        );
    }

    pub fn abandon_log(&self) {
        let _held = self.slow();
        self.abandoned.store(true, Ordering::SeqCst);
        self.slow_changed.notify_all();
    }

    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::SeqCst)
    }

    pub fn lost(&self, bytes: u64) {
        self.slow().lost_bytes += bytes;
    }

    pub fn log_trouble(&self) -> (Option<String>, u64) {
        let slow = self.slow();
        (slow.last_log_error.clone(), slow.lost_bytes)
    }

    pub fn note_log_error(&self, error: String) {
        self.slow().last_log_error = Some(error);
    }

    pub fn set_ending(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    pub fn exit(&self) -> Option<Exit> {
        self.slow().exit.clone()
    }

    pub fn set_exit(&self, exit: Exit) {
        self.slow().exit = Some(exit);
        self.waker.wake();
    }

    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the server. Any number of wakes before it looks are one.
pub(super) struct Waker {
    asked: AtomicBool,
    bell: Bell,
}

impl Waker {
    pub fn wake(&self) {
        if !self.asked.swap(true, Ordering::SeqCst) {
            self.bell.ring();
        }
    }

    /// After the bell was heard. What woke must be looked at afterwards, not before.
    pub fn settle(&self) {
        self.asked.store(false, Ordering::SeqCst);
    }

    /// For whoever cannot call `wake`: a signal handler.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }
}
