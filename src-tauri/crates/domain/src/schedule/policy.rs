//! What to do about firings whose time has come. A firing is known by its nominal time, the moment
//! that the expression names; `considered` is the newest nominal time that was decided on, so that
//! none is decided on twice whatever the clock does.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::{BadSchedule, Cron, Zone};
use crate::Millis;

/// A firing that is later than this was missed, in milliseconds: the engine was not running, or the
/// machine was asleep.
pub const GRACE: Millis = 60_000;
/// Most cards that one catch-up may make.
pub const MISFIRE_CAP: u32 = 100;
/// Most firings of a schedule that wait for its last card.
pub const QUEUE_MAX: u32 = 100;

const DAY: Millis = 86_400_000;

/// What becomes of firings that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum Misfire {
    /// Nothing; the next one fires in its time.
    Skip,
    /// One card stands for all of them, with the newest one's date.
    #[default]
    One,
    /// A card for each, the newest up to a cap.
    All,
}

/// What becomes of a firing while a card of the same schedule is still open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// No card is made.
    #[default]
    Skip,
    /// Its card is made when none is open any more.
    Queue,
    /// Its card is made beside the open ones.
    Allow,
}

/// A schedule as the decisions see it.
#[derive(Clone, Debug)]
pub struct Policy {
    pub cron: Cron,
    pub zone: Zone,
    pub misfire: Misfire,
    /// 1 to [`MISFIRE_CAP`]; counts with [`Misfire::All`].
    pub cap: u32,
    pub overlap: Overlap,
    pub paused: bool,
}

/// The schedule's cards that are not done, failed, cancelled or trashed, and its firings that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Children {
    pub open: u32,
    pub queued: u32,
}

/// Why a firing made no card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    Missed,
    StillOpen,
    QueueFull,
}

/// What is to be done now; nominal times, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    pub create: Vec<Millis>,
    pub queue: Vec<Millis>,
    /// The newest firing that makes no card, and why.
    pub skipped: Option<(Millis, Skip)>,
    /// To be stored with it, and handed in the next time.
    pub considered: Millis,
}

impl Policy {
    pub fn check_cap(cap: u32) -> Result<u32, BadSchedule> {
        if (1..=MISFIRE_CAP).contains(&cap) { Ok(cap) } else { Err(BadSchedule::Cap(cap)) }
    }

    /// When the engine has to look again; none while paused.
    pub fn next_look(&self, considered: Millis) -> Option<Millis> {
        if self.paused { None } else { self.cron.next(&self.zone, considered) }
    }
}

/// Decides over every firing after `considered` and up to `now`.
///
/// A clock that went back leaves `considered` ahead: nothing fires until the clock has passed it. If
/// it is ahead by more than a day, the clock had been wrong and the schedule starts from `now`.
pub fn due(schedule: &Policy, considered: Millis, now: Millis, children: Children) -> Due {
    let considered = if considered > now.saturating_add(DAY) { now } else { considered };
    if schedule.paused {
        return Due { considered, ..Due::default() };
    }
    let most = match schedule.misfire {
        Misfire::Skip | Misfire::One => 1,
        Misfire::All => schedule.cap.max(1) as usize,
    };
    let times = schedule.cron.newest(&schedule.zone, considered, now, most);
    let Some(&newest) = times.last() else { return Due { considered, ..Due::default() } };
    if schedule.misfire == Misfire::Skip && now - newest > GRACE {
        return Due { skipped: Some((newest, Skip::Missed)), considered: newest, ..Due::default() };
    }
    let mut due = Due { considered: newest, ..Due::default() };
    let Children { mut open, mut queued } = children;
    for at in times {
        match schedule.overlap {
            Overlap::Skip if open > 0 => due.skipped = Some((at, Skip::StillOpen)),
            Overlap::Queue if queued >= QUEUE_MAX => due.skipped = Some((at, Skip::QueueFull)),
            Overlap::Queue if open + queued > 0 => {
                due.queue.push(at);
                queued += 1;
            }
            Overlap::Skip | Overlap::Queue | Overlap::Allow => {
                due.create.push(at);
                open += 1;
            }
        }
    }
    due
}

