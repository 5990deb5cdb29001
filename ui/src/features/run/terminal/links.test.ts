import { describe, expect, it } from "vitest";
import { linkTarget } from "./links";

describe("a link in the terminal", () => {
  it.each([
    ["http://127.0.0.1:8080/x", "127.0.0.1:8080"],
    ["https://example.com/a?b=c", "example.com"],
    ["mailto:ann@example.com", "ann@example.com"],
    ["https://аpple.com/", "xn--pple-43d.com"], // a Cyrillic letter shows itself
    ["https://bank.example@evil.example/", "evil.example"],
  ])("%s leads to %s", (text, place) => expect(linkTarget(text)?.place).toBe(place));

  it.each([
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "vscode://open",
    "ssh://host",
    "not a link",
  ])("%s is not opened", (text) => expect(linkTarget(text)).toBeNull());
});
