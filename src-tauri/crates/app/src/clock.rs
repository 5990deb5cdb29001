//! Times in sentences for people, on this machine's clock.

use domain::Millis;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// From here on a minute says too little: a card that tries again at 14:05 is looked at at 14:05.
const SOON: Millis = 120_000;

/// `14:05`, `14:05:09` where it is less than two minutes from now, with the day where it is not today's:
/// `14:05 on 24 Nov`.
pub(crate) fn clock() -> impl Fn(Millis) -> String {
    let now = Timestamp::now().to_zoned(TimeZone::system());
    move |at| in_words(at, &now)
}

fn in_words(at: Millis, now: &Zoned) -> String {
    let Ok(then) = Timestamp::from_millisecond(at) else { return "some time".into() };
    let then = then.to_zoned(now.time_zone().clone());
    let format = match at.abs_diff(now.timestamp().as_millisecond()) {
        apart if apart < SOON.unsigned_abs() => "%H:%M:%S",
        _ if then.date() == now.date() => "%H:%M",
        _ => "%H:%M on %-d %b",
    };
    then.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_exact_as_its_nearness_asks() {
        let now: Zoned = "2026-11-24T23:58:30+01:00[Europe/Berlin]".parse().unwrap();
        let at = now.timestamp().as_millisecond();
        for (after, words) in [
            (0, "23:58:30"),
            (119_999, "00:00:29"),
            (-119_999, "23:56:30"),
            (120_000, "00:00 on 25 Nov"),
            (-120_000, "23:56"),
            (86_400_000, "23:58 on 25 Nov"),
        ] {
            assert_eq!(in_words(at + after, &now), words, "{after} ms from now");
        }
        assert_eq!(in_words(Millis::MAX, &now), "some time");
    }
}
