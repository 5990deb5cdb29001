import { describe, expect, it } from "vitest";
import { typed } from "./typed";

describe("a message as keys", () => {
  it.each([
    ["one line and Enter", "yes", "claude", "yes\r"],
    ["several lines as one paste", "a\nb\n", "claude", "\x1b[200~a\nb\x1b[201~\r"],
    ["several lines one by one to a plain program", "a\nb", "custom", "a\rb\r"],
    ["no escape sequences", "a\x1b[201~b\x03", "claude", "a[201~b\r"],
  ])("%s", (_, message, agent, keys) => expect(typed(message, agent)).toBe(keys));
});
