//! When a schedule fires: a cron expression on the wall clock of a time zone. The expression is
//! croner's business; this file decides what happens where the wall clock jumps.
//!
//! The rule. A schedule bound to hours fires once for each wall-clock time: one that a switch to
//! daylight saving leaves out fires at the moment after the gap (several fire together, once), one
//! that the switch back repeats fires the first time only. A schedule whose hour field allows every
//! hour has no hour to miss or repeat: it goes on by elapsed time through both switches.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use jiff::{
    Timestamp, Zoned,
    civil::{DateTime, date},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

use super::BadSchedule;
use crate::Millis;

/// Longest text that is taken for a schedule, in characters.
pub(super) const TEXT_MAX: usize = 200;

/// The five fields, as a message names them.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, L for the last day, 15W for the weekday nearest the 15th"),
    ("month", "1 to 12, or JAN to DEC"),
    (
        "day of the week",
        "0 to 7 (0 and 7 are Sunday) or SUN to SAT; 1#2 is the second Monday, 5L the last Friday",
    ),
];

/// A cron expression of five fields that fires at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    pattern: croner::Cron,
    every_hour: bool,
}

impl Cron {
    /// Reads five fields or a nickname (`@daily`). Day 7 is Sunday. With both a day of the month and
    /// a day of the week either suffices, as in Vixie cron.
    pub fn parse(text: &str) -> Result<Cron, BadSchedule> {
        if text.chars().count() > TEXT_MAX {
            return Err(BadSchedule::TooLong);
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let pattern = parse(&text).ok_or_else(|| complaint(&text))?;
        let every_hour = (0..24).all(|hour| pattern.pattern.hour_match(hour).unwrap_or(false));
        match pattern.find_next_occurrence(&date(2000, 1, 1).at(0, 0, 0, 0), true) {
            Ok(_) => Ok(Cron { pattern, every_hour }),
            Err(_) => Err(BadSchedule::Never(text)),
        }
    }

    /// The five fields, names as numbers.
    pub fn text(&self) -> &str {
        self.pattern.as_str()
    }

    /// What it says, in English: `At 09:00, on Monday to Friday`.
    pub fn sentence(&self) -> String {
        let said = self.pattern.describe();
        let said = said
            .trim_end_matches('.')
            .replace("Monday, Tuesday, Wednesday, Thursday, and Friday", "Monday to Friday");
        let fields: Vec<&str> = self.text().split(' ').collect();
        match fields[..] {
            [_, _, "LW", ..] => said.replace("on the last day of", "on the last weekday of"),
            [_, _, "*", "*", "*"] if !self.every_hour => format!("{said}, every day"),
            _ => said,
        }
    }

    /// Whether it may fire more than once on one day, so that a date alone does not name a firing.
    pub fn several_a_day(&self) -> bool {
        let pattern = &self.pattern.pattern;
        let minutes = (0..60).filter(|minute| pattern.minute_match(*minute).unwrap_or(false)).count();
        let hours = (0..24).filter(|hour| pattern.hour_match(*hour).unwrap_or(false)).count();
        minutes * hours > 1
    }

    /// The first firing after `after`; none beyond the year 4999.
    pub fn next(&self, zone: &Zone, after: Millis) -> Option<Millis> {
        let after = Timestamp::from_millisecond(after).ok()?;
        let found = if self.every_hour {
            self.next_by_elapsed_time(&zone.0, after)
        } else {
            self.next_by_wall_clock(&zone.0, after)
        };
        found.map(Timestamp::as_millisecond)
    }

    /// The first `count` firings after `after`.
    pub fn next_few(&self, zone: &Zone, after: Millis, count: usize) -> Vec<Millis> {
        std::iter::successors(self.next(zone, after), |last| self.next(zone, *last)).take(count).collect()
    }

    /// The newest `max` firings after `after` and not after `until`, oldest first.
    pub fn newest(&self, zone: &Zone, after: Millis, until: Millis, max: usize) -> Vec<Millis> {
        // A year's sleep of a minutely schedule is not counted through for the sake of its end.
        let mut window: Millis = 3_600_000;
        loop {
            let from = after.max(until.saturating_sub(window));
            let firings = std::iter::successors(self.next(zone, from), |last| self.next(zone, *last))
                .take_while(|at| *at <= until);
            let found: Vec<Millis> = firings.collect();
            if from == after || found.len() >= max {
                return found[found.len().saturating_sub(max)..].to_vec();
            }
            window = window.saturating_mul(2);
        }
    }

    fn next_by_wall_clock(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let mut wall = self.pattern.find_next_occurrence(&zone.to_datetime(after), true).ok()?;
        loop {
            let at = first_moment(zone, wall)?;
            if at > after {
                return Some(at);
            }
            wall = self.pattern.find_next_occurrence(&wall, false).ok()?;
        }
    }

    fn next_by_elapsed_time(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let (mut from, mut inclusive) = (after, false);
        loop {
            let offset = zone.to_offset(from);
            let wall = self.pattern.find_next_occurrence(&offset.to_datetime(from), inclusive).ok()?;
            let at = offset.to_timestamp(wall).ok()?;
            match zone.following(from).next() {
                // The wall clock jumps before that; look again from there.
                Some(switch) if switch.timestamp() <= at => (from, inclusive) = (switch.timestamp(), true),
                _ => return Some(at),
            }
        }
    }
}

/// When a clock on the wall first shows `wall`, or the moment after the gap that leaves it out.
fn first_moment(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // By the offset that comes, this is still before the switch.
            let early = after.to_timestamp(wall).ok()?;
            zone.following(early).next().map(|switch| switch.timestamp())
        }
    }
}

