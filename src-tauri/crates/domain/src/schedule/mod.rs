//! Schedules: when cards are made, and what becomes of a firing that was missed or that meets the
//! last one's card still open. Cron expressions and time zones are in `cron`, the phrases that
//! people type in `words`, the names of the cards in `template`, the decisions in `policy`.

mod cron;
mod policy;
mod template;
mod words;

pub use cron::{Cron, Zone};
pub use policy::{
    Children, Due, GRACE, MISFIRE_CAP, Misfire, Overlap, Policy, QUEUE_MAX, Skip, due, release,
};
pub use template::{fill, title};
pub use words::read;

/// Why a schedule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    #[error("it is not said when; write for instance “every weekday at 9”")]
    Empty,
    #[error("the schedule is too long; one phrase or five cron fields are enough")]
    TooLong,
    #[error("“{text}” is not understood")]
    NotUnderstood { text: String, hint: String },
    #[error(
        "“{0}” is not a cron expression: it has five fields, for minute, hour, day of the month, month and day of the week"
    )]
    Fields(String),
    #[error("“{field}” is no {name}: allowed are {allowed}")]
    Field { name: &'static str, field: String, allowed: &'static str },
    #[error("“{0}” never comes: no such day is in the calendar")]
    Never(String),
    #[error("there is no time zone “{name}”")]
    Zone { name: String, meant: Option<String> },
    #[error("“{{{0}}}” is no placeholder of a title")]
    Placeholder(String),
    #[error("the cap of a catch-up is 1 to {MISFIRE_CAP} cards, not {0}")]
    Cap(u32),
}

impl BadSchedule {
    /// The next step, where there is one to name.
    pub fn hint(&self) -> Option<String> {
        match self {
            BadSchedule::NotUnderstood { hint, .. } => Some(hint.clone()),
            BadSchedule::Fields(_) => {
                Some("write for instance “0 9 * * 1-5”, or “every weekday at 9”".into())
            }
            BadSchedule::Never(_) => Some("“L” is the last day of any month".into()),
            BadSchedule::Zone { meant: Some(meant), .. } => Some(format!("did you mean {meant}?")),
            BadSchedule::Zone { meant: None, .. } => {
                Some("use a name such as Europe/Berlin, America/New_York or UTC".into())
            }
            BadSchedule::Placeholder(_) => Some(format!(
                "there are {}",
                template::PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ")
            )),
            BadSchedule::Empty | BadSchedule::TooLong | BadSchedule::Field { .. } | BadSchedule::Cap(_) => {
                None
            }
        }
    }
}
