//! What the clauses of a phrase filled, and the cron expression that it comes to.

use super::{
    super::BadSchedule,
    vocabulary::{Clock, Period, not_understood},
};

/// What the clauses have filled so far.
#[derive(Default)]
pub(super) struct Phrase {
    pub(super) minute_step: Option<u32>,
    pub(super) hour_step: Option<u32>,
    pub(super) minute_of_hour: Option<u32>,
    pub(super) between: Option<(Clock, Clock)>,
    pub(super) times: Vec<Clock>,
    pub(super) period: Option<Period>,
    pub(super) month_days: Vec<String>,
    pub(super) months: Vec<String>,
    pub(super) week_days: Vec<String>,
}

impl Phrase {
    /// The five fields.
    pub(super) fn cron(mut self, text: &str) -> Result<String, BadSchedule> {
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
