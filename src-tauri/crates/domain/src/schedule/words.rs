//! Phrases for schedules: “every weekday at 9”, “first Monday monthly”, “every 15 minutes”. A phrase
//! is a row of clauses, each of which fills a part of a cron expression: the clauses are read here, their
//! words are in `vocabulary`, what they come to in `phrase`. What cron cannot say, or what is ambiguous, is
//! refused with what to write instead: a schedule that fires at another time than meant is worse than none.

mod phrase;
#[cfg(test)]
mod tests;
mod vocabulary;

use self::{
    phrase::Phrase,
    vocabulary::{
        Clock, EVERY, FILLERS, FORTNIGHT, JOINTS, Nth, PERIODS, Period, SPELLINGS, UP_TO, WEEKDAYS, WEEKENDS,
        clock, month, not_understood, number, ordinal, plain_number, refused, uneven, week_day,
    },
};
use super::{BadSchedule, Cron};

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

/// `mon-fri` and `9-17` as three words.
fn split_range(word: &str) -> Vec<String> {
    match word.split_once('-') {
        Some((first, last)) if !first.is_empty() && !last.is_empty() => {
            vec![first.into(), "-".into(), last.into()]
        }
        _ => vec![word.into()],
    }
}

fn week_days_through(first: u32, last: u32) -> String {
    if first <= last {
        return format!("{first}-{last}");
    }
    let days: Vec<String> = (first..7).chain(0..=last).map(|day| day.to_string()).collect();
    days.join(",")
}
