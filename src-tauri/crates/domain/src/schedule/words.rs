//! Phrases for schedules: “every weekday at 9”, “first Monday monthly”, “every 15 minutes”. A phrase
//! is a row of clauses, each of which fills a part of a cron expression; the tables below are the
//! grammar. What cron cannot say, or what is ambiguous, is refused with what to write instead: a
//! schedule that fires at another time than meant is worse than none.

use super::{BadSchedule, Cron};

const EXAMPLES: &str = "try “every weekday at 9”, “first Monday of the month at 10”, “every 15 minutes”, “on the 1st at 08:00”, or five cron fields";

/// Written in several ways, read in one.
const SPELLINGS: [(&str, &str); 11] = [
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
const FILLERS: [&str; 7] = ["the", "a", "an", "please", "o'clock", "oclock", "sharp"];
const JOINTS: [&str; 5] = ["and", ",", "on", "of", "in"];
const EVERY: [&str; 4] = ["every", "each", "once", "per"];
const UP_TO: [&str; 5] = ["to", "-", "through", "till", "until"];

const DAYS: [&[&str]; 7] = [
    &["sunday", "sundays", "sun"],
    &["monday", "mondays", "mon"],
    &["tuesday", "tuesdays", "tue", "tues"],
    &["wednesday", "wednesdays", "wed"],
    &["thursday", "thursdays", "thu", "thur", "thurs"],
    &["friday", "fridays", "fri"],
    &["saturday", "saturdays", "sat"],
];
const WEEKDAYS: [&str; 2] = ["weekday", "weekdays"];
const WEEKENDS: [&str; 2] = ["weekend", "weekends"];

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

const PERIODS: [(&str, Period); 8] = [
    ("daily", Period::Day),
    ("day", Period::Day),
    ("weekly", Period::Week),
    ("week", Period::Week),
    ("monthly", Period::Month),
    ("month", Period::Month),
    ("yearly", Period::Year),
    ("annually", Period::Year),
];

const FORTNIGHT: &str = "cron counts no weeks; “first and third Monday of the month at 9” comes close, or write the days of the month";

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

/// Reads a phrase or a cron expression.
pub fn read(text: &str) -> Result<Cron, BadSchedule> {
    let text = text.trim();
    if text.is_empty() {
        return Err(BadSchedule::Empty);
    }
    if text.chars().count() > super::cron::TEXT_MAX {
        return Err(BadSchedule::TooLong);
    }
    if is_cron(text) {
        return Cron::parse(text);
    }
    let phrase = Reader::new(text).read()?;
    Cron::parse(&phrase.cron(text)?)
}

/// A nickname, or two fields of figures and signs at the front.
fn is_cron(text: &str) -> bool {
    let is_field = |word: &str| word.chars().all(|c| c.is_ascii_digit() || "*,-/?".contains(c));
    let front: Vec<&str> = text.split_whitespace().take(2).collect();
    text.starts_with('@') || text == "*" || (front.len() == 2 && front.into_iter().all(is_field))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nth {
    Number(u32),
    Last,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Period {
    Day,
    Week,
    Month,
    Year,
}

/// A time on the clock.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Clock {
    hour: u32,
    minute: u32,
}

/// What the clauses have filled so far.
#[derive(Default)]
struct Phrase {
    minute_step: Option<u32>,
    hour_step: Option<u32>,
    minute_of_hour: Option<u32>,
    between: Option<(Clock, Clock)>,
    times: Vec<Clock>,
    period: Option<Period>,
    month_days: Vec<String>,
    months: Vec<String>,
    week_days: Vec<String>,
}

struct Reader {
    words: Vec<String>,
    at: usize,
    phrase: Phrase,
}

impl Reader {
    fn new(text: &str) -> Reader {
        let plain = SPELLINGS.iter().fold(text.to_lowercase(), |text, (from, to)| text.replace(from, to));
        let words = plain
            .split_whitespace()
            .map(|word| word.trim_end_matches(['.', '!']))
            .filter(|word| !word.is_empty() && !FILLERS.contains(word))
            .flat_map(split_range)
            .collect();
        Reader { words, at: 0, phrase: Phrase::default() }
    }

    fn read(mut self) -> Result<Phrase, BadSchedule> {
        while let Some(word) = self.peek(0) {
            let word = word.to_owned();
            if JOINTS.contains(&word.as_str()) {
                self.at += 1;
            } else if EVERY.contains(&word.as_str()) {
                self.at += 1;
                self.every()?;
            } else if !(self.period()
                || self.week_days()
                || self.month_days()?
                || self.months()?
                || self.between()
                || self.times()?)
            {
                return Err(refused(&word));
            }
        }
        Ok(self.phrase)
    }

    fn peek(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).map(String::as_str)
    }

    fn next_is(&self, ahead: usize, words: &[&str]) -> bool {
        self.peek(ahead).is_some_and(|word| words.contains(&word))
    }

    /// Steps over `words` if the next one is among them.
    fn skip(&mut self, words: &[&str]) -> bool {
        let there = self.next_is(0, words);
        self.at += usize::from(there);
        there
    }

    /// “15 minutes”, “2 hours”, “other hour”, “half hour”, “3 months”. A unit without a number is left
    /// to the other clauses, as are days and months by name.
    fn every(&mut self) -> Result<(), BadSchedule> {
        if self.next_is(0, &["half", "quarter"]) && self.next_is(1, &["hour"]) {
            self.phrase.minute_step = Some(if self.next_is(0, &["half"]) { 30 } else { 15 });
            self.at += 2;
            return Ok(());
        }
        if self.next_is(0, &["second"]) {
            let seconds = self.peek(1).is_none();
            return Err(if seconds {
                refused("seconds")
            } else {
                not_understood("every second".into(), FORTNIGHT)
            });
        }
        let count = match self.peek(0) {
            Some("other") => Some(2),
            Some(word) => number(word),
            None => None,
        };
        let unit = self.peek(usize::from(count.is_some())).unwrap_or_default().to_owned();
        let step = count.unwrap_or(1);
        match unit.as_str() {
            "minute" | "minutes" | "min" | "mins" => {
                if step == 0 || 60 % step != 0 {
                    return Err(uneven(step, "minutes", "an hour", "15, 20 or 30"));
                }
                if step == 60 {
                    self.phrase.hour_step = Some(1)
                } else {
                    self.phrase.minute_step = Some(step)
                }
            }
            "hour" | "hours" | "hr" | "hrs" => {
                if step == 0 || 24 % step != 0 {
                    return Err(uneven(step, "hours", "a day", "2, 3, 4, 6, 8 or 12"));
                }
                if step == 24 {
                    self.phrase.period = Some(Period::Day)
                } else {
                    self.phrase.hour_step = Some(step)
                }
            }
            "second" | "seconds" | "sec" | "secs" => return Err(refused("seconds")),
            "day" | "days" if step != 1 => {
                return Err(not_understood(
                    format!("every {step} days"),
                    "the days of a month do not divide evenly; name days of the week, or write the days of the month as cron: “0 9 1,11,21 * *”",
                ));
            }
            "week" | "weeks" if step != 1 => {
                return Err(not_understood(format!("every {step} weeks"), FORTNIGHT));
            }
            "month" | "months" => {
                if step == 0 || 12 % step != 0 {
                    return Err(uneven(step, "months", "a year", "2, 3, 4 or 6"));
                }
                self.phrase.period = Some(Period::Month);
                if step > 1 {
                    self.phrase.months.push(if step == 12 { "1".into() } else { format!("*/{step}") });
                }
            }
            "quarter" => self.quarterly(),
            "day" | "days" if count.is_some() => self.phrase.period = Some(Period::Day),
            "year" => self.phrase.period = Some(Period::Year),
            word if count.is_some() => {
                return Err(if self.peek(0) == Some("other") { refused("other") } else { refused(word) });
            }
            _ => return Ok(()),
        }
        self.at += 1 + usize::from(count.is_some());
        Ok(())
    }

    fn quarterly(&mut self) {
        self.phrase.period = Some(Period::Month);
        self.phrase.months.push("*/3".into());
    }

    /// “daily”, “hourly”, “weekdays”, “day”.
    fn period(&mut self) -> bool {
        let Some(word) = self.peek(0) else { return false };
        match word {
            "hourly" => self.phrase.hour_step = Some(1),
            "minutely" => self.phrase.minute_step = Some(1),
            "quarterly" => self.quarterly(),
            "day" if self.peek(1).is_some_and(|word| number(word).is_some()) => return false,
            word => match PERIODS.iter().find(|(name, _)| *name == word) {
                // “of the month” beside “every day” adds nothing; “monthly on the 1st” does.
                Some((_, period)) => self.phrase.period = self.phrase.period.or(Some(*period)),
                None => return false,
            },
        }
        self.at += 1;
        true
    }

    /// “Monday”, “Mondays and Thursdays”, “Monday to Friday”, “weekdays”.
    fn week_days(&mut self) -> bool {
        if self.next_is(0, &["from"]) && self.peek(1).and_then(week_day).is_some() {
            self.at += 1;
        }
        let days = if self.next_is(0, &WEEKDAYS) {
            "1-5".into()
        } else if self.next_is(0, &WEEKENDS) {
            "0,6".into()
        } else if let Some(first) = self.peek(0).and_then(week_day) {
            match self.peek(2).and_then(week_day).filter(|_| self.next_is(1, &UP_TO)) {
                Some(last) => {
                    self.at += 2;
                    week_days_through(first, last)
                }
                None => first.to_string(),
            }
        } else {
            return false;
        };
        self.at += 1;
        self.phrase.week_days.push(days);
        true
    }

    /// “1st and 15th”, “last day”, “first Monday”, “last weekday”, “day 15”, “24 December”.
    fn month_days(&mut self) -> Result<bool, BadSchedule> {
        if self.next_is(0, &["day", "days"])
            && let Some(day) = self.peek(1).and_then(number)
        {
            self.at += 2;
            self.month_day(Nth::Number(day))?;
            return Ok(true);
        }
        if let Some(day) = self.peek(0).and_then(number)
            && self.peek(1).and_then(month).is_some()
        {
            self.at += 1;
            self.month_day(Nth::Number(day))?;
            return Ok(true);
        }
        let mut ordinals = Vec::new();
        let mut ahead = 0;
        while let Some(nth) = self.peek(ahead).and_then(ordinal) {
            ordinals.push(nth);
            self.at += ahead + 1;
            ahead = usize::from(self.next_is(0, &["and", ","]));
        }
        if ordinals.is_empty() {
            return Ok(false);
        }
        if let Some(day) = self.peek(0).and_then(week_day) {
            self.at += 1;
            return self.nth_week_day(day, &ordinals).map(|()| true);
        }
        if self.skip(&WEEKDAYS) {
            return self.nth_working_day(&ordinals).map(|()| true);
        }
        self.skip(&["day", "days"]);
        for nth in ordinals {
            self.month_day(nth)?;
        }
        Ok(true)
    }

    fn month_day(&mut self, nth: Nth) -> Result<(), BadSchedule> {
        let day = match nth {
            Nth::Last => "L".into(),
            Nth::Number(day) if (1..=31).contains(&day) => day.to_string(),
            Nth::Number(day) => {
                return Err(not_understood(
                    format!("day {day}"),
                    "a month has the days 1 to 31, and “the last day”",
                ));
            }
        };
        self.phrase.month_days.push(day);
        Ok(())
    }

    fn nth_week_day(&mut self, day: u32, ordinals: &[Nth]) -> Result<(), BadSchedule> {
        for nth in ordinals {
            self.phrase.week_days.push(match nth {
                Nth::Last => format!("{day}#L"),
                Nth::Number(nth) if (1..=5).contains(nth) => format!("{day}#{nth}"),
                Nth::Number(nth) => {
                    return Err(not_understood(
                        format!("{nth}th"),
                        "a month has at most five of each day of the week",
                    ));
                }
            });
        }
        Ok(())
    }

    fn nth_working_day(&mut self, ordinals: &[Nth]) -> Result<(), BadSchedule> {
        for nth in ordinals {
            self.phrase.month_days.push(match nth {
                Nth::Number(1) => "1W".into(),
                Nth::Last => "LW".into(),
                Nth::Number(_) => {
                    return Err(not_understood(
                        "that weekday of the month".into(),
                        "cron knows “first weekday” and “last weekday” of a month, and days by name: “second Tuesday”",
                    ));
                }
            });
        }
        Ok(())
    }

    /// “January”, “April to June”, “December 24th”.
    fn months(&mut self) -> Result<bool, BadSchedule> {
        if self.next_is(0, &["from"]) && self.peek(1).and_then(month).is_some() {
            self.at += 1;
        }
        let Some(first) = self.peek(0).and_then(month) else { return Ok(false) };
        self.at += 1;
        if self.next_is(0, &UP_TO)
            && let Some(last) = self.peek(1).and_then(month).filter(|last| *last > first)
        {
            self.at += 2;
            self.phrase.months.push(format!("{first}-{last}"));
            return Ok(true);
        }
        self.phrase.months.push(first.to_string());
        if let Some(day) = self.peek(0).and_then(number) {
            self.at += 1;
            self.month_day(Nth::Number(day))?;
        }
        Ok(true)
    }

    /// “between 9 and 17”, “from 9:00 to 17:00”, “9-17”.
    fn between(&mut self) -> bool {
        let start = self.at;
        let said = self.skip(&["between", "from"]);
        let first = self.clock();
        let joined = self.skip(&UP_TO) || (said && self.skip(&["and"]));
        match (first, if joined { self.clock() } else { None }) {
            (Some(first), Some(last)) => {
                self.phrase.between = Some((first, last));
                true
            }
            _ => {
                self.at = start;
                false
            }
        }
    }

    /// “at 9”, “at 9 and 17:00”, “18:30”, “at minute 15”, “at 15 minutes past the hour”.
    fn times(&mut self) -> Result<bool, BadSchedule> {
        let said = self.skip(&["at", "@"]);
        if self.minute_of_hour() {
            return Ok(true);
        }
        // A bare number may be anything.
        if !said
            && self.peek(0).is_none_or(|word| plain_number(word).is_some())
            && !self.next_is(1, &["am", "pm"])
        {
            return Ok(false);
        }
        let Some(first) = self.clock() else {
            return match self.peek(0) {
                Some(word) if said => Err(refused(word)),
                None if said => Err(refused("at")),
                _ => Ok(false),
            };
        };
        self.phrase.times.push(first);
        loop {
            let start = self.at;
            while self.skip(&["and", ",", "at"]) {}
            match self.clock() {
                Some(next) if self.at > start + 1 => self.phrase.times.push(next),
                _ => {
                    self.at = start;
                    return Ok(true);
                }
            }
        }
    }

    fn minute_of_hour(&mut self) -> bool {
        let (minute, words) = if self.next_is(0, &["minute"]) {
            (self.peek(1).and_then(plain_number), 2)
        } else if self.next_is(1, &["minutes", "past"]) {
            (self.peek(0).and_then(number), 1)
        } else {
            (self.peek(0).and_then(|word| word.strip_prefix(':')).and_then(plain_number), 1)
        };
        let Some(minute) = minute.filter(|minute| *minute < 60) else { return false };
        self.at += words;
        self.phrase.minute_of_hour = Some(minute);
        while self.skip(&["minutes", "past", "after", "every", "each", "hour"]) {}
        self.phrase.hour_step = self.phrase.hour_step.or(Some(1));
        true
    }

    fn clock(&mut self) -> Option<Clock> {
        let word = self.peek(0)?.to_owned();
        let half = self.peek(1).filter(|word| ["am", "pm"].contains(word)).map(str::to_owned);
        let clock = clock(&word, half.as_deref())?;
        self.at += 1 + usize::from(half.is_some());
        Some(clock)
    }
}

impl Phrase {
    /// The five fields.
    fn cron(mut self, text: &str) -> Result<String, BadSchedule> {
        let refuse = |hint: &str| Err(not_understood(text.into(), hint));
        if !self.month_days.is_empty() && !self.week_days.is_empty() {
            return refuse(
                "it names days of the week and days of the month; make two schedules, or write it as cron",
            );
        }
        let days_named = !self.month_days.is_empty() || !self.week_days.is_empty();
        let (minutes, hours) = match (self.minute_step, self.hour_step) {
            (Some(_), Some(_)) => return refuse("it names two steps; say one of them"),
            (Some(_), None) | (None, Some(_)) if !self.times.is_empty() => {
                return refuse(
                    "a step and a time do not go together; say “every hour at minute 15”, or “between 9 and 17”",
                );
            }
            (Some(1), None) => ("*".into(), self.hours("*")?),
            (Some(step), None) => (format!("*/{step}"), self.hours("*")?),
            (None, Some(step)) => {
                let every = if step == 1 { "*".into() } else { format!("*/{step}") };
                (self.minute_of_hour.unwrap_or(0).to_string(), self.hours(&every)?)
            }
            (None, None) if self.between.is_some() => {
                return refuse("say how often in that time: “every hour between 9 and 17”");
            }
            (None, None) if self.period.is_none() && !days_named && self.months.is_empty() => {
                return refuse("say on which days: “every day at 9”, “every weekday at 9”");
            }
            (None, None) => self.at_times()?,
        };
        let steps = self.minute_step.is_some() || self.hour_step.is_some();
        self.fill_days(days_named || steps);
        let field = |parts: &[String]| if parts.is_empty() { "*".into() } else { parts.join(",") };
        let (days, months, weeks) = (field(&self.month_days), field(&self.months), field(&self.week_days));
        Ok(format!("{minutes} {hours} {days} {months} {weeks}"))
    }

    /// The first day of the period, where no day is named.
    fn fill_days(&mut self, named: bool) {
        let yearly = self.period == Some(Period::Year);
        if yearly && self.months.is_empty() {
            self.months.push("1".into());
        }
        match self.period {
            _ if named => {}
            Some(Period::Day) => {}
            Some(Period::Week) => self.week_days.push("1".into()),
            Some(Period::Month | Period::Year) => self.month_days.push("1".into()),
            None if !self.months.is_empty() => self.month_days.push("1".into()),
            None => {}
        }
    }

    /// The hour field of a step, `every` where no hours are named. Hours are named to the end of the
    /// last: between 9 and 17 a quarter-hourly one fires last at 16:45, an hourly one at 17:00.
    fn hours(&self, every: &str) -> Result<String, BadSchedule> {
        let Some((first, last)) = self.between else { return Ok(every.into()) };
        let end = if self.minute_step.is_some() { last.hour.saturating_sub(1) } else { last.hour };
        if first.minute != 0 || last.minute != 0 || first.hour > end {
            return Err(not_understood(
                "these hours".into(),
                "give full hours of one day, the earlier first: “every 15 minutes between 9 and 17”",
            ));
        }
        let range = format!("{}-{end}", first.hour);
        Ok(every.strip_prefix('*').map_or(range.clone(), |step| format!("{range}{step}")))
    }

    /// Minute and hour field of times of day; midnight where none is named.
    fn at_times(&self) -> Result<(String, String), BadSchedule> {
        let midnight = [Clock { hour: 0, minute: 0 }];
        let times = if self.times.is_empty() { &midnight[..] } else { &self.times };
        if times.iter().any(|time| time.minute != times[0].minute) {
            return Err(not_understood(
                "times with different minutes".into(),
                "make a schedule for each of them",
            ));
        }
        let hours: Vec<String> = times.iter().map(|time| time.hour.to_string()).collect();
        Ok((times[0].minute.to_string(), hours.join(",")))
    }
}

/// `mon-fri` and `9-17` as three words.
fn split_range(word: &str) -> Vec<String> {
    match word.split_once('-') {
        Some((first, last)) if !first.is_empty() && !last.is_empty() => {
            vec![first.into(), "-".into(), last.into()]
        }
        _ => vec![word.into()],
    }
}

fn position(table: &[&[&str]], word: &str) -> Option<u32> {
    table.iter().position(|names| names.contains(&word)).map(|at| at as u32)
}

fn week_day(word: &str) -> Option<u32> {
    position(&DAYS, word)
}

/// 1 to 12.
fn month(word: &str) -> Option<u32> {
    position(&MONTHS, word).map(|at| at + 1)
}

fn week_days_through(first: u32, last: u32) -> String {
    if first <= last {
        return format!("{first}-{last}");
    }
    let days: Vec<String> = (first..7).chain(0..=last).map(|day| day.to_string()).collect();
    days.join(",")
}

fn plain_number(word: &str) -> Option<u32> {
    word.parse().ok().filter(|_| word.bytes().all(|b| b.is_ascii_digit()))
}

/// `15`, `fifteen`, `15th`.
fn number(word: &str) -> Option<u32> {
    let named = NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    named.or_else(|| plain_number(word)).or_else(|| numbered(word))
}

fn numbered(word: &str) -> Option<u32> {
    ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).and_then(plain_number)
}

