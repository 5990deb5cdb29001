//! The names of a schedule's cards. A title carries the date of its firing, so that yesterday's card
//! and today's are told apart.

use jiff::Zoned;

use super::{BadSchedule, Cron};

/// What a title may hold between braces.
pub(super) const PLACEHOLDERS: [&str; 5] = ["date", "time", "weekday", "week", "month"];

/// Checks a template's title, and adds the date (and the time, where there are several a day) to one
/// that names neither.
pub fn title(text: &str, cron: &Cron) -> Result<String, BadSchedule> {
    let mut dated = false;
    for name in names(text) {
        if !PLACEHOLDERS.contains(&name) {
            return Err(BadSchedule::Placeholder(name.into()));
        }
        dated = true;
    }
    Ok(match (dated, cron.several_a_day()) {
        (true, _) => text.into(),
        (false, false) => format!("{text} {{date}}"),
        (false, true) => format!("{text} {{date}} {{time}}"),
    })
}

/// The template with the firing's wall-clock time in place of the placeholders. Other braces stay.
pub fn fill(template: &str, at: &Zoned) -> String {
    PLACEHOLDERS.iter().fold(template.to_owned(), |text, name| {
        let hole = format!("{{{name}}}");
        if text.contains(&hole) { text.replace(&hole, &value(name, at)) } else { text }
    })
}

fn value(name: &str, at: &Zoned) -> String {
    let format = match name {
        "date" => "%Y-%m-%d",
        "time" => "%H:%M",
        "weekday" => "%A",
        "week" => "%G-W%V",
        _ => "%Y-%m",
    };
    at.strftime(format).to_string()
}

/// The words between braces.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Zone;
    use rstest::rstest;

    #[rstest]
    #[case("Standup", "0 9 * * *", Ok("Standup {date}".into()))]
    #[case("Probe", "*/15 * * * *", Ok("Probe {date} {time}".into()))]
    #[case("Week {week}", "0 9 * * 1", Ok("Week {week}".into()))]
    #[case("Ship {version}", "0 9 * * *", Err(BadSchedule::Placeholder("version".into())))]
    #[case("Ship {}", "0 9 * * *", Err(BadSchedule::Placeholder("".into())))]
    #[case("A lone { brace", "0 9 * * *", Ok("A lone { brace {date}".into()))]
    fn a_title_names_its_firing(
        #[case] text: &str,
        #[case] cron: &str,
        #[case] expected: Result<String, BadSchedule>,
    ) {
        assert_eq!(title(text, &Cron::parse(cron).unwrap()), expected);
    }

    #[test]
    fn placeholders_are_read_off_the_zones_wall_clock() {
        let at = "2026-12-31T23:30:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let auckland = Zone::parse("Pacific/Auckland").unwrap().wall(at);
        assert_eq!(
            fill("{date} {time} {weekday} {week} {month} {else} {", &auckland),
            "2027-01-01 12:30 Friday 2026-W53 2027-01 {else} {"
        );
    }
}
