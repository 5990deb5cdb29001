// Tells what the terminal says by itself (device attributes, cursor reports, colour answers, focus
// reports) from what a person types. xterm sends both through the same event. Answers are dropped
// for replayed bytes, and when another viewer of the same run is the one that answers.

// CSI ? … c, CSI > … c, CSI = … c (DA1 to DA3), CSI … n and CSI … R (DSR, CPR), CSI … $ y (DECRPM),
// CSI … t (window reports), CSI I and CSI O (focus), and every DCS, OSC or APC string.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are the subject here
const ANSWER = /^\x1b(?:\[[?>=]?[\d;]*(?:c|n|R|t|\$y)|\[[IO]|[P\]_^][\s\S]*(?:\x1b\\|\x07))$/;

/** Shift+F3 and the like share the form of a cursor report; a person's key is let through live. */
export function isTerminalAnswer(data: string): boolean {
  return ANSWER.test(data);
}

// What the engine answers itself, whether or not anybody looks: DA1 and DA2, device status and cursor
// reports, the two colours, the terminal's name. A second answer would be read as typing.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are the subject here
const ENGINES = /^\x1b(?:\[[?>]?[\d;]*c|\[0n|\[\d+;\d+R|\]1[01];[\s\S]*|P>\|[\s\S]*)$/;

/** Shift+F3 shares its form (`CSI 1;2R`) with a cursor report in the first row: the key wins. */
export function isEnginesAnswer(data: string): boolean {
  return ENGINES.test(data) && data !== "\x1b[1;2R";
}