fn parse(text: &str) -> Option<croner::Cron> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text).ok()
}

/// Says which field is wrong, by trying each with the others left open.
fn complaint(text: &str) -> BadSchedule {
    let given: Vec<&str> = text.split(' ').collect();
    if given.len() != FIELDS.len() {
        return BadSchedule::Fields(text.into());
    }
    let wrong = FIELDS.iter().zip(&given).enumerate().find(|(at, (_, field))| {
        let mut alone = ["*"; 5];
        alone[*at] = field;
        parse(&alone.join(" ")).is_none()
    });
    match wrong {
        Some((_, ((name, allowed), field))) => BadSchedule::Field { name, field: (*field).into(), allowed },
        None => BadSchedule::Fields(text.into()),
    }
}

/// A time zone by its IANA name. Its rules come with Flightboard, so that every machine agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Case does not matter; `Europe/Berlin`, `UTC`.
    pub fn parse(name: &str) -> Result<Zone, BadSchedule> {
        let name = name.trim();
        TimeZoneDatabase::bundled()
            .get(name)
            .map(Zone)
            .map_err(|_| BadSchedule::Zone { name: name.into(), meant: similar(name) })
    }

    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The date and time on this zone's wall clock.
    pub fn wall(&self, at: Millis) -> Zoned {
        Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(self.0.clone())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `berlin` or `New York` for the zone that ends so.
fn similar(name: &str) -> Option<String> {
    let wanted = name.replace(' ', "_").to_lowercase();
    TimeZoneDatabase::bundled()
        .available()
        .map(|known| known.as_str().to_owned())
        .filter(|known| known.to_lowercase().rsplit('/').next() == Some(&wanted))
        .max_by_key(|known| known.contains('/') && !known.starts_with("posix"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    /// The firings after `from`, by the wall clock with its offset.
    fn firings(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = Zone::parse(zone).unwrap();
        let found = Cron::parse(cron).unwrap().next_few(&zone, at(from), count);
        found.into_iter().map(|at| zone.wall(at).strftime("%d %H:%M%:z").to_string()).collect()
    }

    // Berlin left out 02:00 to 03:00 on 29 March 2026 and repeats it on 25 October.
    #[rstest]
    // Bound to an hour that is left out: once, at the moment after the gap.
    #[case("30 2 * * *", "2026-03-28T00:00:00Z", &["28 02:30+01:00", "29 03:00+02:00", "30 02:30+02:00"])]
    #[case("*/15 2 * * *", "2026-03-28T01:40:00Z", &["28 02:45+01:00", "29 03:00+02:00", "30 02:00+02:00"])]
    #[case("0 2,3 * * *", "2026-03-28T03:00:00Z", &["29 03:00+02:00", "30 02:00+02:00"])]
    #[case("30 2 29 * *", "2026-03-01T00:00:00Z", &["29 03:00+02:00", "29 02:30+02:00"])]
    #[case("0 */2 * * *", "2026-03-28T23:30:00Z", &["29 03:00+02:00", "29 04:00+02:00"])]
    // Bound to an hour that is repeated: the first time only.
    #[case("30 2 * * *", "2026-10-24T12:00:00Z", &["25 02:30+02:00", "26 02:30+01:00"])]
    #[case("*/30 2 * * *", "2026-10-24T12:00:00Z", &["25 02:00+02:00", "25 02:30+02:00", "26 02:00+01:00"])]
    #[case("0 1-3 * * *", "2026-10-24T12:00:00Z", &["25 01:00+02:00", "25 02:00+02:00", "25 03:00+01:00"])]
    // Asked in the midst of the repeated hour.
    #[case("30 2 * * *", "2026-10-25T01:10:00Z", &["26 02:30+01:00"])]
    // Every hour: by elapsed time through both.
    #[case("30 * * * *", "2026-03-29T00:00:00Z", &["29 01:30+01:00", "29 03:30+02:00", "29 04:30+02:00"])]
    #[case("30 * * * *", "2026-10-24T23:40:00Z", &["25 02:30+02:00", "25 02:30+01:00", "25 03:30+01:00"])]
    #[case("*/30 * * * *", "2026-10-25T00:10:00Z", &["25 02:30+02:00", "25 02:00+01:00", "25 02:30+01:00"])]
    fn both_daylight_switches_of_berlin(#[case] cron: &str, #[case] from: &str, #[case] expected: &[&str]) {
        assert_eq!(firings(cron, "Europe/Berlin", from, expected.len()), expected);
    }

    #[test]
    fn a_switch_of_half_an_hour_and_a_day_that_is_left_out() {
        // Lord Howe Island moves by half an hour: 02:00 to 02:30 is left out on 4 October 2026.
        assert_eq!(
            firings("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
            ["04 02:30+11:00", "05 02:15+11:00"]
        );
        // Samoa had no 30 December 2011.
        assert_eq!(
            firings("0 9 * * *", "Pacific/Apia", "2011-12-29T10:00:00Z", 3),
            ["29 09:00-10:00", "31 00:00+14:00", "31 09:00+14:00"]
        );
    }

    #[rstest]
    #[case("0 9 * * 1-5", "At 09:00, on Monday to Friday")]
    #[case("30 18 * * *", "At 18:30, every day")]
    #[case("*/15 * * * *", "At every 15 minutes")]
    #[case("0 9 * * 1#1", "At 09:00, on the 1st Monday of the month")]
    #[case("0 9 LW * *", "At 09:00, on the last weekday of the month")]
    #[case("0 9 1,15 * 1", "At 09:00, on day 1 and 15 or Monday")]
    fn an_expression_is_put_into_a_sentence(#[case] cron: &str, #[case] sentence: &str) {
        assert_eq!(Cron::parse(cron).unwrap().sentence(), sentence);
    }

    #[rstest]
    #[case("europe/berlin", Ok("Europe/Berlin"))]
    #[case("UTC", Ok("UTC"))]
    #[case("Berlin", Err(Some("Europe/Berlin")))]
    #[case("new york", Err(Some("America/New_York")))]
    #[case("Middle-earth", Err(None))]
    #[case("../../etc/passwd", Err(None))]
    #[case("", Err(None))]
    fn a_zone_is_known_by_its_name(#[case] name: &str, #[case] expected: Result<&str, Option<&str>>) {
        match (Zone::parse(name), expected) {
            (Ok(zone), Ok(known)) => assert_eq!(zone.name(), known),
            (Err(BadSchedule::Zone { meant, .. }), Err(known)) => assert_eq!(meant.as_deref(), known),
            (got, _) => panic!("{name}: {got:?}"),
        }
    }

    fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
        let range = (low..=high).prop_flat_map(move |first| (Just(first), first..=high));
        prop_oneof![
            3 => Just("*".to_owned()),
            3 => (low..=high).prop_map(|value| value.to_string()),
            1 => range.clone().prop_map(|(first, last)| format!("{first}-{last}")),
            1 => (range, 2u32..6).prop_map(|((first, last), step)| format!("{first}-{last}/{step}")),
            1 => (2u32..13).prop_map(|step| format!("*/{step}")),
            1 => (low..=high, low..=high).prop_map(|(one, two)| format!("{one},{two}")),
        ]
    }

    fn any_cron() -> impl Strategy<Value = Cron> {
        (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
            .prop_map(|(minute, hour, day, month, week)| format!("{minute} {hour} {day} {month} {week}"))
            .prop_filter_map("never fires", |text| Cron::parse(&text).ok())
    }

    fn any_zone() -> impl Strategy<Value = Zone> {
        prop::sample::select(vec![
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "America/St_Johns",
            "Asia/Kathmandu",
            "Africa/Casablanca",
            "Pacific/Chatham",
        ])
        .prop_map(|name| Zone::parse(name).unwrap())
    }

    /// The expression read field by field off a wall clock, by other means than croner's search.
    fn matches(cron: &Cron, wall: &DateTime) -> bool {
        let fields: Vec<&str> = cron.text().split(' ').collect();
        let [minute, hour, day, month, week] = fields[..] else { panic!("five fields") };
        let holds = |field: &str, high: i64, low: i64, value: i64| {
            field.split(',').any(|part| {
                let (range, step) = part.split_once('/').unwrap_or((part, "1"));
                let (first, last) = match range.split_once('-') {
                    _ if range == "*" => (low, high),
                    Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
                    None => (range.parse().unwrap(), range.parse().unwrap()),
                };
                (first..=last).contains(&value) && (value - first) % step.parse::<i64>().unwrap() == 0
            })
        };
        let sunday = i64::from(wall.weekday().to_sunday_zero_offset());
        let day_holds = holds(day, 31, 1, i64::from(wall.day()));
        let week_holds = holds(week, 6, 0, sunday) || (sunday == 0 && week != "*" && holds(week, 6, 0, 7));
        let days = if day == "*" || week == "*" { day_holds && week_holds } else { day_holds || week_holds };
        holds(minute, 59, 0, i64::from(wall.minute()))
            && holds(hour, 23, 0, i64::from(wall.hour()))
            && holds(month, 12, 1, i64::from(wall.month()))
            && days
    }

    proptest! {
        #[test]
        fn a_firing_is_later_matches_the_wall_clock_and_none_is_left_out(
            cron in any_cron(),
            zone in any_zone(),
            from in 1_600_000_000_000i64..2_000_000_000_000,
        ) {
            let next = cron.next(&zone, from).expect("it fires");
            prop_assert!(next > from);
            let wall = zone.wall(next).datetime();
            // The moment after a gap stands for the times that the gap left out.
            let gap = zone.0.preceding(zone.wall(next + 1).timestamp()).next()
                .filter(|switch| switch.timestamp().as_millisecond() == next)
                .is_some();
            prop_assert!(matches(&cron, &wall) || (gap && !cron.every_hour), "{} at {wall}", cron.text());
            // Every minute between, read off the wall clock; two days at most.
            let first = from - from.rem_euclid(60_000) + 60_000;
            for minute in (first..next).step_by(60_000).take(2 * 1440) {
                let wall = zone.wall(minute);
                let ambiguous = zone.0.to_ambiguous_zoned(wall.datetime());
                let repeated = ambiguous.is_ambiguous() && ambiguous.earlier().unwrap().timestamp() != wall.timestamp();
                let fires = matches(&cron, &wall.datetime()) && (cron.every_hour || !repeated);
                prop_assert!(!fires, "{} in {zone} left out {wall}", cron.text());
            }
        }

        #[test]
        fn the_newest_firings_are_the_last_of_all(
            cron in any_cron(),
            zone in any_zone(),
            from in 1_600_000_000_000i64..2_000_000_000_000,
            hours in 0i64..200,
            max in 1usize..12,
        ) {
            let until = from + hours * 3_600_000;
            let all: Vec<Millis> = std::iter::successors(cron.next(&zone, from), |last| cron.next(&zone, *last))
                .take_while(|at| *at <= until)
                .collect();
            prop_assert_eq!(cron.newest(&zone, from, until, max), &all[all.len().saturating_sub(max)..]);
        }
    }
}
