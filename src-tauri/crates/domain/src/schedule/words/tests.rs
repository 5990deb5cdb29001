//! Phrases that are read, phrases that are refused with a hint, and any others.

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
    let one = prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"];
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
