// A message as keys for the agent's terminal. Full-screen agents take several lines as one bracketed
// paste, or each line end would send the message; plain programs read line by line.

const READS_LINES = new Set(["custom", "demo"]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject here
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

export function typed(message: string, agent: string): string {
  const text = message.replace(/\r\n?/g, "\n").replace(CONTROLS, "").trimEnd();
  if (!text.includes("\n")) return `${text}\r`;
  return READS_LINES.has(agent) ? `${text.replace(/\n/g, "\r")}\r` : `\x1b[200~${text}\x1b[201~\r`;
}
