import { describe, expect, it } from "vitest";
import { typed } from "./typed";

describe("a message as keys", () => {
  it.each([
    ["an answer to a dialog", "y", "y\r"],
    ["one line as a paste and Enter", "yes, all", "\x1b[200~yes, all\x1b[201~\r"],
    ["several lines as one paste", "a\nb\n", "\x1b[200~a\nb\x1b[201~\r"],
    ["no escape sequences", "a\x1b[201~b\x03", "\x1b[200~a[201~b\x1b[201~\r"],
  ])("%s", (_, message, keys) => expect(typed(message)).toBe(keys));
});
