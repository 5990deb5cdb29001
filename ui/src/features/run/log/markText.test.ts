import { describe, expect, it } from "vitest";
import { markText } from "./markText";

const shape = (text: string, find: string) => markText(text, find).map((p) => (p.hit ? `[${p.text}]` : p.text));

describe("marked text", () => {
  it.each([
    ["one two one", "one", ["[one]", " two ", "[one]"]],
    ["Error: x", "error", ["[Error]", ": x"]],
    ["none", "z", ["none"]],
    ["all", "", ["all"]],
    ["aaaa", "aa", ["[aa]", "[aa]"]],
    ["", "a", [""]],
    ["a.*b", ".*", ["a", "[.*]", "b"]],
    ["İstanbul x", "x", ["İstanbul x"]],
  ])("%s, searched for %s", (text, find, expected) => expect(shape(text, find)).toEqual(expected));
});
