// What may be pasted into an agent's terminal. Several lines pasted into a program that does not
// know bracketed paste are as many commands as lines, so the person is asked first; escape
// characters are taken out so that pasted text cannot end the bracket early or press keys.

export interface Paste {
  text: string;
  lines: number;
}

/** The text as it may be sent: control characters removed except tab and line ends. */
export function cleanPaste(raw: string): Paste {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject here
  const text = raw.replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g, "");
  return { text, lines: text.split("\n").length };
}

/** Bracketed paste arrives as one piece of text, so only programs without it need the question. */
export function needsQuestion(paste: Paste, bracketed: boolean): boolean {
  return paste.lines > 1 && !bracketed;
}
