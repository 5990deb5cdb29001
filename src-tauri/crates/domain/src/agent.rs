//! An agent as the registry knows it: what people may call it, what it can do, how much of it at
//! once, and whether it still answers. How its program is started is the `agents` crate's business.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Millis, RetryPolicy, breaker::BreakerRule};

/// Longest name, role or skill, in bytes.
pub const WORD_MAX: usize = 64;
/// Longest title and model, in characters.
pub const TITLE_MAX: usize = 100;
/// Longest instructions, in characters. They are a page of TASK.md, not a book.
pub const INSTRUCTIONS_MAX: usize = 50_000;
/// How many skills an agent may have.
pub const SKILLS_MAX: usize = 50;
/// Most tasks that one agent may have in progress.
pub const CAPACITY_MAX: u32 = 64;

/// What the choice of an agent for a task depends on, and what the agent is told about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// As people type it; see [`name`].
    pub name: String,
    /// A word such as `reviewer`; some roles bring instructions of their own.
    pub role: Option<String>,
    /// Markdown, handed over with each task. Empty: those of the role.
    pub instructions: String,
    pub skills: Vec<String>,
    /// Tasks in progress at once, 1 to [`CAPACITY_MAX`].
    pub max_capacity: u32,
    /// Used where a run asks for no other.
    pub model: Option<String>,
    /// Switched off: it stays on the list and is given nothing.
    pub enabled: bool,
    /// What its failures are allowed, where a card does not say otherwise.
    pub retry: RetryPolicy,
    /// None: as the board has it.
    pub breaker: Option<BreakerRule>,
}

impl Agent {
    /// An agent of which nothing was said but its name.
    pub fn new(name: &str) -> Agent {
        Agent {
            name: name.into(),
            role: None,
            instructions: String::new(),
            skills: Vec::new(),
            max_capacity: 1,
            model: None,
            enabled: true,
            retry: RetryPolicy::default(),
            breaker: None,
        }
    }
}

/// Whether an agent that fetches its own work still answers. Agents that never sent a heartbeat have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Online,
    Offline,
}

/// `patience`: milliseconds after the last heartbeat for which an agent counts as online.
pub fn presence(last_seen: Option<Millis>, now: Millis, patience: Millis) -> Option<Presence> {
    let silent = now - last_seen?;
    Some(if silent < patience { Presence::Online } else { Presence::Offline })
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAgent {
    #[error(
        "“{0}” is not a name for an agent; use a to z, 0 to 9, “.”, “_” and “-”, at most {WORD_MAX}, the first a letter or digit"
    )]
    Name(String),
    #[error("“{0}” is not a role; use a word of a to z, 0 to 9, “.”, “_” and “-”, at most {WORD_MAX}")]
    Role(String),
    #[error("“{0}” is not a skill; use a word of a to z, 0 to 9, “.”, “_” and “-”, at most {WORD_MAX}")]
    Skill(String),
    #[error("the skill “{0}” is named twice")]
    SkillTwice(String),
    #[error("{0} skills are too many; the limit is {SKILLS_MAX}")]
    TooManySkills(usize),
    #[error("the capacity {0} is not possible; an agent takes 1 to {CAPACITY_MAX} tasks at once")]
    Capacity(i64),
    #[error("an agent's {0} is one line of at most {TITLE_MAX} characters")]
    Line(&'static str),
    #[error(
        "the instructions have {0} characters, the limit is {INSTRUCTIONS_MAX}; keep what every task needs and put the rest into a file of the project"
    )]
    InstructionsTooLong(usize),
}

/// The one rule for names: `[a-z0-9][a-z0-9._-]{0,63}`. They are typed in shells and stand in paths and
/// addresses.
pub fn name(text: &str) -> Result<String, BadAgent> {
    word(text).ok_or_else(|| BadAgent::Name(crate::text::elide(text, WORD_MAX)))
}

/// Empty: none.
pub fn role(text: &str) -> Result<Option<String>, BadAgent> {
    match text.trim() {
        "" => Ok(None),
        text => word(text).map(Some).ok_or_else(|| BadAgent::Role(crate::text::elide(text, WORD_MAX))),
    }
}

/// In the order given.
pub fn skills(raw: &[String]) -> Result<Vec<String>, BadAgent> {
    let mut skills: Vec<String> = Vec::with_capacity(raw.len());
    for text in raw {
        let skill = word(text.trim()).ok_or_else(|| BadAgent::Skill(crate::text::elide(text, WORD_MAX)))?;
        if skills.contains(&skill) {
            return Err(BadAgent::SkillTwice(skill));
        }
        skills.push(skill);
    }
    if skills.len() > SKILLS_MAX { Err(BadAgent::TooManySkills(skills.len())) } else { Ok(skills) }
}

pub fn capacity(wanted: i64) -> Result<u32, BadAgent> {
    u32::try_from(wanted)
        .ok()
        .filter(|capacity| (1..=CAPACITY_MAX).contains(capacity))
        .ok_or(BadAgent::Capacity(wanted))
}

/// Empty: the agent is called by its name.
pub fn title(text: &str) -> Result<String, BadAgent> {
    line(text, "title")
}

