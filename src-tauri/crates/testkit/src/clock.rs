//! Time that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::Millis;

/// Some day in November 2025.
pub const NOW: Millis = 1_763_600_000_000;

/// Each look is one second later, so that the order of things is plain in what they leave behind.
#[derive(Debug)]
pub struct Clock(AtomicI64);

impl Default for Clock {
    fn default() -> Clock {
        Clock(AtomicI64::new(NOW))
    }
}

impl Clock {
    pub fn tick(&self) -> Millis {
        self.0.fetch_add(1000, Ordering::Relaxed)
    }

    /// Nothing happens for so many milliseconds.
    pub fn pass(&self, millis: Millis) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}
