// Tells Flightboard what this opencode session does: one line of JSON for each change, in the form that Claude Code's
// hooks have, so that one reader serves both. A plugin of opencode's terminal interface, loaded for one launch.

import { appendFileSync } from "node:fs";

const file = process.env.FLIGHTBOARD_SIGNALS;
/** Sessions of subagents: what they do is part of their parent's turn. */
const subagents = new Set();
const failed = new Set();
let last;

function tell(line) {
  const text = JSON.stringify(line);
  if (text === last) return;
  last = text;
  appendFileSync(file, `${text}\n`);
}

function busy(session) {
  failed.delete(session);
  tell({ hook_event_name: "UserPromptSubmit", session_id: session });
}

function idle(session) {
  // The error says more than the rest that follows it, until the next turn.
  if (failed.has(session)) return;
  tell({ hook_event_name: "Stop", session_id: session });
}

function error(session, { name, data }) {
  // Esc was pressed; idle follows.
  if (name === "MessageAbortedError") return;
  failed.add(session);
  tell({ hook_event_name: "Notification", notification_type: "error", message: cut(data?.message ?? name) });
}

const cut = (text) => String(text ?? "").slice(0, 500);

const HEARD = {
  "session.created": ({ info }) => info?.parentID && subagents.add(info.id),
  "session.status": ({ sessionID, status }) => {
    if (subagents.has(sessionID)) return;
    if (status.type === "idle") idle(sessionID);
    else busy(sessionID);
  },
  "session.error": ({ sessionID, error: what }) => what && !subagents.has(sessionID) && error(sessionID, what),
  // A person must answer these, whichever session asks.
  "permission.asked": ({ permission, patterns }) =>
    tell({
      hook_event_name: "PermissionRequest",
      tool_name: cut(permission),
      tool_input: { command: cut(patterns?.join(" ")) },
    }),
  "question.asked": ({ questions }) =>
    tell({
      hook_event_name: "Notification",
      notification_type: "elicitation_dialog",
      message: cut(questions?.[0]?.question),
    }),
  "permission.replied": () => tell({ hook_event_name: "PostToolUse" }),
  "question.replied": () => tell({ hook_event_name: "PostToolUse" }),
  "question.rejected": () => tell({ hook_event_name: "PostToolUse" }),
};

export default {
  id: "flightboard",
  async tui({ event }) {
    for (const [type, hear] of Object.entries(HEARD)) event.on(type, ({ properties }) => hear(properties));
    tell({ hook_event_name: "SessionStart" });
  },
};
