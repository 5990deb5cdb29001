//! `{prompt}`, `{workspace}` and their kin inside argument lists.
//!
//! A placeholder is a lower-case word in single braces; a word that we do not
//! know is an error, so that a typing mistake is not handed to a program.
//! `{{word}}` stands for a literal `{word}`. Braces around anything else, and
//! `${word}`, belong to whoever reads the argument (JSON, awk, a shell) and
//! stay as they are. Filling never splits an argument and never makes one
//! into an option.

use std::ffi::{OsStr, OsString};

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placeholder {
    Prompt,
    Workspace,
    Artifacts,
    TaskFile,
    RunDir,
    Title,
    Key,
    Model,
    Session,
}

impl Placeholder {
    pub const ALL: [Self; 9] = [
        Self::Prompt,
        Self::Workspace,
        Self::Artifacts,
        Self::TaskFile,
        Self::RunDir,
        Self::Title,
        Self::Key,
        Self::Model,
        Self::Session,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Workspace => "workspace",
            Self::Artifacts => "artifacts",
            Self::TaskFile => "task_file",
            Self::RunDir => "run_dir",
            Self::Title => "title",
            Self::Key => "key",
            Self::Model => "model",
            Self::Session => "session",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|placeholder| placeholder.name() == name)
    }

    /// Text that a person or an agent wrote, which may say anything.
    fn is_free_text(self) -> bool {
        matches!(self, Self::Prompt | Self::Title)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    #[error("the argument list uses {{{0}}}, which is not a placeholder; known are {known}. Write {{{{{0}}}}} for the literal text", known = known_names())]
    Unknown(String),
    #[error("the argument list uses {{{}}}, but this run has none", .0.name())]
    Missing(Placeholder),
    #[error("the value of {{{}}} begins with \"-\" and would be read as an option", .0.name())]
    LooksLikeOption(Placeholder),
    #[error("{{{name}}} may not be part of a shell script, which would run what the text says; use \"${variable}\" there, or hand it to the script as an argument of its own", name = .0.name(), variable = variable(*.0))]
    InShellScript(Placeholder),
}

fn known_names() -> String {
    Placeholder::ALL.map(|placeholder| format!("{{{}}}", placeholder.name())).join(" ")
}

/// The environment variable that carries the same value into the run.
fn variable(placeholder: Placeholder) -> String {
    format!("FLIGHTBOARD_{}", placeholder.name().to_uppercase())
}

/// What each placeholder stands for in one launch.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    pub prompt: &'a OsStr,
    pub workspace: &'a OsStr,
    pub artifacts: &'a OsStr,
    pub task_file: &'a OsStr,
    pub run_dir: &'a OsStr,
    pub title: &'a OsStr,
    pub key: &'a OsStr,
    pub model: Option<&'a OsStr>,
    pub session: Option<&'a OsStr>,
}

impl<'a> Values<'a> {
    fn of(&self, placeholder: Placeholder) -> Result<&'a OsStr, PlaceholderError> {
        match placeholder {
            Placeholder::Prompt => Some(self.prompt),
            Placeholder::Workspace => Some(self.workspace),
            Placeholder::Artifacts => Some(self.artifacts),
            Placeholder::TaskFile => Some(self.task_file),
            Placeholder::RunDir => Some(self.run_dir),
            Placeholder::Title => Some(self.title),
            Placeholder::Key => Some(self.key),
            Placeholder::Model => self.model,
            Placeholder::Session => self.session,
        }
        .ok_or(PlaceholderError::Missing(placeholder))
    }
}

/// Fills a whole argument vector. The first entry is the program.
pub fn fill(arguments: &[OsString], values: &Values) -> Result<Vec<OsString>, PlaceholderError> {
    let script = shell_script_index(arguments);
    let mut options_over = false;
    let mut filled = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.iter().enumerate() {
        let place = if Some(index) == script {
            Place::ShellScript
        } else if options_over {
            Place::AfterOptions
        } else {
            Place::Argument
        };
        filled.push(fill_one(argument, values, place)?);
        options_over |= argument == "--";
    }
    Ok(filled)
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Argument,
    AfterOptions,
    ShellScript,
}

fn fill_one(argument: &OsStr, values: &Values, place: Place) -> Result<OsString, PlaceholderError> {
    let mut out = OsString::with_capacity(argument.len());
    for piece in pieces(argument.as_encoded_bytes()) {
        match piece {
            Piece::Literal(bytes) => {
                // SAFETY: `pieces` cuts only beside an ASCII brace, so every
                // slice is bounded by whole characters of a valid OsStr.
                out.push(unsafe { OsStr::from_encoded_bytes_unchecked(bytes) });
            }
            Piece::Word(name) => {
                let placeholder =
                    Placeholder::named(name).ok_or_else(|| PlaceholderError::Unknown(name.into()))?;
                push_value(&mut out, placeholder, values.of(placeholder)?, place)?;
            }
        }
    }
    Ok(out)
}

