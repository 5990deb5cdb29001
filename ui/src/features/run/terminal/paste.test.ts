import { describe, expect, it } from "vitest";
import { cleanPaste, needsQuestion } from "./paste";

describe("a paste", () => {
  it("cannot close its own bracket", () => {
    expect(cleanPaste("a\x1b[201~rm -rf\r").text).toBe("a[201~rm -rf\n");
  });

  it("keeps tabs, line ends and every script", () => {
    expect(cleanPaste("\tdéjà\r\nvu 🛫").text).toBe("\tdéjà\nvu 🛫");
  });

  it("loses 8-bit control characters, which some terminals obey", () => {
    expect(cleanPaste("a\x9b31mb").text).toBe("a31mb");
  });

  it.each([
    ["one line", "ls", false, false],
    ["two lines to a bracketing program", "a\nb", true, false],
    ["two lines to a plain program", "a\nb", false, true],
    ["one line with its Enter", "ls\n", false, true],
  ])("%s", (_, text, bracketed, asked) => {
    expect(needsQuestion(cleanPaste(text), bracketed)).toBe(asked);
  });
});