/// Whether the oldest firing that waits gets its card now.
pub fn release(schedule: &Policy, children: Children) -> bool {
    !schedule.paused && children.queued > 0 && children.open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    fn at(text: &str) -> Millis {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn daily(misfire: Misfire, overlap: Overlap) -> Policy {
        Policy {
            cron: Cron::parse("0 9 * * *").unwrap(),
            zone: Zone::utc(),
            misfire,
            cap: 10,
            overlap,
            paused: false,
        }
    }

    /// Asleep from the evening of the 1st over three firings, awake at noon of the 4th.
    fn slept(schedule: &Policy, open: u32) -> Due {
        let children = Children { open, queued: 0 };
        due(schedule, at("2026-03-01T09:00:00Z"), at("2026-03-04T12:00:00Z"), children)
    }

    fn nine(day: u32) -> Millis {
        at(&format!("2026-03-0{day}T09:00:00Z"))
    }

    #[test]
    fn a_laptop_asleep_over_three_firings_catches_up_as_the_policy_says() {
        let skip = slept(&daily(Misfire::Skip, Overlap::Allow), 0);
        assert_eq!((skip.create, skip.skipped), (vec![], Some((nine(4), Skip::Missed))));
        assert_eq!(slept(&daily(Misfire::One, Overlap::Allow), 0).create, [nine(4)]);
        assert_eq!(slept(&daily(Misfire::All, Overlap::Allow), 0).create, [nine(2), nine(3), nine(4)]);
        let two = Policy { cap: 2, ..daily(Misfire::All, Overlap::Allow) };
        assert_eq!(slept(&two, 0).create, [nine(3), nine(4)]);
    }

    #[test]
    fn it_catches_up_once() {
        for misfire in [Misfire::Skip, Misfire::One, Misfire::All] {
            let schedule = daily(misfire, Overlap::Allow);
            let first = slept(&schedule, 0);
            let again = due(&schedule, first.considered, at("2026-03-04T12:00:01Z"), Children::default());
            assert_eq!(again, Due { considered: first.considered, ..Due::default() }, "{misfire:?}");
        }
    }

    #[test]
    fn a_firing_within_a_minute_of_its_time_was_not_missed() {
        let schedule = daily(Misfire::Skip, Overlap::Allow);
        let decide = |now| due(&schedule, nine(1), now, Children::default()).create;
        assert!(decide(nine(2) - 1).is_empty());
        assert_eq!(decide(nine(2)), [nine(2)]);
        assert_eq!(decide(nine(2) + GRACE), [nine(2)]);
        assert!(decide(nine(2) + GRACE + 1).is_empty());
    }

    #[test]
    fn an_open_card_skips_queues_or_suffers_the_next() {
        let skip = slept(&daily(Misfire::All, Overlap::Skip), 1);
        assert_eq!(
            (skip.create, skip.queue, skip.skipped),
            (vec![], vec![], Some((nine(4), Skip::StillOpen)))
        );
        // Without an open card the first of the catch-up is made, and stands in the way of the rest.
        assert_eq!(slept(&daily(Misfire::All, Overlap::Skip), 0).create, [nine(2)]);
        let queue = slept(&daily(Misfire::All, Overlap::Queue), 0);
        assert_eq!((queue.create, queue.queue), (vec![nine(2)], vec![nine(3), nine(4)]));
        assert_eq!(slept(&daily(Misfire::All, Overlap::Queue), 1).queue, [nine(2), nine(3), nine(4)]);
        assert_eq!(slept(&daily(Misfire::All, Overlap::Allow), 7).create.len(), 3);
    }

    #[test]
    fn the_queue_has_an_end_and_is_let_out_one_by_one() {
        let schedule = daily(Misfire::One, Overlap::Queue);
        let full = Children { open: 1, queued: QUEUE_MAX };
        let refused = due(&schedule, nine(1), nine(2), full);
        assert_eq!((refused.queue, refused.skipped), (vec![], Some((nine(2), Skip::QueueFull))));
        assert!(!release(&schedule, full));
        assert!(release(&schedule, Children { open: 0, queued: 1 }));
        assert!(!release(&schedule, Children { open: 0, queued: 0 }));
        assert!(!release(&Policy { paused: true, ..schedule }, Children { open: 0, queued: 1 }));
    }

    #[test]
    fn a_clock_that_jumps_back_fires_nothing_twice() {
        let schedule = daily(Misfire::All, Overlap::Allow);
        let fired = due(&schedule, nine(1), nine(2) + 1, Children::default());
        assert_eq!(fired.create, [nine(2)]);
        let mut considered = fired.considered;
        // Back by an hour, then on past nine o'clock once more.
        for now in [nine(2) - HOUR, nine(2) - 1, nine(2), nine(2) + HOUR] {
            let again = due(&schedule, considered, now, Children::default());
            assert!(again.create.is_empty());
            considered = again.considered;
        }
        assert_eq!(due(&schedule, considered, nine(3), Children::default()).create, [nine(3)]);
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_does_not_silence_the_schedule_for_a_year() {
        let schedule = daily(Misfire::One, Overlap::Allow);
        let corrected = due(&schedule, at("2027-03-02T09:00:00Z"), nine(2) + 1, Children::default());
        assert_eq!(corrected, Due { considered: nine(2) + 1, ..Due::default() });
        assert_eq!(due(&schedule, corrected.considered, nine(3), Children::default()).create, [nine(3)]);
    }

    #[test]
    fn what_falls_into_a_pause_is_left_out() {
        let schedule = Policy { paused: true, ..daily(Misfire::All, Overlap::Allow) };
        assert_eq!(slept(&schedule, 0), Due { considered: nine(1), ..Due::default() });
        assert_eq!(schedule.next_look(nine(1)), None);
    }

    #[test]
    fn a_year_of_minutes_costs_no_more_than_its_cap() {
        let minutely =
            Policy { cron: Cron::parse("* * * * *").unwrap(), ..daily(Misfire::All, Overlap::Allow) };
        let now = at("2026-03-01T09:00:00Z");
        let found = due(&minutely, now - 365 * DAY, now, Children::default()).create;
        assert_eq!(found, (0..10).rev().map(|ago| now - ago * 60_000).collect::<Vec<_>>());
    }
}