fn ordinal(word: &str) -> Option<Nth> {
    let named = ORDINALS.iter().find(|(name, _)| *name == word).map(|(_, nth)| *nth);
    named.or_else(|| numbered(word).map(Nth::Number))
}

/// `9`, `9am`, `09:30`, `9.30pm`, `18h30`, `noon`, `midnight`.
fn clock(word: &str, half: Option<&str>) -> Option<Clock> {
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

fn not_understood(text: String, hint: &str) -> BadSchedule {
    BadSchedule::NotUnderstood { text, hint: hint.into() }
}

fn refused(word: &str) -> BadSchedule {
    let known = REFUSALS.iter().find(|(name, _)| *name == word || format!("{name}s") == word);
    not_understood(word.into(), known.map_or(EXAMPLES, |(_, hint)| hint))
}

fn uneven(step: u32, unit: &str, whole: &str, instead: &str) -> BadSchedule {
    not_understood(
        format!("every {step} {unit}"),
        &format!("{step} does not divide {whole} evenly, so the steps would be uneven; use {instead}"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use rstest::rstest;

    #[rstest]
    // Cron passes through.
    #[case("0 9 * * 1-5", "0 9 * * 1-5")]
    #[case("  0   9  * *  MON-FRI ", "0 9 * * 1-5")]
    #[case("@daily", "0 0 * * *")]
    #[case("@weekly", "0 0 * * 0")]
    // Days of the week.
    #[case("every weekday at 9", "0 9 * * 1-5")]
    #[case("Every Weekday at 9am.", "0 9 * * 1-5")]
    #[case("weekdays at 09:30", "30 9 * * 1-5")]
    #[case("9 am every working day", "0 9 * * 1-5")]
    #[case("monday to friday at 17:45", "45 17 * * 1-5")]
    #[case("mon-fri 8:00", "0 8 * * 1-5")]
    #[case("from Monday through Thursday at 9", "0 9 * * 1-4")]
    #[case("friday to monday at 9", "0 9 * * 5,6,0,1")]
    #[case("every monday and thursday at 18:30", "30 18 * * 1,4")]
    #[case("Mondays, Wednesdays and Fridays at noon", "0 12 * * 1,3,5")]
    #[case("at 9 on tuesdays", "0 9 * * 2")]
    #[case("every weekend at 10", "0 10 * * 0,6")]
    #[case("weekly", "0 0 * * 1")]
    #[case("weekly on friday at 16:00", "0 16 * * 5")]
    #[case("once a week on Sunday", "0 0 * * 0")]
    // Every day.
    #[case("daily", "0 0 * * *")]
    #[case("daily at 18:30", "30 18 * * *")]
    #[case("every day at 6 pm", "0 18 * * *")]
    #[case("each day at midnight", "0 0 * * *")]
    #[case("once a day at 7.15", "15 7 * * *")]
    #[case("daily at 9 and 17", "0 9,17 * * *")]
    #[case("daily at 9, 13 and at 17:00", "0 9,13,17 * * *")]
    #[case("every day at 12am", "0 0 * * *")]
    #[case("every day at 12:30 pm", "30 12 * * *")]
    #[case("every 24 hours", "0 0 * * *")]
    // Steps.
    #[case("every minute", "* * * * *")]
    #[case("every 15 minutes", "*/15 * * * *")]
    #[case("every fifteen mins", "*/15 * * * *")]
    #[case("every half hour", "*/30 * * * *")]
    #[case("every quarter of an hour", "*/15 * * * *")]
    #[case("every half an hour on weekdays", "*/30 * * * 1-5")]
    #[case("every 60 minutes", "0 * * * *")]
    #[case("hourly", "0 * * * *")]
    #[case("every hour", "0 * * * *")]
    #[case("every 2 hours", "0 */2 * * *")]
    #[case("every other hour", "0 */2 * * *")]
    #[case("every hour at minute 15", "15 * * * *")]
    #[case("every hour at :45", "45 * * * *")]
    #[case("at 20 minutes past the hour", "20 * * * *")]
    #[case("every 15 minutes between 9 and 17 on weekdays", "*/15 9-16 * * 1-5")]
    #[case("every hour from 9:00 to 17:00 monday to friday", "0 9-17 * * 1-5")]
    #[case("every 2 hours 8-18", "0 8-18/2 * * *")]
    // Days of the month.
    #[case("first Monday monthly", "0 0 * * 1#1")]
    #[case("on the first Monday of the month at 10", "0 10 * * 1#1")]
    #[case("every last friday at 16:00", "0 16 * * 5#L")]
    #[case("first and third tuesday of each month at 9", "0 9 * * 2#1,2#3")]
    #[case("2nd wednesday of every month", "0 0 * * 3#2")]
    #[case("on the 1st at 08:00", "0 8 1 * *")]
    #[case("monthly", "0 0 1 * *")]
    #[case("monthly on the 15th at 9", "0 9 15 * *")]
    #[case("every month on day 3", "0 0 3 * *")]
    #[case("on the 1st and the 15th of the month at 8", "0 8 1,15 * *")]
    #[case("last day of the month at 23:59", "59 23 L * *")]
    #[case("first weekday of the month at 9", "0 9 1W * *")]
    #[case("last working day of every month at 17", "0 17 LW * *")]
    // Months and years.
    #[case("quarterly", "0 0 1 */3 *")]
    #[case("every quarter on the 5th at 9", "0 9 5 */3 *")]
    #[case("every 6 months", "0 0 1 */6 *")]
    #[case("yearly", "0 0 1 1 *")]
    #[case("every year on 24 december at 10", "0 10 24 12 *")]
    #[case("on December 24th at 10", "0 10 24 12 *")]
    #[case("every january", "0 0 1 1 *")]
    #[case("every day in july at 7", "0 7 * 7 *")]
    #[case("weekdays from april to june at 9", "0 9 * 4-6 1-5")]
    fn phrases_become_cron(#[case] text: &str, #[case] cron: &str) {
        match read(text) {
            Ok(read) => assert_eq!(read.text(), cron, "{text}"),
            Err(refused) => panic!("“{text}”: {refused}; {:?}", refused.hint()),
        }
    }

    #[rstest]
    #[case("", "it is not said when", "")]
    #[case("sometimes", "“sometimes” is not understood", "try “every weekday at 9”")]
    #[case("at 9", "“at 9” is not understood", "say on which days")]
    #[case("every weekday at 25:00", "“25:00” is not understood", "try")]
    #[case("every weekday at 13pm", "“13pm” is not understood", "try")]
    #[case("every weekday at", "“at” is not understood", "try")]
    #[case("every second monday", "“every second” is not understood", "cron counts no weeks")]
    #[case("every other tuesday at 9", "“other” is not understood", "cron counts no weeks")]
    #[case("every 2 weeks", "“every 2 weeks” is not understood", "cron counts no weeks")]
    #[case("fortnightly", "“fortnightly” is not understood", "cron counts no weeks")]
    #[case("every 30 seconds", "“seconds” is not understood", "a minute is the shortest step")]
    #[case("every 7 minutes", "“every 7 minutes” is not understood", "does not divide an hour evenly")]
    #[case("every 5 hours", "“every 5 hours” is not understood", "does not divide a day evenly")]
    #[case("every 0 minutes", "“every 0 minutes” is not understood", "does not divide")]
    #[case("every 3 days", "“every 3 days” is not understood", "do not divide evenly")]
    #[case("every evening", "“evening” is not understood", "say the hour")]
    #[case("twice a day", "“twice” is not understood", "daily at 9 and 17")]
    #[case("every day except sunday", "“except” is not understood", "name the days")]
    #[case("tomorrow at 9", "“tomorrow” is not understood", "a schedule repeats")]
    #[case("daily at half past nine", "“half” is not understood", "at 9:30")]
    #[case("daily at 9:00 and 17:30", "“times with different minutes”", "a schedule for each")]
    #[case("every 15 minutes at 9", "“every 15 minutes at 9” is not understood", "do not go together")]
    #[case("every hour between 22 and 6", "“these hours” is not understood", "the earlier first")]
    #[case("on the 32nd", "“day 32” is not understood", "1 to 31")]
    #[case("monday the 13th at 9", "“monday the 13th at 9”", "two schedules")]
    #[case("third weekday of the month", "“that weekday of the month”", "second Tuesday")]
    #[case("daily at 9 berlin time", "“berlin” is not understood", "try")]
    #[case("daily at 9 utc", "“utc” is not understood", "time zone has a field")]
    #[case("on 30 february", "“0 0 30 2 *” never comes", "last day of any month")]
    // Cron that is wrong is told by its field.
    #[case("61 9 * * *", "“61” is no minute: allowed are 0 to 59", "")]
    #[case("0 24 * * *", "“24” is no hour: allowed are 0 to 23", "")]
    #[case("0 9 0 * *", "“0” is no day of the month", "")]
    #[case("0 9 * 13 *", "“13” is no month", "")]
    #[case("0 9 * * 8", "“8” is no day of the week", "")]
    #[case("0 9 * * FUNDAY", "“FUNDAY” is no day of the week", "")]
    #[case("* * * *", "“* * * *” is not a cron expression", "0 9 * * 1-5")]
    #[case("0 0 9 * * *", "“0 0 9 * * *” is not a cron expression", "0 9 * * 1-5")]
    #[case("@reboot", "“@reboot” is not a cron expression", "0 9 * * 1-5")]
    #[case("0 0 30 2 *", "“0 0 30 2 *” never comes", "last day")]
    #[case("0 0 31 4,6,9,11 *", "never comes", "last day")]
    fn what_is_not_understood_is_refused_with_a_hint(
        #[case] text: &str,
        #[case] message: &str,
        #[case] hint: &str,
    ) {
        let refused = match read(text) {
            Err(refused) => refused,
            Ok(cron) => panic!("“{text}” was taken for {}", cron.text()),
        };
        assert!(refused.to_string().contains(message), "“{text}”: {refused}");
        assert!(refused.hint().unwrap_or_default().contains(hint), "“{text}”: {:?}", refused.hint());
    }

    #[test]
    fn a_text_without_end_is_refused_early() {
        assert_eq!(read(&"every ".repeat(1000)), Err(BadSchedule::TooLong));
    }

    /// Words of phrases and pieces of expressions, in any order.
    fn phrase() -> impl Strategy<Value = String> {
        let words = [
            "every",
            "weekday",
            "day",
            "at",
            "9",
            "9am",
            "17:30",
            "25:99",
            "monday",
            "first",
            "last",
            "monthly",
            "hour",
            "minutes",
            "15",
            "of",
            "the",
            "month",
            "and",
            ",",
            "*",
            "*/5",
            "1-5",
            "0",
            "60",
            "L",
            "@daily",
            "@reboot",
            "february",
            "30",
            "31",
            "noon",
            "midnight",
            "on",
            "in",
            "-1",
            "4294967296",
            "１２",
        ];
        let one =
            prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"];
        prop::collection::vec(one, 0..9).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn any_phrase_is_read_or_refused_in_a_sentence(text in phrase()) {
            match read(&text) {
                Ok(cron) => {
                    let _ = (cron.sentence(), cron.several_a_day());
                    let next = cron.next_few(&super::super::Zone::utc(), 1_800_000_000_000, 3);
                    prop_assert!(next.is_sorted() && next.first().is_none_or(|at| *at > 1_800_000_000_000));
                }
                Err(bad) => prop_assert!(!bad.to_string().is_empty()),
            }
        }

        #[test]
        fn any_zone_is_read_or_refused(name in "[A-Za-z/_+-]{0,20}|.{0,20}") {
            let _ = super::super::Zone::parse(&name);
        }
    }
}
