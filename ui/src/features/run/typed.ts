// A message as keys for a terminal: one bracketed paste and Enter, which the engine hands over the way the
// program takes it, Enter apart or line by line. An answer of a letter or two is keys, which dialogs want.

/** The longest answer that is typed rather than pasted. */
const KEYS = 2;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject here
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

export function typed(message: string): string {
  const text = message.replace(/\r\n?/g, "\n").replace(CONTROLS, "").trimEnd();
  return text.length <= KEYS ? `${text.replace(/\n/g, "\r")}\r` : `\x1b[200~${text}\x1b[201~\r`;
}
