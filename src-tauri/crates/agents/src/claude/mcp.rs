//! Flightboard's tools for one launch: `--mcp-config FILE` adds to the user's own servers, and
//! `--allowedTools` to what the user allows. The tools reach no further than the run's own card, so they
//! are not asked about one by one.

use std::path::Path;

use serde_json::json;

use crate::launch::Extras;
use crate::tools::{TOOLS_NAME, ToolServer};

pub(super) fn add(extras: &mut Extras, tools: &ToolServer, run_dir: &Path) {
    let file = run_dir.join("claude-mcp.json");
    let mut server = tools.described(|name| format!("${{{name}}}"));
    server["type"] = json!("stdio");
    // Else they are names that the model has to look up first.
    server["alwaysLoad"] = json!(true);
    let config = json!({ "mcpServers": { TOOLS_NAME: server } });
    extras.args.extend(["--mcp-config".into(), file.clone().into()]);
    extras.args.extend(["--allowedTools".into(), format!("mcp__{TOOLS_NAME}").into()]);
    extras.files.push((file, config.to_string().into_bytes()));
}
