//! The words an agent is given: the prompt, and the TASK.md beside its work.
//!
//! The prompt is short and stands alone; TASK.md holds everything. Both tell
//! the agent where finished files go and how to say that it is done or stuck,
//! because that is how a run that ends quietly is told from one that worked.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskBrief {
    /// As people see it: `T-142`.
    pub key: String,
    pub title: String,
    #[serde(default)]
    pub goal: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub context: String,
    #[serde(default)]
    pub acceptance: Vec<String>,
    /// What the reviewer said about the last attempt.
    #[serde(default)]
    pub feedback: Option<String>,
    /// How the last attempt ended, if badly.
    #[serde(default)]
    pub last_error: Option<String>,
    /// As what the agent works here, as a word.
    #[serde(default)]
    pub role: Option<String>,
    /// How it is to work, in Markdown.
    #[serde(default)]
    pub instructions: String,
    /// Directories of the repositories that lie side by side; empty where the workspace is one.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Files that came with the task, as paths below the working directory.
    #[serde(default)]
    pub attachments: Vec<String>,
    /// The card that this one is a sub-task of, in a line.
    #[serde(default)]
    pub parent: Option<String>,
    /// Cards that are sub-tasks of this one, a line for each.
    #[serde(default)]
    pub subtasks: Vec<String>,
    /// Nobody is there to answer questions.
    #[serde(default)]
    pub unattended: bool,
}

/// A longer description stays in TASK.md: a prompt is an argument of bounded
/// length and is shown in process lists.
const DESCRIPTION_IN_PROMPT: usize = 2_000;
/// Bytes of what was said of the last attempt, or of how it ended. It must not be missed, so most of it
/// is in the prompt itself.
const SAID_IN_PROMPT: usize = 16 * 1024;

/// What the agent is told first. It never begins with `-` or `/`.
pub fn prompt(task: &TaskBrief) -> String {
    let mut text = format!("Work on {}: {}\n", task.key, one_line(&task.title));
    let description = task.description.trim();
    if !description.is_empty() && description.chars().count() <= DESCRIPTION_IN_PROMPT {
        text.push_str(&format!("\n{description}\n"));
    }
    if let Some(feedback) = &task.feedback {
        text.push_str(&told("What was said of the last attempt, word for word", feedback));
    }
    if let Some(error) = &task.last_error {
        text.push_str(&told("How the last attempt ended", error));
    }
    if task.feedback.is_some() || task.last_error.is_some() {
        text.push_str("\nThis was tried before: keep what is good of it and fix the rest.\n");
    }
    text.push_str(
        "\nRead TASK.md in the current directory first: it holds the goal, the context and the acceptance criteria. ",
    );
    if !task.attachments.is_empty() {
        text.push_str("It names the files that came with the task. ");
    }
    if !task.repositories.is_empty() {
        text.push_str("The code is in the repositories below it, which TASK.md names. ");
    }
    if !your_role(task).is_empty() {
        text.push_str("Its section “Your role” says how you are to work. ");
    }
    text.push_str(
        "Work only inside this directory. Put files that people should look at into artifacts/. \
         When everything is done, write COMPLETION.md: what changed and how you checked it. \
         If you cannot go on, write BLOCKED.md: what you need and what you tried.",
    );
    if task.unattended {
        text.push_str(" Nobody can answer questions during this run: decide, and say in COMPLETION.md what you assumed.");
    }
    text
}

/// Byte for byte, or where to read it.
fn told(heading: &str, words: &str) -> String {
    if words.len() > SAID_IN_PROMPT {
        format!("\n{heading}: read it in TASK.md.\n")
    } else {
        format!("\n{heading}:\n\n{words}\n")
    }
}

