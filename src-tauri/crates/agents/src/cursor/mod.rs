//! Cursor's agent for the terminal (from its documentation only; it is
//! installed by a script of Cursor's and was not run).
//!
//! Alone it does nothing in a folder that it does not trust, and only proposes
//! changes unless forced; its sandbox stays on.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["--print", "--output-format", "text", "--trust"]),
        unattended_permission_args: words(&["--force", "--sandbox", "enabled"]),
        interactive_prompt: PromptVia::Positional,
        unattended_prompt: PromptVia::Positional,
        model_args: words(&["--model", "{model}"]),
        skip_permissions_args: words(&["--force", "--sandbox", "disabled"]),
        install: "curl https://cursor.com/install -fsS | bash".into(),
        docs_url: "https://cursor.com/docs/cli".into(),
        ..Profile::new("cursor", "Cursor", Kind::Plain, "cursor-agent")
    }
}