fn push_value(
    out: &mut OsString,
    placeholder: Placeholder,
    value: &OsStr,
    place: Place,
) -> Result<(), PlaceholderError> {
    if place == Place::ShellScript && (placeholder.is_free_text() || !is_plain_word(value)) {
        return Err(PlaceholderError::InShellScript(placeholder));
    }
    let would_be_option =
        out.is_empty() && place == Place::Argument && value.as_encoded_bytes().starts_with(b"-");
    if would_be_option && !placeholder.is_free_text() {
        return Err(PlaceholderError::LooksLikeOption(placeholder));
    }
    if would_be_option {
        // A space in front changes nothing for a reader and everything for an
        // option parser.
        out.push(" ");
    }
    out.push(value);
    Ok(())
}

/// A value that means itself to a shell, quoted or not.
fn is_plain_word(value: &OsStr) -> bool {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(byte);
    !value.is_empty() && value.as_encoded_bytes().iter().all(safe)
}

const SHELLS: [&str; 11] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "nu"];

/// Where a `sh -c SCRIPT` (also behind `env`, `timeout` and the like) has its script.
fn shell_script_index(arguments: &[OsString]) -> Option<usize> {
    let shell = arguments.iter().position(|argument| is_shell(argument))?;
    let flag = (shell + 1..arguments.len()).find(|&index| is_command_flag(&arguments[index]))?;
    Some(flag + 1)
}

fn is_shell(argument: &OsStr) -> bool {
    let name = std::path::Path::new(argument).file_stem().and_then(OsStr::to_str);
    name.is_some_and(|name| SHELLS.contains(&name))
}

fn is_command_flag(argument: &OsStr) -> bool {
    let Some(flags) = argument.to_str().and_then(|text| text.strip_prefix('-')) else { return false };
    !flags.is_empty() && flags.bytes().all(|byte| byte.is_ascii_alphabetic()) && flags.contains('c')
}

enum Piece<'a> {
    Literal(&'a [u8]),
    Word(&'a str),
}

fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal_from = 0;
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'{', &bytes[at..]).map(|found| at + found) {
        let escaped = bytes.get(open + 1) == Some(&b'{');
        let word_from = if escaped { open + 2 } else { open + 1 };
        let Some(word) = word_at(bytes, word_from) else {
            at = open + 1;
            continue;
        };
        let word_to = word_from + word.len();
        if escaped && bytes.get(word_to + 1) == Some(&b'}') {
            pieces.push(Piece::Literal(&bytes[literal_from..open]));
            pieces.push(Piece::Literal(&bytes[open + 1..=word_to]));
            literal_from = word_to + 2;
        } else if !escaped && (open == 0 || bytes[open - 1] != b'$') {
            pieces.push(Piece::Literal(&bytes[literal_from..open]));
            pieces.push(Piece::Word(word));
            literal_from = word_to + 1;
        }
        at = literal_from.max(open + 1);
    }
    pieces.push(Piece::Literal(&bytes[literal_from..]));
    pieces
}

