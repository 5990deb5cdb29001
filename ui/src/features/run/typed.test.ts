import { describe, expect, it } from "vitest";
import { typed } from "./typed";

describe("a message as keys", () => {
  it.each([
    ["an answer to a dialog", "y", "claude", "y\r"],
    ["one line as a paste and Enter", "yes, all", "codex", "\x1b[200~yes, all\x1b[201~\r"],
    ["one line to a plain program", "yes", "custom", "yes\r"],
    ["several lines as one paste", "a\nb\n", "claude", "\x1b[200~a\nb\x1b[201~\r"],
    ["several lines one by one to a plain program", "a\nb", "custom", "a\rb\r"],
    ["no escape sequences", "a\x1b[201~b\x03", "claude", "\x1b[200~a[201~b\x1b[201~\r"],
  ])("%s", (_, message, agent, keys) => expect(typed(message, agent)).toBe(keys));
});