/// What a reviewer is told. `patch` is the file that holds the change.
pub fn review_prompt(task: &TaskBrief, patch: &str) -> String {
    let mut text = format!(
        "Review the work on {}: {}\n\nYou are its reviewer, not its author. The current directory is a copy of the work; \
         what you change in it is thrown away. {patch} holds the whole change, TASK.md what was asked for.\n",
        task.key,
        one_line(&task.title)
    );
    let description = task.description.trim();
    if !description.is_empty() && description.chars().count() <= DESCRIPTION_IN_PROMPT {
        text.push_str(&format!("\nThe task:\n\n{description}\n"));
    }
    let role = task.instructions.trim();
    if !role.is_empty() {
        text.push_str(&format!("\nHow you are to judge:\n\n{role}\n"));
    }
    text.push_str(
        "\nWrite your findings to REVIEW.md in the current directory: what is wrong, where, and what would make it right. \
         End it with one line of its own that is exactly `VERDICT: APPROVED` or `VERDICT: REJECTED`. \
         Approve only what does what was asked for. Without that line nothing is approved. \
         Nobody can answer questions during this run.",
    );
    text
}

pub fn task_md(task: &TaskBrief) -> String {
    let mut page = format!("# {}: {}\n", task.key, one_line(&task.title));
    section(&mut page, "Goal", if task.goal.trim().is_empty() { &task.title } else { &task.goal });
    section(&mut page, "Description", &task.description);
    section(&mut page, "Context", &task.context);
    section(&mut page, "Attachments", &attachments(&task.attachments));
    section(&mut page, "Part of", &part_of(task.parent.as_deref()));
    section(&mut page, "Sub-tasks", &subtasks(&task.subtasks));
    section(&mut page, "Repositories", &repositories(&task.repositories));
    section(&mut page, "Acceptance", &bullets(&task.acceptance));
    word_for_word(&mut page, "Feedback on the last attempt", task.feedback.as_deref());
    word_for_word(&mut page, "How the last attempt ended", task.last_error.as_deref());
    section(&mut page, "Your role", &your_role(task));
    section(&mut page, "How to report", &how_to_report(task.unattended));
    page
}

fn repositories(directories: &[String]) -> String {
    if directories.is_empty() {
        return String::new();
    }
    let list: String = directories.iter().map(|name| format!("\n- `{name}/`")).collect();
    format!(
        "This directory holds a git worktree of each repository, side by side, on a branch of its own. Commit in \
         each what belongs to it; this file, `artifacts/` and the two marks stay here, in none of them.\n{list}"
    )
}

fn attachments(paths: &[String]) -> String {
    if paths.is_empty() {
        return String::new();
    }
    let list: String = paths.iter().map(|path| format!("\n- `{}`", one_line(path))).collect();
    format!("Files that came with the task, copied here for you to read:\n{list}")
}

fn part_of(parent: Option<&str>) -> String {
    parent.map_or(String::new(), |parent| {
        format!("This is a sub-task of {}. Do what is asked for here, not the whole.", one_line(parent))
    })
}

fn subtasks(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let list: String = lines.iter().map(|line| format!("\n- {}", one_line(line))).collect();
    format!("These are cards of their own, each worked on by itself. Do not do their work here:\n{list}")
}

fn your_role(task: &TaskBrief) -> String {
    let role = task.role.as_deref().map(|role| format!("You work here as: {role}.\n\n"));
    format!("{}{}", role.unwrap_or_default(), task.instructions.trim())
}

fn section(page: &mut String, heading: &str, body: &str) {
    let body = body.trim();
    if !body.is_empty() {
        page.push_str(&format!("\n## {heading}\n\n{body}\n"));
    }
}

/// Not trimmed: an indented first line means something.
fn word_for_word(page: &mut String, heading: &str, words: Option<&str>) {
    if let Some(words) = words.filter(|words| !words.trim().is_empty()) {
        page.push_str(&format!("\n## {heading}\n\n{words}\n"));
    }
}

fn bullets(lines: &[String]) -> String {
    let bullet = |line: &String| format!("- [ ] {}", line.trim().replace('\n', "\n      "));
    lines.iter().filter(|line| !line.trim().is_empty()).map(bullet).collect::<Vec<_>>().join("\n")
}