/// The lower-case word that starts here and ends before a `}`.
fn word_at(bytes: &[u8], from: usize) -> Option<&str> {
    let rest = bytes.get(from..)?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
    let closed = length > 0 && rest.get(length) == Some(&b'}');
    closed.then(|| std::str::from_utf8(&rest[..length]).expect("ASCII letters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values<'static> {
        Values {
            prompt: OsStr::new("-rf \"all\"\n$(things) 🛩"),
            workspace: OsStr::new("/data/work trees/T-1"),
            artifacts: OsStr::new("/data/T-1/artifacts"),
            task_file: OsStr::new("/data/T-1/TASK.md"),
            run_dir: OsStr::new("/data/runs/7"),
            title: OsStr::new("--help"),
            key: OsStr::new("T-1"),
            model: None,
            session: Some(OsStr::new("-x")),
        }
    }

    fn filled(arguments: &[&str]) -> Result<Vec<String>, PlaceholderError> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let filled = fill(&arguments, &values())?;
        Ok(filled.into_iter().map(|argument| argument.into_string().unwrap()).collect())
    }

    #[test]
    fn an_argument_stays_one_argument_whatever_is_put_into_it() {
        assert_eq!(
            filled(&["tool", "--in={workspace}/a", "{key}:{key}"]).unwrap(),
            ["tool", "--in=/data/work trees/T-1/a", "T-1:T-1"]
        );
    }

    #[test]
    fn free_text_that_begins_with_a_dash_is_kept_from_being_an_option() {
        let text = "-rf \"all\"\n$(things) 🛩";
        assert_eq!(filled(&["tool", "{prompt}"]).unwrap()[1], format!(" {text}"));
        assert_eq!(filled(&["tool", "{title}"]).unwrap()[1], " --help");
        assert_eq!(filled(&["tool", "--", "{prompt}"]).unwrap()[2], text);
        assert_eq!(filled(&["tool", "--message={prompt}"]).unwrap()[1], format!("--message={text}"));
    }

    #[test]
    fn an_id_that_begins_with_a_dash_is_refused() {
        assert_eq!(
            filled(&["tool", "{session}"]),
            Err(PlaceholderError::LooksLikeOption(Placeholder::Session))
        );
        assert_eq!(filled(&["tool", "--resume={session}"]).unwrap()[1], "--resume=-x");
    }

    #[test]
    fn an_unknown_or_missing_placeholder_is_an_error_that_names_it() {
        let error = filled(&["tool", "{promt}"]).unwrap_err();
        assert_eq!(error, PlaceholderError::Unknown("promt".into()));
        assert_eq!(
            error.to_string(),
            "the argument list uses {promt}, which is not a placeholder; known are {prompt} {workspace} {artifacts} \
             {task_file} {run_dir} {title} {key} {model} {session}. Write {{promt}} for the literal text"
        );
        assert_eq!(filled(&["tool", "{model}"]), Err(PlaceholderError::Missing(Placeholder::Model)));
    }

    #[test]
    fn braces_that_are_nobodys_placeholder_are_left_alone() {
        for literal in [
            "{}",
            "{print $1}",
            "${prompt}",
            "${HOME}",
            "{1..3}",
            r#"{"a":{"b":{}}}"#,
            "{a,b}",
            "f() { { echo; } }",
            "{",
            "}",
            "{{",
            "}}",
            "{prompt",
            "prompt}",
            "{ prompt }",
            "{Prompt}",
            "${{ x }}",
        ] {
            assert_eq!(filled(&["tool", literal]).unwrap()[1], literal);
        }
    }

    #[test]
    fn doubled_braces_stand_for_the_literal_word() {
        assert_eq!(filled(&["tool", "a{{prompt}}b{key}"]).unwrap()[1], "a{prompt}bT-1");
        assert_eq!(filled(&["tool", "{{nonsense}}"]).unwrap()[1], "{nonsense}");
    }

    #[test]
    fn a_filled_value_is_not_filled_again() {
        let arguments = [OsString::from("tool"), OsString::from("x{prompt}")];
        let nested = Values { prompt: OsStr::new("{key} {nonsense}"), ..values() };
        assert_eq!(fill(&arguments, &nested).unwrap()[1], "x{key} {nonsense}");
    }

    #[test]
    fn text_never_becomes_part_of_a_shell_script() {
        for arguments in [
            ["sh", "-c", "echo {prompt}"].as_slice(),
            &["/bin/bash", "-lc", "echo '{title}'"],
            &["env", "A=1", "timeout", "5", "zsh", "-ec", "{prompt}"],
            &["bash", "-o", "pipefail", "-c", "cd {workspace}"],
        ] {
            assert!(matches!(filled(arguments), Err(PlaceholderError::InShellScript(_))), "{arguments:?}");
        }
    }

    #[test]
    fn a_script_may_hold_values_that_a_shell_reads_as_themselves_and_takes_text_as_arguments() {
        assert_eq!(filled(&["sh", "-c", "ls {artifacts}"]).unwrap()[2], "ls /data/T-1/artifacts");
        let filled = filled(&["sh", "-c", "echo \"$1\"", "sh", "{prompt}"]).unwrap();
        assert_eq!(filled[4], " -rf \"all\"\n$(things) 🛩");
    }

    #[cfg(unix)]
    #[test]
    fn arguments_that_are_not_utf8_pass_through_and_are_filled() {
        use std::os::unix::ffi::OsStringExt;
        let arguments = [OsString::from("tool"), OsString::from_vec(b"\xff{key}\xfe".to_vec())];
        let filled = fill(&arguments, &values()).unwrap();
        assert_eq!(filled[1], OsString::from_vec(b"\xffT-1\xfe".to_vec()));
    }
}
