//! Which adapter reads an agent. A profile is data and may be the user's own;
//! the kind says whose habits it has.

use serde::{Deserialize, Serialize};

use crate::stream::StreamKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Claude,
    Codex,
    Gemini,
    Opencode,
    Aider,
    Qwen,
    /// The scripted agent that ships with the app and needs no key.
    Demo,
    /// A coding agent that we know how to start, whose output we do not read.
    Plain,
    /// Any command, as an argument vector.
    Custom,
}

impl Kind {
    /// What an unattended run of this agent prints.
    pub fn unattended_stream(self) -> StreamKind {
        match self {
            Self::Claude => StreamKind::ClaudeJson,
            Self::Qwen => StreamKind::QwenJson,
            Self::Codex => StreamKind::CodexJson,
            Self::Gemini => StreamKind::GeminiJson,
            Self::Opencode => StreamKind::OpencodeJson,
            Self::Aider => StreamKind::AiderText,
            Self::Demo | Self::Plain | Self::Custom => StreamKind::None,
        }
    }

    /// Whether the interactive program stays at a prompt, so that leaving it
    /// with exit code 0 says nothing about the task.
    pub fn is_conversation(self) -> bool {
        match self {
            Self::Claude
            | Self::Codex
            | Self::Gemini
            | Self::Opencode
            | Self::Aider
            | Self::Qwen
            | Self::Demo
            | Self::Plain => true,
            Self::Custom => false,
        }
    }

    /// Whether it reports its state by OSC 7501, asked or unasked.
    pub fn speaks_program_status(self) -> bool {
        match self {
            Self::Claude | Self::Codex | Self::Demo => true,
            Self::Gemini | Self::Opencode | Self::Aider | Self::Qwen | Self::Plain | Self::Custom => false,
        }
    }
}
