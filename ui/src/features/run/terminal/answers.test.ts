import { describe, expect, it } from "vitest";
import { isTerminalAnswer } from "./answers";

describe("what a terminal says by itself", () => {
  it.each([
    ["device attributes", "\x1b[?1;2c"],
    ["secondary attributes", "\x1b[>0;276;0c"],
    ["status report", "\x1b[0n"],
    ["cursor position", "\x1b[12;40R"],
    ["private cursor position", "\x1b[?12;40R"],
    ["mode report", "\x1b[?2026;2$y"],
    ["focus in", "\x1b[I"],
    ["focus out", "\x1b[O"],
    ["colour, ended by ST", "\x1b]11;rgb:1010/1212/1414\x1b\\"],
    ["colour, ended by BEL", "\x1b]10;rgb:ffff/ffff/ffff\x07"],
    ["setting report", "\x1bP1$r0m\x1b\\"],
  ])("%s is an answer", (_, data) => expect(isTerminalAnswer(data)).toBe(true));

  it.each([
    ["a letter", "a"],
    ["Enter", "\r"],
    ["Escape", "\x1b"],
    ["arrow up", "\x1b[A"],
    ["application arrow", "\x1bOA"],
    ["Delete", "\x1b[3~"],
    ["Alt+c", "\x1bc"],
    ["bracketed paste", "\x1b[200~hello\x1b[201~"],
    ["a mouse press", "\x1b[<0;3;4M"],
    ["text that quotes an answer", "see \x1b[?1;2c"],
  ])("%s is typed", (_, data) => expect(isTerminalAnswer(data)).toBe(false));
});
