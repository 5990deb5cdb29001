//! Words from a command line, whatever they are: right usage or wrong usage, a value or a sentence, and no panic.

use clap::FromArgMatches;
use proptest::prelude::*;

use crate::{agents, args::Args, belongings, body, claims, help, keys, orchestrate, queue};

/// A word of the grammar, or any other.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<String> = help::EXAMPLES
        .iter()
        .flat_map(|(_, line)| shell_words::split(line).expect("words").into_iter().skip(1))
        .chain(
            ["--", "--json", "-q", "--help", "-", "@", "@-", "--priority=11", "--limit"].map(str::to_owned),
        )
        .collect();
    prop_oneof![4 => prop::sample::select(known), 1 => any::<String>(), 1 => "-{1,3}[a-z=]{0,9}", 1 => "[0-9]{1,40}"]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9]{1,30}[a-z]{0,3}",
        "[0-9]{0,25}-[0-9]{0,25}~?[0-9]{0,25}",
        "[0-9]{0,25}/[0-9]{0,25}",
        "[0-9]{0,25}:[a-z]{0,9}",
        "-?[0-9]{1,9}-[0-9]{1,3}-[0-9]{1,3}",
        "(\\[|\\{\"title\":){1,300}",
        r#"\{"(title|tags|schedule|task_template)":("x"|[0-9]{1,40}|null|\[\]|\{\})\}"#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_words_are_right_usage_or_wrong(words in prop::collection::vec(word(), 0..9)) {
        let words = std::iter::once("flightboard".to_owned()).chain(words);
        if let Ok(found) = help::grammar().try_get_matches_from(words) {
            prop_assert!(Args::from_arg_matches(&found).is_ok());
        }
    }

    #[test]
    fn any_value_is_read_or_refused_in_a_sentence(text in value()) {
        let refused = [
            queue::backoff(&text).err(),
            keys::end_of(&text).err(),
            belongings::day(&text).err(),
            agents::breaker(&text).err(),
            claims::address(&text).err(),
            body::task(&text).err(),
            body::schedule(&text).err(),
        ];
        for failure in refused.into_iter().flatten() {
            prop_assert!(!failure.to_string().is_empty() && failure.exit_code() == 1);
        }
        let _ = orchestrate::session(&text);
    }
}
