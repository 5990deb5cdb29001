//! The tools that an agent is given for one launch: a server of the Model Context Protocol that it starts
//! itself and speaks to by standard input and output. Each adapter says it in its agent's own words, in
//! files of the run directory, arguments and variables of that launch; the user's own settings stay as
//! they are. The secret travels in the environment alone.

use serde_json::{Value, json};

/// What the server is called; agents put it before the names of its tools.
pub const TOOLS_NAME: &str = "flightboard";
/// The run's number, for the server and for commands of the user's own.
pub const RUN_VARIABLE: &str = "FLIGHTBOARD_RUN";
/// What proves that a caller is the run's own agent.
pub const KEY_VARIABLE: &str = "FLIGHTBOARD_RUN_KEY";

/// How long an agent waits for one answer, in seconds. Their own limits are 60 and less, too short for a
/// question to a person.
pub(crate) const TIMEOUT_S: u32 = 600;
/// How long the server keeps an agent waiting for a person, in seconds: well before its limit.
const PATIENCE_S: u32 = 540;

/// How the server is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolServer {
    pub program: String,
    pub args: Vec<String>,
}

impl ToolServer {
    pub fn new(program: &str, data_dir: &str) -> ToolServer {
        let patience = PATIENCE_S.to_string();
        let args = ["--data-dir", data_dir, "mcp", "--patience", &patience];
        ToolServer { program: program.into(), args: args.map(Into::into).into() }
    }

    /// As most agents want it. `variable` writes a reference to a variable of the agent's environment, for
    /// agents that do not hand on all of it.
    pub(crate) fn described(&self, variable: impl Fn(&str) -> String) -> Value {
        let env: Value = [RUN_VARIABLE, KEY_VARIABLE]
            .into_iter()
            .map(|name| (name.to_owned(), Value::from(variable(name))))
            .collect::<serde_json::Map<_, _>>()
            .into();
        json!({ "command": self.program, "args": self.args, "env": env, "timeout": TIMEOUT_S * 1_000 })
    }
}