fn how_to_report(unattended: bool) -> String {
    let mut text = String::from(
        "- Work only inside this directory.\n\
         - Put files that people should look at (reports, images, data) into `artifacts/`.\n\
         - When everything is done, write `COMPLETION.md` here: what changed, how you checked it, what is left.\n\
         - If you cannot go on, write `BLOCKED.md` here: what you need, what you tried.\n\
         - Leave `TASK.md` as it is; it, the two marks and `artifacts/` are not part of the change.",
    );
    if unattended {
        text.push_str(
            "\n- Nobody can answer questions during this run: decide, and write down what you assumed.",
        );
    }
    text
}

/// A title is one line, whatever was pasted into it.
fn one_line(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief() -> TaskBrief {
        TaskBrief {
            key: "T-142".into(),
            title: "--fix the\n\"parser\" 🛩".into(),
            description: "It drops the last line.\nSee `parse.rs`.".into(),
            acceptance: vec!["the last line is kept".into(), "a test says so".into(), "  ".into()],
            ..TaskBrief::default()
        }
    }

    #[test]
    fn the_prompt_names_the_task_and_how_to_finish() {
        insta::assert_snapshot!(prompt(&brief()));
    }

    #[test]
    fn a_retry_hears_what_was_wrong() {
        let again = TaskBrief {
            goal: "Nothing is lost.".into(),
            context: "The parser is used by the importer.".into(),
            feedback: Some("The test does not fail without the fix.".into()),
            last_error: Some("exit code 1: API error".into()),
            unattended: true,
            ..brief()
        };
        insta::assert_snapshot!(format!("{}\n=====\n{}", prompt(&again), task_md(&again)));
    }

    #[test]
    fn what_was_said_is_told_byte_for_byte_and_a_book_stays_in_the_file() {
        let words = "    let x = \"1\";\t$HOME\r\n\n— nein, “so” nicht. 🛩\nVERDICT: REJECTED\n \n";
        let again = TaskBrief { feedback: Some(words.into()), ..brief() };
        assert!(prompt(&again).contains(words));
        assert!(task_md(&again).contains(words));
        let book = TaskBrief { feedback: Some("word ".repeat(20_000)), ..brief() };
        assert!(prompt(&book).len() < 2_000 && prompt(&book).contains("word for word: read it in TASK.md."));
        assert!(task_md(&book).contains(&"word ".repeat(20_000)));
    }

    #[test]
    fn an_agent_with_a_role_is_told_how_to_work() {
        let task = TaskBrief {
            role: Some("reviewer".into()),
            instructions: "Look twice.\n\n- at the tests\n".into(),
            ..brief()
        };
        insta::assert_snapshot!(format!("{}\n=====\n{}", prompt(&task), task_md(&task)));
        let nameless = TaskBrief { role: None, ..task };
        assert!(task_md(&nameless).contains("## Your role\n\nLook twice.\n"));
    }

    #[test]
    fn what_belongs_to_the_task_is_named() {
        let task = TaskBrief {
            attachments: vec![".flightboard/attachments/log 1.txt".into()],
            parent: Some("T-140: Ship the parser (In flight)".into()),
            subtasks: vec!["T-143: Write\nits tests (Done)".into()],
            ..brief()
        };
        insta::assert_snapshot!(format!("{}\n=====\n{}", prompt(&task), task_md(&task)));
    }

    #[test]
    fn several_repositories_are_named() {
        let task = TaskBrief { repositories: vec!["api".into(), "web app 🦀".into()], ..brief() };
        insta::assert_snapshot!(format!("{}\n=====\n{}", prompt(&task), task_md(&task)));
    }

    #[test]
    fn a_long_description_stays_in_the_file() {
        let long = TaskBrief { description: "word ".repeat(2_000), ..brief() };
        assert!(prompt(&long).len() < 1_500);
        assert!(task_md(&long).len() > 9_000);
    }

    #[test]
    fn a_bare_task_has_no_empty_sections() {
        let bare = TaskBrief { key: "T-1".into(), title: "Do it".into(), ..TaskBrief::default() };
        insta::assert_snapshot!(task_md(&bare));
    }
}
