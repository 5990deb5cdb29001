// A message as keys for the agent's terminal. Full-screen agents take it as one bracketed paste: each line
// end would send the message, and Codex takes text that arrives in one piece with its Enter for a paste and
// does not send it. An answer of a letter or two is keys, which dialogs want. Plain programs read lines.

const READS_LINES = new Set(["custom", "demo"]);
/** The longest answer that is typed rather than pasted. */
const KEYS = 2;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject here
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

export function typed(message: string, agent: string): string {
  const text = message.replace(/\r\n?/g, "\n").replace(CONTROLS, "").trimEnd();
  if (READS_LINES.has(agent) || text.length <= KEYS) return `${text.replace(/\n/g, "\r")}\r`;
  return `\x1b[200~${text}\x1b[201~\r`;
}
