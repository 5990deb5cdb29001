//! The engine's one source of time: the machine's clock, or one that a test moves by hand. Waiting is
//! for a time on the clock and not for a length, so that a machine that slept or whose clock was set
//! wakes at the right moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Millis;
use tokio::sync::watch;

/// Where the system cannot wait for a time on the clock, how often to look at it. Milliseconds.
const LOOK: Millis = 60_000;

#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// None: the machine's clock.
    by_hand: Option<watch::Receiver<Millis>>,
}

/// Moves a [`Clock`] that has no time of its own.
#[derive(Debug)]
pub struct ClockHand(watch::Sender<Millis>);

impl ClockHand {
    /// Forwards or back.
    pub fn set(&self, at: Millis) {
        self.0.send_replace(at);
    }
}

impl Clock {
    /// A clock that stands at `at` until its hand is moved.
    pub fn by_hand(at: Millis) -> (Clock, ClockHand) {
        let (hand, shown) = watch::channel(at);
        (Clock { by_hand: Some(shown) }, ClockHand(hand))
    }

    /// Milliseconds since the epoch.
    pub fn now(&self) -> Millis {
        match &self.by_hand {
            Some(shown) => *shown.borrow(),
            None => {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
            }
        }
    }

    /// Returns when the clock shows `at` or later. It may return earlier, for instance when the clock
    /// was set; the caller looks at the time and waits again.
    pub async fn until(&self, at: Millis) {
        match &self.by_hand {
            Some(shown) => {
                let mut shown = shown.clone();
                let start = *shown.borrow();
                if shown.wait_for(|now| *now >= at || *now < start).await.is_err() {
                    // Nobody moves it any more.
                    std::future::pending::<()>().await;
                }
            }
            None if at <= self.now() => {}
            None => wait_on_the_machines_clock(at, at - self.now()).await,
        }
    }
}

/// A timer on the real-time clock: it counts the time that the machine sleeps, and is cancelled when
/// the clock is set.
#[cfg(target_os = "linux")]
async fn wait_on_the_machines_clock(at: Millis, left: Millis) {
    match timer(at) {
        Ok(timer) => {
            if timer.readable().await.is_err() {
                short_sleep(left).await;
            }
        }
        Err(error) => {
            tracing::debug!(%error, "no timer on the real-time clock");
            short_sleep(left).await;
        }
    }
}

#[cfg(target_os = "linux")]
fn timer(at: Millis) -> std::io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    let fd = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: at / 1000, tv_nsec: (at % 1000) * 1_000_000 },
    };
    timerfd_settime(&fd, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &once)?;
    // SAFETY: the descriptor is ours, and stays open and the same for as long as the AsyncFd owns it.
    Ok(unsafe { tokio::io::unix::AsyncFd::register(fd) }?)
}

#[cfg(not(target_os = "linux"))]
async fn wait_on_the_machines_clock(_at: Millis, left: Millis) {
    short_sleep(left).await;
}

/// Timers of length stand still while the machine sleeps, so no long one is trusted.
async fn short_sleep(left: Millis) {
    tokio::time::sleep(Duration::from_millis(left.clamp(0, LOOK) as u64)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_machines_clock_is_waited_for() {
        let clock = Clock::default();
        let at = clock.now() + 30;
        while clock.now() < at {
            clock.until(at).await;
        }
        clock.until(at).await;
        assert!(clock.now() >= at);
    }

    #[tokio::test]
    async fn a_clock_by_hand_wakes_when_its_time_comes_and_when_it_goes_back() {
        let (clock, hand) = Clock::by_hand(1_000);
        clock.until(1_000).await;
        for (moved, wakes) in [(1_500, false), (2_000, true), (900, true)] {
            hand.set(1_000);
            let mut waiting = std::pin::pin!(clock.until(2_000));
            assert!(poll_once(waiting.as_mut()).is_none());
            hand.set(moved);
            assert_eq!(poll_once(waiting.as_mut()).is_some(), wakes, "{moved}");
        }
        hand.set(5);
        assert_eq!(clock.now(), 5);
    }

    /// What the future has to say without being waited for.
    fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
