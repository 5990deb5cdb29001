//! What people, programs and addresses may hand the rules: any text is read or refused, and what was read can be
//! written and read again. Phrases and cron fields have their own noise in `schedule`.

use std::str::FromStr;

use flightboard_domain::{
    Priority, Role, Status, TaskKey, agent, attachment, filter,
    schedule::{Cron, Zone},
    text, verdict,
    webhook::{is_public, target},
};
use proptest::prelude::*;

/// Anything, and what nearly means something: numbers without end, NULs, signs that no keyboard has.
fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[Tt]-?[0-9]{1,40}",
        "-?[0-9]{1,400}",
        "[*/,0-9-]{1,20}( [*/,0-9A-Z-]{1,9}){4}",
        "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{0,13}",
        "[a-z]{0,6}:?/{0,3}[^ ]{0,60}",
        "https?://[0-9a-fx.:\\[\\]%@]{1,40}/?",
        "\\PC{0,9}\u{0}\\PC{0,9}",
        ("[a-zA-Z0-9*/ ]", 1usize..60_000).prop_map(|(letter, times)| letter.repeat(times)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused_in_few_words(text in anything()) {
        let refused = [
            TaskKey::from_str(&text).err().map(|bad| bad.to_string()),
            Priority::from_str(&text).err().map(|bad| bad.to_string()),
            Status::from_str(&text).err().map(|bad| bad.to_string()),
            Cron::parse(&text).err().map(|bad| bad.to_string()),
            Zone::parse(&text).err().map(|bad| bad.to_string()),
            agent::name(&text).err().map(|bad| bad.to_string()),
            attachment::name(&text).err().map(|bad| bad.to_string()),
            filter::name(&text).err().map(|bad| bad.to_string()),
            text::title(&text).err().map(|bad| bad.to_string()),
            text::tags(std::slice::from_ref(&text)).err().map(|bad| bad.to_string()),
            target(&text, true).err().map(|bad| bad.to_string()),
        ];
        for sentence in refused.into_iter().flatten() {
            prop_assert!(!sentence.is_empty());
        }
        let _ = (Role::parse(&text), verdict::Verdict::parse(&text));
    }

    #[test]
    fn an_address_that_may_be_told_stands_for_no_private_number(text in anything()) {
        let Ok(url) = target(&text, false) else { return Ok(()) };
        let number = match url.host_str().unwrap_or_default().trim_matches(['[', ']']).parse() {
            Ok(ip) => is_public(ip),
            // A name is looked at when something is sent.
            Err(_) => true,
        };
        prop_assert!(number && ["http", "https"].contains(&url.scheme()), "{url}");
    }
}
