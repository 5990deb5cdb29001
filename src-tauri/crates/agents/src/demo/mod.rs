//! The demo agent: a shell script that ships with the app, needs no key and
//! no network, and does a small real piece of work in front of the viewer's
//! eyes. Words in the card steer it (`demo: fail`, `block`, `hang`,
//! `flood N`), which makes it the tests' agent too.

use crate::launch::{Extras, LaunchContext};
use crate::{Kind, Profile, PromptVia};

/// The script, as it is written into the run directory.
pub const SCRIPT: &str = include_str!("agent.sh");
/// Its name there.
pub const SCRIPT_NAME: &str = "demo-agent.sh";

pub fn profile() -> Profile {
    Profile {
        version_args: Vec::new(),
        interactive_prompt: PromptVia::File,
        unattended_prompt: PromptVia::File,
        ..Profile::new("demo", "Demo agent", Kind::Demo, "sh")
    }
}

pub(crate) fn extras(context: &LaunchContext) -> Extras {
    let script = context.run_dir.join(SCRIPT_NAME);
    Extras {
        args: vec![script.clone().into()],
        files: vec![(script, SCRIPT.as_bytes().to_vec())],
        ..Extras::default()
    }
}
