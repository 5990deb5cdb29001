//! Times in sentences for people, on this machine's clock.

use domain::Millis;
use jiff::{Timestamp, tz::TimeZone};

/// `14:05`, with the day where it is not today's: `14:05 on 24 Nov`.
pub(crate) fn clock() -> impl Fn(Millis) -> String {
    let zone = TimeZone::system();
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    move |at| match Timestamp::from_millisecond(at) {
        Ok(at) => {
            let at = at.to_zoned(zone.clone());
            let format = if at.date() == today { "%H:%M" } else { "%H:%M on %-d %b" };
            at.strftime(format).to_string()
        }
        Err(_) => "some time".into(),
    }
}