/// Empty: none. A word that begins with `-` would be read as an option.
pub fn model(text: &str) -> Result<Option<String>, BadAgent> {
    let model = line(text, "model")?;
    match model.as_str() {
        "" => Ok(None),
        text if text.starts_with('-') => Err(BadAgent::Line("model, which cannot begin with “-”,")),
        _ => Ok(Some(model)),
    }
}

pub fn instructions(text: &str) -> Result<String, BadAgent> {
    match text.chars().count() {
        length if length > INSTRUCTIONS_MAX => Err(BadAgent::InstructionsTooLong(length)),
        _ => Ok(crate::text::without_nul(text).trim().into()),
    }
}

fn word(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = text.len() <= WORD_MAX
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|byte| plain(byte) || b"._-".contains(&byte));
    fits.then(|| text.to_owned())
}

fn line(text: &str, what: &'static str) -> Result<String, BadAgent> {
    let text = text.trim();
    let fits = text.chars().count() <= TITLE_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text.into()) } else { Err(BadAgent::Line(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("scout", true)]
    #[case("0", true)]
    #[case("claude-2.work_b", true)]
    #[case("", false)]
    #[case("-scout", false)]
    #[case(".hidden", false)]
    #[case("Scout", false)]
    #[case("sc out", false)]
    #[case(" scout", false)]
    #[case("späher", false)]
    #[case("../scout", false)]
    #[case("scout\n", false)]
    fn a_name_is_safe_wherever_it_is_typed(#[case] text: &str, #[case] fits: bool) {
        let expected = if fits { Ok(text.to_owned()) } else { Err(BadAgent::Name(text.into())) };
        assert_eq!(name(text), expected);
    }

    #[rstest]
    #[case(64, true)]
    #[case(65, false)]
    fn a_name_has_at_most_64_characters(#[case] length: usize, #[case] fits: bool) {
        assert_eq!(name(&"a".repeat(length)).is_ok(), fits);
    }

    proptest! {
        #[test]
        fn what_the_pattern_allows_is_a_name(text in "[a-z0-9][a-z0-9._-]{0,63}") {
            prop_assert_eq!(name(&text), Ok(text.clone()));
        }

        #[test]
        fn a_name_is_never_changed_on_the_way(text in ".{0,70}") {
            if let Ok(taken) = name(&text) {
                prop_assert_eq!(taken, text);
            }
        }
    }

    #[test]
    fn skills_keep_their_order_and_are_named_once() {
        let words = |list: &[&str]| list.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        assert_eq!(skills(&words(&["rust", " deploy "])), Ok(words(&["rust", "deploy"])));
        assert_eq!(skills(&words(&["rust", "rust"])), Err(BadAgent::SkillTwice("rust".into())));
        assert_eq!(skills(&words(&["c++"])), Err(BadAgent::Skill("c++".into())));
        assert_eq!(skills(&words(&[""])), Err(BadAgent::Skill("".into())));
        let many: Vec<String> = (0..51).map(|n| format!("s{n}")).collect();
        assert!(skills(&many[..50]).is_ok());
        assert_eq!(skills(&many), Err(BadAgent::TooManySkills(51)));
    }

    #[rstest]
    #[case(1, Ok(1))]
    #[case(64, Ok(64))]
    #[case(0, Err(BadAgent::Capacity(0)))]
    #[case(-1, Err(BadAgent::Capacity(-1)))]
    #[case(65, Err(BadAgent::Capacity(65)))]
    #[case(i64::MAX, Err(BadAgent::Capacity(i64::MAX)))]
    fn a_capacity_is_1_to_64(#[case] wanted: i64, #[case] expected: Result<u32, BadAgent>) {
        assert_eq!(capacity(wanted), expected);
    }

    #[test]
    fn instructions_have_a_limit_and_no_nul() {
        assert_eq!(instructions(" a\0b\n"), Ok("ab".into()));
        assert!(instructions(&"ü".repeat(INSTRUCTIONS_MAX)).is_ok());
        assert_eq!(instructions(&"x".repeat(1_000_000)), Err(BadAgent::InstructionsTooLong(1_000_000)));
    }

    #[test]
    fn an_empty_role_or_model_is_none() {
        assert_eq!(role(" "), Ok(None));
        assert_eq!(role("reviewer"), Ok(Some("reviewer".into())));
        assert_eq!(role("Chief Reviewer"), Err(BadAgent::Role("Chief Reviewer".into())));
        assert_eq!(model(""), Ok(None));
        assert_eq!(model(" opus/5:high "), Ok(Some("opus/5:high".into())));
        assert!(model("--yolo").is_err());
        assert!(title("two\nlines").is_err());
    }

    #[rstest]
    #[case(None, None)]
    #[case(Some(0), Some(Presence::Offline))]
    #[case(Some(700_000), Some(Presence::Offline))]
    #[case(Some(700_001), Some(Presence::Online))]
    #[case(Some(1_000_000), Some(Presence::Online))]
    // A clock that was set back.
    #[case(Some(2_000_000), Some(Presence::Online))]
    fn an_agent_is_offline_once_it_was_silent_for_the_whole_time(
        #[case] last_seen: Option<Millis>,
        #[case] expected: Option<Presence>,
    ) {
        assert_eq!(presence(last_seen, 1_000_000, 300_000), expected);
    }
}
