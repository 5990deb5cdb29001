//! The words of phrases: their spellings, the tables that say what each means, and why some are refused.

use super::super::BadSchedule;

const EXAMPLES: &str = "try “every weekday at 9”, “first Monday of the month at 10”, “every 15 minutes”, “on the 1st at 08:00”, or five cron fields";

/// Written in several ways, read in one.
pub(super) const SPELLINGS: [(&str, &str); 11] = [
    ("working day", "weekday"),
    ("business day", "weekday"),
    ("work day", "weekday"),
    ("workday", "weekday"),
    ("everyday", "every day"),
    ("quarter of", "quarter"),
    ("a.m.", "am"),
    ("p.m.", "pm"),
    ("–", "-"),
    (",", " , "),
    ("&", " and "),
];

/// Carry no meaning of their own.
pub(super) const FILLERS: [&str; 7] = ["the", "a", "an", "please", "o'clock", "oclock", "sharp"];
pub(super) const JOINTS: [&str; 5] = ["and", ",", "on", "of", "in"];
pub(super) const EVERY: [&str; 4] = ["every", "each", "once", "per"];
pub(super) const UP_TO: [&str; 5] = ["to", "-", "through", "till", "until"];

const DAYS: [&[&str]; 7] = [
    &["sunday", "sundays", "sun"],
    &["monday", "mondays", "mon"],
    &["tuesday", "tuesdays", "tue", "tues"],
    &["wednesday", "wednesdays", "wed"],
    &["thursday", "thursdays", "thu", "thur", "thurs"],
    &["friday", "fridays", "fri"],
    &["saturday", "saturdays", "sat"],
];
pub(super) const WEEKDAYS: [&str; 2] = ["weekday", "weekdays"];
pub(super) const WEEKENDS: [&str; 2] = ["weekend", "weekends"];

const MONTHS: [&[&str]; 12] = [
    &["january", "jan"],
    &["february", "feb"],
    &["march", "mar"],
    &["april", "apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "aug"],
    &["september", "sep", "sept"],
    &["october", "oct"],
    &["november", "nov"],
    &["december", "dec"],
];

const NUMBERS: [(&str, u32); 11] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("eight", 8),
    ("ten", 10),
    ("twelve", 12),
    ("fifteen", 15),
    ("thirty", 30),
];

const ORDINALS: [(&str, Nth); 6] = [
    ("first", Nth::Number(1)),
    ("second", Nth::Number(2)),
    ("third", Nth::Number(3)),
    ("fourth", Nth::Number(4)),
    ("fifth", Nth::Number(5)),
    ("last", Nth::Last),
];

pub(super) const PERIODS: [(&str, Period); 8] = [
    ("daily", Period::Day),
    ("day", Period::Day),
    ("weekly", Period::Week),
    ("week", Period::Week),
    ("monthly", Period::Month),
    ("month", Period::Month),
    ("yearly", Period::Year),
    ("annually", Period::Year),
];

pub(super) const FORTNIGHT: &str = "cron counts no weeks; “first and third Monday of the month at 9” comes close, or write the days of the month";

/// Words that are understood well enough to say why not.
const REFUSALS: [(&str, &str); 20] = [
    ("fortnight", FORTNIGHT),
    ("fortnightly", FORTNIGHT),
    ("biweekly", FORTNIGHT),
    ("other", FORTNIGHT),
    ("seconds", "a minute is the shortest step"),
    ("morning", "say the hour: “every day at 8”"),
    ("afternoon", "say the hour: “every day at 15:00”"),
    ("evening", "say the hour: “every day at 18:00”"),
    ("night", "say the hour: “every day at 2”"),
    ("nightly", "say the hour: “every day at 2”"),
    ("twice", "name the hours: “daily at 9 and 17”"),
    ("times", "name the hours: “daily at 9 and 17”"),
    ("except", "name the days that are meant: “Monday to Thursday at 9”"),
    ("but", "name the days that are meant: “Monday to Thursday at 9”"),
    ("today", "a schedule repeats; for a single task write a card"),
    ("tomorrow", "a schedule repeats; for a single task write a card"),
    ("half", "write the time in figures: “at 9:30”"),
    ("past", "write the time in figures: “at 9:30”"),
    ("utc", "the time zone has a field of its own"),
    ("time", "the time zone has a field of its own"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nth {
    Number(u32),
    Last,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Week,
    Month,
    Year,
}

/// A time on the clock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u32,
    pub(super) minute: u32,
}

fn position(table: &[&[&str]], word: &str) -> Option<u32> {
    table.iter().position(|names| names.contains(&word)).map(|at| at as u32)
}

pub(super) fn week_day(word: &str) -> Option<u32> {
    position(&DAYS, word)
}

/// 1 to 12.
pub(super) fn month(word: &str) -> Option<u32> {
    position(&MONTHS, word).map(|at| at + 1)
}

pub(super) fn plain_number(word: &str) -> Option<u32> {
    word.parse().ok().filter(|_| word.bytes().all(|b| b.is_ascii_digit()))
}

/// `15`, `fifteen`, `15th`.
pub(super) fn number(word: &str) -> Option<u32> {
    let named = NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    named.or_else(|| plain_number(word)).or_else(|| numbered(word))
}

fn numbered(word: &str) -> Option<u32> {
    ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).and_then(plain_number)
}

pub(super) fn ordinal(word: &str) -> Option<Nth> {
    let named = ORDINALS.iter().find(|(name, _)| *name == word).map(|(_, nth)| *nth);
    named.or_else(|| numbered(word).map(Nth::Number))
}

/// `9`, `9am`, `09:30`, `9.30pm`, `18h30`, `noon`, `midnight`.
pub(super) fn clock(word: &str, half: Option<&str>) -> Option<Clock> {
    match word {
        "noon" => return Some(Clock { hour: 12, minute: 0 }),
        "midnight" => return Some(Clock { hour: 0, minute: 0 }),
        _ => {}
    }
    let (figures, half) = match (word.strip_suffix("am"), word.strip_suffix("pm"), half) {
        (Some(figures), _, None) => (figures, Some("am")),
        (_, Some(figures), None) => (figures, Some("pm")),
        _ => (word, half),
    };
    let (hour, minute) = match figures.split_once([':', '.', 'h']) {
        Some((hour, "")) if figures.ends_with('h') => (plain_number(hour)?, 0),
        Some((hour, minute)) if minute.len() == 2 => (plain_number(hour)?, plain_number(minute)?),
        Some(_) => return None,
        None => (plain_number(figures)?, 0),
    };
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("am") => hour % 12,
        Some(_) => hour % 12 + 12,
    };
    (hour < 24 && minute < 60).then_some(Clock { hour, minute })
}

pub(super) fn not_understood(text: String, hint: &str) -> BadSchedule {
    BadSchedule::NotUnderstood { text, hint: hint.into() }
}

pub(super) fn refused(word: &str) -> BadSchedule {
    let known = REFUSALS.iter().find(|(name, _)| *name == word || format!("{name}s") == word);
    not_understood(word.into(), known.map_or(EXAMPLES, |(_, hint)| hint))
}

pub(super) fn uneven(step: u32, unit: &str, whole: &str, instead: &str) -> BadSchedule {
    not_understood(
        format!("every {step} {unit}"),
        &format!("{step} does not divide {whole} evenly, so the steps would be uneven; use {instead}"),
    )
}
