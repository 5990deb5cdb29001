//! What the supervisor must know about a run beside its database row: how to read the agent's
//! output. Kept in the run's directory, so that another engine can take the run over.

use std::path::{Path, PathBuf};

use agents::{Kind, LaunchPlan, Mode, StreamKind, TypedPrompt};
use domain::limits::Stage;
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

const NAME: &str = "plan.json";
/// Of an adopted run without a structured stream, this much is read again for its evidence.
const ADOPTED_TAIL: u64 = 4 * 1024 * 1024;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunPlan {
    pub kind: Kind,
    pub mode: Mode,
    pub stream: StreamKind,
    pub answers_osc7501: bool,
    pub signals_file: Option<PathBuf>,
    /// What is to be typed once the program is ready for it.
    pub typed_prompt: Option<TypedPrompt>,
    pub ports: u16,
    /// What it is for, as far as its time limits go.
    #[serde(default)]
    pub stage: Stage,
}

impl RunPlan {
    pub fn of(kind: Kind, mode: Mode, plan: &LaunchPlan, ports: u16) -> RunPlan {
        RunPlan {
            kind,
            mode,
            stream: plan.expects.stream,
            answers_osc7501: plan.expects.answers_osc7501,
            signals_file: plan.expects.signals_file.clone(),
            typed_prompt: plan.expects.typed_prompt.clone(),
            ports,
            stage: Stage::Work,
        }
    }

    /// Where to begin in a log of `len` bytes. Structured streams are read whole, since their meaning adds up;
    /// of terminals the end is enough.
    pub fn first_offset(&self, len: u64) -> u64 {
        if self.stream == StreamKind::None { len.saturating_sub(ADOPTED_TAIL) } else { 0 }
    }

    pub fn save(&self, run_dir: &Path) -> Result<(), EngineError> {
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| EngineError::Internal(error.to_string()))?;
        std::fs::write(run_dir.join(NAME), text).map_err(EngineError::io("the run's plan cannot be written"))
    }

    /// A run whose plan is unreadable is followed as an ordinary command.
    pub fn load(run_dir: &Path) -> RunPlan {
        let read = std::fs::read(run_dir.join(NAME)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        read.unwrap_or(RunPlan {
            kind: Kind::Custom,
            mode: Mode::Interactive,
            stream: StreamKind::None,
            answers_osc7501: false,
            signals_file: None,
            typed_prompt: None,
            ports: 0,
            stage: Stage::Work,
        })
    }
}
